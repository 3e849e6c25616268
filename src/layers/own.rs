//! The gateway's own endpoints: health from memory, readiness from the last probes, metrics for those who
//! may read them. They are answered before any limit, never forwarded, and stay out of the request
//! metrics and the access log (trap T20).

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use http::{HeaderValue, Method, StatusCode, header};
use ipnet::IpNet;
use serde_json::{Map, Value, json};

use crate::http::body::Body;
use crate::http::exchange::{Exchange, Response};
use crate::http::refusal::Refusal;
use crate::layers::{Check, Verdict};
use crate::observe::metrics::Metrics;
use crate::policy::observe::ReadinessStyle;
use crate::upstream::Upstream;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// The paths answered here, on every listener; a route cannot have them.
pub const PATHS: [&str; 4] = ["/health", "/health/live", "/health/ready", "/metrics"];

/// Which endpoints of our own there are, and what they tell.
pub struct Own {
    /// The body of `/health/ready`.
    pub style: ReadinessStyle,
    /// `version` in the detailed body.
    pub version: String,
    /// Every upstream a route uses.
    pub upstreams: Vec<Arc<Upstream>>,
    /// What `/metrics` shows.
    pub metrics: Arc<Metrics>,
    /// Who may read `/metrics`; for others it does not exist.
    pub metrics_allow: Vec<IpNet>,
}

/// Whether a path is one of ours.
pub fn is_own(path: &str) -> bool {
    PATHS.contains(&path)
}

impl Check for Own {
    fn check(&self, exchange: &Exchange, _now: Instant) -> Verdict {
        let path = exchange.head.uri.path();
        if path == "/metrics" && !self.may_read_metrics(exchange) {
            return Verdict::Refuse(Refusal::NotFound);
        }
        if !matches!(exchange.head.method, Method::GET | Method::HEAD) {
            return Verdict::Refuse(Refusal::MethodNotAllowed(HeaderValue::from_static("GET, HEAD")));
        }
        let response = match path {
            "/metrics" => answer(StatusCode::OK, self.metrics.content_type(), self.metrics.render()),
            "/health/ready" => self.ready(SystemTime::now()),
            _ => answer(StatusCode::OK, JSON, br#"{"status":"ok"}"#.to_vec()),
        };
        Verdict::Answer(Box::new(response))
    }
}

impl Own {
    fn may_read_metrics(&self, exchange: &Exchange) -> bool {
        self.metrics_allow.iter().any(|net| net.contains(&exchange.client.ip.to_canonical()))
    }

    /// Every upstream in use needs one live server (seed rows 3-11, 0-22).
    fn ready(&self, now: SystemTime) -> Response {
        let checks = self.upstreams.iter().map(|upstream| (upstream.name().to_owned(), upstream.is_ready()));
        let checks: Vec<_> = checks.collect();
        let ready = checks.iter().all(|(_, up)| *up);
        let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        let body = match self.style {
            ReadinessStyle::Compact => compact(ready, &checks),
            ReadinessStyle::Detailed => self.detailed(ready, &checks, now),
        };
        answer(status, JSON, body.to_string().into_bytes())
    }

    /// The class of the fault only: a probe's own words may name hosts and users (trap T10).
    fn detailed(&self, ready: bool, checks: &[(String, bool)], now: SystemTime) -> Value {
        let each = checks.iter().map(|(name, up)| {
            let state = if *up { json!({"status": "healthy"}) } else { json!({"status": "unhealthy", "error": "no_live_server"}) };
            (name.clone(), state)
        });
        json!({
            "status": if ready { "healthy" } else { "unhealthy" },
            "timestamp": humantime::format_rfc3339_millis(now).to_string(),
            "checks": each.collect::<Map<_, _>>(),
            "version": self.version,
        })
    }
}

fn compact(ready: bool, checks: &[(String, bool)]) -> Value {
    let each = checks.iter().map(|(name, up)| (name.clone(), json!(if *up { "healthy" } else { "unhealthy" })));
    json!({"status": if ready { "ready" } else { "not_ready" }, "checks": each.collect::<Map<_, _>>()})
}

fn answer(status: StatusCode, kind: HeaderValue, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    response
}
