//! The tree as serde sees it. What was set aside as faulty is not there, and every fault is bound to
//! the node it arose at.

use std::collections::btree_map;
use std::slice;

use serde::de::{
    DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    Visitor,
};
use serde::forward_to_deserialize_any;

use super::fault::Fault;
use crate::policy::tree::{Entry, Node, Value};

/// A node being read.
pub(super) struct Reading<'de>(pub(super) &'de Node);

struct Items<'de>(slice::Iter<'de, Node>);

struct Entries<'de> {
    rest: btree_map::Iter<'de, String, Entry>,
    value: Option<&'de Node>,
}

impl<'de> Reading<'de> {
    /// A number may come as a string, since the environment knows nothing else.
    fn number<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault<'de>> {
        match &self.0.value {
            Value::Text(text) => match text.trim().parse() {
                Ok(number) => visitor
                    .visit_i64(number)
                    .map_err(|fault: Fault<'de>| fault.at(self.0)),
                Err(_) => self.deserialize_any(visitor),
            },
            _ => self.deserialize_any(visitor),
        }
    }
}

macro_rules! numbers {
    ($($name:ident)*) => {
        $(fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault<'de>> {
            self.number(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for Reading<'de> {
    type Error = Fault<'de>;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault<'de>> {
        let read = match &self.0.value {
            Value::Text(text) => visitor.visit_borrowed_str(text),
            Value::Integer(number) => visitor.visit_i64(*number),
            Value::Float(number) => visitor.visit_f64(*number),
            Value::Boolean(value) => visitor.visit_bool(*value),
            Value::Other(name) => Err(Fault::invalid_type(Unexpected::Other(name), &visitor)),
            Value::List(items) => visitor.visit_seq(Items(items.iter())),
            Value::Table(entries) => visitor.visit_map(Entries {
                rest: entries.iter(),
                value: None,
            }),
        };
        read.map_err(|fault| fault.at(self.0))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault<'de>> {
        match &self.0.value {
            Value::Text(text) if text.trim() == "true" => visitor.visit_bool(true),
            Value::Text(text) if text.trim() == "false" => visitor.visit_bool(false),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault<'de>> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault<'de>> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault<'de>> {
        match &self.0.value {
            Value::Text(word) => {
                let word: serde::de::value::StrDeserializer<'_, Fault<'de>> =
                    word.trim().into_deserializer();
                visitor.visit_enum(word).map_err(|fault| fault.at(self.0))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    /// serde would read a struct from a list as well, by the order of its fields.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault<'de>> {
        match &self.0.value {
            Value::List(_) => Err(Fault::invalid_type(Unexpected::Seq, &visitor).at(self.0)),
            _ => self.deserialize_any(visitor),
        }
    }

    numbers! {
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
    }

    forward_to_deserialize_any! {
        f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map
        identifier ignored_any
    }
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Fault<'de>;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault<'de>> {
        match self.0.find(|item| !item.broken.get()) {
            Some(item) => seed
                .deserialize(Reading(item))
                .map(Some)
                .map_err(|fault| fault.at(item)),
            None => Ok(None),
        }
    }
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Fault<'de>;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault<'de>> {
        let Some((key, entry)) = self.rest.find(|(_, entry)| !entry.node.broken.get()) else {
            return Ok(None);
        };
        self.value = Some(&entry.node);
        let key: serde::de::value::StrDeserializer<'_, Fault<'de>> =
            key.as_str().into_deserializer();
        seed.deserialize(key)
            .map(Some)
            .map_err(|fault| fault.at_key(entry))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, Fault<'de>> {
        match self.value.take() {
            Some(node) => seed
                .deserialize(Reading(node))
                .map_err(|fault| fault.at(node)),
            None => Err(Fault::custom("a value was asked for before its key")),
        }
    }
}
