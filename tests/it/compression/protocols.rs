//! The same over HTTP/1.1 and HTTP/2, in the clear and under TLS.

use super::{asking, assert_gzipped, assert_plain, json, records};
use crate::support::{Ask, Certs, Gateway, Origin, Proto, policy};

#[test]
fn small_and_large_bodies_arrive_whole_over_every_protocol() {
    let small = records(20 * 1024);
    let large = records(600 * 1024);
    let (first, second) = (small.clone(), large.clone());
    let origin = Origin::playing(move |call, line| {
        let body = if call.target == "/large" { &second } else { &first };
        line.reply(&json(body).header("ETag", "\"v1\""));
    });
    let gateway = Gateway::start(policy([origin.address()]).tls(&Certs::new()));
    for proto in Proto::ALL {
        assert_gzipped(&asking("/small").over(proto, &gateway), small.as_bytes());
        assert_gzipped(&asking("/large").over(proto, &gateway), large.as_bytes());
        assert_plain(&Ask::get("/small").over(proto, &gateway), small.as_bytes());
        let head = Ask::head("/small")
            .header("Accept-Encoding", "gzip")
            .over(proto, &gateway);
        assert_eq!(head.header("content-encoding"), Some("gzip"), "{proto:?}");
        assert_eq!(head.header("etag"), Some("W/\"v1\""), "{proto:?}");
        assert!(
            head.body.bytes.is_empty() && head.header("content-length").is_none(),
            "{proto:?}"
        );
    }
    gateway.stop();
}
