//! `[gateway]` and `[required_secrets.NAME]`: the process as a whole. What belongs to one listener,
//! one upstream or one route stands in its own table.

use std::fmt;
use std::num::NonZeroU16;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

use super::defaults;
use super::max_memory::MaxMemory;
use super::request_buffer::Spill;
use super::units::Period;

/// `[gateway]`
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gateway {
    /// What kind of place this is. `"production"` (or `"prod"`) turns the production checks from
    /// warnings into refusals to start. Default `"development"`.
    pub environment: String,
    /// How many worker threads serve traffic: `"auto"` (one per CPU of the quota) or a number.
    pub workers: Workers,
    /// What `;parameters` of path segments (`/login.jsp;jsessionid=1A`) are to the application. `"keep"`: part of the name, so a
    /// path that leads to another route without them is refused. `"ignore"`: nothing, as to servlets, so routes are matched
    /// without them; the path is forwarded as received either way. Default `"keep"`.
    pub path_parameters: PathParameters,
    /// How long requests in flight may take to finish after TERM. Default `"8s"`.
    pub drain: Period,
    /// The most bytes that the process holds: `"auto"` (60 % of the control group's limit, else half of the machine's memory)
    /// or a size. From 85 % of it on idle connections are closed, connections that hold more than 64 KiB are not read, and
    /// after a second the largest are reset, fifty a second at most; at it they are reset at once, and new connections are
    /// answered 503. Default `"auto"`.
    pub max_memory: MaxMemory,
    /// Where `request_buffer` keeps what is too large for memory.
    pub spill: Spill,
}

/// What `;parameters` of path segments are to the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PathParameters {
    /// Part of a segment's name.
    #[default]
    Keep,
    /// Nothing that tells pages apart.
    Ignore,
}

/// How many worker threads serve traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workers {
    /// One per CPU the process may use.
    Auto,
    /// So many.
    Count(NonZeroU16),
}

/// `[required_secrets.NAME]`: an environment variable that must be set. The gateway only checks that
/// it is there, for the application beside it; the value is never used and never shown.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RequiredSecret {
    /// The least number of bytes the value may have. Default 1: set and not empty.
    pub min_length: usize,
}

impl Gateway {
    /// Whether the production checks refuse to start instead of warning.
    pub fn production(&self) -> bool {
        let environment = self.environment.trim();
        environment.eq_ignore_ascii_case("production") || environment.eq_ignore_ascii_case("prod")
    }
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            environment: defaults::ENVIRONMENT.to_owned(),
            workers: Workers::Auto,
            path_parameters: PathParameters::Keep,
            drain: defaults::DRAIN,
            max_memory: MaxMemory::Auto,
            spill: Spill::default(),
        }
    }
}

impl Default for RequiredSecret {
    fn default() -> Self {
        Self {
            min_length: defaults::SECRET_MIN_LENGTH,
        }
    }
}

impl<'de> Deserialize<'de> for Workers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WorkersVisitor)
    }
}

struct WorkersVisitor;

impl Visitor<'_> for WorkersVisitor {
    type Value = Workers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`\"auto\"` or a number of threads")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Workers, E> {
        if word.trim() == "auto" {
            return Ok(Workers::Auto);
        }
        // A number that came from the environment is a string.
        word.trim().parse().map(Workers::Count).map_err(|_| {
            E::custom(format!(
                "`{word}` is not a number of workers: write \"auto\" or 1 to 65535"
            ))
        })
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Workers, E> {
        u16::try_from(number)
            .ok()
            .and_then(NonZeroU16::new)
            .map(Workers::Count)
            .ok_or_else(|| {
                E::custom(format!(
                    "`{number}` is not a number of workers: write \"auto\" or 1 to 65535"
                ))
            })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn in_environment(environment: &str) -> Gateway {
        Gateway {
            environment: environment.to_owned(),
            ..Gateway::default()
        }
    }

    #[test]
    fn production_is_known_in_any_case_and_in_short() {
        assert!(in_environment("production").production());
        assert!(in_environment("Prod").production());
        assert!(!in_environment("staging").production());
        assert!(!Gateway::default().production());
    }

    #[test]
    fn workers_are_auto_or_a_number_that_is_not_zero() {
        let read = |text: &str| toml::from_str::<Gateway>(text).map(|g| g.workers);
        assert_eq!(read("workers = \"auto\"").unwrap(), Workers::Auto);
        assert_eq!(
            read("workers = 4").unwrap(),
            Workers::Count(NonZeroU16::new(4).unwrap())
        );
        assert_eq!(
            read("workers = \"4\"").unwrap(),
            Workers::Count(NonZeroU16::new(4).unwrap())
        );
        assert!(read("workers = 0").is_err());
        assert!(read("workers = \"many\"").is_err());
    }
}
