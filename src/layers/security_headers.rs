//! Security headers on every answer, refusals and health pages included (seed rows 0-07…0-13, 2-16).
//! Merged and rendered when the policy is compiled; nginx loses them in a sub-location (trap T3), and
//! sends none on its own error pages without `always`.

use http::{HeaderName, HeaderValue, header};

use crate::http::exchange::{Exchange, Response};
use crate::layers::Edit;
use crate::policy::problem::At;
use crate::policy::security_headers::{self as settings, Preset};
use crate::policy::units::Switch;

mod writes;

const CSP: HeaderName = header::CONTENT_SECURITY_POLICY;
const CSP_REPORT_ONLY: HeaderName = header::CONTENT_SECURITY_POLICY_REPORT_ONLY;

/// What the preset sends as policy for content: closes framing, plugins and base-tag injection, and
/// breaks no application (Swagger UI included). Rendered only where the operator writes none.
const PRESET_CSP: &str = "frame-ancestors 'none'; object-src 'none'; base-uri 'self'";
const CLASSIC_CSP: &str = "frame-ancestors 'self'; object-src 'none'; base-uri 'self'";

/// The rendered headers of a route.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SecurityHeaders {
    always: Vec<(HeaderName, HeaderValue)>,
    /// Sent where the application has none of its own: it may need a nonce the gateway cannot know.
    if_missing: Option<(HeaderName, HeaderValue)>,
    /// Only ever sent over https (RFC 6797 §7.2).
    hsts: Option<HeaderValue>,
}

impl SecurityHeaders {
    /// Renders a route's table; `None` where it is switched off.
    pub fn compile(table: &settings::SecurityHeaders, at: &At<'_>) -> Option<Self> {
        if !table.enabled {
            return None;
        }
        let mut headers = Self {
            hsts: hsts(&table.hsts, at),
            ..Self::default()
        };
        for (name, key, written, preset) in singles(table) {
            let value = match written {
                Some(Switch::Off) => None,
                Some(Switch::On(value)) => Some(value.as_str()),
                None => preset,
            };
            let Some(value) = value else { continue };
            match HeaderValue::from_str(value) {
                Ok(value) => headers.always.push((name, value)),
                Err(_) => {
                    at.key(key)
                        .fault("this cannot be the value of a header")
                        .help("use printable ASCII on one line");
                }
            }
        }
        headers.add_content_policy(table, at);
        Some(headers)
    }

    fn add_content_policy(&mut self, table: &settings::SecurityHeaders, at: &At<'_>) {
        let written = directives(&table.content_security_policy, &at.key("content_security_policy"));
        match written {
            Some(value) => self.always.push((CSP, value)),
            None if table.content_security_policy.is_empty() => {
                let preset = match table.preset {
                    Preset::Strict => PRESET_CSP,
                    Preset::Classic => CLASSIC_CSP,
                };
                self.if_missing = Some((CSP, HeaderValue::from_static(preset)));
            }
            None => {}
        }
        let report_only = &table.content_security_policy_report_only;
        if let Some(value) = directives(report_only, &at.key("content_security_policy_report_only")) {
            self.always.push((CSP_REPORT_ONLY, value));
        }
    }
}

impl Edit for SecurityHeaders {
    type Note = ();

    fn before(&self, _exchange: &Exchange) {}

    fn after(&self, (): (), exchange: &Exchange, response: &mut Response) {
        let headers = response.headers_mut();
        for (name, value) in &self.always {
            headers.insert(name, value.clone());
        }
        if let Some((name, value)) = &self.if_missing {
            headers.entry(name).or_insert_with(|| value.clone());
        }
        if exchange.is_https() {
            if let Some(value) = &self.hsts {
                headers.insert(header::STRICT_TRANSPORT_SECURITY, value.clone());
            }
        } else if self.hsts.is_some() {
            headers.remove(header::STRICT_TRANSPORT_SECURITY);
        }
    }
}

type Single<'a> = (
    HeaderName,
    &'static str,
    &'a Option<Switch<String>>,
    Option<&'static str>,
);

/// The headers of one value each: name, key, what is written, and what the preset says.
fn singles(table: &settings::SecurityHeaders) -> [Single<'_>; 7] {
    let strict = table.preset == Preset::Strict;
    let policy = |name| HeaderName::from_static(name);
    [
        (
            header::X_CONTENT_TYPE_OPTIONS,
            "content_type_options",
            &table.content_type_options,
            Some("nosniff"),
        ),
        (
            header::X_FRAME_OPTIONS,
            "frame_options",
            &table.frame_options,
            Some(if strict { "DENY" } else { "SAMEORIGIN" }),
        ),
        (
            header::REFERRER_POLICY,
            "referrer_policy",
            &table.referrer_policy,
            Some("strict-origin-when-cross-origin"),
        ),
        // The filter it steers is gone from browsers and was itself a hole; the classic preset keeps the old words (T14).
        (
            header::X_XSS_PROTECTION,
            "xss_protection",
            &table.xss_protection,
            Some(if strict { "0" } else { "1; mode=block" }),
        ),
        (
            policy("permissions-policy"),
            "permissions_policy",
            &table.permissions_policy,
            None,
        ),
        (
            policy("cross-origin-opener-policy"),
            "cross_origin_opener_policy",
            &table.cross_origin_opener_policy,
            if strict {
                Some("same-origin-allow-popups")
            } else {
                None
            },
        ),
        (
            policy("cross-origin-resource-policy"),
            "cross_origin_resource_policy",
            &table.cross_origin_resource_policy,
            None,
        ),
    ]
}

/// Renders `max-age=…; includeSubDomains; preload` (RFC 6797 §6.1).
fn hsts(table: &settings::Hsts, at: &At<'_>) -> Option<HeaderValue> {
    if !table.enabled {
        return None;
    }
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
    HeaderValue::from_str(&format!("max-age={seconds}{subdomains}{preload}")).ok()
}

/// Directive → its sources.
type Directives = std::collections::BTreeMap<String, Switch<Vec<String>>>;

/// Renders the directives of a content security policy; `None` if there are none.
fn directives(table: &Directives, at: &At<'_>) -> Option<HeaderValue> {
    let mut parts = Vec::new();
    for (name, sources) in table {
        let Some(sources) = sources.as_ref() else { continue };
        let at = at.key(name);
        if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') {
            at.fault(format!("`{name}` is no directive"))
                .help("write it as in the standard, such as `default-src`");
        }
        for source in sources {
            if let Some(why) = wrong_source(source) {
                at.fault(format!("`{source}` {why}"))
                    .help("write one source per list element");
            }
        }
        parts.push(
            std::iter::once(name)
                .chain(sources)
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(" "),
        );
    }
    if parts.is_empty() {
        None
    } else {
        HeaderValue::from_str(&parts.join("; ")).ok()
    }
}

/// Why this cannot be one source expression (CSP3 §2.3.1): it would end the directive or add a second one.
fn wrong_source(source: &str) -> Option<&'static str> {
    const KEYWORDS: [&str; 6] = [
        "self",
        "none",
        "unsafe-inline",
        "unsafe-eval",
        "strict-dynamic",
        "report-sample",
    ];
    if source.is_empty() || source.contains([';', ',', ' ']) || !source.is_ascii() {
        return Some("is no source: it is empty or holds a space, `;` or `,`");
    }
    KEYWORDS
        .contains(&source)
        .then_some("is a keyword and needs single quotes inside the string")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::body::Body;
    use crate::layers::fixture::exchange;
    use crate::policy::problem::Problems;

    fn dressed(
        table: &settings::SecurityHeaders,
        https: bool,
        own: &[(HeaderName, &'static str)],
    ) -> http::HeaderMap {
        let problems = Problems::default();
        let rule = SecurityHeaders::compile(table, &problems.at()).expect("switched on");
        let mut response = Response::new(Body::Empty);
        for (name, value) in own {
            response
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
        let mut request = exchange("GET", "/");
        request.client.https = Some(https);
        rule.after((), &request, &mut response);
        response.headers().clone()
    }

    #[test]
    fn the_strict_preset_stands_over_the_applications_own() {
        let headers = dressed(
            &settings::SecurityHeaders::default(),
            false,
            &[(header::X_FRAME_OPTIONS, "ALLOWALL")],
        );
        assert_eq!(headers.get("x-frame-options").expect("set"), "DENY");
        assert_eq!(headers.get("x-content-type-options").expect("set"), "nosniff");
    }

    #[test]
    fn a_content_policy_of_the_preset_gives_way_to_the_applications() {
        let own = [(CSP, "script-src 'nonce-1'")];
        assert_eq!(
            dressed(&settings::SecurityHeaders::default(), false, &own)[CSP],
            "script-src 'nonce-1'"
        );
        let mut table = settings::SecurityHeaders::default();
        table
            .content_security_policy
            .insert("default-src".into(), Switch::On(vec!["'self'".into()]));
        assert_eq!(dressed(&table, false, &own)[CSP], "default-src 'self'");
    }

    #[test]
    fn hsts_is_sent_on_https_only() {
        let table = settings::SecurityHeaders::default();
        assert!(!dressed(&table, false, &[]).contains_key("strict-transport-security"));
        assert_eq!(
            dressed(&table, true, &[])["strict-transport-security"],
            "max-age=31536000; includeSubDomains"
        );
    }
}
