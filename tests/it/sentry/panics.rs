//! Panics, in this process, since the gateway has no way to be made to panic: the hook, the request that
//! claims its panic while it unwinds, and the background thread that nobody claims.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue};
use portcullis::http::trace::Trace;
use portcullis::observe::crashes::{Case, Dsn, Lane, Reporter, Sampling, Settings};
use portcullis::observe::metrics::Metrics;
use serde_json::Value;

use crate::support::sentry::Sentry;

/// As a request in flight does: says whose panic it was when it is dropped by the unwinding.
struct InFlight(Lane);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.panicked(Case {
            route: "checkout".into(),
            upstream: None,
            request_id: HeaderValue::from_static("panicking-request"),
            trace: Trace::of(&HeaderMap::new(), || true),
            method: "GET",
            status: 500,
            refusal: None,
            masked: false,
        });
    }
}

fn fault_of_ours(secret: &str) {
    assert!(secret.is_empty(), "no place for {secret} in it");
}

fn functions(event: &Value) -> Vec<String> {
    let frames = event["exception"]["values"][0]["stacktrace"]["frames"].as_array();
    let frames = frames.unwrap_or_else(|| panic!("no stack in {event:#}"));
    frames.iter().map(|frame| frame["function"].to_string()).collect()
}

#[test]
fn a_panic_is_sent_with_its_stack_and_its_request() {
    let sentry = Sentry::start();
    let settings = Settings {
        dsn: Dsn::parse(&sentry.dsn()).unwrap(),
        environment: "test".to_owned(),
        release: "test@1".to_owned(),
        sampling: Sampling::share(0.0),
        events_per_minute: 60,
    };
    let metrics = Metrics::new(SystemTime::now());
    let reporter = Reporter::start(&settings, Arc::clone(&metrics)).unwrap();
    let lane = reporter.lane();
    for _ in 0..3 {
        let lane = lane.clone();
        let request = thread::Builder::new().name("worker-7".to_owned()).spawn(move || {
            let _request = InFlight(lane);
            fault_of_ours("hunter2");
        });
        assert!(request.unwrap().join().is_err());
    }
    let background = thread::spawn(|| fault_of_ours("hunter2-too")).join();
    assert!(background.is_err());
    assert!(reporter.stop(Duration::from_secs(20)));

    // Other tests of this process may panic on purpose meanwhile.
    let events: Vec<_> = sentry.events();
    let ours = |route: &Value| {
        let found = events
            .iter()
            .find(|e| e["transaction"] == *route && functions(e).iter().any(|f| f.contains("fault_of_ours")));
        found.unwrap_or_else(|| panic!("no event of {route}: {events:#?}"))
    };
    let claimed = ours(&"checkout".into());
    assert_eq!(claimed["level"], "fatal");
    assert_eq!(claimed["tags"]["request_id"], "panicking-request");
    assert_eq!(claimed["tags"]["thread"], "worker-7");
    assert!(
        functions(claimed).last().unwrap().contains("fault_of_ours"),
        "the stack ends where the fault is: {:#?}",
        functions(claimed)
    );
    let said = claimed["exception"]["values"][0]["value"].as_str().unwrap();
    assert!(said.contains("panics.rs:"), "{said}");
    assert!(!events.iter().any(|event| event.to_string().contains("hunter2")));
    ours(&Value::Null);
    assert_eq!(
        events.iter().filter(|e| e["transaction"] == "checkout").count(),
        1
    );
    assert!(metrics.sentry_events.get("suppressed") >= 2);
}
