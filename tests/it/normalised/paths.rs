//! A guard on a path stands before every spelling of it, and what needs no guard passes byte for byte.

use crate::support::frames::{END_STREAM, Frames, GET, HEADERS};
use crate::support::{Ask, Gateway, Origin, Proto, policy};

use super::{BOTH, echoing};

/// `/admin` and all below it are shut; `/shop/*` and the rest are open.
fn guarded() -> (Origin, Gateway) {
    let origin = Origin::echo();
    let text = policy([origin.address()])
        .route(
            "admin",
            "path = \"/admin/*\"",
            "access = { deny = [\"loopback\"] }",
        )
        .route("shop", "path = \"/shop/*\"", "")
        .route("rest", "path = \"/*\"", "");
    (origin, Gateway::start(text))
}

/// Each is `/admin` or below it to somebody.
pub(super) const DISGUISES: [&str; 38] = [
    "/admin",
    "/admin/",
    "/admin/users",
    "/%61dmin",
    "/%61%64%6D%69%6e/users",
    "//admin",
    "/./admin",
    "/x/../admin",
    "/x/%2e%2e/admin",
    "/x/.%2E/admin",
    "/x%2f..%2fadmin",
    "/shop/..%2fadmin",
    "/%2fadmin",
    "/admin%2f",
    "/admin%2Fusers",
    "/admin;x",
    "/admin;x=1/users",
    "/admin%3bx",
    "/;x/admin",
    "/shop/..;/admin",
    "/shop/..;a=b/admin",
    "/shop/%2e%2e;/admin",
    "/x\\..\\admin",
    "/x%5c..%5cadmin",
    "/%5cadmin",
    "/shop/..\\admin",
    "/%2561dmin",
    "/%252561dmin",
    "/x/%252e%252e/admin",
    "/x/%c0%ae%c0%ae/admin",
    "/x%c0%af..%c0%afadmin",
    "/%e0%81%a1dmin",
    "/%c1%a1dmin",
    "/admin%00",
    "/admin%00.html",
    "/shop/..;/..%5c%2561dmin;x",
    "/shop/..;%2fadmin",
    "/shop/%252e%252e%255cadmin",
];

#[test]
fn no_spelling_of_a_guarded_path_gets_past_its_guard() {
    let (origin, gateway) = guarded();
    for target in DISGUISES {
        for query in ["", "?q=/shop"] {
            let answer = Ask::get(&format!("{target}{query}")).to(gateway.http());
            assert!(matches!(answer.status, 400 | 403), "{target}: {}", answer.status);
        }
        let mut frames = Frames::open(gateway.http());
        frames.request(1, &[GET[0], GET[1], (":path", target), GET[3]], END_STREAM);
        let fate = frames.fate(1);
        let served = fate.is_some_and(|fate| fate.kind == HEADERS && fate.status() == Some(200));
        assert!(!served, "{target} over HTTP/2");
    }
    assert!(origin.calls().is_empty(), "{:?}", origin.calls());
    for target in [
        "/shop/cart",
        "/other",
        "/shop/../other",
        "/administrator",
        "/shop/admin",
    ] {
        assert_eq!(Ask::get(target).to(gateway.http()).status, 200, "{target}");
    }
    gateway.stop();
}

#[test]
fn an_absolute_target_is_guarded_like_any_other() {
    let (origin, gateway) = guarded();
    for target in ["http://gateway.test/admin", "http://gateway.test/x/../%61dmin"] {
        Ask::get(target)
            .to(gateway.http())
            .assert_refused(403, "access_denied");
    }
    assert_eq!(
        Ask::get("http://gateway.test/shop/1?q").to(gateway.http()).status,
        200
    );
    assert_eq!(origin.calls()[0].target, "/shop/1?q");
    gateway.stop();
}

#[test]
fn an_absolute_target_without_a_path_goes_to_the_root() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]));
    for (target, arrives) in [
        ("http://gateway.test?q=1", "/?q=1"),
        ("http://gateway.test", "/"),
        ("http://gateway.test?", "/?"),
    ] {
        assert_eq!(Ask::get(target).to(gateway.http()).json()["target"], arrives);
    }
    gateway.stop();
}

#[test]
fn what_is_read_in_two_ways_is_refused_and_the_connection_goes_on() {
    let (origin, gateway) = guarded();
    for proto in BOTH {
        for target in ["/shop/..;/admin", "/admin%2fusers", "/%2561dmin"] {
            let refused = Ask::get(target).over(proto, &gateway);
            refused.assert_refused(400, "target_invalid");
            assert!(refused.text().contains("several ways"), "{}", refused.text());
        }
    }
    let mut wire = gateway.connect();
    assert_eq!(Ask::get("/admin;x").via(&mut wire).status, 400);
    assert_eq!(Ask::get("/shop").via(&mut wire).status, 200);
    assert_eq!(origin.calls().len(), 1);
    gateway.stop();
}

#[test]
fn metrics_of_the_application_are_not_reached_by_another_spelling_of_ours() {
    let origin = Origin::echo();
    let gateway = Gateway::start(policy([origin.address()]).and("[admin]\nmetrics_allow = [\"10.0.0.0/8\"]"));
    for target in [
        "/metrics",
        "/%6detrics",
        "/metrics;x",
        "/x\\..\\metrics",
        "/%256detrics",
        "/x/..%2fmetrics",
    ] {
        let status = Ask::get(target).to(gateway.http()).status;
        assert!(matches!(status, 400 | 404), "{target}: {status}");
    }
    assert!(origin.calls().is_empty(), "{:?}", origin.calls());
    gateway.stop();
}

#[test]
fn path_and_query_arrive_byte_for_byte() {
    let (origin, gateway) = echoing();
    let targets = [
        "/a%2Fb",
        "/a%2fb",
        "//a//b/",
        "/a/./b/../c",
        "/a/..%2fb",
        "/a;v=1;w/b;x",
        "/%41%7e~",
        "/%E4%BD%A0%ff",
        "/a%20b+c",
        "/100%",
        "/a%zz",
        "/a?b?c=/../%2e&d=a;b&e=%00&&=",
        "/?",
        "/a%252Fb",
        "/A/b/C.html",
        "/~u/@me:1/(x)*!$',",
        "/search?q=a+b&q=c&Q=%E2%82%AC&redirect=https://x.test/%3Fy",
    ];
    for proto in BOTH {
        for target in targets {
            assert_eq!(Ask::get(target).over(proto, &gateway).status, 200, "{target}");
            assert_eq!(origin.calls().last().unwrap().target, target, "{proto:?}");
        }
    }
    gateway.stop();
}

#[test]
fn odd_paths_that_stay_within_one_route_pass() {
    let (origin, gateway) = guarded();
    for target in [
        "/shop/a%2Fb",
        "/shop/cart;jsessionid=1",
        "/shop/a%5Cb",
        "/shop/a%252Fb",
        "/shop/%c0%ae",
        "/x;y/z",
    ] {
        assert_eq!(
            Ask::get(target).over(Proto::Http1, &gateway).status,
            200,
            "{target}"
        );
        assert_eq!(origin.calls().last().unwrap().target, target);
    }
    gateway.stop();
}

#[test]
fn what_stands_behind_a_stripped_prefix_arrives_as_it_was_sent() {
    let origin = Origin::echo();
    let text = policy([origin.address()])
        .route("rabbit", "path = \"/rabbit/*\"", "strip_prefix = \"/rabbit\"")
        .route("rest", "path = \"/*\"", "");
    let gateway = Gateway::start(text);
    for (target, arrives) in [
        ("/rabbit/api/queues/%2F/orders", "/api/queues/%2F/orders"),
        ("/rabbit/a;v=1/%5cb?x=/../", "/a;v=1/%5cb?x=/../"),
    ] {
        assert_eq!(Ask::get(target).to(gateway.http()).status, 200, "{target}");
        assert_eq!(origin.calls().last().unwrap().target, arrives);
    }
    let before = origin.calls().len();
    for target in [
        "/rabbit/a/../../rabbit/b",
        "/rabbit//b",
        "/rabbit/a/..;/..;/rabbit/b",
        "/rabbit/a%2f..%2f..%2frabbit/b",
        "/rabbit%2Fb/c",
    ] {
        let status = Ask::get(target).to(gateway.http()).status;
        assert_eq!(status, 400, "{target}");
    }
    assert_eq!(origin.calls().len(), before, "{:?}", origin.calls());
    gateway.stop();
}
