//! Debian's Chromium without a screen: opens one page, and says what stood on the page's console. Every name
//! leads to the gateway, so that the URLs are those of a real site.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::lines::Lines;

/// What every page of these tests ends with on its console.
const REPORT: &str = "REPORT ";

/// Nothing but the page: no calls home, no first-run pages; and the certificates are the tests' own.
const SWITCHES: &[&str] = &[
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-popup-blocking",
    "--no-proxy-server",
    "--ignore-certificate-errors",
    "--enable-logging=stderr",
    "--v=0",
];

/// A page that has been looked at.
pub struct Visit {
    /// What the page's script found, from its report.
    pub report: Value,
    /// What the browser itself wrote on the console before that: its complaints.
    pub complaints: Vec<String>,
}

struct Browser {
    child: Child,
    printed: Lines,
    _profile: TempDir,
}

/// Opens `url`, whose name and all others lead to `gateway`, and waits for the report of its script.
#[track_caller]
pub fn visit(gateway: SocketAddr, url: &str) -> Visit {
    let browser = Browser::start(gateway, url);
    let console = browser.printed.find("the report of the page", |lines| {
        let console: Vec<_> = lines.iter().filter(|line| line.contains(":CONSOLE")).collect();
        let end = console.iter().position(|line| report(line).is_some())?;
        Some(console.into_iter().take(end + 1).cloned().collect::<Vec<_>>())
    });
    let mut complaints = console.unwrap_or_else(|| panic!("chromium ended: {:#?}", browser.printed.so_far()));
    let last = complaints.pop().unwrap();
    let report = report(&last).unwrap();
    Visit { report, complaints }
}

/// The report in a line `[…:CONSOLE:1] "REPORT {…}", source: … (1)`.
fn report(line: &str) -> Option<Value> {
    let (_, report) = line.split_once(REPORT)?;
    let (report, _) = report.rsplit_once("\", source: ")?;
    serde_json::from_str(report).ok()
}

impl Browser {
    fn start(gateway: SocketAddr, url: &str) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut child = Command::new("chromium")
            .args(SWITCHES)
            .arg(format!("--host-resolver-rules=MAP * {gateway}"))
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(url)
            .env("HOME", profile.path())
            .env("TMPDIR", profile.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|fault| {
                panic!("chromium is missing ({fault}): `./tests/run --setup` installs it")
            });
        let printed = Lines::read(child.stderr.take().unwrap());
        Self {
            child,
            printed,
            _profile: profile,
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // TERM, not KILL: it must get the chance to stop its own children.
        let _already_gone = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _status = self.child.wait();
        // They hold the pipe, too, and write into the profile: it can be removed once it is closed.
        if !std::thread::panicking() {
            self.printed.all();
        }
    }
}
