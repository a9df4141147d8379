//! Several COPYs at once into one table, each with a contiguous share of the rows on a connection
//! and in a transaction of its own.

use anyhow::Result;

use super::common;
use crate::method::copy::copy_from_stdin;
use crate::method::tools::confirmed;
use crate::method::tools::jobs::side_by_side;
use crate::method::tools::stream::CopyStream;
use crate::method::{Info, Load, Method, PhaseClock, Start, build_indexes};
use crate::model::{Durability, Encoding, Persistence, Phase};

/// `jobs` COPYs side by side, one thread and one connection each, then the indexes one after
/// the other as in `copy-csv`: only the load phase differs from it.
///
/// Timed: the COPYs with their COMMITs (until the last is done), CREATE INDEX twice. A failure
/// leaves the shares of the other jobs behind: this is not all-or-nothing as one COPY is.
pub(crate) struct CopyParallel {
    info: Info,
}

/// `copy-parallel`: into an ordinary table. Durable.
pub(crate) fn copy_parallel() -> CopyParallel {
    CopyParallel {
        info: Info {
            in_parts: true,
            ..common().named("copy-parallel", "COPY csv on several connections at once, then the indexes")
        },
    }
}

/// `copy-unlogged-parallel`: into an UNLOGGED table. Lost on a crash.
pub(crate) fn copy_unlogged_parallel() -> CopyParallel {
    CopyParallel {
        info: Info {
            durability: Durability::LostOnCrash,
            in_parts: true,
            start: Start::Empty(Persistence::Unlogged),
            end: Persistence::Unlogged,
            ..common().named(
                "copy-unlogged-parallel",
                "COPY csv into an UNLOGGED table on several connections at once, then the indexes",
            )
        },
    }
}

impl Method for CopyParallel {
    fn info(&self) -> &Info {
        &self.info
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let file = load.dataset.file(Encoding::Csv);
        let sql = copy_from_stdin(load.table, Encoding::Csv);
        let (mut jobs, mut before) = (Vec::new(), 0);
        for chunk in load.dataset.chunks(Encoding::Csv, load.rows, load.integer("jobs")? as usize)? {
            jobs.push((CopyStream::connect(load.connector)?, chunk, before));
            before += chunk.rows;
        }
        let mut session = load.connector.connect()?;

        let noted = load.confirmed;
        clock.time(Phase::Load, || {
            side_by_side(jobs.iter().collect(), |(stream, chunk, before)| {
                stream.copy(&sql, &file, Encoding::Csv, *chunk)?;
                confirmed::note(noted, before + 1..=before + chunk.rows);
                Ok(())
            })
        })?;
        build_indexes(load, clock, &mut *session)
    }
}
