//! Headers that only a proxy may write: which reach the application, from whom, and what real servers make of them.

mod gunicorn;
mod rack;

use crate::support::{Ask, Certs, Gateway, Origin, Proto, policy, run};

/// One of each kind, and of each family.
const WORDS: [&str; 36] = [
    "script-name",
    "path-info",
    "request-uri",
    "request-method",
    "remote-user",
    "auth-type",
    "server-name",
    "server-port",
    "remote-addr",
    "https",
    "x-script-name",
    "front-end-https",
    "x-url-scheme",
    "x-scheme",
    "x-sendfile-type",
    "x-accel-mapping",
    "x-remote-user",
    "x-webauth-user",
    "x-middleware-subrequest",
    "x-original-url",
    "x-original-method",
    "x-rewrite-url",
    "x-envoy-original-path",
    "x-forwarded-prefix",
    "x-forwarded-user",
    "x-forwarded-ssl",
    "x-forwarded-scheme",
    "x-forwarded-method",
    "x-forwarded-client-cert",
    "x-ms-client-principal",
    "x-amzn-oidc-identity",
    "ssl-client-verify",
    "x-ssl-client-s-dn",
    "x-client-cert",
    "x-invoke-path",
    "x-auth-request-email",
];

/// What applications expect of their clients.
const ORDINARY: [&str; 8] = [
    "api_key",
    "x_trace",
    "x-api-key",
    "x-user-id",
    "x-auth-user",
    "x-middleware-prefetch",
    "x-http-method-override",
    "x-requested-with",
];

#[test]
fn words_of_a_proxy_go_whoever_sends_them_and_however_they_are_spelled() {
    let origin = Origin::echo();
    let certs = Certs::new();
    let text = policy([origin.address()]).tls(&certs);
    let gateway = Gateway::start(&text);
    let trusting = Gateway::start(text.clone().and("[client]\ntrusted_proxies = [\"127.0.0.1\"]"));
    for gateway in [&gateway, &trusting] {
        for proto in Proto::ALL {
            for spell in [
                |name: &str| name.to_owned(),
                |name: &str| name.replace('-', "_"),
                |name: &str| name.replacen('-', "_", 1),
            ] {
                let ask = Ask::get("/");
                let names = WORDS.map(spell);
                let ask = names.iter().fold(ask, |ask, name| ask.header(name, "evil"));
                let ask = ORDINARY.iter().fold(ask, |ask, name| ask.header(name, "mine"));
                assert_eq!(ask.over(proto, gateway).status, 200);
                let call = origin.calls().pop().unwrap();
                let evil: Vec<_> = call
                    .head
                    .headers
                    .iter()
                    .filter(|(_, value)| value.contains("evil"))
                    .collect();
                assert!(evil.is_empty(), "{proto:?}: {evil:?}");
                for name in ORDINARY {
                    assert_eq!(call.header(name), Some("mine"), "{proto:?}: {name}");
                }
            }
        }
    }
}

#[test]
fn they_go_as_trailers_too() {
    let origin = Origin::playing(|call, line| {
        let body = line.body();
        line.reply(&call.echo(&body));
    });
    let gateway = Gateway::start(policy([origin.address()]));
    let mut wire = gateway.connect();
    wire.send(
        "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n\
         1\r\na\r\n0\r\nSCRIPT_NAME: /evil\r\nRemote-User: evil\r\nx-sum: 1\r\n\r\n",
    );
    let seen = wire.answer_to("POST").text();
    assert!(seen.contains("x-sum") && !seen.contains("evil"), "{seen}");
}

#[test]
fn what_is_kept_passes_from_trusted_proxies_in_its_own_spelling() {
    let origin = Origin::echo();
    let text = policy([origin.address()]).and(
        "[client]\ntrusted_proxies = [\"127.0.0.2\"]\n\
         keep_headers = [\"Remote-User\", \"SCRIPT_NAME\", \"x-accel-mapping\"]",
    );
    let gateway = Gateway::start(text);
    let ask = Ask::get("/")
        .header("Remote-User", "alice")
        .header("Remote_User", "mallory")
        .header("SCRIPT_NAME", "/app")
        .header("Script-Name", "/evil")
        .header("X-Accel-Mapping", "/a=/b")
        .header("X-WEBAUTH-USER", "mallory");
    ask.sent_by("127.0.0.2", gateway.http());
    ask.to(gateway.http());
    let calls = origin.calls();
    let seen = |call: usize| {
        let call = &calls[call];
        [
            "remote-user",
            "remote_user",
            "script_name",
            "script-name",
            "x-accel-mapping",
            "x-webauth-user",
        ]
        .map(|name| call.header(name))
    };
    assert_eq!(
        seen(0),
        [Some("alice"), None, Some("/app"), None, Some("/a=/b"), None]
    );
    assert_eq!(seen(1), [None, None, None, None, Some("/a=/b"), None]);
}

#[test]
fn an_override_of_the_method_goes_where_routes_tell_methods_apart() {
    let origin = Origin::echo();
    let text = policy([origin.address()])
        .route(
            "erase",
            "path = \"/items/*\", methods = [\"DELETE\"]",
            "access = { deny = [\"127.0.0.1\"] }",
        )
        .route(
            "of_host",
            "path = \"/hosted\", host = \"other.test\", methods = [\"PUT\"]",
            "",
        )
        .route("all", "path = \"/*\"", "");
    let gateway = Gateway::start(&text);
    let names = [
        "X-HTTP-Method-Override",
        "X_HTTP_Method_Override",
        "X-HTTP-Method",
        "X-Method-Override",
    ];
    let overridden = |gateway: &Gateway, host: &str, target: &str| {
        for name in names {
            let ask = Ask::post(target, "a").host(host).header(name, "DELETE");
            assert_eq!(ask.to(gateway.http()).status, 200);
        }
        let calls = origin.calls();
        let last = calls.iter().rev().take(names.len());
        last.filter(|call| names.iter().any(|name| call.header(name) == Some("DELETE")))
            .count()
    };
    assert_eq!(overridden(&gateway, "a.test", "/items/7"), 0);
    assert_eq!(
        overridden(&gateway, "a.test", "/%69tems/7"),
        0,
        "another spelling of the path"
    );
    assert_eq!(overridden(&gateway, "other.test", "/hosted"), 0);
    assert_eq!(
        overridden(&gateway, "a.test", "/hosted"),
        4,
        "no method counts there"
    );
    assert_eq!(overridden(&gateway, "a.test", "/odata"), 4);
    let kept = text.and("[client]\nkeep_headers = [\"x-http-method-override\"]");
    let gateway = Gateway::start(kept);
    assert_eq!(
        overridden(&gateway, "a.test", "/items/7"),
        1,
        "one name, in one spelling"
    );
}

#[test]
fn what_cannot_be_kept_is_a_fault_and_what_never_will_be_a_warning() {
    let check = |names: &str| {
        let text = "[upstreams.app]\nservers = [\"http://127.0.0.1:9\"]\n[client]\n";
        run(&["check"], &format!("{text}keep_headers = [{names}]\n"), &[])
    };
    check("\"api_key\"").assert(2, &["`api_key` passes anyway"]);
    check("\"X-Real-IP\"").assert(2, &["`X-Real-IP` is written by the gateway"]);
    check("\"cf-connecting-ip\"").assert(2, &["passes from `trusted_proxies` anyway, and from nobody else"]);
    check("\"remote user\"").assert(2, &["`remote user` is no header name"]);
    check("\"remote-user\"").assert(
        0,
        &["`remote-user` passes from trusted proxies only, and there are none"],
    );
    let quiet = check("\"x-method-override\"");
    quiet.assert(0, &[]);
    assert!(!quiet.output().contains("trusted proxies"), "{}", quiet.output());
}
