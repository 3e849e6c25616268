//! How a value that can be wrong in itself is read from a string: once, for all such types, so that
//! each only has to say what it looks like and what is wrong with a text.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IntoDeserializer, SeqAccess, Visitor};

use crate::policy::remedy;

/// A value written as a string.
pub(in crate::policy) trait Text: for<'t> TryFrom<&'t str, Error = String> {
    /// What it looks like, for messages: `a time such as "15s"`.
    const LOOKS_LIKE: &'static str;
}

/// Makes a type with `TryFrom<&str>` and `Display` readable from a policy, and writable.
macro_rules! text_type {
    ($name:ty, $looks_like:literal) => {
        impl $crate::policy::units::Text for $name {
            const LOOKS_LIKE: &'static str = $looks_like;
        }

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                Self::try_from(text.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::policy::units::text::read(deserializer)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}
pub(in crate::policy) use text_type;

/// Reads a text type; a bare number gets the type's own words for a missing unit.
pub(in crate::policy) fn read<'de, T: Text, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_any(TextVisitor(PhantomData))
}

/// Reads a list, or one value that stands for a list of one.
pub(in crate::policy) fn one_or_many<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_any(OneOrMany(PhantomData))
}

struct TextVisitor<T>(PhantomData<T>);

impl<T: Text> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::LOOKS_LIKE)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        remedy::read(text, T::LOOKS_LIKE, |text| T::try_from(text)).map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }
}

struct OneOrMany<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMany<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a list of strings")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Vec<T>, E> {
        T::deserialize(text.into_deserializer()).map(|value| vec![value])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Vec<T>, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list))
    }
}

/// A text's leading number and what follows it.
pub(super) fn split_unit(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| c.is_ascii_alphabetic() || c == '%')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number.trim(), unit.trim())
}

/// A whole number; `_` may group its digits as TOML allows in its own.
pub(super) fn whole(text: &str) -> Option<u64> {
    let digits = |c: char| c.is_ascii_digit() || c == '_';
    if !text.starts_with(|c: char| c.is_ascii_digit()) || !text.chars().all(digits) {
        return None;
    }
    text.replace('_', "").parse().ok()
}
