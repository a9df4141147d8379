//! Parameters as a definition has them.

use anyhow::Result;
use serde::Deserialize;

use crate::fault::nearest;
use crate::method::{Param, ParamKind};
use crate::model::ParamValue;
use crate::spelling::Scalar;
use crate::usage;

/// A parameter, whose kind is that of its default: a whole number has a range, a choice has its words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameter {
    help: String,
    default: Scalar,
    min: Option<u64>,
    max: Option<u64>,
    choices: Option<Vec<String>>,
}

impl Parameter {
    /// As the catalogue lists it, under this name.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`], naming the parameter, the key, the rule and the next step.
    pub(super) fn check(&self, name: &str) -> Result<Param> {
        let kind = match (&self.default.0, self.min, self.max, &self.choices) {
            (ParamValue::Int(default), Some(min), Some(max), None) => {
                if !(min..=max).contains(default) {
                    return Err(usage!(
                        "params.{name}: default = {default} is out of its range, min = {min} to max = {max}"
                    ));
                }
                ParamKind::Integer { range: min..=max, default: (*default).into() }
            }
            (ParamValue::Flag(default), None, None, None) => ParamKind::Flag { default: *default },
            (ParamValue::Choice(default), None, None, Some(words)) => {
                check_words(name, words)?;
                if !words.contains(default) {
                    return Err(usage!(
                        "params.{name}: default = \"{default}\" is none of its choices{}",
                        nearest(default, words.iter().map(String::as_str))
                    ));
                }
                ParamKind::Choice { words: words.clone(), default: default.clone() }
            }
            (ParamValue::Int(_), ..) => {
                return Err(usage!(
                    "params.{name}: its default is a whole number, and such a parameter has `min` and `max`, and no `choices`"
                ));
            }
            (ParamValue::Flag(_), ..) => {
                return Err(usage!(
                    "params.{name}: its default is true or false, and such a parameter has neither `min` and `max` nor `choices`; leave them out"
                ));
            }
            (ParamValue::Choice(_), ..) => {
                return Err(usage!(
                    "params.{name}: its default is a text, and such a parameter has `choices`, all the texts that it may be, and neither `min` nor `max`"
                ));
            }
        };
        Ok(Param { name: name.into(), help: self.help.clone(), kind })
    }
}

/// Refuses choices that could not stand in a case's id.
fn check_words(name: &str, words: &[String]) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.+-".contains(c);
    match words.iter().find(|word| word.is_empty() || !word.chars().all(plain)) {
        Some(word) => Err(usage!(
            "params.{name}: the choice \"{word}\" cannot stand in a case's id: it is made of letters, digits and _ . + -"
        )),
        None => Ok(()),
    }
}
