//! An explanation in ten lines at most: who asks, where it goes, what bounds it, what becomes of it.

use std::fmt::Write;

use crate::stack::explain::told::{Explanation, Outcome};

/// The layers that may refuse, in their order.
const GUARDS: [&str; 5] = ["access", "max_body", "max_inflight_per_client", "queue", "mask"];
/// The time limits that a request meets most.
const TIMEOUTS: [&str; 5] = [
    "timeouts.response_head",
    "timeouts.response_head_total",
    "timeouts.response_body_idle",
    "timeouts.client_stall",
    "stream.idle",
];

pub(super) fn render(told: &Explanation) -> String {
    let asked = &told.request;
    let mut out = String::new();
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            // Writing into a string cannot fail.
            let _ = writeln!(out, "{name:<9} {value}");
        }
    };
    line(
        "request",
        format!(
            "{} {} on listener `{}`",
            asked.method, asked.target, asked.listener
        ),
    );
    line("client", told.client.ip.to_string());
    line("route", told.route.name.clone());
    line("upstream", upstream(told));
    line("limits", limits(told));
    line("guards", guards(told));
    line("timeouts", timeouts(told));
    line("shadow", told.outcome.shadowed.join(", "));
    line("verdict", verdict(&told.outcome));
    out
}

fn upstream(told: &Explanation) -> String {
    let Some(upstream) = &told.upstream else {
        return String::new();
    };
    let servers = upstream.servers.join(", ");
    match (&upstream.method, &upstream.target) {
        (Some(method), Some(target)) => format!("{} ({servers}): {method} {target}", upstream.name),
        _ => format!("{} ({servers}), not asked", upstream.name),
    }
}

fn limits(told: &Explanation) -> String {
    let each = told.limits.iter().map(|limit| {
        let shadow = if limit.shadow { " in shadow" } else { "" };
        format!("{} {} by {}{shadow}", limit.name, limit.rate, limit.key)
    });
    each.collect::<Vec<_>>().join("; ")
}

fn guards(told: &Explanation) -> String {
    let each = GUARDS.iter().filter_map(|name| {
        let layer = told.layers.iter().find(|layer| layer.name == *name)?;
        layer
            .applies
            .then(|| format!("{name}: {}", layer.value.join(", ")))
    });
    each.collect::<Vec<_>>().join("; ")
}

fn timeouts(told: &Explanation) -> String {
    let each = TIMEOUTS.iter().filter_map(|name| {
        let setting = told.timeouts.iter().find(|setting| setting.name == *name)?;
        let short = name.strip_prefix("timeouts.").unwrap_or(name);
        Some(format!("{short} {}", setting.value))
    });
    each.collect::<Vec<_>>().join(", ")
}

fn verdict(outcome: &Outcome) -> String {
    let status = outcome
        .status
        .map_or_else(|| "200 or 503".to_owned(), |status| status.to_string());
    match (outcome.action, &outcome.code) {
        ("forward", _) => "sent to the upstream".to_owned(),
        (_, Some(code)) => format!("refused by {}: {status} {code}", outcome.layer),
        _ => format!("answered by {}: {status}", outcome.layer),
    }
}
