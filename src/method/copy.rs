//! One COPY: the formats, who reads the file, and what is logged.

use anyhow::{Result, ensure};

use crate::method::phases::run;
use crate::method::stream::CopyStream;
use crate::method::{Extent, Family, Info, Load, Method, Need, PhaseClock, Start, build_indexes};
use crate::record::{Durability, Encoding, Phase};
use crate::table::{Layout, Persistence, Table};

const ARTICLE: &str = "Babcock, Dissecting the Postgres Bulk Insert and Binary Format";

/// What the COPY methods have in common.
const COPY: Info = Info {
    id: "",
    family: Family::Copy,
    summary: "",
    source: ARTICLE,
    durability: Durability::Durable,
    start: Start::Empty(Persistence::Permanent),
    end: Persistence::Permanent,
    extent: Extent::Full,
    input: Encoding::Csv,
    layout: Layout::Plain,
    needs: &[],
    params: &[],
};

/// `COPY "votes" (...) FROM STDIN WITH (FORMAT csv)`.
pub(crate) fn copy_from_stdin(table: &Table, encoding: Encoding) -> String {
    format!("COPY {} FROM STDIN WITH (FORMAT {})", table.target(), encoding.name())
}

/// The path of the dataset's csv as the server's own processes see it, as an SQL literal.
///
/// # Errors
/// When fewer rows are to be loaded than the file has, or the server cannot read it.
pub(crate) fn server_file(load: &Load<'_>) -> Result<String> {
    ensure!(
        load.rows == load.dataset.rows(),
        "the server reads the whole file of {} rows, not the first {}",
        load.dataset.rows(),
        load.rows
    );
    let path = load.server.visible_path(&load.dataset.file(Encoding::Csv))?;
    let path = path
        .to_str()
        .ok_or_else(|| anyhow::anyhow!("the path {} is not UTF-8, which SQL needs", path.display()))?;
    Ok(format!("'{}'", path.replace('\'', "''")))
}

/// The client streams a file of the dataset through one COPY, in a transaction of its own so
/// that COMMIT has a time; then the indexes are built.
///
/// Timed: COPY, COMMIT, CREATE INDEX twice. Durable, or lost on a crash when the table is
/// UNLOGGED (PostgreSQL manual, CREATE TABLE, "UNLOGGED").
pub struct CopyStdin {
    info: Info,
}

/// `copy-csv`: the article's first and our baseline.
pub static COPY_CSV: CopyStdin =
    CopyStdin { info: Info { id: "copy-csv", summary: "COPY FROM STDIN, csv, then the indexes", ..COPY } };

/// `copy-text`: PostgreSQL's own text format, which spares it the quotes.
pub static COPY_TEXT: CopyStdin = CopyStdin {
    info: Info {
        id: "copy-text",
        summary: "COPY FROM STDIN, text, then the indexes",
        input: Encoding::Text,
        ..COPY
    },
};

/// `copy-binary`: the binary format; making the file is not timed.
pub static COPY_BINARY: CopyStdin = CopyStdin {
    info: Info {
        id: "copy-binary",
        summary: "COPY FROM STDIN, binary, then the indexes",
        input: Encoding::Binary,
        ..COPY
    },
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
};

impl Method for CopyStdin {
    fn info(&self) -> &Info {
        &self.info
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let encoding = self.info.input;
        let file = load.dataset.file(encoding);
        let chunk = load.dataset.chunks(encoding, load.rows, 1)?[0];
        let sql = copy_from_stdin(load.table, encoding);
        let stream = CopyStream::connect(load.connector())?;

        clock.time(Phase::Load, || {
            stream.run("BEGIN")?;
            stream.copy(&sql, &file, encoding, chunk)
        })?;
        clock.time(Phase::Commit, || stream.run("COMMIT"))?;
        if self.info.start == Start::Empty(Persistence::Unlogged) && self.info.end == Persistence::Permanent {
            let sql = format!("ALTER TABLE {} SET LOGGED", crate::table::ddl::quote(&load.table.name));
            clock.time(Phase::SetLogged, || stream.run(&sql))?;
        }
        build_indexes(load, clock, |sql| stream.run(sql))
    }
}

/// `copy-csv-server-file`: the server opens the csv itself, as its own user, by an absolute
/// path (PostgreSQL manual, COPY, "Notes").
///
/// Timed: COPY, COMMIT, CREATE INDEX twice; putting the file where the server can read it is not. Durable.
pub struct CopyServerFile {
    info: Info,
}

/// See [`CopyServerFile`].
pub static COPY_CSV_SERVER_FILE: CopyServerFile = CopyServerFile {
    info: Info {
        id: "copy-csv-server-file",
        summary: "COPY FROM a file that the server reads, csv, then the indexes",
        source: "Babcock, Dissecting the Postgres Bulk Insert; PostgreSQL wiki, COPY",
        needs: &[Need::ReadsFile],
        ..COPY
    },
};

impl Method for CopyServerFile {
    fn info(&self) -> &Info {
        &self.info
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let sql = format!("COPY {} FROM {} WITH (FORMAT csv)", load.table.target(), server_file(load)?);
        let mut session = load.connector().connect()?;

        clock.time(Phase::Load, || {
            run(&mut *session, "BEGIN")?;
            run(&mut *session, &sql)
        })?;
        clock.time(Phase::Commit, || run(&mut *session, "COMMIT"))?;
        build_indexes(load, clock, |sql| run(&mut *session, sql))
    }
}

/// `copy-one-transaction`: CREATE TABLE, COPY and CREATE INDEX in one transaction. With
/// wal_level = minimal the server skips the WAL of a table made in the same transaction and
/// flushes its files at COMMIT instead (PostgreSQL manual, "Populating a Database", 14.4.7);
/// with replica, the default since 10, it cannot.
///
/// Timed: CREATE TABLE (prepare), COPY, CREATE INDEX twice, COMMIT. Durable.
pub struct CopyOneTransaction {
    info: Info,
}

/// See [`CopyOneTransaction`].
pub static COPY_ONE_TRANSACTION: CopyOneTransaction = CopyOneTransaction {
    info: Info {
        id: "copy-one-transaction",
        summary: "CREATE TABLE, COPY csv and the indexes in one transaction",
        start: Start::Absent,
        ..COPY
    },
};

impl Method for CopyOneTransaction {
    fn info(&self) -> &Info {
        &self.info
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let file = load.dataset.file(Encoding::Csv);
        let chunk = load.dataset.chunks(Encoding::Csv, load.rows, 1)?[0];
        let sql = copy_from_stdin(load.table, Encoding::Csv);
        let stream = CopyStream::connect(load.connector())?;

        clock.time(Phase::Prepare, || {
            stream.run("BEGIN")?;
            stream.run(&load.table.create(Persistence::Permanent))
        })?;
        clock.time(Phase::Load, || stream.copy(&sql, &file, Encoding::Csv, chunk))?;
        build_indexes(load, clock, |sql| stream.run(sql))?;
        clock.time(Phase::Commit, || stream.run("COMMIT"))
    }
}
