//! Problems as people and tools read them: sorted by line, each with its place, the line, the
//! underlined text and the remedy, and a count at the end. Says nothing if there is nothing to say.

use std::fmt::Write;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::conceal;
use super::problem::{Problem, Problems, Severity};
use super::source::Source;

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// With the lines concerned, for a terminal or a file.
    Plain,
    /// The same in colours.
    Colour,
    /// One line each, for logs and editors: `file:line:column: error: message; remedy`.
    Short,
}

/// Problems shown in full; what exceeds it is only counted.
const SHOWN: usize = 100;

/// A problem as it is shown: placed, and without values that came from the environment.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Placed {
    start: usize,
    severity: Severity,
    end: usize,
    message: String,
    label: Option<String>,
    help: Vec<String>,
}

/// Writes the report of all problems. A problem that several routes inherit is told once.
pub fn render(problems: &Problems, source: &Source, style: Style) -> String {
    let mut placed: Vec<Placed> = problems
        .all()
        .iter()
        .map(|problem| place(problem, source))
        .collect();
    placed.sort();
    placed.dedup();
    let mut out = String::new();
    for problem in placed.iter().take(SHOWN) {
        match style {
            Style::Short => short(problem, source, &mut out),
            Style::Plain => long(problem, source, &Renderer::plain(), &mut out),
            Style::Colour => long(problem, source, &Renderer::styled(), &mut out),
        }
    }
    if style != Style::Short {
        out.push_str(&summary(&placed));
    }
    out
}

fn place(problem: &Problem, source: &Source) -> Placed {
    let span = source.span(problem);
    let expansions = source.expansions();
    let message = |said: &String| conceal::message(said, &span, expansions);
    let remedy = |said: &String| conceal::remedy(said, &span, expansions);
    Placed {
        start: span.start,
        severity: problem.severity,
        end: span.end,
        message: message(&problem.message),
        label: problem.label.as_ref().map(message),
        help: problem.help.iter().map(remedy).collect(),
    }
}

fn short(problem: &Placed, source: &Source, out: &mut String) {
    let (line, column) = source.position(problem.start);
    let kind = match problem.severity {
        Severity::Fault => "error",
        Severity::Warning => "warning",
    };
    // Writing into a string cannot fail.
    let _ = write!(
        out,
        "{}:{line}:{column}: {kind}: {}",
        source.name(),
        problem.message
    );
    for help in &problem.help {
        let _ = write!(out, "; {help}");
    }
    out.push('\n');
}

fn long(problem: &Placed, source: &Source, renderer: &Renderer, out: &mut String) {
    let level = match problem.severity {
        Severity::Fault => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let (line_start, lines, span) = lines_around(problem.start..problem.end, source);
    let annotation = AnnotationKind::Primary
        .span(span)
        .label(problem.label.as_deref());
    let snippet = Snippet::source(lines)
        .path(source.name())
        .line_start(line_start)
        .annotation(annotation);
    let helps = problem
        .help
        .iter()
        .map(|help| Level::HELP.message(help.as_str()));
    let group = level
        .primary_title(problem.message.as_str())
        .element(snippet)
        .elements(helps);
    out.push_str(&renderer.render(&[group]));
    out.push_str("\n\n");
}

/// The lines a span lies on, the number of the first, and the span counted from there: a renderer
/// that is given the whole text goes through it once per problem. Carriage returns at line ends are
/// left out, or they would be shown.
fn lines_around(span: Range<usize>, source: &Source) -> (usize, String, Range<usize>) {
    let text = source.text();
    let from = text
        .get(..span.start)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |at| at + 1);
    let to = text
        .get(span.end..)
        .and_then(|after| after.find('\n'))
        .map_or(text.len(), |at| span.end + at);
    let (line, _) = source.position(span.start);
    let plain = |range: Range<usize>| text.get(range).unwrap_or_default().replace("\r\n", "\n");
    let (before, within, after) = (
        plain(from..span.start),
        plain(span.clone()),
        plain(span.end..to),
    );
    let after = after.strip_suffix('\r').unwrap_or(&after);
    let span = before.len()..before.len() + within.len();
    (line, format!("{before}{within}{after}"), span)
}

/// `3 faults, 1 warning`
fn summary(placed: &[Placed]) -> String {
    let count = |severity, one: &str| {
        let count = placed
            .iter()
            .filter(|problem| problem.severity == severity)
            .count();
        let plural = if count == 1 { "" } else { "s" };
        (count > 0).then(|| format!("{count} {one}{plural}"))
    };
    let counts: Vec<String> = [
        count(Severity::Fault, "fault"),
        count(Severity::Warning, "warning"),
    ]
    .into_iter()
    .flatten()
    .collect();
    match placed.len() {
        0 => String::new(),
        all if all > SHOWN => format!("{}; only the first {SHOWN} are shown\n", counts.join(", ")),
        _ => format!("{}\n", counts.join(", ")),
    }
}

#[cfg(test)]
mod tests;
