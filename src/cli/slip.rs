//! A first word that is no command and no file: what was most likely meant. Without this it would be taken for a policy
//! that cannot be read.

use std::ffi::OsString;
use std::path::Path;

use clap::Command;

use crate::policy::suggest;

/// Words of other programs, and what there is in their place.
const WORDS: [(&[&str], &str); 7] = [
    (
        &["reload", "restart"],
        "send the running gateway SIGHUP: `kill -HUP PID`, `systemctl reload portcullis` or `docker kill -s HUP NAME`",
    ),
    (
        &["stop", "quit", "shutdown", "kill"],
        "send the running gateway SIGTERM: `kill PID`, `systemctl stop portcullis` or `docker stop NAME`",
    ),
    (
        &["status", "health", "ping", "info"],
        "`portcullis healthcheck` asks the running gateway whether it is well; `/health/ready` and `/metrics` say more",
    ),
    (
        &["validate", "test", "configtest", "lint", "verify", "adapt"],
        "`portcullis check POLICY` reads a policy and tells its faults",
    ),
    (
        &["run", "start", "up", "server", "daemon"],
        "`portcullis serve POLICY` serves a policy",
    ),
    (
        &["init", "new", "example", "quickstart"],
        "`portcullis demo` shows the gateway at work, and `portcullis --help` has the smallest policy",
    ),
    (
        &["route", "routes", "match", "trace"],
        "`portcullis explain METHOD URL` says what would happen to a request",
    ),
];

/// What to say of the first word typed, if it is neither an option, nor a command, nor the path of a file.
pub(super) fn in_command(program: &Command, first: Option<OsString>) -> Option<String> {
    let first = first?;
    let word = first.to_str()?;
    let path_like = word.is_empty() || word.starts_with('-') || word.contains(['/', '.']);
    let known = || program.get_subcommands().map(Command::get_name).chain(["help"]);
    if path_like || known().any(|command| command == word) || Path::new(word).exists() {
        return None;
    }
    let plain = word.to_ascii_lowercase();
    let meant = WORDS.iter().find(|(words, _)| words.contains(&plain.as_str()));
    let help = match (meant, suggest::nearest(word, known())) {
        (Some((_, help)), _) => (*help).to_owned(),
        (None, Some(near)) => format!("did you mean `portcullis {near}`?"),
        (None, None) => format!("commands: {}", suggest::list(known())),
    };
    Some(format!(
        "error: `{word}` is no command, and there is no file of that name\n   = help: {help}\n"
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn said(word: &str) -> Option<String> {
        let program = Command::new("portcullis").subcommands([Command::new("check"), Command::new("serve")]);
        in_command(&program, Some(word.into()))
    }

    #[test]
    fn a_slip_finds_its_command() {
        assert!(
            said("chekc")
                .unwrap()
                .ends_with("did you mean `portcullis check`?\n")
        );
        assert!(said("srve").unwrap().contains("`portcullis serve`"));
        assert!(said("Reload").unwrap().contains("SIGHUP"));
        assert!(
            said("frobnicate")
                .unwrap()
                .contains("commands: `check`, `serve`, `help`")
        );
    }

    #[test]
    fn commands_files_and_options_are_left_alone() {
        for word in [
            "check",
            "help",
            "--version",
            "-",
            "site.toml",
            "./site",
            "/etc/site",
            "src",
            "",
        ] {
            assert!(said(word).is_none(), "{word}");
        }
        assert!(in_command(&Command::new("portcullis"), None).is_none());
    }
}
