//! SIGHUP: a new policy takes over whole or not at all; what clients have under way and what is known about
//! them stays.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use rustix::process::Signal;

use crate::support::policy::PolicyText;
use crate::support::wait::Load;
use crate::support::{Ask, Gate, Gateway, H2Origin, Origin, Reply, Wire, policy, until};

fn limited(origin: &Origin) -> PolicyText {
    policy([origin.address()]).and("[limits.three]\nrate = \"3/minute\"\n[defaults]\nlimits = [\"three\"]")
}

#[test]
fn a_new_route_serves_after_it() {
    let origin = Origin::echo();
    let old = policy([origin.address()]).route("old", "path = \"/old\"", "");
    let gateway = Gateway::start(&old);
    Ask::get("/new")
        .to(gateway.http())
        .assert_refused(404, "not_found");
    gateway.rewrite(policy([origin.address()]).route("new", "path = \"/new\"", ""));
    assert!(gateway.reload());
    assert_eq!(Ask::get("/new").to(gateway.http()).status, 200);
    Ask::get("/old")
        .to(gateway.http())
        .assert_refused(404, "not_found");
    assert_eq!(gateway.metrics().count("portcullis_last_reload_ok", &[]), 1);
    gateway.stop();
}

#[test]
fn what_was_spent_stays_spent() {
    let origin = Origin::echo();
    let gateway = Gateway::start(limited(&origin));
    let status = || Ask::get("/").to(gateway.http()).status;
    assert_eq!((status(), status()), (200, 200));
    gateway.rewrite(limited(&origin).and("[readiness]\nstyle = \"detailed\""));
    assert!(gateway.reload());
    assert_eq!((status(), status()), (200, 429));
    gateway.stop();
}

#[test]
fn a_faulty_policy_keeps_the_old_one_and_says_so() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    gateway.rewrite(policy([origin.address()]).and("[defaults]\nmax_bdy = \"1MiB\""));
    assert!(!gateway.reload());
    assert_eq!(Ask::get("/").to(gateway.http()).status, 200);
    let said = gateway
        .log()
        .into_iter()
        .find(|line| line.contains("the old one stays"))
        .unwrap();
    assert!(said.contains("max_bdy"), "{said}");
    assert_eq!(gateway.metrics().count("portcullis_last_reload_ok", &[]), 0);
    assert_eq!(gateway.metrics().count("portcullis_reloads_total", &[]), 1);
    gateway.rewrite(policy([origin.address()]));
    assert!(gateway.reload());
    assert_eq!(gateway.metrics().count("portcullis_last_reload_ok", &[]), 1);
    gateway.stop();
}

#[test]
fn a_file_that_is_gone_or_a_variable_that_is_missing_keeps_the_old_one() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    for text in ["", "\u{0}", "[logs]\nlevel = \"${NOT_SET_ANYWHERE}\"", "[[["] {
        gateway.rewrite(text);
        assert!(!gateway.reload(), "{text}");
    }
    gateway.remove_policy();
    assert!(!gateway.reload());
    assert_eq!(Ask::get("/").to(gateway.http()).status, 200);
    gateway.stop();
}

#[test]
fn listeners_come_and_go() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    let http = gateway.http();
    gateway.rewrite(policy([origin.address()]).and("[listeners.second]\naddress = \"127.0.0.1:0\""));
    assert!(gateway.reload());
    let second = gateway.address("second");
    assert_eq!(Ask::get("/").to(second).status, 200);
    assert_eq!(gateway.http(), http, "a listener that stays keeps its socket");
    assert_eq!(Ask::get("/").to(http).status, 200);
    gateway.rewrite(policy([origin.address()]));
    assert!(gateway.reload());
    until("the removed listener is closed", || {
        Wire::try_connect(second).is_err()
    });
    assert_eq!(Ask::get("/").to(http).status, 200);
    gateway.stop();
}

#[test]
fn a_listener_that_cannot_be_bound_refuses_the_whole_reload() {
    let origin = Origin::echo();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let gateway = Gateway::start(policy([origin.address()]));
    let with_taken = format!(
        "[listeners.second]\naddress = \"{}\"",
        taken.local_addr().unwrap()
    );
    gateway.rewrite(
        policy([origin.address()])
            .and(&with_taken)
            .route("new", "path = \"/new\"", ""),
    );
    assert!(!gateway.reload());
    assert_eq!(Ask::get("/old").to(gateway.http()).status, 200);
    gateway.stop();
}

#[test]
fn connections_and_downloads_live_on_and_the_pool_is_kept() {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |call, line| {
        let body = line.body();
        if call.target == "/held" {
            line.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
            held.wait();
            line.send("done");
        } else {
            line.reply(&call.echo(&body));
        }
    });
    // One worker, since each has a pool of its own; the download holds the first connection.
    let one_worker = || policy([origin.address()]).workers(1);
    let gateway = Gateway::start(one_worker());
    let mut download = Ask::get("/held").start(gateway.http());
    download.head();
    download.piece_with("half");
    let mut kept = gateway.connect();
    assert_eq!(Ask::get("/").via(&mut kept).json()["connection"], 1);
    gateway.rewrite(one_worker().and("[readiness]\nstyle = \"detailed\""));
    assert!(gateway.reload());
    assert_eq!(
        Ask::get("/").via(&mut kept).json()["connection"],
        1,
        "the upstream's connection was kept"
    );
    gate.open();
    assert_eq!(download.rest_of_body().bytes, b"done");
    gateway.stop();
}

#[test]
fn no_request_is_lost_while_policies_change() {
    let origin = Origin::answering(Reply::text("ok"));
    let gateway = Gateway::start(policy([origin.address()]));
    let (stop, served) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        let _load = Load(&stop);
        for client in 0..4 {
            let (gateway, stop, served) = (&gateway, &stop, &served);
            scope.spawn(move || {
                let mut wire = gateway.connect();
                while !stop.load(Ordering::SeqCst) {
                    // Half of the clients keep their connection, half come anew each time.
                    let answer = if client % 2 == 0 {
                        Ask::get("/").via(&mut wire)
                    } else {
                        Ask::get("/").to(gateway.http())
                    };
                    assert_eq!((answer.status, answer.body.complete), (200, true));
                    served.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        for round in 0..6 {
            let before = served.load(Ordering::SeqCst);
            let lines = if round % 2 == 0 {
                "[listeners.second]\naddress = \"127.0.0.1:0\""
            } else {
                ""
            };
            gateway.rewrite(policy([origin.address()]).and(lines));
            assert!(gateway.reload());
            until("traffic goes on", || served.load(Ordering::SeqCst) > before + 20);
        }
    });
    gateway.stop();
}

/// So many routes that compiling takes long.
fn large(origin: &Origin, last: &str) -> PolicyText {
    let routes = (0..6000).map(|n| {
        format!("[[routes]]\nname = \"r{n}\"\nmatch = {{ path = \"/r{n}/*\" }}\nupstream = \"backend\"\n")
    });
    policy([origin.address()])
        .and("[admin]\naddress = \"127.0.0.1:0\"")
        .and(&routes.collect::<String>())
        .route("last", &format!("path = \"{last}\""), "")
}

fn said(gateway: &Gateway, what: &str) -> usize {
    let said = |line: &&String| line.contains(what);
    gateway.log().iter().filter(said).count()
}

#[test]
fn the_operator_is_answered_while_a_large_policy_compiles() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]).and("[admin]\naddress = \"127.0.0.1:0\""));
    let mut admin = Wire::connect(gateway.address("admin"));
    gateway.rewrite(large(&origin, "/last"));
    gateway.signal(Signal::HUP);
    until("the reload begins", || {
        said(&gateway, "reloading the policy") == 1
    });
    let mut answered = 0;
    while said(&gateway, "policy reloaded") == 0 {
        assert_eq!(Ask::get("/health/live").via(&mut admin).status, 200);
        answered += 1;
    }
    // One may be answered before the compile begins, and one before its end is in the log.
    assert!(answered > 5, "{answered} answers during the reload");
    gateway.stop();
}

#[test]
fn a_signal_during_a_reload_leads_to_one_more_after_it() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]).and("[admin]\naddress = \"127.0.0.1:0\""));
    gateway.rewrite(large(&origin, "/first"));
    gateway.signal(Signal::HUP);
    until("the reload begins", || {
        said(&gateway, "reloading the policy") == 1
    });
    // The text is read at once, and compiled for long.
    let mut admin = Wire::connect(gateway.address("admin"));
    assert_eq!(Ask::get("/health/live").via(&mut admin).status, 200);
    gateway.rewrite(policy([origin.address()]).route("second", "path = \"/second\"", ""));
    gateway.signal(Signal::HUP);
    until("both are in force, one after the other", || {
        said(&gateway, "policy reloaded") == 2
    });
    assert_eq!(Ask::get("/second").to(gateway.http()).status, 200);
    Ask::get("/first")
        .to(gateway.http())
        .assert_refused(404, "not_found");
    assert_eq!(said(&gateway, "reloading the policy"), 2);
    gateway.stop();
}

#[test]
fn another_health_check_closes_no_connection() {
    let origin = H2Origin::echo();
    let checked = |lines: &str| {
        policy([origin.address()])
            .upstream("http2 = true")
            .upstream(lines)
            .workers(1)
    };
    let gateway = Gateway::start(checked("health = { grpc = \"\", interval = \"50s\" }"));
    let asked = |path: &str| {
        assert_eq!(Ask::get(path).to(gateway.http()).status, 200);
        let seen = origin.seen();
        seen.iter()
            .find(|seen| seen.uri.path() == path)
            .unwrap()
            .connection
    };
    let checks = || {
        let seen = origin.seen();
        seen.iter()
            .filter(|seen| seen.uri.path().starts_with("/grpc.health"))
            .count()
    };
    let first = asked("/first");
    until("it was checked", || checks() == 1);
    gateway.rewrite(checked("health = { grpc = \"\", interval = \"40s\" }"));
    assert!(gateway.reload());
    assert_eq!(asked("/other-interval"), first);
    until("it was checked by the new rule", || checks() == 2);
    gateway.rewrite(checked("health = { grpc = \"shop\", interval = \"40s\" }"));
    assert!(gateway.reload());
    assert_eq!(asked("/other-service"), first);
    gateway.rewrite(checked(""));
    assert!(gateway.reload());
    assert_eq!(asked("/no-check"), first);
    gateway.stop();
}
