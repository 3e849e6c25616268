//! A Docker engine, and the images that `tests/images/make` makes for it.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// What a filled template says.
const VALUES: [(&str, &str); 3] = [
    ("SENTRY_DSN", "https://0123456789abcdef@o1.ingest.example.com/42"),
    ("ALLOWED_ORIGINS", "https://app.example.com"),
    ("APPROVED_ORIGINS", "https://app.example.com"),
];

/// The names of the images; the one with the binary goes with this value.
pub struct Images {
    pub debian: String,
    pub runtime: String,
    pub cargo: String,
}

impl Images {
    #[track_caller]
    pub fn make() -> Self {
        let mut make = Command::new(root().join("tests/images/make"));
        make.arg(env!("CARGO_BIN_EXE_portcullis"));
        let said = said(&mut make);
        let name = |key: &str| {
            let line = said.lines().find_map(|line| line.strip_prefix(key));
            line.unwrap_or_else(|| panic!("no {key} in:\n{said}")).to_owned()
        };
        Self {
            debian: name("debian="),
            runtime: name("runtime="),
            cargo: name("cargo="),
        }
    }
}

impl Drop for Images {
    fn drop(&mut self) {
        let _output = docker(&["rmi", &self.cargo]).output();
        // What was built on it has its label, and no name any more.
        let label = format!("label=portcullis-test={}", self.cargo);
        let _output = docker(&["image", "prune", "--force", "--filter", &label]).output();
    }
}

/// A copy of what an operator would have checked out, with the environment's template filled in.
pub fn checkout() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut copy = Command::new("cp");
    copy.current_dir(root())
        .args(["-r", "Cargo.toml", "Cargo.lock", ".cargo", ".dockerignore"])
        .args(["src", "benches", "config", "deploy"])
        .arg(folder.path());
    said(&mut copy);
    let template = folder.path().join("deploy/env.template");
    let mut text = fs::read_to_string(&template).unwrap();
    for (name, value) in VALUES {
        let empty = format!("\n{name}=\n");
        assert!(text.contains(&empty), "{name} is not in the template");
        text = text.replace(&empty, &format!("\n{name}={value}\n"));
    }
    fs::write(&template, text).unwrap();
    folder
}

pub fn docker(arguments: &[&str]) -> Command {
    let mut command = Command::new("docker");
    command.args(arguments);
    command
}

/// Runs it to its end.
pub fn outcome(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| {
        let program = command.get_program().to_string_lossy().into_owned();
        panic!("{program} is missing, `./tests/run --setup` installs it: {error}")
    })
}

/// Runs it to its end, which must be a good one; what it printed.
#[track_caller]
pub fn said(command: &mut Command) -> String {
    let output = outcome(command);
    let text = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
    let fault = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}:\n{text}\n{fault}");
    text
}

/// The log of a container so far.
pub fn log_of(container: &str) -> String {
    let output = outcome(&mut docker(&["logs", container]));
    let both = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// Where a port of the container is published.
#[track_caller]
pub fn published(container: &str, port: u16) -> SocketAddr {
    let addresses = said(&mut docker(&["port", container, &port.to_string()]));
    addresses.lines().next().unwrap().parse().unwrap()
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}
