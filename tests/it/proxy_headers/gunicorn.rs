//! gunicorn takes `SCRIPT_NAME` off the path that the application routes by: 20 from everybody, 25 from this machine.

use super::{Ask, Gateway, policy};
use crate::support::App;
use crate::support::python::python_of;

const VERSIONS: [u32; 2] = [20, 25];

fn app(version: u32) -> App {
    App::start(|address| {
        let mut command = python_of(&format!("gunicorn{version}"));
        command.args([
            "-m",
            "gunicorn",
            "--bind",
            &address.to_string(),
            "--workers",
            "1",
            "seen:app",
        ]);
        command
    })
}

#[test]
fn a_closed_path_cannot_be_reached_by_another_name() {
    for version in VERSIONS {
        let app = app(version);
        let walk = Ask::get("/pub/admin/x").header("SCRIPT_NAME", "/pub");
        let direct = walk.to(app.address()).text();
        assert!(
            direct.contains("PATH_INFO=/admin/x"),
            "gunicorn {version} no longer does this: {direct}"
        );
        let text = policy([app.address()])
            .route(
                "closed",
                "path = \"/admin/*\"",
                "access = { deny = [\"127.0.0.1\"] }",
            )
            .route("all", "path = \"/*\"", "");
        let gateway = Gateway::start(text);
        Ask::get("/admin/x")
            .to(gateway.http())
            .assert_refused(403, "access_denied");
        for name in [
            "SCRIPT_NAME",
            "Script_Name",
            "script-name",
            "X-Script-Name",
            "PATH_INFO",
            "REMOTE_USER",
        ] {
            let walk = Ask::get("/pub/admin/x")
                .header(name, "/pub")
                .header("X-Forwarded-Ssl", "on");
            let seen = walk.to(gateway.http()).text();
            let ordinary = "REQUEST_METHOD=GET\nSCRIPT_NAME=\nPATH_INFO=/pub/admin/x\nREMOTE_USER=\nHTTP_REMOTE_USER=\nwsgi.url_scheme=http";
            assert_eq!(seen, ordinary, "gunicorn {version}, {name}");
        }
        gateway.stop();
    }
}

#[test]
fn a_limit_cannot_be_walked_round() {
    for version in VERSIONS {
        let app = app(version);
        let text = policy([app.address()])
            .and("[limits.auth]\nrate = \"5/minute\"")
            .route(
                "login",
                "path = \"/login\", methods = [\"POST\"]",
                "limits = [\"auth\"]",
            )
            .route("all", "path = \"/*\"", "");
        let gateway = Gateway::start(text);
        for turn in 0..8 {
            let prefix = format!("/z{turn}");
            let walk = Ask::post(&format!("{prefix}/login"), "a").header("SCRIPT_NAME", &prefix);
            let seen = walk.to(gateway.http()).text();
            assert!(
                seen.contains(&format!("PATH_INFO={prefix}/login\n")),
                "gunicorn {version}: {seen}"
            );
        }
        let statuses: Vec<_> = (0..8)
            .map(|_| {
                Ask::post("/login", "a")
                    .header("SCRIPT_NAME", "/")
                    .to(gateway.http())
                    .status
            })
            .collect();
        assert_eq!(
            statuses,
            [200, 200, 200, 200, 200, 429, 429, 429],
            "gunicorn {version}"
        );
        gateway.stop();
    }
}

#[test]
fn the_application_is_told_its_prefix_by_a_proxy_that_may() {
    let app = app(25);
    let text = policy([app.address()])
        .and("[client]\ntrusted_proxies = [\"127.0.0.2\"]\nkeep_headers = [\"SCRIPT_NAME\"]");
    let gateway = Gateway::start(text);
    let ask = Ask::get("/shop/cart").header("SCRIPT_NAME", "/shop");
    let seen = ask.sent_by("127.0.0.2", gateway.http()).text();
    assert!(seen.contains("SCRIPT_NAME=/shop\nPATH_INFO=/cart\n"), "{seen}");
    let seen = ask.to(gateway.http()).text();
    assert!(seen.contains("SCRIPT_NAME=\nPATH_INFO=/shop/cart\n"), "{seen}");
    gateway.stop();
}
