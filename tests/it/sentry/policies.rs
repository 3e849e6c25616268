//! `[sentry]` in the policy, and `portcullis sentry-test`.

use crate::support::exit::Exit;
use crate::support::sentry::Sentry;
use crate::support::{Reply, policy, run};

fn check(environment: &str, table: &str, dsn: &str) -> Exit {
    let text = policy(["127.0.0.1:9"])
        .gateway(&format!("environment = \"{environment}\""))
        .and(table);
    run(&["check"], &text.text(), &[("SENTRY_DSN", dsn)])
}

const FROM_ENVIRONMENT: &str = "[sentry]\ndsn = \"${SENTRY_DSN:-}\"";
const DSN: &str = "https://0123456789abcdef@o1.ingest.example.com/42";

#[test]
fn production_has_a_dsn_or_says_that_it_does_without() {
    check("production", FROM_ENVIRONMENT, DSN).assert(0, &[]);
    let missing = check("production", FROM_ENVIRONMENT, "");
    missing.assert(2, &["portcullis.toml:", "SENTRY_DSN", "enabled = false"]);
    check("production", "", DSN).assert(2, &["Sentry DSN", "[sentry]"]);
    let without = check("production", "[sentry]\nenabled = false", "");
    without.assert(0, &["warning", "switched off"]);
    for table in ["", FROM_ENVIRONMENT, "[sentry]\nenabled = false"] {
        let exit = check("development", table, "");
        exit.assert(0, &[]);
        assert!(!exit.output().contains("entry"), "{}", exit.output());
    }
}

#[test]
fn a_dsn_that_is_none_is_refused_and_never_printed() {
    for (bad, reason) in [
        ("hunter2", "no URL"),
        ("https://hunter2@host.test", "no project"),
        ("https://host.test/hunter2", "no key"),
        ("ftp://hunter2@host.test/1", "https"),
    ] {
        for environment in ["production", "development"] {
            let exit = check(environment, FROM_ENVIRONMENT, bad);
            exit.assert(2, &["portcullis.toml:", reason, "Client Keys"]);
            assert!(!exit.output().contains("hunter2"), "{}", exit.output());
        }
    }
}

#[test]
fn a_placeholder_is_no_dsn() {
    for template in [
        "https://xxx@xxx.ingest.sentry.io/xxx",
        "https://xxxxxxxx@o0.ingest.sentry.io/1",
        "https://examplePublicKey@o0.ingest.sentry.io/0",
        "https://your-key@sentry.io/1",
        "https://<key>@sentry.io/1",
        "changeme",
    ] {
        let exit = check("production", FROM_ENVIRONMENT, template);
        exit.assert(
            2,
            &["portcullis.toml:", "a template's placeholder", "Client Keys"],
        );
        assert!(!exit.output().contains(template), "{}", exit.output());
        check("development", FROM_ENVIRONMENT, template).assert(0, &["warning", "placeholder"]);
    }
}

#[test]
fn names_that_sentry_drops_are_refused() {
    for line in [
        "environment = \"my place\"",
        "environment = \"a/b\"",
        "release = \"x\\ty\"",
    ] {
        let table = format!("{FROM_ENVIRONMENT}\n{line}");
        let key = line.split(' ').next().unwrap();
        check("development", &table, DSN).assert(2, &["portcullis.toml:", key]);
    }
}

fn test_event(table: &str) -> Exit {
    run(&["sentry-test"], &policy(["127.0.0.1:9"]).and(table).text(), &[])
}

#[test]
fn the_test_event_arrives_and_exits_0() {
    let sentry = Sentry::start();
    let exit = test_event(&sentry.table("environment = \"staging\""));
    exit.assert(0, &["took the test event", "staging"]);
    let event = sentry.events().remove(0);
    assert!(
        exit.output().contains(event["event_id"].as_str().unwrap()),
        "{}",
        exit.output()
    );
    assert_eq!(
        event["release"],
        concat!("portcullis@", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn the_test_event_that_is_not_taken_exits_1_with_the_reason() {
    let refusing = Sentry::answering(|| {
        Reply::new(403, "application/json", "{}").header("X-Sentry-Error", "invalid project key")
    });
    test_event(&refusing.table("")).assert(1, &["403", "invalid project key", "`dsn`"]);
    let down = test_event("[sentry]\ndsn = \"http://hunter2@127.0.0.1:9/42\"");
    down.assert(1, &["cannot be reached", "refused"]);
    assert!(!down.output().contains("hunter2"), "{}", down.output());
    test_event("").assert(1, &["no crash reports", "`dsn`"]);
    test_event("[sentry]\nenabled = false").assert(1, &["enabled"]);
    test_event("[sentry]\ndsn = \"nonsense\"").assert(2, &["portcullis.toml:"]);
}
