//! The gateway under test: the real executable, as an operator would run it, on ports of its own choosing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};
use serde_json::Value;
use tempfile::TempDir;

use super::exit::{Exit, Running, folder_with};
use super::metrics::Metrics;
use super::{Ask, Wire};

/// What a log line says after a reload that took, and after one that did not.
const RELOADED: &str = "policy reloaded";
const REFUSED: &str = "policy refused, the old one stays";

/// A running gateway; dropping it kills it, and fails the test if it had panicked.
pub struct Gateway {
    running: Running,
    folder: TempDir,
}

impl Gateway {
    /// Starts it and waits until it is ready.
    #[track_caller]
    pub fn start(policy: impl Into<String>) -> Self {
        Self::start_with(policy, &[])
    }

    /// As [`start`](Self::start), with environment variables.
    #[track_caller]
    pub fn start_with(policy: impl Into<String>, variables: &[(&str, &str)]) -> Self {
        let policy = policy.into();
        let folder = folder_with(&policy);
        let running = Running::start(&["serve", "portcullis.toml"], folder.path(), variables);
        let ready = running.stderr.find("the ready line", |lines| {
            lines.iter().find(|line| is_ready(line)).cloned()
        });
        assert!(
            ready.is_some(),
            "it did not start:\n{}\nwith:\n{policy}",
            running.stderr.all().join("\n")
        );
        Self { running, folder }
    }

    /// The address that a listener is bound to, as soon as it is.
    #[track_caller]
    pub fn address(&self, listener: &str) -> SocketAddr {
        let found = self
            .running
            .stderr
            .find(&format!("listener `{listener}` to be ready"), |lines| {
                lines
                    .iter()
                    .rev()
                    .filter(|line| is_ready(line))
                    .find_map(|line| bound(line, listener))
            });
        found.expect("the gateway ended")
    }

    /// The address of the listener `http`.
    #[track_caller]
    pub fn http(&self) -> SocketAddr {
        self.address("http")
    }

    #[track_caller]
    pub fn connect(&self) -> Wire {
        Wire::connect(self.http())
    }

    /// Replaces the text of the policy; `reload` makes the gateway read it.
    pub fn rewrite(&self, policy: impl Into<String>) {
        fs::write(self.folder.path().join("portcullis.toml"), policy.into()).unwrap();
    }

    /// Takes the policy's file away.
    pub fn remove_policy(&self) {
        fs::remove_file(self.folder.path().join("portcullis.toml")).unwrap();
    }

    /// Tells it to reload, and waits: `true` if it took the policy, `false` if it kept the old one.
    #[track_caller]
    pub fn reload(&self) -> bool {
        let outcomes = |lines: &[String]| -> Vec<bool> {
            let relevant = |line: &&String| line.contains(RELOADED) || line.contains(REFUSED);
            lines
                .iter()
                .filter(relevant)
                .map(|line| line.contains(RELOADED))
                .collect()
        };
        let before = outcomes(&self.running.stdout.so_far()).len();
        self.signal(Signal::HUP);
        let outcome = self
            .running
            .stdout
            .find("the reload", |lines| outcomes(lines).get(before).copied());
        outcome.expect("the gateway ended instead of reloading")
    }

    pub fn signal(&self, signal: Signal) {
        self.running.signal(signal);
    }

    /// How much memory it holds, in bytes.
    pub fn resident(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.running.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.unwrap().trim().trim_end_matches(" kB");
        kilobytes.parse::<usize>().unwrap() * 1024
    }

    /// How many files it has open.
    pub fn open_files(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.running.child.id()))
            .unwrap()
            .count()
    }

    /// The length of each file of this folder that it has open, unlinked ones too.
    pub fn open_files_in(&self, folder: &Path) -> Vec<u64> {
        let open = fs::read_dir(format!("/proc/{}/fd", self.running.child.id())).unwrap();
        let of_folder = open
            .flatten()
            .filter(|file| fs::read_link(file.path()).is_ok_and(|target| target.starts_with(folder)));
        // The link leads to the file even where it has no name any more.
        of_folder
            .filter_map(|file| fs::metadata(file.path()).ok())
            .map(|file| file.len())
            .collect()
    }

    /// How many files each of its threads waits for, by the file it does so with (`epoll`).
    pub fn awaited(&self) -> BTreeMap<u32, usize> {
        let process = format!("/proc/{}", self.running.child.id());
        let waiting = fs::read_dir(format!("{process}/fd")).unwrap().flatten();
        let waiting = waiting.filter(|file| {
            fs::read_link(file.path()).is_ok_and(|link| link.to_string_lossy().contains("eventpoll"))
        });
        let mut found = BTreeMap::new();
        for file in waiting {
            let number: u32 = file.file_name().to_string_lossy().parse().unwrap();
            let text = fs::read_to_string(format!("{process}/fdinfo/{number}")).unwrap_or_default();
            let awaited = text.lines().filter_map(|line| line.strip_prefix("tfd:"));
            let awaited: BTreeSet<_> = awaited.map(str::to_owned).collect();
            // A thread may have two names for it.
            let first = found.entry(awaited).or_insert(number);
            *first = number.min(*first);
        }
        found
            .into_iter()
            .map(|(awaited, number)| (number, awaited.len()))
            .collect()
    }

    /// How many files it may have open from now on.
    pub fn limit_files(&self, most: usize) {
        let pid = Pid::from_child(&self.running.child);
        let limit = Rlimit {
            current: Some(most as u64),
            maximum: Some(most as u64),
        };
        prlimit(Some(pid), Resource::Nofile, limit).unwrap();
    }

    /// Whether each of its threads waits, for whatever: none runs, or would if there were a processor for it.
    pub fn is_asleep(&self) -> bool {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.running.child.id())).unwrap();
        let mut stats = tasks
            .flatten()
            .filter_map(|task| fs::read_to_string(task.path().join("stat")).ok());
        // The state follows the name, which is in brackets and may have any character (proc_pid_stat(5)).
        stats.all(|stat| stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('S')))
    }

    /// The processor time it has used.
    pub fn cpu_time(&self) -> Duration {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.running.child.id())).unwrap();
        let each = tasks
            .flatten()
            .filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok());
        let nanoseconds = |text: String| text.split(' ').next().and_then(|word| word.parse::<u64>().ok());
        Duration::from_nanos(each.filter_map(nanoseconds).sum())
    }

    /// Tells it to stop; `wait` for its end.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Exit {
        self.running.wait()
    }

    /// Stops it in an orderly way and says how it ended.
    #[track_caller]
    pub fn stop(self) -> Exit {
        self.terminate();
        let exit = self.wait();
        assert_eq!(exit.code, Some(0), "{}", exit.output());
        exit
    }

    /// Waits for a log line (service or access) that satisfies `wanted`.
    #[track_caller]
    pub fn wait_for_log(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let found = self.running.stdout.find(what, |lines| {
            lines
                .iter()
                .filter_map(|line| serde_json::from_str(line).ok())
                .find(|line| wanted(line))
        });
        found.unwrap_or_else(|| panic!("the gateway ended without logging {what}"))
    }

    /// The raw log lines so far.
    pub fn log(&self) -> Vec<String> {
        self.running.stdout.so_far()
    }

    /// The metrics, as they are scraped.
    #[track_caller]
    pub fn metrics(&self) -> Metrics {
        self.metrics_by("http")
    }

    /// The same by this listener.
    #[track_caller]
    pub fn metrics_by(&self, listener: &str) -> Metrics {
        let answer = Ask::get("/metrics").to(self.address(listener));
        assert_eq!(answer.status, 200, "{}", answer.text());
        Metrics::parse(&answer.text())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let printed = [self.running.stdout.so_far(), self.running.stderr.so_far()].concat();
        let panic = printed.iter().find(|line| line.contains("panicked at"));
        if let Some(line) = panic
            && !std::thread::panicking()
        {
            panic!("the gateway panicked: {line}");
        }
    }
}

fn is_ready(line: &str) -> bool {
    line.starts_with("portcullis ready:")
}

fn bound(line: &str, listener: &str) -> Option<SocketAddr> {
    let pair = line
        .split(' ')
        .find_map(|pair| pair.strip_prefix(listener)?.strip_prefix('='))?;
    pair.parse().ok()
}
