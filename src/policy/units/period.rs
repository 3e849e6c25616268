//! Reading and showing a `Period`. One number and one unit; several parts (`"1h 30m"`) may follow one
//! another, the way `humantime` reads them.

use std::fmt;
use std::time::Duration;

use super::Period;

/// The longest period: ten years. Longer ones are slips, and sums with a clock must not overflow.
const LONGEST: Duration = Duration::from_hours(10 * 366 * 24);

impl TryFrom<&str> for Period {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(number) = super::text::whole(text) {
            return Err(no_unit(text, number));
        }
        if text == "off" {
            return Err("this cannot be switched off: write a time such as \"15s\"".to_owned());
        }
        // A month or a year of humantime is 30.44 or 365.25 days: nobody means that.
        if text.ends_with('M') || text.ends_with('y') || text.contains("month") || text.contains("year") {
            let remedy = match text {
                "1y" | "1year" | "1 year" => "write \"365d\"",
                _ => "write it in days, \"30d\" or \"365d\"",
            };
            return Err(format!("`{text}` depends on the calendar: {remedy}"));
        }
        let period = humantime::parse_duration(&text.replace('_', "")).map_err(|_| not_a_time(text))?;
        if period > LONGEST {
            return Err(format!("`{text}` is longer than ten years: write a shorter time"));
        }
        Ok(Self(period))
    }
}

/// A large number is milliseconds as likely as seconds.
fn no_unit(text: &str, number: u64) -> String {
    if number == 0 {
        format!("`{text}` has no unit: write a whole number and a unit, \"250ms\", \"15s\", \"5m\" or \"1h\"")
    } else if number < 100 {
        format!("`{text}` has no unit: write \"{number}s\"")
    } else {
        format!("`{text}` has no unit: write \"{number}s\" for seconds or \"{number}ms\" for milliseconds")
    }
}

/// Another case is as good as said right.
fn not_a_time(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let remedy = if lower != text && humantime::parse_duration(&lower).is_ok() {
        format!("write \"{lower}\"")
    } else {
        "write a whole number and a unit, \"250ms\", \"15s\", \"5m\", \"1h\" or \"1d\"".to_owned()
    };
    format!("`{text}` is not a time: {remedy}")
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, nanos) = (self.0.as_secs(), self.0.subsec_nanos());
        match (seconds, nanos) {
            (0, 0) => f.write_str("0s"),
            (_, 0) if seconds.is_multiple_of(86_400) => write!(f, "{}d", seconds / 86_400),
            (_, 0) if seconds.is_multiple_of(3600) => write!(f, "{}h", seconds / 3600),
            (_, 0) if seconds.is_multiple_of(60) => write!(f, "{}m", seconds / 60),
            (_, 0) => write!(f, "{seconds}s"),
            _ if nanos.is_multiple_of(1_000_000) => write!(f, "{}ms", self.0.as_millis()),
            _ if nanos.is_multiple_of(1_000) => write!(f, "{}us", self.0.as_micros()),
            _ => write!(f, "{}ns", self.0.as_nanos()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_unit_is_known() {
        let seconds = |text| Period::try_from(text).unwrap().0.as_secs_f64();
        assert!((seconds("250ms") - 0.25).abs() < 1e-9);
        assert!((seconds("15s") - 15.0).abs() < 1e-9);
        assert!((seconds("5m") - 300.0).abs() < 1e-9);
        assert!((seconds("1h 30m") - 5400.0).abs() < 1e-9);
        assert!((seconds("365d") - 365.0 * 86_400.0).abs() < 1e-9);
        assert!((seconds("1_000ms") - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_faulty_time_is_told_the_right_one() {
        let refused = |text| Period::try_from(text).unwrap_err();
        assert_eq!(refused("15"), "`15` has no unit: write \"15s\"");
        assert_eq!(refused("1_5"), "`1_5` has no unit: write \"15s\"");
        assert_eq!(refused("15S"), "`15S` is not a time: write \"15s\"");
        assert!(refused("500").ends_with("write \"500s\" for seconds or \"500ms\" for milliseconds"));
        assert!(refused("15 parsecs").starts_with("`15 parsecs` is not a time"));
        assert!(refused("-3s").starts_with("`-3s` is not a time"));
        assert!(refused("").starts_with("`` is not a time"));
        assert!(refused("1M").contains("calendar"));
        assert!(refused("5000d").contains("ten years"));
        assert!(refused("99999999999999999999s").starts_with('`'));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_period_shown_reads_the_same(millis in 0u64..=86_400_000) {
            let period = Period(Duration::from_millis(millis));
            prop_assert_eq!(Period::try_from(period.to_string().as_str()), Ok(period));
        }
    }
}
