//! `errors.mask`: bodies of the application's errors that leak (traces, debug pages, what database drivers say,
//! connection strings) are replaced by a problem that names only the status and the request id (seed row 3-09).
//! Judged by content alone, whatever the media type or coding says. Status, `Retry-After` and other headers
//! stay; the log keeps the beginning of what was hidden.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body_util::BodyExt;
use tokio::time;

use crate::http::body::Body;
use crate::http::exchange::{Exchange, Response};
use crate::http::media::essence;
use crate::http::problem::Problem;
use crate::layers::{Describe, Mend};
use crate::observe::metrics::Metrics;

mod coding;
mod escapes;
mod judge;
mod signatures;
#[cfg(test)]
mod tests;

use judge::Found;
use signatures::Kind;

/// How much of a body is looked at, as it comes and as it unfolds; also all of it that is ever held.
const PEEK: usize = 64 * 1024;
/// How long the beginning of a 4xx may be waited for: it may be the product, and a stream.
const PATIENCE: Duration = Duration::from_millis(250);
/// How much of a hidden body goes to the log.
const EXCERPT: usize = 512;

/// Which error bodies of the application are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that leak.
    Leaky,
    /// Those of all 5xx.
    All,
}

/// The rule of a route, and what it counts.
pub struct Mask {
    which: Which,
    metrics: Arc<Metrics>,
}

/// What is to become of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Sound,
    /// It looks like a leak by this signature, and passes.
    Suspicious(&'static str),
    /// It is replaced for this reason: a signature's name or a word of ours.
    Leak(&'static str),
}

impl Mend for Mask {
    fn wants(&self, response: &Response) -> bool {
        let status = response.status();
        status.is_server_error()
            || status.is_client_error()
                && self.which == Which::Leaky
                && media(response.headers()) != Media::Other
    }

    async fn mend(&self, exchange: &mut Exchange, mut response: Response) -> Response {
        let patience = response.status().is_client_error().then_some(PATIENCE);
        let peek = Peek::of(response.body_mut(), patience).await;
        let (verdict, excerpt) = self.judge(&response, &peek);
        match verdict {
            Verdict::Sound => response.body_mut().push_front(peek.seen),
            Verdict::Suspicious(name) => {
                self.metrics.leaks.count("passed");
                exchange.notes.reason = Some(name);
                response.body_mut().push_front(peek.seen);
            }
            Verdict::Leak(name) => {
                self.metrics.leaks.count("replaced");
                exchange.notes.reason = Some(name);
                exchange.notes.masked = true;
                if !peek.seen.is_empty() {
                    tell(exchange, &response, name, &excerpt);
                }
                let detail = if response.status().is_server_error() {
                    "the application failed to answer this request"
                } else {
                    "the application refused this request"
                };
                Problem::new(response.status(), "upstream_error", detail, &exchange.request_id)
                    .replace(&mut response);
            }
        }
        response
    }
}

impl Mask {
    /// The rule, with its table ready.
    pub fn new(which: Which, metrics: Arc<Metrics>) -> Self {
        judge::prepare();
        Self { which, metrics }
    }

    /// The verdict, and the beginning of what was read.
    fn judge(&self, response: &Response, peek: &Peek) -> (Verdict, String) {
        let text = coding::unfolded(response.headers(), &peek.seen);
        let shown = text.as_deref().unwrap_or_default();
        let excerpt = || String::from_utf8_lossy(shown.get(..EXCERPT).unwrap_or(shown)).into_owned();
        let fault = response.status().is_server_error();
        let verdict = match &text {
            // The cut would look like the end.
            _ if peek.broken => Verdict::Leak("cut"),
            _ if self.which == Which::All => Verdict::Leak("every"),
            _ if peek.seen.is_empty() => Verdict::Sound,
            None if fault => Verdict::Leak("undecodable"),
            None => Verdict::Sound,
            Some(text) => {
                let page = media(response.headers()) == Media::Page;
                let grave = |kind| fault || kind == Kind::Database || page && kind == Kind::Page;
                match judge::find(text, grave) {
                    None => Verdict::Sound,
                    Some(Found::Grave(name)) => Verdict::Leak(name),
                    Some(Found::Light(name)) => Verdict::Suspicious(name),
                }
            }
        };
        match verdict {
            Verdict::Leak(_) => (verdict, excerpt()),
            _ => (verdict, String::new()),
        }
    }
}

fn tell(exchange: &Exchange, response: &Response, leak: &str, excerpt: &str) {
    tracing::warn!(
        request_id = exchange.request_id.to_str().unwrap_or_default(),
        status = response.status().as_u16(),
        path = exchange.head.uri.path(),
        leak,
        excerpt,
        "an error page of the upstream was hidden"
    );
}

/// The beginning of a body.
struct Peek {
    seen: Bytes,
    /// It broke off within that.
    broken: bool,
}

impl Peek {
    /// Takes the first bytes off a body: until [`PEEK`] are there, it ends, or patience does.
    async fn of(body: &mut Body, patience: Option<Duration>) -> Self {
        let mut seen = BytesMut::new();
        let read = fill(&mut seen, body);
        let whole = match patience {
            Some(patience) => time::timeout(patience, read).await.unwrap_or(true),
            None => read.await,
        };
        Self {
            seen: seen.freeze(),
            broken: !whole,
        }
    }
}

/// Reads until so much is there or the body ends; whether it did not break off.
async fn fill(seen: &mut BytesMut, body: &mut Body) -> bool {
    while seen.len() < PEEK && body.is_streamed() {
        match body.frame().await {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(bytes) => seen.extend_from_slice(&bytes),
                Err(_trailers) => break,
            },
            Some(Err(_)) => return false,
            None => break,
        }
    }
    true
}

/// What an answer says it is.
#[derive(Debug, PartialEq, Eq)]
enum Media {
    /// HTML, or it does not say.
    Page,
    /// Text, JSON, XML.
    Text,
    /// Anything else: pictures, gRPC, event streams.
    Other,
}

fn media(headers: &HeaderMap) -> Media {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else {
        return Media::Page;
    };
    let kind = essence(kind.as_bytes()).to_ascii_lowercase();
    match kind.as_slice() {
        b"text/html" | b"application/xhtml+xml" => Media::Page,
        b"text/event-stream" => Media::Other,
        b"application/json" | b"application/xml" => Media::Text,
        other if other.starts_with(b"text/") || other.ends_with(b"+json") || other.ends_with(b"+xml") => {
            Media::Text
        }
        _ => Media::Other,
    }
}

impl Describe for Mask {
    fn describe(&self) -> Vec<String> {
        match self.which {
            Which::Leaky => vec![
                "5xx bodies that leak: traces, debug pages, database errors, connection strings".to_owned(),
                "4xx bodies that are debug pages or a database driver's text".to_owned(),
            ],
            Which::All => vec!["every 5xx body".to_owned()],
        }
    }
}
