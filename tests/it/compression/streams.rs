//! Bodies that come bit by bit, through the encoder.

use super::*;

#[test]
fn events_are_never_compressed() {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |_, line| {
        line.send(Reply::new(200, "text/event-stream; charset=utf-8", "").chunked_head());
        line.send(chunk(format!("data: {}\n\n", "x".repeat(4000))));
        assert!(held.wait());
        line.send("0\r\n\r\n");
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = asking("/").start(gateway.http());
    let head = wire.head();
    assert_eq!((head.header("content-encoding"), varies(&head)), (None, false));
    wire.piece_with("xxxx\n\n");
    gate.pass_one();
    assert!(wire.rest_of_body().complete);
    gateway.stop();
}

#[test]
fn a_page_that_comes_bit_by_bit_is_shown_bit_by_bit() {
    let gate = Gate::default();
    let held = gate.clone();
    let origin = Origin::playing(move |_, line| {
        line.send(Reply::new(200, "text/html", "").chunked_head());
        for number in 0..5 {
            line.send(chunk(format!("<p>piece {number}</p>")));
            assert!(held.wait());
        }
        line.send("0\r\n\r\n");
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = asking("/").start(gateway.http());
    assert_eq!(wire.head().header("content-encoding"), Some("gzip"));
    let mut inflate = flate2::Decompress::new_gzip(15);
    let mut shown = Vec::with_capacity(4096);
    for number in 0..5 {
        let wanted = format!("<p>piece {number}</p>");
        while !String::from_utf8_lossy(&shown).contains(&wanted) {
            let piece = wire.piece().expect("the next piece, before more is sent");
            inflate
                .decompress_vec(&piece, &mut shown, flate2::FlushDecompress::None)
                .unwrap();
        }
        gate.pass_one();
    }
    assert!(wire.rest_of_body().complete);
    gateway.stop();
}

#[test]
fn trailers_follow_the_coded_body_but_not_digests_of_the_plain_one() {
    let origin = Origin::playing(|_, line| {
        line.send(
            Reply::new(200, "text/plain", "")
                .header("Trailer", "X-Sum, Content-Digest")
                .chunked_head(),
        );
        line.send(chunk("text "));
        line.send("0\r\nX-Sum: 5\r\nContent-Digest: plain\r\n\r\n");
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let answer = asking("/").header("TE", "trailers").to(gateway.http());
    assert_gzipped(&answer, b"text ");
    assert_eq!(answer.body.trailers, [("x-sum".to_owned(), "5".to_owned())]);
    gateway.stop();
}

#[test]
fn a_body_that_breaks_off_does_not_look_complete() {
    let origin = Origin::playing(|_, line| {
        line.send(json("").chunked_head());
        line.send(chunk(records(4096)));
        line.close();
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let answer = asking("/").to(gateway.http());
    assert!(!answer.body.complete);
    let logged = gateway.wait_for_log("the request", |line| line["path"] == "/");
    assert_eq!(logged["end"], "upstream_cut", "{logged}");
    gateway.stop();
}
