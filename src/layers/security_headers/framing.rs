//! Who may show a page in a frame. Two headers say it, and where both do, browsers follow
//! `frame-ancestors` alone (CSP3 §6.4.2.2). So the preset's are added both or neither: only where nobody
//! has said anything of framing in either.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{CSP, presets};
use crate::policy::security_headers::SecurityHeaders;

/// The preset's `X-Frame-Options` and content security policy, as far as the policy writes neither itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Framing {
    /// `X-Frame-Options`.
    options: Option<HeaderValue>,
    /// The content security policy about framing: stands beside one of the application's, since browsers
    /// enforce each, and this one speaks of nothing else.
    ancestors: Option<HeaderValue>,
    /// The content security policy where there is none.
    whole: Option<HeaderValue>,
    /// The same where somebody else has said who may frame.
    rest: Option<HeaderValue>,
}

impl Framing {
    pub(super) fn compile(table: &SecurityHeaders) -> Self {
        let preset = presets::policies(table.preset);
        let framing = table.frame_options.is_none();
        let content = table.content_security_policy.is_empty();
        let rest = preset.rest.filter(|_| content);
        let whole = if framing { Some(preset.whole) } else { rest };
        let value = |text: &'static str| HeaderValue::from_static(text);
        Self {
            options: framing.then(|| value(preset.options)),
            ancestors: (framing && content).then(|| value(preset.ancestors)),
            whole: whole.filter(|_| content).map(value),
            rest: rest.map(value),
        }
    }

    /// All of it, to be set over whatever is there.
    pub(super) fn whole(self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        let options = self.options.map(|value| (header::X_FRAME_OPTIONS, value));
        let content = self.whole.map(|value| (CSP, value));
        options.into_iter().chain(content)
    }

    /// Adds what is missing.
    pub(super) fn fill(&self, headers: &mut HeaderMap) {
        let open = !is_said(headers);
        if let Some(options) = self.options.as_ref().filter(|_| open) {
            headers.insert(header::X_FRAME_OPTIONS, options.clone());
        }
        let content = match (headers.contains_key(CSP), open) {
            (false, true) => &self.whole,
            (false, false) => &self.rest,
            (true, true) => &self.ancestors,
            (true, false) => return,
        };
        if let Some(content) = content {
            headers.append(CSP, content.clone());
        }
    }

    /// What is added, for people.
    pub(super) fn parts(&self) -> impl Iterator<Item = (HeaderName, &HeaderValue)> {
        let options = self
            .options
            .as_ref()
            .map(|value| (header::X_FRAME_OPTIONS, value));
        let content = self.whole.as_ref().map(|value| (CSP, value));
        options.into_iter().chain(content)
    }
}

/// Whether an answer says already who may frame it.
fn is_said(headers: &HeaderMap) -> bool {
    headers.contains_key(header::X_FRAME_OPTIONS)
        || headers
            .get_all(CSP)
            .iter()
            .any(|value| names_ancestors(value.as_bytes()))
}

/// Whether one of these policies has the directive `frame-ancestors` (CSP3 §2.2.1: directives end with `;`,
/// policies with `,`, case means nothing).
fn names_ancestors(policies: &[u8]) -> bool {
    policies
        .split(|byte| matches!(byte, b';' | b','))
        .any(|directive| {
            let name = directive.trim_ascii_start().split(u8::is_ascii_whitespace).next();
            name.is_some_and(|name| name.eq_ignore_ascii_case(b"frame-ancestors"))
        })
}
