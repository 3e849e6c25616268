//! Crash reports: what is sent, what never is, and that Sentry's troubles are nobody else's. Against a
//! recording Sentry that is sent real envelopes.

mod life;
mod panics;
mod policies;
mod tls;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::sentry::Sentry;
use crate::support::{Ask, Gateway, Origin, Reply, policy};

/// Answers with the status that the last segment of the path names; `leak` in the path makes it leak.
fn by_status() -> Origin {
    Origin::playing(|call, line| {
        line.body();
        let path = call.target.split('?').next().unwrap_or_default();
        let status = path.rsplit('/').next().and_then(|word| word.parse().ok());
        let body = if path.contains("leak") {
            "{\"trouble\":\"redis://cache:6379/0\"}"
        } else {
            "{\"trouble\":1}"
        };
        line.reply(&Reply::new(status.unwrap_or(200), "application/json", body));
    })
}

fn routes(origin: &Origin) -> crate::support::policy::PolicyText {
    policy([origin.address()])
        .and("[upstreams.dead]\nservers = [\"http://127.0.0.1:9\"]")
        .and("[[routes]]\nname = \"gone\"\nmatch = { path = \"/gone/*\" }\nupstream = \"dead\"")
        .route("shop", "path = \"/shop/*\"", "")
        .route("cart", "path = \"/cart/{item}/*\"", "limits = []")
}

fn with_tag<'e>(events: &'e [Value], tag: &str, value: &str) -> &'e Value {
    events
        .iter()
        .find(|event| event["tags"][tag] == value)
        .unwrap_or_else(|| panic!("no event with {tag}={value}: {events:#?}"))
}

#[test]
fn our_own_5xx_and_the_upstreams_masked_or_not_become_events() {
    let (origin, sentry) = (by_status(), Sentry::start());
    let table = sentry.table("traces_sample_rate = 0\nenvironment = \"staging\"\nrelease = \"shop@7\"");
    let gateway = Gateway::start(routes(&origin).and(&table));
    Ask::get("/shop/500").to(gateway.http());
    Ask::get("/shop/leak/503").to(gateway.http());
    Ask::post("/gone/x", "x")
        .header("X-Request-ID", "never-arrived")
        .to(gateway.http());
    let events = sentry.wait_for_events(3);
    let plain = with_tag(&events, "http.status_code", "500");
    assert_eq!(plain["tags"]["masked"], Value::Null);
    assert_eq!(
        with_tag(&events, "http.status_code", "503")["tags"]["masked"],
        "true"
    );
    let ours = with_tag(&events, "refusal", "upstream_unreachable");
    for (tag, value) in [
        ("request_id", "never-arrived"),
        ("route", "gone"),
        ("upstream", "dead"),
        ("method", "POST"),
        ("http.status_code", "502"),
    ] {
        assert_eq!(ours["tags"][tag], value, "{ours:#}");
    }
    assert_eq!(
        (&ours["transaction"], &ours["environment"], &ours["release"]),
        (&"gone".into(), &"staging".into(), &"shop@7".into())
    );
    let envelope = &sentry.envelopes()[0];
    assert_eq!(envelope.target, "/api/42/envelope/");
    assert!(envelope.text.contains("sentry_key=publickey"), "{envelope:?}");
    gateway.stop();
    assert!(sentry.transactions().is_empty());
}

#[test]
fn noise_is_never_sent() {
    let (origin, sentry) = (by_status(), Sentry::start());
    let text = routes(&origin)
        .and("[limits.one]\nrate = \"1/hour\"")
        .route("few", "path = \"/few/*\"", "limits = [\"one\"]")
        .and("[[routes]]\nmatch = { path = \"/closed\" }\nrespond = { status = 503, body = \"later\" }")
        .and(&sentry.table("traces_sample_rate = 1"));
    let gateway = Gateway::start(text);
    for target in [
        "/health",
        "/health/ready",
        "/metrics",
        "/nowhere",
        "/shop/404",
        "/shop/429",
        "/closed",
    ] {
        Ask::get(target).to(gateway.http());
    }
    for _ in 0..3 {
        Ask::get("/few/200").to(gateway.http());
    }
    Ask::get("/shop/400").to(gateway.http());
    Ask::new("TRACE", "/shop/x").to(gateway.http());
    Ask::get("/shop/500").to(gateway.http());
    gateway.stop();
    let events = sentry.events();
    assert_eq!(events.len(), 1, "{events:#?}");
    assert_eq!(events[0]["tags"]["http.status_code"], "500");
    let mut statuses: Vec<_> = sentry
        .transactions()
        .iter()
        .map(|t| {
            t["tags"]["http.status_code"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    statuses.sort();
    assert_eq!(statuses, ["200", "400", "500", "501", "503"]);
}

#[test]
fn nothing_personal_is_sent() {
    let (origin, sentry) = (by_status(), Sentry::start());
    let text = routes(&origin)
        .and("[client]\ntrusted_proxies = [\"127.0.0.0/8\"]")
        .and(&sentry.table("traces_sample_rate = 1"));
    let gateway = Gateway::start(text);
    for target in [
        "/cart/anna@example.com/500?token=s3cr3t-token",
        "/gone/anna@example.com?token=s3cr3t-token",
    ] {
        Ask::post(target, "card=4111111111111111")
            .host("anna.private.test")
            .header("Cookie", "session=c00kie-value")
            .header("Authorization", "Bearer b3arer-value")
            .header("User-Agent", "AnnasPhone/1")
            .header("Referer", "https://annas-diary.test/")
            .header("X-Forwarded-For", "203.0.113.77")
            .header("X-Api-Key", "k3y-value")
            .sent_by("127.0.0.7", gateway.http());
    }
    gateway.stop();
    assert_eq!((sentry.events().len(), sentry.transactions().len()), (2, 2));
    for envelope in sentry.envelopes() {
        for personal in [
            "127.0.0.7",
            "203.0.113.77",
            "anna",
            "s3cr3t",
            "token",
            "4111",
            "c00kie",
            "b3arer",
            "k3y-value",
            "AnnasPhone",
            "diary",
            "/cart",
            "/gone",
        ] {
            assert!(
                !envelope.text.contains(personal),
                "`{personal}` in {}",
                envelope.text
            );
        }
    }
}

#[test]
fn timings_are_named_by_their_route_and_picked_by_request_id() {
    let (origin, sentry) = (by_status(), Sentry::start());
    let gateway = Gateway::start(routes(&origin).and(&sentry.table("traces_sample_rate = 0.5")));
    let mut wire = gateway.connect();
    for _ in 0..2 {
        for number in 0..40 {
            Ask::get("/shop/201")
                .header("X-Request-ID", &format!("request-{number:03}"))
                .via(&mut wire);
        }
    }
    drop(wire);
    gateway.stop();
    let transactions = sentry.transactions();
    let picked: BTreeSet<_> = transactions
        .iter()
        .map(|t| t["tags"]["request_id"].to_string())
        .collect();
    assert_eq!(
        transactions.len(),
        picked.len() * 2,
        "the same requests both times"
    );
    assert!((8..=32).contains(&picked.len()), "{}", picked.len());
    for transaction in &transactions {
        assert_eq!(
            (
                &transaction["transaction"],
                &transaction["tags"]["http.status_code"]
            ),
            (&"shop".into(), &"201".into())
        );
    }
}
