//! The unit as shipped, under a systemd of its own, installed by the lines that docs/operate.md tells.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;

use tempfile::TempDir;

use super::engine::{Images, checkout, docker, outcome, published, root, said};
use crate::documents::blocks;
use crate::support::{Ask, Certs, until};

/// A container in which systemd is the first process.
struct Machine {
    name: String,
    checkout: TempDir,
    _images: Images,
}

impl Machine {
    fn start() -> Self {
        let images = Images::make();
        let mut start = docker(&["run", "-d"]);
        start
            .args(["--tmpfs", "/run", "--tmpfs", "/run/lock"])
            .args(["-v", "/sys/fs/cgroup:/sys/fs/cgroup:rw", "--cgroupns=host"])
            .args(["--cap-add", "SYS_ADMIN", "--ulimit", "nofile=256:512"])
            .args(["-p", "127.0.0.1::80"])
            .args([&images.debian, "/lib/systemd/systemd"]);
        let machine = Self {
            name: said(&mut start),
            checkout: checkout(),
            _images: images,
        };
        until("systemd to have started", || {
            outcome(&mut machine.command("systemctl is-system-running"))
                .stdout
                .starts_with(b"running")
        });
        machine
    }

    /// A line of shell, in the checkout.
    fn command(&self, line: &str) -> Command {
        docker(&["exec", "-w", "/tmp", &self.name, "sh", "-euc", line])
    }

    #[track_caller]
    fn runs(&self, line: &str) -> String {
        said(&mut self.command(line))
    }

    /// Brings what the checkout has to /tmp.
    fn copy(&self) {
        let from = format!("{}/.", self.checkout.path().display());
        said(&mut docker(&["cp", &from, &format!("{}:/tmp", self.name)]));
    }

    /// As an operator would, who has built it and filled in the template.
    fn install(&self) {
        let release = self.checkout.path().join("target/release");
        fs::create_dir_all(&release).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_portcullis"), release.join("portcullis")).unwrap();
        fs::copy(
            root().join("tests/images/backend.py"),
            self.checkout.path().join("backend.py"),
        )
        .unwrap();
        self.copy();
        self.runs("systemd-run --unit=backend python3 /tmp/backend.py");
        self.runs(&documented("useradd"));
    }

    fn address(&self) -> SocketAddr {
        published(&self.name, 80)
    }

    fn extend_policy(&self, tables: &str) {
        self.runs(&format!("echo '{tables}' >>/etc/portcullis/portcullis.toml"));
    }

    fn log(&self) -> String {
        self.runs("journalctl -u portcullis --no-pager")
    }

    fn property(&self, name: &str) -> String {
        self.runs(&format!("systemctl show -p {name} --value portcullis"))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _output = docker(&["rm", "-f", "-v", &self.name]).output();
    }
}

/// The block of shell in docs/operate.md that has this word.
fn documented(word: &str) -> String {
    let text = fs::read_to_string(root().join("docs/operate.md")).unwrap();
    let shell = blocks(&text).into_iter().filter(|block| block.kind == "sh");
    let found = shell.map(|block| block.body).find(|body| body.contains(word));
    found.unwrap_or_else(|| panic!("no block with {word}"))
}

const NEW: &str = "[[routes]]\nmatch = { path = \"/new\" }\nrespond = { body = \"new\" }\n[[routes]]\nmatch = { path = \"/*\" }";

#[test]
fn it_starts_in_production_reloads_and_finishes_what_is_under_way() {
    let machine = Machine::start();
    machine.install();
    let address = machine.address();
    until("it to serve", || {
        crate::support::Wire::try_connect(address).is_ok() && machine.log().contains("portcullis ready")
    });
    until("an answer", || Ask::get("/").to(address).status == 200);
    let limits = machine.runs("cat /proc/$(systemctl show -p MainPID --value portcullis)/limits");
    let files = limits.lines().find(|line| line.starts_with("Max open files"));
    let words: Vec<&str> = files.unwrap().split_whitespace().collect();
    assert_eq!(words[3..5], ["512", "512"]);

    assert!(
        !outcome(&mut machine.command("test -e /bin/kill"))
            .status
            .success()
    );
    machine.extend_policy(NEW);
    machine.runs("systemctl reload portcullis");
    until("the reload", || Ask::get("/new").to(address).text() == "new");

    let mut slow = Ask::get("/slow").start(address);
    assert_eq!(slow.head().status, 200);
    assert_eq!(slow.exactly(5).unwrap(), b"first");
    let mut stop = machine.command("systemctl stop portcullis").spawn().unwrap();
    until("the stop to begin", || machine.log().contains("stopping"));
    machine.runs("touch /tmp/go");
    assert_eq!(slow.exactly(5).unwrap(), b"-last");
    assert!(stop.wait().unwrap().success());
    assert_eq!(machine.property("Result"), "success", "{}", machine.log());
}

#[test]
fn a_faulty_policy_fails_the_reload_and_is_not_tried_again_and_again() {
    let machine = Machine::start();
    machine.install();
    until("it to serve", || machine.log().contains("portcullis ready"));
    machine.extend_policy("[wrong]");
    let reload = outcome(&mut machine.command("systemctl reload portcullis"));
    assert!(!reload.status.success());
    assert_eq!(Ask::get("/").to(machine.address()).status, 200);
    assert!(
        machine.log().contains("unknown table `wrong`"),
        "{}",
        machine.log()
    );
    // It may have given up before the system knows that it was started.
    machine.runs("systemctl stop portcullis; systemctl start portcullis || true");
    until("it to give up", || machine.property("ActiveState") == "failed");
    assert_eq!(machine.property("ExecMainStatus"), "2");
    assert_eq!(machine.property("NRestarts"), "0");
}

#[test]
fn its_user_can_read_the_key() {
    let machine = Machine::start();
    let certs = Certs::new();
    certs.issue("site", &["site.test"]);
    for file in ["site.pem", "site.key"] {
        fs::copy(certs.path(file), machine.checkout.path().join(file)).unwrap();
    }
    machine.install();
    until("it to serve", || machine.log().contains("portcullis ready"));
    machine.extend_policy(
        "[listeners.https]\naddress = \"0.0.0.0:443\"\n[[listeners.https.certificates]]\n\
         cert = \"/etc/portcullis/tls/site.pem\"\nkey = \"/etc/portcullis/tls/site.key\"",
    );
    machine.runs(&documented("site.key"));
    until("the new listener", || machine.log().contains("https=0.0.0.0:443"));
}
