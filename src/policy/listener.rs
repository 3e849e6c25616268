//! `[listeners.NAME]`: where connections come in, and what a client may do before its request is
//! routed. What makes sense only once the route is known stands in `[defaults]`, never here.

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::path::PathBuf;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use super::defaults;
use super::units::{Period, Size, Switch, text_type};

/// `[listeners.NAME]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Listener {
    /// Address and port to listen on; port 0 takes a free one. Default `"0.0.0.0:8080"`.
    pub address: ListenAddress,
    /// Connections open at once on this listener, all clients together. Default: whatever the other listeners leave of
    /// half of the files that the process may open. The other half is for servers.
    #[serde(deserialize_with = "some_connections")]
    pub max_connections: Option<u32>,
    /// Connections one client may hold open at once. Default 400.
    pub max_connections_per_client: Switch<u32>,
    /// Bytes of request line and headers together. Default `"32KiB"`, from `"8KiB"` to `"1MiB"`.
    #[serde(deserialize_with = "head_size")]
    pub max_head: Size,
    /// Number of header lines. Default 100.
    #[serde(deserialize_with = "some_headers")]
    pub max_headers: u16,
    /// Bytes of the request target (path and query). Default `"8KiB"`.
    pub max_target: Size,
    /// Certificates to show to clients: with any, the listener speaks TLS alone. A client gets the one for the
    /// name it asks for, else the first. Read at start and at each reload. Default: none, plain HTTP.
    pub certificates: Vec<CertificateFiles>,
    /// The public port of https, `443` for most: plain requests are sent there (308), all but those for `/health` and
    /// below and those below `/.well-known/acme-challenge/`. Default `"off"`.
    #[serde(deserialize_with = "https_port")]
    pub redirect_to_https: Switch<NonZeroU16>,
    /// Whether each connection begins with a header of the PROXY protocol (version 1 or 2), before TLS too. Only who is
    /// in `[client] trusted_proxies` may connect, and is the client's address then. Default `false`.
    pub proxy_protocol: bool,
    /// How long a client may take before its request is routed.
    pub timeouts: ListenerTimeouts,
}

/// `[[listeners.NAME.certificates]]`: two files in PEM.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateFiles {
    /// The server's certificate, then those that issued it.
    pub cert: PathBuf,
    /// The private key of the first, unencrypted.
    pub key: PathBuf,
}

/// `[listeners.NAME.timeouts]`: none can be switched off, since a connection without one costs
/// an attacker nothing to keep.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListenerTimeouts {
    /// From the first byte of a request to the end of its head (slow loris). Default `"15s"`.
    pub request_head: Period,
    /// How long a connection may wait for its next request. Default `"60s"`.
    pub keep_alive_idle: Period,
    /// From the connection to the end of the TLS handshake. Default `"10s"`.
    pub tls_handshake: Period,
}

/// Address and port of a listener: `"0.0.0.0:8080"`, `"[::]:8080"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListenAddress(pub SocketAddr);

text_type!(ListenAddress, "an address and a port such as \"0.0.0.0:8080\"");

impl Default for Listener {
    fn default() -> Self {
        Self {
            address: ListenAddress(defaults::LISTEN_ADDRESS),
            max_connections: None,
            max_connections_per_client: Switch::On(defaults::CONNECTIONS_PER_CLIENT),
            max_head: defaults::MAX_HEAD,
            max_headers: defaults::MAX_HEADERS,
            max_target: defaults::MAX_TARGET,
            certificates: Vec::new(),
            redirect_to_https: Switch::Off,
            proxy_protocol: false,
            timeouts: ListenerTimeouts::default(),
        }
    }
}

impl Default for ListenerTimeouts {
    fn default() -> Self {
        Self {
            request_head: defaults::REQUEST_HEAD,
            keep_alive_idle: defaults::KEEP_ALIVE_IDLE,
            tls_handshake: defaults::TLS_HANDSHAKE,
        }
    }
}

impl TryFrom<&str> for ListenAddress {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Ok(address) = text.parse() {
            return Ok(Self(address));
        }
        if text.parse::<std::net::IpAddr>().is_ok() {
            return Err(format!("`{text}` has no port: write \"{}\"", with_port(text)));
        }
        if text.contains('/') && !text.contains("://") {
            return Err(format!(
                "`{text}` is a path, and Unix sockets are not listened on: write an IP address and a port, \"127.0.0.1:8080\""
            ));
        }
        Err(match meant(text) {
            Some(address) => format!("`{text}` is not an IP address and a port: write \"{address}\""),
            None => format!(
                "`{text}` is not an address to listen on: write an IP address and a port, \"0.0.0.0:8080\" or \"[::]:8080\""
            ),
        })
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What other programs take for an address: a name for this machine, a port alone, a URL, words behind it.
fn meant(text: &str) -> Option<String> {
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    let text = text.split([' ', ';', '/']).next().unwrap_or_default();
    let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
    let port: u16 = port.parse().ok()?;
    match host {
        "" | "*" => Some(format!("0.0.0.0:{port}")),
        "localhost" => Some(format!("127.0.0.1:{port}")),
        host => {
            let host: std::net::IpAddr = host.trim_matches(['[', ']']).parse().ok()?;
            Some(SocketAddr::new(host, port).to_string())
        }
    }
}

fn with_port(address: &str) -> String {
    if address.contains(':') {
        format!("[{address}]:8080")
    } else {
        format!("{address}:8080")
    }
}

pub(super) fn head_size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Size, D::Error> {
    let size = Size::deserialize(deserializer)?;
    if (defaults::MAX_HEAD_LOWEST..=defaults::MAX_HEAD_HIGHEST).contains(&size) {
        return Ok(size);
    }
    Err(serde::de::Error::custom(format!(
        "`{size}` is not a sane limit for a head: write \"{}\" to \"{}\"",
        defaults::MAX_HEAD_LOWEST,
        defaults::MAX_HEAD_HIGHEST
    )))
}

fn some_headers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    match u16::deserialize(deserializer)? {
        0 => Err(serde::de::Error::custom(
            "`0` headers would refuse every request: write at least 1",
        )),
        count => Ok(count),
    }
}

fn some_connections<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    match u32::deserialize(deserializer)? {
        0 => Err(serde::de::Error::custom(
            "`0` connections would refuse every client: write at least 1, or leave the key out",
        )),
        count => Ok(Some(count)),
    }
}

fn https_port<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Switch<NonZeroU16>, D::Error> {
    deserializer.deserialize_any(HttpsPort)
}

struct HttpsPort;

impl Visitor<'_> for HttpsPort {
    type Value = Switch<NonZeroU16>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"off\" or the public port of https, such as 443")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        match text.trim() {
            "off" => Ok(Switch::Off),
            text => text.parse().map(Switch::On).map_err(|_| no_port(text)),
        }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        let port = u16::try_from(number).ok().and_then(NonZeroU16::new);
        port.map(Switch::On).ok_or_else(|| no_port(number))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Err(E::custom(if value {
            "`true` does not say which port clients reach https on: write 443"
        } else {
            "`false` is no port: write \"off\""
        }))
    }
}

fn no_port<E: Error>(found: impl fmt::Display) -> E {
    E::custom(format!(
        "`{found}` is no port: write 1 to 65535, 443 for most, or \"off\""
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn an_address_needs_an_ip_and_a_port() {
        assert!(ListenAddress::try_from("[::1]:0").is_ok());
        let refused = |text| ListenAddress::try_from(text).unwrap_err();
        assert_eq!(
            refused("0.0.0.0"),
            "`0.0.0.0` has no port: write \"0.0.0.0:8080\""
        );
        assert_eq!(refused("::1"), "`::1` has no port: write \"[::1]:8080\"");
        for (text, meant) in [
            (":80", "0.0.0.0:80"),
            ("80", "0.0.0.0:80"),
            ("*:80", "0.0.0.0:80"),
            ("localhost:80", "127.0.0.1:80"),
            ("443 ssl http2", "0.0.0.0:443"),
            ("http://127.0.0.1:80/", "127.0.0.1:80"),
        ] {
            let said = refused(text);
            assert!(said.ends_with(&format!("write \"{meant}\"")), "{said}");
        }
        assert!(refused("example.com:80").ends_with("\"0.0.0.0:8080\" or \"[::]:8080\""));
        assert!(refused("unix:/run/app.sock").contains("Unix sockets are not listened on"));
    }

    #[test]
    fn the_head_limit_stays_between_its_bounds() {
        let read = |text: &str| toml::from_str::<Listener>(text).map(|l| l.max_head);
        assert_eq!(read("max_head = \"8KiB\"").unwrap(), Size(8 << 10));
        assert!(read("max_head = \"8191B\"").is_err());
        assert!(read("max_head = \"2MiB\"").is_err());
    }

    #[test]
    fn the_redirect_is_off_or_a_port() {
        let read = |text: &str| {
            let table = toml::from_str::<Listener>(&format!("redirect_to_https = {text}"));
            table.map(|table| table.redirect_to_https.get().map_or(0, u16::from))
        };
        assert_eq!(read("443").unwrap(), 443);
        assert_eq!(read("\"8443\"").unwrap(), 8443);
        assert_eq!(read("\"off\"").unwrap(), 0);
        let refused = |text| read(text).unwrap_err().message().to_owned();
        assert!(refused("true").ends_with("write 443"));
        assert!(refused("false").ends_with("write \"off\""));
        for bad in ["0", "65536", "-1", "\"on\""] {
            assert!(refused(bad).contains("is no port"), "{bad}");
        }
    }

    #[test]
    fn zero_connections_or_headers_are_refused() {
        assert!(toml::from_str::<Listener>("max_connections = 0").is_err());
        assert!(toml::from_str::<Listener>("max_headers = 0").is_err());
        assert_eq!(
            toml::from_str::<Listener>("max_connections = 7")
                .unwrap()
                .max_connections,
            Some(7)
        );
    }
}
