//! The content of rows as one number that does not depend on their order, computed here and
//! in the server by the same rule.
//!
//! A row's hash is built over its columns from the last to the first. The seed starts at 0, or, where
//! a column is NULL, at the hash of which ones are: a digit for each column, `1` for NULL and `0` for none.
//! - A whole number, or a boolean as 0 or 1, makes it `hashint8extended(value, value # seed)`: the server's
//!   hash of an integer folds its two halves into one, and the `#` (xor) keeps them apart.
//! - Any other value makes it `hashtextextended(text, seed)`, where the text is the canonical one
//!   ([`crate::value`]), which the server's output function writes.
//! - A NULL counts as an empty text or 0, as the seed distinguishes it already.
//!
//! Of more than [`GROUP`] columns, as many as a function of SQL takes arguments, each so many are hashed by
//! themselves, and a row's hash is `hashtextextended(h1 || ',' || h2 ..., 0)`.
//!
//! The content is the sum of the rows' hashes, as signed 64-bit integers, without overflow:
//! `SELECT sum(...)` over [`sql_expression`], where the server sums `bigint` exactly. Rows that
//! are missing, doubled, swapped in parts or damaged change it; the order of rows does not.
//!
//! This is [`Rule::RowHashes2`](crate::model::Rule). By the first rule, of earlier records, the last of several columns was not
//! hashed where it was an integer, and stood as the seed of the others.

use super::columns::Column;
use super::lookup3::{hash_bytes, hash_int8};
use super::rows::Fields;
use crate::model::{Content, Rule};
use crate::sql::quote;
use crate::value::{Codec, Scalar};

/// Columns that are hashed together: `FUNC_MAX_ARGS` of `src/include/pg_config_manual.h`.
const GROUP: usize = 100;

/// The SQL expression (a `bigint`, never NULL) of one row's hash, over columns of these names.
///
/// The text is hashed in collation C: a hash in a nondeterministic collation is another one.
pub fn sql_expression(columns: &[Column]) -> String {
    let mut groups: Vec<String> = columns.chunks(GROUP).map(sql_of_group).collect();
    match groups.len() {
        0 => "0::int8".into(),
        1 => groups.remove(0),
        _ => format!("hashtextextended(concat_ws(',', {}) COLLATE \"C\", 0)", groups.join(", ")),
    }
}

fn sql_of_group(columns: &[Column]) -> String {
    let mut seed = sql_of_nulls(columns);
    for column in columns.iter().rev() {
        let name = quote(&column.name);
        seed = match column.codec() {
            Codec::Scalar(Scalar::Bool) => {
                sql_of_number(&format!("coalesce({name}, false)::int4::int8"), &seed)
            }
            codec if codec.is_number() => sql_of_number(&format!("coalesce({name}, 0)::int8"), &seed),
            Codec::Scalar(Scalar::Text) => {
                format!("hashtextextended(coalesce({name}, '') COLLATE \"C\", {seed})")
            }
            // What the type's output function writes, whatever its cast to text makes of it.
            _ => format!("hashtextextended(concat({name}) COLLATE \"C\", {seed})"),
        };
    }
    seed
}

fn sql_of_number(number: &str, seed: &str) -> String {
    format!("hashint8extended({number}, {number} # {seed})")
}

/// The SQL expression for the seed of a row, which tells its NULLs. (`IS NULL` also holds for a row of NULLs.)
fn sql_of_nulls(columns: &[Column]) -> String {
    let names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
    let digits: Vec<String> = names.iter().map(|name| format!("num_nulls({name})")).collect();
    format!(
        "CASE WHEN num_nulls({}) = 0 THEN 0 ELSE hashtextextended(concat({}) COLLATE \"C\", 0) END",
        names.join(", "),
        digits.join(", ")
    )
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

    /// Adds one row's digest.
    #[inline]
    pub(super) fn add_unsigned(&mut self, row_digest: u64) {
        self.0 += i128::from(row_digest);
    }

    /// The content of rows with this sum.
    pub fn content(self) -> Content {
        Content::of_rows(self.0)
    }

    /// The content of rows with this sum, which was made by this rule.
    pub(crate) fn content_by(self, rule: Rule) -> Content {
        Content { rule, sum: self.0 }
    }

    /// Adds the sum of other rows.
    pub fn merge(&mut self, other: ContentSum) {
        self.0 += other.0;
    }
}

/// Computes rows' hashes.
#[derive(Debug, Clone)]
pub struct RowHasher {
    /// Whether each column is a number.
    numbers: Vec<bool>,
}

impl RowHasher {
    /// A hasher of rows with these columns.
    pub fn new(columns: &[Column]) -> Self {
        Self { numbers: columns.iter().map(|column| column.codec().is_number()).collect() }
    }

    /// The hash of one row, equal to the server's [`sql_expression`].
    #[inline]
    pub fn hash(&self, row: &impl Fields) -> i64 {
        match self.numbers.len() {
            0 => 0,
            1..=GROUP => self.group(row, 0) as i64,
            _ => self.groups(row),
        }
    }

    /// The hash of the columns from `first` to the end of their group.
    #[inline]
    fn group(&self, row: &impl Fields, first: usize) -> u64 {
        let last = self.numbers.len().min(first + GROUP);
        let nulls = row.may_have_nulls();
        let mut seed = if nulls { hash_of_nulls(row, first..last) } else { 0 };
        for i in (first..last).rev() {
            let null = nulls && row.is_null(i);
            seed = if self.numbers[i] {
                let number = if null { 0 } else { row.int(i) };
                hash_int8(number, number as u64 ^ seed)
            } else {
                hash_bytes(if null { b"" } else { row.field(i).as_bytes() }, seed)
            };
        }
        seed
    }

    #[cold]
    fn groups(&self, row: &impl Fields) -> i64 {
        let groups = (0..self.numbers.len()).step_by(GROUP);
        let hashes: Vec<String> = groups.map(|first| (self.group(row, first) as i64).to_string()).collect();
        hash_bytes(hashes.join(",").as_bytes(), 0) as i64
    }
}

#[inline]
fn hash_of_nulls(row: &impl Fields, columns: std::ops::Range<usize>) -> u64 {
    if !columns.clone().any(|i| row.is_null(i)) {
        return 0;
    }
    let digits: Vec<u8> = columns.map(|i| if row.is_null(i) { b'1' } else { b'0' }).collect();
    hash_bytes(&digits, 0)
}

/// The hash of one vote (username, link, score), for the generator, which has its parts at hand.
#[inline]
pub(super) fn hash_vote(username: &[u8], link: &[u8], score: i32) -> i64 {
    let score = i64::from(score);
    hash_bytes(username, hash_bytes(link, hash_int8(score, score as u64))) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::columns::votes;
    use crate::dataset::rows::RowReader;
    use crate::dataset::summing::of_keys;
    use crate::value::SqlType;

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
        assert_eq!(sum(&votes(), rows), "10942711098001090116");
        let reversed = "żółw,\\.x,2147483647\n\"\",\"a,\"\"b\n\",0\nbob,t3_2,-1\nada,t3_1,1\n";
        assert_eq!(sum(&votes(), reversed), sum(&votes(), rows), "order does not matter");
        assert_ne!(sum(&votes(), &rows.replace("ada,t3_1", "bob,t3_1")), sum(&votes(), rows));
    }

    #[test]
    fn integers_count_whole_wherever_they_stand() {
        let columns = [
            Column::new("a", SqlType::int8()),
            Column::new("b", SqlType::int4()),
            Column::new("c", SqlType::text()),
        ];
        assert_eq!(
            sum(&columns, "1,2,x\n4294967296,-2,y\n-9223372036854775808,0,\"\"\n"),
            "11179468259757176424"
        );
        assert_ne!(sum(&columns, "1,2,x\n"), sum(&columns, "4294967296,2,x\n"));
        assert!(!sum(&columns[..2], "1,2\n").eq(&sum(&columns[..2], "2,1\n")));
    }

    #[test]
    fn a_lone_integer_is_hashed_as_any_other() {
        let key = [Column::new("key", SqlType::int4())];
        assert_ne!(sum(&key, "1\n3\n"), sum(&key, "2\n2\n"));
        // Read from PostgreSQL 15: hashint8extended(1, 1) + hashint8extended(-1, -1).
        assert_eq!(sum(&key, "1\n-1\n"), (-7620678293940249823_i128 + 6481520839006961279).to_string());
        let of_keys = |rows| of_keys(Rule::RowHashes2, rows).content().to_string();
        assert_eq!(of_keys(3), sum(&key, "3\n1\n2\n"));
        assert_eq!(of_keys(0), "0");
    }

    /// Sums of records and of datasets stay valid.
    #[test]
    fn the_sum_of_votes_is_documented_and_stays() {
        assert_eq!(
            sql_expression(&votes()),
            "hashtextextended(coalesce(\"username\", '') COLLATE \"C\", \
             hashtextextended(coalesce(\"link\", '') COLLATE \"C\", \
             hashint8extended(coalesce(\"score\", 0)::int8, coalesce(\"score\", 0)::int8 # \
             CASE WHEN num_nulls(\"username\", \"link\", \"score\") = 0 THEN 0 ELSE hashtextextended(concat(\
             num_nulls(\"username\"), num_nulls(\"link\"), num_nulls(\"score\")) COLLATE \"C\", 0) END)))"
        );
        let hasher = RowHasher::new(&votes());
        let mut reader = RowReader::over("ada,t3_1,-1\n".into(), &votes(), "rows".into());
        let hash = hasher.hash(&reader.next_row().unwrap().unwrap());
        assert_eq!(hash, hash_vote(b"ada", b"t3_1", -1));
    }
}
