//! Every layer in words: whether it is in force, what it is set to, and which line says so. A layer that gets
//! a name in the order gets its line here; a test fails without.

use http::HeaderName;

use crate::gateway::listener::Listener;
use crate::gateway::route::Target;
use crate::kept_body::SMALL;
use crate::layers::Describe;
use crate::layers::own::PATHS;
use crate::layers::request_buffer::PATIENCE;
use crate::policy::{Network, Period, Size};
use crate::stack::ORDER;
use crate::stack::explain::sheet::Sheet;
use crate::stack::explain::told::{Layer, Said};
use crate::upstream::Upstream;

/// Whether a layer is in force, what it is set to, and what says so.
type Setting = (bool, Vec<String>, Vec<Said>);

/// All layers in order; those inside of the one that `ends` the way in are not reached.
pub(super) fn all(sheet: &Sheet<'_>, listener: &Listener, ends: &str) -> Vec<Layer> {
    let last = ORDER.iter().position(|name| *name == ends).unwrap_or(ORDER.len());
    let each = ORDER.into_iter().enumerate().filter_map(|(at, name)| {
        let (applies, value, sources) = setting(name, sheet, listener)?;
        Some(Layer {
            name,
            applies,
            reached: at <= last,
            value: value.iter().map(|phrase| sheet.shown(phrase)).collect(),
            sources,
        })
    });
    each.collect()
}

/// One line for each name of [`ORDER`].
fn setting(name: &str, sheet: &Sheet<'_>, listener: &Listener) -> Option<Setting> {
    let route = sheet.route;
    let of = |rule: Option<&dyn Describe>, keys: &[&str]| {
        let value = rule.map(Describe::describe);
        (value.is_some(), value.unwrap_or_default(), sheet.setting(keys))
    };
    Some(match name {
        "catch_panic" => always("a bug costs one request, answered 500"),
        "enter" => always("request id, trace, client address, route"),
        "account" => account(sheet),
        "compress" => of(dynamic(route.compress.as_ref()), &["compression"]),
        "security_headers" => of(dynamic(route.security_headers.as_ref()), &["security_headers"]),
        "response_headers" => of(dynamic(route.response_headers.as_ref()), &["response_headers"]),
        "strip_headers" => of(
            dynamic(route.strip_headers.as_ref()),
            &["errors", "strip_headers"],
        ),
        "cors" => of(dynamic(route.cors.as_ref()), &["cors"]),
        "quota_headers" => of(dynamic(route.quota_headers.as_ref()), &["limits"]),
        "respond" => always("below this line every \"no\" is a refusal, above it an answer"),
        "framing" => always("host, target and method must be sane"),
        "own" => own(sheet),
        "redirect_to_https" => redirect_to_https(sheet, listener),
        "preflight" => preflight(sheet),
        "access" => of(dynamic(route.access.as_ref()), &["access"]),
        "limits" => limits(sheet, "asked"),
        "max_body" => of(dynamic(route.body_limit.as_ref()), &["max_body"]),
        "max_inflight_per_client" => of(dynamic(route.in_flight.as_ref()), &["max_inflight_per_client"]),
        "limits_take" => limits(sheet, "taken from, once nothing else refuses"),
        "request_buffer" => of(dynamic(route.request_buffer.as_ref()), &["request_buffer"]),
        "queue" => queue(sheet),
        "mask" => of(dynamic(route.mask.as_ref()), &["errors", "mask"]),
        "forward" => forward(sheet),
        _ => return None,
    })
}

fn dynamic<T: Describe>(rule: Option<&T>) -> Option<&dyn Describe> {
    rule.map(|rule| rule as &dyn Describe)
}

fn always(phrase: &str) -> Setting {
    (true, vec![phrase.to_owned()], Vec::new())
}

fn account(sheet: &Sheet<'_>) -> Setting {
    let settings = sheet.settings();
    let log = if settings.log { "logged" } else { "not logged" };
    let value = vec![
        format!("timed, counted, {log}"),
        format!("slow: warn {}, error {}", settings.slow.warn, settings.slow.error),
    ];
    (
        true,
        value,
        [sheet.setting(&["slow"]), sheet.setting(&["log"])].concat(),
    )
}

fn own(sheet: &Sheet<'_>) -> Setting {
    let named = |networks: Vec<Network>| {
        networks
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let admin = &sheet.policy.admin;
    let mut value = vec![
        PATHS.join(", "),
        format!("/metrics for {}", named(admin.metrics_readers())),
    ];
    if admin.address.is_some() {
        value.push(format!(
            "all of the admin listener for {}",
            named(admin.operators())
        ));
    }
    (
        true,
        value,
        [
            sheet.elsewhere(&["admin", "metrics_allow"]),
            sheet.elsewhere(&["admin", "allow"]),
        ]
        .concat(),
    )
}

fn redirect_to_https(sheet: &Sheet<'_>, listener: &Listener) -> Setting {
    let rule = sheet.gateway.redirect_to_https.as_ref();
    let value = rule.zip(listener.redirect_to_https).map(|(rule, port)| {
        let mut value = rule.describe();
        value.push(format!("port {port}"));
        value
    });
    let said = sheet.elsewhere(&["listeners", &listener.name, "redirect_to_https"]);
    (value.is_some(), value.unwrap_or_default(), said)
}

fn preflight(sheet: &Sheet<'_>) -> Setting {
    let on = sheet.route.cors.is_some();
    let mut phrases = vec![if on {
        "answered here, and by no limit counted".to_owned()
    } else {
        "passed on: CORS is off".to_owned()
    }];
    if let Some(cors) = &sheet.route.cors {
        let shadow = if cors.shadow.is_some() { ", in shadow" } else { "" };
        phrases.push(format!("WebSockets of other origins are 403{shadow}"));
    }
    (on, phrases, sheet.setting(&["cors"]))
}

fn limits(sheet: &Sheet<'_>, how: &str) -> Setting {
    let names: Vec<_> = sheet
        .route
        .limits
        .iter()
        .map(|guard| guard.name.replace("limits.", ""))
        .collect();
    let value = if names.is_empty() {
        Vec::new()
    } else {
        vec![format!("{how}: {}", names.join(", "))]
    };
    (!names.is_empty(), value, sheet.setting(&["limits"]))
}

fn queue(sheet: &Sheet<'_>) -> Setting {
    let value = sheet.route.queue.as_ref().map(Describe::describe);
    let said = match &sheet.route.target {
        Target::Upstream(upstream) => sheet.elsewhere(&["upstreams", upstream.name(), "max_inflight"]),
        _ => Vec::new(),
    };
    (value.is_some(), value.unwrap_or_default(), said)
}

fn to(upstream: &Upstream) -> Vec<String> {
    let mut value = vec![format!("to the upstream `{}`", upstream.name())];
    if !upstream.speaks_http2() {
        let (most, patience) = (Size(SMALL), Period(PATIENCE));
        value.push(format!(
            "a body without a length that is whole within {most} and {patience} gets one"
        ));
    }
    value
}

fn forward(sheet: &Sheet<'_>) -> Setting {
    let route = sheet.route;
    let mut value = match &route.target {
        Target::Upstream(upstream) => to(upstream),
        Target::Redirect(redirect) => redirect.describe(),
        Target::Respond(fixed) => fixed.describe(),
        Target::Nowhere => vec!["no route takes this request".to_owned()],
    };
    value.extend(route.rewrite.iter().flat_map(Describe::describe));
    let kept = sheet.gateway.keep_headers.names();
    if !kept.is_empty() && matches!(route.target, Target::Upstream(_)) {
        let names: Vec<_> = kept.iter().map(HeaderName::as_str).collect();
        value.push(format!("lets pass from trusted proxies: {}", names.join(", ")));
    }
    let edits = route.request_headers.iter().flat_map(Describe::describe);
    value.extend(edits.map(|edit| format!("request: {edit}")));
    let own = [
        "upstream",
        "redirect",
        "respond",
        "strip_prefix",
        "add_prefix",
        "rewrite",
    ];
    let mut said = sheet.own(&own);
    said.extend(sheet.elsewhere(&["client", "keep_headers"]));
    if route.request_headers.is_some() {
        said.extend(sheet.setting(&["request_headers"]));
    }
    (true, value, said)
}
