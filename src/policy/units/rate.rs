//! Reading and showing a `Rate`: a count, a slash, and a unit or a period.

use std::fmt;
use std::time::Duration;

use super::{Period, Rate};

/// The longest window a rate may have: what is counted over longer is a quota, not a pace.
const LONGEST: Duration = Duration::from_hours(24);

impl TryFrom<&str> for Rate {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let Some((count, window)) = text.split_once('/') else {
            return Err(match (super::text::whole(text), in_words(text)) {
                (Some(count), _) => format!("`{text}` has no window: write \"{count}/minute\""),
                (None, Some(rate)) => format!("`{text}` is not a rate: write \"{rate}\""),
                (None, None) => format!("`{text}` is not a rate: write \"100/minute\" or \"100/60s\""),
            });
        };
        if let Some(said) = from_nginx(text) {
            return Err(said);
        }
        let count = super::text::whole(count.trim())
            .and_then(|count| u32::try_from(count).ok())
            .filter(|count| *count > 0)
            .ok_or_else(|| {
                let count = count.trim();
                match in_words(&format!("{count} {window}")) {
                    Some(rate) => format!("`{count}` is not a number of requests: write \"{rate}\""),
                    None => format!(
                        "`{count}` is not a number of requests: write a whole one, at least 1: \"100/minute\""
                    ),
                }
            })?;
        let per = window_of(window.trim())?;
        if per.is_zero() || per > LONGEST {
            return Err(format!(
                "`{}` is not a window for a rate: write more than nothing and at most \"1d\"",
                window.trim()
            ));
        }
        Ok(Self { count, per })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.per.as_secs(), self.per.subsec_nanos()) {
            (1, 0) => write!(f, "{}/second", self.count),
            (60, 0) => write!(f, "{}/minute", self.count),
            (3600, 0) => write!(f, "{}/hour", self.count),
            _ => write!(f, "{}/{}", self.count, Period(self.per)),
        }
    }
}

/// `100 per minute`, `10rps`, `100 requests minute`.
fn in_words(text: &str) -> Option<Rate> {
    let (count, unit) = super::text::split_unit(text);
    let count = super::text::whole(count).and_then(|count| u32::try_from(count).ok())?;
    let words = unit
        .split([' ', '/'])
        .map(str::trim)
        .filter(|word| !word.is_empty());
    let filler = [
        "per", "a", "an", "requests", "request", "req", "reqs", "every", "r",
    ];
    let mut words = words.filter(|word| !filler.contains(word));
    let (window, rest) = (words.next()?, words.next());
    let seconds = match window {
        "rps" | "qps" | "second" | "seconds" | "sec" | "s" => 1,
        "rpm" | "minute" | "minutes" | "min" | "m" => 60,
        "rph" | "hour" | "hours" | "h" => 3600,
        _ => return None,
    };
    let per = Duration::from_secs(seconds);
    (rest.is_none() && count > 0).then_some(Rate { count, per })
}

/// `10r/s`, `rate=10r/s burst=20 nodelay` and the like: what nginx's `burst=20` lets through at once is 21.
fn from_nginx(text: &str) -> Option<String> {
    let text = text.trim_end_matches(';');
    let (pace, burst) = match text.split_once("burst=") {
        Some((pace, burst)) => (pace.trim(), Some(burst)),
        None => (text, None),
    };
    let pace = pace.strip_prefix("rate=").unwrap_or(pace);
    let (count, window) = pace.split_once("r/")?;
    let window = match window {
        "s" => "second",
        "m" => "minute",
        _ => return None,
    };
    let count = super::text::whole(count)?;
    let burst = burst.map(|burst| burst.trim_end_matches("nodelay").trim().parse::<u32>());
    Some(match burst {
        None => format!("`{text}` is nginx's way to write a rate: write \"{count}/{window}\""),
        Some(Ok(burst)) => format!(
            "`{text}` is nginx's way to write a rate: write rate = \"{count}/{window}\" and burst = {}, which lets through as many at once",
            burst.saturating_add(1)
        ),
        Some(Err(_)) => return None,
    })
}

fn window_of(window: &str) -> Result<Duration, String> {
    let seconds = match window {
        "s" | "sec" | "second" => 1,
        "m" | "min" | "minute" => 60,
        "h" | "hour" => 3600,
        "d" | "day" => 86_400,
        other => {
            let period = Period::try_from(other);
            return period.map(|period| period.0).map_err(|_| {
                format!("`{other}` is not a window: write `second`, `minute`, `hour`, `day` or a time such as `60s`")
            });
        }
    };
    Ok(Duration::from_secs(seconds))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_a_word_or_a_time() {
        let rate = |text| Rate::try_from(text).map(|rate| (rate.count, rate.per.as_secs()));
        assert_eq!(rate("100/minute"), Ok((100, 60)));
        assert_eq!(rate("10/s"), Ok((10, 1)));
        assert_eq!(rate("1_000 / 1h"), Ok((1000, 3600)));
        assert_eq!(rate("100/60s"), Ok((100, 60)));
    }

    #[test]
    fn a_faulty_rate_is_told_the_right_one() {
        let refused = |text| Rate::try_from(text).unwrap_err();
        assert_eq!(refused("100"), "`100` has no window: write \"100/minute\"");
        assert!(refused("10r/s").ends_with("write \"10/second\""));
        assert!(refused("10r/s burst=20 nodelay").contains("write rate = \"10/second\" and burst = 21"));
        assert!(refused("100 per minute").ends_with("write \"100/minute\""));
        assert!(refused("10rps").ends_with("write \"10/second\""));
        assert!(refused("10 req/s").ends_with("write \"10/second\""));
        assert!(refused("fast").contains("\"100/minute\""));
        assert!(refused("0/minute").starts_with("`0` is not a number of requests"));
        assert!(refused("1.5/minute").starts_with("`1.5` is not a number"));
        assert!(refused("5/fortnight").starts_with("`fortnight` is not a window"));
        assert!(refused("5/0s").starts_with("`0s` is not a window"));
        assert!(refused("5/2d").starts_with("`2d` is not a window"));
    }

    #[test]
    fn a_rate_is_shown_as_it_is_best_written() {
        let shown = |text| Rate::try_from(text).unwrap().to_string();
        assert_eq!(shown("100/60s"), "100/minute");
        assert_eq!(shown("3/10s"), "3/10s");
    }
}
