//! Rows held in memory as a program has them before it sends them: decoded, column by column.

use anyhow::{Context, Result};

use super::{Column, Dataset, Fields, RowReader, Value};
use crate::interrupt::Interrupt;
use crate::value::{Codec, Scalar};

/// Rows between two looks at whether to stop.
const ROWS_BETWEEN_CHECKS: u64 = 32_768;

/// Rows in memory, without an allocation a row: each column lies in one piece.
#[derive(Debug)]
pub(crate) struct HeldRows {
    columns: Vec<HeldColumn>,
    rows: usize,
}

/// A column: its values, and, where it may have any, which of them are NULL.
#[derive(Debug)]
struct HeldColumn {
    codec: Codec,
    values: HeldValues,
    nulls: Option<Vec<bool>>,
}

/// The values of a column; of a NULL an empty text or 0.
#[derive(Debug)]
enum HeldValues {
    /// All texts after each other, and the length of each in bytes. A value that is neither text nor a
    /// number is held by its canonical text.
    Text(String, Vec<u32>),
    Bool(Vec<bool>),
    Int2(Vec<i16>),
    Int4(Vec<i32>),
    Int8(Vec<i64>),
}

impl HeldColumn {
    fn new(column: &Column, rows: usize) -> Self {
        let codec = column.codec();
        let values = match codec {
            Codec::Scalar(Scalar::Bool) => HeldValues::Bool(Vec::with_capacity(rows)),
            Codec::Scalar(Scalar::Int2) => HeldValues::Int2(Vec::with_capacity(rows)),
            Codec::Scalar(Scalar::Int4) => HeldValues::Int4(Vec::with_capacity(rows)),
            Codec::Scalar(Scalar::Int8) => HeldValues::Int8(Vec::with_capacity(rows)),
            _ => HeldValues::Text(String::new(), Vec::with_capacity(rows)),
        };
        Self { codec, values, nulls: column.nullable.then(|| Vec::with_capacity(rows)) }
    }

    /// Adds a row's value.
    #[inline]
    fn push(&mut self, row: &impl Fields, i: usize) {
        if let Some(nulls) = &mut self.nulls {
            nulls.push(row.is_null(i));
        }
        // The parser has checked the ranges.
        match &mut self.values {
            HeldValues::Text(text, lengths) => {
                let field = row.field(i);
                text.push_str(field);
                // The blocks' longest row keeps this below 4 GiB.
                lengths.push(field.len() as u32);
            }
            HeldValues::Bool(values) => values.push(row.int(i) != 0),
            HeldValues::Int2(values) => values.push(row.int(i) as i16),
            HeldValues::Int4(values) => values.push(row.int(i) as i32),
            HeldValues::Int8(values) => values.push(row.int(i)),
        }
    }

    #[inline]
    fn is_null(&self, at: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls[at])
    }
}

impl Dataset {
    /// The first `rows` rows, decoded.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] for 0 rows or more than there are; when the csv cannot be read;
    /// or [`crate::fault::Fault::Interrupted`].
    pub(crate) fn hold(&self, rows: u64, interrupt: &Interrupt) -> Result<HeldRows> {
        self.check_prefix(rows)?;
        HeldRows::read(&mut self.reader()?, self.columns(), rows, interrupt)
    }
}

impl HeldRows {
    fn read(reader: &mut RowReader, columns: &[Column], rows: u64, interrupt: &Interrupt) -> Result<Self> {
        let rows_held = usize::try_from(rows).with_context(|| format!("holding {rows} rows in memory"))?;
        let mut held: Vec<HeldColumn> = columns.iter().map(|c| HeldColumn::new(c, rows_held)).collect();
        for done in 0..rows {
            if done.is_multiple_of(ROWS_BETWEEN_CHECKS) {
                interrupt.check()?;
            }
            let row = reader.next_row()?.with_context(|| format!("{} rows early, it ended", rows - done))?;
            held.iter_mut().enumerate().for_each(|(i, column)| column.push(&row, i));
        }
        for column in &mut held {
            if let HeldValues::Text(text, _) = &mut column.values {
                text.shrink_to_fit();
            }
        }
        Ok(Self { columns: held, rows: rows_held })
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> u64 {
        self.rows as u64
    }

    /// Reads them from first to last.
    pub(crate) fn reader(&self) -> HeldReader<'_> {
        HeldReader { held: self, next: 0, ends: vec![0; self.columns.len()] }
    }
}

/// Reads rows in memory one after the other.
#[derive(Debug)]
pub(crate) struct HeldReader<'a> {
    held: &'a HeldRows,
    next: usize,
    /// Where the text of the row last read ends, in each column of texts.
    ends: Vec<usize>,
}

impl HeldReader<'_> {
    /// The next row, or `None` past the last.
    #[inline]
    pub(crate) fn next_row(&mut self) -> Option<HeldRow<'_>> {
        if self.next == self.held.rows {
            return None;
        }
        for (end, column) in self.ends.iter_mut().zip(&self.held.columns) {
            if let HeldValues::Text(_, lengths) = &column.values {
                *end += lengths[self.next] as usize;
            }
        }
        self.next += 1;
        Some(HeldRow { held: self.held, at: self.next - 1, ends: &self.ends })
    }
}

/// One row in memory, valid until the next is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeldRow<'a> {
    held: &'a HeldRows,
    at: usize,
    ends: &'a [usize],
}

impl<'a> HeldRow<'a> {
    /// The values of all fields, in order.
    #[inline]
    pub(crate) fn values(&self) -> impl ExactSizeIterator<Item = Value<'a>> {
        let row = *self;
        (0..row.ends.len()).map(move |i| row.value(i))
    }

    #[inline]
    fn value(&self, i: usize) -> Value<'a> {
        let column = &self.held.columns[i];
        if column.is_null(self.at) {
            return Value::Null;
        }
        match &column.values {
            HeldValues::Text(text, lengths) => {
                let end = self.ends[i];
                let text = &text[end - lengths[self.at] as usize..end];
                if column.codec.is_text() { Value::Text(text) } else { Value::Other(column.codec, text) }
            }
            HeldValues::Bool(values) => Value::Bool(values[self.at]),
            HeldValues::Int2(values) => Value::Int2(values[self.at]),
            HeldValues::Int4(values) => Value::Int4(values[self.at]),
            HeldValues::Int8(values) => Value::Int8(values[self.at]),
        }
    }
}

impl Fields for HeldRow<'_> {
    #[inline]
    fn field(&self, i: usize) -> &str {
        match self.value(i) {
            Value::Text(text) | Value::Other(_, text) => text,
            Value::Null | Value::Bool(_) | Value::Int2(_) | Value::Int4(_) | Value::Int8(_) => "",
        }
    }

    #[inline]
    fn int(&self, i: usize) -> i64 {
        match self.value(i) {
            Value::Null | Value::Text(_) | Value::Other(..) => 0,
            Value::Bool(value) => i64::from(value),
            Value::Int2(value) => i64::from(value),
            Value::Int4(value) => i64::from(value),
            Value::Int8(value) => value,
        }
    }

    #[inline]
    fn is_null(&self, i: usize) -> bool {
        self.held.columns[i].is_null(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Encoder;
    use crate::model::Encoding;

    #[test]
    fn rows_in_memory_encode_as_those_of_the_csv_do() {
        let cache = tempfile::tempdir().unwrap();
        let interrupt = Interrupt::new();
        let votes = Dataset::generated(cache.path(), 2_000, 1, &interrupt).unwrap();
        let numeric = votes.in_form("numeric", &interrupt).unwrap();
        let source = cache.path().join("source.csv");
        std::fs::write(&source, "\"a,\"\"\",\"x\ny\",1\n\"\",żółw 🐘,-2147483648\nb,c\\\t,0\n").unwrap();
        let nasty = Dataset::imported(cache.path(), &source, &interrupt).unwrap();
        for dataset in [votes, numeric, nasty] {
            for rows in [1, dataset.rows() / 2 + 1, dataset.rows()] {
                let held = dataset.hold(rows, &interrupt).unwrap();
                assert_eq!(held.rows(), rows);
                for encoding in Encoding::ALL {
                    let encoder = Encoder::new(dataset.columns(), encoding).unwrap();
                    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
                    let (mut memory, mut csv) = (held.reader(), dataset.reader().unwrap());
                    while let Some(row) = memory.next_row() {
                        encoder.push_row(&row, &mut ours);
                        encoder.push_row(&csv.next_row().unwrap().unwrap(), &mut theirs);
                    }
                    assert!(!ours.is_empty() && ours == theirs, "{rows} rows of {}", dataset.name());
                }
            }
            assert!(dataset.hold(dataset.rows() + 1, &interrupt).is_err());
        }
    }

    #[test]
    fn values_have_their_columns_types() {
        let cache = tempfile::tempdir().unwrap();
        let dataset = Dataset::generated(cache.path(), 10, 1, &Interrupt::new()).unwrap();
        let held = dataset.hold(10, &Interrupt::new()).unwrap();
        let (mut memory, mut csv) = (held.reader(), dataset.reader().unwrap());
        while let Some(row) = csv.next_row().unwrap() {
            let expected: Vec<Value<'_>> = (0..3).map(|i| row.value(i)).collect();
            assert_eq!(memory.next_row().unwrap().values().collect::<Vec<_>>(), expected);
        }
        assert!(memory.next_row().is_none());
    }
}
