//! One client connection: which HTTP it speaks is found out, hyper reads and writes it, the stack answers, and
//! one lazy timer ends heads that trickle in and connections nobody uses.

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use hyper::server::conn::http1;
use tokio::io::AsyncWriteExt;
use tokio::sync::watch;
use tower::Service;

use crate::edge::bare::{bare, fresh_id};
use crate::edge::entry::{Entry, closed, report};
use crate::edge::greeting::{Spoken, listen};
use crate::edge::http2;
use crate::edge::socket::Socket;
use crate::edge::tap::Tap;
use crate::edge::tunnel;
use crate::gateway::listener::Listener;
use crate::http::exchange::{Connection, Response};
use crate::http::phase::{Patience, Phase, State};
use crate::http::refusal::{Deadline, Refusal};
use crate::observe::metrics::Metrics;
use crate::stack::enter::Arrival;
use crate::stack::passage::Lane;

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
        state = &mut watchdog => return give_up(socket, state, &metrics).await,
    };
    let Ok(spoken) = spoken else { return };
    let tap = Tap::new(socket, early.freeze(), spoken, Arc::clone(&phase));
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
    let phase = Arc::clone(&entry.connection.phase);
    let after = tunnel::After::of(&entry.connection);
    let mut serving = builder(listener).serve_connection(tap, entry);
    let mut asked_to_end = false;
    loop {
        tokio::select! {
            biased;
            outcome = &mut serving => {
                let in_order = outcome.is_ok();
                report(outcome, metrics);
                if !in_order && phase.is_old() {
                    // To a client of HTTP/1.0 a close is the end of the body, and this was none.
                    return socket_of(serving).0.into_socket().reset();
                }
                if in_order {
                    after.go_on(|| socket_of(serving), closing).await;
                }
                return;
            }
            () = closed(&mut closing), if !asked_to_end => {
                asked_to_end = true;
                Pin::new(&mut serving).graceful_shutdown();
            }
            state = &mut watchdog => {
                return give_up(serving.into_parts().io.into_socket(), state, metrics).await;
            }
        }
    }
}

fn builder(listener: &Listener) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .max_buf_size(listener.max_head)
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
        timer.as_mut().await;
        let now = Instant::now();
        let (at, state) = phase.deadline(patience, now);
        if at <= now {
            if state == State::Stalled {
                phase.stalled(now);
            }
            return state;
        }
        timer.as_mut().reset(at.into());
    }
}

/// The socket, and what was read off it and is not yet answered.
fn socket_of<S>(serving: http1::Connection<Tap, Entry<S>>) -> (Tap, Bytes)
where
    S: Service<Arrival, Response = Response, Error = Infallible> + Clone,
{
    let parts = serving.into_parts();
    (parts.io, parts.read_buf)
}

/// Ends a connection whose patience is over; one that owes us the rest of a head is told so.
async fn give_up(mut socket: Socket, state: State, metrics: &Metrics) {
    if state == State::Stalled {
        return socket.reset();
    }
    if state != State::Head {
        return;
    }
    let refusal = Refusal::RequestTimeout(Deadline::RequestHead);
    let request_id = fresh_id();
    metrics.refusals.count(refusal.code());
    tracing::debug!(
        request_id = request_id.to_str().unwrap_or_default(),
        refusal = refusal.code(),
        "a request head did not arrive in time"
    );
    // One try: a client this slow may not read either.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(1), async {
        socket.write_all(&bare(&refusal, &request_id)).await?;
        socket.shutdown().await
    })
    .await;
}
