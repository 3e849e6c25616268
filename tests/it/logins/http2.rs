//! Logins of connections and HTTP/2, where a connection carries many requests: clients are sent back to HTTP/1.1, and
//! servers are asked on a connection of its own.

use std::sync::Arc;

use super::{ntlm, server};
use crate::support::frames::{END_STREAM, Frames, GET, RST_STREAM};
use crate::support::{Ask, Certs, Gateway, H2Origin, Origin, Proto, policy};

/// The error code that says so (RFC 9113 §7).
const HTTP_1_1_REQUIRED: u32 = 0xd;

fn over_both(origin: &Origin, play: impl Fn(&Gateway, Proto)) {
    let gateway = Gateway::start(policy([origin.address()]).tls(&Certs::new()));
    for proto in [Proto::H2c, Proto::H2Tls] {
        play(&gateway, proto);
    }
    gateway.stop();
}

fn is_sent_back(frames: &mut Frames, stream: u32, fields: &[(&str, &str)]) -> bool {
    frames.request(stream, fields, END_STREAM);
    let fate = frames.fate(stream).unwrap();
    fate.kind == RST_STREAM && fate.error() == HTTP_1_1_REQUIRED
}

#[test]
fn a_login_is_sent_back_to_http_1_1() {
    let origin = ntlm();
    over_both(&origin, |gateway, proto| {
        let mut frames = Frames::over(proto, gateway);
        let before = origin.calls().len();
        let login = [GET.as_slice(), &[("authorization", "Negotiate login-alice")]].concat();
        assert!(is_sent_back(&mut frames, 1, &login), "{proto:?}");
        assert_eq!(origin.calls().len(), before, "it went no further");
        // Others on the connection go on.
        assert!(is_sent_back(&mut frames, 3, &login), "{proto:?}");
        let basic = [GET.as_slice(), &[("authorization", "Basic eDp5")]].concat();
        assert!(
            is_sent_back(&mut frames, 5, &basic),
            "the answer asks for NTLM alone"
        );
        assert_eq!(origin.calls().len(), before + 1);
    });
}

#[test]
fn it_is_logged_and_counted() {
    let origin = ntlm();
    let gateway = Gateway::start(policy([origin.address()]));
    let mut frames = Frames::over(Proto::H2c, &gateway);
    let login = [GET.as_slice(), &[("authorization", "NTLM login-alice")]].concat();
    assert!(is_sent_back(&mut frames, 1, &login));
    gateway.wait_for_log("the line", |line| {
        line["refusal"] == "http_1_1_required" && line["status"] == 505
    });
    let metrics = gateway.metrics();
    let counted = metrics.count("portcullis_refusals_total", &[("code", "http_1_1_required")]);
    assert_eq!(counted, 1);
    gateway.stop();
}

#[test]
fn where_another_login_is_offered_too_the_challenge_passes() {
    let origin = server(&["Negotiate, NTLM", "Basic realm=\"all\""], &Arc::default());
    over_both(&origin, |gateway, proto| {
        let answer = Ask::get("/").over(proto, gateway);
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (401, "nobody"),
            "{proto:?}"
        );
        assert_eq!(answer.head.all("www-authenticate").len(), 2);
    });
}

#[test]
fn a_server_asked_in_http_2_sees_each_login_on_a_connection_of_its_own() {
    let origin = H2Origin::saying("ok");
    let gateway = Gateway::start(policy([origin.address()]).upstream("http2 = true").workers(1));
    let connection = |login: Option<&str>| {
        let ask = Ask::get("/");
        let ask = match login {
            Some(login) => ask.header("Authorization", login),
            None => ask,
        };
        assert_eq!(ask.to(gateway.http()).text(), "ok");
        origin.seen().pop().unwrap().connection
    };
    let shared = connection(None);
    assert_eq!(connection(Some("Basic eDp5")), shared);
    let alice = connection(Some("Negotiate alice"));
    assert_ne!(alice, shared);
    assert_eq!(connection(None), shared);
    let bob = connection(Some("Negotiate bob"));
    assert!(bob != shared && bob != alice);
    gateway.stop();
}
