//! `cors` → the rules of a route.

use http::{HeaderName, HeaderValue};

use super::methods::{METHOD_FORM, method_of};
use crate::layers::cors::{AllowHeaders, Cors, Origins};
use crate::policy::problem::At;
use crate::policy::settings;

/// `None` where CORS is off: without origins there is nobody to allow, and the application's own headers pass.
pub(super) fn compile(table: &settings::Cors, at: &At<'_>) -> Option<Cors> {
    if !table.enabled || table.origins.is_empty() {
        return None;
    }
    check_names(table, at);
    let any = table.origins.iter().any(|origin| origin == "*");
    if any && table.credentials {
        at.key("origins")
            .warn("`*` with `credentials` lets every page act as the visitor")
            .help("list the origins of your own pages");
    }
    let origins = if any {
        Origins::Any
    } else {
        Origins::Listed(listed(&table.origins, at))
    };
    let mirror = table.headers.iter().any(|name| name == "*");
    let headers = if mirror {
        Some(AllowHeaders::Mirror)
    } else {
        joined(&table.headers).map(AllowHeaders::Listed)
    };
    Some(Cors {
        origins,
        methods: joined(&table.methods)?,
        headers: headers?,
        expose: if table.expose.is_empty() {
            None
        } else {
            joined(&table.expose)
        },
        credentials: table.credentials,
        max_age: HeaderValue::from(table.max_age.0.as_secs()),
    })
}

fn listed(origins: &[String], at: &At<'_>) -> Vec<HeaderValue> {
    let mut values = Vec::new();
    for (index, origin) in origins.iter().enumerate() {
        let form = "scheme, host and port as a browser does: \"https://app.example.com\"";
        values.extend(at.key("origins").index(index).read(origin, form, read_origin));
    }
    values
}

fn read_origin(origin: &str) -> Result<HeaderValue, String> {
    if let Some(why) = wrong_origin(origin) {
        return Err(format!("an origin {why}: write \"{}\"", meant(origin)));
    }
    HeaderValue::from_str(origin).map_err(|_| "an origin is one scheme and one host".to_owned())
}

/// As a browser would send it.
fn meant(origin: &str) -> String {
    let lower = origin.trim().to_ascii_lowercase();
    let (scheme, rest) = lower.split_once("://").unwrap_or(("https", &lower));
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let own = if scheme == "http" { ":80" } else { ":443" };
    format!("{scheme}://{}", host.strip_suffix(own).unwrap_or(host))
}

/// Why no browser would ever send this as `Origin` (RFC 6454 §6.2), so that it would allow nobody.
fn wrong_origin(origin: &str) -> Option<&'static str> {
    if origin == "null" {
        return None;
    }
    let Some((scheme, host)) = origin.split_once("://") else {
        return Some("has no scheme");
    };
    if origin.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Some("is in lower case")
    } else if host.contains(['/', '?', '#']) {
        Some("has no path, not even a slash at the end")
    } else if host.is_empty() || host.contains(['@', ' ', '*', ',']) || !origin.is_ascii() {
        Some("is one scheme and one host")
    } else if (scheme == "https" && host.ends_with(":443")) || (scheme == "http" && host.ends_with(":80")) {
        Some("leaves out the scheme's own port")
    } else {
        None
    }
}

fn check_names(table: &settings::Cors, at: &At<'_>) {
    for (index, method) in table.methods.iter().enumerate() {
        at.key("methods")
            .index(index)
            .read(method, METHOD_FORM, method_of);
    }
    for (key, names) in [("headers", &table.headers), ("expose", &table.expose)] {
        for (index, name) in names.iter().enumerate() {
            if name != "*" && HeaderName::from_bytes(name.as_bytes()).is_err() {
                at.key(key)
                    .index(index)
                    .fault(format!("`{name}` is no header name"))
                    .help("use letters, digits and `-`");
            }
        }
    }
}

fn joined(words: &[String]) -> Option<HeaderValue> {
    HeaderValue::from_str(&words.join(", ")).ok()
}
