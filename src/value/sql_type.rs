//! A column's type by the name that PostgreSQL gives it.

use serde::{Deserialize, Serialize};

use super::{Codec, Scalar};

/// A type, with its modifiers: `numeric(12,2)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct SqlType {
    name: String,
    codec: Codec,
}

impl SqlType {
    /// The type that `format_type` writes so: of PostgreSQL's own ones by what they are, of any other one as
    /// [`Codec::Foreign`].
    pub fn named(name: &str) -> Self {
        Self { name: name.into(), codec: codec_of(name) }
    }

    /// `text`.
    pub fn text() -> Self {
        Self::named("text")
    }

    /// `integer`.
    pub fn int4() -> Self {
        Self::named("integer")
    }

    /// `bigint`.
    pub fn int8() -> Self {
        Self::named("bigint")
    }

    /// Its name in SQL.
    pub fn sql(&self) -> &str {
        &self.name
    }

    /// What the client does with its values.
    #[inline]
    pub fn codec(&self) -> Codec {
        self.codec
    }
}

impl From<String> for SqlType {
    fn from(name: String) -> Self {
        Self::named(&name)
    }
}

impl From<SqlType> for String {
    fn from(sql_type: SqlType) -> Self {
        sql_type.name
    }
}

fn codec_of(name: &str) -> Codec {
    match name {
        "smallint" => Codec::Scalar(Scalar::Int2),
        "integer" => Codec::Scalar(Scalar::Int4),
        "bigint" => Codec::Scalar(Scalar::Int8),
        "boolean" => Codec::Scalar(Scalar::Bool),
        "text" | "character varying" => Codec::Scalar(Scalar::Text),
        _ => Codec::Foreign,
    }
}
