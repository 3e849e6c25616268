//! Reports, to the letter.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

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
