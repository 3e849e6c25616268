//! What the operator wrote: one table type per table of the policy file, every field with its unit,
//! its default and the reason for it. No behaviour lives here and nothing of the runtime is known:
//! a policy can be read, compared and printed without a socket or a clock.

pub mod access;
pub mod action;
pub mod client;
pub mod compression;
mod conceal;
pub mod defaults;
mod elsewhere;
mod expand;
mod foreign;
pub mod gateway;
pub mod headers;
pub mod limit;
pub mod listener;
mod max_memory;
mod merge;
pub mod observe;
pub mod problem;
mod read;
pub mod remedy;
pub mod report;
pub mod request_buffer;
pub mod route;
pub mod security_headers;
pub mod sentry;
pub mod settings;
mod shape;
mod slip;
pub mod source;
pub mod suggest;
mod syntax;
pub mod tolerance;
pub mod transport;
mod tree;
pub mod units;
pub mod upstream;

use std::collections::BTreeMap;

pub use access::{Access, Networks};
pub use action::{Redirect, Respond, Rewriting};
pub use client::Client;
pub use compression::Compression;
pub use gateway::{Gateway, PathParameters, RequiredSecret, Workers};
pub use headers::{HeaderEdits, Headers, Lines};
pub use limit::{Limit, LimitKey, Mode};
pub use listener::{CertificateFiles, ListenAddress, Listener, ListenerTimeouts};
pub use max_memory::{LEAST as LEAST_MEMORY, MaxMemory};
pub use observe::{AccessLog, Admin, Level, LogFormat, Logs, Readiness, ReadinessStyle};
pub use problem::{At, Note, Problem, Problems, Severity};
pub use request_buffer::{RequestBuffer, Spill};
pub use route::{Match, Route};
pub use security_headers::{Hsts, Preset, SecurityHeaders};
pub use sentry::{Sentry, Share};
pub use settings::{Cors, Errors, GuardName, Mask, Settings, Slow, Stream, Timeouts};
pub use source::{Source, Written};
pub use tolerance::Tolerated;
pub use transport::{HealthCheck, UpstreamTls};
pub use units::{Network, Period, Rate, Size, Switch};
pub use upstream::{ProxyVersion, Queue, ServerUrl, Upstream};

/// The whole policy file.
///
/// Every table may be left out. What cannot be left out altogether is somewhere to send requests:
/// that is judged when the policy is compiled, not here.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Policy {
    /// `[gateway]`: the process as a whole.
    pub gateway: Gateway,
    /// `[required_secrets.NAME]`: environment variables that must be set in production.
    pub required_secrets: BTreeMap<String, RequiredSecret>,
    /// `[listeners.NAME]`: where connections come in. Empty: one listener on `0.0.0.0:8080`.
    pub listeners: BTreeMap<String, Listener>,
    /// `[admin]`: who may see the gateway's own figures.
    pub admin: Admin,
    /// `[logs]`: what is written about requests and events.
    pub logs: Logs,
    /// `[sentry]`: where crash reports go.
    pub sentry: Sentry,
    /// `[client]`: how the client's address is found.
    pub client: Client,
    /// `[upstreams.NAME]`: where requests go.
    pub upstreams: BTreeMap<String, Upstream>,
    /// `[limits.NAME]`: named request budgets, put into force by a route's `limits`.
    pub limits: BTreeMap<String, Limit>,
    /// `[defaults]`: what every route starts from.
    pub defaults: Settings,
    /// `[[routes]]`: in file order; the first that matches wins.
    pub routes: Vec<Route>,
    /// `[readiness]`: what `/health/ready` answers.
    pub readiness: Readiness,
}
