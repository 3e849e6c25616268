//! Whether earlier rules take every request a rule could get. It sees single rules and, for one path, several that
//! share out the methods; not paths that are covered piece by piece, which takes an operator intent on it.

use crate::gateway::router::Rule;
use crate::gateway::router::methods::{Entry, MethodSet};
use crate::gateway::router::tree::Tree;

/// So many rules that each cover alone are remembered, to find one that does so for all hosts.
const REMEMBERED: usize = 8;

/// The search for what covers one rule, host pattern by host pattern.
pub(super) struct Cover<'a> {
    number: usize,
    rule: &'a Rule,
    rules: &'a [Rule],
    methods: MethodSet,
    /// None: some host is not covered. Else those that cover every host so far alone.
    alone: Option<Vec<usize>>,
    first: usize,
    seen: bool,
}

impl<'a> Cover<'a> {
    pub(super) fn new(number: usize, rule: &'a Rule, rules: &'a [Rule]) -> Self {
        let methods = MethodSet::of(&rule.methods);
        Self {
            number,
            rule,
            rules,
            methods,
            alone: Some(Vec::new()),
            first: usize::MAX,
            seen: false,
        }
    }

    /// Looks through the trees that match whatever one of the rule's host patterns does.
    pub(super) fn look<'t>(&mut self, trees: impl IntoIterator<Item = &'t Tree>) {
        let Some(before) = self.alone.take() else { return };
        let (mut union, mut earliest, mut alone) = (MethodSet::default(), usize::MAX, Vec::new());
        let limit = u32::try_from(self.number).unwrap_or(u32::MAX);
        for tree in trees {
            tree.covering(&self.rule.path, limit, &mut |entry: Entry| {
                let earlier = entry.rule as usize;
                union = union.or(entry.methods);
                earliest = earliest.min(earlier);
                if self.covers_alone(entry) {
                    alone.push(earlier);
                }
                alone.len() < REMEMBERED
            });
        }
        if alone.is_empty() && !union.covers(self.methods) {
            return;
        }
        if self.seen {
            alone.retain(|earlier| before.contains(earlier));
        }
        self.seen = true;
        self.first = self.first.min(earliest);
        self.alone = Some(alone);
    }

    /// A rule that covers it alone, or the first of those that do so together.
    pub(super) fn by(self) -> Option<usize> {
        let alone = self.alone?;
        Some(alone.into_iter().min().unwrap_or(self.first))
    }

    fn covers_alone(&self, entry: Entry) -> bool {
        entry.methods.covers(self.methods)
            || self.rules.get(entry.rule as usize).is_some_and(|earlier| {
                let heads = |method: &http::Method| {
                    *method == http::Method::HEAD && earlier.methods.contains(&http::Method::GET)
                };
                !self.rule.methods.is_empty()
                    && self
                        .rule
                        .methods
                        .iter()
                        .all(|method| earlier.methods.contains(method) || heads(method))
            })
    }
}
