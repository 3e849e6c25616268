//! `[limits.NAME]` → limiters, shared by all routes that name one; and what a route's `limits` come to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;

use super::Build;
use crate::layers::Guarded;
use crate::layers::rate_limit::{KeySource, QuotaHeaders, RateLimit};
use crate::observe::metrics::EndpointMetrics;
use crate::policy::problem::At;
use crate::policy::settings::{GuardName, Settings};
use crate::policy::{LimitKey, Mode, Policy, suggest};
use crate::store::limiter::{Limiter, LimiterKey};

/// A named limit.
pub(super) struct Named {
    limiter: Arc<Limiter>,
    key: Vec<KeySource>,
    mode: Mode,
    announce: bool,
    count: u32,
    window: Duration,
}

pub(super) fn compile(policy: &Policy, build: &Build<'_>) -> BTreeMap<String, Named> {
    let prefix = policy.client.ipv6_prefix;
    policy
        .limits
        .iter()
        .map(|(name, table)| (name.clone(), compile_one(name, table, prefix, build)))
        .collect()
}

fn compile_one(name: &str, table: &crate::policy::Limit, ipv6_prefix: u8, build: &Build<'_>) -> Named {
    let at = build.at().key("limits").key(name);
    let (count, per) = (table.rate.count, table.rate.per);
    let key: Vec<KeySource> = table.key.iter().filter_map(source).collect();
    if let [LimitKey::Header(header) | LimitKey::Cookie(header)] = table.key.as_slice() {
        at.key("key")
            .warn(format!(
                "anyone may send another `{header}` with each request and so never meets this limit"
            ))
            .help("give its routes a second limit by \"client_ip\" as a backstop");
    }
    let identity = LimiterKey {
        name: name.to_owned(),
        count,
        per,
        burst: table.burst,
        key: table.key.iter().map(ToString::to_string).collect(),
        ipv6_prefix,
    };
    let limiter = build.carryover.limiters.get_or_build(identity, || {
        let bucket = table.burst.map(|burst| Limiter::bucket(count, per, burst));
        Arc::new(
            bucket
                .unwrap_or_else(|| Ok(Limiter::window(count, per)))
                .unwrap_or_else(|message| {
                    at.key("burst").fault(message);
                    Limiter::window(count, per)
                }),
        )
    });
    let (quota, window) = limiter.quota();
    Named {
        limiter,
        key,
        mode: table.mode,
        announce: table.announce,
        count: quota,
        window,
    }
}

fn source(key: &LimitKey) -> Option<KeySource> {
    match key {
        LimitKey::ClientIp => Some(KeySource::ClientIp),
        LimitKey::Header(name) => HeaderName::from_bytes(name.as_bytes())
            .ok()
            .map(KeySource::Header),
        LimitKey::Cookie(name) => Some(KeySource::Cookie(name.clone())),
    }
}

/// The limits of one route, and the headers that tell of them.
pub(super) fn of_route(
    settings: &Settings,
    named: &BTreeMap<String, Named>,
    ipv6_prefix: u8,
    metrics: &EndpointMetrics,
    at: &At<'_>,
) -> (Vec<Guarded<RateLimit>>, Option<QuotaHeaders>) {
    let (mut guards, mut told) = (Vec::new(), Vec::new());
    for (index, name) in settings.limits.iter().enumerate() {
        let at = at.key("limits").index(index);
        let Some(limit) = named.get(name) else {
            let known = named.keys().map(String::as_str);
            at.fault(format!("no limit is named `{name}`"))
                .help(suggest::remedy(name, "limits", known));
            continue;
        };
        if settings.limits.iter().take(index).any(|earlier| earlier == name) {
            at.fault(format!(
                "`{name}` is named twice, so every request would count twice"
            ))
            .help("name it once");
        }
        let shadow = limit.mode == Mode::Shadow || settings.shadow.contains(&GuardName::Limits);
        let rule = RateLimit {
            place: told.len(),
            key: limit.key.clone(),
            ipv6_prefix,
            limiter: Arc::clone(&limit.limiter),
        };
        let name: Arc<str> = format!("limits.{name}").into();
        guards.push(Guarded {
            rule,
            shadow: shadow.then(|| metrics.shadowed(&name)),
            name,
        });
        told.push((
            settings.limits.get(index).cloned().unwrap_or_default(),
            limit.count,
            limit.window,
            limit.announce && !shadow,
        ));
    }
    let headers = if told.is_empty() {
        None
    } else {
        QuotaHeaders::new(&told)
    };
    (guards, headers)
}

/// The limits no route names.
pub(super) fn report_unused(policy: &Policy, build: &Build<'_>) {
    let named = |name: &String| {
        policy.defaults.limits.contains(name)
            || policy
                .routes
                .iter()
                .any(|route| route.settings.limits.contains(name))
    };
    let routes = policy.routes.iter().map(|route| &route.settings);
    let mut asked = routes
        .chain([&policy.defaults])
        .flat_map(|settings| &settings.limits);
    // One of them may have been meant by a name that is not known.
    if asked.any(|name| !policy.limits.contains_key(name)) {
        return;
    }
    for name in policy.limits.keys().filter(|name| !named(name)) {
        build
            .at()
            .key("limits")
            .key(name)
            .warn(format!("no route uses the limit `{name}`"))
            .help(format!(
                "write `limits = [\"{name}\"]` in `[defaults]` or in a route"
            ));
    }
}
