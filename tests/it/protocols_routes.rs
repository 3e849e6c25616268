//! What a route may do to a request and its answer, whatever the client speaks.

use crate::support::{Ask, Certs, Gateway, Origin, Proto, policy};

#[test]
fn a_route_rewrites_edits_answers_and_keeps_out_over_every_protocol() {
    let origin = Origin::echo();
    let certs = Certs::new();
    let text = policy([origin.address()])
        .tls(&certs)
        .route("hidden", "path = \"/hidden\"", "access = { deny = [\"loopback\"] }")
        .route(
            "api",
            "path = \"/api/*\"",
            "strip_prefix = \"/api\"\nrequest_headers = { set = { x-route = \"{route}\" }, remove = [\"x-secret\"] }\nresponse_headers = { set = { x-edge = \"here\" } }",
        )
        .route("item", "path = \"/item/{id}\"", "rewrite = \"/v2/items/{id}\"")
        .and("[[routes]]\nname = \"teapot\"\nmatch = { path = \"/teapot\" }\nrespond = { status = 418, body = \"short and stout\" }");
    let gateway = Gateway::start(text);
    for proto in Proto::ALL {
        Ask::get("/hidden")
            .over(proto, &gateway)
            .assert_refused(403, "access_denied");
        let edited = Ask::get("/api/users?q=%2F")
            .header("X-Secret", "s")
            .over(proto, &gateway);
        assert_eq!(edited.header("x-edge"), Some("here"), "{proto:?}");
        let call = origin.calls().pop().unwrap();
        assert_eq!(call.head.first, "GET /users?q=%2F HTTP/1.1", "{proto:?}");
        assert_eq!(call.header("x-route"), Some("api"));
        assert_eq!(call.header("x-forwarded-prefix"), Some("/api"));
        assert_eq!(call.header("x-secret"), None);
        Ask::get("/item/7").over(proto, &gateway);
        assert_eq!(origin.calls().pop().unwrap().target, "/v2/items/7", "{proto:?}");
        let fixed = Ask::get("/teapot").over(proto, &gateway);
        assert_eq!(
            (fixed.status, fixed.text()),
            (418, "short and stout".into()),
            "{proto:?}"
        );
        assert!(fixed.header("x-content-type-options").is_some());
    }
    gateway.stop();
}
