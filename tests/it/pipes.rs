//! A policy that comes through a pipe: process substitution, a FIFO, standard input. It is read once.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::exit::{Exit, folder_with};
use crate::support::lines::Lines;
use crate::support::{Ask, Origin, policy};

/// A command line of a shell, in which `$0` is the gateway, in a folder with a policy.
fn shell(line: &str, folder: &Path) -> (Child, Lines, Lines) {
    let mut child = Command::new("bash")
        .args(["-c", line, env!("CARGO_BIN_EXE_portcullis")])
        .current_dir(folder)
        .env_remove("ENVIRONMENT")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = Lines::read(child.stdout.take().unwrap());
    let stderr = Lines::read(child.stderr.take().unwrap());
    (child, stdout, stderr)
}

fn run(line: &str, text: &str) -> Exit {
    let folder = folder_with(text);
    let (mut child, stdout, stderr) = shell(line, folder.path());
    let (stdout, stderr) = (stdout.all(), stderr.all());
    let code = child.wait().unwrap().code();
    Exit { code, stdout, stderr }
}

const WAYS: [&str; 5] = [
    "\"$0\" check <(cat portcullis.toml)",
    "cat portcullis.toml | \"$0\" check -",
    "\"$0\" check - < portcullis.toml",
    "cat portcullis.toml | \"$0\" check /dev/stdin",
    "mkfifo pipe; cat portcullis.toml > pipe & \"$0\" check pipe",
];

#[test]
fn check_reads_whatever_can_be_read() {
    let sound: String = policy(["127.0.0.1:9"]).into();
    for way in WAYS {
        let exit = run(way, &sound);
        exit.assert(0, &["ok: 1 listener, 1 route, 1 upstream"]);
        let exit = run(way, &(sound.clone() + "\n[defaults]\nmax_bdy = \"1MiB\"\n"));
        exit.assert(2, &["`max_bdy`", ":11:1"]);
    }
    run("\"$0\" check - < portcullis.toml", "nonsense").assert(2, &["<stdin>:1:9"]);
    run("\"$0\" explain GET / --policy - < portcullis.toml", &sound).assert(0, &["backend"]);
    run("\"$0\" check /dev/zero", "").assert(2, &["8 MiB"]);
}

#[test]
fn serve_reads_a_pipe_once_and_says_so_when_it_is_to_reload() {
    let origin = Origin::echo();
    let folder = folder_with(&policy([origin.address()]).text());
    let (mut child, stdout, stderr) = shell("exec \"$0\" serve <(cat portcullis.toml)", folder.path());
    let bound = |lines: &[String]| {
        let ready = lines.iter().find(|line| line.starts_with("portcullis ready:"))?;
        let address = ready.split("http=").nth(1)?.split_whitespace().next()?;
        address.parse().ok()
    };
    let address: std::net::SocketAddr = stderr.find("the ready line", bound).unwrap();
    assert_eq!(Ask::get("/").to(address).status, 200);
    let gateway = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(gateway, rustix::process::Signal::HUP).unwrap();
    let refused = |lines: &[String]| {
        lines
            .iter()
            .find(|line| line.contains("the old one stays"))
            .cloned()
    };
    let said = stdout.find("the refused reload", refused).unwrap();
    assert!(said.contains("cannot be read again"), "{said}");
    assert_eq!(Ask::get("/").to(address).status, 200);
    rustix::process::kill_process(gateway, rustix::process::Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
