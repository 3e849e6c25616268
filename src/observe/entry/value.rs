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
    let mut text = [0; 16];
    let mut length = 0;
    for octet in v4.octets() {
        // The hundreds and tens are left out while they lead.
        let digits = [octet / 100, octet / 10 % 10, octet % 10];
        let leading = 2 - usize::from(octet >= 10) - usize::from(octet >= 100);
        for byte in digits.into_iter().skip(leading).map(|digit| b'0' + digit).chain([b'.']) {
            if let Some(place) = text.get_mut(length) {
                *place = byte;
            }
            length += 1;
        }
    }
    out.extend_from_slice(text.get(..length - 1).unwrap_or_default());
}

pub(super) fn write_shown(out: &mut Vec<u8>, shown: impl std::fmt::Display) {
    write!(out, "{shown}").expect("writing to memory does not fail");
}
