//! Runs a request through the whole stack over an innermost service that sends nothing: what becomes of it is
//! what would become of it.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, Method, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::{Service, ServiceExt, service_fn};

use crate::gateway::route::Target;
use crate::http::body::Body;
use crate::http::exchange::Response;
use crate::http::message::Message;
use crate::http::path;
use crate::layers::cors::is_preflight;
use crate::stack::enter::Arrival;
use crate::stack::explain::told::Outcome;
use crate::stack::forward::{forward, outgoing};
use crate::stack::passage::{Held, Passage, Refused, Reply};
use crate::stack::stack_over;

/// What a run brought to light.
pub(super) struct Ran {
    /// What became of the request.
    pub(super) outcome: Outcome,
    /// The request as the upstream would get it.
    pub(super) sent: Option<Message>,
    /// The headers of the answer, which has none of the application's.
    pub(super) answer: HeaderMap,
}

/// What the innermost service saw.
#[derive(Default)]
struct Seen {
    sent: Option<Message>,
    answered: bool,
    shadowed: Vec<String>,
}

pub(super) async fn run(arrival: impl Fn() -> Arrival, plan: &Passage) -> Ran {
    let seen = Arc::<Mutex<Seen>>::default();
    let noted = Arc::clone(&seen);
    let stack = stack_over(service_fn(move |passage| note(passage, Arc::clone(&noted))));
    let (head, body) = answer(stack, arrival()).await.into_parts();
    let seen = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
    let body = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let problem = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Ran {
        outcome: outcome(head.status, &problem, &seen, plan),
        answer: head.headers,
        sent: seen.sent,
    }
}

async fn answer(
    stack: impl Service<Arrival, Response = Response, Error = Infallible>,
    arrival: Arrival,
) -> Response {
    match stack.oneshot(arrival).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Stands in the place of [`forward`]: notes what would be sent, and answers with nothing.
async fn note(mut passage: Held, seen: Arc<Mutex<Seen>>) -> Result<Reply, Refused> {
    let shadowed = passage.exchange.notes.shadowed.iter().map(ToString::to_string);
    let mut noted = Seen {
        shadowed: shadowed.collect(),
        ..Seen::default()
    };
    let reply = if let Target::Upstream(_) = &passage.place.route().target {
        match outgoing(&mut passage) {
            Ok((message, _plan)) => {
                noted.sent = Some(message);
                let response = Response::new(Body::Empty);
                Ok(Reply { passage, response })
            }
            Err(refusal) => Err(Refused { passage, refusal }),
        }
    } else {
        let reply = forward(passage).await;
        noted.answered = reply.is_ok();
        reply
    };
    *seen.lock().unwrap_or_else(PoisonError::into_inner) = noted;
    reply
}

fn outcome(status: StatusCode, problem: &Value, seen: &Seen, plan: &Passage) -> Outcome {
    let word = |key: &str| problem.get(key).and_then(Value::as_str).map(str::to_owned);
    let forwarded = seen.sent.is_some();
    // Only a refusal is a problem with a code, unless the operator wrote one to answer with.
    let code = word("code").filter(|_| !forwarded && !seen.answered);
    let (action, layer) = match &code {
        Some(code) => ("refuse", refuses(code, plan)),
        None if forwarded => ("forward", "forward"),
        None => ("answer", answers(seen, plan)),
    };
    // Nobody was probed, so what readiness says here is not what it would say.
    let probed = plan.place.own && path::normal_form(plan.exchange.head.uri.path()) == "/health/ready";
    Outcome {
        action,
        layer,
        status: if forwarded || (probed && code.is_none()) {
            None
        } else {
            Some(status.as_u16())
        },
        detail: word("detail").filter(|_| code.is_some()),
        code,
        own: plan.place.own,
        shadowed: seen.shadowed.clone(),
    }
}

/// The layer that refuses with this code.
fn refuses(code: &str, plan: &Passage) -> &'static str {
    if plan.fault.is_some() {
        return "framing";
    }
    match code {
        _ if plan.place.own => "own",
        "host_invalid" if plan.exchange.connection.facts.redirect_to_https.is_some() => "redirect_to_https",
        "access_denied" => "access",
        "origin_denied" => "preflight",
        "rate_limited" => "limits",
        "body_too_large" => "max_body",
        "too_many_in_flight" => "max_inflight_per_client",
        "upstream_busy" | "upstream_queue_timeout" => "queue",
        "internal" => "catch_panic",
        _ => "forward",
    }
}

/// The layer that answers by itself.
fn answers(seen: &Seen, plan: &Passage) -> &'static str {
    let head = &plan.exchange.head;
    let redirects = plan.exchange.connection.facts.redirect_to_https.is_some() && !plan.exchange.is_https();
    if plan.place.own {
        "own"
    } else if seen.answered {
        "forward"
    } else if redirects {
        "redirect_to_https"
    } else if head.method == Method::OPTIONS && is_preflight(&head.method, &head.headers) {
        "preflight"
    } else {
        "respond"
    }
}
