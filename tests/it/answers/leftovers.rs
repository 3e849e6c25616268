//! Octets that belong to no answer: they end the connection, and are nobody's answer.

use super::METRIC;
use crate::support::{Ask, Gate, Gateway, Origin, policy, until};

const FORGED: &str = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";

/// Sends an answer and, in the same piece or after the gate has opened, another that nobody asked for.
fn generous(answer: &'static str, later: Option<Gate>) -> Origin {
    Origin::playing(move |call, line| {
        if call.target != "/generous" {
            let body = line.body();
            line.reply(&call.echo(&body));
            return;
        }
        match &later {
            None => {
                line.send(format!("{answer}{FORGED}"));
            }
            Some(gate) => {
                line.send(answer);
                assert!(gate.wait());
                line.send(FORGED);
            }
        }
        line.wait_for_close();
        line.close();
    })
}

#[test]
fn what_follows_an_answer_at_once_is_thrown_away_with_its_connection() {
    for (method, answer, text) in [
        ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "hi"),
        (
            "GET",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
            "hi",
        ),
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", ""),
    ] {
        let origin = generous(answer, None);
        let gateway = Gateway::start(policy([origin.address()]).workers(1));
        let mut wire = gateway.connect();
        let first = Ask::new(method, "/generous").via(&mut wire);
        assert_eq!((first.status, first.text().as_str()), (200, text), "{answer:?}");
        let next = Ask::get("/next").via(&mut wire).json();
        assert_eq!(
            (&next["target"], &next["connection"]),
            (&"/next".into(), &1.into())
        );
        assert_eq!(gateway.metrics().count(METRIC, &[("reason", "excess")]), 1);
        gateway.stop();
    }
}

#[test]
fn a_body_where_none_may_be_is_thrown_away_with_its_connection() {
    for status in ["204 No Content", "304 Not Modified"] {
        let answer: &'static str = format!("HTTP/1.1 {status}\r\n\r\n").leak();
        let origin = generous(answer, None);
        let gateway = Gateway::start(policy([origin.address()]).workers(1));
        let mut wire = gateway.connect();
        let first = Ask::get("/generous").via(&mut wire);
        assert_eq!(first.status.to_string(), status[..3]);
        let next = Ask::get("/next").via(&mut wire).json();
        assert_eq!(
            (&next["target"], &next["connection"]),
            (&"/next".into(), &1.into())
        );
        assert_eq!(gateway.metrics().count(METRIC, &[("reason", "excess")]), 1);
        gateway.stop();
    }
}

#[test]
fn an_answer_nobody_asked_for_ends_the_connection_at_rest() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\n\r\n",
    ] {
        let gate = Gate::default();
        let origin = generous(answer, Some(gate.clone()));
        let gateway = Gateway::start(policy([origin.address()]).workers(1));
        let mut wire = gateway.connect();
        assert!(Ask::get("/generous").via(&mut wire).status < 400);
        gate.open();
        until("it is noticed", || {
            gateway.metrics().count(METRIC, &[("reason", "unasked")]) == 1
        });
        let next = Ask::get("/next").via(&mut wire).json();
        assert_eq!(
            (&next["target"], &next["connection"]),
            (&"/next".into(), &1.into())
        );
        gateway.stop();
    }
}
