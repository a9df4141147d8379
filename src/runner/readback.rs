//! The settings of a sample's sessions, read back on one that is made as they were.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use crate::model::{Ability, Before, SessionFacts, WORTH};
use crate::pg_error::describe;
use crate::server::{Connector, Session};
use crate::table::Table;
use crate::table::surroundings::disabled_triggers;

/// Asks a session of `connector` what it has, and what became of the table's triggers; of what the server lacks
/// nothing is known.
///
/// # Errors
/// When there is no connection, or what the server says.
pub(crate) fn read(connector: &Connector, table: &Table, before: Before) -> Result<SessionFacts> {
    let mut session = connector.connect()?;
    let has = |ability| table.absent.has(ability);
    let settings = if has(Ability::Settings) { settings(&mut session)? } else { BTreeMap::new() };
    let disabled_triggers =
        if has(Ability::Triggers) { disabled_triggers(&mut *session, &table.sql_name())? } else { 0 };
    Ok(SessionFacts { settings, disabled_triggers, before })
}

pub(super) fn settings(session: &mut Session) -> Result<BTreeMap<String, String>> {
    // The view leaves out what this user may not see, so that current_setting does not fail.
    let settings = session
        .query(
            "SELECT name, current_setting(name, true) FROM pg_catalog.pg_settings WHERE name = ANY ($1)",
            &[&&WORTH[..]],
        )
        .map_err(describe)
        .context("reading the session's settings back")?;
    settings
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get::<_, Option<String>>(1)?.unwrap_or_default())))
        .collect()
}
