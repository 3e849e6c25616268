//! The policy's text as a tree that knows where everything stands. It is what expansion, inheritance
//! and look-ups work on; the meaning of a key is none of its business.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value and its place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Bytes of the value in the text; of its header for a table that has one.
    pub(super) span: Range<usize>,
    pub(super) value: Value,
    /// Already reported, so that nothing that follows from it is reported as well.
    pub(super) broken: Cell<bool>,
}

/// What a value can be.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    /// What no key takes, by its name: a date, a number beyond 64 bits.
    Other(&'static str),
    List(Vec<Node>),
    Table(BTreeMap<String, Entry>),
}

/// A key of a table, with its value.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Bytes of the key in the text.
    pub(super) key: Range<usize>,
    pub(super) node: Node,
}

/// One step from a table to a key, or from a list to an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

impl Node {
    pub(super) fn new(span: Range<usize>, value: Value) -> Self {
        let broken = Cell::new(false);
        Self { span, value, broken }
    }

    /// A table without a key, standing at the very start.
    pub(super) fn empty() -> Self {
        Self::new(0..0, Value::Table(BTreeMap::new()))
    }

    pub(super) fn from_root(root: Spanned<DeTable<'_>>) -> Self {
        let span = root.span();
        Self::new(span, Value::from_table(root.into_inner()))
    }

    fn from_value(value: Spanned<DeValue<'_>>) -> Self {
        let span = value.span();
        Self::new(span, Value::from_toml(value.into_inner()))
    }

    /// The entries, if it is a table.
    pub(super) fn table(&self) -> Option<&BTreeMap<String, Entry>> {
        match &self.value {
            Value::Table(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of a key, if it is a table that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.table()?.get(key).map(|entry| &entry.node)
    }

    /// A copy in which what stands at a place is another value.
    pub(super) fn with(&self, place: &Range<usize>, value: &Self) -> Self {
        if self.span == *place {
            return value.clone().moved_to(place);
        }
        let value = match &self.value {
            Value::List(items) => Value::List(items.iter().map(|item| item.with(place, value)).collect()),
            Value::Table(entries) => {
                let other = |(key, entry): (&String, &Entry)| {
                    let (node, span) = (entry.node.with(place, value), entry.key.clone());
                    (key.clone(), Entry { key: span, node })
                };
                Value::Table(entries.iter().map(other).collect())
            }
            other => other.clone(),
        };
        let (span, broken) = (self.span.clone(), self.broken.clone());
        Self { span, value, broken }
    }

    fn moved_to(mut self, place: &Range<usize>) -> Self {
        self.span = place.clone();
        if let Value::List(items) = &mut self.value {
            *items = std::mem::take(items)
                .into_iter()
                .map(|item| item.moved_to(place))
                .collect();
        }
        self
    }

    /// Walks as many steps as exist: how many that were, and where they led.
    pub(super) fn walk(&self, path: &[Step]) -> (usize, &Self) {
        let mut node = self;
        for (taken, step) in path.iter().enumerate() {
            let next = match (step, &node.value) {
                (Step::Key(key), Value::Table(entries)) => entries.get(key).map(|entry| &entry.node),
                (Step::Index(index), Value::List(items)) => items.get(*index),
                _ => None,
            };
            match next {
                Some(next) => node = next,
                None => return (taken, node),
            }
        }
        (path.len(), node)
    }
}

impl Value {
    fn from_toml(value: DeValue<'_>) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text.into_owned()),
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => Self::Integer(number),
                Err(_) => Self::Other("a number beyond 64 bits"),
            },
            DeValue::Float(number) => match number.as_str().parse() {
                Ok(number) => Self::Float(number),
                Err(_) => Self::Other("a number"),
            },
            DeValue::Boolean(value) => Self::Boolean(value),
            DeValue::Datetime(_) => Self::Other("a date"),
            DeValue::Array(items) => Self::List(items.into_iter().map(Node::from_value).collect()),
            DeValue::Table(table) => Self::from_table(table),
        }
    }

    fn from_table(table: DeTable<'_>) -> Self {
        let entry = |(key, value): (Spanned<_>, _)| {
            let span = key.span();
            let node = Node::from_value(value);
            (
                std::borrow::Cow::into_owned(key.into_inner()),
                Entry { key: span, node },
            )
        };
        Self::Table(table.into_iter().map(entry).collect())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn place(text: &str, path: &[Step]) -> String {
        let root = Node::from_root(DeTable::parse(text).unwrap());
        let (_, node) = root.walk(path);
        text[node.span.clone()].to_owned()
    }

    fn key(key: &str) -> Step {
        Step::Key(key.to_owned())
    }

    #[test]
    fn a_path_leads_to_its_value() {
        let text =
            "[upstreams.a]\nservers = [\"x\", \"y\"]\n[[routes]]\nname = 'n'\n[[routes]]\nname = 'm'\n";
        let servers = [key("upstreams"), key("a"), key("servers"), Step::Index(1)];
        assert_eq!(place(text, &servers), "\"y\"");
        assert_eq!(place(text, &[key("routes"), Step::Index(1), key("name")]), "'m'");
    }

    #[test]
    fn a_missing_key_leads_to_its_table() {
        let text = "[upstreams.a]\nservers = []\n";
        assert_eq!(
            place(text, &[key("upstreams"), key("a"), key("connect")]),
            "[upstreams.a]"
        );
        assert_eq!(place(text, &[key("nowhere")]), "");
    }

    #[test]
    fn what_no_key_takes_is_kept_by_its_name() {
        let root =
            Node::from_root(DeTable::parse("a = 1979-05-27\nb = 0xffff_ffff_ffff_ffff_f\nc = 0x1F").unwrap());
        assert!(matches!(root.get("a").unwrap().value, Value::Other("a date")));
        assert!(matches!(
            root.get("b").unwrap().value,
            Value::Other("a number beyond 64 bits")
        ));
        assert!(matches!(root.get("c").unwrap().value, Value::Integer(31)));
    }
}
