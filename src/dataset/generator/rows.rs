//! Rows that are invented in parts.

use std::ops::Range;

use anyhow::Result;

use crate::dataset::checksum::ContentSum;

/// The most rows of a table: votes are numbered by 32 bits.
pub(crate) const MOST_ROWS: u64 = u32::MAX as u64;

/// Rows written at a time.
pub(super) const PART_ROWS: usize = 8192;

/// Invented rows, which are written in parts, in any order and on any thread.
pub(crate) trait Rows: Sync {
    /// How many there are.
    fn len(&self) -> usize;

    /// Adds the rows of a [part](parts) to `out` as csv, and returns their content sum.
    ///
    /// # Errors
    /// When they are no rows of their columns, which tests rule out.
    fn write(&self, part: Range<usize>, out: &mut Vec<u8>) -> Result<ContentSum>;
}

/// Ranges that cover so many rows, in order, each a good piece of work.
pub(crate) fn parts(rows: usize) -> impl Iterator<Item = Range<usize>> + Send + use<> {
    (0..rows).step_by(PART_ROWS).map(move |start| start..rows.min(start + PART_ROWS))
}

/// Refuses a number of rows that cannot be made.
///
/// # Errors
/// [`crate::fault::Fault::Usage`].
pub(crate) fn check_rows(rows: u64) -> Result<()> {
    if rows == 0 || rows > MOST_ROWS {
        return Err(crate::usage!("{rows} rows: the generator makes 1 to {MOST_ROWS}; ask for as many"));
    }
    Ok(())
}
