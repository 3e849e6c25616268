//! A tree of path segments. A look-up follows the path down, by literal and by `{name}`, and keeps the rule that
//! stands first in the file; whole branches that hold only later rules are passed by.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::gateway::router::methods::{Allowance, Entry};
use crate::gateway::router::pattern::{PathPattern, Segment};

/// The patterns of one host, or of one kind of hosts.
#[derive(Debug)]
pub(super) struct Tree {
    /// The least number of a rule at this place or below; `u32::MAX` in a tree without rules.
    least: u32,
    literals: HashMap<Box<str>, Tree, Quick>,
    any: Option<Box<Tree>>,
    /// Rules whose pattern ends here, by number.
    exact: Vec<Entry>,
    /// Rules whose pattern goes on with `/*`, by number.
    open: Vec<Entry>,
}

/// A hasher for keys that the operator wrote: nobody outside can add keys, so none can make them collide.
pub(super) type Quick = BuildHasherDefault<QuickHasher>;

#[derive(Debug, Default, Clone)]
pub(super) struct QuickHasher(u64);

impl Default for Tree {
    fn default() -> Self {
        Self {
            least: u32::MAX,
            literals: HashMap::default(),
            any: None,
            exact: Vec::new(),
            open: Vec::new(),
        }
    }
}

impl Tree {
    /// Adds a rule; rules come in the order of their numbers.
    pub(super) fn insert(&mut self, pattern: &PathPattern, entry: Entry) {
        let mut node = self;
        node.least = node.least.min(entry.rule);
        for segment in &pattern.segments {
            node = match segment {
                Segment::Literal(text) => node.literals.entry(text.clone()).or_default(),
                Segment::Any => node.any.get_or_insert_default(),
            };
            node.least = node.least.min(entry.rule);
        }
        let ends_here = if pattern.open {
            &mut node.open
        } else {
            &mut node.exact
        };
        ends_here.push(entry);
    }

    /// Lowers `best` to the first rule here that matches, if there is one before it.
    pub(super) fn first(&self, path: &str, allowance: &Allowance<'_>, best: &mut u32) {
        self.descend(path.strip_prefix('/'), allowance, best);
    }

    fn descend(&self, rest: Option<&str>, allowance: &Allowance<'_>, best: &mut u32) {
        if self.least >= *best {
            return;
        }
        improve(&self.open, allowance, best);
        let Some(rest) = rest else {
            return improve(&self.exact, allowance, best);
        };
        let (segment, rest) = split(rest);
        if let Some(node) = self.literals.get(segment) {
            node.descend(rest, allowance, best);
        }
        if let Some(node) = &self.any
            && !segment.is_empty()
        {
            node.descend(rest, allowance, best);
        }
    }

    /// Every rule whose path matches, whatever its methods.
    pub(super) fn each(&self, path: &str, visit: &mut impl FnMut(Entry)) {
        self.gather(path.strip_prefix('/'), visit);
    }

    fn gather(&self, rest: Option<&str>, visit: &mut impl FnMut(Entry)) {
        self.open.iter().copied().for_each(&mut *visit);
        let Some(rest) = rest else {
            return self.exact.iter().copied().for_each(visit);
        };
        let (segment, rest) = split(rest);
        if let Some(node) = self.literals.get(segment) {
            node.gather(rest, visit);
        }
        if let Some(node) = &self.any
            && !segment.is_empty()
        {
            node.gather(rest, visit);
        }
    }

    /// Rules before `limit` whose pattern matches every path that the given one does. Ends early if `visit` says so.
    pub(super) fn covering(&self, pattern: &PathPattern, limit: u32, visit: &mut impl FnMut(Entry) -> bool) {
        self.cover(&pattern.segments, pattern.open, limit, visit);
    }

    fn cover(&self, rest: &[Segment], open: bool, limit: u32, visit: &mut impl FnMut(Entry) -> bool) -> bool {
        if self.least >= limit {
            return true;
        }
        let mut earlier = |entries: &[Entry]| {
            entries
                .iter()
                .take_while(|entry| entry.rule < limit)
                .all(|entry| visit(*entry))
        };
        if !earlier(&self.open) {
            return false;
        }
        match rest.split_first() {
            None => open || earlier(&self.exact),
            Some((segment, rest)) => {
                let (literal, filled) = match segment {
                    Segment::Literal(text) => (self.literals.get(text), !text.is_empty()),
                    Segment::Any => (None, true),
                };
                let any = self.any.as_deref().filter(|_| filled);
                literal
                    .into_iter()
                    .chain(any)
                    .all(|node| node.cover(rest, open, limit, visit))
            }
        }
    }
}

fn improve(entries: &[Entry], allowance: &Allowance<'_>, best: &mut u32) {
    let earlier = entries.iter().take_while(|entry| entry.rule < *best);
    if let Some(entry) = earlier.into_iter().find(|entry| allowance.is_given_by(**entry)) {
        *best = entry.rule;
    }
}

/// The next segment, and what follows it, if a slash does.
fn split(path: &str) -> (&str, Option<&str>) {
    match path.split_once('/') {
        Some((segment, rest)) => (segment, Some(rest)),
        None => (path, None),
    }
}

impl Hasher for QuickHasher {
    fn write(&mut self, bytes: &[u8]) {
        const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut add = |word: u64| self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(FACTOR);
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            add(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            add(rest
                .iter()
                .fold(rest.len() as u64, |word, byte| word << 8 | u64::from(*byte)));
        }
    }

    fn write_u8(&mut self, _: u8) {}

    fn finish(&self) -> u64 {
        // The map picks its place by the low bits, a product has its best bits at the top.
        self.0 ^ (self.0 >> 32)
    }
}
