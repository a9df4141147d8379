//! `smallint`, `integer` and `bigint`: 2, 4 and 8 bytes, signed, in network order; `oid`: 4 bytes, unsigned.

use super::Refused;
use super::ascii::trim;

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
        _ => spelled(field, least, greatest),
    }
}

/// A number with blanks around it; any other text is refused.
#[cold]
fn spelled(field: &str, least: i64, greatest: i64) -> Result<i64, Refused> {
    match trim(field).parse::<i64>() {
        Ok(number) if least <= number && number <= greatest => Ok(number),
        Err(_) if is_newer(field) => {
            Err(Refused::unread("is perhaps an integer to PostgreSQL 16 and newer; write it in decimal"))
        }
        _ => Err(Refused::wrong(format!("is not an integer from {least} to {greatest}; correct it"))),
    }
}

/// Whether it may be a number that PostgreSQL reads from version 16 on: `0x1F`, `0o17`, `0b1`, `1_000`.
pub(super) fn is_newer(field: &str) -> bool {
    let digits = trim(field).trim_start_matches(['+', '-']);
    digits.starts_with(|first: char| first.is_ascii_digit())
        && digits.contains(['_', 'x', 'X', 'o', 'O', 'b', 'B'])
}

/// Adds the canonical text of what [`number`] reads.
pub(super) fn push_canonical(
    field: &str,
    least: i64,
    greatest: i64,
    out: &mut String,
) -> Result<(), Refused> {
    let number = number(field, least, greatest)?;
    match field.strip_prefix('-').unwrap_or(field).as_bytes() {
        [b'1'..=b'9', ..] if !field.ends_with(|last: char| !last.is_ascii_digit()) => out.push_str(field),
        _ => push(number, out),
    }
    Ok(())
}

/// A number in decimal.
pub(super) fn push(number: i64, out: &mut String) {
    use std::fmt::Write;
    // A String takes everything.
    let _ = write!(out, "{number}");
}

/// The number of an `oid`. PostgreSQL takes negative ones too, by what its machine makes of them.
pub(super) fn oid(field: &str) -> Result<i64, Refused> {
    let number = number(field, i64::MIN, i64::MAX)?;
    match u32::try_from(number) {
        Ok(_) => Ok(number),
        Err(_) if number < 0 => Err(Refused::unread("is a negative oid; write the number it stands for")),
        Err(_) => Err(Refused::wrong("is not an oid: write a number from 0 to 4294967295")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(field: &str) -> Result<String, Refused> {
        let mut out = String::new();
        push_canonical(field, -1000, 1000, &mut out)?;
        Ok(out)
    }

    #[test]
    fn signs_zeros_and_blanks_go() {
        for (field, expected) in [
            ("7", "7"),
            ("-7", "-7"),
            ("+12", "12"),
            ("-0", "0"),
            ("0012", "12"),
            (" 12\n", "12"),
            ("12 ", "12"),
        ] {
            assert_eq!(canonical(field).as_deref(), Ok(expected), "{field:?}");
        }
    }

    #[test]
    fn what_a_newer_server_may_read_is_not_called_wrong() {
        for field in ["0x1F", "-0b1", "1_000"] {
            assert!(!canonical(field).unwrap_err().certain, "{field}");
        }
        for field in ["", "1001", "-1001", "1.0", "x", "1 2", "--1", "9223372036854775808"] {
            assert!(canonical(field).unwrap_err().certain, "{field}");
        }
    }

    #[test]
    fn an_oid_has_no_sign() {
        assert_eq!(oid("4294967295"), Ok(4_294_967_295));
        assert!(oid("4294967296").unwrap_err().certain);
        assert!(!oid("-2").unwrap_err().certain);
    }
}
