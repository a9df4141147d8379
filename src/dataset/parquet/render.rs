//! Values of Parquet as texts that PostgreSQL reads.

use std::fmt::{Display, Write};

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{DataType, Int96};
use parquet::errors::{ParquetError, Result};

use super::kind::{Kind, Unit};
use crate::value::epoch;

/// Nanoseconds of a microsecond.
const MICRO: i64 = 1000;

/// The texts of some values of a column, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    text: String,
    /// Where each ends; `None` for a NULL.
    ends: Vec<Option<usize>>,
}

impl Texts {
    /// The texts, `None` for a NULL.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Option<&str>> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let text = &self.text[start..(*end)?];
            start = (*end)?;
            Some(text)
        })
    }

    fn add<T>(
        &mut self,
        levels: &[i16],
        most: i16,
        values: &[T],
        mut push: impl FnMut(&T, &mut String) -> Result<()>,
    ) -> Result<()> {
        let mut values = values.iter();
        for level in levels {
            if *level < most {
                self.ends.push(None);
                continue;
            }
            let value = values.next().ok_or_else(|| ParquetError::General("a value is missing".into()))?;
            push(value, &mut self.text)?;
            self.ends.push(Some(self.text.len()));
        }
        Ok(())
    }
}

/// The texts of the next values of a column.
pub(crate) fn texts(
    reader: &mut ColumnReader,
    kind: Kind,
    as_text: bool,
    optional: bool,
    rows: usize,
) -> Result<Texts> {
    let wanted = Wanted { kind, optional, rows };
    match reader {
        ColumnReader::BoolColumnReader(reader) => wanted.read(reader, |value, out| put(out, value)),
        ColumnReader::Int32ColumnReader(reader) => {
            wanted.read(reader, |value, out| push_integer(kind, (*value).into(), true, out))
        }
        ColumnReader::Int64ColumnReader(reader) => {
            wanted.read(reader, |value, out| push_integer(kind, *value, false, out))
        }
        ColumnReader::Int96ColumnReader(reader) => wanted.read(reader, push_old_moment),
        ColumnReader::FloatColumnReader(reader) => {
            wanted.read(reader, |value, out| push_float(f64::from(*value), value, out))
        }
        ColumnReader::DoubleColumnReader(reader) => {
            wanted.read(reader, |value, out| push_float(*value, value, out))
        }
        ColumnReader::ByteArrayColumnReader(reader) => {
            wanted.read(reader, |value, out| push_bytes(kind, as_text, value.data(), out))
        }
        ColumnReader::FixedLenByteArrayColumnReader(reader) => {
            wanted.read(reader, |value, out| push_bytes(kind, as_text, value.data(), out))
        }
    }
}

struct Wanted {
    kind: Kind,
    optional: bool,
    rows: usize,
}

impl Wanted {
    fn read<T: DataType>(
        &self,
        reader: &mut ColumnReaderImpl<T>,
        mut push: impl FnMut(&T::T, &mut String) -> Result<()>,
    ) -> Result<Texts> {
        let (mut texts, mut levels, mut values) = (Texts::default(), Vec::new(), Vec::new());
        while texts.ends.len() < self.rows {
            levels.clear();
            values.clear();
            let rest = self.rows - texts.ends.len();
            let of_levels = self.optional.then_some(&mut levels);
            let (read, ..) = reader.read_records(rest, of_levels, None, &mut values)?;
            if read == 0 {
                let kind = self.kind;
                return Err(ParquetError::General(format!("a column of {kind:?} ends before the others")));
            }
            if !self.optional {
                levels.resize(read, 1);
            }
            texts.add(&levels, 1, &values, &mut push)?;
        }
        Ok(texts)
    }
}

fn put(out: &mut String, value: impl Display) -> Result<()> {
    // A String takes everything.
    let _ = write!(out, "{value}");
    Ok(())
}

fn wrong(kind: Kind) -> ParquetError {
    ParquetError::General(format!("a column of {kind:?} has values of another sort"))
}

/// Whatever is kept as a number of 32 or 64 bits.
fn push_integer(kind: Kind, value: i64, short: bool, out: &mut String) -> Result<()> {
    match kind {
        Kind::Integer { signed: true, .. } => return put(out, value),
        Kind::Integer { signed: false, .. } if short => return put(out, value as u32),
        Kind::Integer { signed: false, .. } => return put(out, value as u64),
        Kind::Decimal { scale, .. } => {
            return push_decimal(value.unsigned_abs().to_string(), value < 0, scale, out);
        }
        Kind::Date => epoch::push_date(value, out),
        Kind::Time(unit) => {
            let (micros, nanos) = split(value, unit);
            epoch::push_time_of_day(micros, out);
            push_nanos(micros, nanos, "", out);
        }
        Kind::Moment { unit, utc } => {
            let (micros, nanos) = split(value, unit);
            push_moment(micros, nanos, if utc { "+00" } else { "" }, out);
        }
        kind => return Err(wrong(kind)),
    }
    Ok(())
}

/// Microseconds, and nanoseconds beyond them.
fn split(value: i64, unit: Unit) -> (i64, i64) {
    match unit {
        Unit::Millis => (value.saturating_mul(1000), 0),
        Unit::Micros => (value, 0),
        Unit::Nanos => (value.div_euclid(MICRO), value.rem_euclid(MICRO)),
    }
}

/// A moment with its nanoseconds, which PostgreSQL rounds.
fn push_moment(micros: i64, nanos: i64, zone: &str, out: &mut String) {
    match nanos {
        0 => epoch::push_moment(micros, zone, out),
        nanos => {
            epoch::push_moment(micros, "", out);
            push_nanos(micros, nanos, zone, out);
        }
    }
}

/// Completes the fraction of a second.
fn push_nanos(micros: i64, nanos: i64, zone: &str, out: &mut String) {
    if nanos > 0 {
        let fraction = micros.rem_euclid(1_000_000);
        let written = match fraction {
            0 => 0,
            fraction => format!("{fraction:06}").trim_end_matches('0').len() + 1,
        };
        out.truncate(out.len() - written);
        out.push_str(&format!(".{fraction:06}{nanos:03}"));
    }
    out.push_str(zone);
}

/// Nanoseconds of a day, and the day's number from 4714-11-24 BC on.
fn push_old_moment(value: &Int96, out: &mut String) -> Result<()> {
    /// The number of 1970-01-01.
    const EPOCH: i64 = 2_440_588;
    const DAY: i64 = 86_400_000_000;
    let [low, high, day] = value.data() else { return Err(wrong(Kind::OldMoment)) };
    let nanos = (u64::from(*high) << 32 | u64::from(*low)) as i64;
    let micros = (i64::from(*day) - EPOCH) * DAY + nanos.div_euclid(MICRO);
    push_moment(micros, nanos.rem_euclid(MICRO), "+00", out);
    Ok(())
}

fn push_float(value: f64, shown: impl Display + std::fmt::LowerExp, out: &mut String) -> Result<()> {
    if value.is_nan() {
        out.push_str("NaN");
    } else if value.is_infinite() {
        out.push_str(if value > 0.0 { "Infinity" } else { "-Infinity" });
    } else {
        // The shortest digits that are this number and no other.
        let _ = write!(out, "{shown:e}");
    }
    Ok(())
}

fn push_bytes(kind: Kind, as_text: bool, bytes: &[u8], out: &mut String) -> Result<()> {
    match kind {
        Kind::Text | Kind::Json => push_utf8(bytes, out),
        Kind::Bytes if as_text => push_utf8(bytes, out),
        Kind::Bytes => {
            out.push_str("\\x");
            out.push_str(&hex::encode(bytes));
            Ok(())
        }
        Kind::Decimal { scale, .. } => {
            let (digits, negative) = decimal_digits(bytes);
            push_decimal(digits, negative, scale, out)
        }
        Kind::Uuid if bytes.len() == 16 => {
            for (i, part) in [0..4, 4..6, 6..8, 8..10, 10..16].into_iter().enumerate() {
                out.push_str(if i > 0 { "-" } else { "" });
                out.push_str(&hex::encode(&bytes[part]));
            }
            Ok(())
        }
        Kind::Half => {
            let [low, high] = bytes else { return Err(wrong(kind)) };
            let value = half(u16::from_le_bytes([*low, *high]));
            push_float(value.into(), value, out)
        }
        Kind::Interval => {
            let part = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
            let (Some(months), Some(days), Some(millis)) = (part(0), part(4), part(8)) else {
                return Err(wrong(kind));
            };
            put(out, format_args!("{months} mons {days} days {}.{:03} secs", millis / 1000, millis % 1000))
        }
        kind => Err(wrong(kind)),
    }
}

/// The number of 16 bits: a sign, 5 bits of exponent, 10 of fraction.
fn half(bits: u16) -> f32 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff) / 1024.0);
    let magnitude = match exponent {
        0 => fraction * 2.0_f32.powi(-14),
        0x1f if fraction == 0.0 => f32::INFINITY,
        0x1f => f32::NAN,
        exponent => (1.0 + fraction) * 2.0_f32.powi(exponent - 15),
    };
    if bits >> 15 == 0 { magnitude } else { -magnitude }
}

fn push_utf8(bytes: &[u8], out: &mut String) -> Result<()> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| ParquetError::General(format!("a text is not UTF-8: {error}")))?;
    out.push_str(text);
    Ok(())
}

/// The decimal digits of a number in two's complement, of any length, the highest byte first; and its sign.
fn decimal_digits(bytes: &[u8]) -> (String, bool) {
    let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let mut magnitude: Vec<u8> = bytes.to_vec();
    if negative {
        let mut carry = true;
        for byte in magnitude.iter_mut().rev() {
            (*byte, carry) = (!*byte).overflowing_add(carry.into());
        }
    }
    let mut digits = Vec::new();
    while magnitude.iter().any(|byte| *byte != 0) {
        let mut rest = 0_u32;
        for byte in &mut magnitude {
            let value = rest << 8 | u32::from(*byte);
            (*byte, rest) = ((value / 10) as u8, value % 10);
        }
        digits.push(char::from(b'0' + rest as u8));
    }
    (digits.iter().rev().collect(), negative)
}

fn push_decimal(digits: String, negative: bool, scale: i32, out: &mut String) -> Result<()> {
    let Ok(scale) = usize::try_from(scale) else {
        return Err(ParquetError::General(format!("a decimal has the scale {scale}")));
    };
    let digits = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if negative { "-" } else { "" };
    match fraction {
        "" => put(out, format_args!("{sign}{whole}")),
        fraction => put(out, format_args!("{sign}{whole}.{fraction}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(push: impl FnOnce(&mut String) -> Result<()>) -> String {
        let mut out = String::new();
        push(&mut out).unwrap();
        out
    }

    #[test]
    fn numbers_of_any_length_become_decimal() {
        for (number, scale, expected) in [
            (0_i128, 0, "0"),
            (-1, 0, "-1"),
            (5, 2, "0.05"),
            (-12_345, 3, "-12.345"),
            (i128::MAX, 38, "1.70141183460469231731687303715884105727"),
            (i128::MIN, 0, "-170141183460469231731687303715884105728"),
        ] {
            let kind = Kind::Decimal { precision: 38, scale };
            assert_eq!(text(|out| push_bytes(kind, false, &number.to_be_bytes(), out)), expected);
        }
        let kind = Kind::Decimal { precision: 9, scale: 2 };
        assert_eq!(text(|out| push_integer(kind, -7, true, out)), "-0.07");
        assert_eq!(
            text(|out| push_integer(Kind::Integer { bits: 32, signed: false }, -1, true, out)),
            "4294967295"
        );
        assert_eq!(
            text(|out| push_integer(Kind::Integer { bits: 64, signed: false }, -1, false, out)),
            "18446744073709551615"
        );
    }

    #[test]
    fn times_keep_their_nanoseconds_for_the_server_to_round() {
        let moment = |unit, utc| Kind::Moment { unit, utc };
        for (kind, value, expected) in [
            (moment(Unit::Millis, true), 1_500, "1970-01-01 00:00:01.5+00"),
            (moment(Unit::Micros, false), -1, "1969-12-31 23:59:59.999999"),
            (moment(Unit::Nanos, true), 1_000_000_001, "1970-01-01 00:00:01.000000001+00"),
            (moment(Unit::Nanos, false), 1_500_000_000, "1970-01-01 00:00:01.5"),
            (moment(Unit::Nanos, false), -1, "1969-12-31 23:59:59.999999999"),
            (Kind::Time(Unit::Nanos), 86_399_100_000_007, "23:59:59.100000007"),
            (Kind::Time(Unit::Millis), 0, "00:00:00"),
            (Kind::Date, 19_782, "2024-02-29"),
        ] {
            assert_eq!(text(|out| push_integer(kind, value, false, out)), expected);
        }
        let mut old = Int96::new();
        old.set_data(1_000_000_007, 0, 2_440_589);
        assert_eq!(text(|out| push_old_moment(&old, out)), "1970-01-02 00:00:01.000000007+00");
    }

    #[test]
    fn bytes_become_what_they_are() {
        for (kind, bytes, expected) in [
            (Kind::Bytes, &b"\0\xff"[..], "\\x00ff"),
            (Kind::Text, "żółw".as_bytes(), "żółw"),
            (Kind::Uuid, &[0xa0; 16], "a0a0a0a0-a0a0-a0a0-a0a0-a0a0a0a0a0a0"),
            (Kind::Half, &[0, 0x3e], "1.5e0"),
            (Kind::Interval, &[1, 0, 0, 0, 2, 0, 0, 0, 0xe9, 3, 0, 0], "1 mons 2 days 1.001 secs"),
        ] {
            assert_eq!(text(|out| push_bytes(kind, false, bytes, out)), expected);
        }
        assert_eq!(text(|out| push_bytes(Kind::Bytes, true, b"plain", out)), "plain");
        for (bits, value) in [(0x3c00, 1.0), (0xc000, -2.0), (1, 5.960_464_5e-8), (0x7bff, 65_504.0)] {
            assert_eq!(half(bits), value);
        }
        assert!(half(0x7e00).is_nan() && half(0xfc00) == f32::NEG_INFINITY);
        assert!(push_bytes(Kind::Text, false, b"\xff", &mut String::new()).is_err());
        assert!(push_bytes(Kind::Uuid, false, b"short", &mut String::new()).is_err());
        for (value, expected) in
            [(0.1, "1e-1"), (f64::NAN, "NaN"), (f64::NEG_INFINITY, "-Infinity"), (1e300, "1e300")]
        {
            assert_eq!(text(|out| push_float(value, value, out)), expected);
        }
    }
}
