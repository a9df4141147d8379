//! One transaction around all rows.

use anyhow::{Result, bail};

use super::values::Prepared;
use super::{Connect, Inserter, common, jobs};
use crate::method::{Info, Load, Method, PhaseClock, build_indexes, committed};

/// INSERTs within one transaction, on one connection: a transaction cannot be shared by several.
///
/// Timed: BEGIN, preparing the statement, all rows (load), COMMIT, CREATE INDEX twice. All or
/// nothing: a failure leaves no row.
pub(crate) struct InsertTransaction {
    pub(super) info: Info,
    pub(super) connect: Connect,
}

/// `insert-row-transaction`: each statement is awaited before the next, so that the round trip
/// remains of what `insert-row` pays for a row. Durable.
pub(crate) fn insert_row_transaction() -> InsertTransaction {
    InsertTransaction {
        info: Info {
            in_parts: false,
            params: vec![],
            ..common().named("insert-row-transaction", "one prepared INSERT a row, one transaction")
        },
        connect: |load, rows| Ok(Box::new(Prepared::connect(load, rows)?) as Box<dyn Inserter>),
    }
}

impl Method for InsertTransaction {
    fn info(&self) -> &Info {
        &self.info
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let Some((mut inserter, mut feed)) = jobs(load, 1, self.connect)?.pop() else {
            bail!("{} rows were cut into no job at all", load.rows);
        };
        committed(&mut *inserter, clock, |inserter| inserter.insert_all(&mut feed))?;
        build_indexes(load, clock, &mut *inserter)
    }
}
