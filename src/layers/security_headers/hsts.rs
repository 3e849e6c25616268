//! `Strict-Transport-Security` (RFC 6797): a promise that browsers hold for as long as it says, so by default it
//! is made in production only, and for the one name that has a certificate.

use http::{HeaderMap, HeaderValue, header};

use crate::policy::problem::At;
use crate::policy::security_headers as settings;

/// The rendered header.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hsts {
    /// `max-age=…; includeSubDomains; preload` (§6.1).
    pub(super) value: HeaderValue,
    /// Set over the application's.
    pub(super) over: bool,
}

impl Hsts {
    /// The header if it is written, or if this is production.
    pub(super) fn compile(
        written: Option<&settings::Hsts>,
        (production, overrides): (bool, bool),
        at: &At<'_>,
    ) -> Option<Self> {
        let default = settings::Hsts::default();
        let table = written.or_else(|| production.then_some(&default))?;
        let over = written.is_some() || overrides;
        let value = table.enabled.then(|| render(table, at))?;
        Some(Self { value, over })
    }

    pub(super) fn add(&self, headers: &mut HeaderMap) {
        if self.over || !headers.contains_key(header::STRICT_TRANSPORT_SECURITY) {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, self.value.clone());
        }
    }
}

fn render(table: &settings::Hsts, at: &At<'_>) -> HeaderValue {
    let seconds = table.max_age.0.as_secs();
    if table.preload && (seconds < 31_536_000 || !table.include_subdomains) {
        at.key("hsts")
            .warn("the preload list takes a site only with `max_age` of a year or more and `include_subdomains`")
            .help("set both, or drop `preload`");
    }
    let subdomains = if table.include_subdomains {
        "; includeSubDomains"
    } else {
        ""
    };
    let preload = if table.preload { "; preload" } else { "" };
    let value = format!("max-age={seconds}{subdomains}{preload}");
    HeaderValue::from_str(&value).expect("digits and words")
}
