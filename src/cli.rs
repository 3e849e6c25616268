//! The command line: what was typed, and what it comes to. Exit codes: 0 done, 1 could not run,
//! 2 the policy (or the command line) was refused.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::carryover::Carryover;
use crate::demo;
use crate::gateway::Gateway;
use crate::gateway::route::Target;
use crate::observe::metrics::Metrics;
use crate::serve::{StartError, serve};
use crate::source::{Compiled, PolicySource, Refused, style_for_stderr};
use crate::workers::worker_count;

mod explain;
mod healthcheck;
mod sentry_test;
mod slip;

/// The policy is at fault, or the command line.
const REFUSED: u8 = 2;

/// A hardening gateway: put it in front of any HTTP application and it applies timeouts, limits, security
/// headers, CORS, error masking, health, metrics and logs from one TOML policy.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, max_term_width = 100, after_help = AFTER_HELP)]
#[command(args_conflicts_with_subcommands = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    policy: PolicyArgument,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve a policy (the default)
    #[command(after_help = SERVE_HELP)]
    Serve(PolicyArgument),
    /// Read and compile a policy, tell every fault with its place and remedy, and open no port
    #[command(after_help = CHECK_HELP)]
    Check(PolicyArgument),
    /// Say what would happen to a request and why, without sending it
    #[command(after_help = explain::HELP)]
    Explain(explain::Arguments),
    /// Ask the running gateway whether it is well, for containers that have no curl
    #[command(after_help = healthcheck::HELP)]
    Healthcheck(healthcheck::Arguments),
    /// Send one test event to the policy's Sentry and wait for its answer
    #[command(after_help = sentry_test::HELP)]
    SentryTest(PolicyArgument),
    /// Print the version
    Version,
    /// Start a leaky application with the gateway in front of it, and print what to try
    Demo(DemoArguments),
}

#[derive(Debug, Args)]
struct PolicyArgument {
    /// The policy file, `-` for standard input [default: ./portcullis.toml, then /etc/portcullis/portcullis.toml]
    #[arg(value_name = "POLICY")]
    policy: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct DemoArguments {
    /// Where the gateway listens [default: 127.0.0.1:8080, or a free port if that is taken]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<std::net::SocketAddr>,
}

const AFTER_HELP: &str = "\
Examples:
  portcullis demo                     see it at work; needs nothing else
  portcullis check portcullis.toml    is this policy right?
  portcullis portcullis.toml          serve it

The smallest policy:
  [upstreams.app]
  servers = [\"http://127.0.0.1:8000\"]

Exit codes: 0 done, 1 could not run (a port is taken, a log cannot be opened), 2 the policy or the command line was
refused. `portcullis COMMAND --help` has those of each command.";

const SERVE_HELP: &str = "\
Signals:
  HUP               read the policy again; a faulty one is refused and the old one stays in force, as does one that came
                    through a pipe, which cannot be read again
  TERM, INT, QUIT   finish what is under way (at most `gateway.drain`), then end; a second one ends at once

When every listener is bound, one line goes to standard error:
  portcullis ready: http=0.0.0.0:8080 workers=4 connections=http:32736
Logs go to standard output.

Exit codes: 0 ended by a signal, 1 could not run (a port is taken, a log cannot be opened), 2 the policy was refused.";

const CHECK_HELP: &str = "\
Faults go to standard error, each with file, line and column. `check` runs the same compile as `serve`, reads the
same environment variables, and needs no upstream to be running.

Exit codes: 0 the policy is right (warnings are shown), 2 it is refused.";

/// Runs what the command line asks for.
pub fn run() -> ExitCode {
    if let Some(said) = slip::in_command(&CommandLine::command(), std::env::args_os().nth(1)) {
        tell(std::io::stderr(), &said);
        return ExitCode::from(REFUSED);
    }
    let typed = CommandLine::parse();
    let outcome = match typed.command.unwrap_or(Command::Serve(typed.policy)) {
        Command::Serve(argument) => PolicySource::find(argument.policy)
            .map_err(StartError::from)
            .and_then(serve),
        Command::Check(argument) => PolicySource::find(argument.policy)
            .and_then(|source| check(&source))
            .map_err(StartError::from),
        Command::Explain(arguments) => explain::run(arguments).map(|text| tell(std::io::stdout(), &text)),
        Command::Healthcheck(arguments) => {
            healthcheck::run(arguments).map(|text| tell(std::io::stdout(), &text))
        }
        Command::SentryTest(argument) => PolicySource::find(argument.policy)
            .map_err(StartError::from)
            .and_then(|source| sentry_test::run(&source))
            .map(|text| tell(std::io::stdout(), &text)),
        Command::Version => {
            tell(
                std::io::stdout(),
                concat!("portcullis ", env!("CARGO_PKG_VERSION"), "\n"),
            );
            Ok(())
        }
        Command::Demo(arguments) => demo::run(arguments.listen),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let (text, code) = match error {
                StartError::Policy(refused) => (refused.to_string(), ExitCode::from(REFUSED)),
                other => (format!("error: {other}\n"), ExitCode::FAILURE),
            };
            tell(std::io::stderr(), &text);
            code
        }
    }
}

fn check(source: &PolicySource) -> Result<(), Refused> {
    let workers = worker_count(source.workers()?);
    let carryover = Carryover::new(Metrics::new(SystemTime::now()), workers);
    let Compiled { gateway, warnings } = source.compile(&carryover, style_for_stderr())?;
    tell(std::io::stderr(), &warnings);
    let mut text = format!(
        "{}: ok: {}, {}{}, {}\n",
        source.name(),
        counted(gateway.listeners.len(), "listener"),
        counted(gateway.routes().len(), "route"),
        by_themselves(&gateway),
        counted(gateway.upstreams.len(), "upstream"),
    );
    for remark in &gateway.remarks {
        text.push_str("note: ");
        text.push_str(remark);
        text.push('\n');
    }
    tell(std::io::stdout(), &text);
    Ok(())
}

/// How many routes ask no upstream.
fn by_themselves(gateway: &Gateway) -> String {
    let count = |which: fn(&Target) -> bool| {
        gateway
            .routes()
            .iter()
            .filter(|route| which(&route.target))
            .count()
    };
    let counts = [
        (count(|target| matches!(target, Target::Redirect(_))), "redirect"),
        (
            count(|target| matches!(target, Target::Respond(_))),
            "fixed answer",
        ),
    ];
    let said = counts.into_iter().filter(|(count, _)| *count > 0);
    let said: Vec<_> = said.map(|(count, noun)| counted(count, noun)).collect();
    if said.is_empty() {
        String::new()
    } else {
        format!(" ({})", said.join(", "))
    }
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Writes to a stream that may be closed: then there is nobody to tell.
fn tell(mut to: impl Write, text: &str) {
    let _unread = to.write_all(text.as_bytes()).is_err();
}
