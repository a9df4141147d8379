//! A column's type by the name that PostgreSQL gives it.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::numeric::Precision;
use super::{Codec, Scalar};

/// A type, with its modifiers: `numeric(12,2)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct SqlType {
    name: String,
    codec: Codec,
    /// Of a domain the type that it is over, as files write it.
    base: Option<String>,
}

impl SqlType {
    /// The type that `format_type` writes so: of PostgreSQL's own ones by what they are, of any other one as
    /// [`Codec::Foreign`].
    pub fn named(name: &str) -> Self {
        let codec = match name.strip_suffix("[]") {
            Some(element) => scalar(element).map(Codec::Array),
            None => scalar(name).map(Codec::Scalar),
        };
        Self { name: name.into(), codec: codec.unwrap_or(Codec::Foreign), base: None }
    }

    /// The enum that `format_type` writes so; `oid` is its number on the server, without which arrays of it
    /// have no binary form.
    pub fn enumerated(name: &str, oid: Option<NonZeroU32>) -> Self {
        Self { name: name.into(), codec: Codec::Scalar(Scalar::Enum(oid)), base: None }
    }

    /// The array that `format_type` writes so, of an enum of this number on the server.
    pub fn enumerated_array(name: &str, element_oid: Option<NonZeroU32>) -> Self {
        Self { name: name.into(), codec: Codec::Array(Scalar::Enum(element_oid)), base: None }
    }

    /// The domain of this name over a type: its values are that type's in all forms; which of them it takes only
    /// the server knows.
    pub fn domain(name: &str, base: &SqlType) -> Self {
        Self { name: name.into(), codec: base.codec, base: Some(base.clone().into()) }
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

    /// Of a domain the type that it is over at last, in SQL; of one over an enum nothing of use.
    pub(crate) fn below(&self) -> Option<&str> {
        self.base.as_deref()
    }

    /// What the client does with its values.
    #[inline]
    pub fn codec(&self) -> Codec {
        self.codec
    }
}

/// What files write before the name of an enum, which no type's name begins with: one of two words is quoted.
const ENUM: &str = "enum ";

/// What they write before a domain: the type that it is over, and behind a NUL, which no name has, its name.
const DOMAIN: &str = "domain ";

impl From<String> for SqlType {
    fn from(name: String) -> Self {
        if let Some((base, domain)) = name.strip_prefix(DOMAIN).and_then(|rest| rest.split_once('\0')) {
            return Self::domain(domain, &Self::from(base.to_owned()));
        }
        match name.strip_prefix(ENUM) {
            Some(name) => Self::enumerated(name, None),
            None => Self::named(&name),
        }
    }
}

/// Of an enum without its number, which another server has not.
impl From<SqlType> for String {
    fn from(sql_type: SqlType) -> Self {
        if let Some(base) = sql_type.base {
            return format!("{DOMAIN}{base}\0{}", sql_type.name);
        }
        match sql_type.codec {
            Codec::Scalar(Scalar::Enum(_)) => format!("{ENUM}{}", sql_type.name),
            Codec::Scalar(_) | Codec::Array(_) | Codec::Foreign => sql_type.name,
        }
    }
}

/// Digits of a second where a type's name gives none.
const MICROSECONDS: u8 = 6;

fn scalar(name: &str) -> Option<Scalar> {
    let (words, modifiers) = split(name)?;
    let plain = |scalar: Scalar| modifiers.is_empty().then_some(scalar);
    let length = || match modifiers {
        "" => Some(None),
        length => length.parse().ok().map(Some),
    };
    let precision = || match modifiers {
        "" => Some(MICROSECONDS),
        digits => digits.parse().ok().filter(|digits| *digits <= MICROSECONDS),
    };
    match words.as_str() {
        "smallint" => plain(Scalar::Int2),
        "integer" => plain(Scalar::Int4),
        "bigint" => plain(Scalar::Int8),
        "oid" => plain(Scalar::Oid),
        "boolean" => plain(Scalar::Bool),
        "numeric" => numeric(modifiers).map(Scalar::Numeric),
        "real" => plain(Scalar::Float4),
        "double precision" => plain(Scalar::Float8),
        "date" => plain(Scalar::Date),
        "time without time zone" => precision().map(Scalar::Time),
        "time with time zone" => precision().map(Scalar::TimeTz),
        "timestamp without time zone" => precision().map(Scalar::Timestamp),
        "timestamp with time zone" => precision().map(Scalar::TimestampTz),
        "interval" => precision().map(Scalar::Interval),
        "uuid" => plain(Scalar::Uuid),
        "text" => plain(Scalar::Text),
        "character varying" => length().map(Scalar::Varchar),
        "character" => length()?.map(|length| Scalar::Char(Some(length))),
        "bpchar" => plain(Scalar::Char(None)),
        "name" => plain(Scalar::Name),
        "\"char\"" => plain(Scalar::Byte),
        "json" => plain(Scalar::Json),
        "jsonb" => plain(Scalar::Jsonb),
        "bytea" => plain(Scalar::Bytea),
        "inet" => plain(Scalar::Inet),
        "cidr" => plain(Scalar::Cidr),
        _ => None,
    }
}

/// The words of a name, and the modifiers among them: of `time(3) without time zone` `3`.
fn split(name: &str) -> Option<(String, &str)> {
    let Some((before, rest)) = name.split_once('(') else { return Some((name.into(), "")) };
    let (modifiers, after) = rest.split_once(')')?;
    (!modifiers.is_empty()).then(|| (format!("{before}{after}"), modifiers))
}

fn numeric(modifiers: &str) -> Option<Option<Precision>> {
    if modifiers.is_empty() {
        return Some(None);
    }
    let (digits, scale) = modifiers.split_once(',')?;
    Some(Some(Precision { digits: digits.parse().ok()?, scale: scale.parse().ok()? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enums_and_domains_are_ones_again_when_they_are_read() {
        for kind in [
            SqlType::enumerated("\"my mood\"", None),
            SqlType::named("numeric(12,2)"),
            SqlType::named("enum"),
            SqlType::domain("\"per cent\"", &SqlType::named("numeric(5,2)")),
            SqlType::domain("moods", &SqlType::enumerated("\"my mood\"", None)),
        ] {
            assert_eq!(SqlType::from(String::from(kind.clone())), kind);
        }
        let numbered = SqlType::enumerated("mood", NonZeroU32::new(16_400));
        assert_eq!(SqlType::from(String::from(numbered)), SqlType::enumerated("mood", None));
    }

    #[test]
    fn names_are_read_with_their_modifiers() {
        let precision = |digits, scale| Scalar::Numeric(Some(Precision { digits, scale }));
        for (name, expected) in [
            ("numeric", Scalar::Numeric(None)),
            ("numeric(12,2)", precision(12, 2)),
            ("numeric(2,-3)", precision(2, -3)),
            ("time(3) without time zone", Scalar::Time(3)),
            ("timestamp with time zone", Scalar::TimestampTz(6)),
            ("timestamp(0) without time zone", Scalar::Timestamp(0)),
            ("interval(2)", Scalar::Interval(2)),
            ("character varying", Scalar::Varchar(None)),
            ("character varying(20)", Scalar::Varchar(NonZeroU32::new(20))),
            ("character(1)", Scalar::Char(NonZeroU32::new(1))),
            ("\"char\"", Scalar::Byte),
        ] {
            assert_eq!(SqlType::named(name).codec(), Codec::Scalar(expected), "{name}");
            assert_eq!(SqlType::named(&format!("{name}[]")).codec(), Codec::Array(expected), "{name}[]");
        }
    }

    #[test]
    fn what_is_not_known_is_foreign() {
        for name in [
            "",
            "interval day to second(3)",
            "numeric(12)",
            "money",
            "public.text",
            "text(3)",
            "integer[][]",
            "bit(3)",
            "timestamp(7) with time zone",
            "character varying()",
            "numeric(12,2",
            "point",
            "int4range",
        ] {
            assert_eq!(SqlType::named(name).codec(), Codec::Foreign, "{name}");
        }
    }

    #[test]
    fn arrays_of_enums_need_the_number_of_the_enum() {
        let oid = NonZeroU32::new(16_384);
        assert!(SqlType::enumerated("mood", None).codec().has_binary());
        assert!(!SqlType::enumerated_array("mood[]", None).codec().has_binary());
        assert!(SqlType::enumerated_array("mood[]", oid).codec().has_binary());
    }
}
