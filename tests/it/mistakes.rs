//! What a stranger writes who comes from another program, and exactly what is said of it. `tests/policies/mistakes.txt`
//! holds both: a policy, and below `>` what `check` says, one line for each problem. `PORTCULLIS_BLESS=1` writes it
//! anew; read each line as the stranger would before committing it.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use portcullis::carryover::Carryover;
use portcullis::gateway::Gateway;
use portcullis::observe::metrics::Metrics;
use portcullis::policy::report::{self, Style};

#[test]
fn each_mistake_is_told_in_words_that_end_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policies/mistakes.txt");
    let written = fs::read_to_string(&path).unwrap();
    let mut told = String::new();
    let mut count = 0;
    for mistake in written.split("\n---\n") {
        let policy: Vec<&str> = mistake.lines().filter(|line| !line.starts_with("> ")).collect();
        let policy = policy.join("\n").trim().to_owned();
        let said = said(&policy);
        assert!(said.contains(": error: "), "nothing is wrong with:\n{policy}");
        if count > 0 {
            told.push_str("\n---\n");
        }
        count += 1;
        let _ = write!(told, "{policy}");
        for line in said.lines() {
            let _ = write!(told, "\n> {line}");
        }
    }
    told.push('\n');
    assert!(count >= 40, "{count} mistakes");
    if std::env::var_os("PORTCULLIS_BLESS").is_some() {
        fs::write(&path, &told).unwrap();
    }
    let differing = written
        .trim_end()
        .lines()
        .zip(told.trim_end().lines())
        .find(|(a, b)| a != b);
    assert!(written.trim_end() == told.trim_end(), "{differing:?}");
}

fn said(policy: &str) -> String {
    let carryover = Carryover::new(Metrics::new(SystemTime::now()), 1);
    let (_, source, problems) = Gateway::from_text("p.toml", policy, &carryover, &|_| None);
    let report = report::render(&problems, &source, Style::Short);
    // Which keys a table has is told by the reference; here the list would change with each new one.
    let lines = report.lines().map(|line| match line.split_once(" keys here: ") {
        Some((said, _)) => format!("{said} keys here: …"),
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n").replace("p.toml:", "")
}
