//! The same COPYs through the blocking driver.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use postgres::Client;
use postgres::binary_copy::BinaryCopyInWriter;
use postgres::types::Type;

use super::writer::{ROWS_BETWEEN_CHECKS, types_of};
use super::{common, copy_from_stdin, file_of};
use crate::dataset::{Chunk, HeldRows};
use crate::interrupt::Interrupt;
use crate::method::tools::batch::Bound;
use crate::method::tools::stream::MESSAGE_BYTES;
use crate::method::{Info, Load, Method, PhaseClock, build_indexes, committed, lacks};
use crate::model::{Encoding, Params};
use crate::pg_error::describe;
use crate::table::Table;

/// COPY through the driver `postgres`, which drives tokio-postgres from a blocking call at a time,
/// in a transaction of its own.
///
/// Timed: COPY (with the encoding, where the rows come from memory), COMMIT, CREATE INDEX twice.
/// Durable.
pub(crate) struct CopyBlocking {
    info: Info,
    encoding: Encoding,
}

/// `copy-csv-blocking`: the file of `copy-csv`, in messages of the same size, by `Client::copy_in`.
pub(crate) fn copy_csv_blocking() -> CopyBlocking {
    CopyBlocking {
        info: Info {
            source: "postgres, Client::copy_in".into(),
            ..common()
                .named("copy-csv-blocking", "COPY csv by the blocking driver postgres, then the indexes")
        },
        encoding: Encoding::Csv,
    }
}

/// `copy-binary-writer-blocking`: the rows of `copy-binary-writer`, by this driver's `BinaryCopyInWriter`,
/// whose every row is a blocking call.
pub(crate) fn copy_binary_writer_blocking() -> CopyBlocking {
    CopyBlocking {
        info: Info {
            source: "postgres, BinaryCopyInWriter".into(),
            ..common().named(
                "copy-binary-writer-blocking",
                "COPY binary from memory by the blocking postgres's writer, then the indexes",
            )
        },
        encoding: Encoding::Binary,
    }
}

impl Method for CopyBlocking {
    fn info(&self) -> &Info {
        &self.info
    }

    fn lacks(&self, _params: &Params, table: &Table) -> Option<String> {
        (self.encoding == Encoding::Binary).then(|| lacks::binary(table)).flatten()
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let interrupt = load.connector.interrupt();
        let sql = copy_from_stdin(load.table, self.encoding);
        match self.encoding {
            Encoding::Csv | Encoding::Text => {
                let (file, chunk) = file_of(load, self.encoding)?;
                timed(load, clock, |session| stream(session, &sql, &file, chunk, interrupt))
            }
            Encoding::Binary => {
                let held = load.dataset.hold(load.rows, interrupt)?;
                let types = types_of(load.table);
                timed(load, clock, |session| write(session, &sql, &types, &held, interrupt))
            }
        }
    }
}

fn timed(
    load: &Load<'_>,
    clock: &mut PhaseClock,
    copy: impl FnOnce(&mut Client) -> Result<()>,
) -> Result<()> {
    let mut session = load.connector.connect()?;
    committed(&mut *session, clock, copy)?;
    build_indexes(load, clock, &mut *session)
}

fn stream(session: &mut Client, sql: &str, file: &Path, chunk: Chunk, interrupt: &Interrupt) -> Result<()> {
    let reading = || format!("reading {}", file.display());
    let mut input = File::open(file).with_context(|| format!("opening {}", file.display()))?;
    input.seek(SeekFrom::Start(chunk.offset)).with_context(reading)?;
    let mut writer = session.copy_in(sql).map_err(describe).with_context(|| format!("starting: {sql}"))?;
    let refused = |e: anyhow::Error| e.context(format!("the server ended the stream of: {sql}"));
    let mut left = chunk.bytes;
    let mut buffer = vec![0; MESSAGE_BYTES];
    while left > 0 {
        interrupt.check()?;
        let most = left.min(MESSAGE_BYTES as u64) as usize;
        let read = input.read(&mut buffer[..most]).with_context(reading)?;
        if read == 0 {
            bail!("{} ended {left} bytes early; it was changed during the run", file.display());
        }
        left -= read as u64;
        // The writer makes one message of what one call gives it.
        writer.write_all(&buffer[..read]).map_err(|e| refused(driver_error(e)))?;
    }
    let taken = writer.finish().map_err(|e| refused(describe(e)))?;
    ensure!(taken == chunk.rows, "the server took {taken} rows of {}", chunk.rows);
    Ok(())
}

fn write(
    session: &mut Client,
    sql: &str,
    types: &[Type],
    held: &HeldRows,
    interrupt: &Interrupt,
) -> Result<()> {
    let sink = session.copy_in(sql).map_err(describe).with_context(|| format!("starting: {sql}"))?;
    let refused = |e| describe(e).context(format!("the server ended the stream of: {sql}"));
    let mut writer = BinaryCopyInWriter::new(sink, types);
    let mut reader = held.reader();
    let mut done = 0_usize;
    while let Some(row) = reader.next_row() {
        if done.is_multiple_of(ROWS_BETWEEN_CHECKS) {
            interrupt.check()?;
        }
        writer.write_raw(row.values().map(Bound)).map_err(refused)?;
        done += 1;
    }
    let taken = writer.finish().map_err(refused)?;
    ensure!(taken == held.rows(), "the server took {taken} rows of {}", held.rows());
    Ok(())
}

/// The driver's error inside what its `Write` returns.
fn driver_error(error: io::Error) -> anyhow::Error {
    match error.downcast::<postgres::Error>() {
        Ok(error) => describe(error),
        Err(error) => error.into(),
    }
}
