//! `request_headers` and `response_headers`: what the operator adds to and takes off either side. Which
//! names are not the operator's to write is judged when the policy is compiled.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry::Vacant;

use serde::Deserialize;

use super::problem::Problems;
use super::tree::{Entry, Node, Value};
use super::units::{Switch, one_or_many};

/// Header → what it is to be. `"off"` takes back what `[defaults]` says.
pub type Headers = BTreeMap<String, Switch<Lines>>;

/// `request_headers` or `response_headers` in `[defaults]` or a route. Done in this order: `remove`, `set`,
/// `add`, `if_missing`. Values may hold `{client_ip}`, `{request_id}`, `{host}` and `{route}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HeaderEdits {
    /// Taken off. Default `[]`.
    #[serde(deserialize_with = "one_or_many")]
    pub remove: Vec<String>,
    /// Written in place of whatever is there. Default `{}`.
    pub set: Headers,
    /// Written beside whatever is there. Default `{}`.
    pub add: Headers,
    /// Written where there is none. Default `{}`.
    pub if_missing: Headers,
}

/// The values of a header, one line each: a string or a list of strings. A value that is the word `off` is
/// written as a list, `["off"]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Lines(#[serde(deserialize_with = "one_or_many")] pub Vec<String>);

/// The tables in question, and the keys of theirs that hold header names.
const TABLES: [(&str, &[&str]); 3] = [
    ("request_headers", &["set", "add", "if_missing"]),
    ("response_headers", &["set", "add", "if_missing"]),
    ("respond", &["headers"]),
];

/// Brings header names to lower case, before a route's are laid over those of `[defaults]`: `X-Edge` and
/// `x-edge` are one header. Written twice in one table they are a fault.
pub(super) fn lower_names(root: &mut Node, problems: &Problems) {
    let Value::Table(tables) = &mut root.value else {
        return;
    };
    if let Some(defaults) = tables.get_mut("defaults") {
        lower_in(&mut defaults.node, problems);
    }
    if let Some(Entry { node, .. }) = tables.get_mut("routes")
        && let Value::List(routes) = &mut node.value
    {
        for route in routes {
            lower_in(route, problems);
        }
    }
}

fn lower_in(settings: &mut Node, problems: &Problems) {
    for (table, keys) in TABLES {
        for key in keys {
            let names = child(settings, table).and_then(|table| child(table, key));
            let Some(Value::Table(names)) = names.map(|names| &mut names.value) else {
                continue;
            };
            if names
                .keys()
                .any(|name| name.bytes().any(|byte| byte.is_ascii_uppercase()))
            {
                *names = lowered(std::mem::take(names), problems);
            }
        }
    }
}

fn child<'t>(node: &'t mut Node, key: &str) -> Option<&'t mut Node> {
    match &mut node.value {
        Value::Table(entries) => entries.get_mut(key).map(|entry| &mut entry.node),
        _ => None,
    }
}

fn lowered(names: BTreeMap<String, Entry>, problems: &Problems) -> BTreeMap<String, Entry> {
    let mut lowered: BTreeMap<String, Entry> = BTreeMap::new();
    for (name, entry) in names {
        let lower = name.to_ascii_lowercase();
        if let Vacant(place) = lowered.entry(lower) {
            place.insert(entry);
        } else {
            problems
                .fault_at(
                    entry.key,
                    format!("`{name}` is named twice: the case of a header's name means nothing"),
                )
                .help("name it once; several values are a list");
        }
    }
    lowered
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::super::Policy;
    use super::*;

    fn read(text: &str) -> (Option<Policy>, Problems) {
        let (policy, _, problems) = Policy::read("p.toml", text, &|_| None);
        (policy, problems)
    }

    fn lines(value: &str) -> Switch<Lines> {
        Switch::On(Lines(vec![value.to_owned()]))
    }

    #[test]
    fn a_route_overrides_a_header_however_it_is_spelled() {
        let (policy, _) = read(
            "[defaults.response_headers.set]\nX-Edge = 'a'\nX-Other = 'b'\n\
             [[routes]]\nresponse_headers.set = { x-edge = 'c', x-OTHER = 'off' }\n",
        );
        let set = &policy.unwrap().routes[0].settings.response_headers.set;
        assert_eq!(set["x-edge"], lines("c"));
        assert_eq!((set["x-other"].clone(), set.len()), (Switch::Off, 2));
    }

    #[test]
    fn one_header_in_two_spellings_is_a_fault() {
        let (policy, problems) = read("[defaults.request_headers.set]\nX-Edge = 'a'\nx-edge = 'b'\n");
        assert!(policy.is_none());
        assert!(problems.all()[0].message.contains("named twice"));
    }

    #[test]
    fn a_list_is_several_lines_and_says_off_as_a_value() {
        let edits: HeaderEdits = toml::from_str(
            "remove = 'x-a'\nset = { x-dns-prefetch-control = ['off'] }\nadd = { link = ['<a>', '<b>'] }",
        )
        .unwrap();
        assert_eq!(edits.set["x-dns-prefetch-control"], lines("off"));
        assert_eq!(edits.add["link"].as_ref().unwrap().0.len(), 2);
        assert_eq!(edits.remove, ["x-a"]);
    }
}
