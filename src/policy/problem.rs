//! Faults and warnings of a policy: collected, never thrown, so that the operator sees all of them at
//! once. A problem knows the key it is about; where that stands is looked up when it is shown.

use std::cell::{Ref, RefCell};
use std::ops::Range;

use super::remedy;
use super::tree::Step;

/// One fault or warning: where, what, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Whether the policy is refused because of it.
    pub severity: Severity,
    /// What is wrong: lower case, the thing named in backticks.
    pub message: String,
    /// Said under the underlined text, if anything.
    pub label: Option<String>,
    /// What to do about it.
    pub help: Vec<String>,
    pub(super) place: Place,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The policy is refused.
    Fault,
    /// The policy works, perhaps not as meant.
    Warning,
}

/// What a problem is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A key, by the way to it.
    Path(Vec<Step>),
    /// Bytes of the text.
    Span(Range<usize>),
}

/// All problems of a policy. Shared by reference while reading and compiling, hence the inner cell;
/// both happen on one thread.
#[derive(Debug, Default)]
pub struct Problems(RefCell<Vec<Problem>>);

/// A cursor on the way to a key: `problems.at().key("routes").index(2).key("upstream")`.
#[derive(Debug, Clone)]
pub struct At<'a> {
    problems: &'a Problems,
    path: Vec<Step>,
}

/// A problem just noted, to which more may be said.
#[derive(Debug)]
pub struct Note<'a> {
    problems: &'a Problems,
    index: usize,
}

impl Problems {
    /// A cursor on the whole policy.
    pub fn at(&self) -> At<'_> {
        At {
            problems: self,
            path: Vec::new(),
        }
    }

    /// How many faults were noted; one inherited by several routes counts once for each.
    pub fn faults(&self) -> usize {
        self.count(Severity::Fault)
    }

    /// How many warnings were noted, counted like faults.
    pub fn warnings(&self) -> usize {
        self.count(Severity::Warning)
    }

    /// Whether the policy is refused.
    pub fn is_refused(&self) -> bool {
        self.faults() > 0
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// What the first fault says.
    pub fn first_fault(&self) -> Option<String> {
        let problems = self.0.borrow();
        let mut faults = problems.iter();
        let first = faults.find(|problem| problem.severity == Severity::Fault);
        first.map(|fault| fault.message.clone())
    }

    pub(super) fn all(&self) -> Ref<'_, Vec<Problem>> {
        self.0.borrow()
    }

    pub(super) fn fault_at(&self, span: Range<usize>, message: impl Into<String>) -> Note<'_> {
        self.note(Severity::Fault, Place::Span(span), message.into())
    }

    fn count(&self, severity: Severity) -> usize {
        self.0
            .borrow()
            .iter()
            .filter(|problem| problem.severity == severity)
            .count()
    }

    fn note(&self, severity: Severity, place: Place, message: String) -> Note<'_> {
        let mut problems = self.0.borrow_mut();
        problems.push(Problem {
            severity,
            message: harmless(message),
            label: None,
            help: Vec::new(),
            place,
        });
        Note {
            problems: self,
            index: problems.len() - 1,
        }
    }
}

impl<'a> At<'a> {
    /// The cursor on a key of this table.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.step(Step::Key(key.to_owned()))
    }

    /// The cursor on an element of this list, counted from 0.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.step(Step::Index(index))
    }

    /// Notes a fault: the policy will be refused.
    pub fn fault(&self, message: impl Into<String>) -> Note<'a> {
        let place = Place::Path(self.path.clone());
        self.problems.note(Severity::Fault, place, message.into())
    }

    /// Notes a warning.
    pub fn warn(&self, message: impl Into<String>) -> Note<'a> {
        let place = Place::Path(self.path.clone());
        self.problems.note(Severity::Warning, place, message.into())
    }

    /// Reads a text, or notes what is wrong with it and what to write; `form` as for [`remedy::read`].
    pub fn read<T>(&self, text: &str, form: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let said = match remedy::read(text, form, parse) {
            Ok(value) => return Some(value),
            Err(said) => said,
        };
        let (message, help) = remedy::split(&said);
        let note = self.fault(message);
        if let Some(help) = help {
            note.help(help);
        }
        None
    }

    fn step(&self, step: Step) -> Self {
        let mut next = self.clone();
        next.path.push(step);
        next
    }
}

impl Note<'_> {
    /// Says what to do about it. May be said more than once.
    #[expect(clippy::return_self_not_must_use, reason = "noted as it is said")]
    pub fn help(self, text: impl Into<String>) -> Self {
        self.change(|problem| problem.help.push(harmless(text.into())));
        self
    }

    /// Says something under the underlined text.
    #[expect(clippy::return_self_not_must_use, reason = "noted as it is said")]
    pub fn label(self, text: impl Into<String>) -> Self {
        self.change(|problem| problem.label = Some(harmless(text.into())));
        self
    }

    fn change(&self, change: impl FnOnce(&mut Problem)) {
        if let Some(problem) = self.problems.0.borrow_mut().get_mut(self.index) {
            change(problem);
        }
    }
}

/// Without control characters: a report goes to terminals and logs, where they forge lines.
fn harmless(text: String) -> String {
    if !text.contains(char::is_control) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn faults_refuse_and_warnings_do_not() {
        let problems = Problems::default();
        problems.at().key("a").warn("odd");
        assert!(!problems.is_refused());
        let at = problems.at().key("routes").index(2);
        at.key("upstream")
            .fault("wrong")
            .help("do it right")
            .label("here");
        at.fault("wrong too");
        assert!(problems.is_refused());
        assert_eq!((problems.faults(), problems.warnings()), (2, 1));
        let all = problems.all();
        assert_eq!(all[1].help, ["do it right"]);
        assert_eq!(all[1].label.as_deref(), Some("here"));
    }

    #[test]
    fn a_message_forges_no_lines() {
        let problems = Problems::default();
        problems.at().fault("a\nb\u{1b}[31m");
        assert_eq!(problems.all()[0].message, "a\\nb\\u{1b}[31m");
    }
}
