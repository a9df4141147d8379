//! Rows held for one statement, in storage that is used again for the next.

use std::error::Error;
use std::ops::Range;

use bytes::BytesMut;
use postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

use crate::dataset::{Column, Row, Value};
use crate::value::Codec;

/// Parameters that one statement can bind: the protocol counts them in 16 bits (PostgreSQL
/// manual, "Message Formats", Bind).
pub(crate) const MAX_BINDS: u64 = 65_535;

/// A value of a row as a statement's parameter: the driver encodes it by its type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bound<'a>(pub Value<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self.0 {
            Value::Null => Ok(IsNull::Yes),
            Value::Text(v) => v.to_sql(ty, out),
            Value::Bool(v) => v.to_sql(ty, out),
            Value::Int2(v) => v.to_sql(ty, out),
            Value::Int4(v) => v.to_sql(ty, out),
            Value::Int8(v) => v.to_sql(ty, out),
            Value::Other(codec, text) if codec.bind_type().is_none() => {
                out.extend_from_slice(text.as_bytes());
                Ok(IsNull::No)
            }
            Value::Other(codec, text) => match codec.put_binary(text, out) {
                Ok(()) => Ok(IsNull::No),
                Err(refused) => Err(format!("{text:?} {}", refused.rule).into()),
            },
        }
    }

    /// What only the server knows the binary form of is sent as the text that it is.
    fn encode_format(&self, _: &Type) -> Format {
        match self.0 {
            Value::Other(codec, _) if codec.bind_type().is_none() => Format::Text,
            _ => Format::Binary,
        }
    }

    /// The value knows its type, which is that of its column.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// The type that a value of a column is bound as; of one that only the server can tell, the one by which it is
/// asked to.
pub(crate) fn bind_type(column: &Column) -> Type {
    column.codec().bind_type().unwrap_or(Type::UNKNOWN)
}

/// Some rows, copied out of a reader.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    text: String,
    cells: Vec<BoundValue>,
    rows: u64,
}

#[derive(Debug)]
enum BoundValue {
    Null,
    Text(Range<usize>),
    Bool(bool),
    Int2(i16),
    Int4(i32),
    Int8(i64),
    Other(Codec, Range<usize>),
}

impl Batch {
    /// Adds a row.
    pub(crate) fn push(&mut self, row: &Row<'_>) {
        for i in 0..row.len() {
            self.push_value(row.value(i));
        }
        self.rows += 1;
    }

    /// Adds a single value, for statements that take other values than a row's.
    fn push_value(&mut self, value: Value<'_>) {
        let cell = match value {
            Value::Null => BoundValue::Null,
            Value::Text(v) => BoundValue::Text(self.push_text(v)),
            Value::Bool(v) => BoundValue::Bool(v),
            Value::Int2(v) => BoundValue::Int2(v),
            Value::Int4(v) => BoundValue::Int4(v),
            Value::Int8(v) => BoundValue::Int8(v),
            Value::Other(codec, v) => BoundValue::Other(codec, self.push_text(v)),
        };
        self.cells.push(cell);
    }

    fn push_text(&mut self, text: &str) -> Range<usize> {
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }

    /// Forgets the rows and keeps the storage.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.cells.clear();
        self.rows = 0;
    }

    /// Number of rows that it holds.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// All values, row by row.
    pub(crate) fn values(&self) -> impl ExactSizeIterator<Item = Bound<'_>> {
        self.cells.iter().map(|cell| self.bound(cell))
    }

    /// The values of one column of a table that has `width` of them, counted from 0.
    pub(crate) fn column(&self, column: usize, width: usize) -> impl Iterator<Item = Bound<'_>> {
        self.cells.iter().skip(column).step_by(width).map(|cell| self.bound(cell))
    }

    fn bound(&self, cell: &BoundValue) -> Bound<'_> {
        Bound(match cell {
            BoundValue::Null => Value::Null,
            BoundValue::Text(range) => Value::Text(&self.text[range.clone()]),
            BoundValue::Bool(v) => Value::Bool(*v),
            BoundValue::Int2(v) => Value::Int2(*v),
            BoundValue::Int4(v) => Value::Int4(*v),
            BoundValue::Int8(v) => Value::Int8(*v),
            BoundValue::Other(codec, range) => Value::Other(*codec, &self.text[range.clone()]),
        })
    }
}

/// A batch's values as the blocking driver takes them, in storage that is used again for the next.
#[derive(Default)]
pub(crate) struct Binds {
    values: Vec<Bound<'static>>,
    references: Vec<&'static (dyn ToSql + Sync)>,
}

impl Binds {
    /// Does `work` with references to the values.
    pub(crate) fn with<'a, T>(
        &mut self,
        values: impl Iterator<Item = Bound<'a>>,
        work: impl FnOnce(&[&(dyn ToSql + Sync)]) -> T,
    ) -> T {
        let mut held: Vec<Bound<'_>> = emptied(std::mem::take(&mut self.values));
        held.extend(values);
        let mut references: Vec<&(dyn ToSql + Sync)> = emptied(std::mem::take(&mut self.references));
        references.extend(held.iter().map(|value| value as &(dyn ToSql + Sync)));
        let done = work(&references);
        self.references = emptied(references);
        self.values = emptied(held);
        done
    }
}

/// The storage of a vector for items that are the same but for their lifetimes: collecting nothing
/// out of a vector into one of the same layout keeps its memory.
pub(crate) fn emptied<A, B>(mut items: Vec<A>) -> Vec<B> {
    items.clear();
    items.into_iter().filter_map(|_| None).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::RowReader;
    use crate::dataset::columns::votes;

    #[test]
    fn values_come_by_rows_and_by_columns() {
        let mut reader = RowReader::over(b"ada,t3_1,1\nbob,t3_2,-1\n".to_vec(), &votes(), "test.csv".into());
        let mut batch = Batch::default();
        while let Some(row) = reader.next_row().unwrap() {
            batch.push(&row);
        }
        let text = |v| Bound(Value::Text(v));
        let int = |v| Bound(Value::Int4(v));
        assert_eq!(batch.rows(), 2);
        assert_eq!(
            batch.values().collect::<Vec<_>>(),
            [text("ada"), text("t3_1"), int(1), text("bob"), text("t3_2"), int(-1)]
        );
        assert_eq!(batch.column(1, 3).collect::<Vec<_>>(), [text("t3_1"), text("t3_2")]);
        assert_eq!(Binds::default().with(batch.values(), |binds| binds.len()), 6);
        batch.clear();
        assert_eq!((batch.rows(), batch.values().len()), (0, 0));
    }

    #[test]
    fn an_emptied_vector_keeps_its_memory() {
        let text = "ada".to_owned();
        let held: Vec<&str> = vec![&text; 1000];
        let at = held.as_ptr() as usize;
        let again: Vec<&'static str> = emptied(held);
        assert_eq!((again.as_ptr() as usize, again.len()), (at, 0));
        assert!(again.capacity() >= 1000);
    }
}
