//! Rack behind Puma, from Debian: a header names the method that the application runs, and the scheme.

use std::path::Path;
use std::process::Command;

use super::{Ask, Gateway, policy};
use crate::support::App;

fn app() -> App {
    App::start(|address| {
        let mut command = Command::new("puma");
        command
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/apps"))
            .args([
                "--bind",
                &format!("tcp://{address}"),
                "--threads",
                "1:2",
                "--environment",
                "production",
                "seen.ru",
            ]);
        command
    })
}

#[test]
fn a_closed_method_cannot_be_reached_by_another() {
    let app = app();
    let walk = Ask::post("/items/7", "").header("X-HTTP-Method-Override", "DELETE");
    let direct = walk.to(app.address()).text();
    assert!(
        direct.contains("method=DELETE"),
        "Rack no longer does this: {direct}"
    );
    let text = policy([app.address()])
        .route(
            "erase",
            "path = \"/items/*\", methods = [\"DELETE\"]",
            "access = { deny = [\"127.0.0.1\"] }",
        )
        .route("all", "path = \"/*\"", "");
    let gateway = Gateway::start(text);
    Ask::new("DELETE", "/items/7")
        .to(gateway.http())
        .assert_refused(403, "access_denied");
    for name in [
        "X-HTTP-Method-Override",
        "X_HTTP_METHOD_OVERRIDE",
        "x-http_method-override",
    ] {
        let seen = Ask::post("/items/7", "")
            .header(name, "DELETE")
            .to(gateway.http())
            .text();
        assert!(seen.contains("method=POST\npath=/items/7"), "{name}: {seen}");
    }
    let seen = Ask::post("/odata", "")
        .header("X-HTTP-Method-Override", "DELETE")
        .to(gateway.http())
        .text();
    assert!(
        seen.contains("method=DELETE"),
        "no route tells methods apart there: {seen}"
    );
    gateway.stop();
}

#[test]
fn nobody_names_the_scheme_or_the_user() {
    let app = app();
    let claims = [
        ("HTTPS", "on"),
        ("X-Forwarded-Ssl", "on"),
        ("X_Forwarded_Scheme", "https"),
        ("Remote-User", "admin"),
    ];
    let claiming = claims
        .iter()
        .fold(Ask::get("/"), |ask, (name, value)| ask.header(name, value));
    let direct = claiming.to(app.address()).text();
    assert!(direct.contains("scheme=https\nuser=admin"), "{direct}");
    let gateway = Gateway::start(policy([app.address()]));
    let seen = claiming.to(gateway.http()).text();
    assert!(seen.contains("scheme=http\nuser="), "{seen}");
    assert!(!seen.contains("admin"), "{seen}");
    gateway.stop();
}
