//! Statements that return nothing, on any session.

use anyhow::{Context, Result};
use postgres::GenericClient;

use crate::pg_error::describe;

/// A session or a transaction that runs statements, whether its driver blocks or not.
pub trait Exec {
    /// Runs a statement that returns nothing, or several with `;` between them; an error says which.
    ///
    /// # Errors
    /// What the server says, or that work has to stop where the session looks for that.
    fn run(&mut self, statement: &str) -> Result<()>;

    /// Runs these one after the other.
    ///
    /// # Errors
    /// As [`Exec::run`], of the first that fails; those after it are not run.
    fn run_each(&mut self, statements: &[String]) -> Result<()> {
        statements.iter().try_for_each(|statement| self.run(statement))
    }
}

impl<C: GenericClient> Exec for C {
    fn run(&mut self, statement: &str) -> Result<()> {
        self.batch_execute(statement).map_err(describe).with_context(|| format!("running: {statement}"))
    }
}
