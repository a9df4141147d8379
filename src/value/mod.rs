//! Values of PostgreSQL's types as the client knows them: one file a family of types, each with the
//! canonical text of a value and its binary form.
//!
//! The *canonical text* of a value is what the server's output function writes under the settings of
//! [`crate::table::verify::FIXED`]: the rows of a dataset are kept in it, and it is what content sums are made of.
//! The *binary form* is what the type's receive function reads (PostgreSQL manual, COPY, "Binary Format";
//! `src/backend/utils/adt`).
//!
//! Types that the client does not know ([`Codec::Foreign`]) have no form but the text that came: the server
//! alone knows what it means.

mod array;
mod array_text;
mod ascii;
mod boolean;
mod bytea;
mod calendar;
mod character;
mod date;
pub(crate) mod epoch;
mod float;
mod hex;
mod inet;
mod integer;
mod interval;
mod json;
mod jsonb;
mod moment;
mod numeric;
mod refused;
mod sql_type;
mod time;
mod timestamp;
mod uuid;

use std::num::NonZeroU32;

use bytes::BufMut;
use postgres::types::Type;

pub use numeric::Precision;
pub use refused::Refused;
pub use sql_type::SqlType;

use inet::Kind;
use timestamp::Zone;

/// What the client does with the values of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// One value.
    Scalar(Scalar),
    /// An array of values, of any number of dimensions.
    Array(Scalar),
    /// Values of a type that only the server knows: passed on as the text they came as.
    Foreign,
}

/// A type of single values that the client knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scalar {
    /// `smallint`.
    Int2,
    /// `integer`.
    Int4,
    /// `bigint`.
    Int8,
    /// `oid`.
    Oid,
    /// `boolean`.
    Bool,
    /// `numeric`, with its precision where it has one.
    Numeric(Option<Precision>),
    /// `real`.
    Float4,
    /// `double precision`.
    Float8,
    /// `date`.
    Date,
    /// `time without time zone`, with so many digits of a second.
    Time(u8),
    /// `time with time zone`, with so many digits of a second.
    TimeTz(u8),
    /// `timestamp without time zone`, with so many digits of a second.
    Timestamp(u8),
    /// `timestamp with time zone`, with so many digits of a second. A time without a zone is UTC's.
    TimestampTz(u8),
    /// `interval`, with so many digits of a second.
    Interval(u8),
    /// `uuid`.
    Uuid,
    /// `text`.
    Text,
    /// `character varying`, of so many characters at most.
    Varchar(Option<NonZeroU32>),
    /// `character`, of so many characters; `bpchar` where none are given.
    Char(Option<NonZeroU32>),
    /// `name`.
    Name,
    /// `"char"`, one byte.
    Byte,
    /// `json`.
    Json,
    /// `jsonb`.
    Jsonb,
    /// `bytea`.
    Bytea,
    /// `inet`.
    Inet,
    /// `cidr`.
    Cidr,
    /// An enum, with its number on the server where that is known. Its labels are not: any text is passed on.
    Enum(Option<NonZeroU32>),
}

impl Codec {
    /// Whether the value is a whole number, or `boolean` as 0 or 1: held, bound and summed as one.
    pub fn is_number(self) -> bool {
        matches!(self, Codec::Scalar(Scalar::Int2 | Scalar::Int4 | Scalar::Int8 | Scalar::Bool))
    }

    /// Whether the value is its own text in every form: nothing to convert, nothing to refuse but a NUL.
    pub fn is_text(self) -> bool {
        matches!(self, Codec::Scalar(scalar) if scalar.is_text())
    }

    /// Whether the value is a document of JSON.
    pub fn is_json(self) -> bool {
        matches!(self, Codec::Scalar(Scalar::Json | Scalar::Jsonb))
    }

    /// Whether the client can make the binary form.
    pub fn has_binary(self) -> bool {
        match self {
            Codec::Scalar(_) => true,
            Codec::Array(element) => element.oid().is_some(),
            Codec::Foreign => false,
        }
    }

    /// The number that a field of a type [of numbers](Codec::is_number) spells.
    ///
    /// # Errors
    /// When it spells none, or none of this type's.
    #[inline]
    pub fn number(self, text: &str) -> Result<i64, Refused> {
        match self {
            Codec::Scalar(Scalar::Bool) => boolean::number(text),
            Codec::Scalar(Scalar::Int2) => integer::number(text, i16::MIN.into(), i16::MAX.into()),
            Codec::Scalar(Scalar::Int4) => integer::number(text, i32::MIN.into(), i32::MAX.into()),
            _ => integer::number(text, i64::MIN, i64::MAX),
        }
    }

    /// Adds the canonical text of the value that `text` spells. When it is refused, a part may have been added.
    ///
    /// # Errors
    /// When it spells no value of the type, or the client cannot tell.
    pub fn push_canonical(self, text: &str, out: &mut String) -> Result<(), Refused> {
        match self {
            Codec::Scalar(scalar) => scalar.push_canonical(text, out),
            Codec::Array(element) if element.is_text() && array_text::is_canonical_of_texts(text) => {
                out.push_str(text);
                Ok(())
            }
            Codec::Array(element) => {
                array::push_canonical(text, out, |text, out| element.push_canonical(text, out))
            }
            Codec::Foreign => character::push_text(text, out),
        }
    }

    /// Adds the binary form of a value, given by its canonical text, without the length that goes before it.
    /// When it is refused, a part may have been added.
    ///
    /// # Errors
    /// When the text is no canonical one of the type, or the type has no binary form here.
    pub fn put_binary(self, canonical: &str, out: &mut impl BufMut) -> Result<(), Refused> {
        let unread = || Refused::unread("is of a type whose binary form only the server knows");
        match self {
            Codec::Scalar(scalar) => scalar.put_binary(canonical, out),
            Codec::Array(element) => {
                let oid = element.oid().ok_or_else(unread)?;
                array::put_binary(canonical, oid, out, |text, out| element.put_binary(text, out))
            }
            Codec::Foreign => Err(unread()),
        }
    }

    /// The type that a parameter of a statement has which takes such a value; `None` where only the server
    /// can tell.
    pub fn bind_type(self) -> Option<Type> {
        match self {
            Codec::Scalar(scalar) => scalar.bind_types().map(|(one, _)| one),
            Codec::Array(element) => element.bind_types().map(|(_, array)| array),
            Codec::Foreign => None,
        }
    }
}

impl Scalar {
    fn is_text(self) -> bool {
        matches!(self, Scalar::Text | Scalar::Varchar(None))
    }

    fn push_canonical(self, text: &str, out: &mut String) -> Result<(), Refused> {
        match self {
            Scalar::Int2 => integer::push_canonical(text, i16::MIN.into(), i16::MAX.into(), out),
            Scalar::Int4 => integer::push_canonical(text, i32::MIN.into(), i32::MAX.into(), out),
            Scalar::Int8 => integer::push_canonical(text, i64::MIN, i64::MAX, out),
            Scalar::Oid => {
                integer::push(integer::oid(text)?, out);
                Ok(())
            }
            Scalar::Bool => {
                out.push_str(boolean::canonical(text)?);
                Ok(())
            }
            Scalar::Numeric(precision) => numeric::push_canonical(text, precision, out),
            Scalar::Float4 => float::push_canonical::<f32>(text, out),
            Scalar::Float8 => float::push_canonical::<f64>(text, out),
            Scalar::Date => date::push_canonical(text, out),
            Scalar::Time(precision) => time::push_canonical(text, precision, out),
            Scalar::TimeTz(precision) => time::push_zoned(text, precision, out),
            Scalar::Timestamp(precision) => timestamp::push_canonical(text, precision, Zone::Ignored, out),
            Scalar::TimestampTz(precision) => timestamp::push_canonical(text, precision, Zone::Kept, out),
            Scalar::Interval(precision) => interval::push_canonical(text, precision, out),
            Scalar::Uuid => uuid::push_canonical(text, out),
            Scalar::Varchar(Some(most)) => character::push_varying(text, most.get(), out),
            Scalar::Char(Some(length)) => character::push_padded(text, length.get(), out),
            Scalar::Text | Scalar::Varchar(None) | Scalar::Char(None) | Scalar::Enum(_) => {
                character::push_text(text, out)
            }
            Scalar::Name => character::push_name(text, out),
            Scalar::Byte => character::push_byte(text, out),
            Scalar::Json => json::push_canonical(text, out),
            Scalar::Jsonb => jsonb::push_canonical(text, out),
            Scalar::Bytea => bytea::push_canonical(text, out),
            Scalar::Inet => inet::push_canonical(text, Kind::Inet, out),
            Scalar::Cidr => inet::push_canonical(text, Kind::Cidr, out),
        }
    }

    fn put_binary(self, canonical: &str, out: &mut impl BufMut) -> Result<(), Refused> {
        let number = || Codec::Scalar(self).number(canonical);
        match self {
            Scalar::Int2 => out.put_i16(number()? as i16),
            Scalar::Int4 => out.put_i32(number()? as i32),
            Scalar::Int8 => out.put_i64(number()?),
            Scalar::Oid => out.put_u32(integer::oid(canonical)? as u32),
            Scalar::Bool => out.put_u8(number()? as u8),
            Scalar::Numeric(_) => return numeric::put_binary(canonical, out),
            Scalar::Float4 => return float::put_binary::<f32>(canonical, out),
            Scalar::Float8 => return float::put_binary::<f64>(canonical, out),
            Scalar::Date => return date::put_binary(canonical, out),
            Scalar::Time(_) => return time::put_binary(canonical, out),
            Scalar::TimeTz(_) => return time::put_zoned_binary(canonical, out),
            Scalar::Timestamp(_) => return timestamp::put_binary(canonical, Zone::Ignored, out),
            Scalar::TimestampTz(_) => return timestamp::put_binary(canonical, Zone::Kept, out),
            Scalar::Interval(_) => return interval::put_binary(canonical, out),
            Scalar::Uuid => return uuid::put_binary(canonical, out),
            Scalar::Byte => out.put_u8(canonical.bytes().next().unwrap_or(0)),
            Scalar::Text
            | Scalar::Varchar(_)
            | Scalar::Char(_)
            | Scalar::Name
            | Scalar::Json
            | Scalar::Enum(_) => out.put_slice(canonical.as_bytes()),
            Scalar::Jsonb => jsonb::put_binary(canonical, out),
            Scalar::Bytea => return bytea::put_binary(canonical, out),
            Scalar::Inet => return inet::put_binary(canonical, Kind::Inet, out),
            Scalar::Cidr => return inet::put_binary(canonical, Kind::Cidr, out),
        }
        Ok(())
    }

    /// The number of the type on a server.
    fn oid(self) -> Option<u32> {
        match self {
            Scalar::Enum(oid) => oid.map(NonZeroU32::get),
            _ => self.bind_types().map(|(one, _)| one.oid()),
        }
    }

    /// The type and that of its arrays.
    fn bind_types(self) -> Option<(Type, Type)> {
        Some(match self {
            Scalar::Int2 => (Type::INT2, Type::INT2_ARRAY),
            Scalar::Int4 => (Type::INT4, Type::INT4_ARRAY),
            Scalar::Int8 => (Type::INT8, Type::INT8_ARRAY),
            Scalar::Oid => (Type::OID, Type::OID_ARRAY),
            Scalar::Bool => (Type::BOOL, Type::BOOL_ARRAY),
            Scalar::Numeric(_) => (Type::NUMERIC, Type::NUMERIC_ARRAY),
            Scalar::Float4 => (Type::FLOAT4, Type::FLOAT4_ARRAY),
            Scalar::Float8 => (Type::FLOAT8, Type::FLOAT8_ARRAY),
            Scalar::Date => (Type::DATE, Type::DATE_ARRAY),
            Scalar::Time(_) => (Type::TIME, Type::TIME_ARRAY),
            Scalar::TimeTz(_) => (Type::TIMETZ, Type::TIMETZ_ARRAY),
            Scalar::Timestamp(_) => (Type::TIMESTAMP, Type::TIMESTAMP_ARRAY),
            Scalar::TimestampTz(_) => (Type::TIMESTAMPTZ, Type::TIMESTAMPTZ_ARRAY),
            Scalar::Interval(_) => (Type::INTERVAL, Type::INTERVAL_ARRAY),
            Scalar::Uuid => (Type::UUID, Type::UUID_ARRAY),
            Scalar::Text => (Type::TEXT, Type::TEXT_ARRAY),
            Scalar::Varchar(_) => (Type::VARCHAR, Type::VARCHAR_ARRAY),
            Scalar::Char(_) => (Type::BPCHAR, Type::BPCHAR_ARRAY),
            Scalar::Name => (Type::NAME, Type::NAME_ARRAY),
            Scalar::Byte => (Type::CHAR, Type::CHAR_ARRAY),
            Scalar::Json => (Type::JSON, Type::JSON_ARRAY),
            Scalar::Jsonb => (Type::JSONB, Type::JSONB_ARRAY),
            Scalar::Bytea => (Type::BYTEA, Type::BYTEA_ARRAY),
            Scalar::Inet => (Type::INET, Type::INET_ARRAY),
            Scalar::Cidr => (Type::CIDR, Type::CIDR_ARRAY),
            Scalar::Enum(_) => return None,
        })
    }
}
