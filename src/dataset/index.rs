//! An index of where rows begin in a file: an entry every so many rows, and a short walk from there.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::model::Encoding;

/// The most entries an index keeps.
const MOST_ENTRIES: usize = 1024;

/// The offset at which a row begins in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u64, u64)", into = "(u64, u64)")]
pub(crate) struct IndexEntry {
    /// Rows before it.
    pub row: u64,
    /// Bytes before it, from the beginning of the file.
    pub offset: u64,
}

impl From<(u64, u64)> for IndexEntry {
    fn from((row, offset): (u64, u64)) -> Self {
        Self { row, offset }
    }
}

impl From<IndexEntry> for (u64, u64) {
    fn from(entry: IndexEntry) -> Self {
        (entry.row, entry.offset)
    }
}

/// Collects entries as a file is written, evenly, without knowing how long it gets: when there
/// are too many, every other one goes.
#[derive(Debug)]
pub(crate) struct IndexBuilder {
    entries: Vec<IndexEntry>,
    /// Pushes between two that are kept.
    stride: u64,
    pushes: u64,
}

impl IndexBuilder {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self { entries: Vec::new(), stride: 1, pushes: 0 }
    }

    /// Adds the next entry.
    pub(crate) fn push(&mut self, entry: IndexEntry) {
        if self.pushes.is_multiple_of(self.stride) {
            if self.entries.len() == MOST_ENTRIES {
                let mut keep = false;
                self.entries.retain(|_| {
                    keep = !keep;
                    keep
                });
                self.stride *= 2;
            }
            if self.pushes.is_multiple_of(self.stride) {
                self.entries.push(entry);
            }
        }
        self.pushes += 1;
    }

    /// The entries, in order.
    pub(crate) fn finish(self) -> Vec<IndexEntry> {
        self.entries
    }
}

/// The byte where row number `row` (from 0) begins in `file`.
///
/// # Errors
/// When the file cannot be read, or ends before that row.
pub(crate) fn locate(file: &Path, encoding: Encoding, entries: &[IndexEntry], row: u64) -> Result<u64> {
    let after = entries.partition_point(|entry| entry.row <= row);
    let near = after
        .checked_sub(1)
        .and_then(|i| entries.get(i))
        .with_context(|| format!("{} has no index", file.display()))?;
    let reading = || format!("reading {}", file.display());
    let mut input = File::open(file).with_context(reading)?;
    input.seek(SeekFrom::Start(near.offset)).with_context(reading)?;
    let rows = row - near.row;
    let mut input = BufReader::with_capacity(64 << 10, input);
    let bytes = match encoding {
        Encoding::Csv => skip_lines(&mut input, rows, Quotes::Count),
        // A line feed inside a field is written `\n`.
        Encoding::Text => skip_lines(&mut input, rows, Quotes::Ignore),
        Encoding::Binary => skip_tuples(&mut input, rows),
    };
    Ok(near.offset + bytes.with_context(|| format!("looking for row {row} in {}", file.display()))?)
}

#[derive(PartialEq, Clone, Copy)]
enum Quotes {
    Count,
    Ignore,
}

fn skip_lines(input: &mut impl BufRead, rows: u64, quotes: Quotes) -> std::io::Result<u64> {
    let (mut left, mut skipped, mut odd) = (rows, 0, false);
    while left > 0 {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let mut used = buffer.len();
        for at in memchr::memchr2_iter(b'"', b'\n', buffer) {
            if buffer[at] == b'"' {
                odd ^= quotes == Quotes::Count;
            } else if !odd {
                left -= 1;
                if left == 0 {
                    used = at + 1;
                    break;
                }
            }
        }
        input.consume(used);
        skipped += used as u64;
    }
    Ok(skipped)
}

fn skip_tuples(input: &mut (impl BufRead + Seek), rows: u64) -> std::io::Result<u64> {
    let mut skipped = 0;
    let mut fields = [0; 2];
    let mut length = [0; 4];
    for _ in 0..rows {
        input.read_exact(&mut fields)?;
        skipped += 2;
        for _ in 0..i16::from_be_bytes(fields).max(0) {
            input.read_exact(&mut length)?;
            // A NULL has the length -1.
            let bytes = i32::from_be_bytes(length).max(0) as u64;
            let passed = std::io::copy(&mut input.take(bytes), &mut std::io::sink())?;
            if passed < bytes {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            skipped += 4 + bytes;
        }
    }
    Ok(skipped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn an_index_stays_small_and_even() {
        for count in [1, 1024, 1025, 5000, 100_000u64] {
            let mut index = IndexBuilder::new();
            for i in 0..count {
                index.push(IndexEntry { row: 10 * i, offset: 100 * i });
            }
            let entries = index.finish();
            assert!(entries.len() <= MOST_ENTRIES && entries.len() as u64 >= count.min(512));
            let step = entries.get(1).map_or(0, |entry| entry.row);
            for (i, entry) in entries.iter().enumerate() {
                assert_eq!((entry.row, entry.offset), (i as u64 * step, i as u64 * step * 10));
            }
        }
    }

    #[test]
    fn rows_are_skipped_by_their_format() {
        let csv = "\"a\n\"\"\n\",1\nb,2\n";
        let skip = |rows| skip_lines(&mut Cursor::new(csv), rows, Quotes::Count);
        assert_eq!((skip(0).unwrap(), skip(1).unwrap(), skip(2).unwrap()), (0, 10, 14));
        assert_eq!(skip(3).unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
        assert_eq!(skip_lines(&mut Cursor::new("a\"\nb\n"), 1, Quotes::Ignore).unwrap(), 3);
        let tuple = b"\0\x02\0\0\0\x01a\xff\xff\xff\xff\0\0";
        assert_eq!(skip_tuples(&mut Cursor::new(tuple), 1).unwrap(), 11);
        assert!(skip_tuples(&mut Cursor::new(&tuple[..6]), 1).is_err());
    }
}
