//! `[logs]`, `[admin]` and `[readiness]`: what the operator sees of the gateway, and who else may.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

use super::defaults;
use super::listener::ListenAddress;
use super::units::{Network, text_type};

/// `[logs]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Logs {
    /// How a line is written. Default `"json"`.
    pub format: LogFormat,
    /// The least important event that is still written. Default `"info"`.
    pub level: Level,
    /// Where one line per request goes: `"stdout"`, `"off"`, or a file. Default `"stdout"`.
    pub access: AccessLog,
}

/// How a log line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One JSON object a line, for machines.
    Json,
    /// Plain words, for a terminal.
    Text,
}

/// The importance of a log event, most important first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Something was lost or refused to work.
    Error,
    /// Something needs a look.
    Warn,
    /// What happened, in short.
    Info,
    /// What happened, at length.
    Debug,
    /// Everything.
    Trace,
}

/// Where one line per request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessLog {
    /// To standard output, between the events.
    Stdout,
    /// Nowhere.
    Off,
    /// Appended to this file.
    File(PathBuf),
}

/// `[admin]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Admin {
    /// Address and port of the operator's own listener, which has health and metrics and nothing else;
    /// port 0 takes a free one. Default: none. Beyond this machine only together with `allow` or
    /// `metrics_allow`.
    #[serde(deserialize_with = "own_address")]
    pub address: Option<ListenAddress>,
    /// Who may use all of the admin listener, judged by the client's address as `[client]` finds it;
    /// everybody else gets 404, but for health, which answers anybody. `loopback` is nobody whom a proxy
    /// let in (`X-Forwarded-For`, `Forwarded`, `X-Real-IP`, `CF-Connecting-IP`, `Via`). Default
    /// `["loopback"]`.
    pub allow: Option<Vec<Network>>,
    /// Who may read `/metrics`, on the public listeners and on the admin listener, judged in the same way;
    /// everybody else gets 404. Default `["loopback"]`.
    pub metrics_allow: Option<Vec<Network>>,
}

/// `[readiness]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Readiness {
    /// How much `/health/ready` says. Default `"compact"`.
    pub style: ReadinessStyle,
    /// A version to name in the answer, that of the application for instance. Default: none.
    pub version: Option<String>,
}

/// How much `/health/ready` says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadinessStyle {
    /// Status, and one word per check.
    #[default]
    Compact,
    /// With the time each check took and why it failed.
    Detailed,
}

/// As for any listener, but what is not said of it is this machine alone.
struct AdminAddress(ListenAddress);

text_type!(AdminAddress, "an address and a port such as \"127.0.0.1:9180\"");
text_type!(AccessLog, "\"stdout\", \"off\" or a path");

impl Default for Logs {
    fn default() -> Self {
        Self {
            format: LogFormat::Json,
            level: Level::Info,
            access: AccessLog::Stdout,
        }
    }
}

impl Admin {
    /// Who may read the metrics, as written or by default.
    pub fn metrics_readers(&self) -> Vec<Network> {
        or_default(self.metrics_allow.as_ref(), defaults::METRICS_ALLOW)
    }

    /// Who may use the admin listener, as written or by default.
    pub fn operators(&self) -> Vec<Network> {
        or_default(self.allow.as_ref(), defaults::ADMIN_ALLOW)
    }
}

fn or_default<const N: usize>(written: Option<&Vec<Network>>, names: [&str; N]) -> Vec<Network> {
    let default = || {
        names
            .into_iter()
            .filter_map(|name| Network::try_from(name).ok())
            .collect()
    };
    written.cloned().unwrap_or_else(default)
}

impl TryFrom<&str> for AdminAddress {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        let here = |said: String| said.replace("\"0.0.0.0:", "\"127.0.0.1:");
        ListenAddress::try_from(text).map(Self).map_err(here)
    }
}

impl fmt::Display for AdminAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn own_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ListenAddress>, D::Error> {
    AdminAddress::deserialize(deserializer).map(|address| Some(address.0))
}

impl TryFrom<&str> for AccessLog {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        match text.trim() {
            "stdout" => Ok(Self::Stdout),
            "off" => Ok(Self::Off),
            // Without the slash a slip such as `stdot` would quietly become a file of that name.
            path if path.contains("://") => Err(format!(
                "`{path}` is a URL, and the access log is a file: write \"stdout\", \"off\", or a path with a slash, \"./access.log\""
            )),
            path if path.contains('/') => Ok(Self::File(PathBuf::from(path))),
            "-" | "console" => Err("standard output has a name here: write \"stdout\"".to_owned()),
            "stderr" => Err("the access log does not go to standard error: write \"stdout\", \"off\", or a path with a slash, \"./access.log\"".to_owned()),
            "none" | "false" | "no" => Err("there is one word for no access log: write \"off\"".to_owned()),
            other if other.contains(".log") => Err(format!("`{other}` could be a slip for a word: write \"./{other}\"")),
            other => Err(format!(
                "`{other}` is not a place for the access log: write \"stdout\", \"off\", or a path with a slash, \"./access.log\""
            )),
        }
    }
}

impl fmt::Display for AccessLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("stdout"),
            Self::Off => f.write_str("off"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_for_this_machine_unless_said_otherwise() {
        let readers = Admin::default().metrics_readers();
        assert_eq!(readers.len(), 1);
        assert_eq!(readers[0].name, "loopback");
        assert_eq!(Admin::default().operators(), readers);
    }

    #[test]
    fn the_access_log_is_a_word_or_a_path() {
        let place = |text| AccessLog::try_from(text);
        assert_eq!(place("off"), Ok(AccessLog::Off));
        assert_eq!(
            place("/var/log/a.log"),
            Ok(AccessLog::File("/var/log/a.log".into()))
        );
        assert!(place("stdot").is_err());
    }
}
