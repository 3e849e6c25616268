//! `cors` → the rules of a route.

use http::{HeaderName, HeaderValue, Method};

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
        at.key("origins").warn("`*` with `credentials` lets every page act as the visitor").help("list the origins of your own pages");
    }
    let origins = if any { Origins::Any } else { Origins::Listed(listed(&table.origins, at)) };
    let mirror = table.headers.iter().any(|name| name == "*");
    let headers = if mirror { Some(AllowHeaders::Mirror) } else { joined(&table.headers).map(AllowHeaders::Listed) };
    Some(Cors {
        origins,
        methods: joined(&table.methods)?,
        headers: headers?,
        expose: if table.expose.is_empty() { None } else { joined(&table.expose) },
        credentials: table.credentials,
        max_age: HeaderValue::from(table.max_age.0.as_secs()),
    })
}

fn listed(origins: &[String], at: &At<'_>) -> Vec<HeaderValue> {
    let mut values = Vec::new();
    for (index, origin) in origins.iter().enumerate() {
        match wrong_origin(origin) {
            Some(why) => {
                at.key("origins").index(index).fault(format!("an origin {why}")).help("write scheme, host and port as a browser does: \"https://app.example.com\"");
            }
            None => values.extend(HeaderValue::from_str(origin)),
        }
    }
    values
}

/// Why no browser would ever send this as `Origin` (RFC 6454 §6.2), so that it would allow nobody.
fn wrong_origin(origin: &str) -> Option<&'static str> {
    if origin == "null" {
        return None;
    }
    let Some((scheme, host)) = origin.split_once("://") else { return Some("has no scheme") };
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
        if Method::from_bytes(method.as_bytes()).is_err() {
            at.key("methods").index(index).fault(format!("`{method}` is no method")).help("write it in capitals, such as \"GET\"");
        }
    }
    for (key, names) in [("headers", &table.headers), ("expose", &table.expose)] {
        for (index, name) in names.iter().enumerate() {
            if name != "*" && HeaderName::from_bytes(name.as_bytes()).is_err() {
                at.key(key).index(index).fault(format!("`{name}` is no header name")).help("use letters, digits and `-`");
            }
        }
    }
}

fn joined(words: &[String]) -> Option<HeaderValue> {
    HeaderValue::from_str(&words.join(", ")).ok()
}
