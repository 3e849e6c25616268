//! What serde found wrong, kept as parts instead of as a sentence, and then said in our words. Values
//! of strings are never repeated here: they may be secrets.

use std::fmt;
use std::ops::Range;

use serde::de::{Expected, Unexpected};

use crate::policy::problem::Problems;
use crate::policy::suggest;
use crate::policy::tree::{Entry, Node};

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
const EXAMPLES: [(&str, &str); 5] = [
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

    /// Notes the fault in our words. `also` are further keys known in the table at fault.
    pub(super) fn note(self, culprit: &Node, also: &[&str], problems: &Problems) {
        let span = self.key.unwrap_or_else(|| culprit.span.clone());
        let (message, help) = self.kind.words(also);
        let note = problems.fault_at(span, message);
        if let Some(help) = help {
            note.help(help);
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

impl Kind {
    /// A message and, if there is one, a remedy.
    fn words(self, also: &[&str]) -> (String, Option<String>) {
        match self {
            Self::Said(said) => split_remedy(&said),
            Self::Type { found, expected } => {
                let help = wrap(&found, &expected).map(str::to_owned);
                (format!("expected {expected}, found {found}"), help)
            }
            Self::Missing(key) => {
                let example = EXAMPLES.iter().find(|(name, _)| *name == key);
                let write =
                    example.map_or_else(|| format!("write {key} = …"), |(_, text)| format!("write {text}"));
                (format!("missing key `{key}`"), Some(write))
            }
            Self::UnknownKey(key, known) => {
                let help = unknown_key(&key, known.iter().chain(also).copied());
                (format!("unknown key `{key}`"), Some(help))
            }
            Self::UnknownWord(word, known) => {
                let help = suggest::remedy(&word, "words", known.iter().copied());
                (format!("`{word}` is not known here"), Some(help))
            }
        }
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

/// A value's own message ends with its remedy; the report shows that apart.
fn split_remedy(said: &str) -> (String, Option<String>) {
    for verb in ["write", "use"] {
        if let Some((message, remedy)) = said.split_once(&format!(": {verb} ")) {
            return (message.to_owned(), Some(format!("{verb} {remedy}")));
        }
    }
    (said.to_owned(), None)
}

/// What to put around a value of the wrong type, if that makes it right.
fn wrap(found: &str, expected: &str) -> Option<&'static str> {
    match (found, expected) {
        ("a string", "a list") => Some("put it in brackets: [\"…\"]"),
        (number, "a string" | "a string or a list of strings" | "a word in quotes")
            if number.starts_with('`') =>
        {
            Some("put it in quotes")
        }
        (_, "a table") => Some("write its keys in braces, { key = value }, or under a header of its own"),
        _ => None,
    }
}

fn unknown_key<'a>(key: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let renamed = RENAMED.iter().find(|(old, _)| *old == key);
    if let Some((old, new)) = renamed.filter(|(_, new)| known.clone().any(|name| name == *new)) {
        return format!("`{old}` is called `{new}` now");
    }
    if suggest::nearest(key, known.clone()).is_none()
        && let Some((_, table)) = ELSEWHERE.iter().find(|(name, _)| *name == key)
    {
        return format!(
            "`{key}` belongs in `{table}`; keys here: {}",
            suggest::list(known)
        );
    }
    suggest::remedy(key, "keys", known)
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
        other if other.starts_with("struct ") => "a table",
        other if other.starts_with("enum ") || other == "variant identifier" => "a word in quotes",
        other => other,
    }
    .to_owned()
}
