//! Both directions of a tunnel and what ends it: the peers, silence, a peer that takes nothing, a time limit,
//! or the listener. It ends politely where there is somebody to be polite to.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::http::flow::End;
use crate::http::frames::farewell;
use crate::http::pace::TooSlow;
use crate::stack::tunnel::now;
use crate::stack::tunnel::way::{Broken, Way};
use crate::upstream::alarm::Alarm;

/// How long the other direction may be silent once one has ended: a WebSocket whose one side has hung up is over
/// in all but name, whatever a stream may last.
const HALF_OPEN: Duration = Duration::from_secs(30);

/// What bounds a tunnel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// The longest time without a byte in either direction, and the longest that one side may take nothing.
    pub(super) idle: Option<Duration>,
    /// The moment by which it must have ended.
    pub(super) until: Option<Instant>,
    /// How long the peers may take to answer a farewell.
    pub(super) grace: Duration,
    /// Whether there is one: only a WebSocket has a word for it.
    pub(super) farewell: bool,
}

/// Two sockets, and what passes between them.
pub(super) struct Relay<C, S> {
    client: C,
    server: S,
    up: Way,
    down: Way,
    limits: Limits,
    alarm: Alarm,
    /// Who hung up first.
    first: Option<End>,
    /// Why it is being ended, and when patience with the peers is over.
    parting: Option<(End, Instant)>,
}

impl<C, S> Relay<C, S>
where
    C: AsyncRead + AsyncWrite + Unpin,
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// A tunnel between two sockets, each with the bytes that were read off it before.
    pub(super) fn new(
        (client, from_client): (C, Bytes),
        (server, from_server): (S, Bytes),
        limits: Limits,
    ) -> Self {
        let now = now();
        Self {
            client,
            server,
            up: Way::new(from_client, now),
            down: Way::new(from_server, now),
            limits,
            alarm: Alarm::default(),
            first: None,
            parting: None,
        }
    }

    /// Bytes that went to the server, and to the client.
    pub(super) fn bytes(&self) -> (u64, u64) {
        (self.up.bytes, self.down.bytes)
    }

    /// Runs it to its end; it says farewell once `closing` is ready.
    pub(super) async fn run(&mut self, closing: impl Future<Output = ()>) -> End {
        let mut closing = pin!(closing);
        poll_fn(|cx| {
            if self.parting.is_none() && closing.as_mut().poll(cx).is_ready() {
                self.part(End::Drained, now());
            }
            self.poll(cx)
        })
        .await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        loop {
            if let Some(end) = self.flow(cx) {
                return Poll::Ready(end);
            }
            let Some((at, why)) = self.due() else {
                return Poll::Pending;
            };
            if self.alarm.poll(at, cx).is_pending() {
                return Poll::Pending;
            }
            // Whoever takes nothing takes no farewell either.
            if self.parting.is_some() || why == End::Stalled || why == End::Broken || !self.limits.farewell {
                return Poll::Ready(why);
            }
            self.part(why, now());
        }
    }

    /// Moves bytes; tells how it ended if it did.
    fn flow(&mut self, cx: &mut Context<'_>) -> Option<End> {
        let now = now();
        let up = self.up.poll(cx, (&mut self.client, &mut self.server), now);
        if self.up.has_ended() {
            self.first.get_or_insert(End::Abandoned);
        }
        let down = self.down.poll(cx, (&mut self.server, &mut self.client), now);
        if self.down.has_ended() {
            self.first.get_or_insert(End::Broken);
        }
        match (up, down) {
            (Err(Broken::Sender), _) | (_, Err(Broken::Receiver)) => Some(self.verdict(End::Abandoned)),
            (Err(Broken::Receiver), _) | (_, Err(Broken::Sender)) => Some(self.verdict(End::Broken)),
            _ if self.up.is_over() && self.down.is_over() => Some(self.verdict(End::Complete)),
            _ if self.parting.is_some() && self.up.is_parted() && self.down.is_parted() => {
                self.hang_up(cx);
                Some(self.verdict(End::Complete))
            }
            _ => None,
        }
    }

    /// A tunnel that was ended by us ended for that reason; one in which a close frame was sent is complete;
    /// else whoever hung up first is why it ended.
    fn verdict(&self, end: End) -> End {
        match (self.parting, self.first) {
            (Some((why, _)), _) => why,
            _ if self.limits.farewell && (self.up.is_closed() || self.down.is_closed()) => End::Complete,
            _ if !self.limits.farewell && self.up.is_over() && self.down.is_over() => End::Complete,
            (None, Some(first)) => first,
            (None, None) => end,
        }
    }

    /// When to look again, and what has happened by then.
    fn due(&self) -> Option<(Instant, End)> {
        if let Some((why, by)) = self.parting {
            return Some((by, why));
        }
        let mut idle = self.limits.idle;
        let mut silence = End::TooSlow(TooSlow::Idle);
        if self.first.is_some() {
            idle = Some(idle.map_or(HALF_OPEN, |idle| idle.min(HALF_OPEN)));
            silence = self.verdict(silence);
        }
        let after = |since: Option<Instant>, end| Some((since? + idle?, end));
        let dues = [
            after(Some(self.up.moved.max(self.down.moved)), silence),
            after(self.down.blocked, End::Stalled),
            after(self.up.blocked, End::Broken),
            self.limits.until.map(|at| (at, End::TooSlow(TooSlow::Duration))),
        ];
        dues.into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// Tells both peers that it is over, each after the frame it is getting.
    fn part(&mut self, why: End, now: Instant) {
        self.parting = Some((why, now + self.limits.grace));
        if !self.limits.farewell {
            return;
        }
        self.up.part(farewell(Some(fastrand::u32(..).to_ne_bytes())));
        self.down.part(farewell(None));
    }

    /// Ends both connections in order. They end anyway when they are dropped, so one try will do.
    fn hang_up(&mut self, cx: &mut Context<'_>) {
        let _ended = Pin::new(&mut self.client).poll_shutdown(cx);
        let _ended = Pin::new(&mut self.server).poll_shutdown(cx);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
