//! The content of rows where the server lacks PostgreSQL's own hashes: slower, and as strong. Only functions that
//! all servers have take part: md5, substr, position.
//!
//! A value's digest is the md5 of its text, in 32 hexadecimal digits; that of a NULL is a hyphen, which no other is.
//! A whole number has its decimal digits as its text, a boolean 1 or 0, and any other value its canonical text
//! ([`crate::value`]), which the server's output function writes. A row's digest is the md5 of those of its values,
//! one behind the other; of more than [`GROUP`] columns, each so many have one, and the row's is the md5 of these.
//!
//! The content is the sum of the first 64 bits of the rows' digests, as unsigned numbers. This is
//! [`Rule::RowMd5`](crate::model::Rule).

use md5::{Digest, Md5};

use super::columns::Column;
use super::rows::Fields;
use crate::sql::quote;
use crate::value::{Codec, Scalar};

/// Columns that are put together at once.
const GROUP: usize = 100;

/// The digest of a NULL.
const NULL: &str = "-";

/// The SQL expression of one row's digest, over columns of these names.
pub(super) fn sql_expression(columns: &[Column]) -> String {
    let groups: Vec<String> = columns
        .chunks(GROUP)
        .map(|group| {
            let values: Vec<String> = group.iter().map(sql_of_value).collect();
            format!("md5({})", values.join(" || "))
        })
        .collect();
    match &groups[..] {
        [] => "md5('')".into(),
        [only] => only.clone(),
        several => format!("md5({})", several.join(" || ")),
    }
}

fn sql_of_value(column: &Column) -> String {
    let name = quote(&column.name);
    let (is_null, text) = match column.codec() {
        Codec::Scalar(Scalar::Bool) => ("IS NULL", format!("CASE WHEN {name} THEN '1' ELSE '0' END")),
        codec if codec.is_number() => ("IS NULL", format!("{name}::int8::text")),
        Codec::Scalar(Scalar::Text) => ("IS NULL", name.clone()),
        // What the type's output function writes, whatever its cast to text makes of it. (`IS NULL` also holds for a
        // row of NULLs.)
        _ => ("IS NOT DISTINCT FROM NULL", format!("concat({name}, '')")),
    };
    format!("CASE WHEN {name} {is_null} THEN '{NULL}' ELSE md5({text}) END")
}

/// The SQL expression of the content sum of all rows, as a text, from a column of their digests.
pub(super) fn sql_of_sum(digest: &str) -> String {
    format!("coalesce(sum({}) * 4294967296 + sum({}), 0)::text", number(digest, 1), number(digest, 9))
}

/// The SQL expression of the number that eight digits spell, from this one on.
fn number(digest: &str, first: usize) -> String {
    let digit = |at: usize| format!("position(substr({digest}, {at}, 1) in '0123456789abcdef') - 1");
    let start = format!("({})::int8", digit(first));
    (first + 1..first + 8).fold(start, |number, at| format!("({number} * 16 + {})", digit(at)))
}

/// Computes rows' digests.
#[derive(Debug, Clone)]
pub(super) struct RowMd5 {
    /// Whether each column is a number.
    numbers: Vec<bool>,
}

impl RowMd5 {
    /// For rows with these columns.
    pub(super) fn new(columns: &[Column]) -> Self {
        Self { numbers: columns.iter().map(|column| column.codec().is_number()).collect() }
    }

    /// The first 64 bits of a row's digest.
    pub(super) fn hash(&self, row: &impl Fields) -> u64 {
        let digest = match self.numbers.len() {
            0..=GROUP => self.group(row, 0),
            all => {
                let mut whole = Md5::new();
                (0..all).step_by(GROUP).for_each(|first| whole.update(digits(self.group(row, first))));
                whole
            }
        };
        first_bits(digest)
    }

    /// The digest of the columns from `first` to the end of their group.
    fn group(&self, row: &impl Fields, first: usize) -> Md5 {
        let mut digest = Md5::new();
        for i in first..self.numbers.len().min(first + GROUP) {
            if row.is_null(i) {
                digest.update(NULL);
            } else if self.numbers[i] {
                digest.update(digits(Md5::new_with_prefix(row.int(i).to_string())));
            } else {
                digest.update(digits(Md5::new_with_prefix(row.field(i))));
            }
        }
        digest
    }
}

/// The first 64 bits of the digest of a row with nothing but this number.
pub(super) fn of_number(number: i64) -> u64 {
    first_bits(Md5::new_with_prefix(digits(Md5::new_with_prefix(number.to_string()))))
}

fn digits(digest: Md5) -> [u8; 32] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 32];
    for (two, byte) in text.chunks_exact_mut(2).zip(digest.finalize()) {
        two.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
    text
}

fn first_bits(digest: Md5) -> u64 {
    digest.finalize().iter().take(8).fold(0, |bits, byte| bits << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::rows::RowReader;
    use crate::value::SqlType;

    fn columns() -> [Column; 3] {
        [
            Column::new("a", SqlType::text()).nullable(),
            Column::new("b", SqlType::int4()).nullable(),
            Column::new("c", SqlType::text()).nullable(),
        ]
    }

    fn hash(columns: &[Column], row: &str) -> u64 {
        let mut reader = RowReader::over(format!("{row}\n").into_bytes(), columns, "rows".into());
        RowMd5::new(columns).hash(&reader.next_row().unwrap().unwrap())
    }

    /// RFC 1321, A.5: the md5 of `a` is 0cc175b9c0f1b6a831c399e269772661.
    #[test]
    fn digests_are_those_of_the_standard() {
        assert_eq!(&digits(Md5::new_with_prefix("a")), b"0cc175b9c0f1b6a831c399e269772661");
        assert_eq!(first_bits(Md5::new_with_prefix("a")), 0x0cc1_75b9_c0f1_b6a8);
        assert_eq!(hash(&columns()[1..2], "7"), of_number(7));
    }

    #[test]
    fn null_empty_and_swapped_values_are_told_apart() {
        let rows = [",1,x", "\"\",1,x", "x,1,", "x,1,\"\"", "x,,1", "1,1,x", "-,1,x", "x,-1,x", "x,1,x"];
        let hashes: std::collections::BTreeSet<u64> = rows.iter().map(|row| hash(&columns(), row)).collect();
        assert_eq!(hashes.len(), rows.len());
    }

    #[test]
    fn the_rule_in_sql_is_documented_and_stays() {
        assert_eq!(
            sql_expression(&columns()[..2]),
            "md5(CASE WHEN \"a\" IS NULL THEN '-' ELSE md5(\"a\") END || \
             CASE WHEN \"b\" IS NULL THEN '-' ELSE md5(\"b\"::int8::text) END)"
        );
    }
}
