//! The rows of a csv in memory, in the order of one column.
//!
//! The file lies in memory as it was read; what is sorted are 24 bytes a row: where it is, where its
//! key is, and the first bytes of the key past what all keys begin with, which decide nearly every
//! comparison without a look at the row. Texts are in the order of their bytes, which is that of the
//! collation C.

use std::cmp::Ordering;
use std::io::Read;
use std::ops::Range;

use anyhow::{Context, Result};
use rayon::prelude::*;

use super::Dataset;
use crate::interrupt::Interrupt;
use crate::model::Encoding;
use crate::value::{Codec, Scalar};

/// Rows in the order of a column; equal ones in the order of the file.
#[derive(Debug)]
pub(crate) struct SortedRows {
    csv: Vec<u8>,
    rows: Vec<SortedRow>,
}

/// A row of a csv in memory.
#[derive(Debug, Clone, Copy)]
struct SortedRow {
    /// The number that the key begins with, in the order of the keys.
    prefix: u64,
    /// Where the row begins, in bytes.
    start: u64,
    /// Its length in bytes, the line feed included. [`super::blocks`] lets none be longer than 64 MiB.
    bytes: u32,
    /// Where its key begins, in bytes from the row's beginning.
    key: u32,
}

impl SortedRow {
    fn key_start(&self) -> usize {
        self.start as usize + self.key as usize
    }
}

impl Dataset {
    /// The csv's first `rows` rows, sorted by the column of this number, from 0. The rows' ends and
    /// keys are looked for in the csv itself.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] for 0 rows or more than there are, or a column that is not there;
    /// [`crate::fault::Fault::Data`] when the csv is not what it was; when it cannot be read; or
    /// [`crate::fault::Fault::Interrupted`].
    pub(crate) fn sorted_by(&self, column: usize, rows: u64, interrupt: &Interrupt) -> Result<SortedRows> {
        let codec = match self.columns().get(column) {
            Some(column) => column.codec(),
            None => {
                return Err(crate::usage!(
                    "column {column} of {}: it has {}, counted from 0; give one of these",
                    self.name(),
                    self.columns().len()
                ));
            }
        };
        let path = self.file(Encoding::Csv);
        let chunk = self.first(Encoding::Csv, rows)?;
        let mut csv = Vec::with_capacity(chunk.bytes as usize);
        self.open_chunk(chunk)?
            .read_to_end(&mut csv)
            .with_context(|| format!("reading {}", path.display()))?;
        interrupt.check()?;
        let sorted = SortedRows::sort(
            csv,
            column,
            codec.is_number() && codec != Codec::Scalar(Scalar::Bool),
            rows as usize,
            interrupt,
        )?;
        if sorted.rows.len() as u64 != rows {
            let found = sorted.rows.len();
            return Err(crate::bad_data!(
                "{} has {found} rows where {rows} were; it was changed during the run",
                path.display()
            ));
        }
        Ok(sorted)
    }
}

impl SortedRows {
    fn sort(
        csv: Vec<u8>,
        column: usize,
        numbers: bool,
        expected: usize,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        let found: Vec<Vec<SortedRow>> =
            pieces(&csv).into_par_iter().map(|piece| find(&csv, piece, column, expected)).collect();
        let mut found = found.into_iter();
        let mut rows = found.next().unwrap_or_default();
        rows.reserve_exact(expected.saturating_sub(rows.len()));
        rows.extend(found.flatten());
        interrupt.check()?;
        let exact = if numbers {
            rows.par_iter_mut().for_each(|row| row.prefix = number(&csv, row.key_start()));
            true
        } else {
            prefix_texts(&csv, &mut rows)
        };
        interrupt.check()?;
        rows.par_sort_unstable_by(|a, b| {
            let by_key = a.prefix.cmp(&b.prefix).then_with(|| {
                // A prefix that ends with a 0 has the whole key in it: no text has a NUL.
                if exact || a.prefix & 0xff == 0 {
                    Ordering::Equal
                } else {
                    text(&csv, a.key_start()).cmp(text(&csv, b.key_start()))
                }
            });
            by_key.then(a.start.cmp(&b.start))
        });
        interrupt.check()?;
        Ok(Self { csv, rows })
    }

    /// Each row's csv, its line feed included, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.part(0..self.rows.len())
    }

    /// As [`SortedRows::iter`], of the rows of these numbers, from 0.
    ///
    /// # Panics
    /// When there are none of these numbers.
    pub(crate) fn part(&self, rows: Range<usize>) -> impl Iterator<Item = &[u8]> {
        self.rows[rows].iter().map(|row| &self.csv[row.start as usize..][..row.bytes as usize])
    }
}

/// The csv in about equal pieces of whole rows, one a core; in one piece where there are quotes, as
/// then only a look at all before tells whether a line feed ends a row.
fn pieces(csv: &[u8]) -> Vec<Range<usize>> {
    let count = if memchr::memchr(b'"', csv).is_some() { 1 } else { rayon::current_num_threads() };
    let mut bounds = vec![0];
    for i in 1..count {
        let near = (csv.len() / count * i).max(bounds[i - 1]);
        bounds.push(memchr::memchr(b'\n', &csv[near..]).map_or(csv.len(), |feed| near + feed + 1));
    }
    bounds.push(csv.len());
    bounds.windows(2).map(|pair| pair[0]..pair[1]).collect()
}

/// The rows of a piece, their prefixes still 0.
fn find(csv: &[u8], piece: Range<usize>, column: usize, expected: usize) -> Vec<SortedRow> {
    let share = piece.len() as f64 / csv.len().max(1) as f64;
    let mut rows = Vec::with_capacity((expected as f64 * share * 1.02) as usize + 1);
    let csv = &csv[..piece.end];
    let mut start = piece.start;
    while start < csv.len() {
        let mut key = start;
        for _ in 0..column {
            key = (field_end(csv, key) + 1).min(csv.len());
        }
        let end = row_end(csv, key);
        rows.push(SortedRow {
            prefix: 0,
            start: start as u64,
            bytes: (end - start) as u32,
            key: (key - start) as u32,
        });
        start = end;
    }
    rows
}

/// Where the field that begins at `at` ends: at its comma or line feed, or at the csv's end.
fn field_end(csv: &[u8], at: usize) -> usize {
    let closed = if csv.get(at) == Some(&b'"') { closing_quote(csv, at) } else { at };
    memchr::memchr2(b',', b'\n', &csv[closed..]).map_or(csv.len(), |end| closed + end)
}

/// Past the quote that closes the field whose opening one is at `at`.
fn closing_quote(csv: &[u8], at: usize) -> usize {
    let mut from = at + 1;
    while let Some(quote) = memchr::memchr(b'"', &csv[from..]) {
        from += quote + 1;
        if csv.get(from) != Some(&b'"') {
            return from;
        }
        from += 1;
    }
    csv.len()
}

/// Past the line feed of the row whose field, one of any number, begins at `at`.
fn row_end(csv: &[u8], mut at: usize) -> usize {
    while at < csv.len() {
        if csv[at] != b'"' {
            // Fields without quotes up to the line feed, or to one with quotes.
            match memchr::memchr2(b'"', b'\n', &csv[at..]) {
                Some(stop) if csv[at + stop] == b'\n' => return at + stop + 1,
                Some(stop) => at += stop,
                None => return csv.len(),
            }
        } else {
            at = closing_quote(csv, at);
        }
    }
    csv.len()
}

/// The bytes of the text field that begins at `at`, its quotes taken out.
fn text(csv: &[u8], at: usize) -> impl Iterator<Item = u8> {
    let quoted = csv.get(at) == Some(&b'"');
    let mut at = at + usize::from(quoted);
    std::iter::from_fn(move || {
        let byte = *csv.get(at)?;
        if quoted && byte == b'"' {
            // Of two the second is the field's; one alone closes it.
            at += 1;
            if csv.get(at) != Some(&b'"') {
                at = csv.len();
                return None;
            }
        } else if !quoted && matches!(byte, b',' | b'\n') {
            return None;
        }
        at += 1;
        Some(byte)
    })
}

/// Gives each row the eight bytes of its key that follow what all keys begin with; true when no key is longer.
fn prefix_texts(csv: &[u8], rows: &mut [SortedRow]) -> bool {
    let Some(first) = rows.first().map(SortedRow::key_start) else { return true };
    let common = |row: &SortedRow| {
        text(csv, first).zip(text(csv, row.key_start())).take_while(|(a, b)| a == b).count()
    };
    let common = rows.par_iter().map(common).min().unwrap_or(0);
    rows.par_iter_mut()
        .map(|row| {
            let mut rest = text(csv, row.key_start()).skip(common);
            row.prefix = (0..8).fold(0, |prefix, _| prefix << 8 | u64::from(rest.next().unwrap_or(0)));
            row.prefix & 0xff == 0
        })
        .reduce(|| true, |a, b| a && b)
}

/// The integer of the field that begins at `at`, moved to where the order of `u64` is that of `i64`.
fn number(csv: &[u8], at: usize) -> u64 {
    let (negative, mut value) = (csv.get(at) == Some(&b'-'), 0_i64);
    for digit in csv[at..].iter().skip(usize::from(negative)).take_while(|b| b.is_ascii_digit()) {
        // Downwards: the least has no positive counterpart.
        value = value.wrapping_mul(10).wrapping_sub(i64::from(digit - b'0'));
    }
    let value = if negative { value } else { value.wrapping_neg() };
    value as u64 ^ 1 << 63
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Fields;
    use proptest::prelude::*;

    /// The rows in order, by the straight way: parsed, sorted by the whole key, stably.
    fn expected(dataset: &Dataset, column: usize, rows: u64) -> Vec<Vec<u8>> {
        let encoder = crate::dataset::Encoder::new(dataset.columns(), Encoding::Csv).unwrap();
        let (mut reader, mut all) = (dataset.reader().unwrap(), Vec::new());
        for _ in 0..rows {
            let row = reader.next_row().unwrap().unwrap();
            let mut csv = Vec::new();
            encoder.push_row(&row, &mut csv);
            all.push(((Fields::field(&row, column).to_owned(), row.int(column)), csv));
        }
        if dataset.columns()[column].codec().is_text() {
            all.sort_by(|(a, _), (b, _)| a.0.cmp(&b.0));
        } else {
            all.sort_by_key(|(key, _)| key.1);
        }
        all.into_iter().map(|(_, csv)| csv).collect()
    }

    fn check(dataset: &Dataset, rows: u64) {
        for column in 0..dataset.columns().len() {
            let sorted = dataset.sorted_by(column, rows, &Interrupt::new()).unwrap();
            let found: Vec<Vec<u8>> = sorted.iter().map(<[u8]>::to_vec).collect();
            assert!(
                found == expected(dataset, column, rows),
                "{rows} rows of {} by {column}",
                dataset.name()
            );
        }
    }

    #[test]
    fn rows_are_in_the_order_of_each_column() {
        let cache = tempfile::tempdir().unwrap();
        let votes = Dataset::generated(cache.path(), 5_000, 1, &Interrupt::new()).unwrap();
        let numeric = votes.in_form("numeric", &Interrupt::new()).unwrap();
        for rows in [1, 2, 7, 1_001, 5_000] {
            check(&votes, rows);
            check(&numeric, rows);
        }
        assert!(votes.sorted_by(3, 1, &Interrupt::new()).is_err());
        assert!(votes.sorted_by(0, 5_001, &Interrupt::new()).is_err());
    }

    #[test]
    fn integers_are_in_their_order() {
        let order = [i64::MIN, i64::MIN + 1, -10, -9, 0, 1, 9, 10, i64::MAX];
        let keys: Vec<u64> = order.iter().map(|n| number(format!("x,{n},y\n").as_bytes(), 2)).collect();
        assert!(keys.is_sorted_by(|a, b| a < b));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn quotes_do_not_disturb_the_order(
            rows in prop::collection::vec(
                ("[a,\"\n\r]{0,3}", "(longer than eight|)[a,\"\n\u{1}ż]{0,12}", any::<i32>()), 1..40)
        ) {
            let cache = tempfile::tempdir().unwrap();
            let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::NonNumeric).from_writer(Vec::new());
            for (a, b, c) in rows {
                writer.write_record([a, b, c.to_string()]).unwrap();
            }
            let source = cache.path().join("source.csv");
            std::fs::write(&source, writer.into_inner().unwrap()).unwrap();
            let dataset = Dataset::imported(cache.path(), &source, &Interrupt::new()).unwrap();
            check(&dataset, dataset.rows());
        }
    }
}
