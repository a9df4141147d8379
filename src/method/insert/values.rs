//! INSERT ... VALUES with each value bound: prepared once, or parsed anew each time.

use anyhow::Result;
use postgres::types::{ToSql, Type};

use super::{BATCH, Inserter};
use crate::method::Load;
use crate::method::tools::batch::{Batch, Binds, MAX_BINDS, bind_type, emptied};
use crate::method::tools::feed::{Committed, Feed};
use crate::model::{ParamValue, Params};
use crate::pg_error::describe;
use crate::server::Session;
use crate::sql::Exec;
use crate::table::Table;
use crate::usage;

/// Refuses a batch that binds more parameters than a statement can.
///
/// # Errors
/// [`crate::fault::Fault::Usage`], with the largest batch for this table.
pub(super) fn check_binds(id: &str, params: &Params, table: &Table) -> Result<()> {
    let width = table.columns.len() as u64;
    let batch = params.get(BATCH).and_then(ParamValue::number).unwrap_or(1);
    if batch * width > MAX_BINDS {
        return Err(usage!(
            "batch = {batch} of {id} binds {} parameters ({batch} rows of {width} columns); \
             a statement can bind {MAX_BINDS}, so the largest batch for this table is {}",
            batch * width,
            MAX_BINDS / width
        ));
    }
    Ok(())
}

/// `INSERT INTO "votes" (...) VALUES ($1,$2,$3),($4,$5,$6)...` for so many rows.
pub(super) fn insert_sql(table: &Table, rows: u64) -> String {
    let width = table.columns.len() as u64;
    let mut sql = format!("{} VALUES ", table.insert_into());
    for row in 0..rows {
        let binds: Vec<String> = (1..=width).map(|i| format!("${}", row * width + i)).collect();
        sql.push_str(if row == 0 { "(" } else { ",(" });
        sql.push_str(&binds.join(","));
        sql.push(')');
    }
    sql
}

/// A statement that is prepared once for full batches, and once more for the rest.
pub(super) struct Prepared {
    session: Session,
    table: Table,
    batch_rows: u64,
    full: String,
    binds: Binds,
    /// Statements between BEGIN and COMMIT; `None` leaves each to itself.
    commit_every: Option<u64>,
}

impl Prepared {
    /// Connects.
    pub(crate) fn connect(load: &Load<'_>, batch_rows: u64) -> Result<Self> {
        Ok(Self {
            session: load.connector.connect()?,
            table: load.table.clone(),
            batch_rows,
            full: insert_sql(load.table, batch_rows),
            binds: Binds::default(),
            commit_every: None,
        })
    }

    /// Puts so many statements into one transaction, by BEGIN and COMMIT around them.
    pub(crate) fn committing_every(self, statements: u64) -> Self {
        Self { commit_every: Some(statements), ..self }
    }
}

impl Inserter for Prepared {
    fn insert_all(&mut self, feed: &mut Feed<'_>) -> Result<()> {
        let Self { session, table, batch_rows, full, binds, commit_every } = self;
        let prepared = match feed.rows() >= *batch_rows {
            true => Some(session.prepare(full).map_err(describe)?),
            false => None,
        };
        let mut uncommitted = 0;
        feed.each_until(|batch| {
            if commit_every.is_some() && uncommitted == 0 {
                session.run("BEGIN")?;
            }
            let rest;
            let statement = match &prepared {
                Some(full) if batch.rows() == *batch_rows => full,
                _ => {
                    rest = session.prepare(&insert_sql(table, batch.rows())).map_err(describe)?;
                    &rest
                }
            };
            binds.with(batch.values(), |binds| session.execute(statement, binds)).map_err(describe)?;
            uncommitted += 1;
            if commit_every.is_some_and(|every| uncommitted < every) {
                return Ok(Committed::NotYet);
            }
            if commit_every.is_some() {
                session.run("COMMIT")?;
            }
            uncommitted = 0;
            Ok(Committed::Yes)
        })?;
        if uncommitted > 0 {
            session.run("COMMIT")?;
            feed.confirm();
        }
        Ok(())
    }
}

impl Exec for Prepared {
    fn run(&mut self, sql: &str) -> Result<()> {
        self.session.run(sql)
    }
}

/// A statement that is parsed and planned anew each time, in the same round trip that brings its
/// values: the types of the parameters are given, so that the server has not to be asked for them.
pub(super) struct Unprepared {
    session: Session,
    table: Table,
    batch_rows: u64,
    full: String,
    types: Vec<Type>,
    binds: Binds,
    typed: Vec<(&'static (dyn ToSql + Sync), Type)>,
}

impl Unprepared {
    /// Connects.
    pub(crate) fn connect(load: &Load<'_>, batch_rows: u64) -> Result<Self> {
        Ok(Self {
            session: load.connector.connect()?,
            table: load.table.clone(),
            batch_rows,
            full: insert_sql(load.table, batch_rows),
            types: load.table.columns.iter().map(bind_type).collect(),
            binds: Binds::default(),
            typed: Vec::new(),
        })
    }

    fn insert(&mut self, batch: &Batch) -> Result<()> {
        let Self { session, table, batch_rows, full, types, binds, typed: storage } = self;
        let rest;
        let sql = if batch.rows() == *batch_rows {
            full
        } else {
            rest = insert_sql(table, batch.rows());
            &rest
        };
        binds.with(batch.values(), |binds| {
            let mut typed: Vec<(&(dyn ToSql + Sync), Type)> = emptied(std::mem::take(storage));
            typed.extend(binds.iter().copied().zip(types.iter().cycle().cloned()));
            let done = session.execute_typed(sql, &typed);
            *storage = emptied(typed);
            done.map(drop).map_err(describe)
        })
    }
}

impl Inserter for Unprepared {
    fn insert_all(&mut self, feed: &mut Feed<'_>) -> Result<()> {
        feed.each(|batch| self.insert(batch))
    }
}

impl Exec for Unprepared {
    fn run(&mut self, sql: &str) -> Result<()> {
        self.session.run(sql)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::columns::votes;
    use crate::method::insert::multirow::{insert_multirow, insert_multirow_prepared};
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
        for method in [insert_multirow(), insert_multirow_prepared()] {
            let with = |batch| {
                resolve_params(
                    &method,
                    &Params::from([("batch".into(), ParamValue::Int(batch))]),
                    (2, 1000),
                    &table,
                )
            };
            assert_eq!(with(21_845).unwrap()["batch"], ParamValue::Int(21_845));
            let text = with(21_846).unwrap_err().to_string();
            assert!(
                text.contains("65538 parameters") && text.contains("largest batch for this table is 21845"),
                "{text}"
            );
            assert!(with(0).unwrap_err().to_string().contains("may be 1 to"));
        }
    }
}
