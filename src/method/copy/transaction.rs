//! COPY into a table that the same transaction has made or emptied.

use anyhow::Result;

use super::{common, copy_with, file_of};
use crate::method::tools::stream::CopyStream;
use crate::method::{Info, Load, Method, Param, PhaseClock, Start, build_indexes, lacks};
use crate::model::{Encoding, ParamValue, Params, Persistence, Phase};
use crate::sql::Exec;
use crate::table::Table;

/// COPY's option for rows that arrive frozen.
const FREEZE: &str = ", FREEZE";

/// `copy-one-transaction`: CREATE TABLE, COPY and CREATE INDEX in one transaction. With
/// wal_level = minimal the server skips the WAL of a table made in the same transaction and
/// flushes its files at COMMIT instead (PostgreSQL manual, "Populating a Database", 14.4.7);
/// with replica, the default since 10, it cannot. With `freeze` the rows arrive frozen, see [`CopyTruncate`].
///
/// Timed: CREATE TABLE (prepare), COPY, CREATE INDEX twice, COMMIT. Durable.
pub(crate) struct CopyOneTransaction {
    info: Info,
}

/// See [`CopyOneTransaction`].
pub(crate) fn copy_one_transaction() -> CopyOneTransaction {
    CopyOneTransaction {
        info: Info {
            start: Start::Absent,
            params: vec![Param::flag("freeze", "rows arrive frozen")],
            ..common()
                .named("copy-one-transaction", "CREATE TABLE, COPY csv and the indexes in one transaction")
        },
    }
}

impl Method for CopyOneTransaction {
    fn info(&self) -> &Info {
        &self.info
    }

    fn lacks(&self, params: &Params, table: &Table) -> Option<String> {
        let freeze = params.get("freeze").and_then(ParamValue::flag) == Some(true);
        freeze.then(|| lacks::frozen(table)).flatten()
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let (file, chunk) = file_of(load, Encoding::Csv)?;
        let sql = copy_with(load.table, Encoding::Csv, if load.flag("freeze")? { FREEZE } else { "" });
        let mut stream = CopyStream::connect(load.connector)?;

        clock.time(Phase::Prepare, || {
            stream.run("BEGIN")?;
            stream.run(&load.table.create(Persistence::Permanent))?;
            stream.run_each(&load.table.add_references(false))
        })?;
        clock.time(Phase::Load, || stream.copy(&sql, &file, Encoding::Csv, chunk))?;
        build_indexes(load, clock, &mut stream)?;
        clock.time(Phase::Commit, || stream.run("COMMIT"))
    }
}

/// TRUNCATE and COPY in one transaction: the way to what `copy-one-transaction` has for a table
/// that is there already. With wal_level = minimal the server skips the WAL of the rows of a table
/// truncated in the same transaction (PostgreSQL manual, "Populating a Database", 14.4.7). The index
/// builds after COMMIT then find rows that are not yet marked as committed, and mark them; with data
/// checksums that writes each page to the WAL after all. With FREEZE there is nothing to mark: rows
/// arrive as VACUUM FREEZE would leave them, from PostgreSQL 14 on with the visibility map set, which
/// also spares a later pass over the table; it needs a table made or truncated in the same transaction (PostgreSQL
/// manual, COPY, "FREEZE").
///
/// Timed: BEGIN and TRUNCATE (prepare), COPY, COMMIT, CREATE INDEX twice. Durable: a crash before
/// COMMIT leaves what the table held before.
pub(crate) struct CopyTruncate {
    info: Info,
    freeze: bool,
}

/// `copy-truncate`: ordinary rows.
pub(crate) fn copy_truncate() -> CopyTruncate {
    CopyTruncate {
        info: Info {
            source: "PostgreSQL manual, Populating a Database; PostgreSQL wiki; Cybertec".into(),
            ..common().named("copy-truncate", "TRUNCATE and COPY csv in one transaction, then the indexes")
        },
        freeze: false,
    }
}

/// `copy-freeze`: rows that arrive frozen.
pub(crate) fn copy_freeze() -> CopyTruncate {
    CopyTruncate {
        info: Info {
            source: "PostgreSQL manual, COPY; Cybertec".into(),
            ..common().named(
                "copy-freeze",
                "TRUNCATE and COPY csv with FREEZE in one transaction, then the indexes",
            )
        },
        freeze: true,
    }
}

impl Method for CopyTruncate {
    fn info(&self) -> &Info {
        &self.info
    }

    fn lacks(&self, _params: &Params, table: &Table) -> Option<String> {
        self.freeze.then(|| lacks::frozen(table)).flatten()
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let (file, chunk) = file_of(load, Encoding::Csv)?;
        let sql = copy_with(load.table, Encoding::Csv, if self.freeze { FREEZE } else { "" });
        let mut stream = CopyStream::connect(load.connector)?;

        clock.time(Phase::Prepare, || {
            stream.run("BEGIN")?;
            stream.run(&format!("TRUNCATE {}", load.table.sql_name()))
        })?;
        clock.time(Phase::Load, || stream.copy(&sql, &file, Encoding::Csv, chunk))?;
        clock.time(Phase::Commit, || stream.run("COMMIT"))?;
        build_indexes(load, clock, &mut stream)
    }
}
