//! The content of rows as the server makes it, where the client does not know what the values of some column mean.

use anyhow::{Context, Result};

use crate::dataset::Dataset;
use crate::dataset::summing;
use crate::method::copy::copy_from_stdin;
use crate::model::{Content, Encoding};
use crate::pg_error::describe;
use crate::runner::reset::copy_first;
use crate::server::{Connector, Session};
use crate::sql::Exec;
use crate::table::Table;
use crate::table::ddl::unlogged;
use crate::table::fixed::fixed;

/// The table of the rows, which is gone afterwards.
const REFERENCE: &str = "bulkbench_reference";

/// The content of the dataset's first rows, read by the server from the csv into a table of the same columns
/// without key, constraints and triggers.
///
/// # Errors
/// The server's error, for instance for a value that a column's type does not take.
pub(super) fn content(
    session: &mut Session,
    connector: &Connector,
    dataset: &Dataset,
    table: &Table,
    rows: u64,
) -> Result<Content> {
    let name = filled(session, connector, dataset, table, rows, None)?;
    let rule = table.absent.rule();
    let sum = summing::query(rule, &table.columns, None, &name);
    let text: String = fixed(&mut **session, |transaction| {
        Ok(transaction.query_one(&sum, &[]).map_err(describe).context("summing the rows")?.try_get(1)?)
    })?;
    session.run(&format!("DROP TABLE {name}"))?;
    let sum = text.parse().with_context(|| format!("the content sum {text} is not a number"))?;
    Ok(Content { rule, sum }.of_server())
}

/// A table of the dataset's first rows, read by the server from the csv, in place of any before; with a column of this
/// name that numbers them from 1, where there is one. To be dropped after use; gives its quoted name.
///
/// # Errors
/// As [`content`].
pub(super) fn filled(
    session: &mut Session,
    connector: &Connector,
    dataset: &Dataset,
    table: &Table,
    rows: u64,
    number: Option<&str>,
) -> Result<String> {
    let number = number.map(|number| format!("{number} bigserial"));
    let columns = table.columns.iter().map(|column| table.column_sql(column));
    let columns: Vec<String> = number.into_iter().chain(columns).collect();
    let name = table.beside(REFERENCE);
    session.run(&format!(
        "DROP TABLE IF EXISTS {name}; CREATE {}TABLE {name} ({})",
        unlogged(table.spare()),
        columns.join(", ")
    ))?;
    let reference = Table { name: REFERENCE.into(), ..table.clone() };
    copy_first(connector, &copy_from_stdin(&reference, Encoding::Csv), dataset, rows)?;
    Ok(name)
}
