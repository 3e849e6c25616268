//! `"off"` or a value. `false`, `0` and `"none"` are not other spellings of off: a limit of 0 lets
//! nothing through in one program and everything in the next, so it has to be said in words.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};

use super::Switch;

impl<T> Switch<T> {
    /// The value, if it is not switched off.
    pub fn as_ref(&self) -> Option<&T> {
        match self {
            Self::Off => None,
            Self::On(value) => Some(value),
        }
    }
}

impl<T: Copy> Switch<T> {
    /// The value, if it is not switched off.
    pub fn get(self) -> Option<T> {
        match self {
            Self::Off => None,
            Self::On(value) => Some(value),
        }
    }
}

impl<T: fmt::Display> fmt::Display for Switch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::On(value) => value.fmt(f),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Switch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SwitchVisitor(PhantomData))
    }
}

struct SwitchVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for SwitchVisitor<T> {
    type Value = Switch<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or \"off\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Switch<T>, E> {
        match text.trim() {
            "off" => Ok(Switch::Off),
            other => {
                let value = T::deserialize(other.into_deserializer());
                let value = value.or_else(|fault: E| number_in_string(other).ok_or(fault));
                match value {
                    Err(_) if looks_like_off(other) => Err(not_off(other)),
                    value => value.map(Switch::On),
                }
            }
        }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Switch<T>, E> {
        if number == 0 {
            return Err(not_off("0"));
        }
        T::deserialize(number.into_deserializer()).map(Switch::On)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Switch<T>, E> {
        Err(not_off(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Switch<T>, A::Error> {
        T::deserialize(SeqAccessDeserializer::new(list)).map(Switch::On)
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Switch<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(table)).map(Switch::On)
    }
}

/// A number that came from the environment is a string: `max_inflight = "${CAP:-200}"`.
fn number_in_string<'de, T: Deserialize<'de>>(text: &str) -> Option<T> {
    let number: i64 = text.parse().ok().filter(|number| *number != 0)?;
    let number: serde::de::value::I64Deserializer<serde::de::value::Error> = number.into_deserializer();
    T::deserialize(number).ok()
}

fn looks_like_off(text: &str) -> bool {
    let words = [
        "off",
        "none",
        "no",
        "never",
        "false",
        "disabled",
        "unlimited",
        "0",
    ];
    words.iter().any(|word| text.eq_ignore_ascii_case(word))
}

fn not_off<E: Error>(text: impl fmt::Display) -> E {
    E::custom(format!(
        "`{text}` is ambiguous here: write \"off\" to switch it off, or a value"
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use std::time::Duration;

    use serde::Deserialize;

    use super::*;
    use crate::policy::units::{Period, Size};

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Table {
        number: Option<Switch<u32>>,
        size: Option<Switch<Size>>,
        period: Option<Switch<Period>>,
        words: Option<Switch<Vec<String>>>,
    }

    fn read(text: &str) -> Result<Table, String> {
        toml::from_str(text).map_err(|fault| fault.message().to_owned())
    }

    #[test]
    fn off_switches_off_whatever_the_value_would_be() {
        let table = read("number = \"off\"\nsize = \"off\"\nperiod = \"off\"\nwords = \"off\"").unwrap();
        assert_eq!(table.number, Some(Switch::Off));
        assert_eq!(table.size, Some(Switch::Off));
        assert_eq!(table.period, Some(Switch::Off));
        assert_eq!(table.words, Some(Switch::Off));
    }

    #[test]
    fn a_value_is_read_by_its_own_type() {
        let table = read("number = 7\nsize = \"1KiB\"\nperiod = \"2s\"\nwords = [\"'self'\"]").unwrap();
        assert_eq!(table.number, Some(Switch::On(7)));
        assert_eq!(table.size, Some(Switch::On(Size(1024))));
        assert_eq!(table.period, Some(Switch::On(Period(Duration::from_secs(2)))));
        assert_eq!(table.words, Some(Switch::On(vec!["'self'".to_owned()])));
    }

    #[test]
    fn a_number_may_come_as_a_string() {
        assert_eq!(read("number = \"200\"").unwrap().number, Some(Switch::On(200)));
        assert!(read("number = \"many\"").is_err());
        assert!(read("number = \"-1\"").is_err());
    }

    #[test]
    fn other_ways_to_say_off_are_refused_with_the_right_one() {
        for text in [
            "number = 0",
            "number = \"0\"",
            "number = false",
            "period = \"none\"",
            "size = \"OFF\"",
        ] {
            assert!(read(text).unwrap_err().contains("write \"off\""), "{text}");
        }
    }

    #[test]
    fn a_bare_number_where_a_unit_belongs_is_told_its_unit() {
        assert_eq!(
            read("period = 15").unwrap_err(),
            "`15` has no unit: write \"15s\""
        );
    }
}
