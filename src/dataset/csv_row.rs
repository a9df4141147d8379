//! Taking one csv row of a dataset apart.

use bytes::BufMut;

use super::bad_field::BadField;
use super::columns::Column;
use super::dialect::{Splitter, Standard, Style};
use crate::value::{Codec, Scalar};

/// Parses rows of given columns, one at a time.
#[derive(Debug, Clone)]
pub(crate) struct RowParser {
    split: Splitter<Standard>,
    codecs: Vec<Codec>,
    nullable: Vec<bool>,
    /// The columns whose values are numbers, with what reads them.
    numbers: Vec<(usize, Codec)>,
    ints: Vec<i64>,
}

impl RowParser {
    /// A parser of rows with these columns.
    pub(crate) fn new(columns: &[Column]) -> Self {
        let codecs: Vec<Codec> = columns.iter().map(Column::codec).collect();
        Self {
            split: Splitter::new(Standard, columns.len()),
            ints: vec![0; columns.len()],
            numbers: codecs.iter().copied().enumerate().filter(|(_, codec)| codec.is_number()).collect(),
            codecs,
            nullable: columns.iter().map(|column| column.nullable).collect(),
        }
    }

    /// What is done with the columns' values.
    #[inline]
    pub(crate) fn codecs(&self) -> &[Codec] {
        &self.codecs
    }

    /// Whether a field of the row last parsed is NULL.
    #[inline]
    pub(crate) fn is_null(&self, i: usize) -> bool {
        self.split.is_null(i)
    }

    /// Whether any field of the row last parsed is NULL.
    #[inline]
    pub(crate) fn has_nulls(&self) -> bool {
        self.split.has_nulls()
    }

    /// The text of a field of the row last parsed out of `text`; none of a NULL.
    #[inline]
    pub(crate) fn field<'a>(&'a self, text: &'a str, i: usize) -> &'a str {
        self.split.field(text, i)
    }

    /// The value of a number of the row last parsed; 0 for a NULL and any other field.
    #[inline]
    pub(crate) fn int(&self, i: usize) -> i64 {
        self.ints[i]
    }

    /// Parses the row that begins at byte `at` of `text` (which ends with a row's end), and
    /// returns where the next begins.
    #[inline]
    pub(crate) fn parse(&mut self, text: &str, at: usize, style: Style) -> Result<usize, BadField> {
        let end = self.split.split(text, at, style)?;
        if self.split.has_nulls() {
            let refused = |i: &usize| self.split.is_null(*i) && !self.nullable[*i];
            if let Some(i) = (0..self.nullable.len()).find(refused) {
                return Err(self.split.refused_null(text, i));
            }
        }
        let nulls = self.split.has_nulls();
        for &(i, codec) in &self.numbers {
            self.ints[i] = match nulls && self.split.is_null(i) {
                true => 0,
                false => match digit(self.split.field(text, i)) {
                    Some(value) if codec != Codec::Scalar(Scalar::Bool) => value,
                    _ => codec.number(self.split.field(text, i)).map_err(|refused| {
                        let bad = BadField::new(Some(i), self.split.field(text, i), refused.rule);
                        self.split.placed(text, bad)
                    })?,
                },
            };
        }
        Ok(end)
    }
}

/// The number that one digit spells, perhaps behind a sign: as most do of which there are many.
#[inline]
fn digit(field: &str) -> Option<i64> {
    match field.as_bytes() {
        [digit @ b'0'..=b'9'] => Some(i64::from(digit - b'0')),
        [b'-', digit @ b'0'..=b'9'] => Some(-i64::from(digit - b'0')),
        _ => None,
    }
}

/// Adds one text field to a csv row, quoted where COPY needs it: an empty one would be NULL,
/// and `\.` alone on a line the end of the data.
#[inline]
pub(crate) fn push_text(out: &mut impl BufMut, field: &str) {
    let bytes = field.as_bytes();
    let plain = !bytes.is_empty()
        && bytes != b"\\."
        && !bytes.iter().any(|b| matches!(b, b'"' | b',' | b'\n' | b'\r'));
    if plain {
        out.put_slice(bytes);
        return;
    }
    out.put_u8(b'"');
    for byte in bytes {
        if *byte == b'"' {
            out.put_u8(b'"');
        }
        out.put_u8(*byte);
    }
    out.put_u8(b'"');
}
