//! One COPY of a file of the dataset, streamed by the client.

use anyhow::Result;

use super::{COPY, copy_from_stdin, file_of};
use crate::method::tools::stream::CopyStream;
use crate::method::{Info, Load, Method, PhaseClock, Start, build_indexes, committed};
use crate::model::{Durability, Encoding, Phase};
use crate::table::Persistence;

/// The client streams a file of the dataset through one COPY, in a transaction of its own so
/// that COMMIT has a time; then the indexes are built.
///
/// Timed: COPY, COMMIT, SET LOGGED where the table was UNLOGGED and ends logged, CREATE INDEX twice,
/// ANALYZE where it is part of the method. Durable, or lost on a crash when the table is UNLOGGED
/// (PostgreSQL manual, CREATE TABLE, "UNLOGGED").
pub struct CopyStdin {
    info: Info,
    analyze: bool,
}

/// `copy-csv`: the article's first and our baseline.
pub static COPY_CSV: CopyStdin = CopyStdin {
    info: Info { id: "copy-csv", summary: "COPY FROM STDIN, csv, then the indexes", ..COPY },
    analyze: false,
};

/// `copy-text`: PostgreSQL's own text format, which spares it the quotes.
pub static COPY_TEXT: CopyStdin = CopyStdin {
    info: Info {
        id: "copy-text",
        summary: "COPY FROM STDIN, text, then the indexes",
        input: Encoding::Text,
        ..COPY
    },
    analyze: false,
};

/// `copy-binary`: the binary format; making the file is not timed.
pub static COPY_BINARY: CopyStdin = CopyStdin {
    info: Info {
        id: "copy-binary",
        summary: "COPY FROM STDIN, binary, then the indexes",
        input: Encoding::Binary,
        ..COPY
    },
    analyze: false,
};

/// `copy-unlogged`: the table is UNLOGGED and stays so.
pub static COPY_UNLOGGED: CopyStdin = CopyStdin {
    info: Info {
        id: "copy-unlogged",
        summary: "COPY csv into an UNLOGGED table, then the indexes",
        durability: Durability::LostOnCrash,
        start: Start::Empty(Persistence::Unlogged),
        end: Persistence::Unlogged,
        ..COPY
    },
    analyze: false,
};

/// `copy-unlogged-then-logged`: UNLOGGED for the load, SET LOGGED before the indexes are built
/// (after them it would have to rewrite them too).
pub static COPY_UNLOGGED_THEN_LOGGED: CopyStdin = CopyStdin {
    info: Info {
        id: "copy-unlogged-then-logged",
        summary: "COPY csv into an UNLOGGED table, SET LOGGED, then the indexes",
        start: Start::Empty(Persistence::Unlogged),
        ..COPY
    },
    analyze: false,
};

/// `copy-analyze`: with the statistics that the planner needs, which autovacuum would gather later
/// (PostgreSQL manual, "Populating a Database", 14.4.8).
pub static COPY_ANALYZE: CopyStdin = CopyStdin {
    info: Info {
        id: "copy-analyze",
        summary: "COPY csv, then the indexes, then ANALYZE",
        source: "PostgreSQL manual, Populating a Database",
        ..COPY
    },
    analyze: true,
};

impl Method for CopyStdin {
    fn info(&self) -> &Info {
        &self.info
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let encoding = self.info.input;
        let (file, chunk) = file_of(load, encoding)?;
        let sql = copy_from_stdin(load.table, encoding);
        let stream = CopyStream::connect(load.connector)?;

        committed(&stream, clock, || stream.copy(&sql, &file, encoding, chunk))?;
        if self.info.start == Start::Empty(Persistence::Unlogged) && self.info.end == Persistence::Permanent {
            let sql = format!("ALTER TABLE {} SET LOGGED", load.table.sql_name());
            clock.time(Phase::SetLogged, || stream.run(&sql))?;
        }
        build_indexes(load, clock, |sql| stream.run(sql))?;
        if self.analyze {
            load.connector.interrupt().check()?;
            let sql = format!("ANALYZE {}", load.table.sql_name());
            clock.time(Phase::Analyze, || stream.run(&sql))?;
        }
        Ok(())
    }
}
