//! Logins that hold for a connection (NTLM, Negotiate, Kerberos): whoever logs in has the connection to the server for
//! itself, and nobody else is answered as that user.

mod curl;
mod http2;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::support::policy::PolicyText;
use crate::support::{Ask, Gateway, Origin, Reply, Wire, policy, until};

/// A challenge of NTLM (MS-NLMP §2.2.1.2) that asks for Unicode and nothing else.
const CHALLENGE: &str = "NTLM TlRMTVNTUAACAAAAAAAAADAAAAABggAAiHdmVUQzIhEAAAAAAAAAAAAAAAAwAAAA";

/// The users of a server's connections.
type Users = Arc<Mutex<HashMap<usize, String>>>;

/// A server that takes the user of the first login on a connection for that of all later requests on it, and asks for the
/// logins that are named. `/last` is its last answer on a connection; the flag is set when `/held` was hung up on.
fn server(challenges: &'static [&'static str], ended: &Arc<AtomicBool>) -> Origin {
    let (users, ended) = (Users::default(), Arc::clone(ended));
    Origin::playing(move |call, line| {
        line.body();
        let answer = answer(&users, call.connection, call.header("authorization"), challenges);
        line.reply(&answer.header("X-Connection", &call.connection.to_string()));
        if call.target == "/held" {
            line.wait_for_close();
            ended.store(true, Ordering::SeqCst);
        }
        if call.target == "/last" {
            line.close();
        }
    })
}

fn answer(users: &Users, connection: usize, login: Option<&str>, challenges: &[&str]) -> Reply {
    let mut users = users.lock().unwrap();
    let first = login.is_some_and(|login| login.starts_with("NTLM TlRMTVNTUAABAAAA"));
    // A third message means something only after the second, on the same connection.
    let third = login.is_some_and(|login| login.starts_with("NTLM TlRMTVNTUAADAAAA"));
    if first {
        users.insert(connection, String::new());
        return Reply::new(401, "text/plain", "go on").header("WWW-Authenticate", CHALLENGE);
    }
    if third && users.contains_key(&connection) {
        users.insert(connection, "user".to_owned());
    }
    if let Some((_, name)) = login.and_then(|login| login.split_once(" login-")) {
        users.insert(connection, name.to_owned());
    }
    match users.get(&connection).filter(|user| !user.is_empty()) {
        Some(user) => Reply::text(user),
        None => challenges
            .iter()
            .fold(Reply::new(401, "text/plain", "nobody"), |reply, challenge| {
                reply.header("WWW-Authenticate", challenge)
            }),
    }
}

fn ntlm() -> Origin {
    server(&["NTLM"], &Arc::default())
}

/// One worker, and what nobody uses is closed at once, so that whatever stays open was kept for its owner.
fn over(origin: &Origin) -> PolicyText {
    policy([origin.address()])
        .workers(1)
        .upstream("pool_idle = \"1ms\"")
}

/// Who is answered, and over which connection of the server's.
fn ask(wire: &mut Wire, target: &str, login: Option<&str>) -> (String, usize) {
    let ask = Ask::get(target);
    let ask = match login {
        Some(login) => ask.header("Authorization", login),
        None => ask,
    };
    let answer = ask.via(wire);
    let connection = answer.header("x-connection").unwrap().parse().unwrap();
    (answer.text(), connection)
}

/// Has the pool forget a connection that was idle for too long.
fn outlive_the_pool(gateway: &Gateway) {
    let mut wire = gateway.connect();
    let (_, before) = ask(&mut wire, "/", None);
    until("an idle connection is let go", || {
        ask(&mut gateway.connect(), "/", None).1 != before
    });
}

#[test]
fn a_login_serves_its_client_and_nobody_else() {
    for scheme in ["NTLM", "ntlm", "Negotiate", "KERBEROS"] {
        let origin = ntlm();
        let gateway = Gateway::start(policy([origin.address()]).workers(1));
        let mut alice = gateway.connect();
        let login = format!("{scheme} login-alice");
        let (user, connection) = ask(&mut alice, "/", Some(&login));
        assert_eq!(user, "alice", "{scheme}");
        for _ in 0..3 {
            let (other, theirs) = ask(&mut gateway.connect(), "/", None);
            assert_eq!(other, "nobody", "{scheme}");
            assert_ne!(theirs, connection);
            assert_eq!(ask(&mut alice, "/", None), ("alice".to_owned(), connection));
        }
        drop(alice);
        assert_eq!(ask(&mut gateway.connect(), "/", None).0, "nobody", "{scheme}");
        gateway.stop();
    }
}

#[test]
fn many_clients_are_each_answered_as_themselves() {
    let origin = ntlm();
    let gateway = Gateway::start(policy([origin.address()]));
    std::thread::scope(|scope| {
        for client in 0..12 {
            let gateway = &gateway;
            scope.spawn(move || {
                let mut wire = gateway.connect();
                assert_eq!(ask(&mut wire, "/", None).0, "nobody");
                let name = format!("user-{client}");
                ask(&mut wire, "/", Some(&format!("NTLM login-{name}")));
                for _ in 0..20 {
                    assert_eq!(ask(&mut wire, "/", None).0, name);
                    assert_eq!(ask(&mut gateway.connect(), "/", None).0, "nobody");
                }
            });
        }
    });
    gateway.stop();
}

#[test]
fn a_challenge_and_its_response_meet_on_one_connection() {
    let origin = ntlm();
    let gateway = Gateway::start(over(&origin));
    let mut wire = gateway.connect();
    let (asked, connection) = ask(&mut wire, "/", None);
    assert_eq!(asked, "nobody");
    outlive_the_pool(&gateway);
    let first = ask(&mut wire, "/", Some("NTLM TlRMTVNTUAABAAAAB4IIAA=="));
    assert_eq!(first, ("go on".to_owned(), connection));
    let third = ask(&mut wire, "/", Some("NTLM TlRMTVNTUAADAAAAAAAAAA=="));
    assert_eq!(third, ("user".to_owned(), connection));
    gateway.stop();
}

#[test]
fn a_login_waits_longer_than_the_pool_and_ends_with_its_client() {
    let ended = Arc::new(AtomicBool::new(false));
    let origin = server(&["NTLM"], &ended);
    let gateway = Gateway::start(over(&origin));
    let mut alice = gateway.connect();
    let (_, connection) = ask(&mut alice, "/", Some("NTLM login-alice"));
    outlive_the_pool(&gateway);
    assert_eq!(ask(&mut alice, "/held", None), ("alice".to_owned(), connection));
    outlive_the_pool(&gateway);
    assert!(!ended.load(Ordering::SeqCst), "its client is still there");
    drop(alice);
    until("it ends with its client", || ended.load(Ordering::SeqCst));
    gateway.stop();
}

#[test]
fn when_the_server_ends_it_the_next_request_is_nobodys() {
    let origin = ntlm();
    let gateway = Gateway::start(policy([origin.address()]).workers(1));
    let mut alice = gateway.connect();
    let (_, first) = ask(&mut alice, "/last", Some("NTLM login-alice"));
    let (user, second) = ask(&mut alice, "/", None);
    assert_eq!(user, "nobody");
    assert_ne!(second, first);
    let (user, third) = ask(&mut alice, "/", Some("NTLM login-alice"));
    assert_eq!(ask(&mut alice, "/", None), (user, third));
    gateway.stop();
}

#[test]
fn every_upstream_has_a_login_of_its_own_and_a_reload_keeps_them() {
    let (one, two) = (ntlm(), ntlm());
    let both = over(&one)
        .and(&format!(
            "[upstreams.other]\nservers = [\"http://{}\"]\npool_idle = \"1ms\"",
            two.address()
        ))
        .and("[[routes]]\nmatch = { path = \"/other/*\" }\nupstream = \"other\"")
        .and("[[routes]]\nmatch = { path = \"/*\" }\nupstream = \"backend\"");
    let gateway = Gateway::start(&both);
    let mut wire = gateway.connect();
    assert_eq!(ask(&mut wire, "/", Some("NTLM login-alice")).0, "alice");
    assert_eq!(ask(&mut wire, "/other/", None).0, "nobody");
    assert_eq!(ask(&mut wire, "/other/", Some("NTLM login-bob")).0, "bob");
    assert_eq!(ask(&mut wire, "/", None).0, "alice");
    assert!(gateway.reload());
    outlive_the_pool(&gateway);
    assert_eq!(ask(&mut wire, "/other/", None).0, "bob");
    assert_eq!(ask(&mut wire, "/", None).0, "alice");
    gateway.rewrite(
        both.text()
            .replace(&one.address().to_string(), &two.address().to_string()),
    );
    assert!(gateway.reload());
    assert_eq!(ask(&mut wire, "/", None).0, "nobody", "its server is gone");
    gateway.stop();
}

#[test]
fn behind_a_trusted_proxy_a_login_serves_one_request() {
    let origin = ntlm();
    let trusting = policy([origin.address()])
        .workers(1)
        .and("[client]\ntrusted_proxies = [\"127.0.0.1/32\"]");
    let gateway = Gateway::start(trusting);
    let mut proxy = gateway.connect();
    for _ in 0..3 {
        assert_eq!(ask(&mut proxy, "/", Some("Negotiate login-alice")).0, "alice");
        assert_eq!(ask(&mut proxy, "/", None).0, "nobody");
    }
    gateway.stop();
}

#[test]
fn other_logins_leave_connections_to_everybody() {
    let origin = server(&["Basic realm=\"NTLM\""], &Arc::default());
    let gateway = Gateway::start(policy([origin.address()]).workers(1));
    let connection = |login| ask(&mut gateway.connect(), "/", login).1;
    let first = connection(Some("Basic eDp5"));
    assert_eq!(connection(Some("Bearer ntlm")), first);
    assert_eq!(connection(None), first);
    gateway.stop();
}
