//! COPY into a table that has its indexes, and may hold rows, already.

use anyhow::Result;

use super::{common, copy_from_stdin, file_of};
use crate::method::tools::stream::CopyStream;
use crate::method::{HELD, Info, Load, Method, Param, PhaseClock, Start, build_indexes, committed};
use crate::model::{Encoding, Params, Phase};
use crate::sql::Exec;
use crate::table::Table;

/// COPY csv past indexes that are in place, which each row enters as it comes; or with the indexes
/// dropped before and built anew after it, over all rows. The primary key stays in place either
/// way, as in every other method that starts from a table.
///
/// Timed: DROP INDEX (prepare) where they are dropped, COPY, COMMIT, and CREATE INDEX where they
/// were. Durable; a crash between the two leaves a table without its indexes.
pub(crate) struct CopyPlaced {
    info: Info,
    rebuild: bool,
}

fn append() -> Info {
    Info {
        source: "PostgreSQL manual, Populating a Database".into(),
        start: Start::Holding,
        params: vec![Param::integer(HELD, "times that the table holds the rows already", 1..=16, 1)],
        ..common()
    }
}

/// `copy-indexed`: an empty table with its indexes.
pub(crate) fn copy_indexed() -> CopyPlaced {
    CopyPlaced {
        info: Info {
            source: "PostgreSQL manual, Populating a Database".into(),
            start: Start::Indexed,
            ..common().named("copy-indexed", "COPY csv into an empty table whose indexes are in place")
        },
        rebuild: false,
    }
}

/// `copy-append`: a table that holds the rows `held` times; its indexes stay.
pub(crate) fn copy_append() -> CopyPlaced {
    CopyPlaced {
        info: append().named("copy-append", "COPY csv onto rows that are there, the indexes in place"),
        rebuild: false,
    }
}

/// `copy-append-rebuild`: as `copy-append`, with the indexes dropped and built again.
pub(crate) fn copy_append_rebuild() -> CopyPlaced {
    CopyPlaced {
        info: append().named(
            "copy-append-rebuild",
            "DROP INDEX, COPY csv onto rows that are there, then the indexes of all",
        ),
        rebuild: true,
    }
}

impl Method for CopyPlaced {
    fn info(&self) -> &Info {
        &self.info
    }

    fn lacks(&self, _params: &Params, table: &Table) -> Option<String> {
        let none = self.rebuild && table.drop_indexes().is_empty();
        none.then(|| "the table has no index that serves no constraint: none to drop and build again".into())
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let dropped = if self.rebuild { load.table.drop_indexes() } else { Vec::new() };
        let mut stream = copy_without(&dropped, load, clock)?;
        if self.rebuild {
            build_indexes(load, clock, &mut stream)?;
        }
        Ok(())
    }
}

/// COPYs the csv into the table as it stands, once these statements have dropped what should not be in its way.
/// Gives the connection, on which the rest follows.
pub(crate) fn copy_without(
    dropped: &[String],
    load: &Load<'_>,
    clock: &mut PhaseClock,
) -> Result<CopyStream> {
    let (file, chunk) = file_of(load, Encoding::Csv)?;
    let sql = copy_from_stdin(load.table, Encoding::Csv);
    let mut stream = CopyStream::connect(load.connector)?;
    if !dropped.is_empty() {
        clock.time(Phase::Prepare, || stream.run_each(dropped))?;
    }
    committed(&mut stream, clock, |stream| stream.copy(&sql, &file, Encoding::Csv, chunk))?;
    Ok(stream)
}
