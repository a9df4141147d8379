//! INSERT statements: one row or several each, a commit each or one for all.

use anyhow::{Context, Result};
use postgres::types::{ToSql, Type};

use crate::dataset::ColumnType;
use crate::method::batch::{Batch, Bound};
use crate::method::phases::run;
use crate::method::{
    Default, Extent, Family, Info, Load, Method, Param, Params, PhaseClock, Start, build_indexes,
};
use crate::pg_error::describe;
use crate::record::{Durability, Encoding, Phase};
use crate::table::{Layout, Persistence, Table};
use crate::usage;

/// Parameters that one statement can bind: the protocol counts them in 16 bits (PostgreSQL
/// manual, "Message Formats", Bind).
pub const MAX_BINDS: u64 = 65_535;

/// Rows between two looks at whether to stop.
const ROWS_BETWEEN_CHECKS: u64 = 64;

const INSERT: Info = Info {
    id: "",
    family: Family::Insert,
    summary: "",
    source: "Stack Overflow, How does COPY work and why is it so much faster than INSERT?",
    durability: Durability::Durable,
    start: Start::Empty(Persistence::Permanent),
    end: Persistence::Permanent,
    extent: Extent::Budgeted,
    input: Encoding::Csv,
    layout: Layout::Plain,
    needs: &[],
    params: &[],
};

/// `INSERT INTO "votes" (...) VALUES ($1,$2,$3),($4,$5,$6)...` for so many rows.
fn insert_sql(table: &Table, rows: usize) -> String {
    let width = table.columns.len();
    let mut sql = format!("INSERT INTO {} VALUES ", table.target());
    for row in 0..rows {
        let binds: Vec<String> = (1..=width).map(|i| format!("${}", row * width + i)).collect();
        sql.push_str(if row == 0 { "(" } else { ",(" });
        sql.push_str(&binds.join(","));
        sql.push(')');
    }
    sql
}

/// Who commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Commit {
    /// Every statement is a transaction of its own, and waits for the disk's flush.
    EachStatement,
    /// One transaction around all of them.
    Once,
}

/// One prepared statement, executed for each row and awaited before the next.
///
/// Timed: preparing the statement, all rows, COMMIT (where there is one for all), CREATE INDEX twice. Durable.
pub struct InsertRow {
    info: Info,
    commit: Commit,
}

/// `insert-row`: a commit each, which is bound by the disk's flushes.
pub static INSERT_ROW: InsertRow = InsertRow {
    info: Info { id: "insert-row", summary: "one prepared INSERT a row, a commit each", ..INSERT },
    commit: Commit::EachStatement,
};

/// `insert-row-transaction`: one transaction around all rows.
pub static INSERT_ROW_TRANSACTION: InsertRow = InsertRow {
    info: Info {
        id: "insert-row-transaction",
        summary: "one prepared INSERT a row, one transaction",
        ..INSERT
    },
    commit: Commit::Once,
};

impl Method for InsertRow {
    fn info(&self) -> &Info {
        &self.info
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let mut reader = load.dataset.reader()?;
        let mut session = load.connector().connect()?;
        let interrupt = load.connector().interrupt();

        clock.time(Phase::Load, || {
            if self.commit == Commit::Once {
                run(&mut *session, "BEGIN")?;
            }
            let statement = session.prepare(&insert_sql(load.table, 1)).map_err(describe)?;
            let mut done = 0;
            while done < load.rows {
                if done.is_multiple_of(ROWS_BETWEEN_CHECKS) {
                    interrupt.check()?;
                }
                let Some(row) = reader.next_row()? else { break };
                let values: Vec<Bound<'_>> = (0..row.len()).map(|i| Bound(row.value(i))).collect();
                let binds: Vec<&(dyn ToSql + Sync)> = values.iter().map(|v| v as _).collect();
                done += 1;
                session
                    .execute(&statement, &binds)
                    .map_err(describe)
                    .with_context(|| format!("inserting row {done}"))?;
            }
            Ok(())
        })?;
        if self.commit == Commit::Once {
            clock.time(Phase::Commit, || run(&mut *session, "COMMIT"))?;
        }
        build_indexes(load, clock, |sql| run(&mut *session, sql))
    }
}

/// `insert-multirow`: `batch` rows a statement by VALUES lists, with parameters bound and a
/// commit each. The statement is parsed anew each time, in one round trip, as a query builder
/// without prepared statements has it.
///
/// Timed: all statements, CREATE INDEX twice. Durable.
pub struct InsertMultirow {
    info: Info,
}

/// See [`InsertMultirow`].
pub static INSERT_MULTIROW: InsertMultirow = InsertMultirow {
    info: Info {
        id: "insert-multirow",
        summary: "one INSERT for several rows (VALUES lists), a commit each",
        params: &[Param {
            name: "batch",
            help: "rows a statement",
            default: Default::Fixed(100),
            min: 1,
            max: MAX_BINDS,
        }],
        ..INSERT
    },
};

impl Method for InsertMultirow {
    fn info(&self) -> &Info {
        &self.info
    }

    fn check(&self, params: &Params, table: &Table) -> Result<()> {
        let (batch, width) = (params["batch"], table.columns.len() as u64);
        if batch * width > MAX_BINDS {
            return Err(usage!(
                "batch = {batch} of insert-multirow binds {} parameters ({batch} rows of {width} columns); \
                 a statement can bind {MAX_BINDS}, so the largest batch for this table is {}",
                batch * width,
                MAX_BINDS / width
            ));
        }
        Ok(())
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let batch_rows = load.param("batch")?;
        let mut reader = load.dataset.reader()?;
        let mut session = load.connector().connect()?;
        let interrupt = load.connector().interrupt();
        let types: Vec<Type> = load.table.columns.iter().map(|c| bind_type(c.kind)).collect();
        let full = insert_sql(load.table, batch_rows as usize);

        clock.time(Phase::Load, || {
            let mut batch = Batch::default();
            let mut done = 0;
            while done < load.rows {
                interrupt.check()?;
                let mut held = 0;
                while held < batch_rows.min(load.rows - done) {
                    let Some(row) = reader.next_row()? else { break };
                    batch.push(&row);
                    held += 1;
                }
                if held == 0 {
                    break;
                }
                let values = batch.values();
                let binds: Vec<(&(dyn ToSql + Sync), Type)> =
                    values.iter().zip(types.iter().cycle()).map(|(v, t)| (v as _, t.clone())).collect();
                let short;
                let sql = if held == batch_rows {
                    &full
                } else {
                    short = insert_sql(load.table, held as usize);
                    &short
                };
                session
                    .execute_typed(sql, &binds)
                    .map_err(describe)
                    .with_context(|| format!("inserting rows {} to {}", done + 1, done + held))?;
                drop(binds);
                drop(values);
                batch.clear();
                done += held;
            }
            Ok(())
        })?;
        build_indexes(load, clock, |sql| run(&mut *session, sql))
    }
}

/// The type that a value of a column is bound as.
pub(crate) fn bind_type(kind: ColumnType) -> Type {
    match kind {
        ColumnType::Text => Type::TEXT,
        ColumnType::Int4 => Type::INT4,
        ColumnType::Int8 => Type::INT8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::columns::votes;
    use crate::method::resolve_params;

    #[test]
    fn values_lists_number_their_parameters_through() {
        assert_eq!(
            insert_sql(&Table::votes(&votes()), 2),
            "INSERT INTO \"votes\" (\"username\", \"link\", \"score\") VALUES ($1,$2,$3),($4,$5,$6)"
        );
    }

    #[test]
    fn a_batch_of_more_binds_than_the_protocol_counts_is_refused() {
        let table = Table::votes(&votes());
        let with =
            |batch| resolve_params(&INSERT_MULTIROW, &Params::from([("batch".into(), batch)]), 2, &table);
        assert_eq!(with(21_845).unwrap()["batch"], 21_845);
        let text = with(21_846).unwrap_err().to_string();
        assert!(
            text.contains("65538 parameters") && text.contains("largest batch for this table is 21845"),
            "{text}"
        );
        assert!(with(0).unwrap_err().to_string().contains("may be 1 to"));
    }
}
