//! Which headers are ours, for whoever else would write one, and for whoever asks: never on a request's way.

use http::{HeaderName, HeaderValue, header};

use super::SecurityHeaders;
use crate::layers::Describe;

impl SecurityHeaders {
    /// Whether this header is written over whatever is there.
    pub fn writes(&self, name: &HeaderName) -> bool {
        let hsts = self.hsts.is_some() && *name == header::STRICT_TRANSPORT_SECURITY;
        hsts || self.always.iter().any(|(always, _)| always == name)
    }
}

impl Describe for SecurityHeaders {
    fn describe(&self) -> Vec<String> {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let always = self.always.iter();
        let mut phrases: Vec<_> = always
            .map(|(name, value)| format!("{name}: {}", text(value)))
            .collect();
        if let Some((name, value)) = &self.if_missing {
            phrases.push(format!(
                "{name}: {} (where the application has none)",
                text(value)
            ));
        }
        if let Some(value) = &self.hsts {
            phrases.push(format!("strict-transport-security: {} (on https)", text(value)));
        }
        phrases
    }
}
