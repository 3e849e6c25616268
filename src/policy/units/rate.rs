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
            return Err(match super::text::whole(text) {
                Some(count) => format!("`{text}` has no window: write \"{count}/minute\""),
                None => format!("`{text}` is not a rate: write \"100/minute\" or \"100/60s\""),
            });
        };
        let count = super::text::whole(count.trim())
            .and_then(|count| u32::try_from(count).ok())
            .filter(|count| *count > 0)
            .ok_or_else(|| {
                format!(
                    "`{}` is not a number of requests: write a whole one, at least 1: \"100/minute\"",
                    count.trim()
                )
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
