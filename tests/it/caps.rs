//! Where connections end: at the caps and at the last file the gateway may open, those beyond are told so, those
//! within are served, and nothing spins or stays broken.

mod crowd;
mod shared;

use std::time::{Duration, Instant};

use crate::support::{Ask, Certs, Gate, Gateway, Origin, Reply, TlsClient, Wire, policy, until};

/// A connection that is open and has been served.
fn settled(gateway: &Gateway) -> Wire {
    let mut wire = gateway.connect();
    assert_eq!(Ask::get("/").via(&mut wire).status, 200);
    wire
}

/// What a connection without a place is told.
fn is_told(gateway: &Gateway, code: &str) {
    let mut wire = gateway.connect();
    let refused = wire.answer();
    refused.assert_refused(503, code);
    assert_eq!(refused.header("connection"), Some("close"));
    assert!(wire.is_closed());
}

#[test]
fn who_comes_too_many_is_told_before_a_request() {
    let origin = Origin::echo();
    for cap in ["max_connections = 2", "max_connections_per_client = 2"] {
        let gateway = Gateway::start(policy([origin.address()]).listener(cap));
        let mut kept = [settled(&gateway), settled(&gateway)];
        is_told(&gateway, "too_many_connections");
        let mut late = gateway.connect();
        late.try_send(Ask::get("/late").bytes());
        late.answer().assert_refused(503, "too_many_connections");
        for wire in &mut kept {
            assert_eq!(Ask::get("/").via(wire).status, 200);
        }
        let metrics = Ask::get("/metrics").via(&mut kept[0]).text();
        let reason = cap.split(' ').next().unwrap();
        assert!(
            metrics.contains(&format!(
                "portcullis_connections_refused_total{{reason=\"{reason}\"}} 2"
            )),
            "{metrics}"
        );
        drop(kept);
        until("there is a place again", || {
            let mut wire = gateway.connect();
            wire.try_send(Ask::get("/").bytes())
                && wire.try_answer().is_some_and(|answer| answer.status == 200)
        });
        gateway.stop();
    }
    assert!(origin.calls().iter().all(|call| call.target != "/late"));
}

#[test]
fn under_tls_who_comes_too_many_is_closed_without_a_word() {
    let (origin, certs) = (Origin::echo(), Certs::new());
    certs.issue("gateway", &["gateway.test"]);
    let listener = certs
        .listener(&["gateway"])
        .replace("address", "max_connections = 1\naddress");
    let gateway = Gateway::start(policy([origin.address()]).and(&listener));
    let https = gateway.address("https");
    let held = Wire::connect(https);
    until("the first is in", || {
        gateway.metrics().count("portcullis_connections", &[]) == 2
    });
    assert!(Wire::connect(https).is_closed());
    drop(held);
    until("there is a place again", || {
        gateway.metrics().count("portcullis_connections", &[]) == 1
    });
    TlsClient::new(&rustls::version::TLS13).look(https, "gateway.test");
    gateway.stop();
}

/// A gateway that may open a few files more, and connections that take them.
fn exhausted(origin: &Origin, before: usize) -> (Gateway, Vec<Wire>, Vec<Wire>) {
    let gateway = Gateway::start(
        policy([origin.address()])
            .workers(1)
            .listener("max_connections = 10000\nmax_connections_per_client = \"off\""),
    );
    let early: Vec<Wire> = (0..before).map(|_| gateway.connect()).collect();
    let count = i64::try_from(before).unwrap() + 1;
    until("the early ones are in", || {
        gateway.metrics().count("portcullis_connections", &[]) == count
    });
    let open = gateway.open_files();
    gateway.limit_files(open + 20);
    let crowd: Vec<Wire> = (0..30).map(|_| gateway.connect()).collect();
    until("no file is left", || gateway.open_files() >= open + 20);
    (gateway, early, crowd)
}

#[test]
fn without_a_file_left_newcomers_are_told_and_nothing_spins() {
    let origin = Origin::answering(Reply::text("ok"));
    let (gateway, _early, crowd) = exhausted(&origin, 0);
    for _ in 0..3 {
        is_told(&gateway, "exhausted");
    }
    let waiting: Vec<Wire> = (0..20).map(|_| gateway.connect()).collect();
    let (start, used) = (Instant::now(), gateway.cpu_time());
    // The stretch that is measured.
    std::thread::park_timeout(Duration::from_secs(1));
    let (took, used) = (Instant::now() - start, gateway.cpu_time().saturating_sub(used));
    assert!(used * 5 < took, "{used:?} of {took:?} were spent on nothing");
    let warnings = gateway.log();
    let warnings = warnings
        .iter()
        .filter(|line| line.contains("limit of open files"))
        .count();
    assert!((1..=2).contains(&warnings), "{warnings} warnings");
    drop((crowd, waiting));
    until("it serves again", || {
        let mut wire = gateway.connect();
        wire.try_send(Ask::get("/").bytes()) && wire.try_answer().is_some_and(|answer| answer.status == 200)
    });
    assert!(
        gateway.metrics().count(
            "portcullis_connections_refused_total",
            &[("reason", "out_of_files")]
        ) >= 3
    );
    gateway.stop();
}

#[test]
fn an_upstream_is_not_to_blame_for_files_that_are_missing_here() {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |_, line| {
        held.wait();
        line.reply(&Reply::text("ok"));
    });
    let (gateway, mut early, crowd) = exhausted(&origin, 5);
    for wire in &mut early {
        wire.send(Ask::get("/").bytes());
    }
    // One or two may find a file: the one that is held back for telling newcomers.
    until("all are refused or at the origin", || {
        let lines = gateway.log();
        let refused = lines
            .iter()
            .filter(|line| line.contains("\"exhausted\"") && line.contains("\"status\""))
            .count();
        refused + origin.calls().len() == 5
    });
    gate.open();
    let answers: Vec<_> = early.iter_mut().map(Wire::answer).collect();
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 503).collect();
    assert!(refused.len() >= 3, "{refused:?}");
    for refused in refused {
        refused.assert_refused(503, "exhausted");
        assert_eq!(refused.header("retry-after"), Some("1"));
    }
    drop(crowd);
    until("each is served again", || {
        early.iter_mut().all(|wire| Ask::get("/").via(wire).status == 200)
    });
    let lines = gateway.log();
    assert!(
        !lines.iter().any(|line| line.contains("server is down")),
        "{lines:?}"
    );
    let up = gateway.metrics().sum("portcullis_upstream_server_up", &[]);
    assert!((up - 1.0).abs() < f64::EPSILON);
    gateway.stop();
}
