//! What servers send that is no answer: 502 with the reason in log and metric, the connection dropped, and nothing
//! of it in the answer to anybody else.

mod ends;
mod hints;
mod leftovers;
mod repaired;
mod sizes;

use crate::support::{Ask, Gateway, Origin, policy};

const METRIC: &str = "portcullis_upstream_malformed_total";

/// An answer that is none, and the reason.
type Case = (&'static str, &'static str);

const HEADS: [Case; 25] = [
    ("SSH-2.0-OpenSSH_9.2\r\n\r\n", "status_line"),
    ("\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "status_line"),
    ("HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n", "status_line"),
    ("HTTP/1.1 2OO OK\r\nContent-Length: 0\r\n\r\n", "status_line"),
    ("HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n", "status_line"),
    ("HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n", "status_line"),
    ("ICY 200 OK\r\nContent-Length: 0\r\n\r\n", "status_line"),
    ("HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", "version"),
    ("HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n", "control"),
    (
        "HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n",
        "control",
    ),
    ("HTTP/1.1 200 OK\nContent-Length: 0\n\n", "line_end"),
    ("HTTP/1.1 200 OK\r\nX: a\nContent-Length: 0\r\n\r\n", "line_end"),
    ("HTTP/1.1 200 OK\r\nX: a\rContent-Length: 0\r\n\r\n", "line_end"),
    (
        "HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 0\r\n\r\n",
        "field_name",
    ),
    ("HTTP/1.1 200 OK\r\nX\r\nContent-Length: 0\r\n\r\n", "field_name"),
    ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n 0\r\n\r\n", "folded"),
    (
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        "content_length",
    ),
    (
        "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\nx",
        "content_length",
    ),
    ("HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx", "content_length"),
    (
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nx",
        "content_length",
    ),
    (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "transfer_encoding",
    ),
    (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nx",
        "transfer_encoding",
    ),
    (
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "transfer_encoding",
    ),
    (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "two_framings",
    ),
    (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        "switch",
    ),
];

/// Plays the case with the number in the target, in one piece or octet by octet; anything else is echoed.
fn playing(cases: &'static [Case]) -> Origin {
    Origin::playing(move |call, line| {
        let mut words = call.target.trim_start_matches('/').split('/');
        let case = words
            .next()
            .and_then(|number| cases.get(number.parse::<usize>().ok()?));
        let Some((answer, _)) = case else {
            let body = line.body();
            line.reply(&call.echo(&body));
            return;
        };
        let size = if words.next() == Some("slowly") {
            1
        } else {
            answer.len()
        };
        // It may be hung up on before the end.
        let _sent = answer.as_bytes().chunks(size).all(|piece| line.send(piece));
        line.wait_for_close();
        line.close();
    })
}

#[test]
fn a_malformed_head_is_502_with_its_reason_and_costs_the_next_request_nothing() {
    let origin = playing(&HEADS);
    let gateway = Gateway::start(policy([origin.address()]).workers(1));
    let mut wire = gateway.connect();
    for (number, (answer, reason)) in HEADS.iter().enumerate() {
        for way in ["at-once", "slowly"] {
            let id = format!("malformed-{number}-{way}");
            let ask = Ask::get(&format!("/{number}/{way}")).header("X-Request-ID", &id);
            let refused = ask.via(&mut wire);
            assert_eq!(refused.status, 502, "{answer:?} {way}: {}", refused.text());
            assert_eq!(refused.code(), "upstream_invalid", "{answer:?}");
            assert!(!refused.text().contains(reason), "it is nothing for clients");
            let line = gateway.wait_for_log(&id, |line| {
                line["request_id"] == id.as_str() && line["end"].is_string()
            });
            assert_eq!(line["reason"], *reason, "{answer:?} {way}");
            assert_eq!(Ask::get("/whole").via(&mut wire).json()["target"], "/whole");
        }
    }
    let metrics = gateway.metrics();
    for (_, reason) in HEADS {
        let same = HEADS.iter().filter(|(_, other)| *other == reason).count() * 2;
        let counted = metrics.count(METRIC, &[("upstream", "backend"), ("reason", reason)]);
        assert_eq!(counted, i64::try_from(same).unwrap(), "{reason}");
    }
    gateway.stop();
}

#[test]
fn a_flood_of_interim_answers_is_cut_off_and_a_few_do_no_harm() {
    let origin = Origin::playing(|call, line| {
        let mut left: usize = call.target.trim_start_matches('/').parse().unwrap();
        while left > 0 && line.send("HTTP/1.1 102 Processing\r\n\r\n") {
            left -= 1;
        }
        line.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
    let gateway = Gateway::start(policy([origin.address()]));
    assert_eq!(Ask::get("/20").to(gateway.http()).text(), "ok");
    Ask::get("/1000000")
        .to(gateway.http())
        .assert_refused(502, "upstream_invalid");
    assert_eq!(gateway.metrics().count(METRIC, &[("reason", "interim")]), 1);
    gateway.stop();
}
