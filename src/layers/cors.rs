//! Cross-origin requests (Fetch standard §3.2). The gateway owns CORS where it is on: preflights are
//! answered here, the application's own headers are replaced (doubled ones are rejected by browsers,
//! trap T19), and refusals carry them too, so that a 429 does not look like a CORS failure. Browsers open WebSockets
//! from any page, cookies and all, without asking: their `Origin` is judged by the same list.

use std::time::Instant;

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::http::body::Body;
use crate::http::exchange::{Exchange, Response};
use crate::http::refusal::Refusal;
use crate::http::{host, upgrade};
use crate::layers::{Check, Describe, Edit, Verdict};

const WILDCARD: HeaderValue = HeaderValue::from_static("*");
const TRUE: HeaderValue = HeaderValue::from_static("true");
const VARY_ORIGIN: HeaderValue = HeaderValue::from_static("origin");
const VARY_PREFLIGHT: HeaderValue =
    HeaderValue::from_static("origin, access-control-request-method, access-control-request-headers");

/// Which origins may read the answers.
#[derive(Debug, PartialEq, Eq)]
pub enum Origins {
    /// `*`.
    Any,
    /// These, compared byte for byte as a browser serialises them.
    Listed(Vec<HeaderValue>),
}

/// Which request headers a preflight allows.
#[derive(Debug, PartialEq, Eq)]
pub enum AllowHeaders {
    /// All that are asked for, by naming them back (`*` does not work with credentials).
    Mirror,
    /// These.
    Listed(HeaderValue),
}

/// The compiled rules of a route.
#[derive(Debug, PartialEq, Eq)]
pub struct Cors {
    /// Allowed origins.
    pub origins: Origins,
    /// `Access-Control-Allow-Methods`.
    pub methods: HeaderValue,
    /// `Access-Control-Allow-Headers`.
    pub headers: AllowHeaders,
    /// `Access-Control-Expose-Headers`.
    pub expose: Option<HeaderValue>,
    /// Whether cookies may come along.
    pub credentials: bool,
    /// `Access-Control-Max-Age`, seconds.
    pub max_age: HeaderValue,
}

/// Whether this is a preflight: a question about another request, routed by the method asked for.
pub fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

impl Cors {
    /// What `Access-Control-Allow-Origin` says to this origin, if it is allowed.
    fn allow_origin(&self, origin: Option<&HeaderValue>) -> Option<HeaderValue> {
        match &self.origins {
            Origins::Any if !self.credentials => Some(WILDCARD),
            Origins::Any => origin.cloned(),
            Origins::Listed(listed) => origin.filter(|origin| listed.contains(origin)).cloned(),
        }
    }

    fn allow(&self, origin: HeaderValue, headers: &mut HeaderMap) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if self.credentials {
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
        }
    }

    /// Whether a WebSocket may be opened from this page, or from no page.
    fn admits(&self, exchange: &Exchange) -> bool {
        let Origins::Listed(listed) = &self.origins else {
            return true;
        };
        let mut origins = exchange.head.headers.get_all(header::ORIGIN).iter();
        origins.all(|origin| listed.contains(origin) || is_of_host(origin, exchange))
    }

    fn preflight(&self, request: &HeaderMap) -> Response {
        let mut response = Response::new(Body::Empty);
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        headers.insert(header::VARY, VARY_PREFLIGHT);
        let Some(origin) = self.allow_origin(request.get(header::ORIGIN)) else {
            return response;
        };
        self.allow(origin, headers);
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, self.methods.clone());
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, self.max_age.clone());
        let allowed = match &self.headers {
            AllowHeaders::Listed(listed) => Some(listed),
            AllowHeaders::Mirror => request.get(header::ACCESS_CONTROL_REQUEST_HEADERS),
        };
        if let Some(allowed) = allowed {
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed.clone());
        }
        response
    }
}

impl Check for Cors {
    fn check(&self, exchange: &Exchange, _now: Instant) -> Verdict {
        let head = &exchange.head;
        if is_preflight(&head.method, &head.headers) {
            Verdict::Answer(Box::new(self.preflight(&head.headers)))
        } else if upgrade::names_websocket(&head.headers) && !self.admits(exchange) {
            Verdict::Refuse(Refusal::OriginDenied)
        } else {
            Verdict::Pass
        }
    }
}

impl Edit for Cors {
    /// `None` for a preflight, whose answer is complete; else what the origin is told.
    type Note = Option<Option<HeaderValue>>;

    fn before(&self, exchange: &Exchange) -> Self::Note {
        let head = &exchange.head;
        (!is_preflight(&head.method, &head.headers))
            .then(|| self.allow_origin(head.headers.get(header::ORIGIN)))
    }

    fn after(&self, note: Self::Note, _exchange: &Exchange, response: &mut Response) {
        let Some(allowed) = note else { return };
        let headers = response.headers_mut();
        if headers
            .keys()
            .any(|name| name.as_str().starts_with("access-control-"))
        {
            forget(headers);
        }
        // A shared cache must not hand one origin's answer to another, also when none was named.
        if self.origins != Origins::Any || self.credentials {
            headers.append(header::VARY, VARY_ORIGIN);
        }
        if let Some(origin) = allowed {
            self.allow(origin, headers);
            if let Some(expose) = &self.expose {
                headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, expose.clone());
            }
        }
    }
}

/// Whether the page is one of the host that is asked for. Its scheme may differ: behind a proxy that ends TLS nobody knows
/// the client's.
fn is_of_host(origin: &HeaderValue, exchange: &Exchange) -> bool {
    let headers = &exchange.head.headers;
    let asked_for = exchange
        .client
        .host
        .as_ref()
        .or_else(|| headers.get(header::HOST));
    let (Some(asked_for), Ok(origin)) = (asked_for, origin.to_str()) else {
        return false;
    };
    let Some((scheme, page)) = origin.split_once("://") else {
        return false;
    };
    let default = match scheme {
        "https" => 443,
        "http" => 80,
        _ => return false,
    };
    match (host::parse(page.as_bytes()), host::parse(asked_for.as_bytes())) {
        (Ok(page), Ok(asked_for)) => {
            page.host == asked_for.host && page.port.unwrap_or(default) == asked_for.port.unwrap_or(default)
        }
        _ => false,
    }
}

/// The application's own rules.
#[cold]
fn forget(headers: &mut HeaderMap) {
    for own in [
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
        header::ACCESS_CONTROL_ALLOW_METHODS,
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        header::ACCESS_CONTROL_MAX_AGE,
    ] {
        headers.remove(own);
    }
}

impl Describe for Cors {
    fn describe(&self) -> Vec<String> {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let origins = match &self.origins {
            Origins::Any => "any".to_owned(),
            Origins::Listed(listed) => listed.iter().map(text).collect::<Vec<_>>().join(", "),
        };
        let headers = match &self.headers {
            AllowHeaders::Mirror => "whatever is asked for".to_owned(),
            AllowHeaders::Listed(listed) => text(listed),
        };
        let mut phrases = vec![
            format!("origins: {origins}"),
            format!("methods: {}", text(&self.methods)),
            format!("headers: {headers}"),
        ];
        phrases.extend(
            self.expose
                .as_ref()
                .map(|names| format!("exposes: {}", text(names))),
        );
        phrases.extend(self.credentials.then(|| "with credentials".to_owned()));
        phrases
    }
}

#[cfg(test)]
mod tests;
