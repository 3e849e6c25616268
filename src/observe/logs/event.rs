//! One event as one line. Values are escaped whatever they are: an event may carry what a client sent.

use std::error::Error;
use std::fmt;
use std::time::SystemTime;

use tracing::field::{Field, Visit};
use tracing::{Event, Level as Gravity};

use crate::observe::Level;
use crate::observe::entry::{Dialect, Entry, Head};
use crate::observe::json::Escaping;
use crate::observe::stamp::Stamp;

/// Keys of the head; a field of that name gets a prefix, or the object would have the key twice.
const HEAD: [&str; 4] = ["timestamp", "level", "logger", "module"];

/// The line of an event.
pub(super) fn line(event: &Event<'_>, dialect: Dialect, at: SystemTime) -> Vec<u8> {
    let mut parts = Parts {
        message: Vec::new(),
        fields: Vec::new(),
        dialect,
    };
    event.record(&mut parts);
    let metadata = event.metadata();
    let target = metadata.target();
    let (logger, module) = target.split_once("::").unwrap_or((target, target));
    let head = Head {
        at,
        level: level(*metadata.level()),
        logger,
    };
    let mut line = Vec::with_capacity(128 + parts.message.len() + parts.fields.len());
    let mut entry = Entry::begin(&mut line, dialect, &mut Stamp::default(), &head, module, |out| {
        out.extend_from_slice(&parts.message);
    });
    entry.append(&parts.fields);
    entry.end();
    line
}

fn level(gravity: Gravity) -> Level {
    match gravity {
        Gravity::TRACE => Level::Trace,
        Gravity::DEBUG => Level::Debug,
        Gravity::INFO => Level::Info,
        Gravity::WARN => Level::Warn,
        Gravity::ERROR => Level::Error,
    }
}

/// An event's fields arrive in any order; the message stands in the head.
struct Parts {
    message: Vec<u8>,
    fields: Vec<u8>,
    dialect: Dialect,
}

impl Parts {
    /// A text; an empty one says nothing and is left out.
    fn text(&mut self, field: &Field, text: &str) {
        if !text.is_empty() {
            self.write(field, |entry, key| entry.text(key, text));
        }
    }

    fn write(&mut self, field: &Field, write: impl FnOnce(&mut Entry<'_>, &str)) {
        let mut entry = Entry::fields(&mut self.fields, self.dialect);
        if HEAD.contains(&field.name()) {
            write(&mut entry, &format!("field.{}", field.name()));
        } else {
            write(&mut entry, field.name());
        }
    }
}

impl Visit for Parts {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            fmt::write(&mut Escaping(&mut self.message), format_args!("{value:?}")).unwrap_or_default();
        } else {
            self.text(field, &format!("{value:?}"));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.record_debug(field, &format_args!("{value}"));
        } else {
            self.text(field, value);
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.write(field, |entry, key| entry.number(key, value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.write(field, |entry, key| entry.number(key, value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.write(field, |entry, key| entry.flag(key, value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.write(field, |entry, key| entry.decimal(key, value));
    }

    /// The causes too: each level of an error prints only itself.
    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut text = value.to_string();
        let mut error = value;
        while let Some(source) = error.source() {
            text.push_str(": ");
            text.push_str(&source.to_string());
            error = source;
        }
        self.text(field, &text);
    }
}
