//! What serde found wrong, kept as parts instead of as a sentence, and then said in our words. Values
//! of strings are never repeated here: they may be secrets.

use std::fmt;
use std::ops::Range;

use serde::de::{Expected, Unexpected};

use super::guess::guesses;
use crate::policy::tree::{Entry, Node};
use crate::policy::{elsewhere, remedy, suggest};

/// A fault, and the node it arose at.
#[derive(Debug)]
pub(super) struct Fault<'t> {
    pub(super) node: Option<&'t Node>,
    /// Set if the key is at fault and not its value.
    key: Option<Range<usize>>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Said(String),
    Type { found: String, expected: String },
    Missing(&'static str),
    UnknownKey(String, &'static [&'static str]),
    UnknownWord(String, &'static [&'static str]),
}

/// Keys that must be there, with what to write.
const EXAMPLES: [(&str, &str); 6] = [
    ("grpc", "grpc = \"\""),
    ("rate", "rate = \"100/minute\""),
    ("servers", "servers = [\"http://app:8000\"]"),
    ("cert", "cert = \"/etc/portcullis/tls/site.pem\""),
    ("key", "key = \"/etc/portcullis/tls/site.key\""),
    ("to", "to = \"https://www.example.com{path}{query}\""),
];

/// Keys that are often looked for in the wrong table, and the right one.
const ELSEWHERE: [(&str, &str); 30] = [
    ("address", "[listeners.NAME]"),
    ("max_connections", "[listeners.NAME]"),
    ("max_connections_per_client", "[listeners.NAME]"),
    ("max_head", "[listeners.NAME] or [upstreams.NAME]"),
    ("max_headers", "[listeners.NAME] or [upstreams.NAME]"),
    ("max_target", "[listeners.NAME]"),
    ("request_head", "[listeners.NAME.timeouts]"),
    ("keep_alive_idle", "[listeners.NAME.timeouts]"),
    ("tls_handshake", "[listeners.NAME.timeouts]"),
    ("certificates", "[listeners.NAME]"),
    ("redirect_to_https", "[listeners.NAME]"),
    ("trusted_proxies", "[client]"),
    ("ipv6_prefix", "[client]"),
    ("metrics_allow", "[admin]"),
    ("servers", "[upstreams.NAME]"),
    ("max_inflight", "[upstreams.NAME]"),
    ("queue", "[upstreams.NAME]"),
    ("connect", "[upstreams.NAME]"),
    ("pool_idle", "[upstreams.NAME]"),
    ("tolerate", "[upstreams.NAME]"),
    ("rate", "[limits.NAME]"),
    ("burst", "[limits.NAME]"),
    ("name", "[[routes]]"),
    ("match", "[[routes]]"),
    ("upstream", "[[routes]]"),
    ("redirect", "[[routes]]"),
    ("respond", "[[routes]]"),
    ("strip_prefix", "[[routes]]"),
    ("add_prefix", "[[routes]]"),
    ("rewrite", "[[routes]]"),
];

/// Keys whose name has changed, and the new one.
const RENAMED: [(&str, &str); 1] = [("total", "response_head_total")];

impl<'t> Fault<'t> {
    /// Bound to this node, unless a node further in has it already.
    pub(super) fn at(mut self, node: &'t Node) -> Self {
        self.node.get_or_insert(node);
        self
    }

    /// Bound to the key of this entry.
    pub(super) fn at_key(mut self, entry: &'t Entry) -> Self {
        if self.node.is_none() {
            self.key = Some(entry.key.clone());
        }
        self.at(&entry.node)
    }

    /// The key that is missing, if that is the fault.
    pub(super) fn missing(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Missing(key) => Some(key),
            _ => None,
        }
    }

    /// Whether a value's own type found the fault, by its meaning.
    pub(super) fn is_said(&self) -> bool {
        matches!(self.kind, Kind::Said(_))
    }

    /// What is underlined.
    pub(super) fn span(&self, culprit: &Node) -> Range<usize> {
        self.key.clone().unwrap_or_else(|| culprit.span.clone())
    }

    /// Whether the value at this place is at fault, not its key nor the table around it.
    pub(super) fn is_of_value_at(&self, place: &Range<usize>) -> bool {
        self.key.is_none() && self.node.is_some_and(|node| node.span == *place)
    }

    /// The keys of the table at fault, if a key is not one of them.
    pub(super) fn known_keys(&self) -> Option<&'static [&'static str]> {
        match self.kind {
            Kind::UnknownKey(_, known) => Some(known),
            _ => None,
        }
    }

    /// The fault in our words, and remedies, the likeliest first. Those that are values are not sure yet. `also` are
    /// further keys known in the table at fault.
    pub(super) fn words(&self, culprit: &Node, also: &[&str]) -> (String, Vec<String>) {
        match &self.kind {
            Kind::Said(said) => {
                let (message, help) = remedy::split(said);
                (message, help.into_iter().collect())
            }
            Kind::Type { found, expected } => (
                format!("expected {expected}, found {found}"),
                guesses(culprit, expected),
            ),
            Kind::Missing(key) => {
                let example = EXAMPLES.iter().find(|(name, _)| name == key);
                let write =
                    example.map_or_else(|| format!("write {key} = …"), |(_, text)| format!("write {text}"));
                (format!("missing key `{key}`"), vec![write])
            }
            Kind::UnknownKey(key, known) => unknown_key(key, known.iter().chain(also).copied()),
            Kind::UnknownWord(word, known) => {
                let help = suggest::remedy(word, "words", known.iter().copied());
                (format!("`{word}` is not known here"), vec![help])
            }
        }
    }

    fn new(kind: Kind) -> Self {
        let (node, key) = (None, None);
        Self { node, key, kind }
    }

    fn unexpected(found: &Unexpected<'_>, expected: &dyn Expected) -> Self {
        let (found, expected) = (found_words(found), expected_words(&expected.to_string()));
        Self::new(Kind::Type { found, expected })
    }
}

impl serde::de::Error for Fault<'_> {
    fn custom<T: fmt::Display>(said: T) -> Self {
        Self::new(Kind::Said(said.to_string()))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::unexpected(&found, expected)
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::unexpected(&found, expected)
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Self {
        Self::new(Kind::UnknownWord(word.to_owned(), known))
    }

    fn unknown_field(key: &str, known: &'static [&'static str]) -> Self {
        Self::new(Kind::UnknownKey(key.to_owned(), known))
    }

    fn missing_field(key: &'static str) -> Self {
        Self::new(Kind::Missing(key))
    }
}

impl std::error::Error for Fault<'_> {}

impl fmt::Display for Fault<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.kind)
    }
}

/// The table that a key of ours belongs in.
pub(in crate::policy) fn home(key: &str) -> Option<&'static str> {
    let found = ELSEWHERE.iter().find(|(name, _)| *name == key);
    found.map(|(_, table)| *table)
}

fn unknown_key<'a>(key: &str, known: impl Iterator<Item = &'a str> + Clone) -> (String, Vec<String>) {
    let message = format!("unknown key `{key}`");
    let renamed = RENAMED.iter().find(|(old, _)| *old == key);
    if let Some((old, new)) = renamed.filter(|(_, new)| known.clone().any(|name| name == *new)) {
        return (message, vec![format!("`{old}` is called `{new}` now")]);
    }
    let near = suggest::nearest(key, known.clone());
    if near.is_none_or(|near| suggest::distance(key, near) > 1)
        && let Some(advice) = elsewhere::advice(key, known.clone())
    {
        let of = advice
            .of
            .map_or_else(String::new, |of| format!(", a word of {of}"));
        return (message + &of, vec![advice.help]);
    }
    let help = match home(key).filter(|_| near.is_none()) {
        Some(table) => format!(
            "`{key}` belongs in `{table}`; keys here: {}",
            suggest::list(known)
        ),
        None => suggest::remedy(key, "keys", known),
    };
    (message, vec![help])
}

fn found_words(found: &Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unsigned(number) => format!("`{number}`"),
        Unexpected::Signed(number) => format!("`{number}`"),
        Unexpected::Float(_) => "a fraction".to_owned(),
        Unexpected::Str(_) | Unexpected::Char(_) => "a string".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a table".to_owned(),
        Unexpected::Other(name) => (*name).to_owned(),
        _ => "something else".to_owned(),
    }
}

/// serde names Rust types; the operator knows TOML.
fn expected_words(expected: &str) -> String {
    match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "a nonzero u16" => "a whole number from 1 to 65535",
        "a nonzero u32" => "a whole number, 1 or more",
        "a boolean" => "`true` or `false`",
        "a sequence" => "a list",
        "a map" => "a table",
        "path string" => "a path in quotes",
        other if other.starts_with("struct ") => "a table",
        other if other.starts_with("enum ") || other == "variant identifier" => "a word in quotes",
        other => other,
    }
    .to_owned()
}
