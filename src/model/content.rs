//! The content of rows as one number.

use std::fmt;

use super::word::words;

words! {
    /// The rule by which the number is made from rows.
    pub enum Rule {
        /// The sum of the rows' hashes, whatever their order: of texts and integers, the last of several columns
        /// not hashed where it is an integer. The rule of records before columns of any type.
        RowHashes = "row-hashes",
        /// The sum of the rows' hashes, whatever their order, every column hashed (`dataset::checksum`).
        RowHashes2 = "row-hashes-2",
        /// The same, as the server itself makes it of the rows: it alone knows what the values of some column
        /// mean. A weaker proof: what the server reads wrongly it reads wrongly twice.
        ServersOwn = "servers-own",
        /// The sum of the first half of each row's md5, whatever their order (`dataset::row_md5`): where the server
        /// lacks the hashes of the other rules.
        RowMd5 = "row-md5",
        /// The same, as the server itself makes it of the rows, likewise the weaker proof.
        ServersOwnMd5 = "servers-own-md5",
    }
}

/// The content of rows: equal for the same rows in any order, and for no others that are met in practice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    /// The rule by which the number was made.
    pub rule: Rule,
    /// The number.
    pub sum: i128,
}

impl Content {
    /// The content of rows with this sum of hashes, by the rule of earlier records.
    pub fn of_hashes(sum: i128) -> Self {
        Self { rule: Rule::RowHashes, sum }
    }

    /// The content of rows with this sum of hashes.
    pub fn of_rows(sum: i128) -> Self {
        Self { rule: Rule::RowHashes2, sum }
    }

    /// The content that the server alone makes of the rows.
    #[must_use]
    pub fn of_server(self) -> Self {
        let rule = match self.rule {
            Rule::RowMd5 | Rule::ServersOwnMd5 => Rule::ServersOwnMd5,
            Rule::RowHashes | Rule::RowHashes2 | Rule::ServersOwn => Rule::ServersOwn,
        };
        Self { rule, ..self }
    }

    /// The content of the same rows, each held this many times.
    #[must_use]
    pub fn times(self, times: u64) -> Self {
        Self { sum: self.sum * i128::from(times), ..self }
    }
}

/// The number alone, in decimal.
impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sum.fmt(f)
    }
}
