//! `"off"` as the value of a header: it takes back what `[defaults]` says. It is a word some headers have as their
//! value, too, and whoever means that is told how to write it.

use crate::gateway::compile::Build;
use crate::policy::headers::{HeaderEdits, Headers};
use crate::policy::problem::At;
use crate::policy::{Policy, Settings, Switch};

/// Warns of an `"off"` that takes nothing back.
pub(in crate::gateway::compile) fn report_off(policy: &Policy, build: &Build<'_>) {
    report_in(&policy.defaults, None, &build.at().key("defaults"));
    for (index, route) in policy.routes.iter().enumerate() {
        let at = build.at().key("routes").index(index);
        report_in(&route.settings, Some(&policy.defaults), &at);
    }
}

fn report_in(settings: &Settings, defaults: Option<&Settings>, at: &At<'_>) {
    let request = defaults.map(|defaults| &defaults.request_headers);
    report_side(&settings.request_headers, request, &at.key("request_headers"));
    let response = defaults.map(|defaults| &defaults.response_headers);
    report_side(&settings.response_headers, response, &at.key("response_headers"));
}

fn report_side(edits: &HeaderEdits, inherited: Option<&HeaderEdits>, at: &At<'_>) {
    report_names(&edits.set, inherited.map(|edits| &edits.set), &at.key("set"));
    report_names(&edits.add, inherited.map(|edits| &edits.add), &at.key("add"));
    let if_missing = inherited.map(|edits| &edits.if_missing);
    report_names(&edits.if_missing, if_missing, &at.key("if_missing"));
}

fn report_names(names: &Headers, inherited: Option<&Headers>, at: &At<'_>) {
    for (name, _) in names.iter().filter(|(_, lines)| **lines == Switch::Off) {
        if !inherited.is_some_and(|inherited| inherited.contains_key(name)) {
            at.key(name)
                .warn(format!(
                    "\"off\" takes back what `[defaults]` says, and that says nothing of `{name}`"
                ))
                .help("leave it out; for the word itself as the value write [\"off\"]");
        }
    }
}
