//! The command line of `portcullis explain`: a request as it is typed, and the explanation in words or in JSON.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::SystemTime;

use clap::{Args, ValueEnum};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};

use crate::carryover::Carryover;
use crate::observe::metrics::Metrics;
use crate::serve::StartError;
use crate::source::{PolicySource, Refused};
use crate::stack::explain::{Question, explain};

mod brief;
mod text;

pub(super) const HELP: &str = "\
Nothing is sent: the policy is compiled as `serve` does it, and the request runs through the same
rules as traffic, over limits of which nothing is used up yet. URL is a whole one, or a path for the
host `localhost`.

Examples:
  portcullis explain POST https://shop.example.com/api/login
      which route takes it, which do not and why; every layer, its value, the line that says so
  portcullis explain GET /admin --from 10.0.0.2 -H 'X-Forwarded-For: 203.0.113.7' --format json
      who is the client behind a trusted proxy? For scripts: in JSON
  portcullis explain GET /admin --brief
      the same in ten lines

Exit codes: 0 explained, 2 the policy or the command line was refused.";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The method, in capitals
    #[arg(value_name = "METHOD")]
    method: String,
    /// The URL as a client would ask for it, or a path
    #[arg(value_name = "URL")]
    url: String,
    /// The policy file [default: ./portcullis.toml, then /etc/portcullis/portcullis.toml]
    #[arg(long, value_name = "POLICY")]
    policy: Option<PathBuf>,
    /// The other end of the connection: the client, or a proxy before the gateway
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    from: IpAddr,
    /// A header of the request; may be given several times
    #[arg(short = 'H', long = "header", value_name = "'Name: value'")]
    headers: Vec<String>,
    /// The connection speaks TLS with the gateway (an https URL says so too)
    #[arg(long)]
    tls: bool,
    /// The listener it comes in by [default: the first that fits]
    #[arg(long, value_name = "NAME")]
    listener: Option<String>,
    /// How the explanation is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Ten lines at most: client, route, upstream, guards, time limits, verdict
    #[arg(long, conflicts_with = "format")]
    brief: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs: the same, with stable field names.
    Json,
}

/// Explains the request.
pub(super) fn run(arguments: Arguments) -> Result<String, StartError> {
    let (format, brief) = (arguments.format, arguments.brief);
    let source = PolicySource::find(arguments.policy.clone())?;
    let question = question(arguments).map_err(|message| Refused::usage(&message))?;
    let carryover = Carryover::new(Metrics::new(SystemTime::now()), 1);
    let whole = source.compile_whole(&carryover)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let explaining = explain(whole.gateway, &whole.policy, &whole.source, &question);
    let told = runtime
        .block_on(explaining)
        .map_err(|message| Refused::usage(&message))?;
    if brief {
        return Ok(brief::render(&told));
    }
    Ok(match format {
        Format::Text => text::render(&told, whole.source.name()),
        Format::Json => serde_json::to_string_pretty(&told).map_err(std::io::Error::from)? + "\n",
    })
}

fn question(arguments: Arguments) -> Result<Question, String> {
    let method = Method::from_bytes(arguments.method.as_bytes())
        .map_err(|_| format!("`{}` is no method; write it as in GET", arguments.method))?;
    let mut headers = HeaderMap::new();
    for line in &arguments.headers {
        let (name, value) = header_line(line)?;
        headers.append(name, value);
    }
    let (host, target, https) = split(&arguments.url)?;
    if !headers.contains_key(header::HOST) {
        headers.insert(header::HOST, host);
    }
    Ok(Question {
        method,
        target,
        headers,
        from: arguments.from,
        tls: arguments.tls || https,
        listener: arguments.listener,
    })
}

fn header_line(line: &str) -> Result<(HeaderName, HeaderValue), String> {
    let wrong = || format!("`{line}` is no header; write -H 'Name: value'");
    let (name, value) = line.split_once(':').ok_or_else(wrong)?;
    let name = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| wrong())?;
    let value = HeaderValue::from_str(value.trim()).map_err(|_| wrong())?;
    Ok((name, value))
}

/// The `Host` a client would send, the target in origin form, and whether it is asked for by TLS.
fn split(typed: &str) -> Result<(HeaderValue, Uri, bool), String> {
    let wrong = || format!("`{typed}` is neither a URL nor a path; write https://example.com/path or /path");
    let url: Uri = typed.parse().map_err(|_| wrong())?;
    let Some(authority) = url.authority() else {
        let host = HeaderValue::from_static("localhost");
        return Ok((host, url, false));
    };
    let https = match url.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err(wrong()),
    };
    if authority.as_str().contains('@') {
        return Err(format!(
            "`{typed}` has a user name, which no client sends; write it without"
        ));
    }
    let host = HeaderValue::from_str(authority.as_str()).map_err(|_| wrong())?;
    let target = url.path_and_query().ok_or_else(wrong)?;
    Ok((host, Uri::from(target.clone()), https))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart_as_a_client_does() {
        let parts = |typed: &str| {
            let (host, target, https) = split(typed).unwrap();
            (host.to_str().unwrap().to_owned(), target.to_string(), https)
        };
        assert_eq!(
            parts("https://a.test:8443/x%2Fy?q=1"),
            ("a.test:8443".into(), "/x%2Fy?q=1".into(), true)
        );
        assert_eq!(parts("http://a.test"), ("a.test".into(), "/".into(), false));
        assert_eq!(parts("/x/../y"), ("localhost".into(), "/x/../y".into(), false));
        for bad in ["a.test", "ftp://a.test/", "http://u:p@a.test/", "/a b", ""] {
            assert!(split(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_header_is_a_name_and_a_value() {
        let (name, value) = header_line("X-One:  two ").unwrap();
        assert_eq!((name.as_str(), value.to_str().unwrap()), ("x-one", "two"));
        assert!(header_line("X-One").is_err());
        assert!(header_line("X One: two").is_err());
    }
}
