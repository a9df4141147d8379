//! The settings under which what the server writes is compared as text.

use anyhow::{Context, Result};
use postgres::{GenericClient, Transaction};

use crate::pg_error::describe;

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
    let set: Vec<String> =
        FIXED.iter().map(|(name, value)| format!("SET LOCAL {name} = '{value}'")).collect();
    let mut transaction = client.transaction().map_err(describe)?;
    transaction.batch_execute(&set.join("; ")).map_err(describe).context("fixing the session's settings")?;
    let value = read(&mut transaction)?;
    transaction.commit().map_err(describe)?;
    Ok(value)
}
