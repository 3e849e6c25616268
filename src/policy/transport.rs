//! `[upstreams.NAME.tls]` and `[upstreams.NAME.health]`: how a server proves who it is, and that it is well.

use std::path::PathBuf;

use serde::Deserialize;

use super::defaults;
use super::units::Period;

/// `[upstreams.NAME.tls]`: for servers with `https://`. There is no way to leave the verification out: who
/// signs for itself is trusted by name, in `ca`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UpstreamTls {
    /// The certificates in PEM that a server's must come from. Default: the roots of this machine. Read at
    /// start and at each reload, as are the two files below.
    pub ca: Option<PathBuf>,
    /// The name a server is asked for (SNI) and its certificate must be for. Default: the host in `servers`.
    pub server_name: Option<String>,
    /// Our own certificate in PEM, for servers that ask for one; then those that issued it.
    pub cert: Option<PathBuf>,
    /// The private key of `cert`, unencrypted.
    pub key: Option<PathBuf>,
}

/// `[upstreams.NAME.health]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    /// The service that must be `SERVING` by the standard gRPC health protocol; `""` asks for the server as a
    /// whole. Required.
    pub grpc: String,
    /// From one check to the next. Default `"5s"`.
    #[serde(default = "interval")]
    pub interval: Period,
    /// How long connecting and answering may take together. Default `"1s"`.
    #[serde(default = "timeout")]
    pub timeout: Period,
}

fn interval() -> Period {
    defaults::HEALTH_INTERVAL
}

fn timeout() -> Period {
    defaults::HEALTH_TIMEOUT
}
