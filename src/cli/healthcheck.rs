//! The command line of `portcullis healthcheck`.

use std::path::PathBuf;

use clap::Args;

use crate::healthcheck::{Question, ask, url_of, url_typed};
use crate::serve::StartError;
use crate::source::{PolicySource, Refused};

pub(super) const HELP: &str = "\
Asks `/health/live` on the admin listener of the policy, or on its first listener without TLS, and waits for at most
three seconds. The policy is read for the address only; it is not compiled.

Examples:
  portcullis healthcheck                                   HEALTHCHECK of a container: is it alive?
  portcullis healthcheck --ready                           does every upstream in use have a live server?
  portcullis healthcheck --url http://127.0.0.1:9180       without a policy

Exit codes: 0 healthy, 1 not (one line says why), 2 the policy or the command line was refused.";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The policy that says where to ask [default: ./portcullis.toml, then /etc/portcullis/portcullis.toml]
    #[arg(value_name = "POLICY", conflicts_with = "url")]
    policy: Option<PathBuf>,
    /// Ask here; no policy is read
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Ask whether it is ready for requests, not only alive
    #[arg(long)]
    ready: bool,
}

/// Asks, and says in one line how it is.
pub(super) fn run(arguments: Arguments) -> Result<String, StartError> {
    let question = if arguments.ready {
        Question::Ready
    } else {
        Question::Live
    };
    let typed = if let Some(typed) = arguments.url {
        typed
    } else {
        let policy = PolicySource::find(arguments.policy)?.read()?;
        url_of(&policy, question).map_err(StartError::Test)?
    };
    let url = url_typed(&typed, question).map_err(|message| Refused::usage(&message))?;
    ask(&url).map(|line| line + "\n").map_err(StartError::Test)
}
