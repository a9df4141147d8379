//! Several COPYs at once, each with a contiguous share of the rows on a connection and in a
//! transaction of its own.

use anyhow::{Context, Result};

use crate::method::copy::copy_from_stdin;
use crate::method::phases::run;
use crate::method::stream::CopyStream;
use crate::method::{Default, Extent, Family, Info, Load, Method, Param, PhaseClock, Start, build_indexes};
use crate::record::{Durability, Encoding, Phase};
use crate::table::Persistence;

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
    server_reads: false,
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
            std::thread::scope(|scope| {
                let running: Vec<_> = jobs
                    .into_iter()
                    .map(|(stream, chunk)| {
                        let (file, sql) = (&file, &sql);
                        scope.spawn(move || stream.copy(sql, file, Encoding::Csv, chunk))
                    })
                    .collect();
                // All are waited for before the first error is looked at: none outlives the phase.
                let ended: Vec<_> = running.into_iter().map(|job| job.join()).collect();
                ended
                    .into_iter()
                    .try_for_each(|job| job.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            })
            .context("in one of the parallel jobs")
        })?;
        build_indexes(load, clock, |sql| run(&mut *session, sql))
    }
}
