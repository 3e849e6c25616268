//! Floor 6: THE list. Every request passes these layers from top to bottom, every answer from bottom to
//! top. All layers are always there; each asks the matched route whether it applies, so a reload swaps
//! settings and never types.

use std::convert::Infallible;

use http::Response;
use tower::{Service, ServiceBuilder, service_fn};

use crate::http::body::Body;
use crate::layers::Check;
use crate::layers::rate_limit::RateLimit;
use crate::stack::enter::Arrival;
use crate::stack::passage::{Held, Refused, Reply};
use crate::stack::place::Place;
use crate::stack::shapes::{around, check, edit, mend};

pub mod account;
pub mod catch_panic;
mod detached;
pub mod enter;
pub mod explain;
pub mod forward;
pub mod keep;
pub mod passage;
pub mod place;
pub mod rehearse;
mod report;
pub mod respond;
pub mod shapes;
mod spot;
pub mod tunnel;
mod words;

/// The order of the stack, outermost first, as `explain` and the docs print it.
pub const ORDER: [&str; 23] = [
    "catch_panic",
    "enter",
    "account",
    "compress",
    "security_headers",
    "response_headers",
    "strip_headers",
    "cors",
    "quota_headers",
    "respond",
    "framing",
    "own",
    "redirect_to_https",
    "preflight",
    "access",
    "limits",
    "max_body",
    "max_inflight_per_client",
    "limits_take",
    "request_buffer",
    "queue",
    "mask",
    "forward",
];

/// Builds the stack. It holds nothing (its size is zero), so cloning it for each request is free.
pub fn stack()
-> impl Service<Arrival, Response = Response<Body>, Error = Infallible, Future: Send> + Clone + Send + 'static
{
    stack_over(service_fn(forward::forward))
}

/// The same list over another innermost service: `explain` runs it without an upstream.
fn stack_over<S>(
    innermost: S,
) -> impl Service<Arrival, Response = Response<Body>, Error = Infallible, Future: Send> + Clone + Send + 'static
where
    S: Service<Held, Response = Reply, Error = Refused, Future: Send + 'static> + Clone + Send + 'static,
{
    ServiceBuilder::new()
        // A bug costs one request, answered 500, and never the process.
        .layer(catch_panic::layer())
        // Clock, request id, gateway, client address and route: all that follows needs them.
        .layer(enter::layer())
        // Outside of all that can refuse, so that every answer is timed, counted and logged.
        .layer(account::layer())
        // The last thing done to a body: what the account counts is what leaves.
        .layer(edit(|at: &Place| &at.route().compress))
        // ── Edits dress every answer, so they stand outside of `respond`: refusals get them too. ──
        .layer(edit(|at: &Place| &at.route().security_headers))
        // The operator's own word on headers: over the application's and ours, under what hardens.
        .layer(edit(|at: &Place| &at.route().response_headers))
        .layer(edit(|at: &Place| &at.route().strip_headers))
        .layer(edit(|at: &Place| &at.route().cors))
        .layer(edit(|at: &Place| &at.route().quota_headers))
        // ── Below this line every "no" is a refusal, above it an answer. ──
        .layer(respond::layer())
        // What is ambiguous is refused before any rule reads meaning into it.
        .layer(enter::framing())
        // Health and metrics answer whatever the limits say: a busy gateway is not a dead one.
        .layer(around(|at: &Place| at.own()))
        // What came in the clear is not worth a rule, nor an application's time: the client comes again by TLS.
        .layer(check(
            |at: &Place| at.snapshot.redirect_to_https.as_slice(),
            Check::check,
        ))
        // A preflight is no request of its own: answered before the limits and not counted by them. And pages of other
        // origins open no WebSocket.
        .layer(check(|at: &Place| at.route().cors.as_slice(), Check::check))
        // Who may not come in spends nothing of any limit.
        .layer(check(|at: &Place| at.route().access.as_slice(), Check::check))
        // Cheap and anonymous first: limits are asked …
        .layer(check(|at: &Place| at.route().limits.as_slice(), Check::check))
        .layer(check(|at: &Place| at.route().body_limit.as_slice(), Check::check))
        .layer(check(|at: &Place| at.route().in_flight.as_slice(), Check::check))
        // … and taken from once nothing else refuses, so that a refused request spends nothing.
        .layer(check(|at: &Place| at.route().limits.as_slice(), RateLimit::take))
        // A slow client holds no place at the upstream while its body is waited for.
        .layer(keep::layer())
        // A place at the upstream.
        .layer(around(|at: &Place| &at.route().queue))
        // Inside of every header edit, so that a hidden error page is dressed like any other answer.
        .layer(mend(|at: &Place| &at.route().mask))
        .service(innermost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_order_has_a_name_for_every_line() {
        let source = include_str!("stack.rs");
        let list = source
            .split("ServiceBuilder::new()")
            .nth(1)
            .and_then(|rest| rest.split("\n}\n").next());
        let lines = list.expect("the list").matches("\n        .layer(").count();
        assert_eq!(
            lines + 1,
            ORDER.len(),
            "a line of the list has no name in ORDER, or the reverse"
        );
    }

    #[test]
    fn the_stack_has_no_size() {
        assert_eq!(std::mem::size_of_val(&stack()), 0);
    }
}
