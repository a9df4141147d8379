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

mod boolean;
mod integer;
mod refused;
mod sql_type;

use bytes::BufMut;
use postgres::types::Type;

pub use refused::Refused;
pub use sql_type::SqlType;

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
    /// `boolean`.
    Bool,
    /// `text`, and `character varying` without a length.
    Text,
}

impl Codec {
    /// Whether the value is a whole number, or `boolean` as 0 or 1: held, bound and summed as one.
    pub fn is_number(self) -> bool {
        matches!(self, Codec::Scalar(Scalar::Int2 | Scalar::Int4 | Scalar::Int8 | Scalar::Bool))
    }

    /// Whether the value is its own text in every form: nothing to convert, nothing to refuse but a NUL.
    pub fn is_text(self) -> bool {
        matches!(self, Codec::Scalar(Scalar::Text))
    }

    /// Whether the value is a document of JSON.
    pub fn is_json(self) -> bool {
        false
    }

    /// Whether the client can make the binary form.
    pub fn has_binary(self) -> bool {
        self != Codec::Foreign
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

    /// Adds the canonical text of the value that `text` spells.
    ///
    /// # Errors
    /// When it spells no value of the type, or the client cannot tell.
    pub fn push_canonical(self, text: &str, out: &mut String) -> Result<(), Refused> {
        match self {
            Codec::Scalar(scalar) => scalar.push_canonical(text, out),
            Codec::Array(_) | Codec::Foreign => {
                out.push_str(text);
                Ok(())
            }
        }
    }

    /// Adds the binary form of a value, given by its canonical text, without the length that goes before it.
    ///
    /// # Errors
    /// When the text is no canonical one of the type, or the type has no binary form here.
    pub fn put_binary(self, canonical: &str, out: &mut impl BufMut) -> Result<(), Refused> {
        match self {
            Codec::Scalar(scalar) => scalar.put_binary(canonical, out),
            Codec::Array(_) | Codec::Foreign => {
                Err(Refused::unread("is of a type whose binary form only the server knows"))
            }
        }
    }

    /// The type that a parameter of a statement has which takes such a value; `None` where only the server
    /// can tell.
    pub fn bind_type(self) -> Option<Type> {
        match self {
            Codec::Scalar(scalar) => Some(scalar.bind_type()),
            Codec::Array(_) | Codec::Foreign => None,
        }
    }
}

impl Scalar {
    fn push_canonical(self, text: &str, out: &mut String) -> Result<(), Refused> {
        match self {
            Scalar::Text => out.push_str(text),
            Scalar::Bool => out.push_str(boolean::canonical(text)?),
            Scalar::Int2 | Scalar::Int4 | Scalar::Int8 => {
                integer::push(Codec::Scalar(self).number(text)?, out);
            }
        }
        Ok(())
    }

    fn put_binary(self, canonical: &str, out: &mut impl BufMut) -> Result<(), Refused> {
        let number = || Codec::Scalar(self).number(canonical);
        match self {
            Scalar::Text => out.put_slice(canonical.as_bytes()),
            Scalar::Bool => out.put_u8(number()? as u8),
            Scalar::Int2 => out.put_i16(number()? as i16),
            Scalar::Int4 => out.put_i32(number()? as i32),
            Scalar::Int8 => out.put_i64(number()?),
        }
        Ok(())
    }

    fn bind_type(self) -> Type {
        match self {
            Scalar::Int2 => Type::INT2,
            Scalar::Int4 => Type::INT4,
            Scalar::Int8 => Type::INT8,
            Scalar::Bool => Type::BOOL,
            Scalar::Text => Type::TEXT,
        }
    }
}
