//! What a server tells of itself and of the machine that it runs on, by SQL alone.

use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result};
use postgres::Client;

use super::Server;
use crate::model::{Ability, Fact, Fingerprint, Source};
use crate::pg_error::{describe, unless_refused};
use crate::probe::fingerprint;

/// The most bytes of a file that are read: /proc/cpuinfo has some 1 500 a processor.
const MOST_BYTES: i64 = 1 << 20;

/// The server's own settings that are facts of its build and its memory; those that it does not have are NULL.
const SETTINGS: &str = "\
SELECT current_setting('shared_memory_type', true), current_setting('dynamic_shared_memory_type', true),
       pg_size_bytes(current_setting('shared_memory_size', true)),
       current_setting('wal_block_size', true)::int8, pg_size_bytes(current_setting('segment_size', true)),
       (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'data_directory')";

/// The facts that the server tells by its settings, and, where it runs elsewhere and reads files for this role, those of
/// its machine. A local server's machine is the client's, and has a fingerprint of its own: of such a server only what
/// it may use of it is told, where that is limited.
///
/// # Errors
/// Any error but a refusal, which leaves facts out.
pub(crate) fn fingerprint(server: &dyn Server) -> Result<Fingerprint> {
    let connector = server.connector();
    connector.asking(|| {
        let mut session = connector.connect()?;
        let mut found = Fingerprint::default();
        let data_dir = unless_refused(settings(&mut session, &mut found))?.ok().flatten();
        let facts = server.facts();
        let is_elsewhere = facts.source != Source::Local;
        if (is_elsewhere || !facts.limits.is_empty()) && facts.absent.has(Ability::ServerFiles) {
            let mut failed = None::<Error>;
            let mut files = |path: &Path| {
                // One that this role, or the server's, may not read is none.
                match unless_refused(file(&mut session, path)) {
                    Ok(text) => text.ok().flatten(),
                    Err(error) => {
                        failed.get_or_insert(error);
                        None
                    }
                }
            };
            match is_elsewhere {
                true => found.extend(fingerprint::told_by(&mut files, data_dir.as_deref())),
                false => fingerprint::confines(&mut found, &mut files),
            }
            failed.take().map_or(Ok(()), Err)?;
        }
        Ok(found)
    })
}

/// The text of a file of the server's; `None` where there is none.
///
/// # Errors
/// The server's error: it reads files for superusers, and for members of pg_read_server_files that may execute
/// pg_read_file (PostgreSQL manual, Generic File Access Functions).
pub(super) fn file(session: &mut Client, path: &Path) -> Result<Option<String>> {
    let path = path.to_str().context("the name of a file that the server reads")?;
    let row = session.query_one("SELECT pg_read_file($1, 0, $2, true)", &[&path, &MOST_BYTES]);
    let row = row.map_err(describe).with_context(|| format!("having the server read {path}"))?;
    Ok(row.try_get(0)?)
}

/// Adds the facts that are settings, and gives the directory of the data, where the role may see it.
fn settings(session: &mut Client, found: &mut Fingerprint) -> Result<Option<PathBuf>> {
    let row = session.query_one(SETTINGS, &[]).map_err(describe);
    let row = row.context("asking the server for its memory and its blocks")?;
    found.words(Fact::SharedMemoryType, row.try_get(0)?);
    found.words(Fact::DynamicSharedMemoryType, row.try_get(1)?);
    for (fact, column) in [(Fact::SharedMemory, 2), (Fact::WalBlock, 3), (Fact::Segment, 4)] {
        found.number(fact, row.try_get::<_, Option<i64>>(column)?.map(i64::unsigned_abs));
    }
    Ok(row.try_get::<_, Option<String>>(5)?.map(PathBuf::from))
}
