//! Which headers are ours, for whoever else would write one, and for whoever asks: never on a request's way.

use http::{HeaderName, HeaderValue, header};

use super::SecurityHeaders;
use crate::layers::Describe;

impl SecurityHeaders {
    /// Whether this header is written over whatever is there.
    pub fn sets(&self, name: &HeaderName) -> bool {
        let hsts = self.hsts.as_ref().is_some_and(|hsts| hsts.over);
        hsts && *name == header::STRICT_TRANSPORT_SECURITY || self.set.iter().any(|(set, _)| set == name)
    }

    /// Whether this header is added where it is missing.
    pub fn fills(&self, name: &HeaderName) -> bool {
        let hsts = self.hsts.is_some() && *name == header::STRICT_TRANSPORT_SECURITY;
        hsts || self.fill.iter().any(|(filled, _)| filled == name)
            || self.framing.parts().any(|(part, _)| part == *name)
    }
}

impl Describe for SecurityHeaders {
    fn describe(&self) -> Vec<String> {
        let text = |name: &HeaderName, value: &HeaderValue, when: &str| {
            format!("{name}: {}{when}", String::from_utf8_lossy(value.as_bytes()))
        };
        let set = self.set.iter().map(|(name, value)| text(name, value, ""));
        let missing = " (where the application has none)";
        let fill = self.fill.iter().map(|(name, value)| text(name, value, missing));
        let unsaid = " (where the application says nothing of framing)";
        let framing = self
            .framing
            .parts()
            .map(|(name, value)| text(&name, value, unsaid));
        let hsts = self.hsts.iter().map(|hsts| {
            let when = if hsts.over {
                " (on https)"
            } else {
                " (on https, where the application has none)"
            };
            text(&header::STRICT_TRANSPORT_SECURITY, &hsts.value, when)
        });
        set.chain(fill).chain(framing).chain(hsts).collect()
    }
}
