//! What a route does with a request that passed its guards: `upstream`, `redirect` or `respond`; exactly one.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::headers::{self, Side};
use super::upstreams::Compiled;
use super::{paths, rewriting};
use crate::gateway::route::Target;
use crate::gateway::router::PathPattern;
use crate::layers::Guarded;
use crate::layers::fixed::Fixed;
use crate::layers::queue::Queue;
use crate::layers::rewrite::Rewrite;
use crate::policy::problem::At;
use crate::policy::{self, Respond, suggest};

/// What became of a route's action.
pub(super) struct Action {
    pub(super) target: Target,
    /// The place in front of the upstream.
    pub(super) queue: Option<Guarded<Queue>>,
    /// The path the upstream is asked for.
    pub(super) rewrite: Option<Rewrite>,
}

impl Action {
    /// For the requests no route takes.
    pub(super) fn none() -> Self {
        Self::by_itself(Target::Nowhere)
    }

    fn by_itself(target: Target) -> Self {
        Self {
            target,
            queue: None,
            rewrite: None,
        }
    }
}

/// `pattern` is none where the path was faulty: then nothing is said of what should fit it.
pub(super) fn compile(
    route: &policy::Route,
    pattern: Option<&PathPattern>,
    upstreams: &BTreeMap<String, Compiled>,
    at: &At<'_>,
) -> Action {
    report_several(route, at);
    if let Some(redirect) = &route.redirect {
        let at = at.key("redirect");
        let redirect = pattern.and_then(|pattern| paths::redirect(redirect, pattern, &at));
        return redirect.map_or_else(Action::none, |redirect| {
            Action::by_itself(Target::Redirect(redirect))
        });
    }
    if let Some(answer) = &route.respond {
        return Action::by_itself(Target::Respond(fixed(answer, &at.key("respond"))));
    }
    let Some(upstream) = upstream(route, upstreams, at) else {
        return Action::none();
    };
    Action {
        target: Target::Upstream(Arc::clone(&upstream.upstream)),
        queue: upstream.queue().map(|queue| Guarded::always("queue", queue)),
        rewrite: pattern.and_then(|pattern| rewriting::compile(&route.rewriting, pattern, at)),
    }
}

/// Two answers to one request: which one is meant is not for us to guess.
fn report_several(route: &policy::Route, at: &At<'_>) {
    let actions = [
        ("upstream", route.upstream.is_some()),
        ("redirect", route.redirect.is_some()),
        ("respond", route.respond.is_some()),
    ];
    let mut said = actions.into_iter().filter_map(|(key, said)| said.then_some(key));
    let (first, second) = (said.next(), said.next());
    if let (Some(first), Some(second)) = (first, second) {
        at.key(second)
            .fault(format!("this route has both `{first}` and `{second}`"))
            .help("keep one of them: a request has one answer");
    }
    if route.redirect.is_none() && route.respond.is_none() {
        return;
    }
    let rewriting = &route.rewriting;
    for (key, said) in [
        ("strip_prefix", &rewriting.strip_prefix),
        ("add_prefix", &rewriting.add_prefix),
        ("rewrite", &rewriting.rewrite),
    ] {
        if said.is_some() {
            at.key(key)
                .fault(format!(
                    "`{key}` changes what an upstream is asked for, and this route asks none"
                ))
                .help("leave it out; `redirect.to` says the whole address");
        }
    }
}

fn upstream<'u>(
    route: &policy::Route,
    upstreams: &'u BTreeMap<String, Compiled>,
    at: &At<'_>,
) -> Option<&'u Compiled> {
    let known = || upstreams.keys().map(String::as_str);
    let Some(name) = &route.upstream else {
        if upstreams.len() == 1 {
            return upstreams.values().next();
        }
        at.fault("this route does not say where its requests go")
            .help("add `upstream = \"NAME\"`, or `redirect` or `respond`");
        return None;
    };
    let found = upstreams.get(name);
    if found.is_none() {
        let label = route.name.as_ref().map_or_else(
            || "used here".to_owned(),
            |name| format!("used by route `{name}`"),
        );
        at.key("upstream")
            .fault(format!("no upstream is named `{name}`"))
            .label(label)
            .help(suggest::remedy(
                name,
                "upstreams",
                known().collect::<Vec<_>>().into_iter(),
            ));
    }
    found
}

fn fixed(answer: &Respond, at: &At<'_>) -> Fixed {
    let status = StatusCode::from_u16(answer.status).ok();
    // RFC 9110 §15.3.5, §15.3.6, §15.4.5: these end with their head.
    if matches!(answer.status, 204 | 205 | 304) && !answer.body.is_empty() {
        at.key("body")
            .fault(format!("an answer with status {} has no body", answer.status))
            .help("leave the body out, or choose another status");
    }
    let mut headers = HeaderMap::new();
    if !answer.body.is_empty() {
        match HeaderValue::from_str(&answer.content_type) {
            Ok(kind) if !kind.is_empty() => {
                headers.insert(header::CONTENT_TYPE, kind);
            }
            _ => {
                at.key("content_type")
                    .fault("this is no content type")
                    .help("write one such as \"text/html; charset=utf-8\"");
            }
        }
    }
    let side = Side::Response {
        security: None,
        cors: false,
    };
    for (name, lines) in &answer.headers {
        let at = at.key("headers").key(name);
        let Some((name, values)) = headers::fixed(name, lines, side, &at) else {
            continue;
        };
        if name == header::CONTENT_TYPE {
            at.fault("`content-type` has a key of its own")
                .help("write `content_type = \"…\"` beside `body`");
        }
        for value in values {
            headers.append(&name, value);
        }
    }
    Fixed {
        status: status.unwrap_or_default(),
        headers,
        body: answer.body.clone().into(),
    }
}
