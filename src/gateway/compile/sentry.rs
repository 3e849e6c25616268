//! `[sentry]` → what the reporter needs, or nothing. In production somebody must learn of crashes, or the
//! policy must say that nobody shall (seed row 3-05).

use super::Build;
use super::production::is_placeholder;
use crate::observe::crashes::{Dsn, Sampling, Settings};
use crate::policy::Policy;
use crate::policy::problem::At;

/// What Sentry takes as the name of an environment, in characters.
const LONGEST_ENVIRONMENT: usize = 64;
/// What Sentry takes as the name of a release, in characters.
const LONGEST_RELEASE: usize = 200;

pub(super) fn compile(policy: &Policy, build: &Build<'_>) -> Option<Settings> {
    let (table, at) = (&policy.sentry, build.at().key("sentry"));
    let production = policy.gateway.production();
    if !table.enabled {
        if production {
            at.key("enabled")
                .warn("nobody learns of crashes: `[sentry]` is switched off in production")
                .help("give `dsn` and remove `enabled = false`, once there is a project");
        }
        return None;
    }
    let dsn = dsn(&table.dsn, production, &at)?;
    let named = |given: &Option<String>| {
        let given = given.as_deref().map(str::trim).unwrap_or_default();
        (!given.is_empty()).then(|| given.to_owned())
    };
    let environment =
        named(&table.environment).unwrap_or_else(|| policy.gateway.environment.trim().to_owned());
    let release = named(&table.release)
        .or_else(|| named(&(build.env)("SENTRY_RELEASE")))
        .unwrap_or_else(|| concat!("portcullis@", env!("CARGO_PKG_VERSION")).to_owned());
    check_name("environment", &environment, LONGEST_ENVIRONMENT, &at);
    check_name("release", &release, LONGEST_RELEASE, &at);
    Some(Settings {
        dsn,
        environment,
        release,
        sampling: Sampling::share(table.traces_sample_rate.0),
        events_per_minute: table.events_per_minute.get(),
    })
}

/// The value is never repeated: with it anybody could fill the project's quota.
fn dsn(text: &str, production: bool, at: &At<'_>) -> Option<Dsn> {
    let at = at.key("dsn");
    if text.trim().is_empty() {
        if production {
            at.fault("production needs a Sentry DSN, or nobody learns of crashes")
                .help("set the environment variable `SENTRY_DSN`, with `dsn = \"${SENTRY_DSN:-}\"` in `[sentry]`")
                .help("or say that this is on purpose: `enabled = false` in `[sentry]`");
        }
        return None;
    }
    if is_template(text.trim()) {
        let message = "this DSN is a template's placeholder: nobody learns of crashes";
        let note = if production {
            at.fault(message)
        } else {
            at.warn(message)
        };
        note.help(
            "copy the real one from the project's settings at Sentry, under Client Keys, or leave it empty",
        );
        return None;
    }
    match Dsn::parse(text.trim()) {
        Ok(dsn) => Some(dsn),
        Err(reason) => {
            at.fault(format!("this is no Sentry DSN: {reason}")).help(
                "copy it from the project's settings at Sentry, under Client Keys: https://KEY@HOST/PROJECT",
            );
            None
        }
    }
}

/// Whether a word of a template stands where the key, the host or the project should: `https://xxx@xxx.ingest.sentry.io/xxx`.
fn is_template(text: &str) -> bool {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let mut words = rest.split(['@', '/', ':', '.']);
    // A host of `example.com` may stand in a test.
    words.any(|word| is_placeholder(word) && word != "example")
}

/// Sentry drops an event whose environment or release it does not like, without a word.
fn check_name(key: &str, name: &str, longest: usize, at: &At<'_>) {
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '\\');
    if name.is_empty() || name.chars().count() > longest || name.contains(odd) {
        at.key(key)
            .fault(format!("Sentry does not take this as the name of a {key}"))
            .help(format!(
                "write 1 to {longest} characters without spaces and slashes in `sentry.{key}`"
            ));
    }
}
