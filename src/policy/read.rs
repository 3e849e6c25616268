//! From text to `Policy`: syntax, then variables, then table by table. Meaning is not judged here.
//! With a fault of syntax nothing further is read, since what follows one is mostly untrue.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use toml::de::DeTable;

use super::merge;
use super::problem::Problems;
use super::route::RouteHead;
use super::source::Source;
use super::syntax::Second;
use super::tree::{Entry, Node, Value};
use super::{Policy, Route, Settings, elsewhere, expand, headers, remedy, shape, suggest, syntax};

/// The tables of a policy, in the order the reference has them.
const TABLES: [&str; 12] = [
    "gateway",
    "required_secrets",
    "listeners",
    "admin",
    "logs",
    "sentry",
    "client",
    "upstreams",
    "limits",
    "defaults",
    "routes",
    "readiness",
];

impl Policy {
    /// Reads a policy. `name` is the file's name as reports show it; `env` looks up an environment
    /// variable. There is a policy only if there was no fault, but always a source to report with,
    /// and the problems, to which compiling adds its own.
    pub fn read(
        name: &str,
        text: &str,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> (Option<Self>, Source, Problems) {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let problems = Problems::default();
        let (root, faults) = DeTable::parse_recoverable(text);
        let tree = Node::from_root(root);
        if !faults.is_empty() {
            syntax::note(text, &|text| said_of_lines(text, env), &problems);
            return (None, Source::new(name, text, tree, Vec::new()), problems);
        }
        Self::read_tree(name, text, tree, env)
    }

    fn read_tree(
        name: &str,
        text: &str,
        mut tree: Node,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> (Option<Self>, Source, Problems) {
        let problems = Problems::default();
        let expansions = expand::expand(&mut tree, text, env, &problems);
        headers::lower_names(&mut tree, &problems);
        let reader = Reader {
            tree: &tree,
            problems: &problems,
        };
        let policy = reader.policy();
        let policy = (!problems.is_refused()).then_some(policy);
        (policy, Source::new(name, text, tree, expansions), problems)
    }
}

/// Reads the policy with mended lines, for what its keys say of them.
fn said_of_lines(text: &str, env: &dyn Fn(&str) -> Option<String>) -> BTreeMap<usize, Second> {
    let (root, faults) = DeTable::parse_recoverable(text);
    if !faults.is_empty() {
        return BTreeMap::new();
    }
    let (_, source, problems) = Policy::read_tree("", text, Node::from_root(root), env);
    let mut said = BTreeMap::new();
    for problem in problems.all().iter() {
        let span = source.span(problem);
        let line = source.position(span.start).0 - 1;
        let help = problem.help.first().cloned();
        let right = help.as_deref().and_then(remedy::value_in).and_then(|value| {
            let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
            let written = text.get(start..)?.lines().next()?;
            let (before, after) = (
                written.get(..span.start - start)?,
                written.get(span.end - start..)?,
            );
            Some(format!("{before}{value}{after}"))
        });
        said.entry(line).or_insert(Second { line: right, help });
    }
    said
}

struct Reader<'t> {
    tree: &'t Node,
    problems: &'t Problems,
}

impl Reader<'_> {
    fn policy(&self) -> Policy {
        self.unknown_tables();
        let defaults: Settings = self.table("defaults");
        Policy {
            gateway: self.table("gateway"),
            required_secrets: self.named("required_secrets"),
            listeners: self.named("listeners"),
            admin: self.table("admin"),
            logs: self.table("logs"),
            sentry: self.table("sentry"),
            client: self.table("client"),
            upstreams: self.named("upstreams"),
            limits: self.named("limits"),
            routes: self.routes(),
            readiness: self.table("readiness"),
            defaults,
        }
    }

    fn unknown_tables(&self) {
        let entries = self.tree.table().into_iter().flatten();
        for (key, entry) in entries.filter(|(key, _)| !TABLES.contains(&key.as_str())) {
            let table = matches!(entry.node.value, Value::Table(_) | Value::List(_));
            let what = if table { "table" } else { "key" };
            let (of, help) = self.other_place(key);
            self.problems
                .fault_at(entry.key.clone(), format!("unknown {what} `{key}`{of}"))
                .help(help);
        }
    }

    /// Where a table or key belongs that does not stand at the top: whose word it is, and the remedy.
    fn other_place(&self, key: &str) -> (String, String) {
        let near = suggest::nearest(key, TABLES.into_iter());
        let close = near.is_some_and(|near| suggest::distance(key, near) <= 1);
        let advice = elsewhere::advice(key, TABLES.into_iter()).filter(|_| !close);
        let table = self.tree.get(key).is_some_and(|node| node.table().is_some());
        let nobody = String::new();
        if shape::keys::<Settings>().contains(&key) {
            let way = if table {
                "`[defaults.KEY]`"
            } else {
                "`KEY` in `[defaults]`"
            };
            (
                nobody,
                format!("write {}, or `{key}` in a route", way.replace("KEY", key)),
            )
        } else if let Some(advice) = advice {
            (
                advice.of.map_or(nobody, |of| format!(", a word of {of}")),
                advice.help,
            )
        } else if let Some(home) = shape::home(key).filter(|_| near.is_none()) {
            (nobody, format!("`{key}` belongs in `{home}`"))
        } else {
            (nobody, suggest::remedy(key, "tables", TABLES.into_iter()))
        }
    }

    /// `[key]`
    fn table<T: DeserializeOwned + Default>(&self, key: &str) -> T {
        let node = self.tree.get(key);
        let also: &[&str] = &[];
        if let Some(Node {
            value: Value::List(items),
            span,
            ..
        }) = node
            && items.iter().any(|item| item.table().is_some())
        {
            self.problems
                .fault_at(
                    span.clone(),
                    format!("`{key}` is one table, not a list of tables"),
                )
                .help(format!("write `[{key}]`, in single brackets"));
            return T::default();
        }
        node.and_then(|node| shape::read(node, also, self.problems))
            .unwrap_or_default()
    }

    /// `[key.NAME]`
    fn named<T: DeserializeOwned>(&self, key: &str) -> BTreeMap<String, T> {
        let Some(node) = self.tree.get(key) else {
            return BTreeMap::new();
        };
        let Some(entries) = node.table() else {
            self.problems
                .fault_at(node.span.clone(), format!("`{key}` is a table of named tables"))
                .help(match named_in(node) {
                    Some(name) => {
                        format!("write `[{key}.{name}]` in place of `[[{key}]]`, and leave `name` out")
                    }
                    None => format!("write `[{key}.NAME]`, with a name of your choice"),
                });
            return BTreeMap::new();
        };
        for (name, entry) in entries.iter().filter(|(name, _)| !is_plain(name)) {
            self.problems
                .fault_at(
                    entry.key.clone(),
                    format!("`{name}` is not a name for one of the {key}"),
                )
                .help("use letters, digits, `_`, `-` and `.`: names become labels of metrics");
        }
        let read = |(name, entry): (&String, &Entry)| {
            if entry.node.table().is_none() && !entry.node.broken.replace(true) {
                self.problems
                    .fault_at(entry.key.clone(), format!("`{name}` stands where a name belongs"))
                    .help(format!("write `[{key}.NAME]` above it"));
            }
            let value = shape::read(&entry.node, &[], self.problems)?;
            Some((name.clone(), value))
        };
        entries.iter().filter_map(read).collect()
    }

    /// `[[routes]]`, after `[defaults]` has been read and its faults set aside.
    fn routes(&self) -> Vec<Route> {
        let Some(node) = self.tree.get("routes") else {
            return Vec::new();
        };
        let Value::List(routes) = &node.value else {
            self.problems
                .fault_at(
                    node.span.clone(),
                    "`routes` is a list of tables, in the order they are tried",
                )
                .help("write `[[routes]]` before each; its name is a key: name = \"api\"");
            return Vec::new();
        };
        let empty = Node::empty();
        let defaults = self.tree.get("defaults").unwrap_or(&empty);
        routes
            .iter()
            .filter_map(|route| self.route(route, defaults))
            .collect()
    }

    fn route(&self, route: &Node, defaults: &Node) -> Option<Route> {
        let (own, settings) = merge::split(route, defaults);
        let head: Option<RouteHead> = shape::read(&own, &[], self.problems);
        route.table()?;
        let settings = shape::read(&settings, &merge::OWN, self.problems);
        Some(head?.with(settings?))
    }
}

/// The name that the first table of a list has as a key.
fn named_in(list: &Node) -> Option<&str> {
    let Value::List(items) = &list.value else {
        return None;
    };
    match &items.first()?.get("name")?.value {
        Value::Text(name) if is_plain(name) => Some(name),
        _ => None,
    }
}

/// What fits into a metric's label and a log line without quoting.
fn is_plain(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (1..=64).contains(&name.len()) && name.chars().all(allowed)
}

#[cfg(test)]
mod tests;
