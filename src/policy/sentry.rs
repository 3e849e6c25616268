//! `[sentry]`: where crash reports and sampled timings go. What may stand in a report is no setting: it
//! is fixed in the program, and nothing here can make it carry more.

use std::fmt;
use std::num::NonZeroU32;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

use super::defaults;

/// `[sentry]`
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sentry {
    /// `false` switches it off whatever the DSN says; in production that is the only way to do without.
    /// Default true, which does nothing without a `dsn`.
    pub enabled: bool,
    /// The project's DSN: `"${SENTRY_DSN:-}"`. Default `""`: nothing is sent. Required in production.
    pub dsn: String,
    /// What reports call this place. Default: `gateway.environment`.
    pub environment: Option<String>,
    /// What reports call this version. Default: the environment variable `SENTRY_RELEASE`, else
    /// `portcullis@` and the gateway's version.
    pub release: Option<String>,
    /// The share of requests whose timing is sent, 0 to 1, picked by request id. Default 0.1.
    pub traces_sample_rate: Share,
    /// Crash reports a minute at most, all kinds together; the rest is counted. Default 60.
    pub events_per_minute: NonZeroU32,
}

/// A share of the whole: 0 is none, 1 is all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share(pub f64);

impl Default for Sentry {
    fn default() -> Self {
        Self {
            enabled: true,
            dsn: String::new(),
            environment: None,
            release: None,
            traces_sample_rate: Share(defaults::TRACES_SAMPLE_RATE),
            events_per_minute: defaults::EVENTS_PER_MINUTE,
        }
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShareVisitor)
    }
}

struct ShareVisitor;

impl Visitor<'_> for ShareVisitor {
    type Value = Share;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number from 0 to 1")
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Share, E> {
        if (0.0..=1.0).contains(&number) {
            Ok(Share(number))
        } else {
            Err(no_share(number))
        }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Share, E> {
        match number {
            0 => Ok(Share(0.0)),
            1 => Ok(Share(1.0)),
            _ => Err(no_share(number)),
        }
    }

    /// A number that came from the environment is a string.
    fn visit_str<E: Error>(self, text: &str) -> Result<Share, E> {
        match text.trim().parse() {
            Ok(number) => self.visit_f64(number),
            Err(_) => Err(no_share(text)),
        }
    }
}

fn no_share<E: Error>(found: impl fmt::Display) -> E {
    let text = found.to_string();
    let percents = text
        .strip_suffix('%')
        .and_then(|number| number.trim().parse::<f64>().ok());
    if let Some(percents) = percents.filter(|percents| (0.0..=100.0).contains(percents)) {
        return E::custom(format!("`{text}` is no share: write {}", percents / 100.0));
    }
    E::custom(format!(
        "`{found}` is no share: write a number from 0 to 1, 0.1 for one in ten"
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn share(text: &str) -> Result<f64, String> {
        let read = toml::from_str::<Sentry>(&format!("traces_sample_rate = {text}"));
        read.map(|sentry| sentry.traces_sample_rate.0)
            .map_err(|fault| fault.message().to_owned())
    }

    #[test]
    fn a_share_is_from_none_to_all_written_in_any_way() {
        for (text, value) in [("0", 0.0), ("1", 1.0), ("0.25", 0.25), ("\"0.5\"", 0.5)] {
            assert!((share(text).unwrap() - value).abs() < f64::EPSILON, "{text}");
        }
    }

    #[test]
    fn what_is_no_share_is_told_how_to_be_one() {
        for text in ["-0.1", "1.01", "2", "nan", "inf", "\"\""] {
            assert!(share(text).unwrap_err().contains("from 0 to 1"), "{text}");
        }
        assert!(share("true").is_err());
    }

    #[test]
    fn per_cents_are_told_as_a_share() {
        assert!(share("\"10%\"").unwrap_err().ends_with("write 0.1"));
        assert!(share("\"110%\"").unwrap_err().contains("from 0 to 1"));
    }

    #[test]
    fn nothing_is_sent_unless_there_is_a_dsn() {
        let sentry = Sentry::default();
        assert!(sentry.enabled && sentry.dsn.is_empty());
        assert!(toml::from_str::<Sentry>("events_per_minute = 0").is_err());
    }
}
