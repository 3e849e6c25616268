//! Floor 2: the other side. Names become addresses, addresses get connections that are kept and used
//! again, and a request goes out on one of them under its deadlines. It knows neither routes nor policy,
//! and it changes no header: what is to be sent has been decided above.

pub mod alarm;
pub mod cap;
pub mod deadline;
pub mod endpoint;
pub mod errand;
pub mod fault;
pub mod http2;
pub mod line;
pub mod resolve;
pub mod send;
pub mod server;
pub mod socket;
pub mod tend;
pub mod transport;
pub mod tunnel;
pub mod watch;

mod answer;
mod apart;
mod connect;
mod home;
mod http1;
mod mark;
mod old;
mod pins;
mod pool;
mod probe;
mod reading;
mod sight;
mod stream;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::http::proxy_protocol::Version;
use crate::http::vet::Rules;
use crate::upstream::cap::Cap;
use crate::upstream::endpoint::Health;
use crate::upstream::mark::Mark;
use crate::upstream::pool::Lane;
use crate::upstream::server::Server;

/// A named group of servers, as one compiled gateway sees it. What is costly or counts lives in the
/// [`Server`]s and the [`Cap`], which outlive it.
pub struct Upstream {
    setup: Setup,
    turns: Box<[Turn]>,
}

/// What an [`Upstream`] is made of.
pub struct Setup {
    /// The name in the policy.
    pub name: String,
    /// The servers, taken in turn.
    pub servers: Vec<Arc<Server>>,
    /// How long connecting to one address may take.
    pub connect: Duration,
    /// A connection idle for longer is never used again.
    pub pool_idle: Duration,
    /// Whether HTTP/2 is spoken; then all servers have terms for it.
    pub http2: bool,
    /// How many requests may be under way at once; none is no limit.
    pub cap: Option<Arc<Cap>>,
    /// What answers are held to.
    pub rules: Rules,
    /// Who counts what happens.
    pub sight: Arc<dyn Sight>,
    /// Whether the servers are told whose request a connection carries, and how that is written.
    pub announce: Option<Version>,
    /// What is asked of the servers' health, beyond accepting a connection.
    pub health: Option<transport::Health>,
}

/// Is told what happens on the way to an upstream; the metrics behind it are resolved beforehand.
pub trait Sight: Send + Sync {
    /// A connection was tried.
    fn connected(&self, ok: bool);
    /// A request was sent once more because a kept connection had ended.
    fn retried(&self);
    /// A request came to its end: `"ok"` or the code of the refusal.
    fn answered(&self, result: &'static str);
    /// What a server sent was no answer, for this reason.
    fn malformed(&self, reason: &'static str);
    /// An answer was put right in this way.
    fn repaired(&self, reason: &'static str);
}

/// Whose turn it is, counted by each worker for itself: a counter shared by all would be written by
/// every request on every core. Two cache lines, because processors fetch them in pairs.
#[repr(align(128))]
struct Turn(AtomicUsize);

impl Upstream {
    /// An upstream for so many workers.
    pub fn new(setup: Setup, workers: usize) -> Self {
        // Each worker begins at another server, so that the first requests do not all meet the same one.
        let turns = (0..workers.max(1))
            .map(|worker| Turn(AtomicUsize::new(worker)))
            .collect();
        Self { setup, turns }
    }

    /// The name in the policy.
    pub fn name(&self) -> &str {
        &self.setup.name
    }

    /// The servers, as the policy lists them.
    pub fn servers(&self) -> &[Arc<Server>] {
        &self.setup.servers
    }

    /// What is asked of the servers' health, beyond accepting a connection.
    pub fn health(&self) -> Option<&transport::Health> {
        self.setup.health.as_ref()
    }

    /// Whether its servers speak TLS.
    fn is_secure(&self) -> bool {
        let mut servers = self.setup.servers.iter();
        servers.any(|server| server.transport().tls.is_some())
    }

    /// Whether its servers are asked in HTTP/2.
    pub fn speaks_http2(&self) -> bool {
        self.setup.http2
    }

    /// How a client is announced to the servers, where they are told.
    pub fn announces(&self) -> Option<Version> {
        self.setup.announce
    }

    /// The limit on requests under way.
    pub fn cap(&self) -> Option<&Arc<Cap>> {
        self.setup.cap.as_ref()
    }

    /// Whether a probe or a request has found a live address and none has lost it since.
    pub fn is_ready(&self) -> bool {
        self.setup.servers.iter().any(|server| {
            server
                .endpoints()
                .iter()
                .any(|endpoint| endpoint.health() == Health::Up)
        })
    }

    /// The next address in turn that was not tried yet. One that is down comes only after all others, but
    /// it does come: the last server is never given up.
    fn pick(&self, worker: usize, tried: &[SocketAddr]) -> Option<Arc<Lane>> {
        let count = self
            .setup
            .servers
            .iter()
            .map(|server| server.endpoints().len())
            .sum();
        let first = self.turn(worker).checked_rem(count)?;
        let mut best: Option<(usize, Arc<Lane>)> = None;
        let mut place = 0;
        for server in &self.setup.servers {
            for endpoint in server.endpoints().iter() {
                let rank = rank(place, first, count, endpoint.health());
                place += 1;
                let better = best.as_ref().is_none_or(|(lowest, _)| rank < *lowest);
                if better && !tried.contains(&endpoint.address()) {
                    best = endpoint.lane(worker).map(|lane| (rank, Arc::clone(lane)));
                }
                if rank == 0 && tried.is_empty() {
                    return best.map(|(_, lane)| lane);
                }
            }
        }
        best.map(|(_, lane)| lane)
    }

    /// The lane to an address that one of the servers has, or had when a connection to it was made.
    fn lane_to(&self, mark: &Arc<Mark>, worker: usize) -> Option<Arc<Lane>> {
        let server = self
            .setup
            .servers
            .iter()
            .find(|server| mark.is_of(&server.ties))?;
        let endpoints = server.endpoints();
        let endpoint = endpoints.iter().find(|endpoint| endpoint.has(mark));
        let lane = endpoint.and_then(|endpoint| endpoint.lane(worker)).cloned();
        Some(lane.unwrap_or_else(|| Arc::new(Lane::new(Arc::clone(mark)))))
    }

    fn turn(&self, worker: usize) -> usize {
        let Some(Turn(turn)) = self.turns.get(worker).or_else(|| self.turns.first()) else {
            return 0;
        };
        // No read-modify-write: only this worker counts here, and a lost turn would do no harm.
        let mine = turn.load(Relaxed);
        turn.store(mine.wrapping_add(1), Relaxed);
        mine
    }
}

/// How far an endpoint is from its turn; one that is down stands behind all that are not.
fn rank(place: usize, first: usize, count: usize, health: Health) -> usize {
    // Addresses may come between counting and looking, so a place can lie beyond the count.
    let distance = (place + count).saturating_sub(first) % count.max(1);
    if health == Health::Down {
        distance + count
    } else {
        distance
    }
}

/// The clock of the timers, so that both agree when a test stops it.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
