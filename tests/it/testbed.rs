//! The test bed itself: the client and the origins must agree on HTTP before anything between them is judged.

use crate::support::metrics::Metrics;
use crate::support::reply::chunk;
use crate::support::{Ask, Origin, Reply, Wire};

#[test]
fn an_echo_says_what_it_saw_and_keeps_the_connection() {
    let origin = Origin::echo();
    let mut wire = Wire::connect(origin.address());
    let first = Ask::post("/a?b", "body")
        .header("X-One", "1")
        .via(&mut wire)
        .json();
    assert_eq!(
        (first["target"].as_str(), first["body"].as_str()),
        (Some("/a?b"), Some("body"))
    );
    let second = Ask::get("/b").via(&mut wire).json();
    assert_eq!(
        (first["connection"].as_u64(), second["connection"].as_u64()),
        (Some(0), Some(0))
    );
    assert_eq!(origin.calls()[1].turn, 1);
}

#[test]
fn chunks_trailers_and_cuts_are_told_apart() {
    let origin = Origin::playing(|call, line| {
        line.send(Reply::text("").chunked_head());
        line.send(chunk("half"));
        if call.target == "/whole" {
            line.send("0\r\nX-Sum: 7\r\n\r\n");
        } else if call.target == "/reset" {
            line.reset();
        } else {
            line.close();
        }
    });
    let whole = Ask::get("/whole").to(origin.address());
    assert!(whole.body.complete);
    assert_eq!(whole.body.trailers, [("X-Sum".to_owned(), "7".to_owned())]);
    assert!(!Ask::get("/cut").to(origin.address()).body.complete);
    assert!(!Ask::get("/reset").to(origin.address()).body.complete);
}

#[test]
fn a_stopped_origin_refuses_connections_and_can_come_back() {
    let origin = Origin::echo();
    let address = origin.address();
    drop(origin);
    assert!(Wire::try_connect(address).is_err());
    let _origin = Origin::at(address, |_, line| {
        line.reply(&Reply::text("back"));
    });
    assert_eq!(Ask::get("/").to(address).text(), "back");
}

#[test]
fn metrics_are_read_with_their_labels() {
    let metrics = Metrics::parse("# HELP a b\na{b=\"c, d\",e=\"f\"} 2\na{b=\"g\",e=\"f\"} 3\nh 1.5\n");
    assert_eq!(metrics.count("a", &[("e", "f")]), 5);
    assert_eq!(metrics.count("a", &[("b", "c, d")]), 2);
    assert_eq!(metrics.labels("a"), ["b", "e"]);
}
