//! Between the policy and the application: what a preset brings fills gaps, what is written is set.

use super::directives;
use crate::support::policy::PolicyText;
use crate::support::{Answer, Ask, Certs, Gateway, Origin, Reply, policy, run};

/// The tests' own address is a proxy whose word counts.
fn behind_proxy(origin: &Origin) -> PolicyText {
    policy([origin.address()]).and("[client]\ntrusted_proxies = [\"127.0.0.1/32\"]")
}

fn in_production(origin: &Origin) -> PolicyText {
    behind_proxy(origin)
        .gateway("environment = \"production\"")
        .and("[sentry]\nenabled = false")
}

/// An application that says more than any preset.
fn outspoken() -> Origin {
    let reply = OWN
        .iter()
        .fold(Reply::text("x"), |reply, (name, value)| reply.header(name, value));
    Origin::answering(reply)
}

const OWN: [(&str, &str); 6] = [
    ("x-frame-options", "ALLOW-FROM https://a.test"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    (
        "content-security-policy",
        "script-src 'nonce-1'; object-src 'self'",
    ),
    ("strict-transport-security", "max-age=60"),
];

#[test]
fn what_the_application_says_itself_stands_under_every_preset() {
    let origin = outspoken();
    for lines in ["", "preset = \"default\"", "preset = \"strict\""] {
        let table = format!("[defaults.security_headers]\n{lines}");
        let gateway = Gateway::start(in_production(&origin).and(&table));
        let answer = Ask::get("/")
            .header("X-Forwarded-Proto", "https")
            .to(gateway.http());
        for (name, value) in OWN {
            assert_eq!(answer.head.all(name), [value], "{lines}: {name}");
        }
        gateway.stop();
    }
}

#[test]
fn what_is_written_is_set_and_so_is_a_preset_that_overrides() {
    let origin = outspoken();
    let text = in_production(&origin)
        .route(
            "written",
            "path = \"/written\"",
            "[routes.security_headers]\nframe_options = \"DENY\"\nreferrer_policy = \"origin\"\nhsts.max_age = \"2h\"",
        )
        .route("strict", "path = \"/strict\"", "security_headers = { preset = \"strict\", override = true }")
        .route("off", "path = \"/off\"", "security_headers = { override = true, frame_options = \"off\" }");
    let gateway = Gateway::start(text);
    let ask = |target: &str| {
        let answer = Ask::get(target)
            .header("X-Forwarded-Proto", "https")
            .to(gateway.http());
        OWN.map(|(name, _)| answer.head.all(name).join(" | "))
    };
    let own = OWN.map(|(_, value)| value.to_owned());
    let [_, sniff, _, opener, content, _] = own.clone();
    let written = ["DENY", "nosniff", "origin", &opener, &content, "max-age=7200"];
    assert_eq!(ask("/written"), written);
    let policy = "frame-ancestors 'none'; object-src 'none'; base-uri 'self'";
    let referrer = "strict-origin-when-cross-origin";
    let popups = "same-origin-allow-popups";
    assert_eq!(
        ask("/strict"),
        ["DENY", &sniff, referrer, popups, policy, "max-age=31536000"]
    );
    assert_eq!(
        ask("/off"),
        [&own[0], &sniff, referrer, &opener, &content, "max-age=31536000"]
    );
    gateway.stop();
}

#[test]
fn framing_is_said_once() {
    let origin = Origin::playing(|call, line| {
        line.body();
        let reply = Reply::text("x");
        line.reply(&match call.target.as_str() {
            "/options" => reply.header("X-Frame-Options", "DENY"),
            "/ancestors" => reply.header("Content-Security-Policy", "Frame-Ancestors https://a.test"),
            "/policy" => reply.header("Content-Security-Policy", "default-src 'self'"),
            _ => reply,
        });
    });
    let gateway = Gateway::start(policy([origin.address()]));
    for (target, options, policies) in [
        ("/options", &["DENY"][..], &[][..]),
        ("/ancestors", &[], &["Frame-Ancestors https://a.test"]),
        // Browsers enforce both: this one says nothing but who may frame.
        (
            "/policy",
            &["SAMEORIGIN"],
            &["default-src 'self'", "frame-ancestors 'self'"],
        ),
        ("/none", &["SAMEORIGIN"], &["frame-ancestors 'self'"]),
    ] {
        let answer = Ask::get(target).to(gateway.http());
        assert_eq!(answer.head.all("x-frame-options"), options, "{target}");
        assert_eq!(answer.head.all("content-security-policy"), policies, "{target}");
    }
    gateway.stop();
}

/// What the seeds ask for, to the letter (rows 0-07 to 0-12, 4-07).
const SEED: &str = r#"
[defaults.security_headers]
frame_options = "DENY"
content_type_options = "nosniff"
xss_protection = "1; mode=block"
referrer_policy = "strict-origin-when-cross-origin"
hsts = { max_age = "365d", include_subdomains = true }
[defaults.security_headers.content_security_policy]
default-src = ["'self'"]
script-src = ["'self'", "'unsafe-inline'", "https://cdn.jsdelivr.net"]
style-src = ["'self'", "'unsafe-inline'", "https://cdn.jsdelivr.net"]
img-src = ["'self'", "data:", "https:"]
connect-src = ["'self'", "https://api.stripe.com"]
"#;

#[test]
fn the_exact_values_of_the_seeds_can_be_written() {
    let origin = outspoken();
    let gateway = Gateway::start(behind_proxy(&origin).and(SEED));
    let answer = Ask::get("/")
        .header("X-Forwarded-Proto", "https")
        .to(gateway.http());
    for (name, value) in [
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
        ("x-xss-protection", "1; mode=block"),
        ("referrer-policy", "strict-origin-when-cross-origin"),
        ("strict-transport-security", "max-age=31536000; includeSubDomains"),
    ] {
        assert_eq!(answer.head.all(name), [value]);
    }
    assert_eq!(
        directives(answer.header("content-security-policy")),
        [
            "connect-src 'self' https://api.stripe.com",
            "default-src 'self'",
            "img-src 'self' data: https:",
            "script-src 'self' 'unsafe-inline' https://cdn.jsdelivr.net",
            "style-src 'self' 'unsafe-inline' https://cdn.jsdelivr.net",
        ]
    );
    assert_eq!(answer.head.all("content-security-policy").len(), 1);
    gateway.stop();
}

#[test]
fn strict_transport_security_only_over_https_and_in_production_or_where_written() {
    let origin = Origin::echo();
    let written = "[defaults.security_headers]\nhsts = { max_age = \"365d\", include_subdomains = true }";
    let subdomains = Some("max-age=31536000; includeSubDomains");
    for (text, expected) in [
        (behind_proxy(&origin), None),
        (in_production(&origin), Some("max-age=31536000")),
        (behind_proxy(&origin).and(written), subdomains),
        (in_production(&origin).and(written), subdomains),
    ] {
        let gateway = Gateway::start(text);
        let secure = Ask::get("/").header("X-Forwarded-Proto", "https");
        let hsts = |answer: Answer| answer.header("strict-transport-security").map(str::to_owned);
        assert_eq!(hsts(secure.to(gateway.http())).as_deref(), expected);
        assert_eq!(hsts(Ask::get("/").to(gateway.http())), None);
        let stranger = secure.sent_by("127.0.0.2", gateway.http());
        assert_eq!(hsts(stranger), None, "an untrusted peer can say anything");
        gateway.stop();
    }
}

#[test]
fn https_without_hsts_is_noted_and_the_old_preset_refused() {
    let certs = Certs::new();
    let origin = Origin::echo();
    let check = |text: PolicyText| run(&["check"], &text.tls(&certs).text(), &[]);
    let note = "`listeners.https` serves https without HSTS";
    check(behind_proxy(&origin)).assert(0, &[note, "write `hsts = "]);
    for quiet in [
        in_production(&origin),
        behind_proxy(&origin).and("[defaults.security_headers]\nhsts = { enabled = false }"),
    ] {
        let exit = check(quiet);
        exit.assert(0, &[]);
        assert!(
            !exit.stdout.iter().any(|line| line.contains(note)),
            "{:?}",
            exit.stdout
        );
    }
    let old = behind_proxy(&origin).and("[defaults.security_headers]\npreset = \"classic\"");
    check(old).assert(2, &["there is no preset `classic`", "write \"default\""]);
}
