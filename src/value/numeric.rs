//! `numeric`: a decimal number, in binary as digits of base 10,000 (`src/backend/utils/adt/numeric.c`).

use bytes::BufMut;

use super::Refused;
use super::ascii::{self, trim};
use super::integer::is_newer;

/// The precision and scale of `numeric(digits, scale)`: so many digits, the last of which has the place
/// `scale` behind the point. It may be before the point, and beyond the digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Precision {
    /// All digits.
    pub digits: u16,
    /// Digits behind the point.
    pub scale: i16,
}

impl Precision {
    /// Digits before the point; below 0 where the first ones behind it must be zeros too.
    fn before_point(self) -> i64 {
        i64::from(self.digits) - i64::from(self.scale)
    }

    /// Digits that are written behind the point.
    fn written(self) -> usize {
        usize::from(self.scale.max(0).unsigned_abs())
    }

    #[cold]
    fn overflow(self) -> Refused {
        let Precision { digits, scale } = self;
        Refused::wrong(format!("is too large for numeric({digits},{scale}): give the column more digits"))
    }
}

/// Digits that a number may have before and behind the point.
const MOST: (i64, i64) = (131_072, 16_383);

/// Adds the canonical text: no zero before the first digit but that of the units, and as many digits behind
/// the point as the type or the text says.
pub(super) fn push_canonical(
    text: &str,
    precision: Option<Precision>,
    out: &mut String,
) -> Result<(), Refused> {
    if is_canonical(text.as_bytes(), precision) {
        out.push_str(text);
        return Ok(());
    }
    let trimmed = trim(text);
    if let Some(word) = word(trimmed) {
        if let (Some(precision), true) = (precision, word != NAN) {
            return Err(precision.overflow());
        }
        out.push_str(word);
        return Ok(());
    }
    Spelled::read(trimmed)?.push(precision, out)
}

const NAN: &str = "NaN";

fn word(text: &str) -> Option<&'static str> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    match text.as_bytes().first()? {
        b'n' | b'N' if is(NAN) => Some(NAN),
        b'i' | b'I' | b'+' if ["inf", "+inf", "infinity", "+infinity"].into_iter().any(is) => {
            Some("Infinity")
        }
        b'-' if is("-inf") || is("-infinity") => Some("-Infinity"),
        _ => None,
    }
}

/// Whether the canonical text is this one.
#[inline]
pub(super) fn is_canonical(text: &[u8], precision: Option<Precision>) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let Some((whole, fraction)) = split(digits) else { return false };
    let has_point = digits.len() > whole.len();
    if whole.is_empty() || (whole[0] == b'0' && whole.len() > 1) || (has_point && fraction.is_empty()) {
        return false;
    }
    if digits.len() < text.len() && digits.iter().all(|digit| matches!(digit, b'0' | b'.')) {
        return false;
    }
    match precision {
        None => whole.len() as i64 <= MOST.0 && fraction.len() as i64 <= MOST.1,
        Some(precision) => {
            let before = if whole[0] == b'0' { 0 } else { whole.len() as i64 };
            precision.scale >= 0
                && fraction.len() == precision.written()
                && before <= precision.before_point()
        }
    }
}

/// The digits before and behind the point, where there is nothing else.
#[inline]
fn split(digits: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    let (whole, rest) = digits.split_at(end);
    match rest.split_first() {
        None => Some((whole, rest)),
        Some((b'.', fraction)) if fraction.iter().all(u8::is_ascii_digit) => Some((whole, fraction)),
        Some(_) => None,
    }
}

/// A number as a text spells it.
struct Spelled<'t> {
    is_negative: bool,
    whole: &'t [u8],
    fraction: &'t [u8],
    exponent: i64,
}

impl<'t> Spelled<'t> {
    fn read(text: &'t str) -> Result<Self, Refused> {
        let bytes = text.as_bytes();
        let is_negative = bytes.first() == Some(&b'-');
        let unsigned = bytes.strip_prefix(b"-").or(bytes.strip_prefix(b"+")).unwrap_or(bytes);
        let e = unsigned.iter().position(|byte| matches!(byte, b'e' | b'E'));
        let (digits, exponent) = match e {
            None => (unsigned, Some(0)),
            Some(at) => (&unsigned[..at], exponent(&unsigned[at + 1..])),
        };
        match (split(digits), exponent) {
            (Some((whole, fraction)), Some(exponent)) if whole.len() + fraction.len() > 0 => {
                Ok(Self { is_negative, whole, fraction, exponent })
            }
            // The exponent is read by a function of C's, which takes blanks.
            (Some((whole, fraction)), None) if whole.len() + fraction.len() > 0 => {
                Err(Refused::unread("has an exponent that only the server can read; write all digits"))
            }
            _ if is_newer(text) => {
                Err(Refused::unread("is perhaps a number to PostgreSQL 16 and newer; write it in decimal"))
            }
            _ => Err(Refused::wrong("is not a number: write digits, with a point if need be, as in 12.50")),
        }
    }

    fn len(&self) -> i64 {
        (self.whole.len() + self.fraction.len()) as i64
    }

    /// The digit at a place counted from the first one; zeros before and behind all that were written.
    fn digit(&self, at: i64) -> u8 {
        let Ok(at) = usize::try_from(at) else { return 0 };
        let digit = self.whole.get(at).or_else(|| self.fraction.get(at - self.whole.len()));
        digit.map_or(0, |digit| digit - b'0')
    }

    fn push(&self, precision: Option<Precision>, out: &mut String) -> Result<(), Refused> {
        let point = self.whole.len() as i64 + self.exponent;
        let spelled_scale = (self.fraction.len() as i64 - self.exponent).max(0);
        let cut = precision.map_or(i64::MAX, |precision| point + i64::from(precision.scale));
        let first = (0..self.len()).find(|at| self.digit(*at) != 0);
        // Halves are rounded away from zero: nines become zeros up to the digit that grows.
        let grows = match first {
            Some(first) if cut < self.len() && self.digit(cut) >= 5 => {
                (first..cut).rev().find(|at| self.digit(*at) != 9).or(Some(first.min(cut) - 1))
            }
            _ => None,
        };
        let first = match (first, grows) {
            (Some(first), Some(grows)) => Some(first.min(grows)),
            (first, _) => first.filter(|first| *first < cut),
        };
        let before = first.map_or(0, |first| point - first);
        let scale = match precision {
            Some(precision) if first.is_some() && before > precision.before_point() => {
                return Err(precision.overflow());
            }
            // In COPY the scale is cut first, in a statement the number is refused.
            Some(_) if spelled_scale > MOST.1 => {
                return Err(Refused::unread("has more than 16383 digits behind the point; shorten it"));
            }
            Some(precision) => precision.written() as i64,
            None if before > MOST.0 || spelled_scale > MOST.1 => {
                return Err(Refused::wrong(
                    "has more than 131072 digits before the point or 16383 behind it, which no numeric holds",
                ));
            }
            None => spelled_scale,
        };
        let digit = |at: i64| match grows {
            Some(grows) if at == grows => self.digit(at) + 1,
            Some(grows) if at > grows => 0,
            _ if at >= cut => 0,
            _ => self.digit(at),
        };
        if self.is_negative && first.is_some() {
            out.push('-');
        }
        let start = first.map_or(point - 1, |first| first.min(point - 1));
        for at in start..point {
            out.push(char::from(b'0' + digit(at)));
        }
        if scale > 0 {
            out.push('.');
        }
        for at in point..point + scale {
            out.push(char::from(b'0' + digit(at)));
        }
        Ok(())
    }
}

/// The exponent that these bytes spell, when it is a plain number of sensible size.
fn exponent(bytes: &[u8]) -> Option<i64> {
    let (sign, digits) = match bytes {
        [b'-', digits @ ..] => (-1, digits),
        [b'+', digits @ ..] | digits => (1, digits),
    };
    let plain = (1..=6).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    plain.then(|| sign * ascii::decimal(digits))
}

/// Adds the binary form of a canonical text: the number of digits of base 10,000, the power of the first, the
/// sign, the digits written behind the point, and the digits.
pub(super) fn put_binary(canonical: &str, out: &mut impl BufMut) -> Result<(), Refused> {
    let bytes = canonical.as_bytes();
    let (sign, digits) = match bytes {
        b"NaN" => return put_special(0xC000, out),
        b"Infinity" => return put_special(0xD000, out),
        b"-Infinity" => return put_special(0xF000, out),
        [b'-', digits @ ..] => (0x4000, digits),
        digits => (0, digits),
    };
    let Some((whole, fraction)) = split(digits).filter(|_| is_canonical(bytes, None)) else {
        return Err(Refused::wrong("is not the canonical text of a number"));
    };
    // Digits are grouped from the point on, with zeros before and behind them. Groups of zeros at both ends go.
    let mut kept = Groups { few: [0; FEW], len: 0, many: Vec::new() };
    let mut weight = whole.len().div_ceil(4) as i32 - 1;
    let mut keep = |group: u16| {
        if group != 0 || kept.len > 0 {
            kept.push(group);
        } else {
            weight -= 1;
        }
    };
    let (head, fours) = whole.split_at(whole.len() % 4);
    if !head.is_empty() {
        keep(value(head));
    }
    for four in fours.chunks_exact(4) {
        keep(value(four));
    }
    let (fours, tail) = fraction.as_chunks::<4>();
    for four in fours {
        keep(value(four));
    }
    match tail.len() {
        0 => {}
        len => keep(value(tail) * [0, 1000, 100, 10][len]),
    }
    let digits = kept.without_zeros();
    out.put_u16((digits.len() / 2) as u16);
    out.put_i16(if digits.is_empty() { 0 } else { weight as i16 });
    out.put_u16(sign);
    out.put_u16(fraction.len() as u16);
    out.put_slice(digits);
    Ok(())
}

/// Bytes of digits of base 10,000 that are kept without memory of their own.
const FEW: usize = 32;

/// Digits of base 10,000 in network order.
struct Groups {
    few: [u8; FEW],
    /// Bytes in the one or the other.
    len: usize,
    many: Vec<u8>,
}

impl Groups {
    #[inline]
    fn push(&mut self, group: u16) {
        if let Some(place) = self.few.get_mut(self.len..self.len + 2) {
            place.copy_from_slice(&group.to_be_bytes());
        } else {
            if self.many.is_empty() {
                self.many.extend(self.few);
            }
            self.many.extend(group.to_be_bytes());
        }
        self.len += 2;
    }

    fn without_zeros(&self) -> &[u8] {
        let mut digits = if self.many.is_empty() { &self.few[..self.len] } else { &self.many[..] };
        while let [rest @ .., 0, 0] = digits {
            digits = rest;
        }
        digits
    }
}

#[inline]
fn value(digits: &[u8]) -> u16 {
    digits.iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0'))
}

fn put_special(sign: u16, out: &mut impl BufMut) -> Result<(), Refused> {
    [0, 0, sign, 0].into_iter().for_each(|part| out.put_u16(part));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str, precision: Option<(u16, i16)>) -> Result<String, Refused> {
        let mut out = String::new();
        push_canonical(text, precision.map(|(digits, scale)| Precision { digits, scale }), &mut out)?;
        Ok(out)
    }

    #[test]
    fn digits_behind_the_point_stay_and_zeros_before_it_go() {
        for (text, expected) in [
            ("1.10", "1.10"),
            ("0", "0"),
            ("-0.00", "0.00"),
            ("007", "7"),
            ("+.5", "0.5"),
            ("5.", "5"),
            ("1e5", "100000"),
            ("1.10e1", "11.0"),
            ("-12.5E-3", "-0.0125"),
            (" 3 ", "3"),
            ("0e3", "0"),
            ("0e-3", "0.000"),
            ("nan", "NaN"),
            ("-INF", "-Infinity"),
            ("123e-1", "12.3"),
            ("1.000e2", "100.0"),
        ] {
            assert_eq!(canonical(text, None).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_scale_rounds_halves_away_from_zero() {
        for (text, precision, expected) in [
            ("1", (12, 2), "1.00"),
            ("1.005", (12, 2), "1.01"),
            ("-1.005", (12, 2), "-1.01"),
            ("9.999", (3, 2), ""),
            ("9.994", (3, 2), "9.99"),
            ("0.995", (3, 2), "1.00"),
            ("99.99", (4, 1), "100.0"),
            ("-0.004", (3, 2), "0.00"),
            ("1550", (2, -2), "1600"),
            ("9950", (2, -2), ""),
            ("49", (2, -2), "0"),
            ("50", (2, -2), "100"),
            ("0.00123", (3, 5), "0.00123"),
            ("0.0123", (3, 5), ""),
            ("1e2", (3, 0), "100"),
            ("0.009999", (3, 5), ""),
            ("0", (3, 5), "0.00000"),
            ("Infinity", (3, 0), ""),
            ("NaN", (3, 0), "NaN"),
            ("0.000005", (3, 5), "0.00001"),
            ("0.0000049", (3, 5), "0.00000"),
        ] {
            let found = canonical(text, Some(precision));
            match expected {
                "" => assert!(found.unwrap_err().certain, "{text} {precision:?}"),
                _ => assert_eq!(found.as_deref(), Ok(expected), "{text} {precision:?}"),
            }
        }
    }

    #[test]
    fn what_is_no_number_is_wrong_and_what_may_be_one_is_unread() {
        for text in ["", ".", "-", "1.2.3", "hello", "1,5", "--1", "1e131072", "0e-16384", "1 2", "\u{664}"] {
            assert!(canonical(text, None).unwrap_err().certain, "{text}");
        }
        for text in ["0x1F", "1_000", "1e", "1e 5", "1e9999999"] {
            assert!(!canonical(text, None).unwrap_err().certain, "{text}");
        }
        assert_eq!(canonical("1e131071", None).unwrap().len(), 131_072);
    }

    #[test]
    fn the_binary_form_has_groups_of_four_digits() {
        let cases: [(&str, &[u16]); 9] = [
            ("0", &[0, 0, 0, 0]),
            ("0.00", &[0, 0, 0, 2]),
            ("-1234567.891", &[3, 1, 0x4000, 3, 123, 4567, 8910]),
            ("10000", &[1, 1, 0, 0, 1]),
            ("0.0001", &[1, 0xFFFF, 0, 4, 1]),
            ("0.00001", &[1, 0xFFFE, 0, 5, 1000]),
            ("100000000.10", &[4, 2, 0, 2, 1, 0, 0, 1000]),
            ("NaN", &[0, 0, 0xC000, 0]),
            ("-Infinity", &[0, 0, 0xF000, 0]),
        ];
        for (text, expected) in cases {
            let mut out = Vec::new();
            put_binary(text, &mut out).unwrap();
            let words: Vec<u16> = out.chunks(2).map(|two| u16::from_be_bytes([two[0], two[1]])).collect();
            assert_eq!(words, expected, "{text}");
        }
        assert!(put_binary("1e5", &mut Vec::new()).is_err());
    }
}
