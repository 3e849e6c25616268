//! Where a policy comes from, and what becomes of it: a gateway, or a report for the operator. A pipe gives its text
//! once, so it is read when it is found.

use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::PathBuf;

use crate::carryover::Carryover;
use crate::gateway::Gateway;
use crate::policy::problem::Problems;
use crate::policy::report::{self, Style};
use crate::policy::source::{LARGEST, Source, decode};
use crate::policy::{Policy, Workers};

/// Where a policy is looked for if none is named.
const USUAL_PLACES: [&str; 2] = ["portcullis.toml", "/etc/portcullis/portcullis.toml"];

/// What reports call a policy that came through standard input.
const STDIN: &str = "<stdin>";

/// A policy on disk, one that came through a pipe, or one that comes with the program.
#[derive(Debug, Clone)]
pub enum PolicySource {
    /// Read anew at each reload.
    File(PathBuf),
    /// Read already, from what can be read once: a pipe, a terminal.
    Once {
        /// What reports call it.
        name: String,
        /// The policy.
        text: String,
    },
    /// Built in, with variables of its own.
    BuiltIn {
        /// What reports call it.
        name: &'static str,
        /// The policy.
        text: &'static str,
        /// The variables it names.
        variables: Vec<(&'static str, String)>,
    },
}

/// A policy that cannot be put in force: the report, ready to be shown.
#[derive(Debug)]
pub struct Refused(String);

impl Refused {
    /// What was typed makes no sense; the message says how to type it right.
    pub fn usage(message: &str) -> Self {
        Self(format!("error: {message}\n"))
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// A gateway, and the warnings about its policy.
pub struct Compiled {
    /// Ready to serve.
    pub gateway: Gateway,
    /// Ready to be shown; empty if there are none.
    pub warnings: String,
}

/// A gateway beside the policy it was made of.
pub struct Whole {
    /// Ready to serve.
    pub gateway: Gateway,
    /// What was read.
    pub policy: Policy,
    /// Where it is written.
    pub source: Source,
}

impl PolicySource {
    /// The named file, `-` for standard input, or the first of the usual ones that exists.
    pub fn find(named: Option<PathBuf>) -> Result<Self, Refused> {
        if let Some(path) = named {
            return Self::named(path);
        }
        let usual = USUAL_PLACES.iter().map(PathBuf::from).find(|path| path.exists());
        usual.map(Self::File).ok_or_else(|| {
            Refused(format!(
                "error: no policy is named, and there is neither ./{} nor {}\n   = help: write `portcullis serve POLICY`, or try `portcullis demo`\n",
                USUAL_PLACES[0], USUAL_PLACES[1]
            ))
        })
    }

    fn named(path: PathBuf) -> Result<Self, Refused> {
        let once = |name: String, read: &mut dyn Read| {
            let text = text_of(read, &name)?;
            Ok(Self::Once { name, text })
        };
        if path.as_os_str() == "-" {
            return once(STDIN.to_owned(), &mut io::stdin().lock());
        }
        let plain = std::fs::metadata(&path).map_or(true, |about| about.is_file() || about.is_dir());
        if plain {
            return Ok(Self::File(path));
        }
        let mut pipe = File::open(&path).map_err(|error| unreadable(&path.display().to_string(), &error))?;
        once(path.display().to_string(), &mut pipe)
    }

    /// Refused if the policy cannot be read again, as a reload has to.
    pub fn readable_again(&self) -> Result<(), Refused> {
        match self {
            Self::Once { name, .. } => Err(Refused(format!(
                "the policy came through `{name}`, a pipe that cannot be read again; start with a file to be able to reload"
            ))),
            _ => Ok(()),
        }
    }

    /// What reports call it.
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Once { name, .. } => name.clone(),
            Self::BuiltIn { name, .. } => (*name).to_owned(),
        }
    }

    /// Compiles the policy as it is now.
    pub fn compile(&self, carryover: &Carryover, style: Style) -> Result<Compiled, Refused> {
        let text = self.text()?;
        let (gateway, source, problems) =
            Gateway::from_text(&self.name(), &text, carryover, &|name| self.variable(name));
        let report = show(&problems, &source, style);
        match gateway {
            Some(gateway) => Ok(Compiled {
                gateway,
                warnings: report,
            }),
            None => Err(Refused(report)),
        }
    }

    /// Compiles the policy as it is now, and keeps what it was made of. Nobody is told of warnings.
    pub fn compile_whole(&self, carryover: &Carryover) -> Result<Whole, Refused> {
        let (name, text) = (self.name(), self.text()?);
        let env = |name: &str| self.variable(name);
        let (gateway, source, problems) = Gateway::from_text(&name, &text, carryover, &env);
        let (policy, _, _) = Policy::read(&name, &text, &env);
        match gateway.zip(policy) {
            Some((gateway, policy)) => Ok(Whole {
                gateway,
                policy,
                source,
            }),
            None => Err(Refused(show(&problems, &source, style_for_stderr()))),
        }
    }

    /// Reads the policy as it is now, without compiling it.
    pub fn read(&self) -> Result<Policy, Refused> {
        let (policy, source, problems) =
            Policy::read(&self.name(), &self.text()?, &|name| self.variable(name));
        policy.ok_or_else(|| Refused(show(&problems, &source, style_for_stderr())))
    }

    /// How many workers the policy asks for. Faults are left to [`PolicySource::compile`], which comes next.
    pub fn workers(&self) -> Result<Workers, Refused> {
        let (policy, _, _) = Policy::read(&self.name(), &self.text()?, &|name| self.variable(name));
        Ok(policy.map_or(Workers::Auto, |policy| policy.gateway.workers))
    }

    fn text(&self) -> Result<String, Refused> {
        match self {
            Self::File(path) => {
                let name = path.display().to_string();
                let mut file = File::open(path).map_err(|error| unreadable(&name, &error))?;
                text_of(&mut file, &name)
            }
            Self::Once { text, .. } => Ok(text.clone()),
            Self::BuiltIn { text, .. } => Ok((*text).to_owned()),
        }
    }

    fn variable(&self, name: &str) -> Option<String> {
        match self {
            Self::BuiltIn { variables, .. } => variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.clone()),
            // A value that is no text is as good as none: the fault names the variable.
            Self::File(_) | Self::Once { .. } => std::env::var(name).ok(),
        }
    }
}

/// All that can be read, as text; of what never ends, as much as shows that it is no policy.
fn text_of(read: &mut dyn Read, name: &str) -> Result<String, Refused> {
    let mut bytes = Vec::new();
    let read = read.take(LARGEST as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| unreadable(name, &error))?;
    decode(bytes)
        .map_err(|message| refused(&format!("`{name}`: {message}"), "a policy is a text file in TOML"))
}

fn unreadable(name: &str, error: &io::Error) -> Refused {
    let help = match error.kind() {
        io::ErrorKind::NotFound => {
            "name a policy that exists, `-` for standard input, or a command: `portcullis --help` lists them"
        }
        io::ErrorKind::IsADirectory => "name the file in it",
        io::ErrorKind::PermissionDenied => "let the gateway's user read it",
        _ => "see that the file can be read",
    };
    refused(&format!("the policy `{name}` cannot be read: {error}"), help)
}

fn refused(what: &str, help: &str) -> Refused {
    Refused(format!("error: {what}\n   = help: {help}\n"))
}

fn show(problems: &Problems, source: &Source, style: Style) -> String {
    if problems.is_empty() {
        String::new()
    } else {
        report::render(problems, source, style)
    }
}

/// Colour where a person reads.
pub fn style_for_stderr() -> Style {
    if io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        Style::Colour
    } else {
        Style::Plain
    }
}
