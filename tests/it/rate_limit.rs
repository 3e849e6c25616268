//! Rate limits: windows, buckets, keys, and what a refused client is told.

use std::time::Instant;

use crate::support::{Answer, Ask, Gateway, Origin, Wire, policy};

fn limited(limit: &str, origin: &Origin) -> String {
    policy([origin.address()])
        .and(&format!(
            "[limits.first]\n{limit}\n[defaults]\nlimits = [\"first\"]"
        ))
        .into()
}

fn ask_times(count: usize, ask: &Ask, wire: &mut Wire) -> Vec<u16> {
    (0..count).map(|_| ask.via(wire).status).collect()
}

/// The parameter of a structured field: `q` of `"first";q=100;w=60`.
fn parameter(answer: &Answer, field: &str, key: &str) -> u64 {
    let value = answer
        .header(field)
        .unwrap_or_else(|| panic!("no `{field}`: {answer:?}"));
    assert!(value.starts_with("\"first\";"), "{field}: {value}");
    let found = value
        .split(';')
        .find_map(|part| part.trim().strip_prefix(key)?.strip_prefix('='));
    found
        .unwrap_or_else(|| panic!("no `{key}` in {field}: {value}"))
        .parse()
        .unwrap()
}

#[test]
fn request_101_of_100_a_minute_is_refused() {
    let origin = Origin::echo();
    let gateway = Gateway::start(limited("rate = \"100/minute\"", &origin));
    for _ in 0..100 {
        assert_eq!(Ask::get("/").to(gateway.http()).status, 200);
    }
    let refused = Ask::get("/").to(gateway.http());
    refused.assert_refused(429, "rate_limited");
    let retry_after: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    // The window keeps moments in 256 steps of a slot and rounds up, so that whoever waits is never too early.
    assert!((1..=61).contains(&retry_after), "{retry_after}");
    assert_eq!(parameter(&refused, "ratelimit-policy", "q"), 100);
    assert_eq!(parameter(&refused, "ratelimit-policy", "w"), 60);
    assert_eq!(parameter(&refused, "ratelimit", "r"), 0);
    assert!((1..=60).contains(&parameter(&refused, "ratelimit", "t")));
    assert_eq!(origin.calls().len(), 100);
    gateway.stop();
}

#[test]
fn answers_announce_what_is_left_unless_told_not_to() {
    let origin = Origin::echo();
    let gateway = Gateway::start(limited("rate = \"5/minute\"", &origin));
    assert_eq!(parameter(&Ask::get("/").to(gateway.http()), "ratelimit", "r"), 4);
    assert_eq!(parameter(&Ask::get("/").to(gateway.http()), "ratelimit", "r"), 3);
    gateway.stop();
    let gateway = Gateway::start(limited("rate = \"5/minute\"\nannounce = false", &origin));
    assert_eq!(Ask::get("/").to(gateway.http()).header("ratelimit"), None);
    gateway.stop();
}

#[test]
fn a_bucket_lets_its_burst_through_and_refills() {
    let origin = Origin::echo();
    let gateway = Gateway::start(limited("rate = \"10/second\"\nburst = 20", &origin));
    let mut wire = gateway.connect();
    let start = Instant::now();
    let statuses = ask_times(40, &Ask::get("/"), &mut wire);
    let passed: f64 = statuses
        .iter()
        .map(|status| if *status == 200 { 1.0 } else { 0.0 })
        .sum();
    let refilled = Instant::now().duration_since(start).as_secs_f64() * 10.0;
    assert!(
        passed >= 20.0 && passed <= 21.0 + refilled,
        "{passed} passed, {refilled} refilled"
    );
    assert!(passed < 40.0, "the machine is too slow for this test");
    crate::support::until("the bucket refills", || {
        Ask::get("/").via(&mut wire).status == 200
    });
    gateway.stop();
}

#[test]
fn clients_have_budgets_of_their_own_and_cannot_rotate_headers() {
    let origin = Origin::echo();
    let gateway = Gateway::start(limited("rate = \"2/minute\"", &origin));
    for forged in ["1.1.1.1", "2.2.2.2"] {
        assert_eq!(
            Ask::get("/")
                .header("X-Forwarded-For", forged)
                .to(gateway.http())
                .status,
            200
        );
    }
    assert_eq!(
        Ask::get("/")
            .header("X-Forwarded-For", "3.3.3.3")
            .to(gateway.http())
            .status,
        429
    );
    assert_eq!(Ask::get("/").sent_by("127.0.0.2", gateway.http()).status, 200);
    gateway.stop();
}

#[test]
fn a_key_may_be_a_header_with_the_address_behind_it() {
    let origin = Origin::echo();
    let keyed = "rate = \"1/minute\"\nkey = [\"header:x-user-id\", \"client_ip\"]";
    let gateway = Gateway::start(limited(keyed, &origin));
    let as_user = |user: &str| Ask::get("/").header("X-User-Id", user).to(gateway.http()).status;
    assert_eq!((as_user("ann"), as_user("bob"), as_user("ann")), (200, 200, 429));
    assert_eq!(
        Ask::get("/").to(gateway.http()).status,
        200,
        "no header: by address"
    );
    assert_eq!(Ask::get("/").to(gateway.http()).status, 429);
    gateway.stop();
}

#[test]
fn a_named_limit_is_one_budget_over_its_routes_and_a_route_may_replace_it() {
    let origin = Origin::echo();
    let text = policy([origin.address()])
        .and("[limits.shared]\nrate = \"2/minute\"\n[limits.login]\nrate = \"1/minute\"")
        .and("[defaults]\nlimits = [\"shared\"]")
        .route("login", "path = \"/login\"", "limits = [\"login\"]")
        .route("free", "path = \"/free\"", "limits = []")
        .route("one", "path = \"/one\"", "")
        .route("rest", "path = \"/*\"", "");
    let gateway = Gateway::start(text);
    let status = |target: &str| Ask::get(target).to(gateway.http()).status;
    assert_eq!(
        (status("/one"), status("/two"), status("/one"), status("/two")),
        (200, 200, 429, 429)
    );
    assert_eq!((status("/login"), status("/login")), (200, 429));
    assert_eq!(
        (status("/free"), status("/free"), status("/free"), status("/free")),
        (200, 200, 200, 200)
    );
    gateway.stop();
}

#[test]
fn a_refused_request_spends_nothing_from_other_limits() {
    let origin = Origin::echo();
    let text = policy([origin.address()])
        .and("[limits.narrow]\nrate = \"1/minute\"\n[limits.wide]\nrate = \"3/minute\"")
        .route("both", "path = \"/both\"", "limits = [\"wide\", \"narrow\"]")
        .route("wide", "path = \"/*\"", "limits = [\"wide\"]");
    let gateway = Gateway::start(text);
    let status = |target: &str| Ask::get(target).to(gateway.http()).status;
    assert_eq!(
        (status("/both"), status("/both"), status("/both")),
        (200, 429, 429)
    );
    assert_eq!((status("/w"), status("/w"), status("/w")), (200, 200, 429));
    gateway.stop();
}
