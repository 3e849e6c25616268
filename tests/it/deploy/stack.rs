//! The Compose file as shipped, started by docker-compose: only its two base images and its backend are others.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::engine::{Images, checkout, docker, log_of, published, root, said};
use crate::support::{Ask, Certs, until};

/// The user of the image.
const USER: u32 = 65532;

struct Stack {
    folder: TempDir,
    images: Images,
    project: String,
}

impl Stack {
    fn new() -> Self {
        let folder = checkout();
        let deploy = folder.path().join("deploy");
        fs::copy(deploy.join("env.template"), deploy.join(".env")).unwrap();
        let name = folder.path().file_name().unwrap().to_string_lossy();
        let letters = name.chars().filter(char::is_ascii_alphanumeric);
        let project = format!("portcullis{}", letters.collect::<String>().to_lowercase());
        Self {
            folder,
            images: Images::make(),
            project,
        }
    }

    fn compose(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("docker-compose");
        command
            .arg("-f")
            .arg(self.folder.path().join("deploy/docker-compose.yml"))
            .arg("-f")
            .arg(root().join("tests/images/compose.yml"))
            .args(["-p", &self.project])
            .args(arguments)
            .env("DOCKER_BUILDKIT", "0")
            .env("HTTP_PORT", "127.0.0.1:")
            .env("TEST_CARGO", &self.images.cargo)
            .env("TEST_RUNTIME", &self.images.runtime)
            .env("TEST_DEBIAN", &self.images.debian)
            .env("TEST_BACKEND", root().join("tests/images/backend.py"));
        command
    }

    /// Starts it, and names the gateway's container.
    fn up(&self) -> String {
        said(&mut self.compose(&["up", "-d", "--build"]));
        said(&mut self.compose(&["ps", "-q", "gateway"]))
    }

    fn policy(&self) -> PathBuf {
        self.folder.path().join("config/portcullis.toml")
    }

    fn extend_policy(&self, tables: &str) {
        let text = fs::read_to_string(self.policy()).unwrap();
        fs::write(self.policy(), format!("{text}\n{tables}")).unwrap();
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        let mut down = self.compose(&["down", "--volumes", "--rmi", "local", "--timeout", "0"]);
        let _output = down.output();
    }
}

fn state(container: &str, field: &str) -> String {
    said(&mut docker(&[
        "inspect",
        "-f",
        &format!("{{{{{field}}}}}"),
        container,
    ]))
}

fn until_healthy(container: &str) {
    until("the container to be healthy", || {
        state(container, ".State.Health.Status") == "healthy"
    });
}

#[test]
fn it_starts_in_production_is_healthy_reloads_and_finishes_what_is_under_way() {
    let stack = Stack::new();
    let gateway = stack.up();
    until_healthy(&gateway);
    let address = published(&gateway, 8080);
    let ask = Ask::get("/").header("Origin", "https://app.example.com");
    let answer = ask.to(address);
    assert_eq!((answer.status, answer.text().as_str()), (200, "first-last"));
    let allowed = answer.header("access-control-allow-origin");
    assert_eq!(allowed, Some("https://app.example.com"));
    // It takes what the engine grants, where that is less than it would like.
    let limits = fs::read_to_string(format!("/proc/{}/limits", state(&gateway, ".State.Pid"))).unwrap();
    let files = limits.lines().find(|line| line.starts_with("Max open files"));
    let words: Vec<&str> = files.unwrap().split_whitespace().collect();
    assert_eq!(words[3..5], ["300", "300"]);

    stack.extend_policy("[[routes]]\nmatch = { path = \"/new\" }\nrespond = { body = \"new\" }\n[[routes]]\nmatch = { path = \"/*\" }");
    said(&mut stack.compose(&["kill", "-s", "HUP", "gateway"]));
    until("the reload", || Ask::get("/new").to(address).text() == "new");

    let mut slow = Ask::get("/slow").start(address);
    assert_eq!(slow.head().status, 200);
    assert_eq!(slow.exactly(5).unwrap(), b"first");
    let mut stop = stack.compose(&["stop", "gateway"]).spawn().unwrap();
    until("the stop to begin", || log_of(&gateway).contains("stopping"));
    said(&mut stack.compose(&["exec", "-T", "backend", "touch", "/tmp/go"]));
    assert_eq!(slow.exactly(5).unwrap(), b"-last");
    assert!(stop.wait().unwrap().success());
    assert_eq!(state(&gateway, ".State.ExitCode"), "0", "{}", log_of(&gateway));
}

#[test]
fn a_key_is_for_the_user_of_the_image() {
    let stack = Stack::new();
    let certs = Certs::new();
    certs.issue("site", &["site.test"]);
    let tls = stack.folder.path().join("config/tls");
    fs::create_dir(&tls).unwrap();
    for file in ["site.pem", "site.key"] {
        fs::copy(certs.path(file), tls.join(file)).unwrap();
    }
    let key = tls.join("site.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    stack.extend_policy(
        "[listeners.https]\naddress = \"0.0.0.0:8443\"\n[[listeners.https.certificates]]\n\
         cert = \"/etc/portcullis/tls/site.pem\"\nkey = \"/etc/portcullis/tls/site.key\"",
    );
    let gateway = stack.up();
    until("a word on the key that only root may read", || {
        let log = log_of(&gateway);
        log.contains("site.key") && log.contains("ermission denied")
    });
    // As docs/operate.md says.
    chown(&key, None, Some(USER)).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    until("the ready line", || {
        log_of(&gateway).contains("https=0.0.0.0:8443")
    });
    until_healthy(&gateway);
}
