//! Rows in memory, written by the asynchronous driver's own writer of the binary format.

use std::pin::pin;

use anyhow::{Context, Result, ensure};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

use super::{common, copy_from_stdin};
use crate::dataset::HeldRows;
use crate::interrupt::Interrupt;
use crate::method::tools::batch::Bound;
use crate::method::tools::batch::bind_type;
use crate::method::tools::stream::CopyStream;
use crate::method::{Info, Load, Method, PhaseClock, build_indexes, committed, lacks};
use crate::model::{Encoding, Params};
use crate::pg_error::describe;
use crate::table::Table;

/// Rows between two looks at whether to stop.
pub(super) const ROWS_BETWEEN_CHECKS: usize = 1024;

/// The types that a driver's writer encodes the table's columns as.
pub(super) fn types_of(table: &Table) -> Vec<Type> {
    table.columns.iter().map(bind_type).collect()
}

/// `copy-binary-writer`: the rows of `copy-binary-encoded`, by `BinaryCopyInWriter` of the driver
/// tokio-postgres: each value is encoded by its type, and a message sent for every 4 KiB.
///
/// Timed: encoding and COPY (load), COMMIT, CREATE INDEX twice; reading the csv into memory is not.
/// Durable.
pub(crate) struct CopyBinaryWriter {
    info: Info,
}

/// See [`CopyBinaryWriter`].
pub(crate) fn copy_binary_writer() -> CopyBinaryWriter {
    CopyBinaryWriter {
        info: Info {
            source: "tokio-postgres, BinaryCopyInWriter".into(),
            ..common().named(
                "copy-binary-writer",
                "COPY binary from memory by tokio-postgres's writer, then the indexes",
            )
        },
    }
}

impl Method for CopyBinaryWriter {
    fn info(&self) -> &Info {
        &self.info
    }

    fn lacks(&self, _params: &Params, table: &Table) -> Option<String> {
        lacks::binary(table)
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let interrupt = load.connector.interrupt();
        let held = load.dataset.hold(load.rows, interrupt)?;
        let types = types_of(load.table);
        let sql = copy_from_stdin(load.table, Encoding::Binary);
        let mut stream = CopyStream::connect(load.connector)?;

        committed(&mut stream, clock, |stream| write(stream, &sql, &types, &held, interrupt))?;
        build_indexes(load, clock, &mut stream)
    }
}

fn write(
    stream: &CopyStream,
    sql: &str,
    types: &[Type],
    held: &HeldRows,
    interrupt: &Interrupt,
) -> Result<()> {
    let taken = stream.with_session(async |session| {
        let starting = || format!("starting: {sql}");
        let sink = session.copy_in(sql).await.map_err(describe).with_context(starting)?;
        let refused = |e| describe(e).context(format!("the server ended the stream of: {sql}"));
        let mut writer = pin!(BinaryCopyInWriter::new(sink, types));
        let mut reader = held.reader();
        let mut done = 0_usize;
        while let Some(row) = reader.next_row() {
            if done.is_multiple_of(ROWS_BETWEEN_CHECKS) {
                interrupt.check()?;
            }
            writer.as_mut().write_raw(row.values().map(Bound)).await.map_err(refused)?;
            done += 1;
        }
        writer.as_mut().finish().await.map_err(refused)
    })?;
    ensure!(taken == held.rows(), "the server took {taken} rows of {}", held.rows());
    Ok(())
}
