//! What is known of the upstreams in use, for readiness and for the metrics. Gauges are set when they are
//! asked for, so nothing on a request's way keeps them up to date.

use std::sync::Arc;

use crate::layers::own::readiness::Check;
use crate::observe::metrics::{Metrics, UpstreamMetrics};
use crate::upstream::Upstream;
use crate::upstream::endpoint::Health;

/// The upstreams in use and their gauges.
pub struct Sight {
    metrics: Arc<Metrics>,
    watched: Vec<Watched>,
}

struct Watched {
    upstream: Arc<Upstream>,
    metrics: Arc<UpstreamMetrics>,
}

impl Sight {
    /// Watches these upstreams.
    pub fn new(upstreams: &[Arc<Upstream>], metrics: &Arc<Metrics>) -> Self {
        let watch = |upstream: &Arc<Upstream>| Watched {
            metrics: metrics.upstream(upstream.name()),
            upstream: Arc::clone(upstream),
        };
        Self {
            metrics: Arc::clone(metrics),
            watched: upstreams.iter().map(watch).collect(),
        }
    }

    /// Whether each upstream has a live server.
    pub fn checks(&self) -> Vec<Check> {
        let check = |watched: &Watched| (watched.upstream.name().to_owned(), watched.upstream.is_ready());
        self.watched.iter().map(check).collect()
    }

    /// The text of `/metrics`. Written off the workers: with thousands of routes it takes milliseconds.
    pub async fn expose(&self) -> Option<String> {
        self.watched.iter().for_each(Watched::set_gauges);
        let servers: Vec<_> = self.watched.iter().flat_map(Watched::servers).collect();
        let metrics = Arc::clone(&self.metrics);
        tokio::task::spawn_blocking(move || metrics.render(&servers))
            .await
            .ok()
    }
}

impl Watched {
    /// Each server with its upstream, and whether it answers.
    fn servers(&self) -> impl Iterator<Item = (String, String, bool)> {
        self.upstream.servers().iter().map(|server| {
            let up = server
                .endpoints()
                .iter()
                .any(|endpoint| endpoint.health() == Health::Up);
            let name = format!("{}:{}", server.host(), server.port());
            (self.upstream.name().to_owned(), name, up)
        })
    }

    fn set_gauges(&self) {
        let mut in_flight = 0;
        for server in self.upstream.servers() {
            let endpoints = server.endpoints();
            in_flight += endpoints
                .iter()
                .map(|endpoint| endpoint.in_flight())
                .sum::<usize>();
        }
        let queued = self.upstream.cap().map_or(0, |cap| cap.queued());
        self.metrics
            .in_flight
            .set(i64::try_from(in_flight).unwrap_or(i64::MAX));
        self.metrics.queued.set(i64::try_from(queued).unwrap_or(i64::MAX));
    }
}
