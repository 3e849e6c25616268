//! Reading and showing a `Size`. Units of 1024 (`KiB`) and of 1000 (`kB`) are both known and never
//! mixed up; `K`, `M` and `Kb` are refused, since nobody agrees on what they mean.

use std::fmt;

use super::Size;

/// Every unit, smallest first within its kind; the first that divides a size shows it.
const UNITS: [(&str, u64); 8] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

impl TryFrom<&str> for Size {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (number, unit) = super::text::split_unit(text);
        let unit = unit.split(['/', ';']).next().unwrap_or_default();
        let Some(number) = super::text::whole(number) else {
            return Err(match part_of(number, unit) {
                Some(size) => format!("`{text}` is not a whole number: write \"{size}\""),
                None => {
                    format!(
                        "`{text}` is not a size: write a whole number and a unit, \"512KiB\" or \"10MiB\""
                    )
                }
            });
        };
        if unit.is_empty() {
            return Err(format!(
                "`{text}` has no unit: write \"{number}B\", or in KiB, MiB or GiB"
            ));
        }
        if let Some((_, rest)) = text.split_once(['/', ';']) {
            return Err(format!(
                "`{rest}` is too much here, a size is enough: write \"{number}{}\"",
                meant(unit)
            ));
        }
        let Some((_, bytes)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(format!(
                "`{unit}` is not a unit of size: write \"{number}{}\"",
                meant(unit)
            ));
        };
        number
            .checked_mul(*bytes)
            .map(Self)
            .ok_or_else(|| format!("`{text}` is more than can be counted: write a smaller size"))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, bytes): &&(&str, u64)| self.0 >= *bytes && self.0.is_multiple_of(*bytes);
        match UNITS.iter().find(fits) {
            Some((unit, bytes)) => write!(f, "{}{unit}", self.0 / bytes),
            None => write!(f, "{}B", self.0),
        }
    }
}

/// `1.5MiB` in whole numbers.
fn part_of(number: &str, unit: &str) -> Option<Size> {
    let number: f64 = number.parse().ok()?;
    let known = |name: &str| UNITS.iter().find(|(unit, _)| *unit == name);
    let (_, bytes) = known(unit).or_else(|| known(meant(unit)))?;
    #[expect(clippy::cast_precision_loss, reason = "a unit is a small number")]
    let bytes = number * *bytes as f64;
    let whole = (1.0..1e15).contains(&bytes) && bytes.fract() == 0.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole and in range"
    )]
    whole.then_some(Size(bytes as u64))
}

/// The unit most likely meant: what nginx calls `10m` is 10 MiB.
fn meant(unit: &str) -> &'static str {
    if let Some((known, _)) = UNITS.iter().find(|(known, _)| known.eq_ignore_ascii_case(unit)) {
        return known;
    }
    match unit.to_ascii_lowercase().chars().next() {
        Some('k') => "KiB",
        Some('m') => "MiB",
        Some('g') => "GiB",
        Some('t') => "TiB",
        _ => "B",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn units_of_1024_and_of_1000_are_both_known() {
        assert_eq!(Size::try_from("10KiB"), Ok(Size(10_240)));
        assert_eq!(Size::try_from("10kB"), Ok(Size(10_000)));
        assert_eq!(Size::try_from("1_000 B"), Ok(Size(1000)));
        assert_eq!(Size::try_from("0B"), Ok(Size(0)));
    }

    #[test]
    fn a_faulty_size_is_told_the_right_one() {
        let refused = |text| Size::try_from(text).unwrap_err();
        assert_eq!(
            refused("500"),
            "`500` has no unit: write \"500B\", or in KiB, MiB or GiB"
        );
        assert_eq!(refused("10m"), "`m` is not a unit of size: write \"10MiB\"");
        assert_eq!(refused("10mb"), "`mb` is not a unit of size: write \"10MB\"");
        assert_eq!(
            refused("10MB/s"),
            "`s` is too much here, a size is enough: write \"10MB\""
        );
        assert_eq!(
            refused("1.5MiB"),
            "`1.5MiB` is not a whole number: write \"1536KiB\""
        );
        assert!(refused("1.0000001MiB").starts_with("`1.0000001MiB` is not a size"));
        assert!(refused("-1B").starts_with("`-1B` is not a size"));
        assert!(refused("").starts_with("`` is not a size"));
        assert!(refused("99999999999TiB").contains("smaller"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_size_shown_reads_the_same(bytes: u64) {
            prop_assert_eq!(Size::try_from(Size(bytes).to_string().as_str()), Ok(Size(bytes)));
        }
    }
}
