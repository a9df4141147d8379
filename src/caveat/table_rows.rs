//! The rows that a table holds, as bytes: a loader may have stored some that are no text.

use anyhow::{Context, Result};
use postgres::GenericClient;
use postgres::error::SqlState;
use postgres::types::{FromSql, Type};

use super::definition::Caveat;
use super::site::TABLE;
use crate::pg_error::describe;
use crate::sql::{Exec, quote};

/// The values of a row as PostgreSQL writes them in text, in UTF-8 as far as they are that; `None` is NULL.
pub(crate) type RowBytes = Vec<Option<Vec<u8>>>;

/// A value's bytes as they come. (The driver's own text checks them, and its `get` panics.)
struct Bytes(Vec<u8>);

impl<'a> FromSql<'a> for Bytes {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw.to_vec()))
    }

    fn accepts(of: &Type) -> bool {
        *of == Type::TEXT
    }
}

/// The table's rows, in an order that does not depend on the load's. Leaves the connection in
/// another encoding where the server cannot convert what the table holds.
///
/// # Errors
/// The server's error.
pub(crate) fn rows(client: &mut impl GenericClient, caveat: &Caveat) -> Result<Vec<RowBytes>> {
    let columns: Vec<String> = caveat.columns.iter().map(|c| format!("{}::text", quote(&c.name))).collect();
    let sql = format!("SELECT {} FROM {TABLE}", columns.join(", "));
    // Sent as they are where client and server have the same encoding; else the server converts or
    // checks them, and fails at those that are none of its encoding's.
    let rows = match client.query(&sql, &[]) {
        Err(error) if is_about_encoding(&error) => {
            client.run("SET client_encoding = 'SQL_ASCII'")?;
            client.query(&sql, &[])
        }
        answered => answered,
    };
    let rows = rows.map_err(describe).with_context(|| format!("running: {sql}"))?;
    let value = |row: &postgres::Row, column| -> Result<Option<Vec<u8>>> {
        let value: Option<Bytes> = row.try_get(column).map_err(describe)?;
        Ok(value.map(|bytes| bytes.0))
    };
    let held = rows.iter().map(|row| (0..row.len()).map(|column| value(row, column)).collect());
    let mut held: Vec<RowBytes> = held.collect::<Result<_>>()?;
    held.sort();
    Ok(held)
}

fn is_about_encoding(error: &postgres::Error) -> bool {
    matches!(error.code(), Some(&SqlState::CHARACTER_NOT_IN_REPERTOIRE | &SqlState::UNTRANSLATABLE_CHARACTER))
}

/// Bytes as a record has them: text as it is; of bytes that are not UTF-8 each as `\xNN`, and then each
/// backslash as two.
pub(crate) fn shown(bytes: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    let mut shown = String::new();
    for chunk in bytes.utf8_chunks() {
        shown.push_str(&chunk.valid().replace('\\', "\\\\"));
        chunk.invalid().iter().for_each(|byte| shown.push_str(&format!("\\x{byte:02x}")));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_can_be_seen() {
        assert_eq!(shown("café \\".as_bytes()), "café \\");
        assert_eq!(shown(b"caf\xe9 \\x41\n"), "caf\\xe9 \\\\x41\n");
        assert_eq!(shown(b"\xe2\x82"), "\\xe2\\x82");
    }
}
