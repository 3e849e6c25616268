//! `[[routes]]` → rules for the router and compiled routes, in file order; then the fallback for what
//! no route takes, under the settings of `[defaults]`.

use std::collections::{BTreeMap, BTreeSet};

use super::actions::{self, Action};
use super::limits::Named;
use super::methods::{METHOD_FORM, method_of};
use super::upstreams::Compiled;
use super::{Build, limits, request_buffer, settings};
use crate::gateway::route::Route;
use crate::gateway::router::{FORM, PathPattern, Router, Rule};
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
) -> (Rules, Vec<Route>) {
    let implied = implied_route(policy, build);
    let written = if implied.is_empty() {
        &policy.routes
    } else {
        &implied
    };
    let (mut rules, mut routes) = (Rules::default(), Vec::new());
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    let prefix = policy.client.ipv6_prefix;
    let spill = request_buffer::spill(policy, build);
    for (index, route) in written.iter().enumerate() {
        // The implied route has no place of its own: what is wrong with it stands in `[defaults]`.
        let at = if implied.is_empty() {
            build.at().key("routes").index(index)
        } else {
            build.at().key("defaults")
        };
        let endpoint = route.name.clone().unwrap_or_else(|| endpoint_of(&route.matches));
        report_name(&endpoint, route.name.as_deref(), index, &mut names, &at);
        let (rule, right) = rule(&route.matches, &at.key("match"));
        let action = actions::compile(route, right.path.then_some(&rule.path), upstreams, &at);
        if !right.all {
            rules.faulty.insert(index);
        }
        rules.all.push(rule);
        let kept = route.settings.request_buffer;
        let kept = request_buffer::compile(kept, &spill, &at.key("request_buffer"));
        routes.push(Route {
            request_buffer: kept,
            ..settings::compile(&endpoint, action, &route.settings, named, prefix, (build, &at))
        });
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

/// What the routes match, in file order.
#[derive(Default)]
pub(super) struct Rules {
    pub(super) all: Vec<Rule>,
    /// Those that are not what was written, since that was faulty. Nothing that follows from them is true.
    pub(super) faulty: BTreeSet<usize>,
}

/// How much of a rule was right as written.
struct Right {
    path: bool,
    all: bool,
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

/// The rule, and whether it is what was written.
fn rule(matches: &policy::Match, at: &At<'_>) -> (Rule, Right) {
    let path = at.key("path").read(&matches.path, FORM, PathPattern::parse);
    let mut right = Right {
        path: path.is_some(),
        all: path.is_some(),
    };
    let mut hosts = Vec::new();
    for (index, host) in matches.host.iter().enumerate() {
        let form = "a name such as \"example.com\" or \"*.example.com\"";
        let host = at.key("host").index(index).read(host, form, HostPattern::parse);
        right.all &= host.is_some();
        hosts.extend(host);
    }
    let mut methods = Vec::new();
    for (index, method) in matches.methods.iter().enumerate() {
        let method = at
            .key("methods")
            .index(index)
            .read(method, METHOD_FORM, method_of);
        right.all &= method.is_some();
        methods.extend(method);
    }
    if own::is_own(&matches.path) {
        at.key("path")
            .fault(format!(
                "`{}` is answered by the gateway itself, so this route is never reached",
                matches.path
            ))
            .help("let the application use another path for its own health check");
    }
    let path = path.unwrap_or_else(|| PathPattern::parse("/*").expect("`/*` is a pattern"));
    (Rule { path, hosts, methods }, right)
}

/// A route that an earlier one covers is a mistake in the order of the file.
pub(super) fn report_unreachable(
    policy: &Policy,
    router: &Router,
    faulty: &BTreeSet<usize>,
    build: &Build<'_>,
) {
    let name = |index: usize| {
        policy
            .routes
            .get(index)
            .and_then(|route| route.name.clone())
            .unwrap_or_else(|| (index + 1).to_string())
    };
    let sure = |(never, by): &(usize, usize)| !faulty.contains(never) && !faulty.contains(by);
    for (never, covered_by) in router.unreachable().into_iter().filter(sure) {
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
    // One of them may have been meant by a name that is not known.
    let unknown = |name: &String| !policy.upstreams.contains_key(name);
    if policy
        .routes
        .iter()
        .filter_map(|route| route.upstream.as_ref())
        .any(unknown)
    {
        return;
    }
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
