//! `docs/reference/policy.md` against the program: the same tables, the same keys, the same defaults.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use portcullis::policy::Policy;
use portcullis::policy::report::{self, Style};

use super::markdown::{Row, code, page, rows};

/// A key that no table has.
const UNKNOWN: &str = "zzzzzzzzzzzzzzzz";

/// Table → its documented keys, each with its cell of defaults.
type Documented = BTreeMap<String, BTreeMap<String, String>>;

fn documented() -> Documented {
    let mut tables = Documented::new();
    for Row { heading, cells } in rows(&page("docs/reference/policy.md")) {
        let table = code(&heading).and_then(|name| name.strip_prefix('[')?.strip_suffix(']'));
        // `[[routes]]`, whose keys are those of its first element.
        let table = table.map(|name| name.trim_matches(['[', ']']));
        if let (Some(table), [key, _, default, _]) = (table, cells.as_slice())
            && let Some(key) = code(key)
        {
            let keys = tables.entry(table.to_owned()).or_default();
            keys.insert(key.to_owned(), default.clone());
        }
    }
    tables
}

/// The keys a table has, as the report on an unknown one lists them; none if it is no table.
fn known(table: &str) -> Option<BTreeSet<String>> {
    let text = match table.strip_prefix("routes") {
        Some("") => format!("[[routes]]\n{UNKNOWN} = 1\n"),
        Some(below) => format!("[[routes]]\n{}.{UNKNOWN} = 1\n", &below[1..]),
        None => format!("[{table}]\n{UNKNOWN} = 1\n"),
    };
    let (_, source, problems) = Policy::read("p.toml", &text, &|_| None);
    let report = report::render(&problems, &source, Style::Short);
    let line = report
        .lines()
        .find(|line| line.contains(&format!("unknown key `{UNKNOWN}`")))?;
    let (_, keys) = line.split_once("keys here: ")?;
    Some(keys.split(", ").filter_map(code).map(str::to_owned).collect())
}

/// The tables at the top, as the report on an unknown one lists them.
fn known_tables() -> BTreeSet<String> {
    let (_, source, problems) = Policy::read("p.toml", &format!("[{UNKNOWN}]\n"), &|_| None);
    let report = report::render(&problems, &source, Style::Short);
    let (_, tables) = report.trim().split_once("tables here: ").unwrap();
    tables.split(", ").filter_map(code).map(str::to_owned).collect()
}

#[test]
fn every_table_and_key_is_documented_and_none_is_made_up() {
    let documented = documented();
    let mut faults = String::new();
    for (table, keys) in &documented {
        let Some(mut known) = known(table) else {
            let _ = writeln!(faults, "[{table}] is no table");
            continue;
        };
        if table == "routes" {
            let inherited = known_keys_of_defaults();
            known.retain(|key| !inherited.contains(key));
        }
        let below = |key: &String| documented.contains_key(&format!("{table}.{key}"));
        for key in known.iter().filter(|key| !keys.contains_key(*key) && !below(key)) {
            let _ = writeln!(faults, "[{table}] {key} is not documented");
        }
        for key in keys.keys().filter(|key| !known.contains(*key)) {
            let _ = writeln!(faults, "[{table}] {key} is documented, and there is no such key");
        }
        for key in known.iter().filter(|key| !below(key)) {
            if self::known(&format!("{table}.{key}")).is_some() {
                let _ = writeln!(faults, "[{table}.{key}] is a table without a heading");
            }
        }
    }
    let top = |name: &String| name.split('.').next().unwrap_or_default().to_owned();
    assert_eq!(
        documented.keys().map(top).collect::<BTreeSet<_>>(),
        known_tables()
    );
    assert!(faults.is_empty(), "docs/reference/policy.md:\n{faults}");
}

fn known_keys_of_defaults() -> BTreeSet<String> {
    known("defaults").unwrap()
}

/// A policy with the least each table needs, and with what `more` says of a table.
fn policy(more: impl Fn(&str) -> String) -> Policy {
    let mut text = String::new();
    for table in documented().keys() {
        match table.as_str() {
            // Keys of the first route, said in its own table.
            "routes" => {
                let _ = write!(
                    text,
                    "[[routes]]\n{}match = {{ {} }}\n",
                    more(table),
                    more("routes.match").trim().replace('\n', ", ")
                );
            }
            "routes.match" => {}
            _ => {
                let needed = match table.as_str() {
                    "upstreams.NAME" => "servers = [\"http://app\"]\n",
                    "limits.NAME" => "rate = \"1/s\"\n",
                    _ => "",
                };
                let _ = write!(text, "[{table}]\n{needed}{}", more(table));
            }
        }
    }
    let (policy, source, problems) = Policy::read("p.toml", &text, &|_| None);
    policy.unwrap_or_else(|| panic!("{}\n{text}", report::render(&problems, &source, Style::Plain)))
}

#[test]
fn the_documented_defaults_are_the_ones_in_force() {
    let documented = documented();
    let silent = policy(|_| String::new());
    let mut checked = 0;
    for (table, keys) in &documented {
        for (key, default) in keys {
            let Some(default) = code(default) else {
                assert!(
                    ["required", "none", "by preset", "the only one"].contains(&default.as_str())
                        || default.contains(' '),
                    "[{table}] {key}: `{default}` is no default"
                );
                continue;
            };
            checked += 1;
            let said = policy(|at| {
                if at == table {
                    format!("{key} = {default}\n")
                } else {
                    String::new()
                }
            });
            assert_eq!(said, silent, "[{table}] {key} is not {default} by default");
        }
    }
    assert!(checked > 40, "only {checked} defaults were found");
}

#[test]
fn the_commented_policy_says_the_defaults() {
    let text = page("config/portcullis.toml");
    let (said, ..) = Policy::read("config/portcullis.toml", &text, &|_| None);
    let mut said = said.unwrap();
    assert_eq!(said.defaults.limits, ["default"], "the one thing it adds");
    said.defaults.limits.clear();
    let mut least = "[listeners.http]\n[upstreams.app]\nservers = [\"http://127.0.0.1:8000\"]\n".to_owned();
    least.push_str("[limits.default]\nrate = \"600/minute\"\n");
    let (least, ..) = Policy::read("least", &least, &|_| None);
    assert_eq!(said, least.unwrap());
}

#[test]
fn the_commented_policy_names_every_key() {
    let text = page("config/portcullis.toml");
    let words: BTreeSet<&str> = text
        .split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))
        .collect();
    let keys = documented().into_values().flat_map(BTreeMap::into_keys);
    let missing: Vec<String> = keys.filter(|key| !words.contains(key.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
