//! INSERT ... SELECT from a foreign table that is a csv file of the server's.

use anyhow::{Context, Result};

use super::common;
use crate::method::copy::server_file::server_file;
use crate::method::{Info, Load, Method, Need, PhaseClock, build_indexes};
use crate::model::Phase;
use crate::pg_error::describe;
use crate::sql::{Exec, quote};

/// The extension that reads files; one of PostgreSQL's contrib modules.
const EXTENSION: &str = "file_fdw";

/// The foreign table.
const FILE: &str = "bulkbench_file";

/// The server opens the dataset's csv as a table, by the extension file_fdw, and INSERT ... SELECT
/// reads it there: no staging table is written (PostgreSQL manual, file_fdw).
///
/// All of it is one transaction, what is made besides the table included: neither an error nor a
/// crash leaves an extension or a foreign server behind, and nobody else ever sees them. An
/// extension that was there before stays.
///
/// Timed: CREATE EXTENSION, SERVER and FOREIGN TABLE (prepare), INSERT ... SELECT and dropping
/// those again (load), COMMIT, CREATE INDEX twice; putting the file where the server can read it
/// is not. Durable.
pub(crate) struct InsertSelectFdw {
    info: Info,
}

/// See [`InsertSelectFdw`].
pub(crate) fn insert_select_fdw() -> InsertSelectFdw {
    InsertSelectFdw {
        info: Info {
            source: "PostgreSQL manual, file_fdw".into(),
            needs: vec![Need::ReadsFile, Need::Extension(EXTENSION.into())],
            ..common().named(
                "insert-select-fdw",
                "INSERT ... SELECT from a csv that the server reads (file_fdw), then the indexes",
            )
        },
    }
}

impl Method for InsertSelectFdw {
    fn info(&self) -> &Info {
        &self.info
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let table = load.table;
        let columns: Vec<String> = table.columns.iter().map(|c| table.column_sql(c)).collect();
        // Foreign servers lie in no schema: two runs in one database at once need two names.
        let server = quote(&format!("{FILE}_{}", std::process::id()));
        let create_server = format!("CREATE SERVER {server} FOREIGN DATA WRAPPER {EXTENSION}");
        let create_table = format!(
            "CREATE FOREIGN TABLE {} ({}) SERVER {server} OPTIONS (filename {}, format 'csv')",
            table.beside(FILE),
            columns.join(", "),
            server_file(load)?
        );
        let insert =
            format!("{} SELECT {} FROM {}", table.insert_into(), table.column_list(), table.beside(FILE));
        let mut session = load.connector.connect()?;
        let interrupt = load.connector.interrupt();

        let ours = clock.time(Phase::Prepare, || {
            interrupt.check()?;
            session.run("BEGIN")?;
            let there: bool = session
                .query_one("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = $1)", &[&EXTENSION])
                .map_err(describe)
                .with_context(|| format!("looking for the extension {EXTENSION}"))?
                .get(0);
            // Not IF NOT EXISTS: one that somebody makes meanwhile would be dropped as ours.
            if !there {
                session.run(&format!("CREATE EXTENSION {EXTENSION}"))?;
            }
            session.run(&create_server)?;
            session.run(&create_table)?;
            Ok(!there)
        })?;
        clock.time(Phase::Load, || {
            interrupt.check()?;
            session.run(&insert)?;
            let file = table.beside(FILE);
            session.run(&format!("DROP FOREIGN TABLE {file}; DROP SERVER {server}"))?;
            if ours {
                session.run(&format!("DROP EXTENSION {EXTENSION}"))?;
            }
            Ok(())
        })?;
        clock.time(Phase::Commit, || session.run("COMMIT"))?;
        build_indexes(load, clock, &mut *session)
    }
}
