//! The application's long requests and the gateway's changes under them: events, reload, idle connections, the end.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::feed::Feed;
use super::uvicorn::Uvicorn;
use super::{POLICY, in_front_of, shop};
use crate::support::wait::Load;
use crate::support::{Ask, Gateway, Wire, until};

#[test]
fn events_arrive_one_by_one() {
    let feed = Feed::open();
    let app = Uvicorn::start(&[("FEED_PORT", &feed.port())]);
    let gateway = in_front_of(&app);
    let mut stream = Ask::get("/api/v1/events").start(gateway.http());
    let mut source = feed.next_question("events");
    assert_eq!(
        stream.head().header("content-type"),
        Some("text/event-stream; charset=utf-8")
    );
    for number in 0..5 {
        source.answer(&format!("event {number}"));
        stream.piece_with(&format!("data: event {number}\n\n"));
    }
    drop(stream);
    // Whoever leaves is noticed all the way up: the application closes its feed.
    until("the application saw the client go", || {
        source.is_closed_after("more")
    });
    gateway.stop();
}

#[test]
fn a_reload_during_load_loses_no_request() {
    let (_app, gateway) = shop();
    let policy = POLICY.replace("limits = [\"api\"]", "limits = []");
    gateway.rewrite(policy.as_str());
    assert!(gateway.reload(), "without the limit, which the load would meet");
    let (stop, served) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        let _load = Load(&stop);
        for client in 0..4 {
            let (gateway, stop, served) = (&gateway, &stop, &served);
            scope.spawn(move || load(client, gateway, stop, served));
        }
        for round in 0..5 {
            let before = served.load(Ordering::SeqCst);
            gateway.rewrite(format!("{policy}\n[readiness]\nversion = \"{round}\"\n"));
            assert!(gateway.reload());
            until("traffic goes on", || served.load(Ordering::SeqCst) > before + 40);
        }
    });
    gateway.stop();
}

fn load(client: usize, gateway: &Gateway, stop: &AtomicBool, served: &AtomicUsize) {
    let mut kept = gateway.connect();
    while !stop.load(Ordering::SeqCst) {
        let number = served.fetch_add(1, Ordering::SeqCst);
        let ask = Ask::get(&format!("/api/v1/items/{number}"));
        let answer = if client.is_multiple_of(2) {
            ask.via(&mut kept)
        } else {
            ask.to(gateway.http())
        };
        assert_eq!(
            (answer.status, answer.json()["item"].as_u64()),
            (200, Some(number as u64))
        );
    }
}

#[test]
fn uvicorn_closing_its_idle_connections_is_never_seen() {
    let (_app, gateway) = shop();
    let mut wire = gateway.connect();
    // uvicorn hangs up after 5 s; the gateway lets go after 4, and a race in between is retried.
    for pause in [3_900, 4_900, 5_000, 5_100] {
        assert_eq!(Ask::get("/api/v1/items/1").via(&mut wire).status, 200);
        assert!(wire.is_silent_for(Duration::from_millis(pause)));
    }
    assert_eq!(Ask::get("/api/v1/items/1").via(&mut wire).status, 200);
    gateway.stop();
}

#[test]
fn termination_finishes_what_is_in_flight() {
    let feed = Feed::open();
    let app = Uvicorn::start(&[("FEED_PORT", &feed.port())]);
    let gateway = in_front_of(&app);
    let address = gateway.http();
    let mut wire = Ask::get("/api/v1/report").start(address);
    let mut source = feed.next_question("report");
    gateway.terminate();
    until("new connections are refused", || {
        Wire::try_connect(address).is_err()
    });
    source.answer("quarterly");
    let answer = wire.answer();
    assert_eq!(
        (answer.status, answer.json()["report"].as_str()),
        (200, Some("quarterly"))
    );
    let exit = gateway.wait();
    assert_eq!(exit.code, Some(0), "{}", exit.output());
}
