//! What is shipped for deployment. Without a container engine: the unit is verified by systemd, the Compose file by its
//! schema, the Dockerfile by what it names. Where an engine answers, both are started (`stack`, `unit`).

mod engine;
mod stack;
mod unit;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::run;

fn read(name: &str) -> String {
    fs::read_to_string(root().join("deploy").join(name)).unwrap()
}

#[track_caller]
fn assert_agrees(mut command: Command) {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{program} is missing, `./tests/run --setup` installs it: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {said}");
}

#[test]
fn systemd_takes_the_unit() {
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("portcullis.service");
    // The verifier looks for the programs, and ours is not installed here.
    let text =
        read("portcullis.service").replace("/usr/local/bin/portcullis", env!("CARGO_BIN_EXE_portcullis"));
    fs::write(&unit, text).unwrap();
    let mut verify = Command::new("systemd-analyze");
    verify.arg("verify").arg(&unit);
    assert_agrees(verify);
}

#[test]
fn the_compose_file_keeps_to_its_schema() {
    let mut config = Command::new("docker-compose");
    config
        .arg("-f")
        .arg(root().join("deploy/docker-compose.yml"))
        .args(["config", "--quiet"]);
    assert_agrees(config);
}

#[test]
fn the_image_holds_what_it_names_and_runs_as_nobody() {
    let text = read("Dockerfile");
    for line in text
        .lines()
        .filter(|line| line.starts_with("COPY ") && !line.contains("--from="))
    {
        let words: Vec<&str> = line.split_whitespace().skip(1).collect();
        for source in words.split_last().unwrap().1 {
            assert!(root().join(source).exists(), "{line}: there is no `{source}`");
        }
    }
    let user = text.lines().rfind(|line| line.starts_with("USER ")).unwrap();
    assert!(!user.contains("root") && !user.contains(" 0"), "{user}");
    assert!(text.contains("\"/usr/local/bin/portcullis\", \"healthcheck\""));
    run(&["healthcheck", "--help"], "", &[]).assert(0, &["--ready"]);
}

#[test]
fn the_policy_of_the_compose_file_checks_with_its_variables() {
    let text = fs::read_to_string(root().join("config/portcullis.toml")).unwrap();
    let variables = [("UPSTREAM", "http://backend:8000"), ("ALLOWED_ORIGINS", "")];
    run(&["check"], &text, &variables).assert(0, &[]);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}
