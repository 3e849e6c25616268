//! What `[defaults]` and a route say → one compiled route.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;

use super::actions::Action;
use super::headers::{self, Side};
use super::limits::Named;
use super::{Build, compression, cors, limits, upgrades};
use crate::gateway::ranges;
use crate::gateway::route::{Route, Slow, Target, Waits};
use crate::http::allowed::Allowed;
use crate::http::client::Trust;
use crate::http::pace::Pace;
use crate::layers::Guarded;
use crate::layers::access::Access;
use crate::layers::body_limit::BodyLimit;
use crate::layers::in_flight::InFlight;
use crate::layers::mask::{Mask, Which};
use crate::layers::security_headers::SecurityHeaders;
use crate::layers::strip_headers::StripHeaders;
use crate::observe::metrics::{Counter, EndpointMetrics};
use crate::policy::problem::At;
use crate::policy::settings::{self, GuardName, Settings};
use crate::policy::{self, Period, Switch};

/// The guard that judges where WebSockets are opened from.
const ORIGIN: &str = "websocket_origin";

/// Compiles a route's settings; `at` is the table that says them.
pub(super) fn compile(
    endpoint: &str,
    action: Action,
    settings: &Settings,
    named: &BTreeMap<String, Named>,
    ipv6_prefix: u8,
    (build, at): (&Build<'_>, &At<'_>),
) -> Route {
    let metrics = build.carryover.metrics.endpoint(endpoint);
    let shadow = |guard, name: &str| settings.shadow.contains(&guard).then(|| metrics.shadowed(name));
    let (guards, quota_headers) = limits::of_route(settings, named, ipv6_prefix, &metrics, at);
    let body_limit = settings.max_body.get().map(|most| BodyLimit { most: most.0 });
    let body_limit = body_limit.map(|rule| guarded(rule, "max_body", shadow(GuardName::MaxBody, "max_body")));
    let security_headers = security_headers(settings, build, at);
    let cors = cors::compile(&settings.cors, &at.key("cors"));
    let response = Side::Response {
        security: security_headers.as_ref(),
        cors: cors.is_some(),
    };
    let headers = |table, side, key| headers::compile(table, side, endpoint, &at.key(key));
    // Nothing to hide in an answer the operator wrote.
    let foreign = !matches!(action.target, Target::Redirect(_) | Target::Respond(_));
    Route {
        endpoint: endpoint.into(),
        target: action.target,
        rewrite: action.rewrite,
        request_headers: headers(&settings.request_headers, Side::Request, "request_headers"),
        response_headers: headers(&settings.response_headers, response, "response_headers"),
        access: access(&settings.access, &at.key("access"))
            .map(|rule| guarded(rule, "access", shadow(GuardName::Access, "access"))),
        log: settings.log,
        slow: slow(&settings.slow),
        waits: waits(
            settings,
            body_limit.as_ref().filter(|limit| limit.shadow.is_none()),
        ),
        security_headers,
        strip_headers: strip_headers(&settings.errors, at).filter(|_| foreign),
        cors: cors.map(|rule| guarded(rule, ORIGIN, shadow(GuardName::WebsocketOrigin, ORIGIN))),
        compress: compression::compile(&settings.compression),
        limits: guards,
        quota_headers,
        in_flight: in_flight(settings, ipv6_prefix, build, &metrics, at),
        body_limit,
        upgrades: upgrades::compile(&settings.upgrades, &at.key("upgrades")),
        request_buffer: None,
        streams: streams(settings, ipv6_prefix, build),
        queue: action.queue,
        mask: mask(&settings.errors, build).filter(|_| foreign),
        metrics,
    }
}

/// A rule in force, or in shadow with the count of what it would refuse.
fn guarded<T>(rule: T, name: &str, shadow: Option<Counter>) -> Guarded<T> {
    Guarded {
        shadow,
        ..Guarded::always(name, rule)
    }
}

fn access(table: &policy::Access, at: &At<'_>) -> Option<Access> {
    let allow = table.allow.as_ref().map(|networks| &networks.0);
    if !table.enabled || allow.is_none() && table.deny.is_empty() {
        return None;
    }
    if allow.is_some_and(Vec::is_empty) {
        at.key("allow")
            .fault("an empty list lets nobody in")
            .help("name the networks that may come in, or write \"off\" for all");
    }
    Some(Access {
        allow: allow.map(|networks| Allowed::new(&ranges(networks))),
        deny: Trust::new(&ranges(&table.deny)),
    })
}

fn in_flight(
    settings: &Settings,
    ipv6_prefix: u8,
    build: &Build<'_>,
    metrics: &EndpointMetrics,
    at: &At<'_>,
) -> Option<Guarded<InFlight>> {
    let most = settings.max_inflight_per_client.get()?;
    if most == 0 {
        at.key("max_inflight_per_client")
            .fault("0 refuses every request")
            .help("write 1 or more, or \"off\"");
    }
    let name = "max_inflight_per_client";
    let shadowed = settings.shadow.contains(&GuardName::MaxInflightPerClient);
    Some(Guarded {
        rule: InFlight {
            most,
            clients: Arc::clone(&build.carryover.in_flight),
            ipv6_prefix,
        },
        shadow: shadowed.then(|| metrics.shadowed(name)),
        name: name.into(),
    })
}

fn streams(settings: &Settings, ipv6_prefix: u8, build: &Build<'_>) -> Option<InFlight> {
    settings.stream.max_open_per_client.get().map(|most| InFlight {
        most,
        clients: Arc::clone(&build.carryover.streams),
        ipv6_prefix,
    })
}

fn security_headers(settings: &Settings, build: &Build<'_>, at: &At<'_>) -> Option<SecurityHeaders> {
    let at = at.key("security_headers");
    SecurityHeaders::compile(&settings.security_headers, build.production, &at)
}

fn slow(slow: &settings::Slow) -> Slow {
    Slow {
        warn: duration(slow.warn),
        error: duration(slow.error),
    }
}

fn mask(errors: &settings::Errors, build: &Build<'_>) -> Option<Mask> {
    let which = match errors.mask {
        settings::Mask::Leaky => Which::Leaky,
        settings::Mask::All => Which::All,
        settings::Mask::Off => return None,
    };
    Some(Mask::new(which, Arc::clone(&build.carryover.metrics)))
}

fn strip_headers(errors: &settings::Errors, at: &At<'_>) -> Option<StripHeaders> {
    let mut names = Vec::new();
    for (index, name) in errors.strip_headers.iter().enumerate() {
        if let Ok(name) = HeaderName::from_bytes(name.to_ascii_lowercase().as_bytes()) {
            names.push(name);
        } else {
            let at = at.key("errors").key("strip_headers").index(index);
            at.fault(format!("`{name}` is no header name"))
                .help("use letters, digits and `-`");
        }
    }
    if names.is_empty() {
        None
    } else {
        Some(StripHeaders { names })
    }
}

fn waits(settings: &Settings, body_limit: Option<&Guarded<BodyLimit>>) -> Waits {
    let timeouts = &settings.timeouts;
    Waits {
        response_head: duration(timeouts.response_head),
        response_head_total: duration(timeouts.response_head_total),
        request: Pace {
            idle: duration(timeouts.request_body_idle),
            min_rate: timeouts.request_body_min_rate.get().map(|rate| rate.0),
            until: None,
            max_bytes: body_limit.map(|limit| limit.rule.most),
        },
        response: Pace {
            idle: duration(timeouts.body_idle()),
            ..Pace::default()
        },
        patient: timeouts.response_body_idle.is_none(),
        client_stall: duration(timeouts.client_stall),
        min_rate: timeouts.response_body_min_rate.get().map(|rate| rate.0),
        stream: Pace {
            idle: duration(settings.stream.idle),
            ..Pace::default()
        },
        stream_max: duration(settings.stream.max_duration),
        ends_on_drain: settings.stream.on_drain == settings::OnDrain::End,
    }
}

fn duration(period: Switch<Period>) -> Option<Duration> {
    period.get().map(|period| period.0)
}
