//! Settings that change how a session writes and reads values, as PostgreSQL has them before anybody
//! changes them. A role, a database or a server may have others; what is asked for plainly is answered
//! in the same form everywhere.

use anyhow::{Context, Result};

use super::{Connector, Settings};
use crate::pg_error::describe;

/// Names and values: PostgreSQL's own defaults (PostgreSQL manual, Server Configuration), which are
/// there in every version that this program loads into and which anybody may set. By
/// `client_min_messages` a session is warned of rows that COPY passes over.
const PLAIN: [(&str, &str); 15] = [
    ("DateStyle", "ISO,MDY"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("array_nulls", "on"),
    ("backslash_quote", "safe_encoding"),
    ("bytea_output", "hex"),
    ("client_min_messages", "notice"),
    ("extra_float_digits", "1"),
    ("lc_monetary", "C"),
    ("lc_numeric", "C"),
    ("quote_all_identifiers", "off"),
    ("standard_conforming_strings", "on"),
    ("transform_null_equals", "off"),
    ("xmlbinary", "base64"),
    ("xmloption", "content"),
];

/// A connector whose sessions write and read values by PostgreSQL's defaults, and say what they say in
/// English where the role may ask for that; programs that take their connection from libpq's
/// environment do so too.
///
/// # Errors
/// When there is no connection, or the server cannot be asked what the role may do.
pub(crate) fn plain(connector: &Connector) -> Result<Connector> {
    let mut settings: Settings = PLAIN.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let mut session = connector.connect()?;
    let version: i32 = session
        .query_one("SELECT current_setting('server_version_num')::integer", &[])
        .and_then(|row| row.try_get(0))
        .map_err(describe)
        .context("asking the server for its version")?;
    let may = match version {
        150_000.. => "SELECT has_parameter_privilege('lc_messages', 'SET')",
        _ => "SELECT current_setting('is_superuser') = 'on'",
    };
    let may: bool = session
        .query_one(may, &[])
        .and_then(|row| row.try_get(0))
        .map_err(describe)
        .context("asking the server whether its messages may be had in English")?;
    if may {
        settings.insert("lc_messages".into(), "C".into());
    }
    Ok(connector.with_settings(&settings))
}
