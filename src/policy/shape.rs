//! From the tree to the table types, through serde. serde stops at the first fault; so the faulty
//! node is reported, set aside, and the rest is read again without it, until all faults are known.

mod fault;
mod guess;
mod reading;

use std::ptr;

use serde::de::DeserializeOwned;

use super::problem::Problems;
use super::remedy;
use super::tree::{Node, Value};
use fault::Fault;
pub(in crate::policy) use fault::home;
use reading::Reading;

/// Faults of one table after which the rest of it is left unread: nobody reads more, and every one
/// costs another pass.
const ENOUGH: usize = 50;

/// How often a remedy may lead to another.
const TRIES: usize = 3;

/// Reads a table, noting every fault in it. `also` are keys of the same table that are read elsewhere,
/// so that suggestions know them. Nothing is returned if there is nothing sensible to return; what
/// was faulty has its default otherwise.
pub(super) fn read<T: DeserializeOwned>(node: &Node, also: &[&str], problems: &Problems) -> Option<T> {
    if node.broken.get() {
        return None;
    }
    for _ in 0..ENOUGH {
        let fault = match T::deserialize(Reading(node)) {
            Ok(value) => return Some(value),
            Err(fault) => fault,
        };
        let culprit = fault.node.unwrap_or(node);
        if !follows_from_another(&fault, culprit) {
            let in_it = node
                .table()
                .is_some_and(|keys| keys.values().any(|entry| ptr::eq(&raw const entry.node, culprit)));
            let (message, helps) = fault.words(culprit, if in_it { also } else { &[] });
            let note = problems.fault_at(fault.span(culprit), message);
            if let Some(help) = helps.into_iter().find_map(|help| sure::<T>(node, culprit, help)) {
                note.help(help);
            }
        }
        if ptr::eq(culprit, node) || culprit.broken.replace(true) {
            return None;
        }
    }
    None
}

/// A remedy that holds: one that is a value is put in place and read, and so is what is said of it, until a value is
/// taken or the accepted form is told.
fn sure<T: DeserializeOwned>(table: &Node, culprit: &Node, mut help: String) -> Option<String> {
    for _ in 0..TRIES {
        let Some(value) = remedy::value_in(&help) else {
            return Some(help);
        };
        let value = remedy::node(value)?;
        if guess::is_written(culprit, &value) {
            return None;
        }
        let other = table.with(&culprit.span, &value);
        let fault = match T::deserialize(Reading(&other)) {
            Err(fault) if fault.is_of_value_at(&culprit.span) => fault,
            _ => return Some(help),
        };
        let at = fault.node.unwrap_or(culprit);
        help = fault.words(at, &[]).1.into_iter().next()?;
    }
    None
}

/// The keys of a table.
pub(super) fn keys<T: DeserializeOwned>() -> &'static [&'static str] {
    let Some(asking) = remedy::node("{ '' = 0 }") else {
        return &[];
    };
    let fault = T::deserialize(Reading(&asking)).err();
    fault.and_then(|fault| fault.known_keys()).unwrap_or_default()
}

/// Whether a key is only missing, or a list only empty, because what was faulty has been set aside.
fn follows_from_another(fault: &Fault<'_>, culprit: &Node) -> bool {
    match &culprit.value {
        Value::Table(entries) => fault.missing().is_some_and(|key| entries.contains_key(key)),
        Value::List(items) => fault.is_said() && items.iter().any(|item| item.broken.get()),
        _ => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use toml::de::DeTable;

    use super::*;
    use crate::policy::{Gateway, Limit, Listener, Logs, Settings};

    /// What was read, and all faults as `underlined: message; help`.
    fn read_all<T: DeserializeOwned>(text: &str) -> (Option<T>, Vec<String>) {
        let root = Node::from_root(DeTable::parse(text).unwrap());
        let problems = Problems::default();
        let read = read(&root, &[], &problems);
        let shown = |problem: &crate::policy::problem::Problem| {
            let crate::policy::problem::Place::Span(span) = &problem.place else {
                panic!("no span")
            };
            format!(
                "{}: {}; {}",
                &text[span.clone()],
                problem.message,
                problem.help.join("; ")
            )
        };
        let faults = problems.all().iter().map(shown).collect();
        (read, faults)
    }

    fn faults<T: DeserializeOwned>(text: &str) -> Vec<String> {
        read_all::<T>(text).1
    }

    #[test]
    fn every_fault_of_a_table_is_found() {
        let (read, faults) = read_all::<Settings>(
            "limits = [1, \"a\", true]\nlgo = false\nmax_body = 5\nslow = { warn = \"1x\", eror = \"1s\" }\n",
        );
        assert_eq!(read.unwrap().limits, ["a"]);
        assert_eq!(faults.len(), 6, "{faults:#?}");
    }

    #[test]
    fn an_unknown_key_is_underlined_and_the_nearest_named() {
        let all = faults::<Gateway>("dran = \"8s\"");
        assert_eq!(
            all,
            [
                "dran: unknown key `dran`; did you mean `drain`? keys here: `environment`, `workers`, `path_parameters`, `drain`, `max_memory`, `spill`"
            ]
        );
    }

    #[test]
    fn an_unknown_word_is_underlined_and_the_nearest_named() {
        let all = faults::<Logs>("format = \"jsn\"");
        assert_eq!(
            all,
            ["\"jsn\": `jsn` is not known here; did you mean `json`? words here: `json`, `text`"]
        );
    }

    #[test]
    fn a_wrong_type_says_what_belongs_there() {
        let expected = |text| faults::<Listener>(text).remove(0);
        assert_eq!(
            expected("max_headers = 70000"),
            "70000: expected a whole number from 0 to 65535, found `70000`; "
        );
        assert!(
            expected("max_headers = []").contains("expected a whole number from 0 to 65535, found a list")
        );
        assert!(expected("timeouts = 5").contains("expected a table, found `5`"));
        assert!(expected("timeouts = [\"1s\"]").contains("expected a table, found a list"));
        assert!(expected("max_target = true").contains("expected a size such as \"1MiB\", found `true`"));
    }

    #[test]
    fn a_missing_key_is_told_unless_its_value_was_the_fault() {
        let all = faults::<Limit>("burst = 5");
        assert_eq!(all, [": missing key `rate`; write rate = \"100/minute\""]);
        let all = faults::<Limit>("rate = \"5\"");
        assert_eq!(all, ["\"5\": `5` has no window; write \"5/minute\""]);
    }

    #[test]
    fn a_number_or_a_truth_may_come_as_a_string() {
        let (read, faults) = read_all::<Listener>("max_headers = \"80\"");
        assert_eq!((read.unwrap().max_headers, faults.len()), (80, 0));
        let (read, faults) = read_all::<Settings>("log = \"false\"");
        assert_eq!((read.unwrap().log, faults.len()), (false, 0));
    }
}
