//! The policy's text, and where in it everything stands. It answers "which line is this key on"; it
//! keeps what was filled in only so that reports can leave it out.

use std::ops::Range;

use super::conceal;
use super::expand::Expansion;
use super::merge;
use super::problem::{Place, Problem};
use super::tree::{Node, Step, Value};

/// A policy's text with the places of its keys.
#[derive(Debug)]
pub struct Source {
    name: String,
    text: String,
    tree: Node,
    expansions: Vec<Expansion>,
}

/// Where something is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// The line, counted from 1.
    pub line: usize,
    /// Whether it is a table, which is laid over what is inherited and does not replace it.
    pub is_table: bool,
}

/// The most bytes a policy file may have.
pub const LARGEST: usize = 8 << 20;

impl Source {
    pub(super) fn new(name: &str, text: &str, tree: Node, expansions: Vec<Expansion>) -> Self {
        Self {
            name: name.to_owned(),
            text: text.to_owned(),
            tree,
            expansions,
        }
    }

    /// The file's name, as shown in reports.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file's text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Bytes of the text a problem is about.
    pub(super) fn span(&self, problem: &Problem) -> Range<usize> {
        match &problem.place {
            Place::Span(span) => span.clone(),
            Place::Path(path) => self.find(path).span.clone(),
        }
    }

    /// Where a key, or an element of a list by its number, is written; nothing if it is not.
    pub fn written(&self, path: &[&str]) -> Option<Written> {
        let mut node = &self.tree;
        let mut start = 0;
        for step in path {
            (start, node) = match &node.value {
                Value::Table(entries) => entries.get(*step).map(|entry| (entry.key.start, &entry.node)),
                Value::List(items) => {
                    let item = items.get(step.parse::<usize>().ok()?);
                    item.map(|item| (item.span.start, item))
                }
                _ => None,
            }?;
        }
        Some(Written {
            line: self.position(start).0,
            is_table: node.table().is_some(),
        })
    }

    /// The names of the variables and files that a key's strings are filled from, as written; nothing if the key is not
    /// there.
    pub fn variables(&self, path: &[&str]) -> Option<Vec<String>> {
        let mut node = &self.tree;
        for step in path {
            node = match &node.value {
                Value::Table(entries) => &entries.get(*step)?.node,
                Value::List(items) => items.get(step.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        let own = |expansion: &&Expansion| {
            node.span.start <= expansion.span.start && expansion.span.end <= node.span.end
        };
        Some(
            self.expansions
                .iter()
                .filter(own)
                .flat_map(Expansion::names)
                .collect(),
        )
    }

    /// A text about this policy without the values that came from the environment.
    pub fn concealed(&self, said: &str) -> String {
        conceal::anywhere(said, &self.expansions)
    }

    /// Everything that was filled in.
    pub(super) fn expansions(&self) -> &[Expansion] {
        &self.expansions
    }

    /// Line and column of a byte, both counted from 1; columns in characters.
    pub(super) fn position(&self, byte: usize) -> (usize, usize) {
        let before = self.text.get(..byte).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.matches('\n').count() + 1;
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        (line, column)
    }

    /// The value a path leads to. A route's setting that it does not say itself is sought in
    /// `[defaults]`; what nobody says stands at its nearest table.
    fn find(&self, path: &[Step]) -> &Node {
        let (taken, node) = self.tree.walk(path);
        if taken == path.len() {
            return node;
        }
        match path {
            [Step::Key(routes), Step::Index(_), rest @ ..] if routes == "routes" && inherits(rest) => {
                let inherited: Vec<Step> = [Step::Key("defaults".to_owned())]
                    .into_iter()
                    .chain(rest.iter().cloned())
                    .collect();
                let (reached, inherited) = self.tree.walk(&inherited);
                // The way to the route took two steps, the way to the defaults one.
                let deeper = reached.saturating_sub(1) > taken.saturating_sub(2);
                if deeper { inherited } else { node }
            }
            _ => node,
        }
    }
}

fn inherits(path: &[Step]) -> bool {
    matches!(path, [Step::Key(key), ..] if !merge::OWN.contains(&key.as_str()))
}

/// A policy file's bytes as text, or what is wrong with them.
pub fn decode(bytes: Vec<u8>) -> Result<String, String> {
    if bytes.len() > LARGEST {
        return Err("a policy has at most 8 MiB: is this the right file?".to_owned());
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error
            .as_bytes()
            .iter()
            .take(valid)
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        format!("not UTF-8 text at line {line}: save the file as UTF-8")
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use toml::de::DeTable;

    use super::*;
    use crate::policy::problem::Problems;

    fn source(text: &str) -> Source {
        let tree = Node::from_root(DeTable::parse(text).unwrap());
        Source::new("p.toml", text, tree, Vec::new())
    }

    const INHERITED: &str =
        "[defaults]\nmax_body = '1MiB'\n[defaults.cors]\nmax_age = '1m'\n[[routes]]\ncors.origins = []\n";

    fn place(path: &[&str]) -> &'static str {
        let source = source(INHERITED);
        let problems = Problems::default();
        let at = problems.at().key("routes").index(0);
        path.iter().fold(at, |at, key| at.key(key)).fault("x");
        let span = source.span(&problems.all()[0]);
        &INHERITED[span]
    }

    #[test]
    fn a_setting_is_found_in_the_route_or_in_the_defaults() {
        assert_eq!(place(&["cors", "origins"]), "[]");
        assert_eq!(place(&["max_body"]), "'1MiB'");
        assert_eq!(place(&["cors", "max_age"]), "'1m'");
    }

    #[test]
    fn what_nobody_says_is_at_its_nearest_table() {
        assert_eq!(place(&["upstream"]), "[[routes]]");
        assert_eq!(place(&["slow", "warn"]), "[[routes]]");
        assert_eq!(place(&["max_body", "x"]), "'1MiB'");
    }

    #[test]
    fn the_line_of_a_key_is_found_however_it_is_written() {
        let source = source(
            "[defaults]\nmax_body = '1MiB'\n[defaults.cors]\nmax_age = '1m'\n\n[[routes]]\ncors.origins = []\n[[routes]]\nlimits = ['a',\n 'b']\n",
        );
        let line = |path: &[&str]| {
            source
                .written(path)
                .map(|written| (written.line, written.is_table))
        };
        assert_eq!(line(&["defaults", "max_body"]), Some((2, false)));
        assert_eq!(line(&["defaults", "cors"]), Some((3, true)));
        assert_eq!(line(&["routes", "0", "cors"]), Some((7, true)));
        assert_eq!(line(&["routes", "1"]), Some((8, true)));
        assert_eq!(line(&["routes", "1", "limits", "1"]), Some((10, false)));
        assert_eq!(line(&["routes", "2"]), None);
        assert_eq!(line(&["defaults", "max_body", "x"]), None);
    }

    #[test]
    fn columns_count_characters_and_lines_end_with_or_without_a_return() {
        let source = source("a = 'é'\r\nb = 'äö' # x\r\n");
        let at = source.text().find('#').unwrap();
        assert_eq!(source.position(at), (2, 10));
        assert_eq!(source.position(0), (1, 1));
    }

    #[test]
    fn a_file_that_is_no_text_is_told_by_line() {
        assert_eq!(
            decode(b"a\nb\xff".to_vec()).unwrap_err(),
            "not UTF-8 text at line 2: save the file as UTF-8"
        );
        assert!(decode(vec![b' '; LARGEST + 1]).is_err());
    }
}
