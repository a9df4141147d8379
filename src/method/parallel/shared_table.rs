//! Several COPYs at once into one table, each with a contiguous share of the rows on a connection
//! and in a transaction of its own.

use anyhow::Result;

use crate::method::copy::copy_from_stdin;
use crate::method::jobs::side_by_side;
use crate::method::phases::run;
use crate::method::stream::CopyStream;
use crate::method::{Default, Extent, Family, Info, Load, Method, Param, PhaseClock, Start, build_indexes};
use crate::record::{Durability, Encoding, Phase};
use crate::table::{Layout, Persistence};

/// `jobs` COPYs side by side, one thread and one connection each, then the indexes one after
/// the other as in `copy-csv`: only the load phase differs from it.
///
/// Timed: the COPYs with their COMMITs (until the last is done), CREATE INDEX twice. A failure
/// leaves the shares of the other jobs behind: this is not all-or-nothing as one COPY is.
pub struct CopyParallel {
    info: Info,
}

const PARALLEL: Info = Info {
    id: "copy-parallel",
    family: Family::Parallel,
    summary: "COPY csv on several connections at once, then the indexes",
    source: "Babcock, Dissecting the Postgres Bulk Insert; Smith, PostgreSQL 9.0 High Performance",
    durability: Durability::Durable,
    start: Start::Empty(Persistence::Permanent),
    end: Persistence::Permanent,
    extent: Extent::Full,
    input: Encoding::Csv,
    layout: Layout::Plain,
    needs: &[],
    params: &[Param {
        name: "jobs",
        help: "connections that copy at once",
        default: Default::Cores,
        min: 1,
        max: 64,
    }],
};

/// `copy-parallel`: into an ordinary table. Durable.
pub static COPY_PARALLEL: CopyParallel = CopyParallel { info: PARALLEL };

/// `copy-unlogged-parallel`: into an UNLOGGED table. Lost on a crash.
pub static COPY_UNLOGGED_PARALLEL: CopyParallel = CopyParallel {
    info: Info {
        id: "copy-unlogged-parallel",
        summary: "COPY csv into an UNLOGGED table on several connections at once, then the indexes",
        durability: Durability::LostOnCrash,
        start: Start::Empty(Persistence::Unlogged),
        end: Persistence::Unlogged,
        ..PARALLEL
    },
};

impl Method for CopyParallel {
    fn info(&self) -> &Info {
        &self.info
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let file = load.dataset.file(Encoding::Csv);
        let sql = copy_from_stdin(load.table, Encoding::Csv);
        let mut jobs = Vec::new();
        for chunk in load.dataset.chunks(Encoding::Csv, load.rows, load.param("jobs")? as usize)? {
            jobs.push((CopyStream::connect(load.connector())?, chunk));
        }
        let mut session = load.connector().connect()?;

        clock.time(Phase::Load, || {
            side_by_side(jobs, |(stream, chunk)| stream.copy(&sql, &file, Encoding::Csv, chunk))
        })?;
        build_indexes(load, clock, |sql| run(&mut *session, sql))
    }
}
