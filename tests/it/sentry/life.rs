//! Crash reports over the life of the process: budget, outages, reload, stop.

use std::time::{Duration, Instant};

use super::{by_status, routes};
use crate::support::sentry::Sentry;
use crate::support::{Ask, Gate, Gateway, Origin, Reply, until};

fn events(gateway: &Gateway, result: &str) -> i64 {
    gateway
        .metrics()
        .count("portcullis_sentry_events_total", &[("result", result)])
}

#[test]
fn the_same_failure_is_sent_once_and_the_others_are_counted() {
    let (origin, sentry) = (by_status(), Sentry::start());
    let gateway = Gateway::start(routes(&origin).and(&sentry.table("traces_sample_rate = 0")));
    for _ in 0..20 {
        Ask::get("/shop/500").to(gateway.http());
        Ask::get("/shop/502").to(gateway.http());
    }
    until("all to be judged", || events(&gateway, "suppressed") == 38);
    until("both to be sent", || events(&gateway, "sent") == 2);
    assert_eq!(events(&gateway, "dropped"), 0);
    gateway.stop();
    assert_eq!(sentry.events().len(), 2);
}

#[test]
fn the_budget_of_a_minute_holds_whatever_fails() {
    let (origin, sentry) = (by_status(), Sentry::start());
    let gateway =
        Gateway::start(routes(&origin).and(&sentry.table("traces_sample_rate = 0\nevents_per_minute = 3")));
    for status in 500..520 {
        Ask::get(&format!("/shop/{status}")).to(gateway.http());
    }
    until("all to be judged", || events(&gateway, "suppressed") == 17);
    gateway.stop();
    assert_eq!(sentry.events().len(), 3);
}

#[test]
fn what_waits_is_sent_before_the_end() {
    let (origin, sentry) = (by_status(), Sentry::start());
    let gateway = Gateway::start(routes(&origin).and(&sentry.table("traces_sample_rate = 1")));
    for status in 500..510 {
        Ask::get(&format!("/shop/{status}")).to(gateway.http());
    }
    gateway.stop();
    assert_eq!((sentry.events().len(), sentry.transactions().len()), (10, 10));
}

#[test]
fn a_sentry_that_is_down_costs_reports_and_nothing_else() {
    let origin = by_status();
    let gateway = Gateway::start(routes(&origin).and("[sentry]\ndsn = \"http://hunter2@127.0.0.1:9/42\""));
    let mut wire = gateway.connect();
    for status in 500..510 {
        let answer = Ask::get(&format!("/shop/{status}")).via(&mut wire);
        assert_eq!(answer.status, status);
    }
    until("them to be given up", || events(&gateway, "dropped") == 10);
    let line = gateway.wait_for_log("a warning", |line| {
        line["message"].as_str().is_some_and(|m| m.contains("Sentry"))
    });
    assert!(!line.to_string().contains("hunter2"), "{line}");
    gateway.stop();
}

#[test]
fn a_sentry_that_never_answers_holds_neither_memory_nor_requests_nor_the_end() {
    let stuck = Gate::default();
    let held = stuck.clone();
    let silent = Origin::playing(move |_, line| {
        line.body();
        held.wait();
    });
    let origin = by_status();
    let table = format!(
        "[sentry]\ndsn = \"http://key@{}/42\"\ntraces_sample_rate = 1",
        silent.address()
    );
    let gateway = Gateway::start(routes(&origin).and(&table));
    let mut wire = gateway.connect();
    let asked = 1_500;
    for _ in 0..asked {
        assert_eq!(Ask::get("/shop/200").via(&mut wire).status, 200);
    }
    let dropped = || {
        gateway
            .metrics()
            .count("portcullis_sentry_transactions_total", &[("result", "dropped")])
    };
    until("all but a few to be dropped", || dropped() >= asked - 600);
    drop(wire);
    let start = Instant::now();
    gateway.stop();
    let took = Instant::now() - start;
    assert!(took < Duration::from_secs(6), "it waited for Sentry: {took:?}");
    stuck.open();
}

#[test]
fn a_sentry_that_asks_for_less_gets_less() {
    let sentry =
        Sentry::answering(|| Reply::new(429, "application/json", "{}").header("Retry-After", "3600"));
    let origin = by_status();
    let gateway = Gateway::start(routes(&origin).and(&sentry.table("traces_sample_rate = 0")));
    Ask::get("/shop/500").to(gateway.http());
    until("the first to be refused", || events(&gateway, "dropped") == 1);
    for status in 501..505 {
        Ask::get(&format!("/shop/{status}")).to(gateway.http());
    }
    until("the others to be dropped", || events(&gateway, "dropped") == 5);
    gateway.stop();
    assert_eq!(sentry.envelopes().len(), 1);
}

#[test]
fn a_reload_changes_how_much_is_sent_but_not_where() {
    let (origin, sentry, other) = (by_status(), Sentry::start(), Sentry::start());
    let gateway = Gateway::start(routes(&origin).and(&sentry.table("traces_sample_rate = 0")));
    Ask::get("/shop/200").to(gateway.http());
    gateway.rewrite(routes(&origin).and(&sentry.table("traces_sample_rate = 1")));
    assert!(gateway.reload());
    Ask::get("/shop/201").to(gateway.http());
    assert_eq!(
        sentry.wait_for_transactions(1)[0]["tags"]["http.status_code"],
        "201"
    );
    gateway.rewrite(routes(&origin).and("[sentry]\nenabled = false"));
    assert!(gateway.reload());
    Ask::get("/shop/500").to(gateway.http());
    gateway.rewrite(routes(&origin).and(&other.table("traces_sample_rate = 1")));
    assert!(gateway.reload());
    gateway.wait_for_log("a warning", |line| {
        line["message"].as_str().is_some_and(|m| m.contains("restart"))
            && line.to_string().contains("sentry.dsn")
    });
    Ask::get("/shop/202").to(gateway.http());
    gateway.stop();
    assert!(other.envelopes().is_empty());
    assert_eq!((sentry.events().len(), sentry.transactions().len()), (0, 2));
}
