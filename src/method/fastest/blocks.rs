//! The rows of a load in blocks that several jobs take from, each row with the key it will have where the server
//! would count it.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use bytes::BytesMut;

use crate::dataset::{Chunk, Dataset, Encoder, Keyed, RowReader, SortedRows};
use crate::method::Load;
use crate::method::tools::stream::MESSAGE_BYTES;
use crate::model::Encoding;
use crate::table::Table;

/// Rows in a block: some 200 KiB of the votes' csv. Jobs that take small blocks by turns put the rows
/// into the table nearly in order, which keeps the build of the key's index short.
const BLOCK_ROWS: u64 = 8192;

/// The rows of a load, cut into blocks. They are numbered from 1, and the number is the row's key where the server would count it.
pub(crate) struct Blocks<'a> {
    dataset: &'a Dataset,
    table: &'a Table,
    encoding: Encoding,
    rows: u64,
    order: Order,
    next: AtomicUsize,
}

/// The order that the rows are numbered in.
enum Order {
    /// The file's, by its blocks and the number of the first row of each.
    File(Vec<(Chunk, u64)>),
    /// The order of the values of a column.
    Sorted(SortedRows),
}

impl<'a> Blocks<'a> {
    fn new(load: &Load<'a>, encoding: Encoding, order: Order) -> Self {
        let next = AtomicUsize::new(0);
        Self { dataset: load.dataset, table: load.table, encoding, rows: load.rows, order, next }
    }

    /// Finds where blocks begin in the csv, whose rows are to be encoded so.
    ///
    /// # Errors
    /// When the csv cannot be read.
    pub(crate) fn in_file_order(load: &Load<'a>, encoding: Encoding) -> Result<Self> {
        let blocks = load.rows.div_ceil(BLOCK_ROWS);
        let chunks = load.dataset.chunks(Encoding::Csv, load.rows, blocks as usize)?;
        let numbered = chunks.into_iter().scan(0, |rows, chunk| {
            let first = *rows;
            *rows += chunk.rows;
            Some((chunk, first))
        });
        Ok(Self::new(load, encoding, Order::File(numbered.collect())))
    }

    /// Reads the csv, whose rows are to be encoded so, into memory and sorts them by the column of this
    /// number, from 0.
    ///
    /// # Errors
    /// As [`crate::dataset::Dataset::sorted_by`].
    pub(crate) fn sorted_by(load: &Load<'a>, encoding: Encoding, column: usize) -> Result<Self> {
        let sorted = load.dataset.sorted_by(column, load.rows, load.connector.interrupt())?;
        Ok(Self::new(load, encoding, Order::Sorted(sorted)))
    }

    /// The share of one job: blocks of rows, as long as there are any.
    ///
    /// # Errors
    /// When the table has more columns than a table can have.
    pub(crate) fn share(&self) -> Result<Share<'_>> {
        let encoder = Encoder::new(&self.columns().columns, self.encoding)?;
        Ok(Share { blocks: self, encoder, block: None, keyed: self.table.counted_key().is_some() })
    }

    /// The table as these rows bring its columns: with the key in front where that is their number.
    pub(crate) fn columns(&self) -> Table {
        self.table.with_counted_key()
    }

    /// The next block, and the numbers of its rows, from 0.
    fn take(&self) -> Result<Option<(RowReader, Range<u64>)>> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        match &self.order {
            Order::File(chunks) => {
                let Some((chunk, first)) = chunks.get(number) else { return Ok(None) };
                Ok(Some((self.dataset.reader_of(*chunk)?, *first..first + chunk.rows)))
            }
            Order::Sorted(sorted) => {
                let first = number as u64 * BLOCK_ROWS;
                let rows = first..(first + BLOCK_ROWS).min(self.rows);
                if rows.is_empty() {
                    return Ok(None);
                }
                let csv = sorted.part(rows.start as usize..rows.end as usize).collect::<Vec<_>>().concat();
                let name = format!("the sorted rows from {}", first + 1);
                Ok(Some((RowReader::over(csv, self.dataset.columns(), name), rows)))
            }
        }
    }
}

/// The rows that one job takes, encoded for COPY.
pub(crate) struct Share<'b> {
    blocks: &'b Blocks<'b>,
    encoder: Encoder,
    /// The block at hand, and the numbers of the rows that are left of it.
    block: Option<(RowReader, Range<u64>)>,
    /// Whether each row's number goes in front of it.
    keyed: bool,
}

impl Share<'_> {
    /// Puts the next rows into `message`; leaves it as it is past the last.
    ///
    /// # Errors
    /// When the csv cannot be read or is not what it was, or a row's key is larger than a serial holds.
    pub(crate) fn fill(&mut self, message: &mut BytesMut) -> Result<()> {
        while message.len() < MESSAGE_BYTES {
            let Some((reader, left)) = &mut self.block else {
                self.block = self.blocks.take()?;
                if self.block.is_none() {
                    break;
                }
                continue;
            };
            let Some(number) = left.next() else {
                self.block = None;
                continue;
            };
            let row = reader.next_row()?.with_context(|| {
                format!("the csv ends before row {}; it was changed during the run", number + 1)
            })?;
            if !self.keyed {
                self.encoder.push_row(&row, message);
                continue;
            }
            let key = i32::try_from(number + 1)
                .with_context(|| format!("row {} has no key: a serial ends at {}", number + 1, i32::MAX))?;
            self.encoder.push_row(&Keyed { key, row: &row }, message);
        }
        Ok(())
    }
}
