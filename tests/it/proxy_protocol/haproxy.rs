//! The PROXY protocol as those speak it who invented it: `HAProxy` as the server that wants to be told, and as the
//! proxy that tells us.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::{ASK, TRUSTING};
use crate::support::{Ask, Certs, Gateway, Proto, Wire, policy, reaching, until};

/// A running `HAProxy`; dropping it ends it.
struct Haproxy {
    child: Child,
    _folder: TempDir,
}

impl Haproxy {
    /// With these sections, ready when all these ports are taken.
    fn start(sections: &str, ports: &[SocketAddr]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("haproxy.cfg");
        let times = "defaults\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n";
        std::fs::write(&file, format!("{times}{sections}")).unwrap();
        let child = Command::new("haproxy")
            .arg("-db")
            .arg("-f")
            .arg(&file)
            .stdin(Stdio::null())
            .spawn()
            .expect("haproxy is missing, `./tests/run --setup` installs it");
        until("HAProxy listens", || {
            ports.iter().all(|port| TcpStream::connect(port).is_ok())
        });
        Self {
            child,
            _folder: folder,
        }
    }
}

impl Drop for Haproxy {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

/// Nobody's, when it is asked for.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Answers with whom it was told of: client and the address it called.
const TELL: &str = "http-request return status 200 content-type text/plain lf-string \"%[src] %[src_port] %[dst] %[dst_port]\"\n";

#[test]
fn haproxy_is_told_whose_request_it_gets() {
    let certs = Certs::new();
    certs.issue("app", &["127.0.0.1"]);
    let both = [certs.path("app.pem"), certs.path("app.key")].map(|path| std::fs::read(path).unwrap());
    certs.write("both.pem", both.concat());
    let (plain, secure) = (free(), free());
    let sections = format!(
        "frontend plain\n mode http\n bind {plain} accept-proxy\n {TELL}\
         frontend secure\n mode http\n bind {secure} accept-proxy ssl crt {}\n {TELL}",
        certs.path("both.pem").display()
    );
    let _haproxy = Haproxy::start(&sections, &[plain, secure]);
    for version in ["v1", "v2"] {
        for upstream in [
            policy([plain]),
            reaching([format!("https://{secure}")])
                .upstream(&format!("tls = {{ ca = \"{}\" }}", certs.authority().display())),
        ] {
            let line = format!("proxy_protocol = \"{version}\"");
            let gateway = Gateway::start(upstream.upstream(&line).tls(&certs).and(TRUSTING));
            told(&gateway);
            gateway.stop();
        }
    }
}

fn told(gateway: &Gateway) {
    let mut wire = Wire::connect_from("127.0.0.9", gateway.http());
    let own = wire.local_address();
    wire.send(ASK);
    let here = gateway.http();
    let expected = format!("127.0.0.9 {} 127.0.0.1 {}", own.port(), here.port());
    assert_eq!(wire.answer().text(), expected);
    for proto in Proto::ALL {
        let text = Ask::get("/").over(proto, gateway).text();
        let port = proto.address(gateway).port();
        assert!(text.starts_with("127.0.0.1 "), "{proto:?}: {text}");
        assert!(text.ends_with(&format!(" 127.0.0.1 {port}")), "{proto:?}: {text}");
    }
    for client in ["203.0.113.7", "2001:db8::7"] {
        let forwarded = Ask::get("/").header("X-Forwarded-For", client);
        let text = forwarded.to(gateway.http()).text();
        // It writes no port where there is none.
        assert!(text.starts_with(&format!("{client}  ")), "{text}");
    }
}

#[test]
fn haproxy_tells_us_whose_request_it_passes_on() {
    let (server, before) = (free(), free());
    let sections = format!("frontend plain\n mode http\n bind {server} accept-proxy\n {TELL}");
    let _haproxy = Haproxy::start(&sections, &[server]);
    let lines = policy([server]).upstream("proxy_protocol = \"v2\"");
    let gateway = Gateway::start(lines.listener("proxy_protocol = true").and(TRUSTING));
    for send in [
        "send-proxy",
        "send-proxy-v2",
        "send-proxy-v2 proxy-v2-options unique-id,crc32c",
    ] {
        let sections = format!(
            "listen before\n mode tcp\n bind {before}\n server gateway {} {send}\n",
            gateway.http()
        );
        let haproxy = Haproxy::start(&sections, &[before]);
        let mut wire = Wire::connect_from("127.0.0.9", before);
        let own = wire.local_address();
        wire.send(ASK);
        // Through two hops the first client is known, and what it called.
        let expected = format!("127.0.0.9 {} 127.0.0.1 {}", own.port(), before.port());
        assert_eq!(wire.answer().text(), expected, "{send}");
        drop(haproxy);
    }
    gateway.stop();
}
