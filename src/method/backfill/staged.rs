//! All new values by COPY into a temporary table, and from there by one statement.

use std::fmt::Write;

use anyhow::{Context, Result};
use bytes::{BufMut, BytesMut};

use super::{common, key_of, same_key, updated};
use crate::dataset::{Column, Spelled, Value, push_escaped};
use crate::method::staging::{Kind, Staging};
use crate::method::tools::stream::{CopyStream, MESSAGE_BYTES};
use crate::method::{Info, Load, Method, Need, PhaseClock, committed, lacks};
use crate::model::{Encoding, Params, Phase};
use crate::sql::quote;
use crate::table::Table;

/// COPY of (key, value) in the text format, made of the rows on the way, into a temporary table;
/// then one statement that joins it.
///
/// There is no ANALYZE of the temporary table: the planner takes its row count from its size, and
/// that keys are unique from the other table, so both statements have the same plan with and
/// without (PostgreSQL 15: a hash join of two scans).
///
/// Timed: CREATE TABLE and COPY of the temporary table (prepare), the statement and DROP TABLE in
/// one transaction (load), COMMIT. Durable; a crash before the COMMIT leaves all rows stale.
pub(crate) struct UpdateStaged {
    info: Info,
    statement: Statement,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Statement {
    Update,
    Merge,
}

/// `update-staged`: UPDATE ... FROM.
pub(crate) fn update_staged() -> UpdateStaged {
    UpdateStaged {
        info: Info {
            source: "PostgreSQL manual, UPDATE, FROM; common practice".into(),
            ..common().named(
                "update-staged",
                "COPY of keys and values into a temporary table, then UPDATE ... FROM it",
            )
        },
        statement: Statement::Update,
    }
}

/// `update-merge`: MERGE, which PostgreSQL has since 15.
pub(crate) fn update_merge() -> UpdateStaged {
    UpdateStaged {
        info: Info {
            source: "PostgreSQL manual, MERGE".into(),
            needs: vec![Need::Version(15)],
            ..common().named("update-merge", "COPY of keys and values into a temporary table, then MERGE")
        },
        statement: Statement::Merge,
    }
}

impl Statement {
    fn sql(self, table: &Table, staging: &Staging) -> Result<String> {
        let (_, column) = updated(table)?;
        let (column, same) = (quote(&column.name), same_key(&key_of(table)?, "s"));
        let (table, staging) = (table.sql_name(), staging.name());
        Ok(match self {
            Statement::Update => {
                format!("UPDATE {table} AS t SET {column} = s.{column} FROM {staging} AS s WHERE {same}")
            }
            Statement::Merge => format!(
                "MERGE INTO {table} AS t USING {staging} AS s ON {same} \
                 WHEN MATCHED THEN UPDATE SET {column} = s.{column}"
            ),
        })
    }
}

/// A field of the temporary table in the text format of COPY, and the byte that ends it.
fn push_field(out: &mut BytesMut, value: Value<'_>, end: u8) -> Result<()> {
    match value.spelled() {
        Spelled::Null => out.put_slice(b"\\N"),
        Spelled::Bool(value) => write!(out, "{value}")?,
        Spelled::Number(value) => write!(out, "{value}")?,
        Spelled::Text(text) => push_escaped(out, text),
    }
    out.put_u8(end);
    Ok(())
}

/// The temporary table of keys and new values of a column.
fn staging(table: &Table, column: &Column) -> Staging {
    if table.surrogate().is_some() {
        let values = Table { columns: vec![column.clone()], ..table.clone() };
        return Staging::like(&values, Kind::Temporary).with_key("integer");
    }
    let columns = table.key_columns().into_iter().chain([column.clone()]).collect();
    Staging::like(&Table { columns, ..table.clone() }, Kind::Temporary)
}

impl Method for UpdateStaged {
    fn info(&self) -> &Info {
        &self.info
    }

    fn lacks(&self, _params: &Params, table: &Table) -> Option<String> {
        (self.statement == Statement::Merge).then(|| lacks::no_rules(table)).flatten()
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let (place, column) = updated(load.table)?;
        let key = key_of(load.table)?;
        let staging = staging(load.table, column);
        let copy = format!("COPY {} FROM STDIN WITH (FORMAT text)", staging.name());
        let update = self.statement.sql(load.table, &staging)?;
        let chunk = load.dataset.first(Encoding::Csv, load.rows)?;
        let mut reader = load.dataset.reader_of(chunk)?;
        let mut stream = CopyStream::connect(load.connector)?;

        clock.time(Phase::Prepare, || {
            stream.run(&staging.create())?;
            let mut keys = 1..=i32::MAX;
            stream.copy_from(&copy, Encoding::Text, load.rows, |message| {
                while message.len() < MESSAGE_BYTES
                    && let Some(row) = reader.next_row()?
                {
                    let number = keys.next().context("there are more rows than a serial has keys")?;
                    for key in &key {
                        let value = key.value(number, |place| Some(row.value(place)))?;
                        push_field(message, value, b'\t').context("encoding a row")?;
                    }
                    push_field(message, row.value(place), b'\n').context("encoding a row")?;
                }
                Ok(())
            })
        })?;
        committed(&mut stream, clock, |stream| {
            stream.run(&update)?;
            stream.run(&staging.drop())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::columns::votes;

    #[test]
    fn rows_are_encoded_as_copy_reads_them() {
        let mut out = BytesMut::new();
        for (value, end) in [
            (Value::Int4(i32::MAX), b'\t'),
            (Value::Text("a\tb\\"), b'\n'),
            (Value::Null, b'\t'),
            (Value::Int8(i64::MIN), b'\n'),
        ] {
            push_field(&mut out, value, end).unwrap();
        }
        assert_eq!(&out[..], b"2147483647\ta\\tb\\\\\n\\N\t-9223372036854775808\n");
    }

    #[test]
    fn both_statements_join_by_the_key() {
        let table = Table::votes(&votes());
        let staging = Staging::like(&table, Kind::Temporary);
        assert_eq!(
            Statement::Update.sql(&table, &staging).unwrap(),
            "UPDATE \"votes\" AS t SET \"score\" = s.\"score\" FROM \"pg_temp\".\"bulkbench_staging\" AS s \
             WHERE t.\"vote_id\" = s.\"vote_id\""
        );
        assert_eq!(
            Statement::Merge.sql(&table, &staging).unwrap(),
            "MERGE INTO \"votes\" AS t USING \"pg_temp\".\"bulkbench_staging\" AS s ON t.\"vote_id\" = s.\"vote_id\" \
             WHEN MATCHED THEN UPDATE SET \"score\" = s.\"score\""
        );
    }
}
