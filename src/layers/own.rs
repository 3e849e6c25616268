//! The gateway's own endpoints: health from memory, readiness from the last probes, metrics for those who
//! may read them. They are answered before any limit, never forwarded, and stay out of the request
//! metrics and the access log (trap T20).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use http::{HeaderValue, Method, StatusCode, header};

use crate::http::allowed::Allowed;
use crate::http::body::Body;
use crate::http::exchange::{Exchange, Response};
use crate::http::path::normal_form;
use crate::http::refusal::Refusal;
use crate::layers::own::readiness::State;
use crate::layers::own::sight::Sight;
use crate::layers::{Around, Next};
use crate::observe::metrics::Metrics;
use crate::policy::observe::ReadinessStyle;

pub mod readiness;
pub mod sight;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EXPOSITION: HeaderValue = HeaderValue::from_static(Metrics::CONTENT_TYPE);
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// The paths answered here, on every listener (on the operator's own nothing else is); a route cannot have them.
pub const PATHS: [&str; 4] = ["/health", "/health/live", "/health/ready", "/metrics"];

/// What our own endpoints tell, and to whom.
pub struct Own {
    /// The body of `/health/ready`.
    pub style: ReadinessStyle,
    /// `version` in the detailed body.
    pub version: String,
    /// Whether the process is ending: no longer ready, yet alive.
    pub draining: Arc<AtomicBool>,
    /// What is known of the upstreams in use.
    pub sight: Sight,
    /// Who may read `/metrics`; for others it does not exist.
    pub metrics_allow: Allowed,
    /// Who may use all of the admin listener.
    pub admin_allow: Allowed,
}

/// Whether a path is one of ours.
pub fn is_own(path: &str) -> bool {
    PATHS.contains(&path)
}

impl Around for Own {
    async fn around<N: Next>(&self, mut next: N) -> Result<N::Reply, N::Refused> {
        let exchange = next.exchange();
        if let Some(refusal) = self.refuses(exchange) {
            return Err(next.refuse(refusal));
        }
        // Judged on the normal form, as routing does: an encoded spelling must not be another page.
        let path = normal_form(exchange.head.uri.path());
        let response = match &*path {
            "/metrics" => match self.sight.expose().await {
                Some(text) => answer(StatusCode::OK, EXPOSITION, text),
                None => return Err(next.refuse(Refusal::Internal)),
            },
            "/health/ready" => self.ready(),
            _ => answer(StatusCode::OK, JSON, r#"{"status":"ok"}"#.to_owned()),
        };
        Ok(next.answer(response))
    }
}

impl Own {
    fn refuses(&self, exchange: &Exchange) -> Option<Refusal> {
        let path = normal_form(exchange.head.uri.path());
        if !is_own(&path) || path == "/metrics" && !self.may_read_metrics(exchange) {
            return Some(Refusal::NotFound);
        }
        let reads = matches!(exchange.head.method, Method::GET | Method::HEAD);
        (!reads).then(|| Refusal::MethodNotAllowed(Box::new(HeaderValue::from_static("GET, HEAD"))))
    }

    fn may_read_metrics(&self, exchange: &Exchange) -> bool {
        let (client, headers) = (exchange.client.ip, &exchange.head.headers);
        self.metrics_allow.admits(client, headers)
            || exchange.connection.facts.entrance.is_admin() && self.admin_allow.admits(client, headers)
    }

    /// Every upstream in use needs one live server, and the process must not be ending.
    fn ready(&self) -> Response {
        let checks = self.sight.checks();
        let state = State::of(&checks, self.draining.load(Relaxed));
        let status = if state == State::Ready {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        let body = match self.style {
            ReadinessStyle::Compact => readiness::compact(&checks, state),
            ReadinessStyle::Detailed => {
                readiness::detailed(&checks, state, &self.version, std::time::SystemTime::now())
            }
        };
        answer(status, JSON, body.to_string())
    }
}

fn answer(status: StatusCode, kind: HeaderValue, body: String) -> Response {
    let mut response = Response::new(Body::from(body.into_bytes()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    response
}
