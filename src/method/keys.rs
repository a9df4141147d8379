//! Loads into a table whose columns refer to other tables: with the foreign keys in place, or
//! dropped for the load.

use anyhow::Result;

use crate::method::copy::existing_table::copy_without;
use crate::method::{Family, Info, Load, Method, PhaseClock, build_indexes};
use crate::model::Params;
use crate::model::Phase;
use crate::sql::Exec;
use crate::table::{Layout, Table};

/// COPY into a table with a foreign key on each indexed column, whose parents have all values.
///
/// In place, a key is checked by a trigger a row, which looks it up and locks its parent row; the
/// triggers fire at the end of COPY, and wait for it in memory. Dropped, added again NOT VALID and
/// validated, a key is checked by one join (PostgreSQL manual, "Populating a Database", 14.4.4;
/// ALTER TABLE, "Notes").
///
/// The indexes come before the keys, as in pg_dump's scripts: CREATE INDEX also counts the table's
/// rows for the planner, which then knows the size of the join, and the join may use the index.
///
/// Timed: DROP CONSTRAINT where the keys are dropped (prepare), COPY, COMMIT, CREATE INDEX twice,
/// ADD CONSTRAINT ... NOT VALID (constraints), VALIDATE CONSTRAINT (validate). Durable; what a
/// crash leaves between the steps is a table without its keys, or with keys that old rows were not
/// held against.
pub(crate) struct CopyWithReferences {
    info: Info,
    dropped: bool,
}

fn common() -> Info {
    Info {
        layout: Layout::References,
        ..Info::new(Family::Keys, "PostgreSQL manual, Populating a Database, Remove Foreign Key Constraints")
    }
}

/// `copy-fk-in-place`: each row is checked as it comes.
pub(crate) fn copy_fk_in_place() -> CopyWithReferences {
    CopyWithReferences {
        info: common().named("copy-fk-in-place", "COPY csv with the foreign keys in place, then the indexes"),
        dropped: false,
    }
}

/// `copy-fk-dropped`: the rows are checked together, at the end.
pub(crate) fn copy_fk_dropped() -> CopyWithReferences {
    CopyWithReferences {
        info: common().named(
            "copy-fk-dropped",
            "foreign keys dropped, COPY csv, indexes, keys added NOT VALID and validated",
        ),
        dropped: true,
    }
}

impl Method for CopyWithReferences {
    fn info(&self) -> &Info {
        &self.info
    }

    fn lacks(&self, _params: &Params, table: &Table) -> Option<String> {
        let partitioned =
            self.dropped && table.definition().is_some_and(|table| table.partitioning.is_some());
        partitioned.then(|| "the foreign keys of a partitioned table cannot be added NOT VALID".into())
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let dropped = if self.dropped { load.table.drop_references() } else { Vec::new() };
        let mut stream = copy_without(&dropped, load, clock)?;
        build_indexes(load, clock, &mut stream)?;
        if self.dropped {
            clock.time(Phase::Constraints, || stream.run_each(&load.table.add_references(true)))?;
            clock.time(Phase::Validate, || stream.run_each(&load.table.validate_references()))?;
        }
        Ok(())
    }
}
