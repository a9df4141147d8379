//! COPY into a table that has its indexes, and may hold rows, already.

use anyhow::Result;

use super::{COPY, copy_from_stdin, file_of};
use crate::method::tools::stream::CopyStream;
use crate::method::{Default, HELD, Info, Load, Method, Param, PhaseClock, Start, build_indexes, committed};
use crate::model::{Encoding, Phase};

/// COPY csv past indexes that are in place, which each row enters as it comes; or with the indexes
/// dropped before and built anew after it, over all rows. The primary key stays in place either
/// way, as in every other method that starts from a table.
///
/// Timed: DROP INDEX (prepare) where they are dropped, COPY, COMMIT, and CREATE INDEX where they
/// were. Durable; a crash between the two leaves a table without its indexes.
pub struct CopyPlaced {
    info: Info,
    rebuild: bool,
}

const APPEND: Info = Info {
    source: "PostgreSQL manual, Populating a Database",
    start: Start::Holding,
    params: &[Param {
        name: HELD,
        help: "times that the table holds the rows already",
        default: Default::Fixed(1),
        min: 1,
        max: 16,
    }],
    ..COPY
};

/// `copy-indexed`: an empty table with its indexes.
pub static COPY_INDEXED: CopyPlaced = CopyPlaced {
    info: Info {
        id: "copy-indexed",
        summary: "COPY csv into an empty table whose indexes are in place",
        source: "PostgreSQL manual, Populating a Database",
        start: Start::Indexed,
        ..COPY
    },
    rebuild: false,
};

/// `copy-append`: a table that holds the rows `held` times; its indexes stay.
pub static COPY_APPEND: CopyPlaced = CopyPlaced {
    info: Info {
        id: "copy-append",
        summary: "COPY csv onto rows that are there, the indexes in place",
        ..APPEND
    },
    rebuild: false,
};

/// `copy-append-rebuild`: as `copy-append`, with the indexes dropped and built again.
pub static COPY_APPEND_REBUILD: CopyPlaced = CopyPlaced {
    info: Info {
        id: "copy-append-rebuild",
        summary: "DROP INDEX, COPY csv onto rows that are there, then the indexes of all",
        ..APPEND
    },
    rebuild: true,
};

impl Method for CopyPlaced {
    fn info(&self) -> &Info {
        &self.info
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let (file, chunk) = file_of(load, Encoding::Csv)?;
        let sql = copy_from_stdin(load.table, Encoding::Csv);
        let stream = CopyStream::connect(load.connector)?;

        if self.rebuild {
            clock.time(Phase::Prepare, || {
                load.table.drop_indexes().iter().try_for_each(|sql| stream.run(sql))
            })?;
        }
        committed(&stream, clock, || stream.copy(&sql, &file, Encoding::Csv, chunk))?;
        if self.rebuild {
            build_indexes(load, clock, |sql| stream.run(sql))?;
        }
        Ok(())
    }
}
