//! Security headers on every answer, refusals and health pages included (seed rows 0-07…0-13, 2-16).
//! Merged and rendered when the policy is compiled; nginx loses them in a sub-location (trap T3), and
//! sends none on its own error pages without `always`. What the policy writes is set over the application's;
//! what a preset brings only fills gaps.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::http::exchange::{Exchange, Response};
use crate::layers::Edit;
use crate::policy::problem::At;
use crate::policy::security_headers as settings;
use crate::policy::units::Switch;

mod content_policy;
mod describe;
mod framing;
mod hsts;
mod presets;
#[cfg(test)]
mod tests;

use framing::Framing;
use hsts::Hsts;

const CSP: HeaderName = header::CONTENT_SECURITY_POLICY;
const CSP_REPORT_ONLY: HeaderName = header::CONTENT_SECURITY_POLICY_REPORT_ONLY;

/// The rendered headers of a route.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SecurityHeaders {
    /// Written over the application's.
    set: Vec<(HeaderName, HeaderValue)>,
    /// Added where the application sent none of the name.
    fill: Vec<(HeaderName, HeaderValue)>,
    /// The preset's `X-Frame-Options` and content security policy, which depend on each other.
    framing: Framing,
    /// Only ever sent over https (RFC 6797 §7.2).
    hsts: Option<Hsts>,
}

impl SecurityHeaders {
    /// Renders a route's table; `None` where it is switched off.
    pub fn compile(table: &settings::SecurityHeaders, production: bool, at: &At<'_>) -> Option<Self> {
        if !table.enabled {
            return None;
        }
        let mut headers = Self {
            hsts: Hsts::compile(table.hsts.as_ref(), (production, table.overrides), at),
            ..Self::default()
        };
        for (name, key, written, preset) in presets::singles(table) {
            match written {
                Some(Switch::Off) => {}
                Some(Switch::On(value)) => match HeaderValue::from_str(value) {
                    Ok(value) => headers.set.push((name, value)),
                    Err(_) => {
                        at.key(key)
                            .fault("this cannot be the value of a header")
                            .help("use printable ASCII on one line");
                    }
                },
                None => headers.bring(table, name, preset),
            }
        }
        headers.add_policies(table, at);
        Some(headers)
    }

    /// Takes a header of the preset.
    fn bring(&mut self, table: &settings::SecurityHeaders, name: HeaderName, value: Option<&'static str>) {
        let value = value.map(|value| (name, HeaderValue::from_static(value)));
        let list = if table.overrides {
            &mut self.set
        } else {
            &mut self.fill
        };
        list.extend(value);
    }

    /// Adds framing and the content security policies. A written one stands in the place of the preset's.
    fn add_policies(&mut self, table: &settings::SecurityHeaders, at: &At<'_>) {
        let written =
            content_policy::render(&table.content_security_policy, &at.key("content_security_policy"));
        self.set.extend(written.map(|value| (CSP, value)));
        let report_only = content_policy::render(
            &table.content_security_policy_report_only,
            &at.key("content_security_policy_report_only"),
        );
        self.set.extend(report_only.map(|value| (CSP_REPORT_ONLY, value)));
        let framing = Framing::compile(table);
        if table.overrides {
            self.set.extend(framing.whole());
        } else {
            self.framing = framing;
        }
    }

    fn dress(&self, headers: &mut HeaderMap, https: bool) {
        for (name, value) in &self.set {
            headers.insert(name, value.clone());
        }
        for (name, value) in &self.fill {
            headers.entry(name).or_insert_with(|| value.clone());
        }
        self.framing.fill(headers);
        if let Some(hsts) = self.hsts.as_ref().filter(|_| https) {
            hsts.add(headers);
        }
    }
}

impl Edit for SecurityHeaders {
    type Note = ();

    fn before(&self, _exchange: &Exchange) {}

    fn after(&self, (): (), exchange: &Exchange, response: &mut Response) {
        self.dress(response.headers_mut(), exchange.is_https());
    }
}
