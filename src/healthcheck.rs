//! `portcullis healthcheck`: asks a running gateway how it is, for containers that have no curl. It reads
//! of the policy only where to ask, since a faulty edit on disk does not make the running gateway ill.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, Uri, header};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::policy::Policy;

/// Connecting, asking and being answered together. Docker's own default is 30 s, but a gateway that takes
/// three seconds to say that it is alive is not well.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Does it run?
    Live,
    /// May it get requests?
    Ready,
}

impl Question {
    fn path(self) -> &'static str {
        match self {
            Self::Live => "/health/live",
            Self::Ready => "/health/ready",
        }
    }
}

/// Where to ask by a policy: the admin listener, or else the first listener without TLS. The message says what
/// to do if there is none.
pub fn url_of(policy: &Policy, question: Question) -> Result<String, String> {
    let address = match policy.admin.address {
        Some(address) => Some(address.0),
        None if policy.listeners.is_empty() => Some(crate::policy::Listener::default().address.0),
        None => policy
            .listeners
            .values()
            .find(|listener| listener.certificates.is_empty())
            .map(|listener| listener.address.0),
    };
    let address = address.ok_or(
        "every listener speaks TLS; add `[admin]` with address = \"127.0.0.1:9180\", which is plain",
    )?;
    if address.port() == 0 {
        return Err("the listener takes any free port; name the right one with --url".to_owned());
    }
    Ok(format!("http://{}{}", reachable(address), question.path()))
}

/// `0.0.0.0` is where to listen, not where to connect.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Reads a URL as the operator types it: a host alone is asked for the usual path.
pub fn url_typed(typed: &str, question: Question) -> Result<Uri, String> {
    let url: Uri = typed
        .parse()
        .map_err(|_| format!("`{typed}` is no URL; write http://127.0.0.1:9180"))?;
    if url.scheme_str() != Some("http") || url.authority().is_none() {
        return Err(format!(
            "`{typed}` is not a plain URL; write http://HOST:PORT, best that of the admin listener"
        ));
    }
    if url.path() != "/" {
        return Ok(url);
    }
    let authority = url.authority().map_or("", |authority| authority.as_str());
    format!("http://{authority}{}", question.path())
        .parse()
        .map_err(|_| format!("`{typed}` is no URL; write http://127.0.0.1:9180"))
}

/// Asks, and says in one line how it is: `Ok` if well.
pub fn ask(url: &Uri) -> Result<String, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("nobody could be asked: {error}"))?;
    let asked = runtime.block_on(async { tokio::time::timeout(PATIENCE, answer(url)).await });
    // A look-up that still waits must not hold up the end.
    runtime.shutdown_background();
    match asked {
        Ok(Ok(status)) if status.is_success() => Ok(format!("healthy: {url} answered {}", status.as_u16())),
        Ok(Ok(status)) => Err(format!("unhealthy: {url} answered {}", status.as_u16())),
        Ok(Err(why)) => Err(format!("unhealthy: {url} cannot be asked: {why}")),
        Err(_) => Err(format!(
            "unhealthy: {url} did not answer within {} s",
            PATIENCE.as_secs()
        )),
    }
}

async fn answer(url: &Uri) -> Result<StatusCode, String> {
    let why = |error: &dyn std::error::Error| error.to_string();
    let authority = url.authority().ok_or("the URL names no host")?;
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let port = authority.port_u16().unwrap_or(80);
    let stream = TcpStream::connect((host, port))
        .await
        .map_err(|error| why(&error))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| why(&error))?;
    let target = url.path_and_query().map_or("/", |target| target.as_str());
    let request = Request::get(target)
        .header(header::HOST, authority.as_str())
        .header(
            header::USER_AGENT,
            concat!("portcullis-healthcheck/", env!("CARGO_PKG_VERSION")),
        )
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| why(&error))?;
    let driving = tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(|error| why(&error))?;
    driving.abort();
    Ok(response.status())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn url(text: &str) -> Result<String, String> {
        let (policy, _, _) = Policy::read("p.toml", text, &|_| None);
        url_of(&policy.unwrap(), Question::Live)
    }

    #[test]
    fn the_admin_listener_is_asked_and_else_the_first_plain_one() {
        let admin = "[admin]\naddress = \"127.0.0.1:9180\"\n[listeners.http]\naddress = \"0.0.0.0:80\"";
        assert_eq!(url(admin).unwrap(), "http://127.0.0.1:9180/health/live");
        let secure = "[[listeners.a.certificates]]\ncert = \"c\"\nkey = \"k\"\n";
        let plain = "[listeners.b]\naddress = \"[::]:81\"";
        assert_eq!(
            url(&format!("{secure}{plain}")).unwrap(),
            "http://[::1]:81/health/live"
        );
        assert_eq!(url("").unwrap(), "http://127.0.0.1:8080/health/live");
        assert!(url(secure).unwrap_err().contains("[admin]"));
        assert!(
            url("[admin]\naddress = \"127.0.0.1:0\"")
                .unwrap_err()
                .contains("--url")
        );
    }

    #[test]
    fn a_typed_host_is_asked_for_the_usual_path() {
        let typed = |text| url_typed(text, Question::Ready).map(|url| url.to_string());
        assert_eq!(
            typed("http://127.0.0.1:9180").unwrap(),
            "http://127.0.0.1:9180/health/ready"
        );
        assert_eq!(typed("http://a:1/other").unwrap(), "http://a:1/other");
        assert!(typed("https://a").unwrap_err().contains("http://HOST:PORT"));
        assert!(typed("a b").is_err());
    }
}
