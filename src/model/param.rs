//! Values of a method's parameters.

use std::collections::BTreeMap;
use std::fmt;

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
    pub(crate) fn number(&self) -> Option<u64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Flag(set) => Some(u64::from(*set)),
            Self::Choice(_) => None,
        }
    }

    /// Whether the flag is set, also where it is written as 1 or 0; none for anything else.
    pub(crate) fn flag(&self) -> Option<bool> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_shown_as_a_number_and_taken_from_one() {
        let values = [ParamValue::Flag(true), ParamValue::Int(4), ParamValue::Choice("direct".into())];
        assert_eq!(values.each_ref().map(ParamValue::to_string), ["1", "4", "direct"]);
        assert_eq!(values.each_ref().map(ParamValue::flag), [Some(true), None, None]);
        assert_eq!(values.each_ref().map(ParamValue::number), [Some(1), Some(4), None]);
        assert_eq!(ParamValue::Int(0).flag(), Some(false));
    }
}
