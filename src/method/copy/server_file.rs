//! COPY of a file that the server reads.

use anyhow::{Result, ensure};

use super::common;
use crate::method::{Info, Load, Method, Need, PhaseClock, build_indexes, committed};
use crate::model::Encoding;
use crate::sql::{Exec, literal};

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
    Ok(literal(path))
}

/// `copy-csv-server-file`: the server opens the csv itself, as its own user, by an absolute
/// path (PostgreSQL manual, COPY, "Notes").
///
/// Timed: COPY, COMMIT, CREATE INDEX twice; putting the file where the server can read it is not. Durable.
pub(crate) struct CopyServerFile {
    info: Info,
}

/// See [`CopyServerFile`].
pub(crate) fn copy_csv_server_file() -> CopyServerFile {
    CopyServerFile {
        info: Info {
            source: "Babcock, Dissecting the Postgres Bulk Insert; PostgreSQL wiki, COPY".into(),
            needs: vec![Need::ReadsFile],
            ..common().named(
                "copy-csv-server-file",
                "COPY FROM a file that the server reads, csv, then the indexes",
            )
        },
    }
}

impl Method for CopyServerFile {
    fn info(&self) -> &Info {
        &self.info
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let sql = format!("COPY {} FROM {} WITH (FORMAT csv)", load.table.target(), server_file(load)?);
        let mut session = load.connector.connect()?;

        committed(&mut *session, clock, |session| session.run(&sql))?;
        build_indexes(load, clock, &mut *session)
    }
}
