//! The content of rows as one number that does not depend on their order, computed here and
//! in the server by the same rule.
//!
//! A row's hash is built over its columns from the last to the first. The seed starts at 0, or, where
//! a column is NULL, at the hash of which ones are: a letter for each column, `N` for NULL.
//! - A text column makes it `hashtextextended(value, seed)`.
//! - An integer column makes it `hashint8extended(value, value # seed)`: the server's hash of
//!   an integer folds its two halves into one, and the `#` (xor) keeps them apart.
//! - An integer as the last of several columns makes it `value # seed`, which costs nothing: the
//!   columns before it hash that.
//! - A NULL counts as an empty text or 0, as the seed distinguishes it already.
//!
//! The content is the sum of the rows' hashes, as signed 64-bit integers, without overflow:
//! `SELECT sum(...)` over [`sql_expression`], where the server sums `bigint` exactly. Rows that
//! are missing, doubled, swapped in parts or damaged change it; the order of rows does not.

use super::columns::{Column, ColumnType};
use super::lookup3::{hash_bytes, hash_int8};
use super::rows::Fields;
use crate::model::Content;
use crate::sql::quote;

/// The SQL expression (a `bigint`, never NULL) of one row's hash, over columns of these names.
///
/// The text is hashed in collation C: a hash in a nondeterministic collation is another one.
pub fn sql_expression(columns: &[Column]) -> String {
    let mut seed = sql_of_nulls(columns);
    for (i, column) in columns.iter().enumerate().rev() {
        let name = quote(&column.name);
        let number = format!("coalesce({name}, 0)::int8");
        seed = match column.kind {
            ColumnType::Text => format!("hashtextextended(coalesce({name}, '') COLLATE \"C\", {seed})"),
            _ if is_seed(i, columns.len()) => format!("({number} # {seed})"),
            ColumnType::Int4 | ColumnType::Int8 => format!("hashint8extended({number}, {number} # {seed})"),
        };
    }
    seed
}

/// The SQL expression for the seed of a row, which counts its NULLs.
fn sql_of_nulls(columns: &[Column]) -> String {
    let names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
    let all = names.iter().map(|name| format!("{name} IS NOT NULL")).collect::<Vec<_>>().join(" AND ");
    let letters = names.iter().map(|name| format!("CASE WHEN {name} IS NULL THEN 'N' ELSE '-' END"));
    let letters = letters.collect::<Vec<_>>().join(" || ");
    format!("CASE WHEN {all} THEN 0 ELSE hashtextextended(({letters}) COLLATE \"C\", 0) END")
}

/// Whether an integer column of this number is the seed of those before it: the last of several.
fn is_seed(i: usize, columns: usize) -> bool {
    i > 0 && i + 1 == columns
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

    /// The content of rows with this sum.
    pub fn content(self) -> Content {
        Content::of_hashes(self.0)
    }

    /// Adds the sum of other rows.
    pub fn merge(&mut self, other: ContentSum) {
        self.0 += other.0;
    }
}

/// Computes rows' hashes.
#[derive(Debug, Clone)]
pub struct RowHasher {
    kinds: Vec<ColumnType>,
}

impl RowHasher {
    /// A hasher of rows with these columns.
    pub fn new(columns: &[Column]) -> Self {
        Self { kinds: columns.iter().map(|column| column.kind).collect() }
    }

    /// The hash of one row, equal to the server's [`sql_expression`].
    #[inline]
    pub fn hash(&self, row: &impl Fields) -> i64 {
        let mut seed = self.hash_of_nulls(row);
        for (i, kind) in self.kinds.iter().enumerate().rev() {
            let null = row.is_null(i);
            if *kind == ColumnType::Text {
                seed = hash_bytes(if null { b"" } else { row.field(i).as_bytes() }, seed);
                continue;
            }
            let number = if null { 0 } else { row.int(i) };
            let mixed = number as u64 ^ seed;
            seed = if is_seed(i, self.kinds.len()) { mixed } else { hash_int8(number, mixed) };
        }
        seed as i64
    }

    #[inline]
    fn hash_of_nulls(&self, row: &impl Fields) -> u64 {
        let columns = 0..self.kinds.len();
        if !columns.clone().any(|i| row.is_null(i)) {
            return 0;
        }
        let letters: Vec<u8> = columns.map(|i| if row.is_null(i) { b'N' } else { b'-' }).collect();
        hash_bytes(&letters, 0)
    }
}

/// The content sum of the keys 1 to `rows`, as of a table with that column alone.
pub fn of_keys(rows: u64) -> ContentSum {
    let mut sum = ContentSum::default();
    (1..=rows).for_each(|key| sum.add(hash_int8(key as i64, key) as i64));
    sum
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
        sum.content().to_string()
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
        assert!(!sum(&columns[..2], "1,2\n").eq(&sum(&columns[..2], "2,1\n")));
    }

    #[test]
    fn a_lone_integer_is_hashed_as_any_other() {
        let key = [Column { name: "key".into(), kind: ColumnType::Int4 }];
        assert_ne!(sum(&key, "1\n3\n"), sum(&key, "2\n2\n"));
        // Read from PostgreSQL 15: hashint8extended(1, 1) + hashint8extended(-1, -1).
        assert_eq!(sum(&key, "1\n-1\n"), (-7620678293940249823_i128 + 6481520839006961279).to_string());
        assert_eq!(of_keys(3).content().to_string(), sum(&key, "3\n1\n2\n"));
        assert_eq!(of_keys(0).content().to_string(), "0");
    }

    /// Sums recorded by earlier versions stay valid.
    #[test]
    fn the_sum_of_votes_is_documented_and_stays() {
        assert_eq!(
            sql_expression(&votes()),
            "hashtextextended(coalesce(\"username\", '') COLLATE \"C\", \
             hashtextextended(coalesce(\"link\", '') COLLATE \"C\", (coalesce(\"score\", 0)::int8 # \
             CASE WHEN \"username\" IS NOT NULL AND \"link\" IS NOT NULL AND \"score\" IS NOT NULL THEN 0 \
             ELSE hashtextextended((CASE WHEN \"username\" IS NULL THEN 'N' ELSE '-' END || \
             CASE WHEN \"link\" IS NULL THEN 'N' ELSE '-' END || \
             CASE WHEN \"score\" IS NULL THEN 'N' ELSE '-' END) COLLATE \"C\", 0) END)))"
        );
        let hasher = RowHasher::new(&votes());
        let mut reader = RowReader::over("ada,t3_1,-1\n".into(), &votes(), "rows".into());
        let hash = hasher.hash(&reader.next_row().unwrap().unwrap());
        assert_eq!(hash, hash_vote(b"ada", b"t3_1", -1));
    }
}
