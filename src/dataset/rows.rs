//! Reading csv row by row: any valid csv, in constant memory.

use std::fs::File;
use std::io::{self, Read, Take};

use anyhow::Result;

use super::bad_field::BadField;
use super::blocks::{BlockReader, newlines};
use super::columns::Column;
use super::csv_row::RowParser;
use super::dialect::Style;
use crate::value::{Codec, Scalar};

/// One field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// No value.
    Null,
    /// The value of a `text` column.
    Text(&'a str),
    /// The value of a `boolean` column.
    Bool(bool),
    /// The value of a `smallint` column.
    Int2(i16),
    /// The value of an `integer` column.
    Int4(i32),
    /// The value of a `bigint` column.
    Int8(i64),
    /// The value of a column of any other type, by its canonical text.
    Other(Codec, &'a str),
}

/// A value as texts have it, statements and documents: the types that need no quotes, and all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelled<'a> {
    /// No value.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Number(i64),
    /// The canonical text of any other value.
    Text(&'a str),
}

impl<'a> Value<'a> {
    /// As texts have it.
    #[inline]
    pub(crate) fn spelled(self) -> Spelled<'a> {
        match self {
            Value::Null => Spelled::Null,
            Value::Bool(value) => Spelled::Bool(value),
            Value::Int2(value) => Spelled::Number(value.into()),
            Value::Int4(value) => Spelled::Number(value.into()),
            Value::Int8(value) => Spelled::Number(value),
            Value::Text(text) | Value::Other(_, text) => Spelled::Text(text),
        }
    }

    /// The value of a column: its text, or the number that it spells.
    #[inline]
    fn of(codec: Codec, field: &'a str, number: i64) -> Self {
        // The ranges were checked when the row was read.
        match codec {
            Codec::Scalar(Scalar::Text) => Value::Text(field),
            Codec::Scalar(Scalar::Bool) => Value::Bool(number != 0),
            Codec::Scalar(Scalar::Int2) => Value::Int2(number as i16),
            Codec::Scalar(Scalar::Int4) => Value::Int4(number as i32),
            Codec::Scalar(Scalar::Int8) => Value::Int8(number),
            other => Value::Other(other, field),
        }
    }
}

/// The values of a row, wherever it is.
pub trait Fields {
    /// The text of a field, unquoted; none of a NULL.
    ///
    /// # Panics
    /// When there is no field of this number, counted from 0; it may where its value is a number.
    fn field(&self, i: usize) -> &str;

    /// The value of a number ([`Codec::is_number`]); 0 of a NULL.
    ///
    /// # Panics
    /// When there is no field of this number, counted from 0; it may where its value is none.
    fn int(&self, i: usize) -> i64;

    /// Whether a field is NULL.
    fn is_null(&self, i: usize) -> bool;

    /// Whether any may be: of rows that say no, no field has to be asked.
    fn may_have_nulls(&self) -> bool {
        true
    }
}

/// A row with an integer key in front of its own fields.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keyed<'a, R> {
    /// The key: field 0.
    pub key: i32,
    /// The row, whose fields follow.
    pub row: &'a R,
}

impl<R: Fields> Fields for Keyed<'_, R> {
    #[inline]
    fn field(&self, i: usize) -> &str {
        match i {
            0 => "",
            i => self.row.field(i - 1),
        }
    }

    #[inline]
    fn int(&self, i: usize) -> i64 {
        match i {
            0 => i64::from(self.key),
            i => self.row.int(i - 1),
        }
    }

    #[inline]
    fn is_null(&self, i: usize) -> bool {
        i > 0 && self.row.is_null(i - 1)
    }

    #[inline]
    fn may_have_nulls(&self) -> bool {
        self.row.may_have_nulls()
    }
}

/// One row, valid until the next is read. It has as many fields as there are columns.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    pub(super) parser: &'a RowParser,
    pub(super) text: &'a str,
}

impl<'a> Row<'a> {
    /// The number of fields.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.parser.codecs().len()
    }

    /// The text of a field, unquoted.
    ///
    /// # Panics
    /// When there is no field of this number, counted from 0.
    #[inline]
    pub fn field(&self, i: usize) -> &'a str {
        self.parser.field(self.text, i)
    }

    /// The value of a number; 0 for a NULL and any other field.
    ///
    /// # Panics
    /// When there is no field of this number, counted from 0.
    #[inline]
    pub fn int(&self, i: usize) -> i64 {
        self.parser.int(i)
    }

    /// The value of a field.
    ///
    /// # Panics
    /// When there is no field of this number, counted from 0.
    #[inline]
    pub(crate) fn value(&self, i: usize) -> Value<'a> {
        match self.parser.is_null(i) {
            true => Value::Null,
            false => Value::of(self.parser.codecs()[i], self.field(i), self.int(i)),
        }
    }
}

impl Fields for Row<'_> {
    #[inline]
    fn field(&self, i: usize) -> &str {
        self.parser.field(self.text, i)
    }

    #[inline]
    fn int(&self, i: usize) -> i64 {
        self.parser.int(i)
    }

    #[inline]
    fn is_null(&self, i: usize) -> bool {
        self.parser.is_null(i)
    }

    #[inline]
    fn may_have_nulls(&self) -> bool {
        self.parser.has_nulls()
    }
}

/// The source of csv: a file or a part of one, or memory.
pub(super) enum CsvInput {
    File(Take<File>),
    Memory(io::Cursor<Vec<u8>>),
}

impl Read for CsvInput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            CsvInput::File(file) => file.read(buffer),
            CsvInput::Memory(bytes) => bytes.read(buffer),
        }
    }
}

/// Reads rows from first to last; see [`super::Dataset::reader`].
pub struct RowReader {
    blocks: BlockReader<CsvInput>,
    columns: Vec<Column>,
    parser: RowParser,
    text: String,
    at: usize,
    first_line: u64,
    style: Style,
}

impl RowReader {
    pub(super) fn new(input: CsvInput, columns: &[Column], name: String) -> Self {
        Self {
            blocks: BlockReader::new(input, name),
            columns: columns.to_vec(),
            parser: RowParser::new(columns),
            text: String::new(),
            at: 0,
            first_line: 1,
            style: Style::Plain,
        }
    }

    /// Reads csv of these columns from a file, from where it stands to its end; messages call it `name`.
    pub(crate) fn of_file(file: File, columns: &[Column], name: String) -> Self {
        Self::new(CsvInput::File(file.take(u64::MAX)), columns, name)
    }

    /// Reads csv from memory; messages call it `name`.
    pub fn over(csv: Vec<u8>, columns: &[Column], name: String) -> Self {
        Self::new(CsvInput::Memory(io::Cursor::new(csv)), columns, name)
    }

    /// The next row, or `None` past the last.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Data`] naming file, line, field, value and rule for what is not
    /// a row of these columns (lines count from where the reader began); or that reading failed.
    #[inline]
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>> {
        if self.at == self.text.len() && !self.refill()? {
            return Ok(None);
        }
        match self.parser.parse(&self.text, self.at, self.style) {
            Ok(next) => self.at = next,
            Err(bad) => return Err(self.bad(&bad)),
        }
        Ok(Some(Row { parser: &self.parser, text: &self.text }))
    }

    fn refill(&mut self) -> Result<bool> {
        let Some(block) = self.blocks.next_block()? else { return Ok(false) };
        (self.at, self.first_line, self.style) = (0, block.first_line, Style::of_block(&block));
        self.text = utf8(block.bytes, block.first_line, self.blocks.name())?;
        Ok(true)
    }

    #[cold]
    fn bad(&self, bad: &BadField) -> anyhow::Error {
        let line = self.first_line + newlines(&self.text.as_bytes()[..self.at]);
        bad.at(self.blocks.name(), line, &self.columns)
    }
}

/// The text of a block.
pub(super) fn utf8(bytes: Vec<u8>, first_line: u64, name: &str) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let line = first_line + newlines(&bytes[..at]);
        let start = memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |feed| feed + 1);
        let place = at - start + 1;
        crate::bad_data!(
            "{name}, line {line}: byte {place} (0x{:02x}) is not UTF-8; convert the file, for example by `iconv -f WINDOWS-1252 -t UTF-8` where that is what it is in",
            bytes[at]
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::columns::votes;

    fn reader(csv: &[u8]) -> RowReader {
        RowReader::over(csv.to_vec(), &votes(), "test.csv".into())
    }

    fn error(csv: &[u8]) -> String {
        let mut reader = reader(csv);
        loop {
            match reader.next_row() {
                Ok(Some(_)) => {}
                Ok(None) => panic!("no error"),
                Err(error) => return error.to_string(),
            }
        }
    }

    #[test]
    fn rows_are_read_with_or_without_quotes() {
        let mut reader = reader(b"ada,t3_1,1\n\"a \"\"b\"\"\",\"x,\ny\",-1\r\n\"\",\"\",+007");
        let mut rows = Vec::new();
        while let Some(row) = reader.next_row().unwrap() {
            assert_eq!(row.len(), 3);
            assert_eq!(row.value(2), Value::Int4(row.int(2) as i32));
            rows.push((row.field(0).to_owned(), row.field(1).to_owned(), row.int(2)));
        }
        let expected = [("ada", "t3_1", 1), ("a \"b\"", "x,\ny", -1), ("", "", 7)];
        assert_eq!(rows, expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c)));
        assert!(reader.next_row().unwrap().is_none(), "the end stays the end");
    }

    #[test]
    fn an_open_quote_is_named_by_its_row_and_field_at_any_size_of_block() {
        let before = "ada,t3_1,1\n\"x\ny\",t3_1,1\n";
        let cases = [
            // Nothing closes it; a quoted field of a later row seems to; it begins behind a line feed.
            (
                "bob,\"t3_2,1\neve,t3_3,1\n",
                "line 4, field 2 (link), of type text: \"\\\"t3_2,1\\neve",
                "not closed",
            ),
            (
                "bob,\"t3_2,1\n\"eve\",t3_3,1\n",
                "line 4, field 2 (link), of type text: \"\\\"t3_2,1",
                "goes on after",
            ),
            (
                "\"b\n\n\",\"t3_2,1\neve,t3_3,1",
                "line 4, field 2 (link), which begins on line 6",
                "not closed",
            ),
            ("\"", "line 4, field 1 (username)", "not closed"),
        ];
        for (open, place, rule) in cases {
            let csv = format!("{before}{open}");
            for size in 1..=csv.len() + 1 {
                let mut reader = reader(csv.as_bytes());
                reader.blocks = reader.blocks.with_block_bytes(size);
                let error = loop {
                    match reader.next_row() {
                        Ok(row) => assert!(row.is_some(), "no error"),
                        Err(error) => break error.to_string(),
                    }
                };
                assert!(error.contains(place) && error.contains(rule), "block of {size}: {error}");
            }
        }
    }

    #[test]
    fn a_bad_row_is_named_by_line_field_value_and_rule() {
        let cases: [(&[u8], &[&str]); 9] = [
            (b"ada,t3_1,1\nbob,t3_2,up\n", &["line 2", "field 3 (score)", "\"up\"", "integer"]),
            (b"ada,t3_1,2147483648\n", &["line 1", "2147483648", "integer"]),
            (b"ada,t3_1\n", &["line 1", "2 fields", "3"]),
            (b"ada,t3_1,1,2\n", &["line 1", "more than 3 fields"]),
            (b"\"x\ny\",t3_1,1\n,t3_1,1\n", &["line 3", "field 1 (username)", "NULL"]),
            (b"ada,t3_1,1\nb\rob,t3_1,1\n", &["line 2", "field 1 (username)", "carriage return"]),
            (b"a\"b\",t3_1,1\n", &["line 1", "field 1", "quote"]),
            (b"ada,t3\0,1\n", &["line 1", "field 2 (link)", "NUL"]),
            (b"ada,t3_1,1\nb\xff,t3_1,1\n", &["line 2", "byte 2 (0xff)", "UTF-8"]),
        ];
        for (csv, words) in cases {
            let error = error(csv);
            assert!(error.contains("test.csv"), "{error}");
            for word in words {
                assert!(error.contains(word), "{word:?} is not in: {error}");
            }
        }
    }
}
