//! One HTTP/2 connection to a server, and the seats on it: as many as the server takes streams, counted by us,
//! since a stream too many waits unseen or is refused.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use socket2::SockRef;
use tokio::net::TcpStream;

use crate::upstream::alarm::Alarm;
use crate::upstream::http2::ears::{Ears, Listening};
use crate::upstream::http2::outgoing::Outgoing;
use crate::upstream::now;
use crate::upstream::socket::Socket;
use crate::upstream::transport::{Http2, Transport};

/// The most streams on one connection, whatever the server takes: it bounds what one broken connection breaks.
const MOST_STREAMS: usize = 100;
/// What a stream may send before it is read: enough for a fast network, too little to matter a hundred times.
const STREAM_WINDOW: u32 = 256 * 1024;
/// Room for all streams at once, so that clients that read slowly cannot stop the others' answers.
const CONNECTION_WINDOW: u32 = STREAM_WINDOW * 100;
/// The most a head may weigh, as in HTTP/1.1; and the most of a body that is held for the server.
const BUFFER: usize = 64 * 1024;
/// How long a connection waits for its first request, which is why it was made.
const FRESH: Duration = Duration::from_secs(1);
/// How long the network may keep bytes from the server without a sign of life. No PING is needed for that.
const UNACKNOWLEDGED: Duration = Duration::from_secs(10);

/// A connection. It ends once nobody has it and its streams are done.
pub(super) struct Link {
    sender: SendRequest<Outgoing>,
    ears: Arc<Ears>,
    open: AtomicUsize,
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
pub(super) struct Seat {
    link: Arc<Link>,
    /// Whether another stream had this connection before.
    pub(super) reused: bool,
    pub(super) alarm: Alarm,
    heard: u64,
}

impl Link {
    /// Connects, verifies, and waits for the server's greeting, all by the moment given.
    pub(super) async fn open(
        transport: &Transport,
        terms: &Http2,
        address: SocketAddr,
        by: Instant,
    ) -> io::Result<Arc<Self>> {
        let socket = transport.open(address, &[], by).await?;
        // A hint to the system: where it is not taken, deadlines and PING do the rest.
        let _unsupported = SockRef::from(tcp(&socket)).set_tcp_user_timeout(Some(UNACKNOWLEDGED));
        let ears = Arc::new(Ears::default());
        let io = TokioIo::new(Listening::new(socket, Arc::clone(&ears)));
        let (sender, connection) = Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(u32::try_from(BUFFER).unwrap_or(u32::MAX))
            .max_send_buf_size(BUFFER)
            .keep_alive_interval(terms.ping)
            .keep_alive_timeout(terms.ping_timeout)
            .handshake(io)
            .await
            .map_err(io::Error::other)?;
        tokio::spawn(async move {
            // The requests on it are told of its failure; between requests there is nobody to tell.
            let _ = connection.await;
        });
        tokio::time::timeout_at(by.into(), ears.greeting())
            .await
            .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no greeting in HTTP/2"))??;
        if ears.limit() == 0 {
            return Err(io::Error::other("the server takes no streams"));
        }
        Ok(Arc::new(Self {
            sender,
            ears,
            open: AtomicUsize::new(0),
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
        if self.sender.is_closed() || self.ears.is_leaving() || self.suspect.load(Relaxed) {
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
    pub(super) fn seat(self: &Arc<Self>, reused: bool) -> Option<Seat> {
        let open = self.open.load(Relaxed);
        if open >= self.ears.limit().min(MOST_STREAMS) {
            return None;
        }
        // All who come and go here are of one worker, so nothing can happen in between.
        self.open.store(open + 1, Relaxed);
        Some(Seat {
            link: Arc::clone(self),
            reused,
            alarm: self.rest().alarms.pop().unwrap_or_default(),
            heard: self.ears.heard(),
        })
    }

    fn rest(&self) -> MutexGuard<'_, Rest> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// The way to send the request.
    pub(super) fn sender(&self) -> SendRequest<Outgoing> {
        self.link.sender.clone()
    }

    /// The request waited in vain. If nothing came for anybody since it was sent, the connection may be dead,
    /// and the next request had better not find out.
    pub(super) fn waited_in_vain(&self) {
        if self.link.ears.heard() == self.heard {
            self.link.suspect.store(true, Relaxed);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let left = self.link.open.load(Relaxed).saturating_sub(1);
        self.link.open.store(left, Relaxed);
        let mut rest = self.link.rest();
        rest.alarms.push(std::mem::take(&mut self.alarm));
        if left == 0 {
            rest.since = now();
        }
    }
}

fn tcp(socket: &Socket) -> &TcpStream {
    match socket {
        Socket::Plain(socket) => socket,
        Socket::Tls(socket) => socket.get_ref().0,
    }
}
