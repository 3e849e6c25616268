//! From text to `Policy`: syntax, then variables, then table by table. Meaning is not judged here.
//! With a fault of syntax nothing further is read, since what follows one is mostly untrue.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use toml::de::DeTable;

use super::merge;
use super::problem::Problems;
use super::route::RouteHead;
use super::source::Source;
use super::tree::{Entry, Node, Value};
use super::{Policy, Route, Settings, expand, headers, shape, suggest, syntax};

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
        let mut tree = Node::from_root(root);
        if !faults.is_empty() {
            syntax::note(&faults, text, &problems);
            return (None, Source::new(name, text, tree, Vec::new()), problems);
        }
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
            self.problems
                .fault_at(entry.key.clone(), format!("unknown {what} `{key}`"))
                .help(suggest::remedy(key, "tables", TABLES.into_iter()));
        }
    }

    /// `[key]`
    fn table<T: DeserializeOwned + Default>(&self, key: &str) -> T {
        let node = self.tree.get(key);
        let also: &[&str] = &[];
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
                .help(format!("write `[{key}.NAME]`"));
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
                .help("write `[[routes]]` before each");
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

/// What fits into a metric's label and a log line without quoting.
fn is_plain(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (1..=64).contains(&name.len()) && name.chars().all(allowed)
}

#[cfg(test)]
mod tests;
