//! What is sent to the upstream, what the gateway puts on the answer, and how long all of it may take.

use std::fmt::Display;

use http::{HeaderMap, HeaderValue};

use crate::gateway::listener::Listener;
use crate::gateway::route::Target;
use crate::http::message::Message;
use crate::policy::Period;
use crate::stack::explain::Question;
use crate::stack::explain::outcome::Ran;
use crate::stack::explain::sheet::Sheet;
use crate::stack::explain::told::{Line, Setting, UpstreamTold};

/// Other for each request, so that a value would mislead.
const OF_EACH_REQUEST: [&str; 4] = [
    "x-request-id",
    "x-response-time-ms",
    "x-process-time",
    "traceparent",
];

pub(super) fn upstream(sheet: &Sheet<'_>, ran: &Ran, question: &Question) -> Option<UpstreamTold> {
    let Target::Upstream(upstream) = &sheet.route.target else {
        return None;
    };
    let table = sheet.policy.upstreams.get(upstream.name())?;
    let sent = ran.sent.as_ref();
    let added = sent.map(|sent| added(sheet, sent, &question.headers));
    let removed = sent.map(|sent| {
        let gone = question
            .headers
            .keys()
            .filter(|name| sent.lines.all(name).next().is_none());
        gone.map(ToString::to_string).collect()
    });
    Some(UpstreamTold {
        name: upstream.name().to_owned(),
        servers: table
            .servers
            .iter()
            .map(|server| sheet.shown(&server.to_string()))
            .collect(),
        line: sheet
            .source
            .written(&["upstreams", upstream.name()])
            .map(|written| written.line),
        method: sent.map(|sent| sent.method.to_string()),
        target: sent.map(|sent| sent.target.to_string()),
        added: added.unwrap_or_default(),
        removed: removed.unwrap_or_default(),
    })
}

/// What is not word for word in the request.
fn added(sheet: &Sheet<'_>, sent: &Message, received: &HeaderMap) -> Vec<Line> {
    let is_new = |(name, value): &(&http::HeaderName, &HeaderValue)| {
        !received.get_all(*name).iter().any(|other| other == *value)
    };
    lines(sheet, sent.lines.iter().filter(is_new))
}

/// The headers on the answer, those of the application aside.
pub(super) fn answer_headers(sheet: &Sheet<'_>, ran: &Ran) -> Vec<Line> {
    lines(sheet, ran.answer.iter())
}

fn lines<'h>(
    sheet: &Sheet<'_>,
    headers: impl Iterator<Item = (&'h http::HeaderName, &'h HeaderValue)>,
) -> Vec<Line> {
    let line = |(name, value): (&http::HeaderName, &HeaderValue)| Line {
        name: name.to_string(),
        value: if OF_EACH_REQUEST.contains(&name.as_str()) {
            "…".to_owned()
        } else {
            sheet.shown(&String::from_utf8_lossy(value.as_bytes()))
        },
    };
    headers.map(line).collect()
}

/// Every deadline the request meets, in the order in which it may.
pub(super) fn timeouts(sheet: &Sheet<'_>, listener: &Listener) -> Vec<Setting> {
    let mut all = of_listener(sheet, listener);
    let (timeouts, stream) = (&sheet.settings().timeouts, &sheet.settings().stream);
    let body_idle = timeouts.body_idle();
    let route: [(&str, &str, &dyn Display); 11] = [
        ("timeouts", "response_head_total", &timeouts.response_head_total),
        ("timeouts", "request_body_idle", &timeouts.request_body_idle),
        (
            "timeouts",
            "request_body_min_rate",
            &timeouts.request_body_min_rate,
        ),
        ("timeouts", "response_head", &timeouts.response_head),
        ("timeouts", "response_body_idle", &body_idle),
        ("timeouts", "client_stall", &timeouts.client_stall),
        (
            "timeouts",
            "response_body_min_rate",
            &timeouts.response_body_min_rate,
        ),
        ("stream", "idle", &stream.idle),
        ("stream", "max_duration", &stream.max_duration),
        ("stream", "max_open_per_client", &stream.max_open_per_client),
        ("stream", "on_drain", &stream.on_drain),
    ];
    all.extend(route.into_iter().map(|(table, key, value)| Setting {
        name: format!("{table}.{key}"),
        value: sheet.shown(&value.to_string()),
        sources: sheet.setting(&[table, key]),
    }));
    all.extend(of_upstream(sheet));
    all
}

fn of_listener(sheet: &Sheet<'_>, listener: &Listener) -> Vec<Setting> {
    let each = [
        ("request_head", Period(listener.request_head)),
        ("keep_alive_idle", Period(listener.keep_alive_idle)),
    ];
    let setting = |(key, value): (&str, Period)| Setting {
        name: format!("listener.{key}"),
        value: sheet.shown(&value.to_string()),
        sources: sheet.elsewhere(&["listeners", &listener.name, "timeouts", key]),
    };
    each.into_iter().map(setting).collect()
}

fn of_upstream(sheet: &Sheet<'_>) -> Vec<Setting> {
    let Target::Upstream(upstream) = &sheet.route.target else {
        return Vec::new();
    };
    let Some(table) = sheet.policy.upstreams.get(upstream.name()) else {
        return Vec::new();
    };
    let setting = |(key, value): (&str, String)| Setting {
        name: format!("upstream.{key}"),
        value: sheet.shown(&value),
        sources: sheet.elsewhere(&["upstreams", upstream.name(), key]),
    };
    let tolerated: Vec<_> = table.tolerate.iter().map(ToString::to_string).collect();
    let each = [
        ("connect", table.connect.to_string()),
        ("pool_idle", table.pool_idle.to_string()),
        ("max_head", table.max_head.to_string()),
        ("max_headers", table.max_headers.to_string()),
        ("tolerate", format!("[{}]", tolerated.join(", "))),
    ];
    each.into_iter().map(setting).collect()
}
