//! What one exchange leaves in the access log, and in which order. It has no query and no headers but
//! the user agent: those hold tokens and people's data. Absent values are left out.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, SystemTime};

use crate::observe::Level;
use crate::observe::entry::{Dialect, Entry, Head, key};
use crate::observe::json;
use crate::observe::stamp::Stamp;

/// Longest path written, in bytes: a client must not fill the disk eight KiB at a time.
const MAX_PATH: usize = 1024;
/// Longest method and host written, in bytes.
const MAX_NAME: usize = 255;
/// Longest user agent written, in bytes.
const MAX_AGENT: usize = 256;

/// One exchange, from its first to its last byte.
#[derive(Debug, Clone)]
pub struct Line<'a> {
    /// When it ended.
    pub at: SystemTime,
    /// `Info`, or more for a slow or failed one.
    pub level: Level,
    /// Its `X-Request-ID`: letters, digits, `.`, `_` and `-`.
    pub request_id: &'a str,
    /// The id of its trace (W3C Trace Context), the same in all systems.
    pub trace_id: &'a str,
    /// Whose request it is, behind trusted proxies.
    pub client: IpAddr,
    /// The other end of the socket; written where it is not the client.
    pub peer: SocketAddr,
    /// The method as received.
    pub method: &'a str,
    /// The host asked for.
    pub host: Option<&'a str>,
    /// The path as received, without its query: that may hold secrets.
    pub path: &'a str,
    /// `HTTP/1.1`.
    pub version: &'a str,
    /// The status sent; of a cut request the one that stands for it in the metrics.
    pub status: u16,
    /// The request ended before the head of an answer was sent.
    pub cut: bool,
    /// The route's name, or `other`.
    pub endpoint: &'a str,
    /// The upstream's name.
    pub upstream: Option<&'a str>,
    /// The server that answered last.
    pub server: Option<SocketAddr>,
    /// Bytes of the request's body.
    pub bytes_in: u64,
    /// Bytes of the response's body.
    pub bytes_out: u64,
    /// Until the last byte was sent.
    pub duration: Duration,
    /// Until the response's head was sent.
    pub response_time: Duration,
    /// Waited for a place at the upstream.
    pub queued: Option<Duration>,
    /// Spent connecting to the upstream; none when a connection was reused.
    pub connect: Option<Duration>,
    /// From the upstream's request sent until the first byte of its answer.
    pub first_byte: Option<Duration>,
    /// Attempts at the upstream.
    pub attempts: u32,
    /// The code of our refusal.
    pub refusal: Option<&'static str>,
    /// What more there is to say of it: the fault in the bytes, the deadline.
    pub reason: Option<&'static str>,
    /// Codes of what would have been refused, were it not in shadow.
    pub shadowed: &'a [std::sync::Arc<str>],
    /// Whether the upstream's error body was replaced.
    pub masked: bool,
    /// By which signature the upstream's error body leaks, replaced or not.
    pub leak: Option<&'static str>,
    /// How it ended: `complete`, `client_gone`, `upstream_cut`, `drain_over`.
    pub end: &'static str,
    /// The user agent as received.
    pub user_agent: Option<&'a [u8]>,
    /// `warn` or `error` when slower than the route's threshold.
    pub slow: Option<&'static str>,
}

impl Line<'_> {
    /// Appends the line, its end included.
    pub(super) fn write(&self, out: &mut Vec<u8>, dialect: Dialect, stamp: &mut Stamp) {
        let head = Head {
            at: self.at,
            level: self.level,
            logger: "portcullis.access",
        };
        let mut entry = Entry::begin(out, dialect, stamp, &head, "access", |out| {
            self.write_message(out);
        });
        self.write_times(&mut entry);
        self.write_request(&mut entry);
        self.write_answer(&mut entry);
        entry.end();
    }

    /// `GET login 200`, or `GET login cut` where nobody received an answer, after `slow_request` where it was (seed row
    /// 1-20: to be found by grep).
    fn write_message(&self, out: &mut Vec<u8>) {
        if self.slow.is_some() {
            out.extend_from_slice(b"slow_request ");
        }
        json::escape(out, start_of(self.method, MAX_NAME));
        out.push(b' ');
        json::escape(out, self.endpoint);
        if self.cut {
            return out.extend_from_slice(b" cut");
        }
        out.push(b' ');
        out.extend_from_slice(itoa::Buffer::new().format(self.status).as_bytes());
    }

    fn write_times(&self, entry: &mut Entry<'_>) {
        entry.millis(key!("duration_ms"), self.duration);
        entry.millis(key!("response_time_ms"), self.response_time);
        for (key, length) in [
            (key!("queue_ms"), self.queued),
            (key!("connect_ms"), self.connect),
            (key!("first_byte_ms"), self.first_byte),
        ] {
            if let Some(length) = length {
                entry.millis(key, length);
            }
        }
    }

    fn write_request(&self, entry: &mut Entry<'_>) {
        entry.word(key!("request_id"), start_of(self.request_id, MAX_NAME));
        entry.word(key!("trace_id"), self.trace_id);
        entry.ip(key!("client.ip"), self.client);
        if self.peer.ip() != self.client {
            entry.socket(key!("peer"), self.peer);
        }
        entry.text(key!("method"), start_of(self.method, MAX_NAME));
        if let Some(host) = self.host.filter(|host| !host.is_empty()) {
            entry.text(key!("host"), start_of(host, MAX_NAME));
        }
        entry.text(key!("path"), start_of(self.path, MAX_PATH));
        entry.word(key!("http_version"), self.version);
        if let Some(agent) = self.user_agent.filter(|agent| !agent.is_empty()) {
            entry.bytes(key!("user_agent"), agent.get(..MAX_AGENT).unwrap_or(agent));
        }
        entry.number(key!("bytes_in"), self.bytes_in);
    }

    fn write_answer(&self, entry: &mut Entry<'_>) {
        entry.number(key!("status"), self.status);
        entry.number(key!("bytes_out"), self.bytes_out);
        entry.text(key!("route"), self.endpoint);
        if let Some(upstream) = self.upstream {
            entry.text(key!("upstream"), upstream);
        }
        if let Some(server) = self.server {
            entry.socket(key!("server"), server);
        }
        if self.attempts > 0 {
            entry.number(key!("attempts"), self.attempts);
        }
        if let Some(code) = self.refusal {
            entry.word(key!("refusal"), code);
        }
        if let Some(reason) = self.reason {
            entry.word(key!("reason"), reason);
        }
        if !self.shadowed.is_empty() {
            entry.words(key!("shadowed"), self.shadowed);
        }
        if self.masked {
            entry.flag(key!("masked"), true);
        }
        if let Some(leak) = self.leak {
            entry.word(key!("leak"), leak);
        }
        if let Some(slow) = self.slow {
            entry.word(key!("slow"), slow);
        }
        entry.word(key!("end"), self.end);
    }
}

/// At most so many bytes, cut between characters.
fn start_of(text: &str, most: usize) -> &str {
    if text.len() <= most {
        text
    } else {
        text.get(..text.floor_char_boundary(most)).unwrap_or_default()
    }
}

#[cfg(test)]
pub(in crate::observe::access_log) mod tests;
