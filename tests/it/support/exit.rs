//! A run of the executable from start to end, and what it left behind.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::lines::Lines;

/// How a run ended.
#[derive(Debug)]
pub struct Exit {
    /// The exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    pub stdout: Vec<String>,
    pub stderr: Vec<String>,
}

/// A child process, its output being read.
pub struct Running {
    pub child: Child,
    pub stdout: Lines,
    pub stderr: Lines,
    ended: bool,
}

/// Runs a command of the gateway to its end in a folder that holds `portcullis.toml` with this text.
pub fn run(arguments: &[&str], policy: &str, variables: &[(&str, &str)]) -> Exit {
    let folder = folder_with(policy);
    Running::start(arguments, folder.path(), variables).wait()
}

/// A new folder with the policy in it.
pub fn folder_with(policy: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("portcullis.toml"), policy).unwrap();
    folder
}

impl Running {
    pub fn start(arguments: &[&str], folder: &Path, variables: &[(&str, &str)]) -> Self {
        Self::start_telling(Stdio::piped(), arguments, folder, variables)
    }

    /// As [`start`](Self::start), with another place for standard error; none of it is read.
    pub fn start_telling(
        stderr: Stdio,
        arguments: &[&str],
        folder: &Path,
        variables: &[(&str, &str)],
    ) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_portcullis"))
            .args(arguments)
            .current_dir(folder)
            .env_remove("ENVIRONMENT")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .unwrap();
        let stdout = Lines::read(child.stdout.take().unwrap());
        let stderr = child
            .stderr
            .take()
            .map_or_else(|| Lines::read(std::io::empty()), Lines::read);
        Self {
            child,
            stdout,
            stderr,
            ended: false,
        }
    }

    /// Waits for the process to end by itself.
    pub fn wait(&mut self) -> Exit {
        let (stdout, stderr) = (self.stdout.all(), self.stderr.all());
        let code = self.child.wait().unwrap().code();
        self.ended = true;
        let exit = Exit { code, stdout, stderr };
        exit.assert_no_panic();
        exit
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            let _already_gone = self.child.kill();
            let _status = self.child.wait();
        }
    }
}

impl Exit {
    /// All that was printed, both streams.
    pub fn output(&self) -> String {
        [&self.stderr[..], &self.stdout[..]].concat().join("\n")
    }

    /// Fails unless it ended with this code and its output has each of these words.
    #[track_caller]
    pub fn assert(&self, code: i32, words: &[&str]) {
        let output = self.output();
        assert_eq!(self.code, Some(code), "{output}");
        for word in words {
            assert!(output.contains(word), "`{word}` is not in:\n{output}");
        }
    }

    #[track_caller]
    fn assert_no_panic(&self) {
        let output = self.output();
        assert!(!output.contains("panicked at"), "the gateway panicked:\n{output}");
    }
}
