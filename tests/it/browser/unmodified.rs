//! What the default security headers leave as it was in a real browser, and the one thing they do not.

use serde_json::json;

use super::chromium::visit;
use crate::support::origin::{Call, Line};
use crate::support::{Certs, Gateway, Origin, Reply, policy};

/// A site and somebody else's, both behind the gateway.
fn sites(tables: &str) -> (Origin, Gateway) {
    let certs = Certs::new();
    certs.issue("sites", &["shop.test", "foreign.test"]);
    let origin = Origin::playing(serve);
    let text = policy([origin.address()])
        .and(&certs.listener(&["sites"]))
        .and(tables);
    (origin, Gateway::start(text))
}

fn serve(call: &Call, line: &mut Line) {
    line.body();
    let page = |text| Reply::new(200, "text/html; charset=utf-8", text);
    let script = |text| Reply::new(200, "text/javascript; charset=utf-8", text);
    let path = call.target.split('?').next().unwrap();
    line.reply(&match path {
        "/embedding" => page(include_str!("../../apps/browser/embedding.html")),
        "/embedding.js" => script(include_str!("../../apps/browser/embedding.js")),
        "/told" => page(include_str!("../../apps/browser/told.html")),
        "/told.js" => script(include_str!("../../apps/browser/told.js")),
        "/isolated" => page(include_str!("../../apps/browser/isolated.html"))
            .header("Cross-Origin-Opener-Policy", "same-origin")
            .header("Cross-Origin-Embedder-Policy", "require-corp"),
        _ => script(include_str!("../../apps/browser/isolated.js")),
    });
}

#[test]
fn frames_of_its_own_and_logins_in_windows_work_and_others_do_not_frame_it() {
    let (_origin, gateway) = sites("");
    let page = visit(gateway.address("https"), "https://shop.test/embedding");
    let expected = json!({ "own": "shown", "foreign": "refused", "window": "told" });
    assert_eq!(page.report, expected, "{:#?}", page.complaints);
    gateway.stop();
    let (_origin, gateway) = sites("[defaults.security_headers]\nframe_options = \"off\"");
    let page = visit(gateway.address("https"), "https://shop.test/embedding");
    let expected = json!({ "own": "shown", "foreign": "shown", "window": "told" });
    assert_eq!(page.report, expected, "{:#?}", page.complaints);
    gateway.stop();
}

#[test]
fn a_page_that_isolates_itself_stays_isolated() {
    for preset in ["default", "strict"] {
        let (_origin, gateway) = sites(&format!("[defaults.security_headers]\npreset = \"{preset}\""));
        let page = visit(gateway.address("https"), "https://shop.test/isolated");
        assert_eq!(page.report, json!({ "isolated": true }), "{preset}");
        gateway.stop();
    }
}
