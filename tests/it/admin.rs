//! The admin listener: health and metrics on a door of the operator's own, whatever the public ones do.

use crate::support::metrics::Metrics;
use crate::support::{Ask, Gate, Gateway, Origin, Reply, Wire, policy, run, until};

const ADMIN: &str = "[admin]\naddress = \"127.0.0.1:0\"";

#[test]
fn only_the_gateways_own_pages_are_there() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]).and(ADMIN));
    let admin = gateway.address("admin");
    for path in ["/health", "/health/live", "/metrics", "/%6detrics"] {
        assert_eq!(Ask::get(path).to(admin).status, 200, "{path}");
        assert_eq!(Ask::head(path).to(admin).status, 200, "{path}");
    }
    until("ready", || Ask::get("/health/ready").to(admin).status == 200);
    for ask in [Ask::get("/"), Ask::get("/metrics/x"), Ask::post("/any", "body")] {
        ask.to(admin).assert_refused(404, "not_found");
    }
    let posted = Ask::post("/metrics", "").to(admin);
    posted.assert_refused(405, "method_not_allowed");
    assert_eq!(posted.header("allow"), Some("GET, HEAD"));
    assert!(Ask::get("/").to(admin).header("x-content-type-options").is_some());
    assert!(origin.calls().is_empty(), "nothing is forwarded from there");
    gateway.stop();
}

#[test]
fn connections_that_ask_nothing_do_not_keep_a_health_check_out() {
    let origin = Origin::echo();
    let text = policy([origin.address()]).and(ADMIN);
    let gateway = Gateway::start(text.clone());
    let admin = gateway.address("admin");
    let mut kept = Wire::connect(admin);
    assert_eq!(Ask::get("/health/live").via(&mut kept).status, 200);
    let silent: Vec<Wire> = (0..80).map(|_| Wire::connect(admin)).collect();
    let begun: Vec<Wire> = (0..80)
        .map(|_| {
            let mut wire = Wire::connect(admin);
            wire.send("GET /health");
            wire
        })
        .collect();
    for path in ["/health/live", "/metrics"] {
        assert_eq!(Ask::get(path).to(admin).status, 200, "{path}");
    }
    let there = text.text().replace("127.0.0.1:0\"", &format!("{admin}\""));
    run(&["healthcheck"], &there, &[]).assert(0, &["healthy", &admin.to_string()]);
    assert!(kept.is_closed(), "the oldest gave way");
    drop((silent, begun));
    gateway.stop();
}

#[test]
fn the_operators_tools_leave_the_metrics_of_an_idle_gateway_at_zero() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]).and(ADMIN));
    let admin = gateway.address("admin");
    let mut scraper = Wire::connect(admin);
    for path in ["/health", "/health/ready", "/unknown"] {
        Ask::get(path).via(&mut scraper);
    }
    Ask::post("/metrics", "").to(admin);
    let metrics = Metrics::parse(&Ask::get("/metrics").via(&mut scraper).text());
    for name in [
        "portcullis_connections",
        "portcullis_in_flight_requests",
        "portcullis_refusals_total",
        "http_requests_total",
    ] {
        assert_eq!(metrics.count(name, &[]), 0, "{name}");
    }
    // On a public listener the connection counts, since it takes a place; the request does not.
    let metrics = gateway.metrics();
    assert_eq!(metrics.count("portcullis_connections", &[]), 1);
    assert_eq!(metrics.count("portcullis_in_flight_requests", &[]), 0);
    gateway.stop();
}

#[test]
fn what_is_asked_there_is_no_traffic() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]).and(ADMIN));
    let admin = gateway.address("admin");
    Ask::get("/unknown")
        .header("X-Request-ID", "asked-by-the-operator")
        .to(admin);
    Ask::get("/metrics").to(admin);
    assert_eq!(gateway.metrics().count("http_requests_total", &[]), 0);
    assert!(!gateway.stop().output().contains("asked-by-the-operator"));
}

#[test]
fn without_the_table_there_is_none() {
    let exit = Gateway::start(policy(["127.0.0.1:9"])).stop();
    assert!(!exit.output().contains("admin="));
}

#[test]
fn its_metrics_are_for_their_readers_and_for_operators() {
    let origin = Origin::echo();
    let closed = "metrics_allow = [\"192.0.2.1\"]";
    let gateway = Gateway::start(policy([origin.address()]).and(&format!("{ADMIN}\n{closed}")));
    assert_eq!(Ask::get("/metrics").to(gateway.address("admin")).status, 200);
    Ask::get("/metrics")
        .to(gateway.http())
        .assert_refused(404, "not_found");
    gateway.stop();
    let wide = "[admin]\naddress = \"0.0.0.0:0\"";
    for (lists, status) in [
        (closed, 200),
        ("allow = [\"192.0.2.1\"]\nmetrics_allow = [\"192.0.2.1\"]", 404),
        ("allow = [\"192.0.2.1\"]\nmetrics_allow = [\"127.0.0.0/8\"]", 200),
        ("allow = [\"loopback\"]\nmetrics_allow = [\"192.0.2.1\"]", 200),
    ] {
        let gateway = Gateway::start(policy([origin.address()]).and(&format!("{wide}\n{lists}")));
        let port = gateway.address("admin").port();
        let admin = std::net::SocketAddr::from(([127, 0, 0, 1], port));
        assert_eq!(Ask::get("/metrics").to(admin).status, status, "{lists}");
        assert_eq!(Ask::get("/health/live").to(admin).status, 200);
        gateway.stop();
    }
}

#[test]
fn loopback_is_nobody_whom_a_proxy_let_in() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]).and(ADMIN));
    let addresses = [gateway.http(), gateway.address("admin")];
    for name in [
        "X-Forwarded-For",
        "Forwarded",
        "X-Real-IP",
        "CF-Connecting-IP",
        "Via",
    ] {
        let value = if name == "Via" { "1.1 nginx" } else { "203.0.113.7" };
        for address in addresses {
            let ask = Ask::get("/metrics").header(name, value);
            ask.to(address).assert_refused(404, "not_found");
            assert_eq!(
                Ask::get("/health/live").header(name, value).to(address).status,
                200,
                "{name}"
            );
        }
    }
    for address in addresses {
        assert_eq!(Ask::get("/metrics").to(address).status, 200);
    }
    let wide = policy([origin.address()]).and("[admin]\nmetrics_allow = [\"0.0.0.0/0\"]");
    let gateway = Gateway::start(wide);
    let ask = Ask::get("/metrics").header("X-Forwarded-For", "203.0.113.7");
    assert_eq!(ask.to(gateway.http()).status, 200, "everybody was meant");
    gateway.stop();
}

#[test]
fn it_answers_when_no_public_connection_is_free() {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |_, line| {
        held.wait();
        line.reply(&Reply::text("late"));
    });
    let text = policy([origin.address()])
        .workers(1)
        .listener("max_connections = 2")
        .and(ADMIN);
    let gateway = Gateway::start(text);
    let admin = gateway.address("admin");
    let mut waiting: Vec<Wire> = (0..2).map(|_| Ask::get("/").start(gateway.http())).collect();
    origin.wait_for_calls(2);
    let full = gateway.connect().answer();
    full.assert_refused(503, "too_many_connections");
    assert_eq!(Ask::get("/health/live").to(admin).status, 200);
    let metrics = Ask::get("/metrics").to(admin).text();
    assert!(metrics.contains("portcullis_in_flight"), "{metrics}");
    gate.open();
    for wire in &mut waiting {
        assert_eq!(wire.answer().status, 200);
    }
    gateway.stop();
}

#[test]
fn a_stop_is_told_there_until_the_end() {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |_, line| {
        held.wait();
        line.reply(&Reply::text("finished"));
    });
    let text = policy([origin.address()]).gateway("drain = \"20s\"").and(ADMIN);
    let gateway = Gateway::start(text);
    let admin = gateway.address("admin");
    until("ready", || Ask::get("/health/ready").to(admin).status == 200);
    let mut wire = Ask::get("/").start(gateway.http());
    origin.wait_for_calls(1);
    gateway.terminate();
    until("draining is told", || {
        Ask::get("/health/ready").to(admin).status == 503
    });
    assert_eq!(Ask::get("/health/ready").to(admin).json()["status"], "draining");
    assert_eq!(Ask::get("/health/live").to(admin).status, 200);
    assert_eq!(Ask::get("/metrics").to(admin).status, 200);
    gate.open();
    assert_eq!(wire.answer().text(), "finished");
    assert_eq!(gateway.wait().code, Some(0));
}

#[test]
fn a_reload_keeps_it_where_it_is_and_names_the_key() {
    let origin = Origin::echo();
    let text = policy([origin.address()]);
    let gateway = Gateway::start(text.clone().and(ADMIN));
    let admin = gateway.address("admin");
    for changed in [text.clone(), text.and("[admin]\naddress = \"127.0.0.2:0\"")] {
        gateway.rewrite(changed);
        assert!(gateway.reload());
        assert_eq!(Ask::get("/health/live").to(admin).status, 200);
    }
    gateway.wait_for_log("the warning", |line| line["key"] == "admin.address");
    gateway.stop();
}

#[test]
fn an_address_for_everybody_needs_a_list_of_who_may_read() {
    let check = |admin: &str| run(&["check"], &policy(["127.0.0.1:9"]).and(admin).text(), &[]);
    let open = "[admin]\naddress = \"0.0.0.0:9180\"";
    check(open).assert(2, &["portcullis.toml:", "`0.0.0.0:9180`", "metrics_allow"]);
    check(&format!("{open}\nallow = [\"10.0.0.0/8\"]")).assert(0, &[]);
    check(&format!("{open}\nmetrics_allow = [\"10.0.0.0/8\"]")).assert(0, &[]);
    check("[admin]\naddress = \"[::1]:9180\"").assert(0, &[]);
}

#[test]
fn its_name_and_address_are_its_own() {
    let named = "[listeners.admin]\naddress = \"127.0.0.1:9181\"\n[admin]\naddress = \"127.0.0.1:9180\"";
    let text = policy(["127.0.0.1:9"]).and(named).text();
    run(&["check"], &text, &[]).assert(2, &["`admin` is the name"]);
    let same = text
        .replace("[listeners.admin]", "[listeners.second]")
        .replace("9181", "9180");
    run(&["check"], &same, &[]).assert(2, &["`127.0.0.1:9180` is taken by the listener `second`"]);
}
