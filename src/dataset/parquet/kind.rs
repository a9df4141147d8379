//! What the values of a column of Parquet are, and which types take them.

use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use parquet::schema::types::ColumnDescriptor;

use crate::value::{Codec, Scalar};

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// True or false.
    Boolean,
    /// Whole numbers, of so many bits.
    Integer {
        /// Bits, the sign among them.
        bits: u8,
        /// Whether there is a sign.
        signed: bool,
    },
    /// Numbers of 16, 32 or 64 bits with a floating point.
    Half,
    /// See `Half`.
    Float,
    /// See `Half`.
    Double,
    /// Numbers of so many decimal digits.
    Decimal {
        /// All digits.
        precision: i32,
        /// Those behind the point.
        scale: i32,
    },
    /// Text.
    Text,
    /// Documents of JSON.
    Json,
    /// Bytes.
    Bytes,
    /// Days.
    Date,
    /// Times of day.
    Time(Unit),
    /// Moments.
    Moment {
        /// What they are counted in.
        unit: Unit,
        /// Whether they are UTC's, and not those of some clock.
        utc: bool,
    },
    /// Moments as old programs have them, of UTC as a rule: nanoseconds and a day.
    OldMoment,
    /// 16 bytes of a UUID.
    Uuid,
    /// Months, days and milliseconds.
    Interval,
}

/// What times are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Milliseconds.
    Millis,
    /// Microseconds.
    Micros,
    /// Nanoseconds.
    Nanos,
}

impl From<&TimeUnit> for Unit {
    fn from(unit: &TimeUnit) -> Self {
        match unit {
            TimeUnit::MILLIS => Unit::Millis,
            TimeUnit::MICROS => Unit::Micros,
            TimeUnit::NANOS => Unit::Nanos,
        }
    }
}

impl Kind {
    /// That of a column; `None` of one that is no type of PostgreSQL's.
    pub(crate) fn of(column: &ColumnDescriptor) -> Option<Self> {
        let by_logical = column.logical_type_ref().and_then(Self::of_logical);
        by_logical.or_else(|| Self::of_converted(column)).or_else(|| {
            Some(match column.physical_type() {
                _ if column.logical_type_ref().is_some_and(is_strange) => return None,
                Physical::BOOLEAN => Kind::Boolean,
                Physical::INT32 => Kind::Integer { bits: 32, signed: true },
                Physical::INT64 => Kind::Integer { bits: 64, signed: true },
                Physical::INT96 => Kind::OldMoment,
                Physical::FLOAT => Kind::Float,
                Physical::DOUBLE => Kind::Double,
                Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY => Kind::Bytes,
            })
        })
    }

    fn of_logical(logical: &LogicalType) -> Option<Self> {
        Some(match logical {
            LogicalType::String | LogicalType::Enum => Kind::Text,
            LogicalType::Json => Kind::Json,
            LogicalType::Date => Kind::Date,
            LogicalType::Uuid => Kind::Uuid,
            LogicalType::Float16 => Kind::Half,
            LogicalType::Decimal(of) => Kind::Decimal { precision: of.precision, scale: of.scale },
            LogicalType::Time(of) => Kind::Time((&of.unit).into()),
            LogicalType::Timestamp(of) => {
                Kind::Moment { unit: (&of.unit).into(), utc: of.is_adjusted_to_u_t_c }
            }
            LogicalType::Integer(of) => {
                Kind::Integer { bits: of.bit_width.unsigned_abs(), signed: of.is_signed }
            }
            _ => return None,
        })
    }

    /// As files have it that were written before logical types.
    fn of_converted(column: &ColumnDescriptor) -> Option<Self> {
        let integer = |bits, signed| Kind::Integer { bits, signed };
        let moment = |unit| Kind::Moment { unit, utc: true };
        Some(match column.converted_type() {
            ConvertedType::UTF8 | ConvertedType::ENUM => Kind::Text,
            ConvertedType::JSON => Kind::Json,
            ConvertedType::DATE => Kind::Date,
            ConvertedType::DECIMAL => {
                Kind::Decimal { precision: column.type_precision(), scale: column.type_scale() }
            }
            ConvertedType::TIME_MILLIS => Kind::Time(Unit::Millis),
            ConvertedType::TIME_MICROS => Kind::Time(Unit::Micros),
            ConvertedType::TIMESTAMP_MILLIS => moment(Unit::Millis),
            ConvertedType::TIMESTAMP_MICROS => moment(Unit::Micros),
            ConvertedType::UINT_8 => integer(8, false),
            ConvertedType::UINT_16 => integer(16, false),
            ConvertedType::UINT_32 => integer(32, false),
            ConvertedType::UINT_64 => integer(64, false),
            ConvertedType::INT_8 => integer(8, true),
            ConvertedType::INT_16 => integer(16, true),
            ConvertedType::INT_32 => integer(32, true),
            ConvertedType::INT_64 => integer(64, true),
            ConvertedType::INTERVAL => Kind::Interval,
            _ => return None,
        })
    }

    /// The type of PostgreSQL's that holds all such values, as `format_type` writes it.
    pub(crate) fn sql(self) -> String {
        match self {
            Kind::Boolean => "boolean",
            Kind::Integer { bits: 0..=8, .. } | Kind::Integer { bits: 9..=16, signed: true } => "smallint",
            Kind::Integer { bits: 9..=16, signed: false } | Kind::Integer { bits: 17..=32, signed: true } => {
                "integer"
            }
            Kind::Integer { bits: 17..=32, signed: false } | Kind::Integer { signed: true, .. } => "bigint",
            Kind::Integer { .. } => "numeric(20,0)",
            Kind::Half | Kind::Float => "real",
            Kind::Double => "double precision",
            Kind::Decimal { precision, scale } => return format!("numeric({precision},{scale})"),
            Kind::Text => "text",
            Kind::Json => "jsonb",
            Kind::Bytes => "bytea",
            Kind::Date => "date",
            Kind::Time(_) => "time without time zone",
            Kind::Moment { utc: false, .. } => "timestamp without time zone",
            Kind::Moment { utc: true, .. } | Kind::OldMoment => "timestamp with time zone",
            Kind::Uuid => "uuid",
            Kind::Interval => "interval",
        }
        .into()
    }

    /// Whether a column with such values may become one of this type: its values are read by their texts, and of
    /// those only some are known to be of another sort.
    pub(crate) fn fits(self, codec: Codec) -> bool {
        let Codec::Scalar(scalar) = codec else {
            return matches!(self, Kind::Text | Kind::Json) || codec == Codec::Foreign;
        };
        let is_text = matches!(
            scalar,
            Scalar::Text | Scalar::Varchar(_) | Scalar::Char(_) | Scalar::Name | Scalar::Enum(_)
        );
        let is_integer = matches!(scalar, Scalar::Int2 | Scalar::Int4 | Scalar::Int8 | Scalar::Oid);
        let is_number = matches!(scalar, Scalar::Numeric(_) | Scalar::Float4 | Scalar::Float8);
        match self {
            Kind::Text => true,
            _ if is_text => true,
            Kind::Boolean => scalar == Scalar::Bool,
            Kind::Integer { .. } => is_integer || is_number,
            Kind::Half | Kind::Float | Kind::Double | Kind::Decimal { .. } => is_number,
            Kind::Json => matches!(scalar, Scalar::Json | Scalar::Jsonb),
            Kind::Bytes => scalar == Scalar::Bytea,
            Kind::Date => matches!(scalar, Scalar::Date | Scalar::Timestamp(_) | Scalar::TimestampTz(_)),
            Kind::Time(_) => matches!(scalar, Scalar::Time(_)),
            Kind::Moment { .. } | Kind::OldMoment => {
                matches!(scalar, Scalar::Timestamp(_) | Scalar::TimestampTz(_))
            }
            Kind::Uuid => scalar == Scalar::Uuid,
            Kind::Interval => matches!(scalar, Scalar::Interval(_)),
        }
    }
}

/// Whether a column has values that their bytes alone do not tell.
fn is_strange(logical: &LogicalType) -> bool {
    !matches!(logical, LogicalType::Unknown | LogicalType::Bson)
}
