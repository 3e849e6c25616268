//! One client connection: hyper reads and writes HTTP/1.1 on it, the stack answers, and one lazy timer
//! ends heads that trickle in and connections nobody uses.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderValue, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service as HyperService;
use socket2::SockRef;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tower::util::Oneshot;
use tower::{Service, ServiceExt};

use crate::edge::tap::Tap;
use crate::edge::tunnel;
use crate::gateway::listener::Listener;
use crate::http::exchange::{Connection, Response};
use crate::http::phase::{Patience, Phase, State};
use crate::http::problem::Problem;
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

/// The stack as hyper calls it.
struct Entry<S> {
    stack: S,
    connection: Arc<Connection>,
    lane: Arc<Lane>,
}

impl<S> HyperService<Request<Incoming>> for Entry<S>
where
    S: Service<Arrival, Response = Response, Error = Infallible> + Clone,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Oneshot<S, Arrival>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let arrival = Arrival::new(request, Arc::clone(&self.connection), Arc::clone(&self.lane));
        self.connection.phase.asked(arrival.arrived);
        self.stack.clone().oneshot(arrival)
    }
}

type Serving<S> = http1::Connection<Tap, Entry<S>>;

/// Serves a connection to its end.
pub async fn serve<S>(socket: TcpStream, listener: &Listener, client: Client, stack: S)
where
    S: Service<Arrival, Response = Response, Error = Infallible> + Clone,
{
    let Client {
        connection,
        lane,
        mut closing,
        metrics,
    } = client;
    let phase = Arc::clone(&connection.phase);
    let after = tunnel::After::of(&connection);
    let entry = Entry {
        stack,
        connection,
        lane,
    };
    let mut serving = builder(listener).serve_connection(Tap::new(socket, Arc::clone(&phase)), entry);
    let patience = Patience {
        head: listener.request_head,
        idle: listener.keep_alive_idle,
    };
    let watchdog = overdue(&phase, patience);
    tokio::pin!(watchdog);
    let mut asked_to_end = false;
    loop {
        tokio::select! {
            biased;
            outcome = &mut serving => return match outcome {
                Ok(()) => after.go_on(|| socket_of(serving), closing).await,
                Err(error) => report(&error, &metrics),
            },
            () = closed(&mut closing), if !asked_to_end => {
                asked_to_end = true;
                Pin::new(&mut serving).graceful_shutdown();
            }
            state = &mut watchdog => {
                if state == State::Stalled {
                    phase.stalled(Instant::now());
                }
                return give_up(serving, state, &metrics).await;
            }
        }
    }
}

/// Waits until a door closes.
pub(super) async fn closed(closing: &mut watch::Receiver<bool>) {
    // A door that is gone is closed.
    let _gone = closing.wait_for(|closing| *closing).await.is_err();
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
            return state;
        }
        timer.as_mut().reset(at.into());
    }
}

/// The socket, and what was read off it and is not yet answered.
fn socket_of<S>(serving: Serving<S>) -> (Tap, Bytes)
where
    S: Service<Arrival, Response = Response, Error = Infallible> + Clone,
{
    let parts = serving.into_parts();
    (parts.io, parts.read_buf)
}

/// Ends a connection whose patience is over; one that owes us the rest of a head is told so.
async fn give_up<S>(serving: Serving<S>, state: State, metrics: &Metrics)
where
    S: Service<Arrival, Response = Response, Error = Infallible> + Clone,
{
    if state == State::Stalled {
        // What the kernel still holds for this client is never fetched; without a reset it would be kept for minutes.
        let _gone = SockRef::from(&serving.into_parts().io.into_socket()).set_linger(Some(Duration::ZERO));
        return;
    }
    if state != State::Head {
        return;
    }
    let refusal = Refusal::RequestTimeout(Deadline::RequestHead);
    metrics.refusals.count(refusal.code());
    tracing::debug!(refusal = refusal.code(), "a request head did not arrive in time");
    let mut socket = serving.into_parts().io.into_socket();
    // One try: a client this slow may not read either.
    let _ = tokio::time::timeout(Duration::from_secs(1), async {
        socket.write_all(&bare(&refusal)).await?;
        socket.shutdown().await
    })
    .await;
}

/// A refusal without an exchange: there was never a request to have an id.
fn bare(refusal: &Refusal) -> Vec<u8> {
    let words = refusal.to_string();
    let none = HeaderValue::from_static("");
    let mut problem = Problem::new(refusal.status(), refusal.code(), &words, &none);
    problem.timeout = refusal.deadline().map(Deadline::name);
    let body = problem.body();
    let head = format!(
        "HTTP/1.1 {}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        refusal.status(),
        body.len()
    );
    [head.into_bytes(), body].concat()
}

/// What was no HTTP is counted by kind; hyper has answered it with a bare 400, 414 or 431.
fn report(error: &hyper::Error, metrics: &Metrics) {
    if error.is_parse_too_large() {
        metrics.malformed.count("too_large");
    } else if error.is_parse() {
        metrics.malformed.count("syntax");
    }
    tracing::debug!(error = %error, "a client connection ended in a fault");
}
