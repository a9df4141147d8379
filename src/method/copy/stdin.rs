//! One COPY of a file of the dataset, streamed by the client.

use anyhow::Result;

use super::{common, copy_from_stdin, file_of};
use crate::method::tools::stream::CopyStream;
use crate::method::{Info, Load, Method, PhaseClock, Start, build_indexes, committed};
use crate::model::{Durability, Encoding, Params, Persistence, Phase};
use crate::sql::Exec;
use crate::table::Table;

/// The client streams a file of the dataset through one COPY, in a transaction of its own so
/// that COMMIT has a time; then the indexes are built.
///
/// Timed: COPY, COMMIT, SET LOGGED where the table was UNLOGGED and ends logged, CREATE INDEX twice,
/// ANALYZE where it is part of the method. Durable, or lost on a crash when the table is UNLOGGED
/// (PostgreSQL manual, CREATE TABLE, "UNLOGGED").
pub(crate) struct CopyStdin {
    info: Info,
    analyze: bool,
}

/// `copy-csv`: the article's first and our baseline.
pub(crate) fn copy_csv() -> CopyStdin {
    CopyStdin { info: common().named("copy-csv", "COPY FROM STDIN, csv, then the indexes"), analyze: false }
}

/// `copy-text`: PostgreSQL's own text format, which spares it the quotes.
pub(crate) fn copy_text() -> CopyStdin {
    CopyStdin {
        info: Info {
            input: Encoding::Text,
            ..common().named("copy-text", "COPY FROM STDIN, text, then the indexes")
        },
        analyze: false,
    }
}

/// `copy-binary`: the binary format; making the file is not timed.
pub(crate) fn copy_binary() -> CopyStdin {
    CopyStdin {
        info: Info {
            input: Encoding::Binary,
            ..common().named("copy-binary", "COPY FROM STDIN, binary, then the indexes")
        },
        analyze: false,
    }
}

/// `copy-unlogged`: the table is UNLOGGED and stays so.
pub(crate) fn copy_unlogged() -> CopyStdin {
    CopyStdin {
        info: Info {
            durability: Durability::LostOnCrash,
            start: Start::Empty(Persistence::Unlogged),
            end: Persistence::Unlogged,
            ..common().named("copy-unlogged", "COPY csv into an UNLOGGED table, then the indexes")
        },
        analyze: false,
    }
}

/// `copy-unlogged-then-logged`: UNLOGGED for the load, SET LOGGED before the indexes are built
/// (after them it would have to rewrite them too).
pub(crate) fn copy_unlogged_then_logged() -> CopyStdin {
    CopyStdin {
        info: Info {
            start: Start::Empty(Persistence::Unlogged),
            ..common().named(
                "copy-unlogged-then-logged",
                "COPY csv into an UNLOGGED table, SET LOGGED, then the indexes",
            )
        },
        analyze: false,
    }
}

/// `copy-analyze`: with the statistics that the planner needs, which autovacuum would gather later
/// (PostgreSQL manual, "Populating a Database", 14.4.8).
pub(crate) fn copy_analyze() -> CopyStdin {
    CopyStdin {
        info: Info {
            source: "PostgreSQL manual, Populating a Database".into(),
            ..common().named("copy-analyze", "COPY csv, then the indexes, then ANALYZE")
        },
        analyze: true,
    }
}

/// `copy-csv-key-after`: as `copy-csv`, into a table that gets its primary key afterwards, so that no row
/// waits for its place in the key's index (PostgreSQL manual, "Populating a Database", 14.4.3). The keys
/// still come from the table's sequence, a row at a time.
///
/// Timed: CREATE TABLE without the key (prepare), COPY, COMMIT, CREATE INDEX twice, ADD PRIMARY KEY
/// (constraints). Durable.
pub(crate) struct CopyKeyAfter {
    info: Info,
}

/// See [`CopyKeyAfter`].
pub(crate) fn copy_csv_key_after() -> CopyKeyAfter {
    CopyKeyAfter {
        info: Info {
            source: "PostgreSQL manual, Populating a Database".into(),
            start: Start::Absent,
            ..common().named(
                "copy-csv-key-after",
                "COPY csv into a table without its primary key, then the indexes and the key",
            )
        },
    }
}

impl Method for CopyKeyAfter {
    fn info(&self) -> &Info {
        &self.info
    }

    fn lacks(&self, _params: &Params, table: &Table) -> Option<String> {
        let none = table.add_whole_keys().is_empty();
        none.then(|| "the table has no primary key, unique or exclusion constraint to add afterwards".into())
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let (file, chunk) = file_of(load, Encoding::Csv)?;
        let sql = copy_from_stdin(load.table, Encoding::Csv);
        let mut stream = CopyStream::connect(load.connector)?;

        clock.time(Phase::Prepare, || stream.run(&load.table.create_without_keys(self.info.end)))?;
        committed(&mut stream, clock, |stream| stream.copy(&sql, &file, Encoding::Csv, chunk))?;
        build_indexes(load, clock, &mut stream)?;
        clock.time(Phase::Constraints, || {
            stream.run_each(&load.table.add_whole_keys())?;
            stream.run_each(&load.table.add_references(false))
        })
    }
}

impl Method for CopyStdin {
    fn info(&self) -> &Info {
        &self.info
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let encoding = self.info.input;
        let (file, chunk) = file_of(load, encoding)?;
        let sql = copy_from_stdin(load.table, encoding);
        let mut stream = CopyStream::connect(load.connector)?;

        committed(&mut stream, clock, |stream| stream.copy(&sql, &file, encoding, chunk))?;
        if self.info.start == Start::Empty(Persistence::Unlogged) && self.info.end == Persistence::Permanent {
            clock.time(Phase::SetLogged, || stream.run_each(&load.table.set_logged()))?;
        }
        build_indexes(load, clock, &mut stream)?;
        if self.analyze {
            load.connector.interrupt().check()?;
            let sql = format!("ANALYZE {}", load.table.sql_name());
            clock.time(Phase::Analyze, || stream.run(&sql))?;
        }
        Ok(())
    }
}
