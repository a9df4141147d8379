//! The rows that a run loads, and their files.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// An encoding of a dataset, one file in its cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// COPY ... (FORMAT csv), no header.
    Csv,
    /// COPY ... (FORMAT text).
    Text,
    /// COPY ... (FORMAT binary).
    Binary,
}

impl Encoding {
    /// All of them, in the order they are listed.
    pub const ALL: [Encoding; 3] = [Encoding::Csv, Encoding::Text, Encoding::Binary];

    /// Its name in files, flags and SQL.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Csv => "csv",
            Encoding::Text => "text",
            Encoding::Binary => "binary",
        }
    }
}

/// What makes two datasets the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetFacts {
    /// `generated`, `imported`, `downloaded` or `numbered`.
    pub origin: String,
    /// Rows.
    pub rows: u64,
    /// The generator's seed; `None` for one that was not generated.
    pub seed: Option<u64>,
    /// The order-free sum of its rows' hashes, in decimal; see `dataset::checksum`.
    pub content: String,
    /// Size and SHA-256 of the encodings that the run used.
    pub files: BTreeMap<Encoding, FileFacts>,
}

/// One file of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileFacts {
    /// Its size in bytes.
    pub bytes: u64,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
}
