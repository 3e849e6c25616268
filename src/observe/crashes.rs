//! Crash reports: panics and 5xx answers become events at Sentry, a share of the requests transactions.
//! Workers hand over a small record and go on; one thread does the rest. Whatever Sentry does, no request
//! waits for it and memory stays bounded. What a report may say of a request is a [`Case`], and no more.

mod budget;
mod case;
mod desk;
mod dsn;
mod hook;
mod letter;
mod outbox;
mod post;
mod sampling;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::mpsc as blocking;
use std::thread;
use std::time::{Duration, SystemTime};

use tokio::sync::{mpsc, oneshot};

pub use case::{Case, method_name};
pub use dsn::Dsn;
pub use post::PostError;
pub use sampling::Sampling;

use crate::observe::metrics::Metrics;
use desk::Desk;
use hook::Panicked;
use letter::Writer;
use post::Post;

/// Records that may wait for the thread; beyond them reports are lost rather than memory.
const QUEUE: usize = 1024;
/// How long `sentry-test` waits for an answer.
const TEST_PATIENCE: Duration = Duration::from_secs(10);

/// What `[sentry]` comes to, where it is on.
#[derive(Clone, PartialEq)]
pub struct Settings {
    /// Where reports go.
    pub dsn: Dsn,
    /// What they call this place.
    pub environment: String,
    /// What they call this version.
    pub release: String,
    /// Whose timing is sent.
    pub sampling: Sampling,
    /// Events a minute at most.
    pub events_per_minute: u32,
}

/// The reporter of the process.
pub struct Reporter {
    lane: Lane,
    settings: Settings,
    limit: Arc<AtomicU32>,
    stop: oneshot::Sender<Duration>,
    ended: blocking::Receiver<bool>,
}

/// A way to the reporter. It takes a record or drops it; nobody waits.
#[derive(Clone)]
pub struct Lane {
    records: mpsc::Sender<Record>,
    metrics: Arc<Metrics>,
}

/// What is handed over.
enum Record {
    /// An answer was a 5xx.
    Failure(Case),
    /// A sampled request: when it began, and the time until the head of its answer.
    Timing(Case, SystemTime, Duration),
    /// Something panicked.
    Panic(u64, Box<Panicked>),
    /// And it was this request's doing.
    Whose(u64, Case),
}

impl Reporter {
    /// Starts the thread, and listens for panics from now on.
    pub fn start(settings: &Settings, metrics: Arc<Metrics>) -> io::Result<Self> {
        let post = Post::new(&settings.dsn).map_err(io::Error::other)?;
        let runtime = runtime()?;
        let (records, inbox) = mpsc::channel(QUEUE);
        let (stop, stopping) = oneshot::channel();
        let (end, ended) = blocking::channel();
        let limit = Arc::new(AtomicU32::new(settings.events_per_minute));
        let desk = Desk::new(
            Writer::new(settings),
            post,
            Arc::clone(&metrics),
            Arc::clone(&limit),
        );
        metrics.sentry_events.declare(["sent", "suppressed", "dropped"]);
        metrics.sentry_transactions.declare(["sent", "dropped"]);
        thread::Builder::new().name("sentry".to_owned()).spawn(move || {
            let all = runtime.block_on(desk.work(inbox, stopping));
            // A look-up that hangs must not hold up the end.
            runtime.shutdown_background();
            // Whoever waits may have given up.
            end.send(all).ok();
        })?;
        let lane = Lane { records, metrics };
        hook::install(lane.clone());
        Ok(Self {
            lane,
            settings: settings.clone(),
            limit,
            stop,
            ended,
        })
    }

    /// A way to it.
    pub fn lane(&self) -> Lane {
        self.lane.clone()
    }

    /// Follows a policy that came into force: none switches it off. Whether it can: the names and the DSN
    /// were settled at start.
    pub fn follow(&self, next: Option<&Settings>) -> bool {
        self.limit
            .store(next.map_or(0, |next| next.events_per_minute), Relaxed);
        next.is_none_or(|next| {
            let settled = |settings: &Settings| {
                (
                    settings.dsn.clone(),
                    settings.environment.clone(),
                    settings.release.clone(),
                )
            };
            settled(next) == settled(&self.settings)
        })
    }

    /// Sends what waits and ends the thread; gives up after `patience`. Whether all was sent.
    pub fn stop(self, patience: Duration) -> bool {
        // A thread that is gone has nothing to send.
        if self.stop.send(patience).is_err() {
            return false;
        }
        self.ended
            .recv_timeout(patience + Duration::from_millis(100))
            .unwrap_or(false)
    }
}

impl Lane {
    /// Reports an answer that was a 5xx.
    pub fn failed(&self, case: Case) {
        if self.records.try_send(Record::Failure(case)).is_err() {
            self.metrics.sentry_events.count("dropped");
        }
    }

    /// Reports the timing of a sampled request.
    pub fn timed(&self, case: Case, began: SystemTime, took: Duration) {
        if self.records.try_send(Record::Timing(case, began, took)).is_err() {
            self.metrics.sentry_transactions.count("dropped");
        }
    }

    /// Says whose request the panic that unwinds this thread was.
    pub fn panicked(&self, case: Case) {
        if let Some(number) = hook::take_number() {
            // The panic itself was counted; without this it is reported nameless.
            self.records.try_send(Record::Whose(number, case)).ok();
        }
    }

    fn caught(&self, number: u64, panic: Panicked) {
        if self
            .records
            .try_send(Record::Panic(number, Box::new(panic)))
            .is_err()
        {
            self.metrics.sentry_events.count("dropped");
        }
    }
}

/// Sends one event and waits for Sentry's word on it: its id, or why it was not taken.
pub fn send_test(settings: &Settings) -> Result<String, PostError> {
    let post = Post::new(&settings.dsn)?;
    let (id, letter) = Writer::new(settings).test();
    let runtime = runtime().map_err(|error| PostError::Network(error.to_string()))?;
    let sent = runtime.block_on(async {
        tokio::time::timeout(TEST_PATIENCE, post.send(letter.bytes))
            .await
            .unwrap_or(Err(PostError::Timeout))
    });
    runtime.shutdown_background();
    sent?.accepted().map(|()| id)
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}
