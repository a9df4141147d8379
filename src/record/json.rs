//! JSON of a record, read by stricter rules than JSON's own: each key once, and an object where this
//! program writes one.

use std::fmt;

use serde::de::{DeserializeOwned, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Number, Value};

/// The record in a text; or what is wrong with it, with the key and, as far as it is known, line and column.
pub(super) fn read<T: DeserializeOwned + Serialize>(text: &[u8]) -> Result<T, String> {
    let record: T = serde_json::from_slice(text).map_err(|e| e.to_string())?;
    let Unique(given) = serde_json::from_slice(text).map_err(|e| e.to_string())?;
    let written = serde_json::to_value(&record).map_err(|e| e.to_string())?;
    match other_kind(&given, &written, String::new()) {
        None => Ok(record),
        Some(place) => Err(format!("{place} is a list, where a record has its keys by name")),
    }
}

/// The first place where a list stands for an object: serde takes its values in the order of the fields.
fn other_kind(given: &Value, written: &Value, place: String) -> Option<String> {
    match (given, written) {
        (Value::Array(_), Value::Object(_)) if place.is_empty() => Some("it".into()),
        (Value::Array(_), Value::Object(_)) => Some(format!("`{place}`")),
        (Value::Array(given), Value::Array(written)) => given
            .iter()
            .zip(written)
            .enumerate()
            .find_map(|(index, (given, written))| other_kind(given, written, format!("{place}[{index}]"))),
        (Value::Object(given), Value::Object(written)) => given.iter().find_map(|(key, given)| {
            let place = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
            other_kind(given, written.get(key)?, place)
        }),
        _ => None,
    }
}

/// Any JSON whose objects have each key once.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyKind).map(Unique)
    }
}

struct AnyKind;

impl<'de> Visitor<'de> for AnyKind {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Unique(value)) = values.next_element()? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = fields.next_key::<String>()? {
            if object.contains_key(&key) {
                return Err(A::Error::custom(format!("the key `{key}` is there twice")));
            }
            let Unique(value) = fields.next_value()?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}
