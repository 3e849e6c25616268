//! Where in the gateway a request belongs, judged on the normal form of its path. What other readers of that path
//! could take for another page, or another host than the one that hands were shaken for, has no place.

use http::{HeaderMap, Method, header, request};

use crate::gateway::Gateway;
use crate::gateway::router::Found;
use crate::http::client::Caller;
use crate::http::connection::Connection;
use crate::http::refusal::Refusal;
use crate::http::{host, path, path_parameters, readings};
use crate::layers::{cors, own};
use crate::policy::PathParameters;

/// Where in the gateway a request belongs.
#[derive(PartialEq, Eq)]
pub(super) struct Spot {
    /// Which of its routes.
    pub(super) route: usize,
    /// Whether it is for an endpoint of our own.
    pub(super) own: bool,
    /// Why no route takes it.
    pub(super) miss: Option<Refusal>,
}

impl Spot {
    /// No route.
    pub(super) fn none(gateway: &Gateway) -> Self {
        Self {
            route: gateway.fallback(),
            own: false,
            miss: None,
        }
    }

    fn own(gateway: &Gateway) -> Self {
        Self {
            own: true,
            ..Self::none(gateway)
        }
    }

    fn of(gateway: &Gateway, host: Option<&str>, path: &str, method: &Method) -> Self {
        if own::is_own(path) {
            return Self::own(gateway);
        }
        match gateway.router.find(host, path, method) {
            Found::Route(route) => Self {
                route,
                ..Self::none(gateway)
            },
            Found::MethodNotAllowed(allow) => Self {
                miss: Some(Refusal::MethodNotAllowed(Box::new(allow))),
                ..Self::none(gateway)
            },
            Found::NotFound => Self::none(gateway),
        }
    }
}

/// Where a request belongs, or why nowhere.
pub(super) fn spot(
    gateway: &Gateway,
    host: Option<&str>,
    head: &request::Parts,
    connection: &Connection,
    client: &Caller,
) -> Result<Spot, Refusal> {
    misdirected(host, connection, client)?;
    if connection.facts.entrance.is_admin() {
        return Ok(Spot::own(gateway));
    }
    by_path(gateway, host, head)
}

/// Who shook hands for one name may not ask for another: certificates and terms are each name's own, and a cache or a
/// check before us knew only the first (RFC 9110 §7.4). What one certificate is for, its clients may mix
/// (RFC 9113 §9.1.1). A proxy of ours asks for our name, and passes on its client's.
fn misdirected(host: Option<&str>, connection: &Connection, client: &Caller) -> Result<(), Refusal> {
    let (Some(sni), Some(host)) = (connection.facts.sni.as_deref(), host) else {
        return Ok(());
    };
    let covered = || {
        connection
            .facts
            .names
            .iter()
            .any(|name| host::is_within(host, name))
    };
    if sni == host || client.peer_trusted || covered() {
        Ok(())
    } else {
        Err(Refusal::Misdirected)
    }
}

/// The spot of the path's normal form, if every other reading of it has the same.
fn by_path(gateway: &Gateway, host: Option<&str>, head: &request::Parts) -> Result<Spot, Refusal> {
    let received = head.uri.path();
    let asked_for = method_asked_for(&head.method, &head.headers);
    let method = asked_for.as_ref().unwrap_or(&head.method);
    let find = |part: &str| by_readings(part, |path| Spot::of(gateway, host, path, method));
    let found = find(&gateway.matched_part(received));
    if matches!(found, Err(Refusal::PathAmbiguous)) {
        let without = path_parameters::without(received);
        if gateway.path_parameters == PathParameters::Keep && without.is_some_and(|part| find(&part).is_ok())
        {
            return Err(Refusal::PathParameters);
        }
    }
    found
}

/// What stands at a path in every reading of it.
fn by_readings(path: &str, find: impl Fn(&str) -> Spot) -> Result<Spot, Refusal> {
    let spot = find(&path::normal_form(path));
    if readings::is_odd(path) {
        let others = readings::others(path).map_err(|readings::HoldsNul| Refusal::TargetInvalid)?;
        if !others.iter().all(|other| find(other) == spot) {
            return Err(Refusal::PathAmbiguous);
        }
    }
    Ok(spot)
}

/// Whether another method might have led the request elsewhere.
pub(super) fn depends_on_method(gateway: &Gateway, head: &request::Parts) -> bool {
    let authority = host::of_request(head.version, &head.uri, &head.headers)
        .ok()
        .flatten();
    let host = authority.as_ref().map(|authority| &*authority.host);
    gateway
        .router
        .tells_methods_apart(host, &gateway.matched_path(head.uri.path()))
}

/// A preflight asks for another method; it belongs to that one's route.
pub(super) fn method_asked_for(method: &Method, headers: &HeaderMap) -> Option<Method> {
    if !cors::is_preflight(method, headers) {
        return None;
    }
    Method::from_bytes(headers.get(header::ACCESS_CONTROL_REQUEST_METHOD)?.as_bytes()).ok()
}
