//! The parameters that were given, checked against those of the method, and the rest filled in.

use anyhow::Result;

use super::method_trait::Method;
use crate::fault::nearest;
use crate::model::{ParamValue, Params};
use crate::table::Table;
use crate::usage;

/// Fills in a method's defaults, for a machine of so many processors and a load of so many rows, and holds what was given
/// against its parameters.
///
/// # Errors
/// A parameter that the method does not have (with the nearest), or a value that it may not have.
pub fn resolve_params(
    method: &dyn Method,
    given: &Params,
    (cores, rows): (u64, u64),
    table: &Table,
) -> Result<Params> {
    let info = method.info();
    let mut params = Params::new();
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
        let value = param.taken(value).map_err(|wrong| {
            usage!(
                "{name} = {} of {} {wrong} {name} ({}) may be {}",
                written(value),
                info.id,
                param.help,
                param.allowed()
            )
        })?;
        params.insert(name.clone(), value);
    }
    let mut defaults = method.defaults_for(table, rows);
    for param in &info.params {
        let default = || defaults.remove(&param.name).unwrap_or_else(|| param.default_value(cores));
        params.entry(param.name.clone()).or_insert_with(default);
    }
    // What a table of the user's own does not do is said of each case.
    if table.foundation.is_none() {
        method.check(&params, table)?;
    }
    Ok(params)
}

/// A value as a file of TOML has it.
fn written(value: &ParamValue) -> String {
    match value {
        ParamValue::Int(number) => number.to_string(),
        ParamValue::Flag(set) => set.to_string(),
        ParamValue::Choice(word) => format!("\"{word}\""),
    }
}
