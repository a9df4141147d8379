//! A query that a probe asks at each look.

use anyhow::{Context, Result};
use postgres::types::ToSql;
use postgres::{Row, Statement};

use crate::pg_error::describe;
use crate::server::Session;

/// A query that is prepared when it is asked for the first time.
#[derive(Default)]
pub(super) struct Prepared(Option<Statement>);

impl Prepared {
    /// Asks it, in the session of the looks, which is the same at each.
    ///
    /// # Errors
    /// The server's error, with what was asked for.
    pub(super) fn ask(
        &mut self,
        session: &mut Session,
        (query, what): (&str, &'static str),
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>> {
        let statement = match &self.0 {
            Some(statement) => statement.clone(),
            None => session.prepare(query).map_err(describe).context(what)?,
        };
        let rows = session.query(&statement, params).map_err(describe).context(what)?;
        self.0 = Some(statement);
        Ok(rows)
    }
}
