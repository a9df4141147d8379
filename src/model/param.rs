//! Values of a method's parameters.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// The parameters of a case by their names.
pub type Params = BTreeMap<String, ParamValue>;

/// The value of a parameter. It is shown as case ids, tables and placeholders have it: a flag as 1 or 0.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ParamValue {
    /// A whole number.
    Int(u64),
    /// Set or not.
    Flag(bool),
    /// One of several words.
    Choice(String),
}

impl ParamValue {
    /// The number that it is, 1 or 0 for a flag; none for a word.
    pub fn number(&self) -> Option<u64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Flag(set) => Some(u64::from(*set)),
            Self::Choice(_) => None,
        }
    }

    /// Whether the flag is set, also where it is written as 1 or 0; none for anything else.
    pub fn flag(&self) -> Option<bool> {
        match self {
            Self::Flag(set) => Some(*set),
            Self::Int(0) => Some(false),
            Self::Int(1) => Some(true),
            Self::Int(_) | Self::Choice(_) => None,
        }
    }
}

impl fmt::Display for ParamValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(number) => write!(f, "{number}"),
            Self::Flag(set) => write!(f, "{}", u8::from(*set)),
            Self::Choice(word) => f.write_str(word),
        }
    }
}

// As records of version 1 have them: a flag is a number there, and read back as one.
impl Serialize for ParamValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Int(number) => serializer.serialize_u64(*number),
            Self::Flag(set) => serializer.serialize_u64(u64::from(*set)),
            Self::Choice(word) => serializer.serialize_str(word),
        }
    }
}

impl<'de> Deserialize<'de> for ParamValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Value;
        impl Visitor<'_> for Value {
            type Value = ParamValue;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a whole number from 0, true, false, or a text")
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<ParamValue, E> {
                Ok(ParamValue::Int(value))
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<ParamValue, E> {
                let number = u64::try_from(value);
                number
                    .map(ParamValue::Int)
                    .map_err(|_| E::invalid_value(de::Unexpected::Signed(value), &self))
            }
            fn visit_bool<E: de::Error>(self, value: bool) -> Result<ParamValue, E> {
                Ok(ParamValue::Flag(value))
            }
            fn visit_str<E: de::Error>(self, value: &str) -> Result<ParamValue, E> {
                Ok(ParamValue::Choice(value.to_owned()))
            }
        }
        deserializer.deserialize_any(Value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_written_as_a_number_and_shown_as_one() {
        let params: Params = [
            ("fast".to_owned(), ParamValue::Flag(true)),
            ("jobs".to_owned(), ParamValue::Int(4)),
            ("mode".to_owned(), ParamValue::Choice("direct".into())),
        ]
        .into();
        let text = serde_json::to_string(&params).unwrap();
        assert_eq!(text, r#"{"fast":1,"jobs":4,"mode":"direct"}"#);
        let back: Params = serde_json::from_str(&text).unwrap();
        assert_eq!((&back["fast"], back["fast"].flag()), (&ParamValue::Int(1), Some(true)));
        assert_eq!((&back["jobs"], back["jobs"].flag()), (&ParamValue::Int(4), None));
        assert_eq!(back["mode"], params["mode"]);
        let shown: Vec<String> = params.values().map(ParamValue::to_string).collect();
        assert_eq!(shown, ["1", "4", "direct"]);
        assert!(serde_json::from_str::<ParamValue>("-1").unwrap_err().to_string().contains("from 0"));
    }
}
