//! Cases in shorthand: where a value is a list, there is a case for each of its values.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::Result;
use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

use super::case::ListedCase;
use crate::model::ParamValue;
use crate::units::memory_in_bytes;
use crate::usage;

/// A `[[case]]` of an experiment's file: one case, or one for each combination of the values that
/// are lists.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Grid {
    method: Values<String>,
    #[serde(default)]
    params: BTreeMap<String, Values<Given>>,
    #[serde(default)]
    settings: BTreeMap<String, Values<String>>,
    rows: Option<Values<u64>>,
    dataset: Option<Values<String>>,
    collation: Option<Values<String>>,
    latency_ms: Option<Values<u64>>,
    cpus: Option<Values<Cpus>>,
    memory: Option<Values<Memory>>,
    against: Option<String>,
    step: Option<String>,
    published_seconds: Option<f64>,
}

/// Processors that a server may use, or what stands for several numbers of them.
#[derive(Debug, Clone, PartialEq)]
enum Cpus {
    Number(u32),
    /// `"1..cores"`: from 1 to all that there are, see [`up_to`].
    UpToTheCores,
}

/// Bytes of memory that a server may use.
#[derive(Debug, Clone, PartialEq)]
struct Memory(u64);

/// The value of a parameter, or what stands for several.
#[derive(Debug, Clone, PartialEq)]
enum Given {
    Value(ParamValue),
    /// `"1..2*cores"`: from 1 to twice the machine's processors, see [`up_to`].
    UpToTwiceTheCores,
}

impl Grid {
    /// Its cases, methods outermost, for a machine with so many processors.
    ///
    /// # Errors
    /// An empty list; a published figure for more than one case.
    pub(super) fn cases(&self, cores: u64) -> Result<Vec<ListedCase>> {
        let mut cases: Vec<ListedCase> = self.method.0.iter().map(|method| ListedCase::new(method)).collect();
        vary(&mut cases, self.dataset.as_ref(), |case, v| case.key.axes.dataset = Some(v));
        vary(&mut cases, self.collation.as_ref(), |case, v| case.key.axes.collation = Some(v));
        for (name, values) in &self.settings {
            vary(&mut cases, Some(values), |case, v| {
                case.key.axes.settings.insert(name.clone(), v);
            });
        }
        vary(&mut cases, self.rows.as_ref(), |case, v| case.key.axes.rows = Some(v));
        vary(&mut cases, self.latency_ms.as_ref(), |case, v| case.key.axes.latency_ms = Some(v));
        let cpus = self.cpus.as_ref().map(|values| {
            let each = values.0.iter().flat_map(|value| match value {
                Cpus::Number(number) => vec![*number],
                Cpus::UpToTheCores => up_to(cores).into_iter().filter_map(|n| n.try_into().ok()).collect(),
            });
            Values(each.collect())
        });
        vary(&mut cases, cpus.as_ref(), |case, v| case.key.axes.limits.cpus = Some(v));
        vary(&mut cases, self.memory.as_ref(), |case, v| case.key.axes.limits.memory_bytes = Some(v.0));
        for (name, values) in &self.params {
            let values = values.0.iter().flat_map(|given| match given {
                Given::Value(value) => vec![value.clone()],
                Given::UpToTwiceTheCores => up_to(2 * cores).into_iter().map(ParamValue::Int).collect(),
            });
            vary(&mut cases, Some(&Values(values.collect())), |case, v| {
                case.key.params.insert(name.clone(), v);
            });
        }
        let method = self.method.0.join(", ");
        if cases.is_empty() {
            return Err(usage!(
                "a case of {method} has an empty list of values: name one, or leave the key out"
            ));
        }
        if self.published_seconds.is_some() && cases.len() > 1 {
            return Err(usage!(
                "published_seconds of {method} is one figure, and its lists make {} cases: give the case it belongs to an entry of its own",
                cases.len()
            ));
        }
        if self.step.is_some() && (self.against.is_none() || cases.len() > 1) {
            return Err(usage!(
                "step of {method} says what one case changes of another: name that other as `against`, and give the case an entry of its own"
            ));
        }
        for case in &mut cases {
            case.step.clone_from(&self.step);
            case.published_seconds = self.published_seconds;
            case.against.clone_from(&self.against);
        }
        Ok(cases)
    }
}

/// Each case once for each of the values.
fn vary<T: Clone>(cases: &mut Vec<ListedCase>, values: Option<&Values<T>>, set: impl Fn(&mut ListedCase, T)) {
    let Some(Values(values)) = values else { return };
    let varied = cases.iter().flat_map(|case| {
        values.iter().map(|value| {
            let mut case = case.clone();
            set(&mut case, value.clone());
            case
        })
    });
    *cases = varied.collect();
}

/// 1, 2, 3, 4, 6, 8, 12, 16 ... and `most`: close enough to see a curve, few enough to run on a
/// large machine.
fn up_to(most: u64) -> Vec<u64> {
    let powers = (0..63).map(|n| 1_u64 << n);
    let mut steps: Vec<u64> =
        powers.flat_map(|n| [n, n + n / 2]).take_while(|n| *n < most).chain([most]).collect();
    steps.dedup();
    steps
}

/// A value, or a list of them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Values<T>(pub(super) Vec<T>);

// Written out, as serde's untagged enums do not say what is wrong with a value.
impl<'de, T: FromValue> Deserialize<'de> for Values<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany<T>(std::marker::PhantomData<T>);
        impl<'de, T: FromValue> Visitor<'de> for OneOrMany<T> {
            type Value = Values<T>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                write!(f, "{} or a list of them", T::EXPECTED)
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Values<T>, E> {
                Ok(Values(vec![T::from_integer(value)?]))
            }
            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Values<T>, E> {
                Ok(Values(vec![T::from_flag(value)?]))
            }
            fn visit_str<E: de::Error>(self, value: &str) -> Result<Values<T>, E> {
                Ok(Values(vec![T::from_text(value)?]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Values<T>, A::Error> {
                let mut values = Vec::new();
                while let Some(Values(mut value)) = list.next_element::<Values<T>>()? {
                    values.append(&mut value);
                }
                Ok(Values(values))
            }
        }
        deserializer.deserialize_any(OneOrMany(std::marker::PhantomData))
    }
}

/// A type of values that TOML values are converted to.
trait FromValue: Sized {
    const EXPECTED: &'static str;

    fn from_integer<E: de::Error>(value: i64) -> Result<Self, E> {
        Err(E::invalid_type(de::Unexpected::Signed(value), &Self::EXPECTED))
    }
    fn from_flag<E: de::Error>(value: bool) -> Result<Self, E> {
        Err(E::invalid_type(de::Unexpected::Bool(value), &Self::EXPECTED))
    }
    fn from_text<E: de::Error>(value: &str) -> Result<Self, E> {
        Err(E::invalid_type(de::Unexpected::Str(value), &Self::EXPECTED))
    }
}

impl FromValue for String {
    const EXPECTED: &'static str = "a text";

    fn from_text<E: de::Error>(value: &str) -> Result<Self, E> {
        Ok(value.to_owned())
    }
}

impl FromValue for u64 {
    const EXPECTED: &'static str = "a whole number from 0";

    fn from_integer<E: de::Error>(value: i64) -> Result<Self, E> {
        u64::try_from(value).map_err(|_| E::invalid_value(de::Unexpected::Signed(value), &Self::EXPECTED))
    }
}

impl FromValue for Cpus {
    const EXPECTED: &'static str = "a whole number from 1, or \"1..cores\"";

    fn from_integer<E: de::Error>(value: i64) -> Result<Self, E> {
        match u32::try_from(value) {
            Ok(number @ 1..) => Ok(Cpus::Number(number)),
            _ => Err(E::invalid_value(de::Unexpected::Signed(value), &Self::EXPECTED)),
        }
    }
    fn from_text<E: de::Error>(value: &str) -> Result<Self, E> {
        match value {
            "1..cores" => Ok(Cpus::UpToTheCores),
            _ => Err(E::invalid_value(de::Unexpected::Str(value), &Self::EXPECTED)),
        }
    }
}

impl FromValue for Memory {
    const EXPECTED: &'static str = "a size in whole MB or GB, such as \"512MB\"";

    fn from_text<E: de::Error>(value: &str) -> Result<Self, E> {
        let bytes = memory_in_bytes(value);
        bytes.map(Memory).ok_or_else(|| E::invalid_value(de::Unexpected::Str(value), &Self::EXPECTED))
    }
}

impl FromValue for Given {
    const EXPECTED: &'static str = "a whole number from 0, true or false, or a word";

    fn from_integer<E: de::Error>(value: i64) -> Result<Self, E> {
        let number = u64::try_from(value)
            .map_err(|_| E::invalid_value(de::Unexpected::Signed(value), &Self::EXPECTED))?;
        Ok(Given::Value(ParamValue::Int(number)))
    }
    fn from_flag<E: de::Error>(value: bool) -> Result<Self, E> {
        Ok(Given::Value(ParamValue::Flag(value)))
    }
    fn from_text<E: de::Error>(value: &str) -> Result<Self, E> {
        Ok(match value {
            "1..2*cores" => Given::UpToTwiceTheCores,
            word => Given::Value(ParamValue::Choice(word.to_owned())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str, cores: u64) -> Vec<String> {
        toml::from_str::<Grid>(text).unwrap().cases(cores).unwrap().iter().map(ListedCase::id).collect()
    }

    #[test]
    fn a_list_makes_a_case_of_each_value() {
        assert_eq!(
            ids("method = ['a', 'b']\nparams = { batch = [1, 10] }\nlatency_ms = 5", 2),
            [
                "a batch=1 latency_ms=5",
                "a batch=10 latency_ms=5",
                "b batch=1 latency_ms=5",
                "b batch=10 latency_ms=5"
            ]
        );
        assert_eq!(ids("method = 'a'\nsettings = { wal_level = ['replica', 'minimal'] }", 2).len(), 2);
    }

    #[test]
    fn a_flag_is_the_same_case_however_it_is_written() {
        assert_eq!(
            ids("method = 'a'\nparams = { sorted = [true, false, 1] }", 2),
            ["a sorted=1", "a sorted=0", "a sorted=1"]
        );
        assert_eq!(
            ids("method = 'a'\nparams = { mode = ['direct', 'other'] }", 2),
            ["a mode=direct", "a mode=other"]
        );
    }

    #[test]
    fn processors_and_memory_of_the_server_are_lists_as_well() {
        assert_eq!(
            ids("method = 'a'\ncpus = '1..cores'\nmemory = ['512MB', '2GB']", 2),
            ["a cpus=1 memory=512MB", "a cpus=1 memory=2GB", "a cpus=2 memory=512MB", "a cpus=2 memory=2GB"]
        );
        assert_eq!(ids("method = 'a'\ncpus = [1, 4]", 2), ["a cpus=1", "a cpus=4"]);
        let error = |text: &str| toml::from_str::<Grid>(text).unwrap_err().to_string();
        assert!(error("method = 'a'\ncpus = 0").contains("a whole number from 1"));
        assert!(error("method = 'a'\ncpus = 'all'").contains("1..cores"));
        for size in ["'0MB'", "'1kB'", "'lots'", "512"] {
            assert!(error(&format!("method = 'a'\nmemory = {size}")).contains("such as"), "{size}");
        }
    }

    #[test]
    fn jobs_follow_the_cores() {
        assert_eq!(ids("method = 'a'\nparams = { jobs = '1..2*cores' }", 1), ["a jobs=1", "a jobs=2"]);
        assert_eq!(up_to(4), [1, 2, 3, 4]);
        assert_eq!(up_to(24), [1, 2, 3, 4, 6, 8, 12, 16, 24]);
    }

    #[test]
    fn a_wrong_value_is_named_with_what_is_expected() {
        let error = |text: &str| toml::from_str::<Grid>(text).unwrap_err().to_string();
        assert!(error("method = 'a'\nrows = -1").contains("a whole number from 0"));
        assert!(
            error("method = 'a'\nparams = { jobs = -1 }").contains("a whole number from 0, true or false")
        );
        assert!(error("method = 'a'\nparams = { jobs = 1.5 }").contains("or a word"));
        assert!(error("method = true").contains("a text"));
        assert!(error("method = 1").contains("a text"));
        let two = toml::from_str::<Grid>("method = ['a', 'b']\npublished_seconds = 1.0").unwrap();
        assert!(two.cases(1).unwrap_err().to_string().contains("2 cases"));
    }
}
