//! One UPDATE for several rows, which come as a VALUES list.

use anyhow::{Context, Result, ensure};
use postgres::Statement;
use postgres::types::Type;

use super::rows::{JOBS, jobs_param};
use super::{common, shares, updated};
use crate::dataset::{Column, Value};
use crate::method::tools::batch::{Batch, Binds, Bound, MAX_BINDS, bind_type};
use crate::method::tools::feed::Feed;
use crate::method::tools::jobs::side_by_side;
use crate::method::{Extent, Info, Load, Method, Param, PhaseClock};
use crate::model::Phase;
use crate::pg_error::describe;
use crate::server::Session;
use crate::sql::quote;
use crate::table::Table;

/// `UPDATE ... FROM (VALUES ($1,$2),($3,$4)...)` for `batch` rows at a time, prepared once, a commit
/// each; the rows that remain in the end have a statement of their own.
///
/// Timed: preparing the statement, all rows until the last job is done. Durable; a crash leaves
/// the batches updated whose commit was confirmed.
pub(crate) struct UpdateBatchValues {
    info: Info,
}

/// See [`UpdateBatchValues`].
pub(crate) fn update_batch_values() -> UpdateBatchValues {
    UpdateBatchValues {
        info: Info {
            source: "PostgreSQL manual, UPDATE, FROM, and VALUES".into(),
            extent: Extent::Budgeted,
            // Key and value of each row are bound.
            params: vec![Param::integer("batch", "rows a statement", 1..=MAX_BINDS / 2, 100), jobs_param()],
            ..common().named(
                "update-batch-values",
                "one prepared UPDATE ... FROM (VALUES ...) for several rows, a commit each",
            )
        },
    }
}

fn update_sql(table: &Table, column: &Column, rows: u64) -> String {
    let (key, column) = (quote(&table.key), quote(&column.name));
    let values: Vec<String> = (0..rows).map(|row| format!("(${},${})", 2 * row + 1, 2 * row + 2)).collect();
    format!(
        "UPDATE {} AS t SET {column} = v.{column} FROM (VALUES {}) AS v ({key}, {column}) WHERE t.{key} = v.{key}",
        table.sql_name(),
        values.join(",")
    )
}

fn prepare(session: &mut Session, table: &Table, column: &Column, rows: u64) -> Result<Statement> {
    let value = bind_type(column)?;
    let types: Vec<Type> = (0..rows).flat_map(|_| [Type::INT4, value.clone()]).collect();
    session
        .prepare_typed(&update_sql(table, column, rows), &types)
        .map_err(describe)
        .with_context(|| format!("preparing an UPDATE of {rows} rows"))
}

/// Updates the rows of a share.
fn update(session: &mut Session, feed: &mut Feed<'_>, table: &Table) -> Result<()> {
    let (place, column) = updated(table)?;
    let (mut batch, mut binds) = (Batch::default(), Binds::default());
    let mut prepared: Option<(u64, Statement)> = None;
    while let Some(rows) = feed.fill(&mut batch)? {
        let count = batch.rows();
        let statement = match &prepared {
            Some((of, statement)) if *of == count => statement,
            _ => &prepared.insert((count, prepare(session, table, column, count)?)).1,
        };
        let values = rows.keys()?.zip(batch.column(place, table.columns.len()));
        let values = values.flat_map(|(key, value)| [Bound(Value::Int4(key)), value]);
        let changed = binds
            .with(values, |binds| session.execute(statement, binds))
            .map_err(describe)
            .with_context(|| format!("updating {rows}"))?;
        ensure!(changed == count, "updating {rows}: the table holds {changed} of these keys");
    }
    Ok(())
}

impl Method for UpdateBatchValues {
    fn info(&self) -> &Info {
        &self.info
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let mut shares = shares(load, load.integer(JOBS)?, load.integer("batch")?)?;

        clock.time(Phase::Load, || {
            side_by_side(shares.iter_mut().collect(), |(session, feed)| update(session, feed, load.table))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::columns::votes;
    use crate::method::resolve_params;
    use crate::model::{ParamValue, Params};

    #[test]
    fn keys_and_values_take_turns() {
        let table = Table::votes(&votes());
        assert_eq!(
            update_sql(&table, table.updated_column().unwrap(), 2),
            "UPDATE \"votes\" AS t SET \"score\" = v.\"score\" FROM (VALUES ($1,$2),($3,$4)) \
             AS v (\"vote_id\", \"score\") WHERE t.\"vote_id\" = v.\"vote_id\""
        );
    }

    #[test]
    fn a_batch_of_more_binds_than_the_protocol_counts_is_refused() {
        let table = Table::votes(&votes());
        let with = |batch| {
            resolve_params(
                &update_batch_values(),
                &Params::from([("batch".into(), ParamValue::Int(batch))]),
                2,
                &table,
            )
        };
        assert_eq!(with(32_767).unwrap()["batch"], ParamValue::Int(32_767));
        let text = with(32_768).unwrap_err().to_string();
        assert!(text.contains("rows a statement") && text.contains("may be 1 to 32767"), "{text}");
    }
}
