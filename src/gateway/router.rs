//! Which route a request takes: the first in file order whose host, path and method all match.
//! Found through an index, so that ten thousand routes are a few look-ups. It knows routes by their number only.

use std::collections::HashMap;

use http::{HeaderValue, Method};

use crate::gateway::router::coverage::Cover;
use crate::gateway::router::methods::{Allowance, Entry, MethodSet};
use crate::gateway::router::tree::{Quick, Tree};
use crate::http::host::HostPattern;

pub use crate::gateway::router::pattern::{FORM, PathPattern};

mod coverage;
mod methods;
mod pattern;
mod tree;

/// What a route asks of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Of the path's normal form.
    pub path: PathPattern,
    /// Any of these; none listed: any host, or none.
    pub hosts: Vec<HostPattern>,
    /// Any of these; none listed: any method. `GET` includes `HEAD`.
    pub methods: Vec<Method>,
}

/// What became of a look-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The route of this number.
    Route(usize),
    /// Host and path belong to a route, the method to none: 405 with this `Allow` (RFC 9110 §15.5.6).
    MethodNotAllowed(HeaderValue),
    /// 404.
    NotFound,
}

/// The index over all rules: a tree of path segments for each host pattern.
#[derive(Debug, Default)]
pub struct Router {
    rules: Vec<Rule>,
    any: Tree,
    exact: HashMap<Box<str>, Tree, Quick>,
    /// By suffix.
    under: HashMap<Box<str>, Tree, Quick>,
}

impl Router {
    /// Builds the index. A rule's number is its place in the list.
    pub fn new(rules: Vec<Rule>) -> Self {
        let mut router = Self::default();
        for (number, rule) in rules.iter().enumerate() {
            let number = u32::try_from(number).expect("a policy of 8 MiB holds fewer than 2^32 routes");
            let entry = Entry {
                rule: number,
                methods: MethodSet::of(&rule.methods),
            };
            if rule.hosts.is_empty() {
                router.any.insert(&rule.path, entry);
            }
            for host in &rule.hosts {
                let (trees, name) = match host {
                    HostPattern::Exact(name) => (&mut router.exact, name),
                    HostPattern::Under(suffix) => (&mut router.under, suffix),
                };
                trees
                    .entry(name.as_str().into())
                    .or_default()
                    .insert(&rule.path, entry);
            }
        }
        router.rules = rules;
        router
    }

    /// Finds the route for a host (lower case, no port, as [`crate::http::host::Authority`] has it), a path in normal
    /// form and a method.
    pub fn find(&self, host: Option<&str>, path: &str, method: &Method) -> Found {
        let allowance = Allowance::new(method, &self.rules);
        let mut best = u32::MAX;
        for tree in self.trees(host) {
            tree.first(path, &allowance, &mut best);
        }
        match usize::try_from(best) {
            Ok(number) if best != u32::MAX => Found::Route(number),
            _ => self.refuse(host, path),
        }
    }

    /// Whether the methods of any rule count for requests of this host and path.
    pub fn tells_methods_apart(&self, host: Option<&str>, path: &str) -> bool {
        let mut found = false;
        for tree in self.trees(host) {
            tree.each(path, &mut |entry| found |= entry.methods != MethodSet::of(&[]));
        }
        found
    }

    /// All rules, in the order of their numbers.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Rules that no request can reach, each with an earlier one that takes its requests (or the first of several
    /// that do so together, method by method). Those are faults of the policy.
    pub fn unreachable(&self) -> Vec<(usize, usize)> {
        let covered = |(number, rule): (usize, &Rule)| Some((number, self.covered_by(number, rule)?));
        self.rules.iter().enumerate().filter_map(covered).collect()
    }

    #[cold]
    fn refuse(&self, host: Option<&str>, path: &str) -> Found {
        let mut matching = Vec::new();
        for tree in self.trees(host) {
            tree.each(path, &mut |entry| matching.push(entry));
        }
        if matching.is_empty() {
            Found::NotFound
        } else {
            Found::MethodNotAllowed(methods::allow(&matching, &self.rules))
        }
    }

    /// The trees whose host pattern matches.
    fn trees<'a>(&'a self, host: Option<&'a str>) -> impl Iterator<Item = &'a Tree> {
        let exact = host.and_then(|host| self.exact.get(host));
        std::iter::once(&self.any)
            .chain(exact)
            .chain(host.into_iter().flat_map(|host| self.above(host)))
    }

    /// The trees of `*.suffix` for each suffix of the name that leaves one label or more before it.
    fn above<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Tree> {
        let name = if self.under.is_empty() { "" } else { name };
        let suffixes = name.match_indices('.').filter_map(|(dot, _)| name.get(dot + 1..));
        suffixes.filter_map(|suffix| self.under.get(suffix))
    }

    fn covered_by(&self, number: usize, rule: &Rule) -> Option<usize> {
        let mut cover = Cover::new(number, rule, &self.rules);
        if rule.hosts.is_empty() {
            cover.look([&self.any]);
        }
        for host in &rule.hosts {
            let (own, name) = match host {
                HostPattern::Exact(name) => (self.exact.get(name.as_str()), name),
                HostPattern::Under(suffix) => (self.under.get(suffix.as_str()), suffix),
            };
            cover.look(std::iter::once(&self.any).chain(own).chain(self.above(name)));
        }
        cover.by()
    }
}

#[cfg(test)]
mod tests;
