//! The settings of a sample's sessions, read back on one that is made as they were.

use anyhow::{Context, Result};

use crate::model::{Before, SessionFacts, WORTH};
use crate::pg_error::describe;
use crate::server::Connector;
use crate::table::Table;

/// Asks a session of `connector` what it has, and what became of the table's triggers.
///
/// # Errors
/// When there is no connection, or what the server says.
pub(crate) fn read(connector: &Connector, table: &Table, before: Before) -> Result<SessionFacts> {
    let mut session = connector.connect()?;
    // The view leaves out what this user may not see, so that current_setting does not fail.
    let settings = session
        .query(
            "SELECT name, current_setting(name, true) FROM pg_catalog.pg_settings WHERE name = ANY ($1)",
            &[&&WORTH[..]],
        )
        .map_err(describe)
        .context("reading the session's settings back")?;
    let settings = settings
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get::<_, Option<String>>(1)?.unwrap_or_default())))
        .collect::<Result<_>>()?;
    let disabled: i64 = session
        .query_one(
            // Those that are always enabled fire in every session (PostgreSQL manual, pg_trigger).
            "SELECT count(*) FROM pg_catalog.pg_trigger WHERE tgenabled IN ('D', 'R') AND tgrelid IN \
             (SELECT $1::text::regclass UNION SELECT relid FROM pg_partition_tree($1::text::regclass))",
            &[&table.sql_name()],
        )
        .and_then(|row| row.try_get(0))
        .map_err(describe)
        .context("looking for triggers that were disabled")?;
    Ok(SessionFacts { settings, disabled_triggers: disabled.unsigned_abs(), before })
}
