//! Inheritance: what a route says, laid over `[defaults]`. Done on the tree, so that every value keeps
//! the place it was written at.

use super::tree::{Node, Value};

/// Keys of a route that are its own and never inherited.
pub(super) const OWN: [&str; 8] = [
    "name",
    "match",
    "upstream",
    "redirect",
    "respond",
    "strip_prefix",
    "add_prefix",
    "rewrite",
];

/// The route's own keys and its settings, the latter merged over the defaults.
pub(super) fn split(route: &Node, defaults: &Node) -> (Node, Node) {
    let (mut own, mut settings) = (route.clone(), route.clone());
    if let Value::Table(entries) = &mut own.value {
        entries.retain(|key, _| OWN.contains(&key.as_str()));
    }
    if let Value::Table(entries) = &mut settings.value {
        entries.retain(|key, _| !OWN.contains(&key.as_str()));
    }
    (own, over(settings, defaults))
}

/// Tables merge key by key; anything else replaces. What is broken below is not inherited, since it
/// was reported at its own place.
fn over(mut upper: Node, lower: &Node) -> Node {
    if let (Value::Table(entries), Some(inherited)) = (&mut upper.value, lower.table()) {
        for (key, entry) in inherited.iter().filter(|(_, entry)| !entry.node.broken.get()) {
            let merged = match entries.remove(key) {
                Some(mut own) => {
                    own.node = over(own.node, &entry.node);
                    own
                }
                None => entry.clone(),
            };
            entries.insert(key.clone(), merged);
        }
    }
    upper
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use toml::de::DeTable;

    use super::*;

    fn merged(text: &str) -> (Node, Node) {
        let root = Node::from_root(DeTable::parse(text).unwrap());
        split(root.get("r").unwrap(), root.get("d").unwrap())
    }

    fn written<'t>(node: &Node, path: &[&str], text: &'t str) -> Option<&'t str> {
        let found = path.iter().try_fold(node, |node, key| node.get(key))?;
        text.get(found.span.clone())
    }

    #[test]
    fn tables_merge_and_the_rest_replaces() {
        let text = "[d]\nl = [1, 2]\nn = 1\nt = { a = 'da', b = 'db' }\n[r]\nl = [3]\nt.b = 'rb'\n";
        let (_, settings) = merged(text);
        let at = |path: &[&str]| written(&settings, path, text);
        assert_eq!(at(&["l"]), Some("[3]"));
        assert_eq!(at(&["n"]), Some("1"));
        assert_eq!(at(&["t", "a"]), Some("'da'"));
        assert_eq!(at(&["t", "b"]), Some("'rb'"));
    }

    #[test]
    fn a_routes_own_keys_stay_apart() {
        let (own, settings) = merged("[d]\nx = 1\n[r]\nname = 'n'\nmatch = {}\ny = 2\n");
        assert_eq!(own.table().unwrap().keys().collect::<Vec<_>>(), ["match", "name"]);
        assert_eq!(settings.table().unwrap().keys().collect::<Vec<_>>(), ["x", "y"]);
    }

    #[test]
    fn what_is_broken_is_not_inherited() {
        let root = Node::from_root(DeTable::parse("[d]\nx = 1\n[r]\n").unwrap());
        root.get("d").unwrap().get("x").unwrap().broken.set(true);
        let (_, settings) = split(root.get("r").unwrap(), root.get("d").unwrap());
        assert!(settings.table().unwrap().is_empty());
    }
}
