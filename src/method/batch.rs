//! Rows held for one statement, in storage that is used again for the next.

use std::error::Error;
use std::ops::Range;

use bytes::BytesMut;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use crate::dataset::{Row, Value};

/// A value of a row as a statement's parameter: the driver encodes it by its type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound<'a>(pub Value<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self.0 {
            Value::Text(v) => v.to_sql(ty, out),
            Value::Int4(v) => v.to_sql(ty, out),
            Value::Int8(v) => v.to_sql(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        [Type::TEXT, Type::INT4, Type::INT8].contains(ty)
    }

    to_sql_checked!();
}

/// Some rows, copied out of a reader.
#[derive(Debug, Default)]
pub struct Batch {
    text: String,
    cells: Vec<Cell>,
}

#[derive(Debug)]
enum Cell {
    Text(Range<usize>),
    Int4(i32),
    Int8(i64),
}

impl Batch {
    /// Adds a row.
    pub fn push(&mut self, row: &Row<'_>) {
        for i in 0..row.len() {
            self.push_value(row.value(i));
        }
    }

    /// Adds a single value, for statements that take other values than a row's.
    pub fn push_value(&mut self, value: Value<'_>) {
        self.cells.push(match value {
            Value::Text(v) => {
                let start = self.text.len();
                self.text.push_str(v);
                Cell::Text(start..self.text.len())
            }
            Value::Int4(v) => Cell::Int4(v),
            Value::Int8(v) => Cell::Int8(v),
        });
    }

    /// Forgets the rows and keeps the storage.
    pub fn clear(&mut self) {
        self.text.clear();
        self.cells.clear();
    }

    /// All values, row by row.
    pub fn values(&self) -> Vec<Bound<'_>> {
        self.cells
            .iter()
            .map(|cell| {
                Bound(match cell {
                    Cell::Text(range) => Value::Text(&self.text[range.clone()]),
                    Cell::Int4(v) => Value::Int4(*v),
                    Cell::Int8(v) => Value::Int8(*v),
                })
            })
            .collect()
    }
}
