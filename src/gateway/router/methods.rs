//! Sets of methods in a word, for the methods everybody knows; others are looked up in the rule itself.

use http::{HeaderValue, Method};

use crate::gateway::router::Rule;

/// The methods with a bit of their own, in the order in which `Allow` names them.
static KNOWN: [Method; 9] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
    Method::CONNECT,
    Method::TRACE,
];
const GET: u16 = 0b01;
const HEAD: u16 = 0b10;
/// Some methods without a bit: those the rule lists.
const LISTED: u16 = 1 << 14;
/// All methods without a bit.
const OTHERS: u16 = 1 << 15;

/// Methods a rule takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct MethodSet(u16);

/// A rule in the index: its number and the methods it takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// Its number.
    pub(super) rule: u32,
    /// Its methods.
    pub(super) methods: MethodSet,
}

/// A request's method, ready to be asked of many entries.
pub(super) struct Allowance<'a> {
    method: &'a Method,
    bits: u16,
    rules: &'a [Rule],
}

impl MethodSet {
    /// The set of those listed; of all methods if none is.
    pub(super) fn of(methods: &[Method]) -> Self {
        if methods.is_empty() {
            return Self(!LISTED);
        }
        let bits = methods.iter().fold(0, |bits, method| bits | bit(method));
        Self(if bits & GET == 0 { bits } else { bits | HEAD })
    }

    /// Those of either.
    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of the other's are here; its methods without a bit only if all such are.
    pub(super) fn covers(self, other: Self) -> bool {
        let needed = if other.0 & LISTED == 0 {
            other.0
        } else {
            (other.0 & !LISTED) | OTHERS
        };
        needed & !self.0 == 0
    }
}

impl<'a> Allowance<'a> {
    pub(super) fn new(method: &'a Method, rules: &'a [Rule]) -> Self {
        let bits = match bit(method) {
            LISTED => LISTED | OTHERS,
            bits => bits,
        };
        Self { method, bits, rules }
    }

    /// Whether the entry's rule takes the method.
    pub(super) fn is_given_by(&self, entry: Entry) -> bool {
        match entry.methods.0 & self.bits {
            0 => false,
            LISTED => self
                .rules
                .get(entry.rule as usize)
                .is_some_and(|rule| rule.methods.contains(self.method)),
            _ => true,
        }
    }
}

/// The `Allow` of all these entries together.
pub(super) fn allow(entries: &[Entry], rules: &[Rule]) -> HeaderValue {
    let bits = entries
        .iter()
        .fold(MethodSet::default(), |all, entry| all.or(entry.methods))
        .0;
    let known = KNOWN
        .iter()
        .enumerate()
        .filter(|(at, _)| bits & (1 << at) != 0)
        .map(|(_, method)| method.as_str());
    let mut names: Vec<&str> = known.collect();
    for rule in entries.iter().filter_map(|entry| rules.get(entry.rule as usize)) {
        for method in &rule.methods {
            if !names.contains(&method.as_str()) {
                names.push(method.as_str());
            }
        }
    }
    HeaderValue::from_str(&names.join(", ")).expect("methods are tokens (RFC 9110 §9.1)")
}

fn bit(method: &Method) -> u16 {
    KNOWN
        .iter()
        .position(|known| known == method)
        .map_or(LISTED, |at| 1 << at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn get_includes_head_and_none_means_all() {
        let get = MethodSet::of(&[Method::GET]);
        assert!(get.covers(MethodSet::of(&[Method::HEAD])));
        assert!(!MethodSet::of(&[Method::HEAD]).covers(get));
        let all = MethodSet::of(&[]);
        let purge = MethodSet::of(&[Method::from_bytes(b"PURGE").expect("a token")]);
        assert!(all.covers(get) && all.covers(purge) && !get.covers(all));
        assert!(!purge.covers(purge), "which methods they list is not known here");
    }

    #[test]
    fn every_known_method_has_a_bit_of_its_own() {
        let bits = KNOWN.iter().fold(0, |bits, method| bits | bit(method));
        assert_eq!(bits, 0b1_1111_1111);
        assert_eq!((bit(&Method::GET), bit(&Method::HEAD)), (GET, HEAD));
    }
}
