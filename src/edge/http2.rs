//! One HTTP/2 connection: hyper reads and writes frames on it under limits of ours, the stack answers each
//! request in a task of its own, and the same lazy timer as for HTTP/1.1 ends connections nobody uses.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::server::conn::http2;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::watch;
use tower::Service;

use crate::edge::entry::{Entry, closed, report};
use crate::edge::frames::{Frames, Parting};
use crate::edge::pressure::near;
use crate::edge::slow_reader::Streams;
use crate::edge::tap::Tap;
use crate::gateway::listener::Listener;
use crate::http::exchange::Response;
use crate::http::h2_guard::{Bounds, Guard};
use crate::http::phase::{Phase, State};
use crate::observe::metrics::Metrics;
use crate::stack::enter::Arrival;

/// Requests of one connection at once: what RFC 9113 §6.5.2 asks for at least, and what browsers use.
const STREAMS: u32 = 100;
/// Bytes that one stream may send before the application takes them.
const STREAM_WINDOW: u32 = 1 << 20;
/// And all streams of a connection together: more, so that one that is not taken leaves some to the others.
const CONNECTION_WINDOW: u32 = STREAM_WINDOW + (256 << 10);
/// Bytes that a stream holds for a client that reads slowly before no more is asked for; the last piece may go beyond it.
const SEND_BUFFER: usize = 32 << 10;
/// Streams opened and reset before we came to them, kept as numbers only; beyond, the connection ends (rapid
/// reset, CVE-2023-44487).
const UNSEEN_RESETS: usize = 20;
/// Streams that h2 had to reset for the client's faults in the whole life of a connection. The guard is stricter with
/// an attacker (CVE-2025-8671) and kinder to a long life; this is for what it might not see.
const OUR_RESETS: usize = 4096;
/// How often a client must show that it is there, while a request is under way or not.
const PING_EVERY: Duration = Duration::from_secs(30);
/// And how long it may take to.
const PING_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a client may take to read that the connection ends.
const GOODBYE: Duration = Duration::from_secs(1);

/// Serves a connection to its end.
pub(super) async fn serve<S>(
    tap: Tap,
    listener: &Listener,
    entry: Entry<S>,
    mut closing: watch::Receiver<bool>,
    mut watchdog: Pin<&mut impl Future<Output = State>>,
    metrics: &Arc<Metrics>,
) where
    S: Service<Arrival, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static,
{
    let phase = Arc::clone(&entry.connection.phase);
    let account = Arc::clone(&entry.connection.memory);
    let guard = Guard::new(Bounds::of(listener.max_head), Instant::now());
    let (frames, mut parting) = Frames::new(tap, guard, Arc::clone(&phase));
    let streams = Streams::of(&phase);
    let entry = entry.with_streams(streams.clone());
    let mut serving = pin!(builder(listener, streams).serve_connection(TokioIo::new(frames), entry));
    let mut asked_to_end = false;
    let mut memory = account.changes();
    loop {
        tokio::select! {
            biased;
            outcome = &mut serving => {
                if let Ok(parting) = parting.try_recv() {
                    return part(parting, metrics).await;
                }
                if let Some(reason) = outcome.as_ref().err().and_then(clients_fault) {
                    metrics.malformed.count(reason);
                }
                return report(outcome, metrics);
            }
            () = closed(&mut closing), if !asked_to_end => {
                asked_to_end = true;
                serving.as_mut().graceful_shutdown();
            }
            state = &mut watchdog => {
                if matches!(state, State::Stalled | State::Lagging) {
                    return;
                }
                serving.as_mut().graceful_shutdown();
                let _told = tokio::time::timeout(GOODBYE, serving).await;
                return;
            }
            () = account.is_reset() => return,
            () = near(&mut memory), if !asked_to_end && !phase.is_busy() => {
                asked_to_end = true;
                serving.as_mut().graceful_shutdown();
            }
            () = unused(&phase), if asked_to_end => return,
        }
    }
}

/// Ends a connection for what its client did to it.
async fn part(parting: Parting, metrics: &Metrics) {
    let flood = parting.fault.is_flood();
    metrics
        .malformed
        .count(if flood { "http2_flood" } else { "http2" });
    tracing::debug!(fault = parting.fault.why, code = ?parting.fault.code, "a client connection of HTTP/2 was ended");
    parting.farewell().await;
}

/// Until no request is under way, and the client has had time to hear that the connection ends. A polite end
/// waits for the client to say that it has heard (RFC 9113 §6.8); one that says nothing would hold up a stop.
async fn unused(phase: &Phase) {
    loop {
        tokio::time::sleep(GOODBYE).await;
        if !phase.is_busy() {
            return;
        }
    }
}

/// Frames that broke the rules or were sent to wear us out: what is to blame on neither the socket nor time.
/// Of a flood of resets hyper may take notice before the guard does.
fn clients_fault(error: &hyper::Error) -> Option<&'static str> {
    let cause = error.source().filter(|cause| !cause.is::<io::Error>())?;
    let code = cause.downcast_ref().and_then(h2::Error::reason);
    if error.is_timeout() {
        None
    } else if code == Some(h2::Reason::ENHANCE_YOUR_CALM) {
        Some("http2_flood")
    } else {
        Some("http2")
    }
}

fn builder(listener: &Listener, streams: Streams) -> http2::Builder<Streams> {
    let mut builder = http2::Builder::new(streams);
    builder
        .timer(TokioTimer::new())
        .enable_connect_protocol()
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(u32::try_from(listener.max_head).unwrap_or(u32::MAX))
        .max_send_buf_size(SEND_BUFFER)
        .max_pending_accept_reset_streams(UNSEEN_RESETS)
        .max_local_error_reset_streams(OUR_RESETS)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_TIMEOUT);
    builder
}
