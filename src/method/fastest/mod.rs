//! The fastest ways we know to the table that all methods end with, composed of what the others show
//! one by one.

mod blocks;
mod builds;

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, ensure};

use crate::method::copy::{copy_with, sort_column};
use crate::method::tools::jobs::side_by_side;
use crate::method::tools::stream::CopyStream;
use crate::method::{Family, Info, Load, Method, Param, ParamDefault, PhaseClock, Start, lacks};
use crate::model::{Durability, Encoding, ParamValue, Params, Persistence, Phase};
use crate::table::Table;
use blocks::Blocks;
use builds::{LEAST_BUILD_MEMORY, Means};

/// The table made without its primary key, the csv's rows given their keys and encoded in the
/// binary format by `jobs` threads that copy them over a connection each, and then the indexes,
/// the primary key's among them, all built at the same time.
///
/// The purpose of each part, as measured by the experiment `fastest`, which adds them one by one to
/// `copy-csv` (with `format`, `jobs`, `one_by_one` and `build_memory` as the single COPY has them, the keys
/// from the client are what is left):
///
/// - Keys from the client, where the server would count them, and their index built afterwards: a primary key that is there takes each
///   row's key from a sequence and puts it into the index row by row, which costs more than the rows.
/// - Rows in the binary format (`format`), which spares the server reading numbers; of three columns it cannot be
///   told from csv, which is what rows are in that have a value whose binary form is not known.
/// - Several COPYs at once, which take small blocks of rows by turns. Rows lie in the table nearly in
///   the order of their keys, so that the key's index is built from nearly sorted input.
/// - All builds at once. ADD PRIMARY KEY would keep the others out; CREATE UNIQUE INDEX does not, and
///   PRIMARY KEY USING INDEX then only writes to the catalogue (PostgreSQL manual, ALTER TABLE).
/// - Little memory for each build, in which it sorts in the processor's cache and merges afterwards:
///   the index phase takes 0.7 times as long with 16 MiB as with 1 GiB. It is as little as merges all runs in one
///   pass, so that it grows with the square root of the rows.
/// - Not sorted: rows in the order of the last indexed column (`sorted`) shorten the build of that
///   index by less than the client's sort takes, as several COPYs mix them again.
/// - Not in one transaction (`one_transaction`), in which one connection makes the table and copies
///   frozen rows into it: at wal_level = minimal the server then writes no WAL for the rows, and
///   flushes them at COMMIT (PostgreSQL manual, "Populating a Database", 14.4.7). As the other
///   connections have nothing to do meanwhile, the load phase is longer; it pays where a load waits for
///   the disk and not for the processors. The builds skip the WAL at that level in any case.
///
/// The rest is the work of the server's processes, one pass for the rows and one for each index:
/// their CPU time and the client's, divided by the processors, is nine tenths of the time and more.
///
/// Timed: CREATE TABLE and finding the blocks, or reading and sorting (prepare); encoding and COPY with
/// COMMIT, until the last job is done (load); the builds until the last is done (indexes); the
/// primary key and its sequence (constraints). Not all or nothing: what other connections have committed
/// stays when one fails.
pub(crate) struct Fastest {
    info: Info,
}

/// The formats of `format`, the default first.
const FORMATS: [Encoding; 3] = [Encoding::Binary, Encoding::Text, Encoding::Csv];

fn common() -> Info {
    Info {
        start: Start::Absent,
        params: vec![
            Param::integer(
                "jobs",
                "connections that copy at once, and processors for the builds",
                1..=64,
                ParamDefault::Cores,
            ),
            Param::choice("format", "the format that the rows are encoded in", &FORMATS.map(Encoding::name)),
            Param::integer(
                "build_memory",
                "MiB that each process of an index build sorts in; one by one, those of a whole build",
                1..=16 * 1024,
                ParamDefault::AtLeast(LEAST_BUILD_MEMORY),
            ),
            Param::flag(
                "one_by_one",
                "build one index after the other on one connection, in place of all at once",
            ),
            Param::flag(
                "sorted",
                "sort the rows by the last indexed column first, in place of the file's order",
            ),
            Param::flag(
                "one_transaction",
                "make the table and copy in one transaction on one connection, in place of one each",
            ),
        ],
        ..Info::new(Family::Fastest, "PostgreSQL manual, Populating a Database; composed and measured here")
    }
}

/// `fastest-durable`: into an ordinary table. Durable.
pub(crate) fn fastest_durable() -> Fastest {
    Fastest {
        info: common().named(
            "fastest-durable",
            "COPY binary with keys on several connections, then all indexes at once, in little memory",
        ),
    }
}

/// `fastest-unlogged`: into an UNLOGGED table. Lost on a crash.
pub(crate) fn fastest_unlogged() -> Fastest {
    Fastest {
    info: Info { durability: Durability::LostOnCrash,
        end: Persistence::Unlogged, ..common().named("fastest-unlogged", "COPY binary with keys into an UNLOGGED table on several connections, then all indexes at once") },
}
}

impl Method for Fastest {
    fn info(&self) -> &Info {
        &self.info
    }

    fn lacks(&self, params: &Params, table: &Table) -> Option<String> {
        let is_set = |name: &str| params.get(name).and_then(ParamValue::flag) == Some(true);
        let binary = ParamValue::Choice(Encoding::Binary.name().into());
        let sorted = is_set("sorted").then(|| lacks::sort_column(table)).flatten();
        let frozen = || is_set("one_transaction").then(|| lacks::frozen(table)).flatten();
        let formed = || (params.get("format") == Some(&binary)).then(|| lacks::binary(table)).flatten();
        sorted.or_else(frozen).or_else(formed)
    }

    fn defaults_for(&self, table: &Table, rows: u64) -> Params {
        let csv = || ("format".to_owned(), ParamValue::Choice(Encoding::Csv.name().into()));
        let memory = ("build_memory".to_owned(), ParamValue::Int(builds::memory(rows)));
        lacks::binary(table).map(|_| csv()).into_iter().chain([memory]).collect()
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let jobs = load.integer("jobs")?;
        let one_transaction = load.flag("one_transaction")?;
        let one_by_one = load.flag("one_by_one")?;
        let memory = load.integer("build_memory")?;
        let format = load.word("format")?;
        let encoding = FORMATS.into_iter().find(|encoding| encoding.name() == format);
        let encoding = encoding.with_context(|| format!("format = {format:?} is not encoded here"))?;
        let sort_by = match load.flag("sorted")? {
            true => Some(sort_column(load.table)?),
            false => None,
        };
        let connect =
            |count| (0..count).map(|_| CopyStream::connect(load.connector)).collect::<Result<Vec<_>>>();
        let copies = connect(if one_transaction { 1 } else { jobs })?;
        let statements = builds::statements(load.table);
        let builders = connect(if one_by_one { 1 } else { statements.len() as u64 })?;
        match &builders[..] {
            [only] if one_by_one => builds::prepare_one_by_one(only, memory)?,
            several => builds::prepare(several, Means { processors: jobs, memory })?,
        }
        let control = CopyStream::connect(load.connector)?;
        let create = load.table.create_without_keys(self.info.end);

        let blocks = clock.time(Phase::Prepare, || {
            if !one_transaction {
                control.run(&create)?;
            }
            match sort_by {
                Some(column) => Blocks::sorted_by(load, encoding, column),
                None => Blocks::in_file_order(load, encoding),
            }
        })?;
        clock.time(Phase::Load, || match copies.first() {
            Some(only) if one_transaction => {
                only.run("BEGIN")?;
                only.run(&create)?;
                copy(&copies, &blocks, load, encoding, ", FREEZE")?;
                only.run("COMMIT")
            }
            _ => copy(&copies, &blocks, load, encoding, ""),
        })?;
        // The sorted rows are not needed any more.
        drop(blocks);
        clock.time(Phase::Indexes, || match &builders[..] {
            [only] if one_by_one => builds::run_one_by_one(only, &statements),
            several => builds::run_side_by_side(several, &statements),
        })?;
        let mut constraints = load.table.add_keys();
        constraints.extend(load.table.add_references(false));
        constraints.extend(load.table.counted_key().map(|_| load.table.advance_key()));
        if constraints.is_empty() {
            return Ok(());
        }
        clock.time(Phase::Constraints, || constraints.iter().try_for_each(|statement| control.run(statement)))
    }
}

/// Copies all blocks over these connections, in their encoding and with these options besides.
fn copy(
    streams: &[CopyStream],
    blocks: &Blocks<'_>,
    load: &Load<'_>,
    encoding: Encoding,
    options: &str,
) -> Result<()> {
    let sql = copy_with(&blocks.columns(), encoding, options);
    let taken = AtomicU64::new(0);
    side_by_side(streams.iter().collect(), |stream| {
        let mut share = blocks.share()?;
        let rows = stream.copy_all(&sql, encoding, |message| share.fill(message))?;
        taken.fetch_add(rows, Ordering::Relaxed);
        Ok(())
    })?;
    let taken = taken.into_inner();
    ensure!(taken == load.rows, "the server took {taken} rows of {}", load.rows);
    Ok(())
}
