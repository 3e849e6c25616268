//! Which headers are ours, for whoever else would write one: asked when the policy is compiled.

use http::{HeaderName, header};

use super::SecurityHeaders;

impl SecurityHeaders {
    /// Whether this header is written over whatever is there.
    pub fn writes(&self, name: &HeaderName) -> bool {
        let hsts = self.hsts.is_some() && *name == header::STRICT_TRANSPORT_SECURITY;
        hsts || self.always.iter().any(|(always, _)| always == name)
    }
}
