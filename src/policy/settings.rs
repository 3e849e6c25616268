//! What `[defaults]` and a route may both say. A route starts from `[defaults]` and lays its own keys
//! over them: tables merge key by key, lists and single values replace.

use serde::Deserialize;

use super::access::Access;
use super::compression::Compression;
use super::defaults;
use super::headers::HeaderEdits;
use super::request_buffer::RequestBuffer;
use super::security_headers::SecurityHeaders;
use super::units::{Period, Size, Switch};

/// `[defaults]`, and the settings of a route.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Names of `[limits.NAME]` that all apply. Default `[]`: no rate limit.
    pub limits: Vec<String>,
    /// Requests one client may have under way at once; more are answered 429. Default 100.
    pub max_inflight_per_client: Switch<u32>,
    /// Bytes of a request body; more is answered 413. Default `"10MiB"`.
    pub max_body: Switch<Size>,
    /// `{ max = "10MiB", memory = "64KiB" }` waits for the whole request body before the upstream is asked, and sends it
    /// with its length. Default `"off"`: bodies are passed on as they come.
    pub request_buffer: Switch<RequestBuffer>,
    /// From when on a request counts as slow in the log.
    pub slow: Slow,
    /// Guards that only count and log what they would refuse. Default `[]`.
    pub shadow: Vec<GuardName>,
    /// How long each part of an exchange may take.
    pub timeouts: Timeouts,
    /// Protocols that may take over a connection once the upstream consents (101), over HTTP/1.1:
    /// `["websocket", "tcp", "SPDY/3.1"]`. They count as streams. `h2c` cannot be one. Default
    /// `["websocket"]`, which holds over HTTP/2 too.
    pub upgrades: Vec<String>,
    /// What applies to answers that are streams (server-sent events, ndjson, upgrades, gRPC).
    pub stream: Stream,
    /// Headers that harden the browser's side, on every answer.
    pub security_headers: SecurityHeaders,
    /// Which other origins' pages may call.
    pub cors: Cors,
    /// Which addresses may come in. Default: all.
    pub access: Access,
    /// What the upstream gets beside the client's headers. Default: nothing.
    pub request_headers: HeaderEdits,
    /// What the client gets beside the upstream's headers, on refusals too. Default: nothing.
    pub response_headers: HeaderEdits,
    /// Which answers are compressed.
    pub compression: Compression,
    /// What of an application's errors reaches the client.
    pub errors: Errors,
    /// Whether requests are written to the access log. Default true.
    pub log: bool,
}

/// `slow`: measured until the head of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Slow {
    /// Logged as a warning from here. Default `"500ms"`.
    pub warn: Switch<Period>,
    /// Logged as an error from here. Default `"1500ms"`.
    pub error: Switch<Period>,
}

/// A guard that may be put into shadow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardName {
    /// The rate limits of the route.
    Limits,
    /// `max_inflight_per_client`.
    MaxInflightPerClient,
    /// `max_body`.
    MaxBody,
    /// `access`.
    Access,
    /// The `Origin` of WebSocket handshakes, which `cors.origins` judges.
    WebsocketOrigin,
}

/// `timeouts`: each by its meaning; the one that fired is named in the answer, the log and the metric.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// From the request being sent until the head of the answer, for one try. Default `"120s"`.
    pub response_head: Switch<Period>,
    /// From the request's arrival until the head of the answer, waiting and retries included.
    /// Default `"150s"`.
    pub response_head_total: Switch<Period>,
    /// Between two pieces of the request body. Default `"30s"`.
    pub request_body_idle: Switch<Period>,
    /// Between two pieces of the answer's body from the application. Default `"60s"`; where it is not written,
    /// an answer whose length is not told has `stream.idle` in its place.
    pub response_body_idle: Option<Switch<Period>>,
    /// How long a client may take nothing of an answer. Default `"60s"`; streams have `stream.idle`.
    pub client_stall: Switch<Period>,
    /// Bytes per second a request body must average once 10 s have passed. Default `"500B"`.
    pub request_body_min_rate: Switch<Size>,
    /// Bytes per second a client must take of an answer on average, once it has kept it waiting for 10 s; of a
    /// pause 5 s count. Default `"500B"`.
    pub response_body_min_rate: Switch<Size>,
}

/// `stream`: answers that stay open on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Stream {
    /// Silence after which a stream is ended. Default `"5m"`.
    pub idle: Switch<Period>,
    /// Streams one client may have open at once; they do not count as requests in flight. Default 200.
    pub max_open_per_client: Switch<u32>,
    /// How long one stream may last. Default `"off"`.
    pub max_duration: Switch<Period>,
    /// What becomes of event streams when the gateway stops: `"finish"` lets them run on until `gateway.drain` is over,
    /// `"end"` ends them between two events, so that clients come again at once. Default `"finish"`.
    pub on_drain: OnDrain,
}

/// What becomes of event streams when the gateway stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDrain {
    /// They run on to the deadline and are cut there.
    Finish,
    /// They end between two events.
    End,
}

impl std::fmt::Display for OnDrain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Finish => "finish",
            Self::End => "end",
        })
    }
}

/// `cors`: which other origins' pages may call, and how.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cors {
    /// `false` leaves CORS to the application. Default true, which does nothing without `origins`.
    pub enabled: bool,
    /// Origins that may call: `["https://app.example.com"]`. A WebSocket handshake from a page of another
    /// origin is 403 then, but for one from the host itself. Default `[]`: none.
    pub origins: Vec<String>,
    /// In production every one of `origins` must stand here too, so that an environment variable
    /// alone can open nothing. Default `[]`.
    pub approved_origins: Vec<String>,
    /// Methods allowed. Default GET, POST, PUT, PATCH, DELETE.
    pub methods: Vec<String>,
    /// Request headers allowed; `"*"` mirrors what is asked for. Default `["*"]`.
    pub headers: Vec<String>,
    /// Response headers a page may read beyond the harmless ones. Default `[]`.
    pub expose: Vec<String>,
    /// Whether cookies and authorization may be sent along. Default false.
    pub credentials: bool,
    /// How long a browser may remember a preflight. Default `"10m"`.
    pub max_age: Period,
}

/// `errors`: what of an application's errors reaches the client.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Errors {
    /// Which bodies are replaced by our own. Default `"leaky"`: those whose content leaks, of 4xx only debug pages
    /// and what database drivers say; `"5xx"`: those of all 5xx.
    pub mask: Mask,
    /// Response headers removed from every answer of the upstream. Default server and x-powered-by.
    pub strip_headers: Vec<String>,
}

/// Which error bodies are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Mask {
    /// What leaks by its content: traces, debug pages, database errors, connection strings.
    #[serde(rename = "leaky")]
    Leaky,
    /// Every one.
    #[serde(rename = "5xx")]
    All,
    /// None.
    #[serde(rename = "off")]
    Off,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: Vec::new(),
            max_inflight_per_client: Switch::On(defaults::INFLIGHT_PER_CLIENT),
            max_body: Switch::On(defaults::MAX_BODY),
            request_buffer: Switch::Off,
            slow: Slow::default(),
            shadow: Vec::new(),
            timeouts: Timeouts::default(),
            upgrades: defaults::UPGRADES.map(str::to_owned).to_vec(),
            stream: Stream::default(),
            security_headers: SecurityHeaders::default(),
            cors: Cors::default(),
            access: Access::default(),
            request_headers: HeaderEdits::default(),
            response_headers: HeaderEdits::default(),
            compression: Compression::default(),
            errors: Errors::default(),
            log: true,
        }
    }
}

impl Default for Slow {
    fn default() -> Self {
        Self {
            warn: Switch::On(defaults::SLOW_WARN),
            error: Switch::On(defaults::SLOW_ERROR),
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            response_head: Switch::On(defaults::RESPONSE_HEAD),
            response_head_total: Switch::On(defaults::RESPONSE_HEAD_TOTAL),
            request_body_idle: Switch::On(defaults::REQUEST_BODY_IDLE),
            response_body_idle: None,
            client_stall: Switch::On(defaults::CLIENT_STALL),
            request_body_min_rate: Switch::On(defaults::REQUEST_BODY_MIN_RATE),
            response_body_min_rate: Switch::On(defaults::RESPONSE_BODY_MIN_RATE),
        }
    }
}

impl Timeouts {
    /// `response_body_idle`, or its default.
    pub fn body_idle(&self) -> Switch<Period> {
        let default = Switch::On(defaults::RESPONSE_BODY_IDLE);
        self.response_body_idle.unwrap_or(default)
    }
}

impl Default for Stream {
    fn default() -> Self {
        Self {
            idle: Switch::On(defaults::STREAM_IDLE),
            max_open_per_client: Switch::On(defaults::STREAMS_PER_CLIENT),
            max_duration: Switch::Off,
            on_drain: defaults::ON_DRAIN,
        }
    }
}

impl Default for Cors {
    fn default() -> Self {
        Self {
            enabled: true,
            origins: Vec::new(),
            approved_origins: Vec::new(),
            methods: defaults::CORS_METHODS.map(str::to_owned).to_vec(),
            headers: defaults::CORS_HEADERS.map(str::to_owned).to_vec(),
            expose: Vec::new(),
            credentials: false,
            max_age: defaults::CORS_MAX_AGE,
        }
    }
}

impl Default for Errors {
    fn default() -> Self {
        Self {
            mask: Mask::Leaky,
            strip_headers: defaults::STRIP_HEADERS.map(str::to_owned).to_vec(),
        }
    }
}
