//! One UPDATE for several rows, which come as a VALUES list.

use anyhow::{Context, Result, ensure};
use postgres::Statement;
use postgres::types::Type;

use super::rows::{JOBS, jobs_param};
use super::{KeyColumn, common, key_of, same_key, shares, updated};
use crate::dataset::Column;
use crate::method::tools::batch::{Batch, Binds, Bound, MAX_BINDS, bind_type};
use crate::method::tools::feed::Feed;
use crate::method::tools::jobs::side_by_side;
use crate::method::{Extent, Info, Load, Method, Param, PhaseClock};
use crate::model::{ParamValue, Params, Phase};
use crate::pg_error::describe;
use crate::server::Session;
use crate::sql::quote;
use crate::table::Table;
use crate::usage;

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
            in_parts: true,
            // Key and value of each row are bound.
            params: vec![Param::integer("batch", "rows a statement", 1..=MAX_BINDS / 2, 100), jobs_param()],
            ..common().named(
                "update-batch-values",
                "one prepared UPDATE ... FROM (VALUES ...) for several rows, a commit each",
            )
        },
    }
}

fn update_sql(table: &Table, key: &[KeyColumn], column: &Column, rows: u64) -> String {
    let bound: Vec<&Column> = key.iter().map(|key| &key.column).chain([column]).collect();
    // The server does not ask where values go that stand in a list of their own.
    let cast = |column: &Column| match column.codec().bind_type() {
        Some(_) => String::new(),
        None => format!("::{}", column.kind.sql()),
    };
    let casts: Vec<String> = bound.iter().map(|column| cast(column)).collect();
    let values: Vec<String> = (0..rows)
        .map(|row| {
            let first = row * bound.len() as u64 + 1;
            let row = (first..).zip(&casts).map(|(number, cast)| format!("${number}{cast}"));
            format!("({})", row.collect::<Vec<_>>().join(","))
        })
        .collect();
    let names: Vec<String> = bound.iter().map(|column| quote(&column.name)).collect();
    let column = quote(&column.name);
    format!(
        "UPDATE {} AS t SET {column} = v.{column} FROM (VALUES {}) AS v ({}) WHERE {}",
        table.sql_name(),
        values.join(","),
        names.join(", "),
        same_key(key, "v")
    )
}

fn prepare(
    session: &mut Session,
    table: &Table,
    key: &[KeyColumn],
    column: &Column,
    rows: u64,
) -> Result<Statement> {
    let of_row: Vec<Type> = key.iter().map(|key| &key.column).chain([column]).map(bind_type).collect();
    let types: Vec<Type> = (0..rows).flat_map(|_| of_row.iter().cloned()).collect();
    session
        .prepare_typed(&update_sql(table, key, column, rows), &types)
        .map_err(describe)
        .with_context(|| format!("preparing an UPDATE of {rows} rows"))
}

/// Updates the rows of a share.
fn update(session: &mut Session, feed: &mut Feed<'_>, table: &Table) -> Result<()> {
    let (place, column) = updated(table)?;
    let key = key_of(table)?;
    let width = table.columns.len();
    let (mut batch, mut binds) = (Batch::default(), Binds::default());
    let mut prepared: Option<(u64, Statement)> = None;
    while let Some(rows) = feed.fill(&mut batch)? {
        let count = batch.rows();
        let statement = match &prepared {
            Some((of, statement)) if *of == count => statement,
            _ => &prepared.insert((count, prepare(session, table, &key, column, count)?)).1,
        };
        let cells: Vec<Bound<'_>> = batch.values().collect();
        let mut values = Vec::with_capacity(count as usize * (key.len() + 1));
        for (number, row) in rows.keys()?.zip(cells.chunks(width)) {
            let of_place = |place: usize| row.get(place).map(|Bound(value)| *value);
            for key in &key {
                values.push(Bound(key.value(number, of_place)?));
            }
            values.push(row[place]);
        }
        let changed = binds
            .with(values.into_iter(), |binds| session.execute(statement, binds))
            .map_err(describe)
            .with_context(|| format!("updating {rows}"))?;
        ensure!(changed == count, "updating {rows}: the table holds {changed} of these keys");
        feed.confirm();
    }
    Ok(())
}

impl Method for UpdateBatchValues {
    fn info(&self) -> &Info {
        &self.info
    }

    fn check(&self, params: &Params, table: &Table) -> Result<()> {
        let batch = params.get("batch").and_then(ParamValue::number).unwrap_or(1);
        let of_row = table.key_columns().len() as u64 + 1;
        if batch * of_row > MAX_BINDS {
            return Err(usage!(
                "batch = {batch} of {} binds {} parameters, {of_row} a row; a statement can bind {MAX_BINDS}, so the largest batch for this table is {}",
                self.info.id,
                batch * of_row,
                MAX_BINDS / of_row
            ));
        }
        Ok(())
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

    #[test]
    fn keys_and_values_take_turns() {
        let table = Table::votes(&votes());
        assert_eq!(
            update_sql(&table, &key_of(&table).unwrap(), table.updated_column().unwrap(), 2),
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
                (2, 1000),
                &table,
            )
        };
        assert_eq!(with(32_767).unwrap()["batch"], ParamValue::Int(32_767));
        let text = with(32_768).unwrap_err().to_string();
        assert!(text.contains("rows a statement") && text.contains("may be 1 to 32767"), "{text}");
    }
}
