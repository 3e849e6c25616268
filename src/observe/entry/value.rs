//! How single values are spelt in a line. It knows neither keys nor quotes.

use std::io::Write;
use std::net::IpAddr;

use crate::observe::Level;

/// Text that cannot be taken for two fields, so that it needs no quotes.
pub(super) fn is_one_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b'='))
}

pub(super) fn write_level(out: &mut Vec<u8>, level: Level, colour: bool) {
    let paint: &[u8] = match level {
        _ if !colour => b"",
        Level::Trace | Level::Debug => b"\x1b[2m",
        Level::Info => b"\x1b[32m",
        Level::Warn => b"\x1b[33m",
        Level::Error => b"\x1b[31m",
    };
    out.extend_from_slice(paint);
    out.extend_from_slice(level.word().as_bytes());
    out.extend_from_slice(if colour { b"\x1b[0m" } else { b"" });
    // Words of four letters and of five end in the same column.
    out.extend_from_slice(if level.word().len() < 5 { b" " } else { b"" });
}

/// IPv4 by hand: nearly every line has one, and formatting machinery would be a tenth of its cost.
pub(super) fn write_ip(out: &mut Vec<u8>, address: IpAddr) {
    let IpAddr::V4(v4) = address else {
        return write_shown(out, address);
    };
    for (index, octet) in v4.octets().iter().enumerate() {
        if index > 0 {
            out.push(b'.');
        }
        out.extend_from_slice(itoa::Buffer::new().format(*octet).as_bytes());
    }
}

pub(super) fn write_shown(out: &mut Vec<u8>, shown: impl std::fmt::Display) {
    write!(out, "{shown}").expect("writing to memory does not fail");
}
