//! COPY into a staging table, and from there into the table by one INSERT ... SELECT.

use anyhow::Result;

use super::{Kind, Staging, common};
use crate::method::tools::stream::CopyStream;
use crate::method::{Info, Load, Method, PhaseClock, build_indexes, committed};
use crate::model::{Encoding, Phase};

/// COPY into a staging table, INSERT ... SELECT from there: what it costs to write the rows twice.
///
/// Timed: CREATE TABLE and COPY of the staging table (prepare), INSERT ... SELECT and DROP TABLE
/// in one transaction (load), COMMIT, CREATE INDEX twice. Durable: a crash before the COMMIT
/// leaves the table empty and, of an unlogged staging table, an empty one.
pub(crate) struct InsertSelect {
    info: Info,
    kind: Kind,
}

/// `insert-select-staging`: by way of an UNLOGGED table.
pub(crate) fn insert_select_staging() -> InsertSelect {
    InsertSelect {
        info: common().named(
            "insert-select-staging",
            "COPY csv into an UNLOGGED staging table, INSERT ... SELECT, then the indexes",
        ),
        kind: Kind::Unlogged,
    }
}

/// `insert-select-temp`: by way of a TEMPORARY table, which lies in buffers of the connection's own.
pub(crate) fn insert_select_temp() -> InsertSelect {
    InsertSelect {
        info: common().named(
            "insert-select-temp",
            "COPY csv into a TEMPORARY table, INSERT ... SELECT, then the indexes",
        ),
        kind: Kind::Temporary,
    }
}

impl Method for InsertSelect {
    fn info(&self) -> &Info {
        &self.info
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let chunk = load.dataset.first(Encoding::Csv, load.rows)?;
        let staging = Staging::like(load.table, self.kind);
        let insert = format!(
            "{} SELECT {} FROM {}",
            load.table.insert_into(),
            load.table.column_list(),
            staging.name()
        );
        let mut stream = CopyStream::connect(load.connector)?;

        clock.time(Phase::Prepare, || staging.fill(&stream, load, chunk))?;
        committed(&mut stream, clock, |stream| {
            stream.run(&insert)?;
            stream.run(&staging.drop())
        })?;
        build_indexes(load, clock, &mut stream)
    }
}
