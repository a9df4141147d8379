//! Cutting a csv stream into blocks of whole rows, without parsing it.
//!
//! A row ends at a line feed outside quotes, and outside quotes means after an even number of
//! them: `""` inside a quoted field counts two. So counting quotes is enough to cut, and a
//! block without any needs only its last line feed. Where quotes are escaped by another character, one that
//! is escaped does not count.
//!
//! A quote that is never closed is for whoever parses the rows to refuse, as only that can tell which
//! quote it is: the row it is in ends the last block, and the rows before it come first.

use std::io::Read;

use anyhow::{Context, Result};

use super::dialect::{Cut, Standard};

/// How much is read at a time, in bytes. Two blocks a core and their output fit its cache level
/// 2 or 3, and a block is enough work to hide the hand-over between threads.
pub(crate) const BLOCK_BYTES: usize = 256 << 10;

/// The longest row, in bytes. A longer one is nearly always a quote that is never closed.
pub(crate) const LONGEST_ROW_BYTES: usize = 256 << 20;

/// Whole rows of a csv file.
#[derive(Debug)]
pub(crate) struct Block {
    /// Their bytes; at the end of the file the last row may lack its line feed, or a closing quote.
    pub bytes: Vec<u8>,
    /// The line, from 1, on which the first of them begins.
    pub first_line: u64,
    /// Whether there may be a quote in it.
    pub quoted: bool,
}

/// Reads blocks.
pub(crate) struct BlockReader<R> {
    input: R,
    /// Where the bytes come from, in words, for messages.
    name: String,
    /// The part of a row at the end of the last block.
    rest: Vec<u8>,
    line: u64,
    cut: Cut,
    block_bytes: usize,
    longest_row: usize,
    ended: bool,
}

impl<R: Read> BlockReader<R> {
    /// Reads `input`, which messages call `name`.
    pub(crate) fn new(input: R, name: String) -> Self {
        Self {
            input,
            name,
            rest: Vec::new(),
            line: 1,
            cut: Cut::by(Standard),
            block_bytes: BLOCK_BYTES,
            longest_row: LONGEST_ROW_BYTES,
            ended: false,
        }
    }

    /// With rows that end by other marks.
    pub(crate) fn cut_by(self, cut: Cut) -> Self {
        Self { cut, ..self }
    }

    #[cfg(test)]
    pub(crate) fn with_block_bytes(mut self, bytes: usize) -> Self {
        self.block_bytes = bytes;
        self
    }

    /// The name of its input, for messages.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The next rows, or `None` at the end.
    ///
    /// # Errors
    /// When reading fails, or a row is longer than [`LONGEST_ROW_BYTES`].
    pub(crate) fn next_block(&mut self) -> Result<Option<Block>> {
        if self.ended {
            return Ok(None);
        }
        let mut bytes = Vec::with_capacity(self.block_bytes + self.rest.len());
        bytes.append(&mut self.rest);
        let mut scan = Scan::new(self.cut);
        loop {
            let filled = self.fill(&mut bytes)?;
            scan.go_on(&bytes);
            if filled && scan.row_end == 0 {
                if bytes.len() > self.longest_row {
                    return Err(self.endless(&bytes, scan.odd));
                }
                continue;
            }
            // A row with a quote that is not closed comes after those before it, at any size of block.
            if !filled && (scan.row_end == 0 || !scan.odd) {
                self.ended = true;
                scan.row_end = bytes.len();
            }
            break;
        }
        self.rest.extend_from_slice(&bytes[scan.row_end..]);
        bytes.truncate(scan.row_end);
        if bytes.is_empty() {
            return Ok(None);
        }
        let block = Block { first_line: self.line, quoted: scan.quoted, bytes };
        self.line += newlines(&block.bytes);
        Ok(Some(block))
    }

    /// Reads one block's worth more; false at the end of the input.
    fn fill(&mut self, bytes: &mut Vec<u8>) -> Result<bool> {
        let wanted = (bytes.len() / self.block_bytes + 1) * self.block_bytes - bytes.len();
        let read = self
            .input
            .by_ref()
            .take(wanted as u64)
            .read_to_end(bytes)
            .with_context(|| format!("reading {}", self.name))?;
        Ok(read == wanted)
    }

    /// The error for a row whose end is too far away; `row` is what was read of it.
    fn endless(&self, row: &[u8], in_quotes: bool) -> anyhow::Error {
        let quote = self.cut.quote.filter(|_| in_quotes).and_then(|quote| memchr::memchr(quote, row));
        let cause = quote.map(|at| {
            let line = self.line + newlines(&row[..at]);
            format!(": its first quote is on line {line}, and one is opened and not closed")
        });
        crate::bad_data!(
            "{}, line {}: the row that begins here is longer than {} MiB{}; mend the row and try again",
            self.name,
            self.line,
            self.longest_row >> 20,
            cause.unwrap_or_default()
        )
    }
}

/// The line feeds in these bytes.
pub(crate) fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// Where the first row of these bytes ends, behind its line feed.
pub(crate) fn first_row_end(bytes: &[u8], cut: Cut) -> usize {
    let (mut from, mut scan) = (0, Scan::new(cut));
    while let Some(feed) = memchr::memchr(b'\n', &bytes[from..]) {
        from += feed + 1;
        scan.go_on(&bytes[..from]);
        if scan.row_end > 0 {
            return scan.row_end;
        }
    }
    bytes.len()
}

/// How far a block has been looked at.
struct Scan {
    cut: Cut,
    seen: usize,
    odd: bool,
    quoted: bool,
    /// The place of a character that an escape stands before.
    escaped: Option<usize>,
    /// Past the last line feed outside quotes; 0 when there is none.
    row_end: usize,
}

impl Scan {
    fn new(cut: Cut) -> Self {
        Self { cut, seen: 0, odd: false, quoted: false, escaped: None, row_end: 0 }
    }

    fn go_on(&mut self, bytes: &[u8]) {
        let fresh = &bytes[self.seen..];
        match self.cut.quote {
            Some(quote) if self.odd || memchr::memchr(quote, fresh).is_some() => {
                self.quoted = true;
                self.count(fresh, quote);
            }
            _ => {
                if let Some(at) = memchr::memrchr(b'\n', fresh) {
                    self.row_end = self.seen + at + 1;
                }
            }
        }
        self.seen = bytes.len();
    }

    fn count(&mut self, fresh: &[u8], quote: u8) {
        let Some(escape) = self.cut.escape else {
            for at in memchr::memchr2_iter(quote, b'\n', fresh) {
                self.meet(fresh[at] == quote, self.seen + at);
            }
            return;
        };
        for at in memchr::memchr3_iter(quote, escape, b'\n', fresh) {
            let place = self.seen + at;
            if fresh[at] == b'\n' {
                self.meet(false, place);
            } else if self.escaped == Some(place) {
                // It stands for itself.
            } else if fresh[at] == quote {
                self.meet(true, place);
            } else if self.odd {
                self.escaped = Some(place + 1);
            }
        }
    }

    /// Takes a quote or a line feed into account.
    #[inline]
    fn meet(&mut self, quote: bool, place: usize) {
        if quote {
            self.odd = !self.odd;
        } else if !self.odd {
            self.row_end = place + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(csv: &str, block_bytes: usize) -> Result<Vec<(String, u64, bool)>> {
        let mut reader = BlockReader::new(csv.as_bytes(), "test.csv".into()).with_block_bytes(block_bytes);
        let mut blocks = Vec::new();
        while let Some(block) = reader.next_block()? {
            blocks.push((String::from_utf8(block.bytes)?, block.first_line, block.quoted));
        }
        Ok(blocks)
    }

    #[test]
    fn blocks_end_with_rows() {
        let found = blocks("a,b\nc,d\n\"e\n\",f\ng,h", 10).unwrap();
        let text: Vec<&str> = found.iter().map(|(text, ..)| text.as_str()).collect();
        assert_eq!(text, ["a,b\nc,d\n", "\"e\n\",f\n", "g,h"]);
        assert_eq!(
            found.iter().map(|(_, line, quoted)| (*line, *quoted)).collect::<Vec<_>>(),
            [(1, true), (3, true), (5, false)]
        );
    }

    #[test]
    fn every_size_of_block_gives_the_same_rows() {
        let csv = "a,\"\"\"\n\n\",1\n\"\",b,2\n\"x\"\"\n\"\"y\",,3\nlong,longer,4\n";
        for size in 1..=csv.len() + 2 {
            let found = blocks(csv, size).unwrap();
            assert_eq!(found.iter().map(|(text, ..)| text.as_str()).collect::<String>(), csv);
            for (text, line, _) in found {
                let at = csv.find(&text).unwrap();
                assert_eq!(line, 1 + csv[..at].matches('\n').count() as u64, "block of {size}: {text:?}");
                assert!(text.matches('"').count() % 2 == 0 && text.ends_with('\n'));
            }
        }
        assert!(blocks("", 8).unwrap().is_empty());
    }

    #[test]
    fn the_row_with_an_open_quote_comes_last_and_alone_at_any_size_of_block() {
        let (before, open) = ("a,b\nc,\"\n\"\n", "\"e,f\ng,h\n");
        for size in 1..=before.len() + open.len() + 1 {
            let mut found = blocks(&format!("{before}{open}"), size).unwrap();
            let (text, line, quoted) = found.pop().unwrap();
            assert_eq!((text.as_str(), line, quoted), (open, 4, true), "block of {size}");
            assert_eq!(found.iter().map(|(text, ..)| text.as_str()).collect::<String>(), before);
        }
    }

    #[test]
    fn a_row_without_an_end_is_named_by_its_line() {
        let csv = format!("a,b\nc,\"d\n{}", "e\n".repeat(3 << 19));
        for (size, quote) in [(7, "\"d"), (1 << 20, "\"d"), (7, "d")] {
            let csv = csv.replacen("\"d", quote, 1);
            let mut reader = BlockReader::new(csv.as_bytes(), "test.csv".into()).with_block_bytes(size);
            reader.longest_row = 1 << 20;
            let found = std::iter::from_fn(|| reader.next_block().transpose()).find_map(Result::err);
            let error = found.map(|error| error.to_string());
            let expected = "test.csv, line 2: the row that begins here is longer than 1 MiB: its first quote \
                            is on line 2, and one is opened and not closed; mend the row and try again";
            assert_eq!(error.as_deref(), (quote == "\"d").then_some(expected));
        }
    }
}
