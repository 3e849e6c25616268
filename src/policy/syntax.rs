//! Faults of TOML itself, each with what to write instead. One per line: what a parser finds after
//! the first on a line is mostly the same slip again.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::DeTable;

use super::problem::Problems;
use super::{elsewhere, foreign, slip};

/// Reads the policy again with other lines: for each line with a fault, what is said of it.
pub(super) type Again<'a> = dyn Fn(&str) -> BTreeMap<usize, Second> + 'a;

/// What is said of a line when it is read again.
pub(super) struct Second {
    /// The line as it should be, if that is known.
    pub(super) line: Option<String>,
    /// What to do about it.
    pub(super) help: Option<String>,
}

/// Lines with a fault after which the rest is left alone: nobody reads more, and each costs another reading.
const ENOUGH: usize = 50;

/// The same for a text of more than 256 KiB.
const ENOUGH_OF_A_LARGE_ONE: usize = 5;

/// A line with a fault.
struct Faulty<'t> {
    span: Range<usize>,
    message: String,
    written: &'t str,
    meant: Option<String>,
}

impl<'t> Faulty<'t> {
    fn open_list(span: Range<usize>, written: &'t str) -> Self {
        Self {
            span,
            message: "this list is not closed".to_owned(),
            written,
            meant: None,
        }
    }
}

/// Notes what is wrong with a text that is not TOML.
pub(super) fn note(text: &str, again: &Again<'_>, problems: &Problems) {
    if let Some(foreign) = foreign::recognise(text) {
        return note_foreign(&foreign, text, problems);
    }
    let (lines, mended) = faulty_lines(text);
    let second = again(&mended);
    for (number, line) in lines {
        let oddity = slip::oddity(line.written);
        let what = oddity.unwrap_or_else(|| line.message.split(", expected ").next().unwrap_or_default());
        let note = problems.fault_at(line.span.clone(), format!("not TOML: {what}"));
        if let Some(help) = help(&line, second.get(&number)) {
            note.help(help);
        }
    }
}

/// One line after the other: each is mended, or left out, before the next is sought, so that no slip makes others.
fn faulty_lines(text: &str) -> (BTreeMap<usize, Faulty<'_>>, String) {
    let written: Vec<&str> = text.lines().collect();
    let mut lines: Vec<String> = written.iter().map(|line| (*line).to_owned()).collect();
    let mut found = BTreeMap::new();
    let enough = if text.len() > 256 << 10 {
        ENOUGH_OF_A_LARGE_ONE
    } else {
        ENOUGH
    };
    let mut from = 0;
    while found.len() < enough {
        let Some((number, column, message)) = first_fault(&lines, from) else {
            break;
        };
        let start = |number: usize| {
            text.split_inclusive('\n')
                .take(number)
                .map(str::len)
                .sum::<usize>()
        };
        if let Some(opened) = slip::open_list(&lines, number) {
            let line = written.get(opened).copied().unwrap_or_default();
            let span = start(opened)..start(opened) + line.trim_end().len();
            let closed = close_list(&mut lines, number);
            found.insert(opened, Faulty::open_list(span, line));
            from = number;
            if closed {
                continue;
            }
            break;
        }
        let line = written.get(number).copied().unwrap_or_default();
        let meant = slip::mended(line).filter(|meant| heals(&lines, number, meant));
        let column = column.start.min(line.len())..column.end.min(line.len());
        let span = start(number) + column.start..start(number) + column.end;
        replace(&mut lines, number, meant.clone().unwrap_or_default());
        let faulty = Faulty {
            span,
            message,
            written: line,
            meant,
        };
        found.insert(number, faulty);
        from = number + 1;
    }
    (found, lines.join("\n"))
}

/// Whether no fault is left in a line that is written in another way.
fn heals(lines: &[String], number: usize, meant: &str) -> bool {
    let mut other = lines.to_owned();
    replace(&mut other, number, meant.to_owned());
    first_fault(&other, number).is_none_or(|(next, _, _)| next != number)
}

/// Closes a list before a line; whether that helps.
fn close_list(lines: &mut [String], number: usize) -> bool {
    let before = lines.get_mut(..number).unwrap_or_default();
    if let Some(last) = before.iter_mut().rev().find(|line| !line.trim().is_empty()) {
        last.push(']');
    }
    first_fault(lines, 0).is_none_or(|(next, _, _)| next > number)
}

fn replace(lines: &mut [String], number: usize, with: String) {
    if let Some(line) = lines.get_mut(number) {
        *line = with;
    }
}

/// The first line from `from` on that has a fault, the bytes of it that are at fault, and why.
fn first_fault(lines: &[String], from: usize) -> Option<(usize, Range<usize>, String)> {
    let text = lines.join("\n");
    let (_, faults) = DeTable::parse_recoverable(&text);
    let placed = faults.iter().map(|fault| {
        let span = fault.span().unwrap_or_default();
        let (start, end) = (span.start.min(text.len()), span.end.min(text.len()));
        let before = text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let number = before.matches('\n').count();
        (
            number,
            start - line_start..end.max(start) - line_start,
            fault.message(),
        )
    });
    let mut later: Vec<_> = placed.filter(|(number, _, _)| *number >= from).collect();
    later.sort_by_key(|(number, column, _)| (*number, column.start));
    let (number, column, message) = later.into_iter().next()?;
    Some((number, column, message.to_owned()))
}

/// What to write: the whole line if it is sure, else the form.
fn help(line: &Faulty<'_>, second: Option<&Second>) -> Option<String> {
    if let Some(advice) =
        slip::directive(line.written).and_then(|word| elsewhere::advice(word, ["routes"].into_iter()))
    {
        return Some(advice.help);
    }
    let meant = match second {
        // An environment's value must not be told, and nothing is known of it here.
        Some(_) if line.written.contains('$') => None,
        Some(Second {
            line: Some(right), ..
        }) => Some(right.clone()),
        Some(Second { help: Some(help), .. }) => return Some(help.clone()),
        Some(_) => None,
        None => line.meant.clone(),
    };
    if let Some(meant) = meant.filter(|meant| meant != line.written.trim()) {
        return Some(format!("write {meant}"));
    }
    let what = line.message.split(", expected ").next().unwrap_or_default();
    let expected = line
        .message
        .split_once(", expected ")
        .map(|(_, expected)| expected);
    remedy(what)
        .map(str::to_owned)
        .or_else(|| expected.map(|expected| format!("expected {expected}")))
}

fn note_foreign(foreign: &foreign::Foreign, text: &str, problems: &Problems) {
    let start: usize = text.split_inclusive('\n').take(foreign.line).map(str::len).sum();
    let line = text
        .get(start..)
        .and_then(|rest| rest.lines().next())
        .unwrap_or_default();
    problems
        .fault_at(
            start..start + line.len(),
            format!("this file is {}, and a policy is written in TOML", foreign.what),
        )
        .help("the smallest policy has two lines: [upstreams.app] and servers = [\"http://127.0.0.1:8000\"]")
        .help("`portcullis demo` shows it at work; see docs/start.md");
}

fn remedy(what: &str) -> Option<&'static str> {
    let known = [
        ("string values must be quoted", "put the value in quotes"),
        ("duplicate key", "remove one of the two, or merge the two tables"),
        ("key with no value", "write key = value, a text in quotes"),
        (
            "invalid basic string",
            "close the string with a `\"` on the same line",
        ),
        (
            "invalid literal string",
            "close the string with a `'` on the same line",
        ),
        ("this list is not closed", "close it with `]`"),
        ("unclosed array", "close the list with `]`"),
        ("unclosed table", "close the header with `]`"),
        ("unexpected key or value", "write one key = value a line"),
    ];
    known
        .iter()
        .find(|(start, _)| what.starts_with(start))
        .map(|(_, remedy)| *remedy)
}
