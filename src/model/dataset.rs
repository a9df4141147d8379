//! The rows that a run loads, and their files.

use std::collections::BTreeMap;

use super::content::Content;
use super::word::words;

words! {
    /// An encoding of a dataset, one file in its cache.
    pub enum Encoding {
        /// COPY ... (FORMAT csv), no header.
        Csv = "csv",
        /// COPY ... (FORMAT text).
        Text = "text",
        /// COPY ... (FORMAT binary).
        Binary = "binary",
    }
}

/// A dataset: two for which all this is equal hold the same rows in the same files.
#[derive(Debug, Clone, PartialEq)]
pub struct DatasetFacts {
    /// `generated`, `imported`, `downloaded` or `numbered`.
    pub origin: String,
    /// Rows.
    pub rows: u64,
    /// The generator's seed; `None` for one that was not generated.
    pub seed: Option<u64>,
    /// The content sum of its rows.
    pub content: Content,
    /// Columns whose content only the server knows.
    pub unknown: Vec<String>,
    /// Size and SHA-256 of the encodings that the run used.
    pub files: BTreeMap<Encoding, FileFacts>,
}

impl DatasetFacts {
    /// Whether this has the rows of the other: by the contents, or, where these were made by different rules, by
    /// the csv files.
    pub fn has_rows_of(&self, other: &DatasetFacts) -> bool {
        if self.content.rule == other.content.rule {
            return self.content == other.content;
        }
        let csv = |facts: &DatasetFacts| facts.files.get(&Encoding::Csv).cloned();
        csv(self).is_some_and(|mine| csv(other) == Some(mine))
    }
}

impl DatasetFacts {
    /// Bytes of a row as csv, on average; `None` where the run did not use the csv.
    pub(crate) fn csv_bytes_per_row(&self) -> Option<f64> {
        let csv = self.files.get(&Encoding::Csv)?;
        (self.rows > 0).then(|| csv.bytes as f64 / self.rows as f64)
    }
}

/// One file of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacts {
    /// Its size in bytes.
    pub bytes: u64,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
}
