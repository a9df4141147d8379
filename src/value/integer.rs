//! `smallint`, `integer` and `bigint`: 2, 4 and 8 bytes, signed, in network order.

use super::Refused;

/// The number that a field spells, from `least` to `greatest`.
#[inline]
pub(super) fn number(field: &str, least: i64, greatest: i64) -> Result<i64, Refused> {
    match field.as_bytes() {
        [digit @ b'0'..=b'9'] => return Ok(i64::from(digit - b'0')),
        [b'-', digit @ b'0'..=b'9'] => return Ok(-i64::from(digit - b'0')),
        _ => {}
    }
    match field.parse::<i64>() {
        Ok(number) if least <= number && number <= greatest => Ok(number),
        _ => Err(Refused::wrong(format!("is not an integer from {least} to {greatest}; correct it"))),
    }
}

/// A number in decimal.
pub(super) fn push(number: i64, out: &mut String) {
    use std::fmt::Write;
    // A String takes everything.
    let _ = write!(out, "{number}");
}
