//! How the account of a request is closed: counted, logged, and once, whoever lets go of it last.

use std::time::{Duration, Instant};

use http::Version;

use super::Passage;
use crate::http::body::RequestBody;
use crate::http::flow::End;
use crate::http::pace::TooSlow;
use crate::http::progress::Awaited;
use crate::http::refusal::{CLIENT_CLOSED_REQUEST, Refusal};
use crate::http::remainder;
use crate::http::watch::Watch;
use crate::stack::words::{DRAIN_OVER, end_name, timeout_name};

impl Passage {
    /// Nothing more will happen: write the line.
    pub fn close(&mut self, end: End) {
        if std::mem::replace(&mut self.ledger.closed, true) {
            return;
        }
        let end = match end {
            End::Abandoned => self.given_up().unwrap_or(end),
            _ => end,
        };
        let kind = self.ledger.kind();
        if let Some(timeout) = timeout_name(end, kind) {
            self.place.snapshot.metrics.timeouts.count(timeout);
        }
        let now = Instant::now();
        let phase = &self.exchange.connection.phase;
        phase.answered(now);
        phase.leaves_unread(self.has_unread_body());
        if self.is_traffic() {
            self.place.snapshot.metrics.in_flight.dec();
        }
        let took = now - self.exchange.arrived;
        self.note_large_upload();
        let Some(head) = self.ledger.head else {
            return self.close_without_answer(took);
        };
        if self.is_logged() {
            // A body that broke off is answered like any other fault, but nobody is there to read it.
            let gone = self.exchange.notes.refusal == Some(Refusal::ClientGone.code());
            let end = if gone { End::Abandoned } else { end };
            let cut = end == End::Abandoned && *self.lane.leaving.borrow();
            let end = end_name(end, kind);
            self.write_line(head, took, if cut { DRAIN_OVER } else { end });
        }
        self.report(head, took);
    }

    /// How this ended, if the client is given up for what it takes of its answer.
    fn given_up(&self) -> Option<End> {
        match self.exchange.connection.phase.given_up() {
            Some(TooSlow::Rate) => Some(End::Lagging),
            Some(_) => Some(End::Stalled),
            None => {
                let stream = self.stream.as_ref();
                stream
                    .is_some_and(|stream| stream.progress.is_given_up())
                    .then_some(End::Stalled)
            }
        }
    }

    /// The answer is given: what the client still sends is read for a while, and held against its limits as long.
    fn discard_unread(&mut self) {
        let held = &mut self.exchange.permits.in_flight;
        if let Some(upload) = &self.upload {
            upload.remainder.hold(held.take());
        } else if let Some(rest) = self.body.as_mut().and_then(RequestBody::take_unread) {
            remainder::discard(rest, held.take());
        }
    }

    /// A body limit in shadow does not cut a body of unknown length; that it was too large shows at its end.
    fn note_large_upload(&mut self) {
        let Some(upload) = &self.upload else { return };
        if let Some(limit) = &self.place.route().body_limit
            && let Some(count) = limit.shadow.as_ref().filter(|_| upload.bytes() > limit.rule.most)
        {
            limit.note_shadowed(count, &mut self.exchange);
        }
    }

    /// The client left, or a panic unwound, before there was an answer.
    fn close_without_answer(&mut self, took: Duration) {
        let (status, end) = if std::thread::panicking() {
            self.place.snapshot.metrics.panics.inc();
            (500, "panic")
        } else if *self.lane.leaving.borrow() {
            (503, DRAIN_OVER)
        } else {
            (CLIENT_CLOSED_REQUEST, "client_gone")
        };
        self.ledger.status = status;
        if !self.counts() {
            return;
        }
        self.place
            .route()
            .metrics
            .record(&self.exchange.head.method, status, took.as_secs_f64());
        if self.is_logged() {
            self.write_line(took, took, end);
        }
        self.report(took, took);
    }
}

impl Watch for Passage {
    fn passed(&mut self, bytes: u64) {
        self.ledger.bytes_out += bytes;
        if let Some(stream) = &self.stream {
            stream.progress.awaits(Awaited::Client);
        }
    }

    fn waits(&mut self) {
        if let Some(stream) = &self.stream {
            stream.progress.awaits(Awaited::Source);
        }
    }

    fn ended(mut self: Box<Self>, end: End) {
        self.close(end);
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        self.close(End::Abandoned);
        // Where there was no answer, none can be lost.
        if self.exchange.head.version == Version::HTTP_2 && self.ledger.head.is_some() {
            self.discard_unread();
        }
    }
}
