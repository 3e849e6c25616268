//! One HTTP/2 connection to a server, and the seats on it: as many as the server takes streams, counted by us,
//! since a stream too many waits unseen or is refused.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::client::{Builder, ResponseFuture, SendRequest};
use http::Request;
use http_body::Body as _;
use socket2::SockRef;

use crate::upstream::alarm::Alarm;
use crate::upstream::http2::body_sender::send_body;
use crate::upstream::http2::head::say_length;
use crate::upstream::http2::instrumented::Instrumented;
use crate::upstream::http2::keepalive::Keepalive;
use crate::upstream::http2::observer::Observer;
use crate::upstream::http2::outgoing::Outgoing;
use crate::upstream::now;
use crate::upstream::transport::{Http2, Transport};

/// The most streams on one connection, whatever the server takes: it bounds what one broken connection breaks.
const MOST_STREAMS: u32 = 100;
/// What may come of an answer before its client takes it, in bytes.
const STREAM_WINDOW: u32 = 64 * 1024;
/// Room for all streams at once, so that clients that read slowly cannot stop the others' answers.
const CONNECTION_WINDOW: u32 = STREAM_WINDOW * MOST_STREAMS;
/// How many streams that were reset are remembered, and for how long: what a server still sends on them is passed over, where each
/// frame on one that is forgotten would be answered by another reset.
const REMEMBERED: (usize, Duration) = (1000, Duration::from_secs(10));
/// Timers that are kept for the next requests.
const MOST_ALARMS: usize = 16;
/// The most of a body that is held for the server.
const BUFFER: usize = 64 * 1024;
/// How long a connection waits for its first request, which is why it was made.
const FRESH: Duration = Duration::from_secs(1);
/// How long the network may keep bytes from the server without a sign of life. No PING is needed for that. The system counts a
/// server that reads nothing among them (tcp(7)), which may be busy for a while, but answers nobody meanwhile.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);
/// How long there may be silence for a request whose client leaves before the connection is in doubt.
const SILENCE: Duration = Duration::from_secs(1);

/// A connection. It ends once nobody has it and its streams are done.
pub(in crate::upstream) struct Link {
    sender: SendRequest<Bytes>,
    observer: Arc<Observer>,
    /// How many streams there are.
    open: Arc<AtomicUsize>,
    /// A request waited in vain and heard nothing of anybody: nothing new begins here.
    suspect: AtomicBool,
    rest: Mutex<Rest>,
}

struct Rest {
    /// Since when no stream is open.
    since: Instant,
    /// How long it may be used again after that, as the last who asked had it.
    pool_idle: Duration,
    /// Timers of earlier requests, which are cheaper to keep than to make.
    alarms: Vec<Alarm>,
}

/// A place for one stream.
pub(in crate::upstream) struct Seat {
    link: Arc<Link>,
    /// Whether another stream had this connection before.
    pub(in crate::upstream) reused: bool,
    pub(in crate::upstream) alarm: Alarm,
    since: Instant,
    heard: u64,
}

impl Link {
    /// Connects, verifies, and waits for the server's greeting, all by the moment given.
    pub(in crate::upstream) async fn open(
        transport: &Transport,
        terms: &Http2,
        address: SocketAddr,
        by: Instant,
    ) -> io::Result<Arc<Self>> {
        let socket = transport.open(address, &[], by).await?;
        // A hint to the system: where it is not taken, deadlines and PING do the rest.
        let _unsupported = SockRef::from(socket.tcp()).set_tcp_user_timeout(Some(UNACKNOWLEDGED));
        let observer = Arc::<Observer>::default();
        let (sender, mut connection) = Builder::new()
            .enable_push(false)
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .initial_max_send_streams(MOST_STREAMS as usize)
            .max_header_list_size(terms.max_head)
            .max_send_buffer_size(BUFFER)
            .max_concurrent_reset_streams(REMEMBERED.0)
            .reset_stream_duration(REMEMBERED.1)
            // A broken answer is its stream's end, and not that of all others after a thousand of them; nor are small pieces of
            // answers that nobody wants any more. What comes at all is bounded by the windows.
            .max_local_error_reset_streams(None)
            .data_frame_budget(usize::MAX)
            .handshake(Instrumented::new(socket, &observer))
            .await
            .map_err(io::Error::other)?;
        let open = Arc::<AtomicUsize>::default();
        let keepalive = connection
            .ping_pong()
            .and_then(|pings| Keepalive::new(pings, terms, &observer, &open));
        let heard = Arc::clone(&observer);
        tokio::spawn(async move {
            // The requests on it are told of its failure; between requests there is nobody to tell.
            tokio::select! {
                _ = connection => {}
                () = Keepalive::gone(keepalive) => {}
            }
            heard.over();
        });
        tokio::time::timeout_at(by.into(), observer.greeting())
            .await
            .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no greeting in HTTP/2"))??;
        if observer.limit() == 0 {
            return Err(io::Error::other("the server takes no streams"));
        }
        Ok(Arc::new(Self {
            sender,
            observer,
            open,
            suspect: AtomicBool::new(false),
            rest: Mutex::new(Rest {
                since: now(),
                pool_idle: FRESH,
                alarms: Vec::new(),
            }),
        }))
    }

    /// Whether it may serve further requests, now or when a seat is free.
    pub(super) fn is_fit(&self, now: Instant, pool_idle: Duration) -> bool {
        self.rest().pool_idle = pool_idle;
        !self.is_stale(now)
    }

    /// Whether it is of no use any more.
    pub(super) fn is_stale(&self, now: Instant) -> bool {
        if self.observer.is_over() || self.observer.is_leaving() || self.suspect.load(Relaxed) {
            return true;
        }
        let rest = self.rest();
        self.is_idle() && now.saturating_duration_since(rest.since) >= rest.pool_idle
    }

    /// Whether no stream is open.
    pub(super) fn is_idle(&self) -> bool {
        self.open.load(Relaxed) == 0
    }

    /// A seat, if one is free.
    pub(in crate::upstream) fn seat(self: &Arc<Self>, reused: bool, now: Instant) -> Option<Seat> {
        let open = self.open.load(Relaxed);
        if open >= self.observer.limit().min(MOST_STREAMS as usize) {
            return None;
        }
        // All who come and go here are of one worker, so nothing can happen in between.
        self.open.store(open + 1, Relaxed);
        Some(Seat {
            link: Arc::clone(self),
            reused,
            alarm: self.rest().alarms.pop().unwrap_or_default(),
            since: now,
            heard: self.observer.heard(),
        })
    }

    fn rest(&self) -> MutexGuard<'_, Rest> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Sends a request; its answer comes once there is one.
    pub(in crate::upstream) fn send(
        &self,
        mut request: Request<()>,
        body: Outgoing,
    ) -> Result<ResponseFuture, h2::Error> {
        say_length(&mut request, body.size_hint().exact());
        let ends = body.is_end_stream();
        let sent = self.link.sender.clone().send_request(request, ends);
        // It is of no use any more: it has ended, or there are no numbers left for streams.
        let (answer, stream) = sent.inspect_err(|_| self.link.suspect.store(true, Relaxed))?;
        if !ends {
            tokio::spawn(send_body(body, stream));
        }
        Ok(answer)
    }

    /// The answer has begun: there is nothing to wait for any more.
    pub(in crate::upstream) fn answered(&mut self) {
        let alarm = std::mem::take(&mut self.alarm);
        let alarms = &mut self.link.rest().alarms;
        if alarms.len() < MOST_ALARMS {
            alarms.push(alarm);
        }
    }

    /// The request waited in vain. If nothing came for anybody since it was sent, the connection may be dead,
    /// and the next request had better not find out.
    pub(in crate::upstream) fn waited_in_vain(&self) {
        if self.heard_nothing() {
            self.link.suspect.store(true, Relaxed);
        }
    }

    /// Whether nothing came for anybody since it was taken.
    fn heard_nothing(&self) -> bool {
        self.link.observer.heard() == self.heard
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let left = self.link.open.load(Relaxed).saturating_sub(1);
        self.link.open.store(left, Relaxed);
        // Clients that leave before any deadline would keep each other on a connection that is dead.
        if self.heard_nothing() && now().saturating_duration_since(self.since) >= SILENCE {
            self.link.suspect.store(true, Relaxed);
        }
        let mut rest = self.link.rest();
        if left == 0 {
            rest.since = now();
        }
    }
}
