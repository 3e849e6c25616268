//! `[upstreams.NAME]`: where requests go, and how much may be under way there.

use std::fmt;
use std::net::Ipv6Addr;

use serde::{Deserialize, Deserializer};

use super::defaults;
use super::listener::head_size;
use super::tolerance::{Tolerated, max_head, max_headers, some_headers};
use super::transport::{HealthCheck, UpstreamTls};
use super::units::{Period, Size, Switch, text_type};

/// `[upstreams.NAME]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// The servers, at least one, taken in turn: `["http://app:8000"]`; `https://` speaks TLS, and verifies.
    /// Required.
    #[serde(deserialize_with = "at_least_one")]
    pub servers: Vec<ServerUrl>,
    /// Requests under way at once, all servers together; more wait in `queue`. Default `"off"`: only
    /// the operator knows what the application bears.
    #[serde(default = "no_cap")]
    pub max_inflight: Switch<u32>,
    /// Where requests wait when `max_inflight` is reached.
    #[serde(default)]
    pub queue: Queue,
    /// How long connecting may take. Default `"1s"`.
    #[serde(default = "connect")]
    pub connect: Period,
    /// A connection idle for longer is never used again. Default `"4s"`: less than the 5 s after which
    /// common application servers hang up, so that a request rarely meets a closing connection.
    #[serde(default = "pool_idle")]
    pub pool_idle: Period,
    /// Whether the servers are spoken to in HTTP/2, and in nothing else: on one connection for each worker and
    /// address, by ALPN over TLS, without asking in plain. gRPC needs it. Default `false`.
    #[serde(default)]
    pub http2: bool,
    /// After how much silence on an HTTP/2 connection with requests on it a PING must be answered, within 5 s.
    /// Default `"off"`: gRPC servers hang up on who asks more often than every 5 minutes.
    #[serde(default = "no_ping")]
    pub ping: Switch<Period>,
    /// How `https://` servers prove who they are, and we to them.
    #[serde(default)]
    pub tls: UpstreamTls,
    /// What a server must answer to count as up. Default: it must accept a connection, the TLS and HTTP/2 ones
    /// included.
    #[serde(default)]
    pub health: Option<HealthCheck>,
    /// Whether a connection begins with a header of the PROXY protocol that names the client, before TLS too, and in
    /// which version: `"v1"` or `"v2"`. Each request has a connection of its own then. Default `"off"`.
    #[serde(default = "unannounced")]
    pub proxy_protocol: Switch<ProxyVersion>,
    /// What an old server may do against the rules of HTTP, beyond what is put right for all: `"bare_lf"`,
    /// `"repeated_length"`, `"length_with_chunks"`, `"identity_coding"`, `"chunks_in_http_1_0"`, `"bad_field"`. Default `[]`.
    #[serde(default)]
    pub tolerate: Vec<Tolerated>,
    /// Bytes of status line and headers of an answer together. Default `"96KiB"`, from `"8KiB"` to `"1MiB"`: 64 KiB of cookies
    /// and as much as a request may have besides.
    #[serde(default = "max_head", deserialize_with = "head_size")]
    pub max_head: Size,
    /// Number of header lines of an answer. Default 200.
    #[serde(default = "max_headers", deserialize_with = "some_headers")]
    pub max_headers: u16,
}

/// A version of the PROXY protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProxyVersion {
    /// One line of text.
    V1,
    /// Binary.
    V2,
}

/// `[upstreams.NAME.queue]`: bounded in number and in time; a request that finds it full or waits too
/// long is answered 503 with `Retry-After`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Queue {
    /// Requests that may wait. Default 100; 0 refuses at once.
    pub size: u32,
    /// How long one may wait. Default `"2s"`.
    pub timeout: Period,
}

/// One server of an upstream: `"http://app:8000"`, `"https://[::1]:8443"`. The port defaults to 80 or 443.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerUrl {
    /// Whether it speaks TLS.
    pub secure: bool,
    /// A name or an address, in lower case, IPv6 without its brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
}

text_type!(ServerUrl, "a server such as \"http://app:8000\"");

impl Default for Queue {
    fn default() -> Self {
        Self {
            size: defaults::QUEUE_SIZE,
            timeout: defaults::QUEUE_TIMEOUT,
        }
    }
}

impl TryFrom<&str> for ServerUrl {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.starts_with("unix:") || text.starts_with('/') {
            return Err(format!(
                "`{text}` is a Unix socket, and servers are reached by TCP: write a host and a port, \"http://127.0.0.1:8000\""
            ));
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            let bare = text.split([' ', ';', '/']).next().unwrap_or_default();
            return Err(format!("`{text}` has no scheme: write \"http://{bare}\""));
        };
        let secure = scheme.eq_ignore_ascii_case("https");
        if !secure && !scheme.eq_ignore_ascii_case("http") {
            return Err(other_scheme(scheme, rest));
        }
        let scheme = if secure { "https" } else { "http" };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains('@') {
            return Err("a server carries no user or password: write \"http://host:port\"".to_owned());
        }
        if let Some(end) = authority.find(['/', '?', '#']) {
            let bare = authority.get(..end).unwrap_or_default();
            return Err(format!(
                "`{text}` has a path, and requests are forwarded with their own: write \"{scheme}://{bare}\""
            ));
        }
        let (host, port) = split_port(authority, if secure { 443 } else { 80 }).ok_or_else(|| {
            format!("`{text}` is not a server: write \"{scheme}://host:port\", the port from 1 to 65535")
        })?;
        Ok(Self { secure, host, port })
    }
}

fn other_scheme(scheme: &str, rest: &str) -> String {
    let said = format!("`{scheme}` to an upstream is not supported");
    match scheme.to_ascii_lowercase().as_str() {
        "ws" | "tcp" => format!("{said}: write \"http://{rest}\""),
        "wss" | "tls" | "ssl" => format!("{said}: write \"https://{rest}\""),
        "h2c" | "grpc" => format!("{said}: write \"http://{rest}\" and `http2 = true` beside it"),
        "grpcs" | "h2" => format!("{said}: write \"https://{rest}\" and `http2 = true` beside it"),
        _ => format!("{said}: write \"http://…\" or \"https://…\""),
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

/// Host and port of an authority, or nothing if it is neither a name nor an address (RFC 3986, 3.2).
fn split_port(authority: &str, default: u16) -> Option<(String, u16)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        let address: Ipv6Addr = address.parse().ok()?;
        let port = if port.is_empty() {
            Some(default)
        } else {
            number(port.strip_prefix(':')?)
        };
        return Some((address.to_string(), port?));
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, number(port)?),
        None => (authority, default),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    (!host.is_empty() && host.chars().all(plain)).then(|| (host.to_ascii_lowercase(), port))
}

fn number(port: &str) -> Option<u16> {
    port.parse().ok().filter(|port| *port != 0)
}

fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<ServerUrl>, D::Error> {
    let servers = Vec::deserialize(deserializer)?;
    if servers.is_empty() {
        return Err(serde::de::Error::custom(
            "an upstream without a server can answer nothing: write servers = [\"http://app:8000\"]",
        ));
    }
    Ok(servers)
}

fn no_cap() -> Switch<u32> {
    Switch::Off
}

fn no_ping() -> Switch<Period> {
    Switch::Off
}

fn unannounced() -> Switch<ProxyVersion> {
    Switch::Off
}

fn connect() -> Period {
    defaults::CONNECT
}

fn pool_idle() -> Period {
    defaults::POOL_IDLE
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn server(text: &str) -> Result<String, String> {
        ServerUrl::try_from(text).map(|server| server.to_string())
    }

    #[test]
    fn a_server_is_a_host_and_a_port() {
        assert_eq!(server("http://App:8000").unwrap(), "http://app:8000");
        assert_eq!(server("http://app/").unwrap(), "http://app:80");
        assert_eq!(server("http://[::1]:81").unwrap(), "http://[::1]:81");
        assert_eq!(server("HTTPS://App").unwrap(), "https://app:443");
    }

    #[test]
    fn what_is_no_server_is_told_how_to_be_one() {
        assert_eq!(
            server("app:8000").unwrap_err(),
            "`app:8000` has no scheme: write \"http://app:8000\""
        );
        assert!(
            server("app:8000 weight=2")
                .unwrap_err()
                .ends_with("write \"http://app:8000\"")
        );
        assert!(
            server("ws://app:1")
                .unwrap_err()
                .ends_with("write \"http://app:1\"")
        );
        assert!(
            server("unix:/run/app.sock")
                .unwrap_err()
                .contains("reached by TCP")
        );
        assert!(
            server("ftp://app")
                .unwrap_err()
                .starts_with("`ftp` to an upstream is not supported")
        );
        assert!(
            server("http://app/api")
                .unwrap_err()
                .ends_with("write \"http://app\"")
        );
        for bad in [
            "http://",
            "http://:80",
            "http://a:0",
            "http://a:99999",
            "http://a b",
            "http://[::1",
            "http://u@h",
        ] {
            assert!(server(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_password_in_the_url_is_not_repeated() {
        assert!(!server("http://u:hunter2@h").unwrap_err().contains("hunter2"));
    }

    #[test]
    fn an_upstream_needs_a_server() {
        assert!(toml::from_str::<Upstream>("servers = []").is_err());
        assert!(toml::from_str::<Upstream>("").is_err());
        let upstream = toml::from_str::<Upstream>("servers = [\"http://a\"]").unwrap();
        assert_eq!(upstream.queue, Queue::default());
        assert_eq!(upstream.pool_idle, defaults::POOL_IDLE);
    }
}
