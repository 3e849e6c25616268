//! A guard that may wait, in the stack: what becomes of the request by what it finds.

use std::future::{Future, ready};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::SystemTime;

use http::{Request, StatusCode};
use tokio::sync::Semaphore;
use tower::{Layer, Service, service_fn};

use super::*;
use crate::carryover::Carryover;
use crate::gateway::Gateway;
use crate::http::exchange::{Permit, Release};
use crate::layers::{Around, Next};
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

struct Nobody;

impl Release for Nobody {
    fn release(&self) {}
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

fn passage() -> Held {
    let request = Request::get("/page?q=1").header("content-length", "7");
    let (head, ()) = request.body(()).unwrap().into_parts();
    rehearsal().passage(head)
}

/// Lets a request wait for the store, then lets that answer. What comes behind the guard answers 204.
fn outcome(guard: &'static Option<Guarded<Asking>>) -> Result<Reply, Refused> {
    let behind = service_fn(|passage: Held| {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NO_CONTENT;
        ready(Ok::<_, Refused>(Reply { passage, response }))
    });
    let layer = around(move |_: &Place| guard);
    let mut going = std::pin::pin!(layer.layer(behind).call(passage()));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(
        going.as_mut().poll(&mut cx).is_pending(),
        "the store was not waited for"
    );
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
    let Ok(reply) = outcome(guard(|| Verdict::Hold(Permit::new(Arc::new(Nobody))), None)) else {
        panic!("it was refused");
    };
    assert!(reply.passage.exchange.permits.in_flight.is_some());
}

/// Asks once more, without the client, when the answer is there.
struct Revalidating;

impl Around for Revalidating {
    async fn around<N: Next>(&self, next: N) -> Result<N::Reply, N::Refused> {
        let again = next.detached();
        let reply = next.run().await;
        assert_eq!(again.await.unwrap().status(), StatusCode::NO_CONTENT);
        reply
    }
}

#[tokio::test]
async fn a_request_without_its_client_has_the_same_route_and_nothing_of_the_client() {
    let seen: &'static Mutex<Vec<Held>> = Box::leak(Box::default());
    let behind = service_fn(|mut passage: Held| {
        let other = passage.detached();
        seen.lock().unwrap().push(std::mem::replace(&mut passage, other));
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NO_CONTENT;
        ready(Ok::<_, Refused>(Reply { passage, response }))
    });
    let rule: &'static Option<Guarded<Revalidating>> =
        Box::leak(Box::new(Some(Guarded::always("cache", Revalidating))));
    let layer = around(move |_: &Place| rule);
    let mut passage = passage();
    passage.exchange.permits.in_flight = Some(Permit::new(Arc::new(Nobody)));
    let in_flight = passage.place.snapshot.metrics.in_flight.clone();
    assert!(layer.layer(behind).call(passage).await.is_ok());
    let mut seen = seen.lock().unwrap();
    let [own, again] = &seen[..] else {
        panic!("{} requests came", seen.len());
    };
    assert_eq!(again.exchange.head.uri, own.exchange.head.uri);
    assert_eq!(again.place.number(), own.place.number());
    assert_eq!(again.exchange.request_id, own.exchange.request_id);
    assert!(!again.exchange.head.headers.contains_key("content-length"));
    assert!(own.exchange.permits.in_flight.is_some() && again.exchange.permits.in_flight.is_none());
    assert!(!Arc::ptr_eq(&own.exchange.connection, &again.exchange.connection));
    assert!(own.is_logged() && !again.is_logged());
    assert_eq!(in_flight.get(), 2, "both count while they are under way");
    seen.clear();
    assert_eq!(in_flight.get(), 0);
}
