//! The settings under which what the server writes is compared as text.

use anyhow::{Context, Result};
use postgres::{GenericClient, Transaction};

use crate::pg_error::{describe, unless_refused};

/// Settings of a role or database that decide how the server writes names, values and expressions: what
/// is compared as text is read under these. A session may set all of them itself.
pub const FIXED: [(&str, &str); 8] = [
    ("quote_all_identifiers", "off"),
    ("standard_conforming_strings", "on"),
    ("array_nulls", "on"),
    ("bytea_output", "hex"),
    ("DateStyle", "ISO, YMD"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("extra_float_digits", "1"),
];

/// Reads under [`FIXED`], and leaves the session as it was.
///
/// # Errors
/// An error of the server or of `read`.
pub(crate) fn fixed<T>(
    client: &mut impl GenericClient,
    read: impl FnOnce(&mut Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let set: Vec<String> = FIXED.iter().map(set_local).collect();
    let mut transaction = client.transaction().map_err(describe)?;
    if unless_refused(fix(&mut transaction, &set.join("; ")))?.is_err() {
        // A transaction is over with its first error: of a server that lacks one of them, each is tried by itself.
        transaction.rollback().map_err(describe)?;
        let refused = refused(client)?;
        let taken = FIXED.iter().filter(|(name, _)| !refused.iter().any(|(other, _)| other == name));
        transaction = client.transaction().map_err(describe)?;
        fix(&mut transaction, &taken.map(set_local).collect::<Vec<_>>().join("; "))?;
    }
    let value = read(&mut transaction)?;
    transaction.commit().map_err(describe)?;
    Ok(value)
}

/// Those of [`FIXED`] that the server does not take, each with its words.
///
/// # Errors
/// The server's error, where it is another than that it refuses one.
pub(crate) fn refused(client: &mut impl GenericClient) -> Result<Vec<(&'static str, String)>> {
    let mut refused = Vec::new();
    for setting in &FIXED {
        let mut trial = client.transaction().map_err(describe)?;
        let tried = unless_refused(fix(&mut trial, &set_local(setting)))?;
        trial.rollback().map_err(describe)?;
        refused.extend(tried.err().map(|words| (setting.0, words)));
    }
    Ok(refused)
}

fn set_local((name, value): &(&str, &str)) -> String {
    format!("SET LOCAL {name} = '{value}'")
}

fn fix(transaction: &mut Transaction<'_>, set: &str) -> Result<()> {
    transaction.batch_execute(set).map_err(describe).context("fixing the session's settings")
}
