//! One client connection: which HTTP it speaks is found out, hyper reads and writes it, the stack answers, and
//! one lazy timer ends heads that trickle in and connections nobody uses.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::sync::watch;
use tower::Service;

use crate::edge::entry::{Entry, closed, report};
use crate::edge::greeting::{Spoken, listen};
use crate::edge::http2;
use crate::edge::pressure::near;
use crate::edge::screen::Screen;
use crate::edge::socket::Socket;
use crate::edge::tap::Tap;
use crate::edge::tunnel;
use crate::gateway::listener::Listener;
use crate::http::connection::Connection;
use crate::http::exchange::Response;
use crate::http::phase::{Patience, Phase, State};
use crate::http::refusal::Deadline;
use crate::observe::metrics::Metrics;
use crate::stack::enter::Arrival;
use crate::stack::passage::Lane;

/// How much of an answer is gathered before it is written, in bytes. Measured at 100 KiB and 1 MiB: each write wakes
/// the reader at the other end, which costs more than memory does. Heads are bounded by their guard, not by this.
const WRITTEN_AT_ONCE: usize = 128 * 1024;
/// How long a client that was told that its request comes too late may take to read it.
const GOODBYE: Duration = Duration::from_secs(3);

/// What a connection needs of its worker and its door.
pub struct Client {
    /// The facts of the connection.
    pub connection: Arc<Connection>,
    /// The worker's part.
    pub lane: Arc<Lane>,
    /// Becomes true when the connection shall end after the answer it is at.
    pub closing: watch::Receiver<bool>,
    /// The counters of the process.
    pub metrics: Arc<Metrics>,
}

/// Serves a connection to its end, in the version of HTTP that the client speaks.
pub async fn serve<S>(mut socket: Socket, listener: &Listener, client: Client, stack: S)
where
    S: Service<Arrival, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static,
{
    let Client {
        connection,
        lane,
        mut closing,
        metrics,
    } = client;
    let phase = Arc::clone(&connection.phase);
    let entry = Entry::new(stack, connection, lane);
    let patience = Patience {
        head: listener.request_head,
        idle: listener.keep_alive_idle,
    };
    let mut watchdog = pin!(overdue(&phase, patience));
    let mut early = BytesMut::new();
    let spoken = tokio::select! {
        biased;
        spoken = listen(&mut socket, &mut early, &phase) => spoken,
        () = closed(&mut closing) => return,
        state = &mut watchdog => {
            if state != State::Head {
                return give_up(socket, state, &metrics);
            }
            // Not enough to tell what it speaks; HTTP/1.1 has a word for that.
            entry.connection.unread.give_up();
            early.clear();
            Ok(Spoken::One)
        }
    };
    let Ok(spoken) = spoken else { return };
    let tap = Tap::new(socket, early.freeze(), spoken, &entry.connection);
    match spoken {
        Spoken::One => serve_http1(tap, listener, entry, closing, watchdog, &metrics).await,
        // In a box of its own, since every connection would hold room for it.
        Spoken::Two => Box::pin(http2::serve(tap, listener, entry, closing, watchdog, &metrics)).await,
    }
}

async fn serve_http1<S>(
    tap: Tap,
    listener: &Listener,
    entry: Entry<S>,
    mut closing: watch::Receiver<bool>,
    mut watchdog: Pin<&mut impl Future<Output = State>>,
    metrics: &Metrics,
) where
    S: Service<Arrival, Response = Response, Error = Infallible> + Clone,
{
    let connection = Arc::clone(&entry.connection);
    let phase = Arc::clone(&connection.phase);
    let after = tunnel::After::of(&connection);
    let screen = TokioIo::new(Screen::new(tap, listener, Arc::clone(&connection)));
    // Boxed, since a future keeps room for a value at each place it is moved through.
    let mut serving = Box::new(builder(listener).serve_connection(screen, entry));
    let mut asked_to_end = false;
    let mut memory = connection.memory.changes();
    while !connection.unread.is_overdue() {
        tokio::select! {
            biased;
            outcome = &mut *serving => {
                let in_order = outcome.is_ok();
                report(outcome, metrics);
                if !in_order && phase.is_old() {
                    // To a client of HTTP/1.0 a close is the end of the body, and this was none.
                    return socket_of(*serving).0.into_socket().reset();
                }
                if in_order {
                    after.go_on(|| socket_of(*serving), closing).await;
                }
                return;
            }
            () = closed(&mut closing), if !asked_to_end => {
                asked_to_end = true;
                Pin::new(&mut *serving).graceful_shutdown();
            }
            () = connection.memory.is_reset() => return socket_of(*serving).0.into_socket().reset(),
            () = near(&mut memory), if !asked_to_end && !phase.is_busy() => {
                asked_to_end = true;
                Pin::new(&mut *serving).graceful_shutdown();
            }
            state = &mut watchdog => {
                if state != State::Head {
                    let (tap, _) = socket_of(*serving);
                    return give_up(tap.into_socket(), state, metrics);
                }
                connection.unread.give_up();
            }
        }
    }
    let _told = tokio::time::timeout(GOODBYE, serving).await;
}

fn builder(listener: &Listener) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .max_buf_size(WRITTEN_AT_ONCE.max(listener.max_head))
        .max_headers(listener.max_headers)
        // Heads are timed by the phase, which tells a slow head from an idle connection.
        .header_read_timeout(None)
        // A client that half-closes after its request is gone for all we know.
        .half_close(false);
    builder
}

/// Waits until the connection's patience is over; sets its timer anew only when it rings.
async fn overdue(phase: &Phase, patience: Patience) -> State {
    let timer = tokio::time::sleep_until(phase.deadline(patience, Instant::now()).0.into());
    tokio::pin!(timer);
    loop {
        poll_fn(|cx| {
            if phase.take_nudge() {
                let (at, _) = phase.deadline(patience, Instant::now());
                timer.as_mut().reset(at.into());
            }
            timer.as_mut().poll(cx)
        })
        .await;
        let now = Instant::now();
        let (at, state) = phase.deadline(patience, now);
        if at <= now {
            if matches!(state, State::Stalled | State::Lagging) {
                phase.gave_up(state, now);
            }
            return state;
        }
        timer.as_mut().reset(at.into());
    }
}

/// The socket, and what was read off it and is not yet answered.
fn socket_of<S>(serving: http1::Connection<TokioIo<Screen>, Entry<S>>) -> (Tap, Bytes)
where
    S: Service<Arrival, Response = Response, Error = Infallible> + Clone,
{
    let parts = serving.into_parts();
    parts.io.into_inner().into_parts(parts.read_buf)
}

/// Ends a connection whose patience is over and that is owed no answer.
fn give_up(socket: Socket, state: State, metrics: &Metrics) {
    let timeout = match state {
        // The request's own account says which.
        State::Stalled | State::Lagging => return socket.reset(),
        State::Idle => "keep_alive_idle",
        State::Silent | State::Head | State::Busy => Deadline::RequestHead.name(),
    };
    metrics.timeouts.count(timeout);
    tracing::debug!(timeout, "a client connection was closed");
}
