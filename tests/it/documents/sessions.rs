//! Blocks that begin with `$ portcullis …`: what they show is what the program prints, to the letter.

use std::fs;

use super::markdown::{blocks, documents};
use crate::support::run;

/// The policy for a session that no block of TOML stands before.
const LEAST: &str = "[upstreams.app]\nservers = [\"http://127.0.0.1:8000\"]\n";

#[test]
fn every_session_shows_what_the_program_prints() {
    let mut sessions = 0;
    for document in documents() {
        let mut policy = LEAST.to_owned();
        for block in blocks(&fs::read_to_string(&document).unwrap()) {
            if block.kind.starts_with("toml") {
                policy = block.body;
            } else if let Some((command, shown)) = session(&block.body) {
                sessions += 1;
                let arguments: Vec<&str> = command.split_whitespace().collect();
                let exit = run(&arguments, &policy, &[]);
                let printed = exit.output();
                assert_eq!(
                    anywhere(&printed),
                    anywhere(shown),
                    "{}: $ portcullis {command}",
                    document.display()
                );
            }
        }
    }
    assert!(sessions >= 6, "only {sessions} sessions were found");
}

/// The same on each machine: how many connections and how much memory there may be is the machine's affair.
fn anywhere(printed: &str) -> String {
    let lines = printed.trim_end().lines().map(|line| {
        if line.contains(" connections at once") || line.ends_with(" MiB of memory") {
            line.replace(|letter: char| letter.is_ascii_digit(), "")
        } else {
            line.to_owned()
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn session(body: &str) -> Option<(&str, &str)> {
    body.strip_prefix("$ portcullis ")?.split_once('\n')
}
