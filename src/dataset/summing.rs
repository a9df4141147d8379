//! Content sums by the rule that a server has the functions for: the query for it, and the client's part.

use super::checksum::{self, ContentSum, RowHasher};
use super::columns::Column;
use super::lookup3::hash_int8;
use super::row_md5::{self, RowMd5};
use super::rows::Fields;
use crate::model::Rule;
use crate::sql::quote;

/// Whether a rule sums md5 up.
fn is_md5(rule: Rule) -> bool {
    match rule {
        Rule::RowMd5 | Rule::ServersOwnMd5 => true,
        Rule::RowHashes | Rule::RowHashes2 | Rule::ServersOwn => false,
    }
}

/// A query for one row on a table of this (quoted) name: how many rows there are, and their content sum as a text;
/// with a `key`, a column of whole numbers, also that column's content sum as a text, its least and its greatest.
///
/// One pass for all: PostgreSQL reads a large table with parallel workers, so this costs a fraction of the load.
pub fn query(rule: Rule, columns: &[Column], key: Option<&Column>, table: &str) -> String {
    let ends = |name: &str| format!("min({name})::int8, max({name})::int8");
    if !is_md5(rule) {
        let sum =
            |columns: &[Column]| format!("coalesce(sum({}), 0)::text", checksum::sql_expression(columns));
        let key = key.map_or(String::new(), |key| {
            format!(", {}, {}", sum(std::slice::from_ref(key)), ends(&quote(&key.name)))
        });
        return format!("SELECT count(*), {}{key} FROM {table}", sum(columns));
    }
    let (of_key, key) = key.map_or_else(Default::default, |key| {
        let digest = row_md5::sql_expression(std::slice::from_ref(key));
        let selected = format!(", {digest} AS k, {} AS n", quote(&key.name));
        (format!(", {}, {}", row_md5::sql_of_sum("k"), ends("n")), selected)
    });
    // OFFSET keeps the two apart: each digest is computed once, and not for each of its digits.
    format!(
        "SELECT count(*), {}{of_key} FROM (SELECT {} AS h{key} FROM {table} OFFSET 0) AS digests",
        row_md5::sql_of_sum("h"),
        row_md5::sql_expression(columns)
    )
}

/// An expression of a row with these columns that tells its content apart from that of others, for the rule that the
/// server has the functions for.
pub(crate) fn row_expression(rule: Rule, columns: &[Column]) -> String {
    if is_md5(rule) { row_md5::sql_expression(columns) } else { checksum::sql_expression(columns) }
}

/// Sums rows up by a rule.
#[derive(Debug, Clone)]
pub struct Summer(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Hashes(RowHasher),
    Md5(RowMd5),
}

impl Summer {
    /// For rows with these columns.
    pub fn new(rule: Rule, columns: &[Column]) -> Self {
        Self(match is_md5(rule) {
            false => Kind::Hashes(RowHasher::new(columns)),
            true => Kind::Md5(RowMd5::new(columns)),
        })
    }

    /// Adds a row.
    #[inline]
    pub fn add(&self, row: &impl Fields, sum: &mut ContentSum) {
        match &self.0 {
            Kind::Hashes(hasher) => sum.add(hasher.hash(row)),
            Kind::Md5(digests) => sum.add_unsigned(digests.hash(row)),
        }
    }
}

/// The content sum of the keys 1 to `rows` by a rule, as of a table with that column alone.
pub fn of_keys(rule: Rule, rows: u64) -> ContentSum {
    let mut sum = ContentSum::default();
    for key in 1..=rows {
        match is_md5(rule) {
            false => sum.add(hash_int8(key as i64, key) as i64),
            true => sum.add_unsigned(row_md5::of_number(key as i64)),
        }
    }
    sum
}
