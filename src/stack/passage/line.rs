//! The line of the access log that a request leaves.

use std::time::{Duration, SystemTime};

use http::HeaderValue;
use http::header::{HOST, USER_AGENT};

use super::Passage;
use crate::gateway::route::Target;
use crate::observe::access_log::Line;
use crate::stack::words::{level, version_name};

impl Passage {
    /// Writes the line, where there is a log.
    pub(super) fn write_line(&self, head: Duration, took: Duration, end: &'static str) {
        let Some(log) = &self.lane.log else { return };
        let (exchange, route) = (&self.exchange, self.place.route());
        let slow = route.slow.judge(head);
        let header = |name| exchange.head.headers.get(name);
        let upstream = match &route.target {
            Target::Upstream(upstream) => Some(upstream.name()),
            _ => None,
        };
        log.write(&Line {
            at: SystemTime::now(),
            level: level(slow, self.ledger.status),
            request_id: exchange.request_id.to_str().unwrap_or_default(),
            trace_id: self.trace.trace_id(),
            client: exchange.client.ip,
            peer: exchange.connection.facts.peer,
            method: exchange.head.method.as_str(),
            host: header(HOST).and_then(|host| host.to_str().ok()),
            path: exchange.head.uri.path(),
            version: version_name(exchange.head.version),
            status: self.ledger.status,
            cut: self.ledger.head.is_none() && end != "panic",
            endpoint: &route.endpoint,
            upstream,
            server: exchange.notes.trip.server,
            bytes_in: self
                .upload
                .as_ref()
                .map_or(self.ledger.bytes_in, |upload| upload.bytes()),
            bytes_out: self.ledger.bytes_out,
            duration: took,
            response_time: head,
            queued: exchange.notes.trip.queued,
            connect: exchange.notes.trip.connect,
            first_byte: exchange.notes.trip.first_byte,
            attempts: exchange.notes.trip.attempts,
            refusal: exchange.notes.refusal,
            reason: exchange.notes.reason.filter(|_| exchange.notes.refusal.is_some()),
            shadowed: &exchange.notes.shadowed,
            masked: exchange.notes.masked,
            leak: exchange.notes.reason.filter(|_| exchange.notes.refusal.is_none()),
            end,
            user_agent: header(USER_AGENT).map(HeaderValue::as_bytes),
            slow,
        });
    }
}
