//! Seed 002 for real: an unmodified FastAPI application under uvicorn with several workers, and a policy in the
//! place of the seed's nginx.conf. The Python packages they need are set up by `./tests/run`.

mod feed;
mod life;
mod uvicorn;

use std::time::Instant;

use crate::support::{Ask, Gateway, until};
use uvicorn::Uvicorn;

const POLICY: &str = include_str!("../../config/seed-002.toml");

const HEADERS: [(&str, &str); 3] = [
    ("x-frame-options", "SAMEORIGIN"),
    ("x-content-type-options", "nosniff"),
    ("x-xss-protection", "1; mode=block"),
];

/// The application, and the gateway in front of it.
fn shop() -> (Uvicorn, Gateway) {
    let app = Uvicorn::start(&[]);
    let gateway = in_front_of(&app);
    (app, gateway)
}

fn in_front_of(app: &Uvicorn) -> Gateway {
    let server = format!("http://localhost:{}", app.port());
    let variables = [
        ("LISTEN", "127.0.0.1:0"),
        ("FRONTEND", &server),
        ("BACKEND", &server),
    ];
    let gateway = Gateway::start_with(POLICY, &variables);
    until("the name of the upstream is resolved", || {
        Ask::get("/").to(gateway.http()).status == 200
    });
    gateway
}

#[test]
fn request_101_to_the_dashboard_is_refused() {
    let (_app, gateway) = shop();
    for number in 1..=100 {
        let answer = Ask::get("/api/v1/dashboard/metrics").to(gateway.http());
        assert_eq!(
            (answer.status, answer.json()["orders"].as_u64()),
            (200, Some(56)),
            "request {number}"
        );
    }
    let refused = Ask::get("/api/v1/dashboard/metrics").to(gateway.http());
    refused.assert_refused(429, "rate_limited");
    assert!(refused.header("retry-after").is_some());
    gateway.stop();
}

#[test]
fn the_sixth_login_is_refused() {
    let (_app, gateway) = shop();
    let login = Ask::post("/api/auth/login", r#"{"name":"ann","password":"x"}"#)
        .header("Content-Type", "application/json");
    for _ in 0..5 {
        assert_eq!(login.to(gateway.http()).json()["token"], "token-of-ann");
    }
    login.to(gateway.http()).assert_refused(429, "rate_limited");
    gateway.stop();
}

#[test]
fn nginxs_burst_is_kept() {
    let (_app, gateway) = shop();
    let mut wire = gateway.connect();
    let start = Instant::now();
    let statuses: Vec<_> = (0..60)
        .map(|_| Ask::get("/api/v1/whoami").via(&mut wire).status)
        .collect();
    let refilled = Instant::now().duration_since(start).as_secs_f64() * 10.0;
    let passed: f64 = statuses
        .iter()
        .map(|status| if *status == 200 { 1.0 } else { 0.0 })
        .sum();
    assert!(statuses[..20].iter().all(|status| *status == 200), "{statuses:?}");
    assert!(
        passed <= 21.0 + refilled,
        "{passed} passed, {refilled} refilled: {statuses:?}"
    );
    gateway.stop();
}

#[test]
fn a_head_request_shows_id_headers_and_timing() {
    let (_app, gateway) = shop();
    for target in ["/", "/api/v1/dashboard/metrics"] {
        let mut wire = gateway.connect();
        let answer = Ask::head(target).via(&mut wire);
        assert_eq!(answer.status, 200);
        for (name, value) in HEADERS {
            assert_eq!(answer.head.all(name), [value], "{target}");
        }
        for name in ["x-request-id", "x-response-time-ms", "x-process-time"] {
            assert!(answer.header(name).is_some(), "{name} on {target}");
        }
        assert_eq!(answer.header("server"), None);
    }
    gateway.stop();
}

#[test]
fn an_exception_shows_no_trace() {
    let (app, gateway) = shop();
    let bare = Ask::get("/api/v1/broken").to(app.address());
    assert!(
        bare.text().contains("Traceback") && bare.text().contains("hunter2"),
        "the application should leak"
    );
    let answer = Ask::get("/api/v1/broken").to(gateway.http());
    answer.assert_refused(500, "upstream_error");
    assert!(
        !answer.text().contains("Traceback") && !answer.text().contains("hunter2"),
        "{}",
        answer.text()
    );
    gateway.stop();
}

#[test]
fn what_works_without_the_gateway_works_with_it() {
    let (_app, gateway) = shop();
    let file = "x".repeat(3_000_000);
    let form = format!(
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\r\n{file}\r\n--b--\r\n"
    );
    let upload = Ask::post("/api/v1/upload", form).header("Content-Type", "multipart/form-data; boundary=b");
    assert_eq!(upload.to(gateway.http()).json()["size"], 3_000_000);
    let seen = Ask::get("/api/v1/whoami")
        .header("X-Forwarded-For", "1.2.3.4")
        .to(gateway.http())
        .json();
    assert_eq!(seen["headers"]["x-real-ip"], "127.0.0.1");
    assert_eq!(seen["headers"]["x-forwarded-for"], "127.0.0.1");
    assert_eq!(seen["headers"]["host"], "gateway.test");
    assert_eq!(
        Ask::get("/api/v1/items/seven").to(gateway.http()).status,
        422,
        "its own refusals pass"
    );
    assert!(
        !Ask::get("/health")
            .to(gateway.http())
            .text()
            .contains("the application's own")
    );
    let preflight = Ask::new("OPTIONS", "/api/v1/whoami")
        .header("Origin", "https://any.test")
        .header("Access-Control-Request-Method", "GET");
    assert_eq!(
        preflight.to(gateway.http()).header("access-control-allow-origin"),
        Some("*")
    );
    gateway.stop();
}
