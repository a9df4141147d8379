//! The columns of a dataset: names and types, as values.

use serde::{Deserialize, Serialize};

use crate::value::{Codec, SqlType};

/// How a column's values are spelled in a dataset's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Spelling {
    /// Each value by its canonical text ([`crate::value`]).
    #[default]
    Canonical,
    /// Each value by the text that it came as, since only the server knows what it means.
    AsItCame,
}

impl Spelling {
    // serde gives a reference.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this signature")]
    fn is_canonical(&self) -> bool {
        *self == Self::Canonical
    }
}

/// A column of a dataset, in the order of its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name, in SQL and in messages.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: SqlType,
    /// Whether its fields may be NULL.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nullable: bool,
    /// How its values are spelled.
    #[serde(default, skip_serializing_if = "Spelling::is_canonical")]
    pub spelled: Spelling,
    /// The labels of an enum; none where they are not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
}

impl Column {
    /// A column of this name and type whose fields are never NULL.
    pub fn new(name: &str, kind: SqlType) -> Self {
        Self { name: name.into(), kind, nullable: false, spelled: Spelling::Canonical, labels: Vec::new() }
    }

    /// The column with fields that may be NULL.
    #[must_use]
    pub fn nullable(self) -> Self {
        Self { nullable: true, ..self }
    }

    /// The column with values that are each one of these labels.
    #[must_use]
    pub fn labelled(self, labels: &[String]) -> Self {
        Self { labels: labels.to_vec(), ..self }
    }

    /// The column with values as they came.
    #[must_use]
    pub fn as_it_came(self) -> Self {
        Self { spelled: Spelling::AsItCame, ..self }
    }

    /// Whether its values are spelled by their canonical texts. The content of any other column is known to the
    /// server alone: whatever its text is in the dataset, the server may write it otherwise.
    pub fn is_canonical(&self) -> bool {
        self.spelled.is_canonical()
    }

    /// Whether the client knows its content: the texts that the server will write of it.
    pub fn is_known(&self) -> bool {
        self.codec() != Codec::Foreign
    }

    /// What the client does with its values.
    #[inline]
    pub fn codec(&self) -> Codec {
        match self.spelled {
            Spelling::Canonical => self.kind.codec(),
            Spelling::AsItCame => Codec::Foreign,
        }
    }
}

/// The columns of the votes: who voted, on what, up or down.
pub fn votes() -> Vec<Column> {
    vec![
        Column::new("username", SqlType::text()),
        Column::new("link", SqlType::text()),
        Column::new("score", SqlType::int4()),
    ]
}
