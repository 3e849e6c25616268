//! Whole policies, read.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::policy::report::{self, Style};
use crate::policy::{Period, Size, Switch};

fn env(name: &str) -> Option<String> {
    match name {
        "PASSWORD" => Some("hunter2".to_owned()),
        "PROXIES" => Some("10.0.0.0/8, loopback".to_owned()),
        _ => None,
    }
}

fn good(text: &str) -> Policy {
    let (policy, source, problems) = Policy::read("p.toml", text, &env);
    policy.unwrap_or_else(|| panic!("{}", report::render(&problems, &source, Style::Plain)))
}

fn short(text: &str) -> String {
    let (policy, source, problems) = Policy::read("p.toml", text, &env);
    assert!(policy.is_none());
    report::render(&problems, &source, Style::Short)
}

#[test]
fn an_empty_file_is_all_defaults() {
    assert_eq!(good(""), Policy::default());
    assert_eq!(good("\u{feff}# nothing\r\n"), Policy::default());
}

#[test]
fn a_route_starts_from_the_defaults() {
    let policy = good(
        "[defaults]\nlimits = ['a']\nmax_body = '1MiB'\ntimeouts.response_head_total = '9s'\n\
         [[routes]]\nname = 'x'\nlimits = []\ntimeouts.response_head = 'off'\n[[routes]]\n",
    );
    let [first, second] = policy.routes.as_slice() else {
        panic!()
    };
    assert_eq!(first.name.as_deref(), Some("x"));
    assert!(first.settings.limits.is_empty());
    assert_eq!(first.settings.max_body, Switch::On(Size(1 << 20)));
    assert_eq!(first.settings.timeouts.response_head, Switch::Off);
    assert_eq!(
        first.settings.timeouts.response_head_total,
        Switch::On(Period(Duration::from_secs(9)))
    );
    assert_eq!(second.settings, policy.defaults);
}

#[test]
fn a_list_in_a_variable_becomes_elements() {
    let policy = good("[client]\ntrusted_proxies = ['${PROXIES}', '192.0.2.1']\n");
    let names: Vec<&str> = policy
        .client
        .trusted_proxies
        .iter()
        .map(|network| network.name.as_str())
        .collect();
    assert_eq!(names, ["10.0.0.0/8", "loopback", "192.0.2.1"]);
}

#[test]
fn faults_of_all_tables_are_told_at_once_and_an_inherited_one_once() {
    let report = short(
        "[gateway]\ndrain = 8\n[store]\n[defaults]\nmax_body = '5'\n\
         [[routes]]\nname = 'a'\n[[routes]]\nname = 'b'\nlog = 'maybe'\nupsteam = 'x'\n",
    );
    let lines: Vec<&str> = report.lines().collect();
    assert_eq!(lines.len(), 5, "{report}");
    assert!(lines[0].starts_with("p.toml:2:9: error: `8` has no unit; write \"8s\""));
    assert!(lines[1].starts_with("p.toml:3:2: error: unknown table `store`"));
    assert!(lines[2].starts_with("p.toml:5:12: error: `5` has no unit"));
    assert!(lines[3].starts_with("p.toml:10:7: error: expected `true` or `false`, found a string"));
    assert!(lines[4].contains("did you mean `upstream`?"));
}

#[test]
fn a_value_from_the_environment_is_never_shown() {
    for text in [
        "[gateway]\ndrain = '${PASSWORD}'\n",
        "[gateway]\ndrain = '3 ${PASSWORD}'\n",
        "[logs]\nformat = '${PASSWORD}'\n",
        "[logs]\naccess = '${PASSWORD}'\n",
        "[upstreams.a]\nservers = ['${PASSWORD}']\n",
        "[upstreams.a]\nservers = ['http://a/${PASSWORD}']\n",
        "[limits.a]\nrate = '5/${PASSWORD}'\n",
        "[client]\ntrusted_proxies = ['${PASSWORD}']\n",
        "[defaults]\nshadow = ['x${PASSWORD}']\n",
    ] {
        let report = short(text);
        assert!(!report.contains("unter"), "{report}");
        assert!(report.contains("error: "), "{report}");
    }
}

#[test]
fn named_tables_are_tables_with_plain_names() {
    assert!(short("[[listeners]]\naddress = 'x'\n").contains("write `[listeners.NAME]`"));
    assert!(short("[upstreams.'a b']\nservers = ['http://a']\n").contains("`a b` is not a name"));
    assert!(short("[upstreams]\nservers = ['http://a']\n").contains("`servers` stands where a name belongs"));
    assert!(short("[routes.a]\n").contains("write `[[routes]]` before each"));
    assert!(short("routes = [5]\n").contains("expected a table, found `5`"));
    assert!(short("defaults = 5\n[[routes]]\n").contains("expected a table, found `5`"));
}

#[test]
fn deep_and_long_files_end_in_a_report_not_in_a_crash() {
    let deep = format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(short(&deep).contains("not TOML"));
    for deep in [
        format!("{}a = 1", "a.".repeat(100_000)),
        format!("[{}a]", "a.".repeat(100_000)),
    ] {
        assert!(short(&deep).contains("error: "));
    }
    let keys = (0..5_000).fold(String::new(), |text, key| format!("{text}k{key} = 1\n"));
    assert!(short(&keys).lines().count() <= 200);
    let settings = format!("[defaults]\n{keys}");
    assert!(short(&settings).lines().count() <= 200);
}

/// A policy with a piece cut out and a scrap put in.
fn damaged(at: usize, length: usize, scrap: &str) -> String {
    let whole = include_str!("../../../tests/policies/good/everything.toml");
    let bound = |byte: usize| {
        (0..=byte.min(whole.len()))
            .rev()
            .find(|b| whole.is_char_boundary(*b))
            .unwrap()
    };
    format!("{}{scrap}{}", &whole[..bound(at)], &whole[bound(at + length)..])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_written_ends_in_a_policy_or_a_report(
        at in 0usize..3_500,
        length in 0usize..40,
        scrap in "([\\[\\]{}=.\"'\\\\$\r\n\té😀\u{200d}#0-9a-c_]|\\$\\{|'''|= ){0,8}",
    ) {
        let text = damaged(at, length, &scrap);
        let (policy, source, problems) = Policy::read("p.toml", &text, &env);
        let reports = [Style::Plain, Style::Colour, Style::Short].map(|style| report::render(&problems, &source, style));
        prop_assert!(reports.iter().all(|report| report.is_empty() == policy.is_some()));
    }
}
