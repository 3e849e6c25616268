//! Floor 5: the compiled, immutable whole that serves requests. It is made whole or not at all, holds only
//! finished things, and is swapped by one pointer.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;

use crate::gateway::listener::Listener;
use crate::gateway::route::Route;
use crate::gateway::router::Router;
use crate::http::client::Trust;
use crate::http::path;
use crate::http::path_parameters;
use crate::http::proxy_headers::Keep;
use crate::layers::Guarded;
use crate::layers::own::Own;
use crate::layers::redirect_to_https::RedirectToHttps;
use crate::observe::crashes;
use crate::observe::metrics::Metrics;
use crate::observe::unbelieved::Unbelieved;
use crate::policy::{Logs, PathParameters, Workers};
use crate::upstream::Upstream;

pub mod compile;
pub mod listener;
pub mod live;
pub mod route;
pub mod router;

/// A compiled policy.
pub struct Gateway {
    /// Where connections come in.
    pub listeners: Vec<Listener>,
    /// The operator's own listener; read at start only.
    pub admin: Option<Listener>,
    /// Finds the route of a request.
    pub router: Router,
    /// What `;parameters` of a path are to the application.
    pub path_parameters: PathParameters,
    /// In file order; the last takes what no other does.
    routes: Vec<Route>,
    /// Health and metrics.
    pub own: Option<Guarded<Own>>,
    /// Sends plain requests of the listeners that say so to https; none if no listener does.
    pub redirect_to_https: Option<Guarded<RedirectToHttps>>,
    /// Whose forwarded headers count.
    pub trust: Trust,
    /// Headers that are a proxy's to write, and pass all the same.
    pub keep_headers: Keep,
    /// Peers whose forwarded headers do not count, and who keep sending them.
    pub unbelieved: Arc<Unbelieved>,
    /// How much of an IPv6 address is one client, in bits.
    pub ipv6_prefix: u8,
    /// The counters of the process.
    pub metrics: Arc<Metrics>,
    /// The upstreams that routes use.
    pub upstreams: Vec<Arc<Upstream>>,
    /// How the process runs; read at start only.
    pub workers: Workers,
    /// What is logged and where.
    pub logs: Logs,
    /// Where crash reports go and how many; none where it is off.
    pub sentry: Option<crashes::Settings>,
    /// The most bytes that the process holds.
    pub max_memory: u64,
    /// How long a stop waits for requests under way.
    pub drain: Duration,
    /// Names the policy in metrics and log.
    pub hash: String,
    /// A sentence for the operator about what is not protected.
    pub remarks: Vec<String>,
}

impl Gateway {
    /// A route by its number; the fallback for one that is not there.
    pub fn route(&self, number: usize) -> &Route {
        self.routes
            .get(number)
            .unwrap_or_else(|| self.routes.last().expect("compiling adds the fallback"))
    }

    /// What of a path as received is matched: all of it, or all but its parameters.
    pub fn matched_part<'a>(&self, received: &'a str) -> Cow<'a, str> {
        let without = match self.path_parameters {
            PathParameters::Keep => None,
            PathParameters::Ignore => path_parameters::without(received),
        };
        without.map_or(Cow::Borrowed(received), Cow::Owned)
    }

    /// The path that routes are matched by, in normal form.
    pub fn matched_path<'a>(&self, received: &'a str) -> Cow<'a, str> {
        match self.matched_part(received) {
            Cow::Borrowed(part) => path::normal_form(part),
            Cow::Owned(part) => Cow::Owned(path::normal_form(&part).into_owned()),
        }
    }

    /// The number of the route that takes what no other does.
    pub fn fallback(&self) -> usize {
        self.routes.len() - 1
    }

    /// All routes but the fallback.
    pub fn routes(&self) -> &[Route] {
        self.routes.split_last().map_or(&[], |(_, routes)| routes)
    }
}

/// All ranges of some named networks.
pub(crate) fn ranges(networks: &[crate::policy::Network]) -> Vec<IpNet> {
    networks
        .iter()
        .flat_map(|network| network.ranges.iter().copied())
        .collect()
}
