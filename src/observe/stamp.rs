//! The timestamp of a log line: UTC, ISO 8601, microseconds, `Z`. The part down to the second is
//! formatted once a second. It is no clock: the time is always an argument.

use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The last second of the year 9999; a clock beyond is wrong, and the width must stay the same.
const LAST_SECOND: u64 = 253_402_300_799;

/// The last second written, and its text.
#[derive(Debug, Default)]
pub(super) struct Stamp {
    second: Option<u64>,
    text: [u8; 19],
}

impl Stamp {
    /// Appends `2026-11-21T04:08:00.123456Z`. A time before 1970 is written as 1970.
    pub(super) fn write(&mut self, out: &mut Vec<u8>, at: SystemTime) {
        let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        let second = since.as_secs().min(LAST_SECOND);
        if self.second != Some(second) {
            self.second = Some(second);
            self.text = to_the_second(second);
        }
        out.extend_from_slice(&self.text);
        out.push(b'.');
        write_digits::<6>(out, since.subsec_micros());
        out.push(b'Z');
    }
}

/// Appends a duration in milliseconds with three decimals: `12.345`.
pub(super) fn write_millis(out: &mut Vec<u8>, length: Duration) {
    let micros = u64::try_from(length.as_micros()).unwrap_or(u64::MAX);
    out.extend_from_slice(itoa::Buffer::new().format(micros / 1000).as_bytes());
    out.push(b'.');
    write_digits::<3>(out, (micros % 1000) as u32);
}

fn write_digits<const N: usize>(out: &mut Vec<u8>, mut number: u32) {
    let mut digits = [b'0'; N];
    for digit in digits.iter_mut().rev() {
        *digit += (number % 10) as u8;
        number /= 10;
    }
    out.extend_from_slice(&digits);
}

fn to_the_second(second: u64) -> [u8; 19] {
    let (year, month, day) = civil(second / 86_400);
    let (hour, minute, second) = (second / 3600 % 24, second / 60 % 60, second % 60);
    let mut text = [b'0'; 19];
    write!(
        text.as_mut_slice(),
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
    )
    .expect("a year of four digits makes nineteen bytes");
    text
}

/// Year, month and day of a count of days since 1970-01-01. Years are counted from March, so that the
/// leap day is the last of its year and a month's first day is a linear formula.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468; // since 0000-03-01
    let (era, day_of_era) = (days / 146_097, days % 146_097); // 400 years always have the same length
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn stamped(at: Duration) -> String {
        let mut out = Vec::new();
        Stamp::default().write(&mut out, UNIX_EPOCH + at);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn knows_leap_days_and_turns_of_years() {
        assert_eq!(stamped(Duration::ZERO), "1970-01-01T00:00:00.000000Z");
        assert_eq!(
            stamped(Duration::from_micros(951_782_400_000_007)),
            "2000-02-29T00:00:00.000007Z"
        );
        assert_eq!(
            stamped(Duration::from_secs(1_709_251_199)),
            "2024-02-29T23:59:59.000000Z"
        );
        assert_eq!(
            stamped(Duration::from_secs(1_798_761_599)),
            "2026-12-31T23:59:59.000000Z"
        );
        assert_eq!(
            stamped(Duration::from_micros(4_107_542_400_000_001)),
            "2100-03-01T00:00:00.000001Z"
        );
        assert_eq!(
            stamped(Duration::from_secs(LAST_SECOND + 9)),
            "9999-12-31T23:59:59.000000Z"
        );
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut before = civil(0);
        for day in 1..200_000 {
            let next = civil(day);
            let (year, month, dom) = before;
            assert!(
                next == (year, month, dom + 1) || next == (year, month + 1, 1) || next == (year + 1, 1, 1),
                "{next:?}"
            );
            before = next;
        }
        assert_eq!(civil(200_000), (2517, 8, 1));
    }

    #[test]
    fn a_new_second_is_formatted_anew() {
        let (mut stamp, mut out) = (Stamp::default(), Vec::new());
        stamp.write(&mut out, UNIX_EPOCH + Duration::from_millis(1500));
        stamp.write(&mut out, UNIX_EPOCH + Duration::from_millis(2250));
        assert_eq!(out, b"1970-01-01T00:00:01.500000Z1970-01-01T00:00:02.250000Z");
    }

    #[test]
    fn milliseconds_have_three_decimals() {
        let mut out = Vec::new();
        write_millis(&mut out, Duration::from_nanos(1_012_034_999));
        assert_eq!(out, b"1012.034");
    }
}
