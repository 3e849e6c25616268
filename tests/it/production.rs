//! What `environment = "production"` refuses that development only warns about.

use crate::support::exit::Exit;
use crate::support::{Gateway, policy, run};

fn check(environment: &str, tables: &str, variables: &[(&str, &str)]) -> Exit {
    let text = policy(["127.0.0.1:9"])
        .gateway("environment = \"${ENVIRONMENT:-development}\"")
        .and("[sentry]\nenabled = false")
        .and(tables);
    run(
        &["check"],
        &text.text(),
        &[&[("ENVIRONMENT", environment)], variables].concat(),
    )
}

const CORS: &str = "[defaults.cors]\norigins = [\"${CORS_ORIGINS}\"]\n\
                    approved_origins = [\"https://one.example.com\", \"https://two.example.com\"]";

#[test]
fn only_approved_https_origins() {
    for bad in [
        "https://evil.com",
        "https://one.example.com,https://evil.com",
        "http://one.example.com",
        "*",
        "null",
        "https://one.example.com.evil.com",
    ] {
        check("production", CORS, &[("CORS_ORIGINS", bad)]).assert(2, &["portcullis.toml:", "origins"]);
    }
    let good = [("CORS_ORIGINS", "https://one.example.com, https://two.example.com")];
    check("production", CORS, &good).assert(0, &[]);
    check("PROD", CORS, &[("CORS_ORIGINS", "https://evil.com")]).assert(2, &["approved_origins"]);
    check("development", CORS, &[("CORS_ORIGINS", "https://evil.com")]).assert(0, &[]);
}

#[test]
fn an_origin_of_an_application_on_a_phone_may_be_approved() {
    let cors = |approved: &str| {
        format!("[defaults.cors]\norigins = [\"capacitor://localhost\"]\napproved_origins = [{approved}]")
    };
    check("production", &cors("\"capacitor://localhost\""), &[]).assert(0, &[]);
    check("production", &cors(""), &[]).assert(2, &["approved_origins"]);
    for never in ["http://one.example.com", "null"] {
        let cors = format!("[defaults.cors]\norigins = [\"{never}\"]\napproved_origins = [\"{never}\"]");
        check("production", &cors, &[]).assert(2, &["origins"]);
    }
}

#[test]
fn a_variable_does_not_approve_itself() {
    let ours = [("ALLOWED", "https://evil.com")];
    for cors in [
        "[defaults.cors]\norigins = [\"${ALLOWED:-}\"]\napproved_origins = [\"${ALLOWED:-}\"]",
        "[defaults.cors]\norigins = [\"${ALLOWED}\"]\napproved_origins = [\"https://one.example.com\", \"${ALLOWED}\"]",
        "[defaults.cors]\napproved_origins = [\"${ALLOWED}\"]\n[[routes]]\ncors = { origins = [\"${ALLOWED}\"] }",
    ] {
        let exit = check("production", cors, &ours);
        exit.assert(
            2,
            &[
                "portcullis.toml:",
                "`approved_origins` is filled from `ALLOWED`",
                "approves itself",
            ],
        );
        check("development", cors, &ours).assert(0, &["warning", "approves itself"]);
    }
    let other = "[defaults.cors]\norigins = [\"${ALLOWED}\"]\napproved_origins = [\"${APPROVED}\"]";
    let both = [
        ("ALLOWED", "https://one.example.com"),
        ("APPROVED", "https://one.example.com"),
    ];
    check("production", other, &both).assert(0, &[]);
}

#[test]
fn a_slip_of_production_is_a_fault_and_another_name_a_note() {
    for near in ["prodution", "Producton", "prod-eu", "prd"] {
        let exit = check(near, "", &[]);
        exit.assert(2, &["is nearly `production`", "portcullis.toml:3:15"]);
        assert!(
            !exit.output().contains(near),
            "a value of the environment is not told"
        );
    }
    check("staging", "", &[]).assert(0, &["note: the environment is neither"]);
    check("development", "", &[]).assert(0, &["note: the environment is not production"]);
    let exit = check("production", "", &[]);
    exit.assert(0, &[]);
    assert!(!exit.output().contains("note: the environment"));
}

const SECRETS: &str = "[required_secrets.STRIPE_WEBHOOK_SECRET]\n[required_secrets.SENTRY_DSN]\n\
                       [required_secrets.REFRESH_TOKEN_SECRET]\nmin_length = 32";
const LONG: &str = "f3b1c9d27a6e4805f3b1c9d27a6e4805";

#[test]
fn every_required_secret_is_there_and_long_enough() {
    let all = [
        ("STRIPE_WEBHOOK_SECRET", "whsec_q8Zt3"),
        ("SENTRY_DSN", "https://k@s.test/1"),
        ("REFRESH_TOKEN_SECRET", LONG),
    ];
    check("production", SECRETS, &all).assert(0, &[]);
    for missing in 0..all.len() {
        let mut variables = all.to_vec();
        let (name, _) = variables.remove(missing);
        check("production", SECRETS, &variables).assert(2, &[name, "portcullis.toml:"]);
        check("production", SECRETS, &[&variables[..], &[(name, "")]].concat()).assert(2, &[name]);
    }
    let mut short = all;
    short[2].1 = "only-this-short";
    let exit = check("production", SECRETS, &short);
    exit.assert(2, &["REFRESH_TOKEN_SECRET", "32", "openssl rand -hex 32"]);
    let long = SECRETS.replace("min_length = 32", "min_length = 101");
    let exit_long = check("production", &long, &short);
    exit_long.assert(2, &["shorter than 101 characters", "`openssl rand -hex 51`"]);
    assert!(
        !exit.output().contains("only-this-short"),
        "a secret must not be printed: {}",
        exit.output()
    );
}

#[test]
fn development_warns_and_runs() {
    check("development", SECRETS, &[]).assert(0, &["SENTRY_DSN", "STRIPE_WEBHOOK_SECRET", "warning"]);
    Gateway::start(policy(["127.0.0.1:9"]).and(SECRETS)).stop();
}

#[test]
fn a_reload_cannot_slip_past_the_checks() {
    let production = policy(["127.0.0.1:9"])
        .gateway("environment = \"production\"")
        .and("[sentry]\nenabled = false");
    let gateway = Gateway::start(&production);
    gateway.rewrite(production.and("[defaults.cors]\norigins = [\"https://evil.com\"]"));
    assert!(!gateway.reload());
    gateway.stop();
}
