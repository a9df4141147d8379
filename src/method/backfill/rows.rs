//! One UPDATE a row, a commit each or one for all.

use anyhow::{Context, Result, ensure};

use super::{KeyColumn, common, key_of, shares, updated};
use crate::method::tools::batch::{Batch, Binds, Bound};
use crate::method::tools::feed::Feed;
use crate::method::tools::jobs::side_by_side;
use crate::method::{Extent, Info, Load, Method, Param, PhaseClock};
use crate::model::Phase;
use crate::pg_error::describe;
use crate::server::Session;
use crate::sql::{Exec, quote};
use crate::table::Table;

/// The parameter of methods that update on several connections.
pub(super) const JOBS: &str = "jobs";

/// How many connections update at once.
pub(super) fn jobs_param() -> Param {
    Param::integer(JOBS, "connections that update at once", 1..=64, 1)
}

/// One prepared UPDATE by key, executed for each row and awaited before the next, as in a program that saves
/// its objects one by one.
///
/// Timed: preparing the statement, all rows until the last job is done (load), COMMIT where there
/// is one for all. Durable; a crash leaves the rows updated whose commit was confirmed, or none of
/// them where there is one transaction.
pub(crate) struct UpdateRow {
    info: Info,
    commit: Commit,
}

/// Who commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Commit {
    /// Every statement is a transaction of its own, and waits for the disk's flush.
    EachStatement,
    /// One transaction, on one connection, around all of them.
    Once,
}

/// `update-row`: a commit each, which is bound by the disk's flushes; `jobs` of them wait together.
pub(crate) fn update_row() -> UpdateRow {
    UpdateRow {
        info: Info {
            extent: Extent::Budgeted,
            params: vec![jobs_param()],
            in_parts: true,
            ..common().named("update-row", "one prepared UPDATE a row by its key, a commit each")
        },
        commit: Commit::EachStatement,
    }
}

/// `update-row-transaction`: one transaction around all rows.
pub(crate) fn update_row_transaction() -> UpdateRow {
    UpdateRow {
        info: Info {
            extent: Extent::Budgeted,
            ..common()
                .named("update-row-transaction", "one prepared UPDATE a row by its key, one transaction")
        },
        commit: Commit::Once,
    }
}

fn update_sql(table: &Table) -> Result<String> {
    let (_, column) = updated(table)?;
    let key = key_of(table)?;
    let key = (2..).zip(&key).map(|(number, key)| format!("{} = ${number}", quote(&key.column.name)));
    Ok(format!(
        "UPDATE {} SET {} = $1 WHERE {}",
        table.sql_name(),
        quote(&column.name),
        key.collect::<Vec<_>>().join(" AND ")
    ))
}

/// Updates the rows of a share, which come one by one; `place` is the column's among the table's.
fn update(
    session: &mut Session,
    feed: &mut Feed<'_>,
    sql: &str,
    place: usize,
    key: &[KeyColumn],
    commit: Commit,
) -> Result<()> {
    let statement = session.prepare(sql).map_err(describe).with_context(|| format!("preparing: {sql}"))?;
    let (mut batch, mut binds) = (Batch::default(), Binds::default());
    while let Some(row) = feed.fill(&mut batch)? {
        let of_place = |place| batch.values().nth(place).map(|Bound(value)| value);
        let value = of_place(place).with_context(|| format!("{row} lacks a column"))?;
        let number = *row.keys()?.start();
        let mut values = vec![Bound(value)];
        for key in key {
            values.push(Bound(key.value(number, of_place)?));
        }
        let changed = binds
            .with(values.into_iter(), |binds| session.execute(&statement, binds))
            .map_err(describe)
            .with_context(|| format!("updating {row}"))?;
        ensure!(changed == 1, "the table holds {changed} rows of the key of {row}");
        if commit == Commit::EachStatement {
            feed.confirm();
        }
    }
    Ok(())
}

impl Method for UpdateRow {
    fn info(&self) -> &Info {
        &self.info
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let jobs = match self.commit {
            Commit::EachStatement => load.integer(JOBS)?,
            Commit::Once => 1,
        };
        let mut shares = shares(load, jobs, 1)?;
        let sql = update_sql(load.table)?;
        let (place, _) = updated(load.table)?;
        let key = key_of(load.table)?;

        clock.time(Phase::Load, || {
            side_by_side(shares.iter_mut().collect(), |(session, feed)| {
                if self.commit == Commit::Once {
                    session.run("BEGIN")?;
                }
                update(session, feed, &sql, place, &key, self.commit)
            })
        })?;
        if self.commit == Commit::Once {
            clock.time(Phase::Commit, || {
                shares.iter_mut().try_for_each(|(session, _)| session.run("COMMIT"))
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::columns::votes;

    #[test]
    fn a_row_is_found_by_its_key() {
        assert_eq!(
            update_sql(&Table::votes(&votes())).unwrap(),
            "UPDATE \"votes\" SET \"score\" = $1 WHERE \"vote_id\" = $2"
        );
    }
}
