//! Where a connection goes once its answer is over: into the pool of its lane, to the connection of the client that it
//! belongs to, or nowhere. Decided by the head of the answer.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode, response};

use crate::http::login;
use crate::upstream::answer::rest;
use crate::upstream::errand::Errand;
use crate::upstream::http1::Conn;
use crate::upstream::pins::{NO_END, Pins};
use crate::upstream::pool::{Idle, Lane};
use crate::upstream::{Upstream, now};

/// Where one connection goes.
pub(super) struct Home {
    /// Counts it among what is under way at the endpoint, too.
    lane: Arc<Lane>,
    /// How long it may rest before it is used again; zero closes it.
    rest: Duration,
    owner: Option<Box<Owner>>,
}

/// Whose it is, if it is not everybody's.
struct Owner {
    pins: Arc<Pins>,
    /// The name of the upstream it leads to.
    upstream: Box<str>,
}

impl Home {
    /// After an answer with this head. `owned` is a connection on which a login may hold.
    pub(super) fn of(
        upstream: &Upstream,
        errand: &Errand<'_>,
        lane: Arc<Lane>,
        head: &response::Parts,
        owned: bool,
    ) -> Self {
        if owned || head.status == StatusCode::UNAUTHORIZED && login::offered(&head.headers).connection {
            return Self::owned(upstream, errand, lane, &head.headers);
        }
        let rest = if errand.client.is_empty() {
            rest(&head.headers, upstream.setup.pool_idle)
        } else {
            Duration::ZERO
        };
        Self {
            lane,
            rest,
            owner: None,
        }
    }

    #[cold]
    fn owned(upstream: &Upstream, errand: &Errand<'_>, lane: Arc<Lane>, headers: &HeaderMap) -> Self {
        let owner = errand.pinned.and_then(Pins::of).map(|pins| {
            let upstream = upstream.name().into();
            Box::new(Owner { pins, upstream })
        });
        let rest = if owner.is_some() {
            rest(headers, NO_END)
        } else {
            Duration::ZERO
        };
        Self { lane, rest, owner }
    }

    /// Keeps the connection for the next request, if the server allows and both sides have said all.
    pub(super) fn keep(&self, mut conn: Box<Conn>) {
        if !conn.is_done() || self.rest.is_zero() {
            return;
        }
        conn.rest();
        let since = now();
        let idle = Idle {
            conn,
            since,
            until: since + self.rest,
        };
        match &self.owner {
            None => self.lane.put(idle),
            Some(owner) => owner.pins.put(&owner.upstream, self.lane.shared_mark(), idle),
        }
    }
}
