//! `[[routes]]` → rules for the router and compiled routes, in file order; then the fallback for what
//! no route takes, under the settings of `[defaults]`.

use std::collections::BTreeMap;

use http::Method;

use super::actions::{self, Action};
use super::limits::Named;
use super::upstreams::Compiled;
use super::{Build, limits, settings};
use crate::gateway::route::Route;
use crate::gateway::router::{PathPattern, Router, Rule};
use crate::http::host::HostPattern;
use crate::layers::own;
use crate::policy::problem::At;
use crate::policy::{self, Policy};

/// The endpoint label of what no route takes.
const OTHER: &str = "other";

pub(super) fn compile(
    policy: &Policy,
    upstreams: &BTreeMap<String, Compiled>,
    named: &BTreeMap<String, Named>,
    build: &Build<'_>,
) -> (Vec<Rule>, Vec<Route>) {
    let implied = implied_route(policy, build);
    let written = if implied.is_empty() {
        &policy.routes
    } else {
        &implied
    };
    let (mut rules, mut routes) = (Vec::new(), Vec::new());
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    let prefix = policy.client.ipv6_prefix;
    for (index, route) in written.iter().enumerate() {
        // The implied route has no place of its own: what is wrong with it stands in `[defaults]`.
        let at = if implied.is_empty() {
            build.at().key("routes").index(index)
        } else {
            build.at().key("defaults")
        };
        let endpoint = route.name.clone().unwrap_or_else(|| endpoint_of(&route.matches));
        report_name(&endpoint, route.name.as_deref(), index, &mut names, &at);
        let rule = rule(&route.matches, &at.key("match"));
        let action = actions::compile(route, &rule.path, upstreams, &at);
        rules.push(rule);
        routes.push(settings::compile(
            &endpoint,
            action,
            &route.settings,
            named,
            prefix,
            (build, &at),
        ));
    }
    let silent = crate::policy::problem::Problems::default();
    // The defaults are compiled once more for the fallback; their faults are told where routes inherit them.
    let quiet = if written.is_empty() {
        build.at().key("defaults")
    } else {
        silent.at()
    };
    routes.push(settings::compile(
        OTHER,
        Action::none(),
        &policy.defaults,
        named,
        prefix,
        (build, &quiet),
    ));
    report_unused(policy, build);
    limits::report_unused(policy, build);
    (rules, routes)
}

/// No routes and exactly one upstream: everything goes there.
fn implied_route(policy: &Policy, build: &Build<'_>) -> Vec<policy::Route> {
    if !policy.routes.is_empty() {
        return Vec::new();
    }
    let mut names = policy.upstreams.keys();
    match (names.next(), names.next()) {
        (Some(only), None) => vec![policy::Route {
            upstream: Some(only.clone()),
            settings: policy.defaults.clone(),
            ..policy::Route::default()
        }],
        (None, _) => {
            build
                .at()
                .fault("there is no upstream, so there is nothing to serve")
                .help("add one: [upstreams.app] with servers = [\"http://127.0.0.1:8000\"]");
            Vec::new()
        }
        (Some(_), Some(_)) => {
            build
                .at()
                .key("upstreams")
                .fault("there are several upstreams and no route says which requests go where")
                .help("add a [[routes]] for each, with `match` and `upstream`");
            Vec::new()
        }
    }
}

/// How a route without a name is called: by what it matches.
fn endpoint_of(matches: &policy::Match) -> String {
    let methods = matches.methods.join(",");
    let host = matches.host.join(",");
    let space = if methods.is_empty() { "" } else { " " };
    format!("{methods}{space}{host}{}", matches.path)
}

fn report_name(
    endpoint: &str,
    written: Option<&str>,
    index: usize,
    names: &mut BTreeMap<String, usize>,
    at: &At<'_>,
) {
    let Some(name) = written else { return };
    if name.trim().is_empty() || name == OTHER {
        at.key("name")
            .fault(format!("`{name}` cannot be a route's name"))
            .help("pick another: `other` stands for requests that match no route");
    }
    if let Some(earlier) = names.insert(endpoint.to_owned(), index) {
        at.key("name")
            .fault(format!("`{name}` is the name of route {} too", earlier + 1))
            .help("give each route its own name: log and metrics tell routes apart by it");
    }
}

fn rule(matches: &policy::Match, at: &At<'_>) -> Rule {
    let path = PathPattern::parse(&matches.path).unwrap_or_else(|message| {
        at.key("path").fault(message);
        PathPattern::parse("/*").expect("`/*` is a pattern")
    });
    let mut hosts = Vec::new();
    for (index, host) in matches.host.iter().enumerate() {
        match HostPattern::parse(host) {
            Ok(pattern) => hosts.push(pattern),
            Err(message) => {
                at.key("host").index(index).fault(message);
            }
        }
    }
    let mut methods = Vec::new();
    for (index, method) in matches.methods.iter().enumerate() {
        match Method::from_bytes(method.as_bytes()) {
            Ok(known) if !method.bytes().any(|byte| byte.is_ascii_lowercase()) => methods.push(known),
            _ => {
                at.key("methods")
                    .index(index)
                    .fault(format!("`{method}` is no method"))
                    .help("write it in capitals, such as \"GET\"");
            }
        }
    }
    if own::is_own(&matches.path) {
        at.key("path")
            .fault(format!(
                "`{}` is answered by the gateway itself, so this route is never reached",
                matches.path
            ))
            .help("let the application use another path for its own health check");
    }
    Rule { path, hosts, methods }
}

/// A route that an earlier one covers is a mistake in the order of the file.
pub(super) fn report_unreachable(policy: &Policy, router: &Router, build: &Build<'_>) {
    let name = |index: usize| {
        policy
            .routes
            .get(index)
            .and_then(|route| route.name.clone())
            .unwrap_or_else(|| (index + 1).to_string())
    };
    for (never, covered_by) in router.unreachable() {
        build
            .at()
            .key("routes")
            .index(never)
            .key("match")
            .fault("this route is never reached: the first match in the file wins")
            .help(format!(
                "route `{}` takes all its requests; move this one above it",
                name(covered_by)
            ));
    }
}

fn report_unused(policy: &Policy, build: &Build<'_>) {
    let alone = policy.upstreams.len() == 1;
    let asks = |route: &policy::Route, name: &String| match &route.upstream {
        Some(upstream) => upstream == name,
        None => alone && route.redirect.is_none() && route.respond.is_none(),
    };
    for name in policy.upstreams.keys() {
        if !policy.routes.is_empty() && !policy.routes.iter().any(|route| asks(route, name)) {
            build
                .at()
                .key("upstreams")
                .key(name)
                .warn(format!("no route uses the upstream `{name}`"))
                .help("name it in a route, or remove it");
        }
    }
}
