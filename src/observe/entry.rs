//! One log line in the making, access or service: the same head in the same order, then fields.
//! JSON and text are two dialects of one list of fields. It does not decide what is in a line.

mod value;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use self::value::{is_one_word, write_ip, write_level, write_shown};
use crate::observe::stamp::{self, Stamp};
use crate::observe::{Format, Level, json};

/// How a line is written, settled once at start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Json,
    Text,
    /// Text on a terminal: the level in colour.
    Colour,
}

impl Dialect {
    /// `terminal`: whether a person looks at it directly.
    pub(super) fn of(format: Format, terminal: bool) -> Self {
        match (format, terminal) {
            (Format::Json, _) => Self::Json,
            (Format::Text, false) => Self::Text,
            (Format::Text, true) => Self::Colour,
        }
    }
}

/// The first five keys of every line (seed row 0-19), the message being written by the caller.
pub(super) struct Head {
    pub(super) at: SystemTime,
    pub(super) level: Level,
    pub(super) logger: &'static str,
}

/// A field's name. Those that stand in our source are spelt out once, when we are compiled.
pub(super) trait Key {
    /// Appends it with what parts it from the field before and from its value.
    fn write(self, out: &mut Vec<u8>, dialect: Dialect);
}

/// A field's name as it stands in both dialects; made by [`key!`].
#[derive(Clone, Copy)]
pub(super) struct Spelt {
    pub(super) json: &'static str,
    pub(super) text: &'static str,
}

macro_rules! key {
    ($name:literal) => {
        $crate::observe::entry::Spelt {
            json: concat!(",\"", $name, "\":"),
            text: concat!(" ", $name, "="),
        }
    };
}
pub(super) use key;

impl Key for Spelt {
    #[inline]
    fn write(self, out: &mut Vec<u8>, dialect: Dialect) {
        let spelt = if dialect == Dialect::Json {
            self.json
        } else {
            self.text
        };
        out.extend_from_slice(spelt.as_bytes());
    }
}

impl Key for &str {
    fn write(self, out: &mut Vec<u8>, dialect: Dialect) {
        let (before, after): (&[u8], &[u8]) = if dialect == Dialect::Json {
            (b",\"", b"\":")
        } else {
            (b" ", b"=")
        };
        out.extend_from_slice(before);
        out.extend_from_slice(self.as_bytes());
        out.extend_from_slice(after);
    }
}

/// Appends a line to a buffer.
pub(super) struct Entry<'a> {
    out: &'a mut Vec<u8>,
    dialect: Dialect,
}

impl<'a> Entry<'a> {
    /// Begins a line. What `message` appends stands inside a JSON string: it must be escaped text.
    pub(super) fn begin(
        out: &'a mut Vec<u8>,
        dialect: Dialect,
        stamp: &mut Stamp,
        head: &Head,
        module: &str,
        message: impl FnOnce(&mut Vec<u8>),
    ) -> Self {
        match dialect {
            Dialect::Json => {
                out.extend_from_slice(b"{\"timestamp\":\"");
                stamp.write(out, head.at);
                out.extend_from_slice(b"\",\"level\":\"");
                out.extend_from_slice(head.level.word().as_bytes());
                out.extend_from_slice(b"\",\"logger\":\"");
                json::escape(out, head.logger);
                out.extend_from_slice(b"\",\"message\":\"");
                message(out);
                out.extend_from_slice(b"\",\"module\":\"");
                json::escape(out, module);
                out.push(b'"');
            }
            Dialect::Text | Dialect::Colour => {
                stamp.write(out, head.at);
                out.push(b' ');
                write_level(out, head.level, dialect == Dialect::Colour);
                out.push(b' ');
                json::escape(out, module);
                out.extend_from_slice(b": ");
                message(out);
            }
        }
        Self { out, dialect }
    }

    /// A field of text that may come from outside.
    pub(super) fn text(&mut self, key: impl Key, value: &str) {
        self.key(key);
        if self.dialect != Dialect::Json && is_one_word(value) {
            self.out.extend_from_slice(value.as_bytes());
        } else {
            json::quote(self.out, value);
        }
    }

    /// A field of bytes from outside.
    pub(super) fn bytes(&mut self, key: impl Key, value: &[u8]) {
        self.key(key);
        json::quote_bytes(self.out, value);
    }

    /// A field of a word of ours: what stands in our source, or was checked to need no escaping.
    pub(super) fn word(&mut self, key: impl Key, word: &str) {
        self.key(key);
        self.bare(|out| out.extend_from_slice(word.as_bytes()));
    }

    /// A field of several such words.
    pub(super) fn words(&mut self, key: impl Key, words: &[Arc<str>]) {
        self.key(key);
        let (open, close): (&[u8], &[u8]) = if self.dialect == Dialect::Json {
            (b"[\"", b"\"]")
        } else {
            (b"", b"")
        };
        let between: &[u8] = if self.dialect == Dialect::Json {
            b"\",\""
        } else {
            b","
        };
        self.out.extend_from_slice(open);
        for (index, word) in words.iter().enumerate() {
            if index > 0 {
                self.out.extend_from_slice(between);
            }
            self.out.extend_from_slice(word.as_bytes());
        }
        self.out.extend_from_slice(close);
    }

    /// A field of a whole number.
    pub(super) fn number(&mut self, key: impl Key, number: impl itoa::Integer) {
        self.key(key);
        self.out
            .extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    /// A field of a number with decimals; JSON has no word for infinity.
    pub(super) fn decimal(&mut self, key: impl Key, number: f64) {
        self.key(key);
        if number.is_finite() {
            write_shown(self.out, number);
        } else {
            self.bare(|out| write_shown(out, number));
        }
    }

    /// A field of a length of time, in milliseconds with three decimals.
    pub(super) fn millis(&mut self, key: impl Key, length: Duration) {
        self.key(key);
        stamp::write_millis(self.out, length);
    }

    /// A field that is true or false.
    pub(super) fn flag(&mut self, key: impl Key, value: bool) {
        self.key(key);
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// A field of an address.
    pub(super) fn ip(&mut self, key: impl Key, address: IpAddr) {
        self.key(key);
        self.bare(|out| write_ip(out, address));
    }

    /// A field of an address with its port.
    pub(super) fn socket(&mut self, key: impl Key, address: SocketAddr) {
        self.key(key);
        self.bare(|out| match address {
            SocketAddr::V4(_) => {
                write_ip(out, address.ip());
                out.push(b':');
                out.extend_from_slice(itoa::Buffer::new().format(address.port()).as_bytes());
            }
            SocketAddr::V6(_) => write_shown(out, address),
        });
    }

    /// Fields written before, in the same dialect, by [`Entry::fields`].
    pub(super) fn append(&mut self, fields: &[u8]) {
        self.out.extend_from_slice(fields);
    }

    /// Fields alone, to be appended to a line whose head is not known yet.
    pub(super) fn fields(out: &'a mut Vec<u8>, dialect: Dialect) -> Self {
        Self { out, dialect }
    }

    /// Ends the line.
    pub(super) fn end(self) {
        self.out.extend_from_slice(if self.dialect == Dialect::Json {
            b"}\n"
        } else {
            b"\n"
        });
    }

    #[inline]
    fn key(&mut self, key: impl Key) {
        key.write(self.out, self.dialect);
    }

    /// Between quotes in JSON, without in text.
    fn bare(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let quotes: &[u8] = if self.dialect == Dialect::Json { b"\"" } else { b"" };
        self.out.extend_from_slice(quotes);
        write(self.out);
        self.out.extend_from_slice(quotes);
    }
}
