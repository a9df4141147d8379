//! The csv with a key in front of each row, for programs that load every column of a table and know
//! no defaults.
//!
//! Rows are not parsed: a row ends at a line feed outside quotes, as in [`super::blocks`]. The key is
//! counted up as text, so that a row costs little more than its copy.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use anyhow::{Context, Result};

use super::Dataset;
use crate::interrupt::Interrupt;
use crate::model::Encoding;

/// Bytes read at a time: they stay in the processor's cache between the scan and the write.
const READ_BYTES: usize = 256 << 10;

impl Dataset {
    /// Writes the first `rows` rows of the csv to a new file at `path`, with the keys 1, 2, 3 ... as
    /// their first field.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] for 0 rows or more than there are; [`crate::fault::Fault::Data`]
    /// when the csv has changed; when it cannot be read or the file not be written, as where one is
    /// there already; or [`crate::fault::Fault::Interrupted`]. What was written by then stays.
    pub(crate) fn write_keyed(&self, rows: u64, path: &Path, interrupt: &Interrupt) -> Result<()> {
        let input = self.open_chunk(self.first(Encoding::Csv, rows)?)?;
        let context = || format!("writing {} to {} with keys", self.name(), path.display());
        let output = File::create_new(path).with_context(context)?;
        let found = number(input, output, interrupt).with_context(context)?;
        if found != rows {
            return Err(crate::bad_data!(
                "{} has {found} rows where {rows} were; it was changed during the run",
                self.file(Encoding::Csv).display()
            ));
        }
        Ok(())
    }
}

/// Copies csv, each row with its number in front, and returns how many there were.
fn number(mut input: impl Read, mut output: impl Write, interrupt: &Interrupt) -> Result<u64> {
    let mut buffer = vec![0; READ_BYTES];
    let mut rows = Numbered::default();
    loop {
        interrupt.check()?;
        match input.read(&mut buffer) {
            Ok(0) => return Ok(rows.count),
            Ok(read) => rows.push(&buffer[..read]),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        }
        output.write_all(&rows.out)?;
        rows.out.clear();
    }
}

/// Numbered rows on their way.
#[derive(Default)]
struct Numbered {
    out: Vec<u8>,
    count: u64,
    /// The number of the row last begun, in decimal.
    digits: Vec<u8>,
    /// Whether the last byte so far lies within a row.
    inside: bool,
    /// Whether it lies within quotes.
    odd: bool,
}

impl Numbered {
    /// Takes the csv's next bytes.
    fn push(&mut self, bytes: &[u8]) {
        let mut from = 0;
        for at in memchr::memchr2_iter(b'"', b'\n', bytes) {
            if bytes[at] == b'"' {
                self.odd = !self.odd;
            } else if !self.odd {
                self.part(&bytes[from..=at]);
                self.inside = false;
                from = at + 1;
            }
        }
        self.part(&bytes[from..]);
    }

    /// Takes bytes of one row.
    fn part(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if !self.inside {
            self.inside = true;
            self.count += 1;
            increment(&mut self.digits);
            self.out.extend_from_slice(&self.digits);
            self.out.push(b',');
        }
        self.out.extend_from_slice(bytes);
    }
}

/// The next number in decimal; after none comes 1.
fn increment(digits: &mut Vec<u8>) {
    for digit in digits.iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            return;
        }
        *digit = b'0';
    }
    digits.insert(0, b'1');
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out so many bytes at a time, so that reads end anywhere.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let most = self.1.min(buffer.len());
            self.0.read(&mut buffer[..most])
        }
    }

    #[test]
    fn each_row_gets_its_number_wherever_reads_end() {
        let csv = "a,b,1\n\"c\n\n\",\"\"\"\n\"\"\",2\n\"\"\n\"d\"\ne";
        for read in 1..=csv.len() {
            let mut out = Vec::new();
            let rows = number(Slow(csv.as_bytes(), read), &mut out, &Interrupt::new()).unwrap();
            let expected = "1,a,b,1\n2,\"c\n\n\",\"\"\"\n\"\"\",2\n3,\"\"\n4,\"d\"\n5,e";
            assert_eq!((rows, String::from_utf8(out).unwrap().as_str()), (5, expected), "by {read}");
        }
    }

    #[test]
    fn a_dataset_s_first_rows_keep_their_order() {
        let cache = tempfile::tempdir().unwrap();
        let dataset = Dataset::generated(cache.path(), 30_000, 1, &Interrupt::new()).unwrap();
        let csv = std::fs::read_to_string(dataset.file(Encoding::Csv)).unwrap();
        for rows in [1, 9_999, 30_000] {
            let path = cache.path().join(format!("keyed-{rows}.csv"));
            dataset.write_keyed(rows, &path, &Interrupt::new()).unwrap();
            let numbered = csv.lines().zip(1..=rows).map(|(line, key)| format!("{key},{line}\n"));
            assert!(std::fs::read_to_string(&path).unwrap() == numbered.collect::<String>(), "{rows} rows");
        }
        let there = cache.path().join("keyed-1.csv");
        let error = dataset.write_keyed(1, &there, &Interrupt::new()).unwrap_err();
        assert!(format!("{error:#}").contains("keyed-1.csv"), "{error:#}");
        assert!(dataset.write_keyed(30_001, &cache.path().join("x"), &Interrupt::new()).is_err());
    }
}
