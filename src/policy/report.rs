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
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::policy::Policy;

    const TEXT: &str = "[upstreams.web]\r\nservers = [\r\n  'http://a',\r\n]\r\n\r\n[[routes]]\r\nupstream = 'wbe'\r\n";

    fn with(note: impl Fn(&Problems), style: Style) -> String {
        let (_, source, problems) = Policy::read("p.toml", TEXT, &|_| None);
        note(&problems);
        render(&problems, &source, style)
    }

    fn wrong_upstream(problems: &Problems) {
        problems
            .at()
            .key("routes")
            .index(0)
            .key("upstream")
            .fault("no upstream is named `wbe`")
            .label("used by route `/*`")
            .help("did you mean `web`?");
    }

    #[test]
    fn nothing_to_say_is_said_as_nothing() {
        assert_eq!(with(|_| (), Style::Plain), "");
    }

    #[test]
    fn a_problem_has_its_place_its_line_and_its_remedy() {
        let report = "error: no upstream is named `wbe`
 --> p.toml:7:12
  |
7 | upstream = 'wbe'
  |            ^^^^^ used by route `/*`
  |
  = help: did you mean `web`?

1 fault
";
        assert_eq!(with(wrong_upstream, Style::Plain), report);
    }

    #[test]
    fn a_line_each_for_logs() {
        let line = "p.toml:7:12: error: no upstream is named `wbe`; did you mean `web`?\n";
        assert_eq!(with(wrong_upstream, Style::Short), line);
    }

    #[test]
    fn colours_only_where_asked_for() {
        assert!(with(wrong_upstream, Style::Colour).contains('\u{1b}'));
        assert!(!with(wrong_upstream, Style::Plain).contains('\u{1b}'));
    }

    #[test]
    fn problems_are_sorted_by_line_and_told_once() {
        let report = with(
            |problems| {
                wrong_upstream(problems);
                wrong_upstream(problems);
                problems.at().key("upstreams").key("web").warn("odd");
                problems
                    .at()
                    .key("upstreams")
                    .key("web")
                    .key("connect")
                    .fault("worse");
            },
            Style::Plain,
        );
        let titles: Vec<&str> = report
            .lines()
            .filter(|line| line.contains(": ") && !line.starts_with(' '))
            .collect();
        assert_eq!(
            titles,
            [
                "error: worse",
                "warning: odd",
                "error: no upstream is named `wbe`"
            ]
        );
        assert!(report.ends_with("\n2 faults, 1 warning\n"));
    }

    #[test]
    fn a_value_over_several_lines_is_shown_with_all_of_them() {
        let report = with(
            |problems| {
                problems
                    .at()
                    .key("upstreams")
                    .key("web")
                    .key("servers")
                    .fault("too few");
            },
            Style::Plain,
        );
        assert!(
            report.contains("p.toml:2:11") && report.contains("4 | | ]"),
            "{report}"
        );
        assert!(!report.contains('␍'), "{report}");
    }

    #[test]
    fn more_than_anybody_reads_is_counted() {
        let many = |problems: &Problems| {
            for number in 0..150 {
                problems.at().fault(format!("number {number}"));
            }
        };
        assert!(with(many, Style::Plain).ends_with("150 faults; only the first 100 are shown\n"));
    }
}
