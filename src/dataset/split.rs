//! Splitting csv into files of so many rows each, without parsing it.
//!
//! A row ends at a line feed outside quotes, as in [`super::blocks`]. What is read without a quote
//! in it only has its line feeds counted, and is written as a whole until a file's last row is in it.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::csv_row::push_text;
use super::{Column, Dataset};
use crate::interrupt::Interrupt;
use crate::model::Encoding;

/// Bytes read at a time: they stay in the processor's cache between the scan and the write.
const READ_BYTES: usize = 256 << 10;

/// A file of some of the rows, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SplitFile {
    /// Its path.
    pub path: PathBuf,
    /// Its length in bytes, the header line included.
    pub bytes: u64,
    /// The rows in it, without the header line.
    pub rows: u64,
}

impl Dataset {
    /// Writes the first `rows` rows of the csv into files of `part_rows` rows each in `dir`; the last
    /// has what is left. Each begins with a line of the columns' names. The rows' ends are looked for
    /// in the csv itself, as a program that was handed the file would have to.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] for 0 rows or more than there are, or parts of 0 rows; when the
    /// csv cannot be read or a file not be written; or [`crate::fault::Fault::Interrupted`]. Files
    /// that were written by then stay.
    pub(crate) fn split(
        &self,
        rows: u64,
        part_rows: u64,
        dir: &Path,
        interrupt: &Interrupt,
    ) -> Result<Vec<SplitFile>> {
        self.check_prefix(rows)?;
        if part_rows == 0 {
            return Err(crate::usage!("0 rows a part: a part has 1 or more; give at least 1"));
        }
        let path = self.file(Encoding::Csv);
        let input = File::open(&path).with_context(|| format!("opening {}", path.display()))?;
        let mut splitter = Splitter::new(dir, self.columns(), rows, part_rows);
        splitter.pass(input, interrupt).with_context(|| format!("splitting {}", path.display()))?;
        if splitter.left > 0 {
            return Err(crate::bad_data!(
                "{} ended {} rows early; it was changed during the run",
                path.display(),
                splitter.left
            ));
        }
        Ok(splitter.parts)
    }
}

/// The line of the columns' names, quoted as csv has it.
fn header_line(columns: &[Column]) -> Vec<u8> {
    let mut line = Vec::new();
    for (i, column) in columns.iter().enumerate() {
        if i > 0 {
            line.push(b',');
        }
        push_text(&mut line, &column.name);
    }
    line.push(b'\n');
    line
}

struct Splitter<'a> {
    dir: &'a Path,
    header: Vec<u8>,
    part_rows: u64,
    /// Rows still to come, of all.
    left: u64,
    /// Whether the rest begins inside quotes.
    odd: bool,
    /// The file being written.
    open: Option<File>,
    parts: Vec<SplitFile>,
}

impl<'a> Splitter<'a> {
    fn new(dir: &'a Path, columns: &[Column], rows: u64, part_rows: u64) -> Self {
        let header = header_line(columns);
        Self { dir, header, part_rows, left: rows, odd: false, open: None, parts: Vec::new() }
    }

    fn pass(&mut self, mut input: impl Read, interrupt: &Interrupt) -> Result<()> {
        let mut buffer = vec![0; READ_BYTES];
        while self.left > 0 {
            interrupt.check()?;
            match input.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => self.block(&buffer[..read])?,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Writes the next bytes of the csv to the files that they belong to.
    fn block(&mut self, bytes: &[u8]) -> Result<()> {
        let mut wanted = self.wanted();
        if !self.odd && memchr::memchr(b'"', bytes).is_none() {
            let feeds = memchr::memchr_iter(b'\n', bytes).count() as u64;
            if feeds < wanted {
                return self.write(bytes, feeds);
            }
        }
        let (mut from, mut rows) = (0, 0);
        for at in memchr::memchr2_iter(b'"', b'\n', bytes) {
            if bytes[at] == b'"' {
                self.odd = !self.odd;
            } else if !self.odd {
                rows += 1;
                if rows == wanted {
                    self.write(&bytes[from..=at], rows)?;
                    self.open = None;
                    if self.left == 0 {
                        return Ok(());
                    }
                    (from, rows, wanted) = (at + 1, 0, self.wanted());
                }
            }
        }
        self.write(&bytes[from..], rows)
    }

    /// Rows that the file at hand, or the next where there is none, still takes.
    fn wanted(&self) -> u64 {
        let has = if self.open.is_some() { self.parts.last().map_or(0, |part| part.rows) } else { 0 };
        (self.part_rows - has).min(self.left)
    }

    /// Writes bytes with so many rows' ends in them to the file at hand, or to a new one.
    fn write(&mut self, bytes: &[u8], rows: u64) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        if self.open.is_none() {
            let path = self.dir.join(format!("part-{:06}.csv", self.parts.len() + 1));
            let mut file = File::create_new(&path).with_context(|| format!("making {}", path.display()))?;
            file.write_all(&self.header).with_context(|| format!("writing {}", path.display()))?;
            self.parts.push(SplitFile { path, bytes: self.header.len() as u64, rows: 0 });
            self.open = Some(file);
        }
        if let (Some(file), Some(part)) = (&mut self.open, self.parts.last_mut()) {
            file.write_all(bytes).with_context(|| format!("writing {}", part.path.display()))?;
            part.bytes += bytes.len() as u64;
            part.rows += rows;
        }
        self.left -= rows;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::columns::votes;

    /// Hands out so many bytes at a time, so that reads end anywhere.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let most = self.1.min(buffer.len());
            self.0.read(&mut buffer[..most])
        }
    }

    fn split(csv: &str, read: usize, rows: u64, part_rows: u64) -> (Vec<String>, u64) {
        let dir = tempfile::tempdir().unwrap();
        let columns = votes();
        let mut splitter = Splitter::new(dir.path(), &columns, rows, part_rows);
        splitter.pass(Slow(csv.as_bytes(), read), &Interrupt::new()).unwrap();
        let header = "username,link,score\n";
        let parts = splitter.parts.iter().map(|part| {
            let text = std::fs::read_to_string(&part.path).unwrap();
            assert_eq!(part.bytes, text.len() as u64);
            assert!(part.rows <= part_rows);
            text.strip_prefix(header).unwrap().to_owned()
        });
        (parts.collect(), splitter.left)
    }

    #[test]
    fn rows_are_cut_at_their_ends_wherever_reads_end() {
        let rows = ["a,b,1\n", "\"c\n\n\",\"\"\"\n\"\"\",2\n", "d,e,3\n", "\"\",\"f\ng\",4\n", "h,i,5\n"];
        let csv = rows.concat();
        for read in 1..=csv.len() {
            for part_rows in 1..=6 {
                for wanted in 1..=5 {
                    let (parts, left) = split(&csv, read, wanted as u64, part_rows as u64);
                    let expected: Vec<String> =
                        rows[..wanted].chunks(part_rows).map(|rows| rows.concat()).collect();
                    assert_eq!((parts, left), (expected, 0), "{wanted} rows, {part_rows} a part, by {read}");
                }
            }
        }
    }

    #[test]
    fn a_csv_that_ends_early_is_missing_rows() {
        assert_eq!(split("a,b,1\nc,d,2\n", 4, 3, 2), (vec!["a,b,1\nc,d,2\n".into()], 1));
    }

    #[test]
    fn names_are_quoted_as_csv_has_it() {
        let mut columns = votes();
        columns[1].name = "a \"link\", or two".into();
        assert_eq!(
            String::from_utf8(header_line(&columns)).unwrap(),
            "username,\"a \"\"link\"\", or two\",score\n"
        );
    }

    #[test]
    fn no_row_of_a_dataset_is_lost() {
        let cache = tempfile::tempdir().unwrap();
        let dataset = Dataset::generated(cache.path(), 30_000, 1, &Interrupt::new()).unwrap();
        let csv = std::fs::read(dataset.file(Encoding::Csv)).unwrap();
        let parts = |rows, part_rows| {
            let dir = tempfile::tempdir().unwrap();
            let parts = dataset.split(rows, part_rows, dir.path(), &Interrupt::new())?;
            let header = header_line(dataset.columns()).len();
            let bytes: Vec<u8> =
                parts.iter().flat_map(|p| std::fs::read(&p.path).unwrap()[header..].to_vec()).collect();
            anyhow::Ok((parts.iter().map(|p| p.rows).collect::<Vec<_>>(), bytes))
        };
        assert_eq!(parts(30_000, 9_000).unwrap(), (vec![9_000, 9_000, 9_000, 3_000], csv.clone()));
        assert_eq!(parts(30_000, 1_000_000_000).unwrap(), (vec![30_000], csv.clone()));
        let (rows, bytes) = parts(25_001, 5_000).unwrap();
        assert_eq!((rows.len(), rows[5]), (6, 1));
        assert!(csv.starts_with(&bytes) && bytes.len() < csv.len());
        assert!(parts(30_001, 1).is_err() && parts(1, 0).is_err());
    }
}
