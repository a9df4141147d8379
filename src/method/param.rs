//! Parameters of methods: what they may be, and what they are where nobody says.

use std::ops::RangeInclusive;

use crate::fault::nearest;
use crate::model::ParamValue;

/// A parameter of a method.
#[derive(Debug, Clone)]
pub struct Param {
    /// Its name in experiments and case ids.
    pub name: String,
    /// Its meaning, with its unit.
    pub help: String,
    /// Its kind and range.
    pub kind: ParamKind,
}

/// The kind of a parameter: its possible values, and its default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParamKind {
    /// A whole number.
    Integer {
        /// The smallest and the largest value allowed.
        range: RangeInclusive<u64>,
        /// Its value where none is given.
        default: ParamDefault,
    },
    /// Set or not.
    Flag {
        /// Whether it is set where nothing is given.
        default: bool,
    },
    /// One of several words.
    Choice {
        /// All of them.
        words: Vec<String>,
        /// The default.
        default: String,
    },
}

/// The default of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamDefault {
    /// Always this.
    Fixed(u64),
    /// The processors of this machine, as far as they are in range.
    Cores,
    /// This, or more where there are many rows, as the method says ([`crate::method::Method::defaults_for`]).
    AtLeast(u64),
}

impl From<u64> for ParamDefault {
    fn from(value: u64) -> Self {
        Self::Fixed(value)
    }
}

impl Param {
    /// A whole number within `range`.
    pub(crate) fn integer(
        name: &str,
        help: &str,
        range: RangeInclusive<u64>,
        default: impl Into<ParamDefault>,
    ) -> Self {
        let kind = ParamKind::Integer { range, default: default.into() };
        Self { name: name.into(), help: help.into(), kind }
    }

    /// A flag, which is not set by default.
    pub(crate) fn flag(name: &str, help: &str) -> Self {
        Self { name: name.into(), help: help.into(), kind: ParamKind::Flag { default: false } }
    }

    /// One of these words; the first is the default.
    pub(crate) fn choice(name: &str, help: &str, words: &[&str]) -> Self {
        let default = words.first().copied().unwrap_or_default().to_owned();
        let words = words.iter().copied().map(String::from).collect();
        Self { name: name.into(), help: help.into(), kind: ParamKind::Choice { words, default } }
    }

    /// Its possible values, in words: `1 to 64`, `true or false`, `direct or buffered`.
    pub(crate) fn allowed(&self) -> String {
        match &self.kind {
            ParamKind::Integer { range, .. } => format!("{} to {}", range.start(), range.end()),
            ParamKind::Flag { .. } => "true or false".into(),
            ParamKind::Choice { words, .. } => match words.as_slice() {
                [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
                words => words.concat(),
            },
        }
    }

    /// Its default, in words.
    pub(crate) fn default_words(&self) -> String {
        match &self.kind {
            ParamKind::Integer { default: ParamDefault::Fixed(number), .. } => number.to_string(),
            ParamKind::Integer { default: ParamDefault::Cores, .. } => "the cores".into(),
            ParamKind::Integer { default: ParamDefault::AtLeast(least), .. } => {
                format!("{least}, more for many rows,")
            }
            ParamKind::Flag { default } => default.to_string(),
            ParamKind::Choice { default, .. } => default.clone(),
        }
    }

    /// Its value where nothing is given, on a machine of so many processors.
    pub(super) fn default_value(&self, cores: u64) -> ParamValue {
        match &self.kind {
            ParamKind::Integer { range, default } => ParamValue::Int(match default {
                ParamDefault::Fixed(number) | ParamDefault::AtLeast(number) => *number,
                ParamDefault::Cores => cores.clamp(*range.start(), *range.end()),
            }),
            ParamKind::Flag { default } => ParamValue::Flag(*default),
            ParamKind::Choice { default, .. } => ParamValue::Choice(default.clone()),
        }
    }

    /// Converts a given value to this kind.
    ///
    /// # Errors
    /// The fault of the value, in words that stand between the value and what it may be.
    pub(super) fn taken(&self, given: &ParamValue) -> Result<ParamValue, String> {
        match &self.kind {
            ParamKind::Integer { range, .. } => match given {
                ParamValue::Int(number) if range.contains(number) => Ok(given.clone()),
                ParamValue::Int(_) => Err("is out of range:".into()),
                ParamValue::Flag(_) => Err("is not a whole number:".into()),
                // What experiments have in place of numbers is filled in by now.
                ParamValue::Choice(_) => Err("is neither a whole number nor \"1..2*cores\":".into()),
            },
            ParamKind::Flag { .. } => match given.flag() {
                Some(set) => Ok(ParamValue::Flag(set)),
                None => Err("is not a flag:".into()),
            },
            ParamKind::Choice { words, .. } => match given {
                ParamValue::Choice(word) if words.contains(word) => Ok(given.clone()),
                ParamValue::Choice(word) => {
                    let hint = nearest(word, words.iter().map(String::as_str));
                    let end = if hint.is_empty() { ":" } else { "" };
                    Err(format!("is none of its words{hint}{end}"))
                }
                ParamValue::Int(_) | ParamValue::Flag(_) => Err("is none of its words:".into()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(param: &Param, given: ParamValue) -> String {
        param.taken(&given).unwrap_err()
    }

    #[test]
    fn a_value_has_to_be_of_the_parameter_s_kind() {
        let word = |word: &str| ParamValue::Choice(word.into());
        let jobs = Param::integer("jobs", "connections", 1..=64, ParamDefault::Cores);
        assert_eq!(jobs.taken(&ParamValue::Int(64)), Ok(ParamValue::Int(64)));
        assert_eq!(error(&jobs, ParamValue::Int(65)), "is out of range:");
        assert_eq!(error(&jobs, ParamValue::Flag(true)), "is not a whole number:");
        assert_eq!(error(&jobs, word("many")), "is neither a whole number nor \"1..2*cores\":");
        assert_eq!(jobs.default_value(100), ParamValue::Int(64));

        let freeze = Param::flag("freeze", "rows arrive frozen");
        for (given, set) in [(ParamValue::Int(0), false), (ParamValue::Int(1), true)] {
            assert_eq!(freeze.taken(&given), Ok(ParamValue::Flag(set)));
        }
        assert_eq!(freeze.taken(&ParamValue::Flag(true)), Ok(ParamValue::Flag(true)));
        assert_eq!(error(&freeze, ParamValue::Int(2)), "is not a flag:");
        assert_eq!(error(&freeze, word("yes")), "is not a flag:");

        let words = ["direct", "buffered", "parallel"].map(String::from).into();
        let mode = Param { kind: ParamKind::Choice { words, default: "direct".into() }, ..freeze };
        assert_eq!(mode.taken(&word("buffered")), Ok(word("buffered")));
        assert_eq!(error(&mode, word("bufered")), "is none of its words; did you mean `buffered`?");
        assert_eq!(error(&mode, ParamValue::Int(1)), "is none of its words:");
        assert_eq!(mode.allowed(), "direct, buffered or parallel");
    }
}
