//! Parameters of methods: what they may be, and what they are where nobody says.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use anyhow::Result;

use super::way::Method;
use crate::fault::nearest;
use crate::table::Table;
use crate::usage;

/// Parameters with their values, defaults filled in.
pub type Params = BTreeMap<String, u64>;

/// A parameter of a method.
#[derive(Debug, Clone)]
pub struct Param {
    /// Its name in experiments and case ids.
    pub name: String,
    /// What it is, with its unit.
    pub help: String,
    /// Its value where an experiment names none.
    pub default: ParamDefault,
    /// The smallest value allowed.
    pub min: u64,
    /// The largest value allowed.
    pub max: u64,
}

/// Where a parameter's value comes from when an experiment names none.
#[derive(Debug, Clone)]
pub enum ParamDefault {
    /// Always this.
    Fixed(u64),
    /// The processors of this machine.
    Cores,
}

impl From<u64> for ParamDefault {
    fn from(value: u64) -> Self {
        Self::Fixed(value)
    }
}

impl Param {
    /// A whole number within `range`.
    pub fn integer(
        name: &str,
        help: &str,
        range: RangeInclusive<u64>,
        default: impl Into<ParamDefault>,
    ) -> Self {
        Self {
            name: name.into(),
            help: help.into(),
            default: default.into(),
            min: *range.start(),
            max: *range.end(),
        }
    }
}

/// Fills in a method's defaults and holds what was given against its parameters.
///
/// # Errors
/// A parameter that the method does not have (with the nearest), or a value out of range.
pub fn resolve_params(method: &dyn Method, given: &Params, cores: u64, table: &Table) -> Result<Params> {
    let info = method.info();
    for (name, value) in given {
        let Some(param) = info.params.iter().find(|p| p.name == *name) else {
            let known: Vec<&str> = info.params.iter().map(|p| p.name.as_str()).collect();
            return Err(usage!(
                "the method {} has no parameter `{name}`{}; it has: {}",
                info.id,
                nearest(name, known.iter().copied()),
                if known.is_empty() { "none".into() } else { known.join(", ") }
            ));
        };
        if !(param.min..=param.max).contains(value) {
            return Err(usage!(
                "{name} = {value} of {} is out of range: {} ({}) may be {} to {}",
                info.id,
                name,
                param.help,
                param.min,
                param.max
            ));
        }
    }
    let params = info
        .params
        .iter()
        .map(|p| {
            let default = match p.default {
                ParamDefault::Fixed(value) => value,
                ParamDefault::Cores => cores.clamp(p.min, p.max),
            };
            (p.name.clone(), given.get(&p.name).copied().unwrap_or(default))
        })
        .collect();
    method.check(&params, table)?;
    Ok(params)
}
