//! One route of a gateway beside the policy it was made of: which line says what.

use crate::gateway::Gateway;
use crate::gateway::route::Route;
use crate::policy::{Policy, Settings, Source};
use crate::stack::explain::told::Said;

/// A compiled route and the text behind it.
pub(super) struct Sheet<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) policy: &'a Policy,
    pub(super) source: &'a Source,
    pub(super) route: &'a Route,
    /// Its number in the policy; none for what is written nowhere.
    number: Option<usize>,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(gateway: &'a Gateway, policy: &'a Policy, source: &'a Source, number: usize) -> Self {
        Self {
            gateway,
            policy,
            source,
            route: gateway.route(number),
            // The fallback, and the one route of a policy without any, are not in the list.
            number: (number < policy.routes.len()).then_some(number),
        }
    }

    /// What the policy says of the route, the defaults laid under it.
    pub(super) fn settings(&self) -> &'a Settings {
        let route = self.number.and_then(|number| self.policy.routes.get(number));
        route.map_or(&self.policy.defaults, |route| &route.settings)
    }

    /// Who says this setting of the route: itself, the defaults, or nobody.
    pub(super) fn setting(&self, keys: &[&str]) -> Vec<Said> {
        let mut said = Vec::new();
        let own = self.own_place(keys);
        said.extend(own.map(|(line, _)| told("route", keys, line)));
        // A table of the route is laid over that of the defaults; anything else replaces it.
        if own.is_none_or(|(_, is_table)| is_table) {
            let path = [&["defaults"], keys].concat();
            let line = self.source.written(&path).map(|written| written.line);
            said.extend(line.map(|line| told("defaults", keys, line)));
        }
        if said.is_empty() {
            said.push(Said {
                from: "built_in",
                key: keys.join("."),
                line: None,
            });
        }
        said
    }

    /// Those of the route's own keys that it says.
    pub(super) fn own(&self, keys: &[&str]) -> Vec<Said> {
        let said = keys.iter().filter_map(|key| {
            let (line, _) = self.own_place(&[key])?;
            Some(told("route", &[key], line))
        });
        said.collect()
    }

    /// Where another table of the policy says something; built in if nowhere.
    pub(super) fn elsewhere(&self, path: &[&str]) -> Vec<Said> {
        let written = self.source.written(path);
        vec![Said {
            from: if written.is_some() { "policy" } else { "built_in" },
            key: path.join("."),
            line: written.map(|written| written.line),
        }]
    }

    /// The line of a route by its number.
    pub(super) fn line_of_route(&self, number: usize) -> Option<usize> {
        let written = self.source.written(&["routes", &number.to_string()]);
        written.map(|written| written.line)
    }

    /// The text without what came from the environment.
    pub(super) fn shown(&self, text: &str) -> String {
        self.source.concealed(text)
    }

    fn own_place(&self, keys: &[&str]) -> Option<(usize, bool)> {
        let number = self.number?.to_string();
        let path = [&["routes", number.as_str()], keys].concat();
        let written = self.source.written(&path)?;
        Some((written.line, written.is_table))
    }
}

fn told(from: &'static str, keys: &[&str], line: usize) -> Said {
    Said {
        from,
        key: keys.join("."),
        line: Some(line),
    }
}
