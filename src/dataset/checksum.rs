//! The content of rows as one number that does not depend on their order, computed here and
//! in the server by the same rule.
//!
//! A row's hash is built over its columns from the last to the first. The seed starts at 0.
//! - A text column makes it `hashtextextended(value, seed)`.
//! - An integer column makes it `hashint8extended(value, value # seed)`: the server's hash of
//!   an integer folds its two halves into one, and the `#` (xor) keeps them apart.
//! - An integer as the last column simply is the seed: it costs nothing.
//!
//! The content is the sum of the rows' hashes, as signed 64-bit integers, without overflow:
//! `SELECT sum(...)` over [`sql_expression`], where the server sums `bigint` exactly. Rows that
//! are missing, doubled, swapped in parts or damaged change it; the order of rows does not.

use super::columns::{Column, ColumnType};
use super::lookup3::{hash_bytes, hash_int8};
use super::rows::Row;
use crate::sql::quote;

/// The SQL expression (a `bigint`) of one row's hash, over columns of these names.
///
/// The text is hashed in collation C: a hash in a nondeterministic collation is another one.
/// It is NULL for a row with a NULL in it.
pub fn sql_expression(columns: &[Column]) -> String {
    let mut seed = String::from("0");
    for (i, column) in columns.iter().enumerate().rev() {
        let name = quote(&column.name);
        seed = match column.kind {
            ColumnType::Text => format!("hashtextextended({name} COLLATE \"C\", {seed})"),
            ColumnType::Int4 | ColumnType::Int8 if i + 1 == columns.len() => format!("{name}::int8"),
            ColumnType::Int4 | ColumnType::Int8 => {
                format!("hashint8extended({name}::int8, {name}::int8 # {seed})")
            }
        };
    }
    seed
}

/// The order-free sum of rows' hashes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ContentSum(i128);

impl ContentSum {
    /// Adds one row's hash.
    #[inline]
    pub fn add(&mut self, row_hash: i64) {
        self.0 += i128::from(row_hash);
    }

    /// Adds the sum of other rows.
    pub fn merge(&mut self, other: ContentSum) {
        self.0 += other.0;
    }
}

impl std::fmt::Display for ContentSum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Computes rows' hashes.
#[derive(Debug, Clone)]
pub struct RowHasher {
    kinds: Vec<ColumnType>,
}

impl RowHasher {
    /// For rows of these columns.
    pub fn new(columns: &[Column]) -> Self {
        Self { kinds: columns.iter().map(|column| column.kind).collect() }
    }

    /// The hash of one row, equal to the server's [`sql_expression`].
    #[inline]
    pub fn hash(&self, row: &Row<'_>) -> i64 {
        let mut seed = 0;
        for (i, kind) in self.kinds.iter().enumerate().rev() {
            seed = match kind {
                ColumnType::Text => hash_bytes(row.field(i).as_bytes(), seed),
                ColumnType::Int4 | ColumnType::Int8 if i + 1 == self.kinds.len() => row.int(i) as u64,
                ColumnType::Int4 | ColumnType::Int8 => hash_int8(row.int(i), row.int(i) as u64 ^ seed),
            };
        }
        seed as i64
    }
}

/// The hash of one vote (username, link, score), for the generator, which has its parts at hand.
#[inline]
pub(super) fn hash_vote(username: &[u8], link: &[u8], score: i32) -> i64 {
    hash_bytes(username, hash_bytes(link, i64::from(score) as u64)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::columns::votes;
    use crate::dataset::rows::RowReader;

    fn sum(columns: &[Column], csv: &str) -> String {
        let hasher = RowHasher::new(columns);
        let mut reader = RowReader::over(csv.as_bytes().to_vec(), columns, "rows".into());
        let mut sum = ContentSum::default();
        while let Some(row) = reader.next_row().unwrap() {
            sum.add(hasher.hash(&row));
        }
        sum.to_string()
    }

    #[test]
    fn the_sum_is_the_one_the_server_computes() {
        // Read from PostgreSQL 15, see the expressions below.
        let rows = "ada,t3_1,1\nbob,t3_2,-1\n\"\",\"a,\"\"b\n\",0\nżółw,\\.x,2147483647\n";
        assert_eq!(sum(&votes(), rows), "17593083721841236463");
        let reversed = "żółw,\\.x,2147483647\n\"\",\"a,\"\"b\n\",0\nbob,t3_2,-1\nada,t3_1,1\n";
        assert_eq!(sum(&votes(), reversed), sum(&votes(), rows), "order does not matter");
        assert_ne!(sum(&votes(), &rows.replace("ada,t3_1", "bob,t3_1")), sum(&votes(), rows));
    }

    #[test]
    fn integers_count_whole_wherever_they_stand() {
        let column = |name: &str, kind| Column { name: name.into(), kind };
        let columns =
            [column("a", ColumnType::Int8), column("b", ColumnType::Int4), column("c", ColumnType::Text)];
        assert_eq!(
            sum(&columns, "1,2,x\n4294967296,-2,y\n-9223372036854775808,0,\"\"\n"),
            "11179468259757176424"
        );
        assert_ne!(sum(&columns, "1,2,x\n"), sum(&columns, "4294967296,2,x\n"));
        assert_eq!(
            sql_expression(&columns),
            "hashint8extended(\"a\"::int8, \"a\"::int8 # hashint8extended(\"b\"::int8, \"b\"::int8 # \
             hashtextextended(\"c\" COLLATE \"C\", 0)))"
        );
    }

    #[test]
    fn the_expression_of_the_votes_is_the_documented_one() {
        assert_eq!(
            sql_expression(&votes()),
            "hashtextextended(\"username\" COLLATE \"C\", hashtextextended(\"link\" COLLATE \"C\", \"score\"::int8))"
        );
    }
}
