//! Words and values of the model as files spell them.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::model::{ParamValue, Word};

/// A word that serde writes and reads by its name, as a value or as a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Named<W>(pub W);

impl<W: Word> Serialize for Named<W> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name())
    }
}

impl<'de, W: Word> Deserialize<'de> for Named<W> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOf<W>(PhantomData<W>);
        impl<W: Word> Visitor<'_> for OneOf<W> {
            type Value = Named<W>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let words: Vec<String> = W::WORDS.iter().map(|word| format!("`{}`", word.name())).collect();
                write!(f, "one of {}", words.join(", "))
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<Named<W>, E> {
                W::named(name).map(Named).ok_or_else(|| E::invalid_value(de::Unexpected::Str(name), &self))
            }
        }
        deserializer.deserialize_str(OneOf(PhantomData))
    }
}

/// The value of a parameter: a number, true or false, or a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scalar(pub ParamValue);

impl Serialize for Scalar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            ParamValue::Int(number) => serializer.serialize_u64(*number),
            ParamValue::Flag(set) => serializer.serialize_bool(*set),
            ParamValue::Choice(word) => serializer.serialize_str(word),
        }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfAnyKind;
        impl Visitor<'_> for OfAnyKind {
            type Value = Scalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number from 0, true, false, or a text")
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Scalar, E> {
                Ok(Scalar(ParamValue::Int(value)))
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Scalar, E> {
                match u64::try_from(value) {
                    Ok(number) => self.visit_u64(number),
                    Err(_) => Err(E::invalid_value(de::Unexpected::Signed(value), &self)),
                }
            }
            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar(ParamValue::Flag(value)))
            }
            fn visit_str<E: de::Error>(self, value: &str) -> Result<Scalar, E> {
                Ok(Scalar(ParamValue::Choice(value.to_owned())))
            }
        }
        deserializer.deserialize_any(OfAnyKind)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::Phase;

    #[test]
    fn a_word_is_written_and_read_by_its_name() {
        let times = BTreeMap::from([(Named(Phase::SetLogged), 7)]);
        let text = serde_json::to_string(&times).unwrap();
        assert_eq!(text, "{\"set-logged\":7}");
        assert_eq!(serde_json::from_str::<BTreeMap<Named<Phase>, u64>>(&text).unwrap(), times);
        let error = serde_json::from_str::<Named<Phase>>("\"laod\"").unwrap_err().to_string();
        assert!(error.contains("\"laod\"") && error.contains("one of `prepare`, `load`"), "{error}");
    }

    #[test]
    fn a_parameter_keeps_its_kind() {
        for (text, value) in [
            ("7", ParamValue::Int(7)),
            ("true", ParamValue::Flag(true)),
            ("\"direct\"", ParamValue::Choice("direct".into())),
        ] {
            assert_eq!(serde_json::from_str::<Scalar>(text).unwrap(), Scalar(value.clone()));
            assert_eq!(serde_json::to_string(&Scalar(value)).unwrap(), text);
        }
        assert!(serde_json::from_str::<Scalar>("-1").unwrap_err().to_string().contains("from 0"));
    }
}
