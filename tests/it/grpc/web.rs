//! What only looks like gRPC: gRPC-Web is passed on byte for byte over any HTTP, and told "no" as any request.
//! And what is gRPC in its type alone is compressed by nobody.

use crate::support::reply::chunk;
use crate::support::{Ask, Certs, Gateway, Origin, Proto, Reply, policy};

/// A message, and trailers as gRPC-Web frames them.
const MESSAGE: &[u8] = b"\x00\x00\x00\x00\x02hi\x80\x00\x00\x00\x0fgrpc-status:0\r\n";

#[test]
fn grpc_web_passes_untouched_over_every_protocol() {
    for kind in ["application/grpc-web+proto", "application/grpc-web-text"] {
        let origin = Origin::playing(move |_, line| {
            let asked = line.body().bytes;
            assert_eq!(asked, MESSAGE);
            line.send(Reply::new(200, kind, "").chunked_head());
            line.send(chunk(MESSAGE));
            line.send(chunk([b'x'; 5000]));
            line.send("0\r\n\r\n");
        });
        let gateway = Gateway::start(policy([origin.address()]).tls(&Certs::new()));
        for proto in Proto::ALL {
            let answer = Ask::post("/shop.Greeter/Say", MESSAGE)
                .header("Content-Type", kind)
                .header("X-Grpc-Web", "1")
                .header("Accept-Encoding", "gzip")
                .over(proto, &gateway);
            assert_eq!(answer.header("content-encoding"), None, "{proto:?}");
            assert_eq!(answer.header("content-type"), Some(kind));
            let call = origin.calls().pop().unwrap();
            assert_eq!(call.header("content-type"), Some(kind));
            assert_eq!(call.header("x-grpc-web"), Some("1"));
            let body = answer.body;
            assert!(body.complete && body.bytes.starts_with(MESSAGE), "{proto:?}");
            assert_eq!(body.bytes.len(), MESSAGE.len() + 5000);
        }
        gateway.stop();
    }
}

#[test]
fn grpc_web_is_refused_as_any_request() {
    let origin = Origin::echo();
    let certs = Certs::new();
    let policy = policy([origin.address()])
        .route("closed", "path = \"/*\"", "access = { deny = [\"loopback\"] }")
        .tls(&certs);
    let gateway = Gateway::start(policy);
    for proto in Proto::ALL {
        Ask::post("/shop.Greeter/Say", MESSAGE)
            .header("Content-Type", "application/grpc-web+proto")
            .over(proto, &gateway)
            .assert_refused(403, "access_denied");
        // In HTTP/1.1 there is no gRPC, whatever the type says.
        let refused = Ask::post("/shop.Greeter/Say", MESSAGE)
            .header("Content-Type", "application/grpc")
            .over(proto, &gateway);
        if proto.is_h2() {
            assert_eq!((refused.status, refused.header("grpc-status")), (200, Some("7")));
            assert_eq!(refused.header("content-type"), Some("application/grpc"));
            assert!(refused.body.complete && refused.body.bytes.is_empty());
        } else {
            refused.assert_refused(403, "access_denied");
        }
    }
    gateway.stop();
}

#[test]
fn grpc_is_never_compressed() {
    let origin = Origin::answering(Reply::new(200, "application/grpc+json", "x".repeat(5000)));
    let gateway = Gateway::start(policy([origin.address()]));
    let answer = Ask::get("/")
        .header("Accept-Encoding", "gzip")
        .over(Proto::H2c, &gateway);
    assert_eq!(answer.header("content-encoding"), None);
    assert_eq!(answer.body.bytes.len(), 5000);
    gateway.stop();
}
