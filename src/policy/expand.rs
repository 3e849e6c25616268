//! `${VAR}` in strings, filled in after parsing: a value can never change what a key is, and a quote
//! in a password closes no string. What was filled in is remembered, so that no report shows it.

mod pattern;

use std::fs;
use std::ops::Range;

use super::problem::Problems;
use super::tree::{Node, Value};
use pattern::{Fallback, Part, Source};

/// The environment, as the caller has it.
pub(super) type Environment<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// A string that was filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expansion {
    /// Where it stands.
    pub(super) span: Range<usize>,
    /// As the operator wrote it.
    pub(super) written: String,
    /// The whole string as it is now, and each value in it that did not come from the policy.
    pub(super) hidden: Vec<String>,
}

impl Expansion {
    /// What the string is filled from.
    pub(super) fn names(&self) -> Vec<String> {
        let name = |part: Part<'_>| match part {
            Part::Variable {
                source: Source::Variable { name, .. },
                ..
            } => Some(name.to_owned()),
            Part::Variable {
                source: Source::File(path),
                ..
            } => Some(format!("file:{path}")),
            Part::Text(_) | Part::Faulty { .. } => None,
        };
        pattern::parts(&self.written)
            .into_iter()
            .filter_map(name)
            .collect()
    }
}

/// The largest file `${file:…}` reads: secrets are short, and the rest is a mistake.
const LARGEST_FILE: u64 = 64 << 10;

/// Fills in every string of the tree; what cannot be filled in is noted and set aside.
pub(super) fn expand(
    root: &mut Node,
    text: &str,
    env: &Environment<'_>,
    problems: &Problems,
) -> Vec<Expansion> {
    let mut expander = Expander {
        text,
        env,
        problems,
        done: Vec::new(),
    };
    expander.node(root);
    expander.done
}

struct Expander<'a> {
    text: &'a str,
    env: &'a Environment<'a>,
    problems: &'a Problems,
    done: Vec<Expansion>,
}

impl Expander<'_> {
    fn node(&mut self, node: &mut Node) {
        match &mut node.value {
            Value::Text(written) if written.contains('$') => match self.string(written, &node.span) {
                Some(filled) => *written = filled,
                None => node.broken.set(true),
            },
            Value::List(items) => {
                let written = std::mem::take(items);
                for item in written {
                    self.element(item, items);
                }
            }
            Value::Table(entries) => entries.values_mut().for_each(|entry| self.node(&mut entry.node)),
            _ => {}
        }
    }

    /// An element that is exactly one variable stands for as many elements as its value has parts.
    fn element(&mut self, mut item: Node, into: &mut Vec<Node>) {
        let split = matches!(&item.value, Value::Text(written) if pattern::is_one_variable(written));
        self.node(&mut item);
        match &item.value {
            Value::Text(filled) if split && !item.broken.get() => {
                let parts = filled.split(',').map(str::trim).filter(|part| !part.is_empty());
                let parts = parts.map(|part| Node::new(item.span.clone(), Value::Text(part.to_owned())));
                into.extend(parts);
            }
            _ => into.push(item),
        }
    }

    fn string(&mut self, written: &str, span: &Range<usize>) -> Option<String> {
        let mut filled = String::new();
        let mut hidden = Vec::new();
        let mut whole = true;
        for part in pattern::parts(written) {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Variable { raw, source } => match self.value(&source) {
                    Ok((value, secret)) => {
                        filled.push_str(&value);
                        hidden.extend(secret.then_some(value));
                    }
                    Err((message, help)) => {
                        self.problems.fault_at(self.within(span, raw), message).help(help);
                        whole = false;
                    }
                },
                Part::Faulty { raw, message, help } => {
                    self.problems.fault_at(self.within(span, raw), message).help(help);
                    whole = false;
                }
            }
        }
        hidden.push(filled.clone());
        hidden.retain(|value| !value.is_empty());
        self.done.push(Expansion {
            span: span.clone(),
            written: written.to_owned(),
            hidden,
        });
        whole.then_some(filled)
    }

    /// A value and whether it came from outside the policy, or a message and a remedy.
    fn value(&self, source: &Source<'_>) -> Result<(String, bool), (String, String)> {
        match source {
            Source::File(path) => read_file(path).map(|value| (value, true)),
            Source::Variable { name, fallback } => self.variable(name, fallback),
        }
    }

    fn variable(&self, name: &str, fallback: &Fallback<'_>) -> Result<(String, bool), (String, String)> {
        let set = (self.env)(name);
        // As in a shell, the colon forms take an empty variable for one that is not set.
        let set = set.filter(|value| !value.is_empty() || *fallback == Fallback::None);
        match (set, fallback) {
            (Some(value), _) => Ok((value, true)),
            (None, Fallback::Default(default)) => Ok(((*default).to_owned(), false)),
            (None, Fallback::None) => Err((
                format!("environment variable `{name}` is not set"),
                format!("set it, or write `${{{name}:-default}}`"),
            )),
            (None, Fallback::Message(message)) => {
                let message = if message.is_empty() { "not set" } else { message };
                Err((
                    format!("environment variable `{name}`: {message}"),
                    format!("set `{name}`"),
                ))
            }
        }
    }

    /// Where the variable itself stands, if the text shows it as it is.
    fn within(&self, span: &Range<usize>, raw: &str) -> Range<usize> {
        let string = self.text.get(span.clone()).unwrap_or_default();
        match string.find(raw) {
            Some(at) => span.start + at..span.start + at + raw.len(),
            None => span.clone(),
        }
    }
}

/// A file's contents without the newline at its end, or a message and a remedy.
fn read_file(path: &str) -> Result<String, (String, String)> {
    let fault = |what: &str, help: &str| Err((format!("`{path}` {what}"), help.to_owned()));
    if !path.starts_with('/') {
        return fault(
            "is a relative path",
            "write `${file:/absolute/path}`: where the gateway starts must not matter",
        );
    }
    // Looked at before it is opened: a pipe or a device would never end.
    let about = match fs::metadata(path) {
        Ok(about) => about,
        Err(error) => {
            return fault(
                &format!("cannot be read: {error}"),
                "create it, or make it readable for the gateway",
            );
        }
    };
    if !about.is_file() {
        return fault("is not a file", "name a plain file");
    }
    if about.len() > LARGEST_FILE {
        return fault("is larger than 64 KiB", "name a file that holds just the value");
    }
    match fs::read(path).map(String::from_utf8) {
        Ok(Ok(text)) => Ok(text
            .strip_suffix('\n')
            .map_or(text.as_str(), |t| t.strip_suffix('\r').unwrap_or(t))
            .to_owned()),
        Ok(Err(_)) => fault("is not UTF-8 text", "name a text file"),
        Err(error) => fault(
            &format!("cannot be read: {error}"),
            "make it readable for the gateway",
        ),
    }
}

#[cfg(test)]
mod tests;
