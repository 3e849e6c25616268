//! A request as the upstream gets it: one normalised head, written from the one received in a single pass. What
//! was received stays as it is, so that the log reads it at the end and a second attempt is written from it anew.

use std::sync::Arc;
use std::time::Instant;

use http::{HeaderName, HeaderValue, Version, header};

use super::received::Received;
use super::{call, edits, take_stream};
use crate::gateway::Gateway;
use crate::http::body::{Body, RequestBody};
use crate::http::client::{ClientKey, X_FORWARDED_FOR};
use crate::http::consent::{Consent, Expectation};
use crate::http::forwarded;
use crate::http::grpc;
use crate::http::hop::Hop;
use crate::http::login;
use crate::http::message::{Lines, Message};
use crate::http::proxy_headers::{self, Kind};
use crate::http::refusal::Refusal;
use crate::http::request_id::X_REQUEST_ID;
use crate::http::spelling::drop_shadows;
use crate::http::trace::TRACEPARENT;
use crate::http::upgrade::{self, Handshake};
use crate::stack::passage::Passage;
use crate::stack::place::Place;
use crate::stack::spot;
use crate::upstream::watch::Upload;

/// How many lines are written beside those received.
const OURS: usize = 8;

/// What was judged of a request before it is written.
pub(in crate::stack) struct Plan {
    hop: Hop,
    handshake: Option<Arc<Handshake>>,
    /// Whether the upstream is asked before the body is sent.
    expects: bool,
    /// Whether it logs its connection in.
    pub(super) login: bool,
}

/// One normalised request: no hop-by-hop headers, no stranger's word on where it came from.
pub(in crate::stack) fn outgoing(passage: &mut Passage) -> Result<(Message, Plan), Refusal> {
    let (plan, consent) = judge(passage)?;
    let mut message = passage.received().message(&plan, &passage.place)?;
    let body = match passage.body.take() {
        Some(RequestBody::Waited(body)) => {
            message.body = *body;
            message.tell_length();
            None
        }
        Some(RequestBody::Unread(body)) => Some(body),
        None => None,
    };
    if let Some(body) = body {
        let (upload, route) = (Upload::new(), passage.place.route());
        let pace = if passage.grpc {
            call::upload_pace(route)
        } else {
            route.waits.request
        };
        message.body =
            Body::streamed(body, pace, Some(upload.watch())).held_by(&passage.exchange.connection.memory);
        passage.upload = Some(upload);
        if let Some(consent) = consent {
            message.body = message.body.withheld(Arc::clone(&consent));
            passage.consent = Some(consent);
        }
    }
    Ok((message, plan))
}

/// What the request asks of us rather than of the upstream, and whether it may.
fn judge(passage: &mut Passage) -> Result<(Plan, Option<Arc<Consent>>), Refusal> {
    let (exchange, empty) = (&mut passage.exchange, passage.body.is_none());
    // What was waited for has been sent already.
    let waits = !empty && passage.upload.is_none();
    let head = &exchange.head;
    let consent = match Expectation::of(head.version, &head.headers) {
        // Other expectations than that nobody knows, and whoever passes them on unread promises what it cannot keep.
        Expectation::Unknown => return Err(Refusal::ExpectationFailed),
        Expectation::Continue if waits => Some(Consent::new()),
        Expectation::Continue | Expectation::None => None,
    };
    let hop = Hop::of(&head.headers).map_err(|_| Refusal::ConnectionHeader)?;
    let login = hop.authorized && login::is_sent(&head.headers);
    if login && head.version == Version::HTTP_2 {
        return Err(Refusal::LoginOverHttp2);
    }
    let mut handshake = None;
    if hop.upgrade {
        let upgrades = &passage.place.route().upgrades;
        handshake = Handshake::of(&head.method, head.version, &head.headers, empty)
            .filter(|handshake| upgrades.allow(handshake.protocol()))
            .map(Arc::new);
    }
    passage.grpc = head.version == Version::HTTP_2 && grpc::is_grpc(&head.headers);
    if passage.grpc {
        passage.deadline = grpc::timeout(&head.headers).map(|timeout| exchange.arrived + timeout);
    }
    if handshake.is_some() {
        take_stream(exchange, passage.place.route(), Instant::now())?;
    }
    let plan = Plan {
        hop,
        handshake,
        expects: consent.is_some(),
        login,
    };
    Ok((plan, consent))
}

impl Passage {
    fn received(&self) -> Received<'_> {
        Received {
            head: &self.exchange.head,
            connection: &self.exchange.connection,
            client: &self.exchange.client,
            request_id: &self.exchange.request_id,
            trace: &self.trace,
        }
    }
}

impl Received<'_> {
    /// The request, without a body.
    pub(super) fn message(&self, plan: &Plan, place: &Place) -> Result<Message, Refusal> {
        let route = place.route();
        let (target, stripped) = edits::target(route, &self.head.uri)?;
        let mut lines = self.lines(plan, place);
        let host = self.head.headers.get(header::HOST);
        let arrival = forwarded::Arrival {
            peer: self.connection.facts.peer.ip(),
            peer_written: &self.connection.facts.peer_written,
            https: self.connection.facts.secure,
            host,
        };
        let trust = &place.snapshot.trust;
        forwarded::write(&mut lines, &self.head.headers, &arrival, self.client, trust);
        lines.push(X_REQUEST_ID, self.request_id.clone());
        if !self.trace.is_given() {
            lines.push(TRACEPARENT, self.trace.parent().clone());
        }
        if host.is_none() {
            lines.push(header::HOST, self.host_of_target());
        }
        edits::edit(route, self, host, stripped, &mut lines);
        if let Some(handshake) = &plan.handshake {
            for (name, value) in upgrade::dress_lines(handshake.protocol().clone()) {
                lines.push(name, value);
            }
        }
        Ok(Message {
            lines,
            handshake: plan.handshake.clone(),
            ..Message::new(self.head.method.clone(), target, Body::Empty)
        })
    }

    /// The lines received, in their order, but for those that go no further.
    fn lines(&self, plan: &Plan, place: &Place) -> Lines {
        let received = &self.head.headers;
        let mut lines = Lines::with_capacity(received.len() + OURS);
        let mut underscored = false;
        for (name, value) in received {
            let text = name.as_str();
            underscored |= text.as_bytes().contains(&b'_');
            let goes = plan.hop.ends(name)
                || proxy_headers::kind(text).is_some_and(|kind| self.takes_off(name, kind, place))
                || self.trace.ends(name, received)
                || *name == X_REQUEST_ID
                || *name == header::EXPECT && !plan.expects;
            if !goes {
                lines.push(name.clone(), value.clone());
            }
        }
        if underscored {
            lines.edit(drop_shadows);
        }
        if plan.hop.trailers {
            lines.push(header::TE, HeaderValue::from_static("trailers"));
        }
        lines
    }

    /// Whether a header that only a proxy may write goes no further.
    fn takes_off(&self, name: &HeaderName, kind: Kind, place: &Place) -> bool {
        let (gateway, trusted) = (&place.snapshot, self.client.peer_trusted);
        match kind {
            Kind::Ours => {
                if !trusted && *name == X_FORWARDED_FOR {
                    self.tell_of_peer(gateway);
                }
                true
            }
            Kind::Way => !trusted,
            _ if gateway.keep_headers.lets_pass(name, kind, trusted) => false,
            Kind::Override => spot::depends_on_method(gateway, self.head),
            _ => true,
        }
    }

    /// A peer that keeps sending `X-Forwarded-For`, which is not believed, is told of once.
    fn tell_of_peer(&self, gateway: &Gateway) {
        let peer = self.connection.facts.peer.ip().to_canonical();
        if gateway
            .unbelieved
            .is_one_too_many(ClientKey::new(peer, 128).bits())
        {
            tracing::warn!(
                peer = %peer,
                "a peer that is not trusted keeps sending X-Forwarded-For: it is not believed, and all clients behind \
                 this peer count as one; if it is your proxy, write trusted_proxies = [\"{peer}\"] in [client]"
            );
        }
    }

    /// Only HTTP/1.0 comes without `Host` (RFC 9112 §3.2); the upstream speaks 1.1 and needs one.
    fn host_of_target(&self) -> HeaderValue {
        let authority = self.head.uri.authority();
        authority
            .and_then(|authority| HeaderValue::from_str(authority.as_str()).ok())
            .unwrap_or(HeaderValue::from_static("localhost"))
    }
}
