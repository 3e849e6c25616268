//! A real browser is the only judge of security headers, CORS, WebSocket and events over TLS: what it opens
//! through the gateway works without a word on its console, and what the policy forbids it does not do.

mod chromium;
mod unmodified;

use std::net::SocketAddr;

use serde_json::json;

use crate::support::chat::{Chat, Ended};
use crate::support::origin::{Call, Line};
use crate::support::reply::chunk;
use crate::support::{Certs, Gate, Gateway, Origin, Reply, policy};
use chromium::{Visit, visit};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// What makes a site safe, and what it needs to work all the same.
const PROTECTION: &str = r#"
[defaults.security_headers]
hsts = { max_age = "1h" }
[defaults.security_headers.content_security_policy]
default-src = ["'self'"]
img-src = ["'self'", "data:"]
connect-src = ["'self'", "https://api.shop.test", "wss://api.shop.test"]
object-src = ["'none'"]
frame-ancestors = ["'none'"]
upgrade-insecure-requests = []

[defaults.cors]
origins = ["https://shop.test"]
credentials = true
expose = ["X-Total"]
"#;

/// A shop and its API, a page of somebody else, and who would like to have data.
struct Site {
    origin: Origin,
    chat: Chat,
    gateway: Gateway,
}

impl Site {
    fn with(protection: &str) -> Self {
        let (gate, certs) = (Gate::default(), Certs::new());
        let origin = Origin::playing(move |call, line| serve(call, line, &gate));
        let chat = Chat::echo();
        certs
            .issue("shop", &["shop.test", "*.shop.test"])
            .issue("rest", &["foreign.test", "thief.test"]);
        let upstream = format!("[upstreams.chat]\nservers = [\"http://{}\"]", chat.address());
        let text = policy([origin.address()])
            .and(&certs.listener(&["shop", "rest"]))
            .and(&upstream)
            .and("[defaults.compression]\nalgorithms = [\"gzip\"]")
            .and(protection)
            .and(CHAT)
            .route("rest", "path = \"/*\"", "");
        let gateway = Gateway::start(text);
        Self {
            origin,
            chat,
            gateway,
        }
    }

    #[track_caller]
    fn visit(&self, url: &str) -> Visit {
        visit(self.https(), url)
    }

    fn https(&self) -> SocketAddr {
        self.gateway.address("https")
    }

    /// The methods of the requests for this target, in order.
    fn methods(&self, target: &str) -> Vec<String> {
        let calls = self.origin.calls().into_iter();
        calls
            .filter(|call| call.target == target)
            .map(|call| call.method)
            .collect()
    }
}

const CHAT: &str = r#"
[[routes]]
name = "chat"
match = { host = "api.shop.test", path = "/chat" }
upstream = "chat"
"#;

fn serve(call: &Call, line: &mut Line, next: &Gate) {
    let body = line.body();
    let page = |text| Reply::new(200, "text/html; charset=utf-8", text);
    let script = |text| Reply::new(200, "text/javascript; charset=utf-8", text);
    let reply = match call.target.as_str() {
        "/" => page(include_str!("../apps/browser/page.html")).header(
            "Set-Cookie",
            "visitor=7; Domain=shop.test; Secure; HttpOnly; SameSite=Lax",
        ),
        "/page.js" => script(include_str!("../apps/browser/page.js")),
        "/inline" => page(include_str!("../apps/browser/inline.html")),
        "/inline.js" => script(include_str!("../apps/browser/inline.js")),
        "/foreign" => page(include_str!("../apps/browser/foreign.html")),
        "/foreign.js" => script(include_str!("../apps/browser/foreign.js")),
        "/events" => return events(line, next),
        "/next" => {
            next.pass_one();
            Reply::text("next")
        }
        _ => call.echo(&body).header("X-Total", "12").header("X-Secret", "34"),
    };
    line.reply(&reply);
}

/// Each event but the first waits until the page has asked for it.
fn events(line: &mut Line, next: &Gate) {
    line.send(Reply::new(200, "text/event-stream", "").chunked_head());
    for number in 0..3 {
        line.send(chunk(format!("data: event {number}\n\n")));
        if number < 2 && !next.wait() {
            return;
        }
    }
    line.wait_for_close();
}

#[test]
fn a_protected_page_with_fetch_websocket_and_events_works_without_a_complaint() {
    let site = Site::with(PROTECTION);
    let visit = site.visit("https://shop.test/");
    let expected = json!({
        "sameOrigin": { "status": 200, "body": "from the page" },
        "crossOrigin": {
            "method": "PUT", "custom": "custom", "cookie": "visitor=7", "body": "{\"count\":1}",
            "exposed": "12", "hidden": null,
        },
        "chat": { "heard": [3, 6, 70000], "clean": true, "code": 1000 },
        "events": ["event 0", "event 1", "event 2"],
        "transfer": { "protocol": "h2", "compressed": true },
    });
    assert_eq!(visit.report, expected, "{:#?}", visit.complaints);
    assert_eq!(visit.complaints, Vec::<String>::new());
    assert_eq!(
        site.methods("/orders/7"),
        ["PUT"],
        "the preflight ends at the gateway"
    );
    assert_eq!(site.chat.wait_for_ends(1), [Ended::Closed(CloseCode::Normal)]);
    site.gateway.stop();
}

#[test]
fn an_injected_script_does_not_run_and_nothing_is_carried_away() {
    let site = Site::with(PROTECTION);
    let visit = site.visit("https://shop.test/inline");
    assert_eq!(visit.report, json!({ "inline": "blocked", "leak": "blocked" }));
    for directive in ["default-src 'self'", "connect-src 'self'"] {
        assert_complaint(&visit, &["Content Security Policy", directive]);
    }
    assert!(site.methods("/take").is_empty());
    site.gateway.stop();
}

#[test]
fn a_foreign_page_can_neither_read_nor_write_through_its_visitor() {
    // Its own content policy would let it: what stops it is CORS alone.
    let open = PROTECTION.replace("connect-src = [", "connect-src = [\"https:\", ");
    let site = Site::with(&open);
    let visit = site.visit("https://foreign.test/foreign");
    assert_eq!(visit.report, json!({ "read": "TypeError", "write": "TypeError" }));
    assert_complaint(
        &visit,
        &["origin 'https://foreign.test' has been blocked by CORS policy"],
    );
    // A plain read is sent, as the web is; but a preflight that says no keeps the write away.
    assert_eq!(site.methods("/orders/7"), ["GET"]);
    site.gateway.stop();
}

#[test]
fn the_same_pages_without_the_policy_show_that_the_policy_made_the_difference() {
    let site = Site::with("");
    let visit = site.visit("https://shop.test/inline");
    assert_eq!(visit.report, json!({ "inline": "ran", "leak": "sent" }));
    assert_eq!(visit.complaints, Vec::<String>::new());
    let visit = site.visit("https://shop.test/");
    assert_eq!(visit.report["crossOrigin"], "TypeError: Failed to fetch");
    assert_eq!(visit.report["sameOrigin"]["status"], 200);
    assert_complaint(
        &visit,
        &["origin 'https://shop.test' has been blocked by CORS policy"],
    );
    site.gateway.stop();
}

/// Fails unless one complaint has all of these words.
#[track_caller]
fn assert_complaint(visit: &Visit, words: &[&str]) {
    let complaints = &visit.complaints;
    let found = complaints
        .iter()
        .any(|line| words.iter().all(|word| line.contains(word)));
    assert!(found, "{words:?} is not in {complaints:#?}");
}
