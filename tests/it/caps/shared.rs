//! Listeners share what connections the process may have: one takes what another leaves, and the operator is told the
//! numbers.

use crate::support::exit::Exit;
use crate::support::{Ask, Gateway, Origin, Wire, policy, run, until};

const OTHER: &str = "[listeners.other]\naddress = \"127.0.0.1:0\"\nmax_connections_per_client = \"off\"";
const FREE: &str = "max_connections_per_client = \"off\"";

/// A connection to this listener that has been served, if it is let in.
fn served(gateway: &Gateway, listener: &str) -> Option<Wire> {
    let mut wire = Wire::connect(gateway.address(listener));
    wire.try_send(Ask::get("/").bytes());
    let answer = wire.try_answer()?;
    (answer.status == 200).then_some(wire)
}

#[test]
fn a_listener_takes_what_the_other_leaves() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]).workers(1).listener(FREE).and(OTHER));
    // Half of these files but for 64 are for connections.
    gateway.limit_files(64 + 2 * 40);
    assert!(gateway.reload());
    let mut many: Vec<_> = (0..35)
        .map(|_| served(&gateway, "http").expect("one of 35"))
        .collect();
    let few: Vec<_> = (0..5)
        .map(|_| served(&gateway, "other").expect("one of 5"))
        .collect();
    for listener in ["http", "other"] {
        let refused = Wire::connect(gateway.address(listener)).answer();
        refused.assert_refused(503, "too_many_connections");
    }
    many.pop();
    until("the other takes the place", || {
        served(&gateway, "other").is_some()
    });
    drop((many, few));
    gateway.stop();
}

/// What the numbers are, by the name of the listener.
fn number(text: &str, before: &str) -> usize {
    let (_, rest) = text
        .split_once(before)
        .unwrap_or_else(|| panic!("no `{before}` in {text}"));
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

#[test]
fn the_operator_is_told_how_many_each_may_take() {
    let text = policy(["127.0.0.1:9"]).listener("max_connections = 3").and(OTHER);
    let checked: Exit = run(&["check"], &text.text(), &[]);
    let checked = checked.output();
    let all = number(&checked, "at most ");
    assert_eq!((number(&checked, "http "), number(&checked, "other ")), (3, all));
    let gateway = Gateway::start(text);
    let output = gateway.stop().output();
    assert_eq!((number(&output, "http:"), number(&output, "other:")), (3, all));
}
