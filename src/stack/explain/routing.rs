//! The routes that a request does not take, and why not. Each is judged by a router of its own, so that the
//! reason is the router's and no second opinion.

use std::cmp::Reverse;

use http::{HeaderMap, Method};

use crate::gateway::router::{Found, Router, Rule};
use crate::http::host;
use crate::stack::explain::sheet::Sheet;
use crate::stack::explain::told::{Loser, Lost};
use crate::stack::passage::Passage;
use crate::stack::spot::method_asked_for;

/// Nobody reads more; the rest is counted.
const SHOWN: usize = 20;

/// Why a route lost; those that came closest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    Method,
    Later,
    Host,
    Path,
}

/// What the router looks at.
struct Sought<'a> {
    host: Option<&'a str>,
    path: &'a str,
    method: &'a Method,
}

pub(super) fn lost(plan: &Passage, sheet: &Sheet<'_>) -> Lost {
    if plan.fault.is_some() || plan.place.own {
        return Lost {
            routes: Vec::new(),
            omitted: sheet.gateway.router.rules().len(),
        };
    }
    let head = &plan.exchange.head;
    let authority = host::of_request(head.version, &head.uri, &head.headers);
    let authority = authority.ok().flatten();
    let path = sheet.gateway.matched_path(head.uri.path());
    let asked_for = asked_for(&head.method, &head.headers);
    let sought = Sought {
        host: authority.as_ref().map(|authority| &*authority.host),
        path: &path,
        method: &asked_for,
    };
    let rules = sheet.gateway.router.rules().iter().enumerate();
    let others = rules.filter(|(number, _)| *number != plan.place.number());
    let mut ranked: Vec<_> = others
        .map(|(number, rule)| (reason(rule, &sought), Reverse(shared_start(rule, &path)), number))
        .collect();
    let omitted = ranked.len().saturating_sub(SHOWN);
    ranked.sort_unstable();
    ranked.truncate(SHOWN);
    ranked.sort_unstable_by_key(|(_, _, number)| *number);
    let routes = ranked.into_iter();
    let routes = routes.filter_map(|(reason, _, number)| loser(number, reason, plan, sheet));
    Lost {
        routes: routes.collect(),
        omitted,
    }
}

fn asked_for(method: &Method, headers: &HeaderMap) -> Method {
    method_asked_for(method, headers).unwrap_or_else(|| method.clone())
}

/// Asks a router that knows this rule alone; and if it is not the method, one without the hosts.
fn reason(rule: &Rule, sought: &Sought<'_>) -> Reason {
    let find = |rule: Rule| Router::new(vec![rule]).find(sought.host, sought.path, sought.method);
    match find(rule.clone()) {
        Found::Route(_) => Reason::Later,
        Found::MethodNotAllowed(_) => Reason::Method,
        Found::NotFound => {
            let anywhere = Rule {
                hosts: Vec::new(),
                ..rule.clone()
            };
            if find(anywhere) == Found::NotFound {
                Reason::Path
            } else {
                Reason::Host
            }
        }
    }
}

/// How many leading bytes of the pattern the path has: the nearest miss is the likeliest slip.
fn shared_start(rule: &Rule, path: &str) -> usize {
    let pattern = rule.path.as_str().bytes();
    pattern
        .zip(path.bytes())
        .take_while(|(one, other)| one == other)
        .count()
}

fn loser(number: usize, reason: Reason, plan: &Passage, sheet: &Sheet<'_>) -> Option<Loser> {
    let rule = sheet.gateway.router.rules().get(number)?;
    let (reason, why) = match reason {
        Reason::Path => ("path", format!("the path is not `{}`", rule.path)),
        Reason::Host => {
            let hosts: Vec<_> = rule.hosts.iter().map(|host| format!("`{host}`")).collect();
            ("host", format!("the host is not {}", hosts.join(" or ")))
        }
        Reason::Method => {
            let methods: Vec<_> = rule.methods.iter().map(Method::as_str).collect();
            ("method", format!("it takes {}", methods.join(", ")))
        }
        Reason::Later => {
            let winner = &plan.place.route().endpoint;
            (
                "later",
                format!("it matches too, but `{winner}` stands before it"),
            )
        }
    };
    Some(Loser {
        name: sheet.gateway.route(number).endpoint.to_string(),
        reason,
        why: sheet.shown(&why),
        line: sheet.line_of_route(number),
    })
}
