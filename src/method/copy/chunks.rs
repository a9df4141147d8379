//! The csv split into files first, and these loaded after each other or side by side.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;

use super::{common, copy_with};
use crate::dataset::Chunk;
use crate::method::tools::confirmed;
use crate::method::tools::jobs::side_by_side;
use crate::method::tools::stream::CopyStream;
use crate::method::{Info, Load, Method, Param, PhaseClock, build_indexes};
use crate::model::{Encoding, Phase};

/// `copy-chunks`: the csv is split into files of `chunk_rows` rows, each with a header line, and
/// each file is copied in a transaction of its own, `jobs` at once: whoever is done takes the next.
/// The way of a program that wants to go on after the last good file when one fails, or whose tool
/// takes files of a limited size.
///
/// Timed: splitting (prepare; the files go to the page cache, not to the disk), the COPYs with their
/// COMMITs until the last is done, CREATE INDEX twice. Durable file by file: a crash leaves the
/// rows of the files that were done.
pub(crate) struct CopyChunks {
    info: Info,
}

/// See [`CopyChunks`].
pub(crate) fn copy_chunks() -> CopyChunks {
    CopyChunks {
        info: Info {
            source: "Efficiently backfilling data in Postgres".into(),
            in_parts: true,
            params: vec![
                Param::integer("chunk_rows", "rows a file", 1..=1_000_000_000, 1_000_000),
                Param::integer("jobs", "connections that copy at once", 1..=64, 1),
            ],
            ..common()
                .named("copy-chunks", "the csv split into files with a header, a COPY each, then the indexes")
        },
    }
}

impl Method for CopyChunks {
    fn info(&self) -> &Info {
        &self.info
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let chunk_rows = load.integer("chunk_rows")?;
        let sql = copy_with(load.table, Encoding::Csv, ", HEADER");
        let jobs = load.integer("jobs")?.min(load.rows.div_ceil(chunk_rows));
        let streams = (0..jobs).map(|_| CopyStream::connect(load.connector)).collect::<Result<Vec<_>>>()?;
        let mut session = load.connector.connect()?;
        let (interrupt, noted) = (load.connector.interrupt(), load.confirmed);

        let parts = clock
            .time(Phase::Prepare, || load.dataset.split(load.rows, chunk_rows, load.scratch, interrupt))?;
        let mut next_row = 1;
        let numbered = parts.iter().map(|part| {
            let first = next_row;
            next_row += part.rows;
            (first, part)
        });
        let numbered: Vec<_> = numbered.collect();
        let next = AtomicUsize::new(0);
        clock.time(Phase::Load, || {
            side_by_side(streams.iter().collect(), |stream| {
                while let Some((first, part)) = numbered.get(next.fetch_add(1, Ordering::Relaxed)) {
                    interrupt.check()?;
                    let whole = Chunk { offset: 0, bytes: part.bytes, rows: part.rows };
                    let copied = stream.copy(&sql, &part.path, Encoding::Csv, whole);
                    // The others have no use for going on: the load has failed.
                    copied.inspect_err(|_| next.store(parts.len(), Ordering::Relaxed))?;
                    confirmed::note(noted, *first..=first + part.rows - 1);
                }
                Ok(())
            })
        })?;
        build_indexes(load, clock, &mut *session)
    }
}
