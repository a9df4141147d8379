//! Turning rows into the three formats that COPY reads, whether they come from a csv or from memory.
//!
//! The rules are those of the COPY page of PostgreSQL's manual and `src/backend/commands/copyfromparse.c`.

use bytes::{BufMut, BytesMut};

use super::bad_field::BadField;
use super::columns::Column;
use super::csv_row::{RowParser, push_text};
use super::dialect::Style;
use super::rows::{Fields, Row};
use crate::model::Encoding;
use crate::value::{Codec, Scalar};

/// The header of the binary format: signature, no flags, no extension.
pub(crate) const BINARY_HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// Its trailer.
pub(crate) const BINARY_TRAILER: &[u8] = b"\xff\xff";

/// The bytes before the first row of an encoding's file.
pub(crate) fn header(encoding: Encoding) -> &'static [u8] {
    if encoding == Encoding::Binary { BINARY_HEADER } else { b"" }
}

/// The bytes behind the last row of an encoding's file.
pub(crate) fn trailer(encoding: Encoding) -> &'static [u8] {
    if encoding == Encoding::Binary { BINARY_TRAILER } else { b"" }
}

/// Where encoded rows go: bytes that can be set once they are known.
pub trait Out: BufMut {
    /// The bytes so far.
    fn written(&mut self) -> &mut [u8];
}

impl Out for Vec<u8> {
    #[inline]
    fn written(&mut self) -> &mut [u8] {
        self
    }
}

impl Out for BytesMut {
    #[inline]
    fn written(&mut self) -> &mut [u8] {
        self
    }
}

/// How a column's values are written: chosen once for a table, and looked at for each field.
#[derive(Debug, Clone, Copy)]
enum Put {
    Text,
    Bool,
    Int2,
    Int4,
    Int8,
    /// By the canonical text, and in binary by what the codec makes of it.
    Form(Codec),
}

impl Put {
    fn of(codec: Codec) -> Self {
        match codec {
            Codec::Scalar(Scalar::Text) => Self::Text,
            Codec::Scalar(Scalar::Bool) => Self::Bool,
            Codec::Scalar(Scalar::Int2) => Self::Int2,
            Codec::Scalar(Scalar::Int4) => Self::Int4,
            Codec::Scalar(Scalar::Int8) => Self::Int8,
            other => Self::Form(other),
        }
    }
}

/// Writes rows of given columns in one encoding.
#[derive(Debug, Clone)]
pub struct Encoder {
    columns: Vec<Column>,
    puts: Vec<Put>,
    encoding: Encoding,
    /// Whether any column may be NULL.
    nullable: bool,
}

impl Encoder {
    /// An encoder of rows with these columns.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] when there is no column, or more than PostgreSQL's 1600; or one whose
    /// binary form only the server knows, for [`Encoding::Binary`].
    pub fn new(columns: &[Column], encoding: Encoding) -> anyhow::Result<Self> {
        const MOST: usize = 1600;
        if columns.is_empty() || columns.len() > MOST {
            let count = columns.len();
            return Err(crate::usage!(
                "{count} columns: a table of PostgreSQL's has 1 to {MOST}; change the columns"
            ));
        }
        if encoding == Encoding::Binary
            && let Some(reason) = no_binary(columns)
        {
            return Err(crate::usage!("{reason}; take a method that sends csv or text"));
        }
        let puts = columns.iter().map(|column| Put::of(column.codec())).collect();
        let nullable = columns.iter().any(|column| column.nullable);
        Ok(Self { columns: columns.to_vec(), puts, encoding, nullable })
    }

    /// Adds one row to `out`.
    ///
    /// # Panics
    /// When a field is no value of its column, which rows of a dataset rule out.
    #[inline]
    pub fn push_row(&self, row: &impl Fields, out: &mut impl Out) {
        match self.encoding {
            Encoding::Csv => self.push_csv(row, out),
            Encoding::Text => self.push_text(row, out),
            Encoding::Binary => self.push_binary(row, out),
        }
    }

    /// Adds the csv rows of `text` to `out`, and returns how many they are.
    ///
    /// # Errors
    /// The byte where a bad row begins, and what is wrong with it.
    pub(crate) fn push_block(
        &self,
        text: &str,
        style: Style,
        out: &mut Vec<u8>,
    ) -> Result<u64, (usize, BadField)> {
        if self.encoding == Encoding::Text && style == Style::Plain && self.translate(text, out) {
            return Ok(memchr::memchr_iter(b'\n', text.as_bytes()).count() as u64);
        }
        let mut parser = RowParser::new(&self.columns);
        let (mut at, mut rows) = (0, 0);
        while at < text.len() {
            let next = parser.parse(text, at, style).map_err(|bad| (at, bad))?;
            self.push_row(&Row { parser: &parser, text }, out);
            (at, rows) = (next, rows + 1);
        }
        Ok(rows)
    }

    /// Plain csv (no quotes, so no comma or line feed inside a field) without backslashes or
    /// tabs becomes text by turning each comma into a tab, unless a NULL may be among the fields. The block
    /// must be one of ours, whose integers are written as they are in text and whose last row has its line feed.
    fn translate(&self, text: &str, out: &mut Vec<u8>) -> bool {
        if self.nullable {
            return false;
        }
        let bytes = text.as_bytes();
        if memchr::memchr2(b'\\', b'\t', bytes).is_some() || bytes.last() != Some(&b'\n') {
            return false;
        }
        out.extend(bytes.iter().map(|b| if *b == b',' { b'\t' } else { *b }));
        true
    }

    #[inline]
    fn push_csv(&self, row: &impl Fields, out: &mut impl BufMut) {
        let nulls = self.nullable && row.may_have_nulls();
        for (i, put) in self.puts.iter().enumerate() {
            if i > 0 {
                out.put_u8(b',');
            }
            if nulls && row.is_null(i) {
                continue;
            }
            match put {
                Put::Text | Put::Form(_) => push_text(out, row.field(i)),
                Put::Int4 | Put::Int8 | Put::Int2 => push_int(out, row.int(i)),
                Put::Bool => push_bool(out, row.int(i)),
            }
        }
        out.put_u8(b'\n');
    }

    #[inline]
    fn push_text(&self, row: &impl Fields, out: &mut impl BufMut) {
        let nulls = self.nullable && row.may_have_nulls();
        for (i, put) in self.puts.iter().enumerate() {
            if i > 0 {
                out.put_u8(b'\t');
            }
            if nulls && row.is_null(i) {
                out.put_slice(b"\\N");
                continue;
            }
            match put {
                Put::Text | Put::Form(_) => push_escaped(out, row.field(i)),
                Put::Int4 | Put::Int8 | Put::Int2 => push_int(out, row.int(i)),
                Put::Bool => push_bool(out, row.int(i)),
            }
        }
        out.put_u8(b'\n');
    }

    #[inline]
    fn push_binary(&self, row: &impl Fields, out: &mut impl Out) {
        out.put_slice(&(self.puts.len() as i16).to_be_bytes());
        let nulls = self.nullable && row.may_have_nulls();
        for (i, put) in self.puts.iter().enumerate() {
            if nulls && row.is_null(i) {
                out.put_slice(&(-1_i32).to_be_bytes());
                continue;
            }
            match put {
                Put::Text => {
                    let bytes = row.field(i).as_bytes();
                    // The blocks' longest row keeps this below 2 GiB.
                    out.put_slice(&(bytes.len() as i32).to_be_bytes());
                    out.put_slice(bytes);
                }
                Put::Int4 => {
                    let value = (row.int(i) as i32).to_be_bytes();
                    out.put_slice(&[0, 0, 0, 4, value[0], value[1], value[2], value[3]]);
                }
                Put::Int8 => {
                    out.put_slice(&8_i32.to_be_bytes());
                    out.put_slice(&row.int(i).to_be_bytes());
                }
                Put::Int2 => {
                    let value = (row.int(i) as i16).to_be_bytes();
                    out.put_slice(&[0, 0, 0, 2, value[0], value[1]]);
                }
                Put::Bool => out.put_slice(&[0, 0, 0, 1, row.int(i) as u8]),
                Put::Form(codec) => push_binary_form(*codec, row.field(i), out),
            }
        }
    }
}

/// Why rows of these columns have no binary form here, where they have none.
pub(crate) fn no_binary(columns: &[Column]) -> Option<String> {
    let column = columns.iter().find(|column| !column.codec().has_binary())?;
    let (name, kind) = (&column.name, column.kind.sql());
    Some(match column.is_canonical() || column.kind.codec() == Codec::Foreign {
        true => format!("the column {name} is of the type {kind}, whose binary form only the server knows"),
        false => format!(
            "the column {name} has values of the type {kind} in spellings that only the server can read"
        ),
    })
}

/// A field of the binary format: its length, and the binary form of the value with this canonical text.
fn push_binary_form(codec: Codec, canonical: &str, out: &mut impl Out) {
    let start = out.written().len();
    out.put_i32(0);
    if let Err(refused) = codec.put_binary(canonical, out) {
        panic!("a row of a dataset holds {canonical:?}, which {}", refused.rule);
    }
    let written = out.written();
    let bytes = (written.len() - start - 4) as i32;
    written[start..start + 4].copy_from_slice(&bytes.to_be_bytes());
}

/// A field of the text format, with the characters escaped that would end it or a row, or begin an escape.
#[inline]
pub(crate) fn push_escaped(out: &mut impl BufMut, field: &str) {
    let special = |b: &u8| matches!(b, b'\\' | b'\t' | b'\n' | b'\r');
    let bytes = field.as_bytes();
    if !bytes.iter().any(special) {
        out.put_slice(bytes);
        return;
    }
    for byte in bytes {
        match byte {
            b'\\' => out.put_slice(b"\\\\"),
            b'\t' => out.put_slice(b"\\t"),
            b'\n' => out.put_slice(b"\\n"),
            b'\r' => out.put_slice(b"\\r"),
            other => out.put_u8(*other),
        }
    }
}

/// A boolean as COPY writes it.
#[inline]
fn push_bool(out: &mut impl BufMut, value: i64) {
    out.put_u8(if value == 0 { b'f' } else { b't' });
}

/// An integer in decimal, without storage of its own.
#[inline]
fn push_int(out: &mut impl BufMut, value: i64) {
    // The longest is that of the least `bigint`: a sign and 19 digits.
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = value.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        at -= 1;
        digits[at] = b'-';
    }
    out.put_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_written_as_the_standard_library_does() {
        for value in [0, 1, -1, 9, 10, -10, 1_000_000, i64::from(i32::MIN), i64::MAX, i64::MIN] {
            let mut out = Vec::new();
            push_int(&mut out, value);
            assert_eq!(String::from_utf8(out).unwrap(), value.to_string());
        }
    }
}
