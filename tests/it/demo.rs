//! `portcullis demo`: it needs nothing but the binary, and every line of its tour does what it says.

use std::net::SocketAddr;

use rustix::process::Signal;

use crate::support::exit::Running;
use crate::support::{Ask, until};

fn addresses(line: &str) -> impl Iterator<Item = (SocketAddr, String)> {
    line.split("http://").skip(1).filter_map(|url| {
        let end = url
            .find(|letter: char| letter.is_whitespace() || "\"'`)".contains(letter))
            .unwrap_or(url.len());
        let (host, path) = url[..end].split_once('/').unwrap_or((&url[..end], ""));
        Some((
            host.replace("localhost", "127.0.0.1").parse().ok()?,
            format!("/{path}"),
        ))
    })
}

#[test]
fn the_tour_shows_a_leaky_backend_made_safe() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = Running::start(&["demo"], folder.path(), &[]);
    let printed = || [running.stdout.so_far(), running.stderr.so_far()].concat();
    until("the demo prints its tour", || {
        let lines = printed();
        lines.iter().filter(|line| line.contains("curl")).count() >= 3
            && lines.iter().any(|line| line.starts_with("portcullis ready:"))
    });
    let steps: Vec<_> = printed()
        .iter()
        .filter(|line| line.contains("curl"))
        .flat_map(|line| addresses(line).collect::<Vec<_>>())
        .collect();
    let mut statuses = Vec::new();
    for (address, path) in &steps {
        let answer = Ask::get(path).host(&address.to_string()).to(*address);
        assert!(
            answer.header("x-request-id").is_some(),
            "{path} is not behind the gateway"
        );
        assert!(answer.header("x-content-type-options").is_some(), "{path}");
        assert!(
            !answer.text().contains("Traceback"),
            "{path} leaks: {}",
            answer.text()
        );
        statuses.push(answer.status);
    }
    assert!(statuses.contains(&200), "{steps:?} {statuses:?}");
    assert!(
        statuses.iter().any(|status| *status >= 500),
        "no step shows a masked error: {steps:?} {statuses:?}"
    );
    running.signal(Signal::INT);
    running.wait().assert(0, &[]);
}
