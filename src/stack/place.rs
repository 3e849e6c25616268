//! The part of the gateway that serves a request, which stays the same to its end whatever is reloaded.

use crate::gateway::live::Snapshot;
use crate::gateway::route::Route;
use crate::layers::Guarded;
use crate::layers::own::Own;

/// Where in the gateway a request belongs.
#[derive(Clone)]
pub struct Place {
    /// The gateway that serves it, to its end.
    pub snapshot: Snapshot,
    /// Which of its routes.
    route: u32,
    /// Whether it is for an endpoint of our own.
    pub own: bool,
}

impl Place {
    /// With this route of the gateway.
    pub fn new(snapshot: Snapshot, route: usize, own: bool) -> Self {
        // A number beyond all routes is the one of the fallback.
        let route = u32::try_from(route).unwrap_or(u32::MAX);
        Self { snapshot, route, own }
    }

    /// The number of the route.
    pub fn number(&self) -> usize {
        self.route as usize
    }

    /// The route.
    pub fn route(&self) -> &Route {
        self.snapshot.route(self.number())
    }

    /// The endpoints of our own, where the request is for one of them.
    pub fn own(&self) -> &Option<Guarded<Own>> {
        if self.own { &self.snapshot.own } else { &None }
    }
}
