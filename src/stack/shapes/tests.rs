//! A guard that may wait, in the stack: what becomes of the request by what it finds.

use std::future::{Future, ready};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::SystemTime;

use http::{Request, StatusCode};
use tokio::sync::Semaphore;
use tower::{Layer, Service, service_fn};

use super::*;
use crate::carryover::Carryover;
use crate::gateway::Gateway;
use crate::http::exchange::{Permit, Release};
use crate::layers::Around;
use crate::observe::metrics::{Counter, Metrics};
use crate::stack::rehearse::Rehearsal;

const POLICY: &str = "[listeners.http]\naddress = \"127.0.0.1:0\"\n\
                      [upstreams.backend]\nservers = [\"http://127.0.0.1:9\"]\n";

/// Asks a store, which answers when the test says so.
struct Asking {
    store: Semaphore,
    verdict: fn() -> Verdict,
}

impl Around for Asking {
    async fn ask(&self, _: &mut Exchange) -> Verdict {
        self.store.acquire().await.unwrap().forget();
        (self.verdict)()
    }
}

/// In force, or in shadow with its count.
fn guard(verdict: fn() -> Verdict, shadow: Option<&Counter>) -> &'static Option<Guarded<Asking>> {
    let rule = Asking {
        store: Semaphore::new(0),
        verdict,
    };
    Box::leak(Box::new(Some(Guarded {
        rule,
        name: "shared".into(),
        shadow: shadow.cloned(),
    })))
}

fn rehearsal() -> Rehearsal {
    let carryover = Carryover::new(Metrics::new(SystemTime::now()), 1);
    let (gateway, _, _) = Gateway::from_text("test", POLICY, &carryover, &|_| None);
    Rehearsal::new(gateway.unwrap(), None)
}

/// Lets a request wait for the store, then lets that answer. What comes behind the guard answers 204.
fn outcome(guard: &'static Option<Guarded<Asking>>) -> Result<Reply, Refused> {
    let behind = service_fn(|passage: Held| {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NO_CONTENT;
        ready(Ok::<_, Refused>(Reply { passage, response }))
    });
    let (head, ()) = Request::get("/").body(()).unwrap().into_parts();
    let layer = around(move |_: &Place| guard);
    let mut going = std::pin::pin!(layer.layer(behind).call(rehearsal().passage(head)));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(going.as_mut().poll(&mut cx).is_pending(), "the store was not waited for");
    guard.as_ref().unwrap().rule.store.add_permits(1);
    match going.poll(&mut cx) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("the store has answered"),
    }
}

fn too_many() -> Verdict {
    let quota = Quota {
        limit: 0,
        remaining: 0,
        reset: std::time::Duration::from_secs(1),
        retry_after: std::time::Duration::from_secs(1),
    };
    Verdict::Refuse(Refusal::RateLimited(Box::new(quota)))
}

#[test]
fn what_a_guard_lets_pass_goes_on_once_it_knows() {
    let Ok(reply) = outcome(guard(|| Verdict::Pass, None)) else {
        panic!("it was refused");
    };
    assert_eq!(reply.response.status(), StatusCode::NO_CONTENT);
    assert!(reply.passage.exchange.notes.shadowed.is_empty());
}

#[test]
fn a_refusal_ends_the_request_and_tells_what_is_left() {
    let Err(refused) = outcome(guard(too_many, None)) else {
        panic!("it passed");
    };
    assert!(matches!(refused.refusal, Refusal::RateLimited(_)));
    let quota = refused.passage.exchange.notes.quota.as_ref().unwrap();
    assert_eq!(quota.remaining, 0);
}

#[test]
fn a_refusal_in_shadow_is_counted_and_passes() {
    let count = Counter::detached();
    let Ok(reply) = outcome(guard(too_many, Some(&count))) else {
        panic!("it was refused in shadow");
    };
    assert_eq!(reply.response.status(), StatusCode::NO_CONTENT);
    assert_eq!(count.get(), 1);
    assert_eq!(reply.passage.exchange.notes.shadowed, [Arc::from("shared")]);
}

#[test]
fn an_answer_of_the_guard_is_the_answer() {
    let Ok(reply) = outcome(guard(|| Verdict::Answer(Box::default()), None)) else {
        panic!("it was refused");
    };
    assert_eq!(reply.response.status(), StatusCode::OK);
}

#[test]
fn what_a_guard_takes_is_held_with_the_request() {
    struct Nobody;
    impl Release for Nobody {
        fn release(&self) {}
    }
    let Ok(reply) = outcome(guard(|| Verdict::Hold(Permit::new(Arc::new(Nobody))), None)) else {
        panic!("it was refused");
    };
    assert!(reply.passage.exchange.permits.in_flight.is_some());
}
