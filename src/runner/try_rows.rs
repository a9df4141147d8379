//! Whether a table takes its rows at all: one load of all of them, before anything is measured.

use std::sync::Arc;

use anyhow::{Context, Result};

use crate::method::copy::copy_from_stdin;
use crate::model::{Encoding, Persistence};
use crate::runner::refusal::Offered;
use crate::runner::reset::copy_first;
use crate::server::{Server, Sweep};
use crate::sql::Exec;
use crate::table::Table;
use crate::table::foundation::Foundation;

/// Loads all rows into the table with all that it has, and drops it again: what would refuse some of them in
/// each case of a run is told once, by the row. On a server that may refuse statements of PostgreSQL's nothing is
/// tried: there each case is, in a way that its server takes.
///
/// # Errors
/// [`crate::fault::Fault::Data`] for a row that the server refuses; [`crate::fault::Fault::Usage`] for a column
/// without which no row can be; or the server's error.
pub fn try_rows(server: &dyn Server, laid: &Arc<Foundation>, offered: &Offered<'_>) -> Result<()> {
    let facts = server.facts();
    if !facts.is_postgres() || facts.absent.limits_statements() {
        return Ok(());
    }
    let (connector, run_schema) = (server.connector(), server.run_schema());
    let dataset = offered.dataset;
    let table = Table::told(laid, dataset.columns())?;
    let table = Table { schema: Some(run_schema.name.clone()), ..table };
    connector.asking(|| {
        let mut session = connector.connect()?;
        let stays = Some(&laid.stays);
        run_schema
            .sweep(&mut session, Sweep::BetweenSamples { keep: &[], stays })
            .context("dropping what was there")?;
        session.run(&table.create(Persistence::Unlogged))?;
        let tried = (|| {
            copy_first(connector, &copy_from_stdin(&table, Encoding::Csv), dataset, dataset.rows())?;
            for statement in table.create_indexes().iter().chain(&table.add_references(false)) {
                connector.interrupt().check()?;
                session.run(statement)?;
            }
            Ok(())
        })();
        session.run(&table.drop())?;
        tried.map_err(|error| offered.told(error))
    })
}
