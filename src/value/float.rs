//! `real` and `double precision`: IEEE 754 in network order; in text the shortest digits that are read back as
//! the same number (`src/backend/utils/adt/float.c`, `src/common/d2s.c`).

use std::fmt::{LowerExp, Write};
use std::str::FromStr;

use bytes::BufMut;

use super::Refused;
use super::ascii::trim;

/// A width of floating-point numbers.
pub(super) trait Float: Copy + PartialEq + LowerExp + FromStr + Into<f64> {
    /// Bits of a number's digits.
    const MANTISSA: u32;
    /// Decimal digits that any number keeps; larger powers of ten are written with an exponent.
    const DIGITS: i32;
    const NAN: Self;

    fn put(self, out: &mut impl BufMut);
}

impl Float for f32 {
    const MANTISSA: u32 = 24;
    const DIGITS: i32 = 6;
    const NAN: Self = f32::NAN;

    fn put(self, out: &mut impl BufMut) {
        out.put_f32(self);
    }
}

impl Float for f64 {
    const MANTISSA: u32 = 53;
    const DIGITS: i32 = 15;
    const NAN: Self = f64::NAN;

    fn put(self, out: &mut impl BufMut) {
        out.put_f64(self);
    }
}

/// Adds the canonical text of the number that is the nearest to what is spelled.
pub(super) fn push_canonical<F: Float>(text: &str, out: &mut String) -> Result<(), Refused> {
    if is_short(text.as_bytes(), F::DIGITS as usize) {
        out.push_str(text);
        return Ok(());
    }
    let number = read::<F>(text)?;
    let wide: f64 = number.into();
    if wide.is_nan() {
        out.push_str("NaN");
    } else if wide.is_infinite() {
        out.push_str(if wide < 0.0 { "-Infinity" } else { "Infinity" });
    } else {
        push_shortest(number, out);
    }
    Ok(())
}

/// Adds the binary form of a canonical text.
pub(super) fn put_binary<F: Float>(canonical: &str, out: &mut impl BufMut) -> Result<(), Refused> {
    read::<F>(canonical)?.put(out);
    Ok(())
}

/// Whether it is a canonical text of no more digits than any number keeps: then no other one is as short, and
/// it need not be read to know that.
#[inline]
fn is_short(text: &[u8], sure: usize) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let mut parts = digits.splitn(2, |byte| *byte == b'.');
    let (whole, fraction) = (parts.next().unwrap_or_default(), parts.next());
    let are_digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    let is_fraction =
        |part: &[u8]| are_digits(part) && !matches!(part, [] | [.., b'0'] | [b'0', b'0', b'0', ..]);
    digits.len() <= sure
        && matches!(whole, [b'1'..=b'9', ..] | [b'0'])
        && are_digits(whole)
        && fraction.map_or(digits != b"0", is_fraction)
}

fn read<F: Float>(text: &str) -> Result<F, Refused> {
    let text = trim(text);
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_number = unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    match text.parse::<F>() {
        Ok(number) if is_number => in_range(number, unsigned),
        Ok(_) if text.len() > unsigned.len() && unsigned.eq_ignore_ascii_case("nan") => {
            Err(Refused::unread("is a NaN with a sign; write NaN"))
        }
        Ok(number) => Ok(if text.eq_ignore_ascii_case("nan") { F::NAN } else { number }),
        Err(_) if may_be_read(unsigned) => {
            Err(Refused::unread("is perhaps a number to the server's C library; write it in decimal"))
        }
        Err(_) => {
            Err(Refused::wrong("is not a number: write digits, with a point and an exponent if need be"))
        }
    }
}

/// What C's `strtod` reads beyond decimal digits: `0x1p3`, `nan(1)`.
fn may_be_read(unsigned: &str) -> bool {
    let begins = |word: &str| unsigned.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    begins("0x") || begins("nan(")
}

fn in_range<F: Float>(number: F, unsigned: &str) -> Result<F, Refused> {
    let wide: f64 = number.into();
    let has_digit =
        || unsigned.bytes().take_while(|byte| !matches!(byte, b'e' | b'E')).any(|byte| byte > b'0');
    if wide.is_infinite() {
        Err(Refused::wrong("is too large for the type: choose numeric, or write Infinity"))
    } else if wide == 0.0 && has_digit() {
        Err(Refused::wrong("is too close to zero for the type: choose numeric, or write 0"))
    } else {
        Ok(number)
    }
}

fn push_shortest<F: Float>(number: F, out: &mut String) {
    let mut shortest = Digits::of(number, None);
    // Where the shortest digits of the standard library are not PostgreSQL's: it takes the even one of two that
    // are as near, and none that are exactly halfway to the next number.
    if shortest.has_twin(number.into()) || shortest.is_midpoint::<F>() {
        shortest = nearest(number, shortest);
    }
    shortest.push(F::DIGITS, out);
}

/// The shortest digits, no fewer than those given, that are read back as the number by any rule of rounding.
#[cold]
fn nearest<F: Float>(number: F, at_least: Digits) -> Digits {
    for count in at_least.count()..=17 {
        let rounded = Digits::of(number, Some(count - 1));
        for digits in [rounded, rounded.next(1), rounded.next(-1)] {
            if digits.reads_as(number) && !digits.is_midpoint::<F>() {
                return digits;
            }
        }
    }
    at_least
}

/// `-d.ddde-dd`, as the standard library writes numbers.
#[derive(Clone, Copy)]
struct Digits {
    is_negative: bool,
    /// The digits as one whole number.
    number: u64,
    /// The power of ten of the last digit.
    power: i32,
}

impl Digits {
    /// The shortest digits, or so many behind the point.
    fn of<F: Float>(number: F, behind_point: Option<usize>) -> Self {
        let mut text = Written { bytes: [0; 40], len: 0 };
        // It takes all that is written of a number.
        let _ = match behind_point {
            None => write!(text, "{number:e}"),
            Some(behind_point) => write!(text, "{number:.behind_point$e}"),
        };
        let mut digits = Self { is_negative: false, number: 0, power: 0 };
        let mut bytes = text.bytes[..text.len].iter();
        let mut behind_point = None;
        for byte in bytes.by_ref() {
            match byte {
                b'-' => digits.is_negative = true,
                b'.' => behind_point = Some(0),
                b'e' => break,
                digit => {
                    digits.number = digits.number * 10 + u64::from(digit - b'0');
                    behind_point = behind_point.map(|count: i32| count + 1);
                }
            }
        }
        let (mut sign, mut power) = (1, 0);
        for byte in bytes {
            match byte {
                b'-' => sign = -1,
                digit => power = power * 10 + i32::from(digit - b'0'),
            }
        }
        digits.power = sign * power - behind_point.unwrap_or(0);
        digits
    }

    fn count(self) -> usize {
        self.number.checked_ilog10().unwrap_or(0) as usize + 1
    }

    /// The neighbour in the last digit.
    fn next(self, step: i64) -> Self {
        Self { number: self.number.saturating_add_signed(step), ..self }
    }

    fn reads_as<F: Float>(self, number: F) -> bool {
        let sign = if self.is_negative { "-" } else { "" };
        format!("{sign}{}e{}", self.number, self.power).parse::<F>().is_ok_and(|read| read == number)
    }

    /// Whether there are other digits as near to the number: it ends in a half of the last digit, as a binary
    /// number that is cut behind one place more than the decimal one.
    fn has_twin(self, number: f64) -> bool {
        let fraction = number.to_bits() & ((1 << 52) - 1);
        let (digits, power) = match (number.to_bits() >> 52 & 0x7FF) as i32 {
            0 => (fraction, -1074),
            exponent => (fraction | 1 << 52, exponent - 1075),
        };
        self.power < 0 && power + digits.trailing_zeros() as i32 == self.power - 1
    }

    /// Whether these digits are exactly halfway between two numbers of this width: their binary digits are one
    /// more than it has.
    fn is_midpoint<F: Float>(self) -> bool {
        let five_to = |power: u32| 5_u128.checked_pow(power).filter(|_| power <= 27);
        let odd = match five_to(self.power.unsigned_abs()) {
            Some(factor) if self.power >= 0 => u128::from(self.number) * factor,
            Some(factor) if u128::from(self.number) % factor == 0 => u128::from(self.number) / factor,
            _ => return false,
        };
        odd != 0 && u128::BITS - odd.leading_zeros() - odd.trailing_zeros() == F::MANTISSA + 1
    }

    /// As PostgreSQL writes them: with an exponent from the power of ten on that not all digits are sure of,
    /// and below 0.0001.
    fn push(self, sure: i32, out: &mut String) {
        if self.is_negative {
            out.push('-');
        }
        let mut text = Written { bytes: [0; 40], len: 0 };
        // It takes all digits of a number of 64 bits.
        let _ = write!(text, "{}", self.number);
        let digits = std::str::from_utf8(&text.bytes[..text.len]).unwrap_or_default().trim_end_matches('0');
        let digits = if digits.is_empty() { "0" } else { digits };
        let power = if self.number == 0 { 0 } else { self.power + text.len as i32 - 1 };
        let zeros = |count: usize, out: &mut String| (0..count).for_each(|_| out.push('0'));
        if !(-4..sure).contains(&power) {
            let (first, rest) = digits.split_at(1);
            out.push_str(first);
            if !rest.is_empty() {
                out.push('.');
                out.push_str(rest);
            }
            out.push_str(if power < 0 { "e-" } else { "e+" });
            super::ascii::push_padded(power.unsigned_abs().into(), 2, out);
        } else if power < 0 {
            out.push_str("0.");
            zeros(power.unsigned_abs() as usize - 1, out);
            out.push_str(digits);
        } else {
            let whole = power as usize + 1;
            let (before, behind) = digits.split_at(whole.min(digits.len()));
            out.push_str(before);
            zeros(whole - before.len(), out);
            if !behind.is_empty() {
                out.push('.');
                out.push_str(behind);
            }
        }
    }
}

/// The text of one number, without memory of its own.
struct Written {
    bytes: [u8; 40],
    len: usize,
}

impl Write for Written {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let end = self.len + text.len();
        self.bytes.get_mut(self.len..end).ok_or(std::fmt::Error)?.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical<F: Float>(text: &str) -> Result<String, Refused> {
        let mut out = String::new();
        push_canonical::<F>(text, &mut out)?;
        Ok(out)
    }

    #[test]
    fn doubles_are_written_as_postgresql_writes_them() {
        for (text, expected) in [
            ("0", "0"),
            ("-0", "-0"),
            ("1", "1"),
            ("0.1", "0.1"),
            ("1e20", "1e+20"),
            ("0.00001", "1e-05"),
            ("0.0001", "0.0001"),
            ("123456789012345", "123456789012345"),
            ("1e15", "1e+15"),
            ("100", "100"),
            ("1234567890123456", "1.234567890123456e+15"),
            ("-inf", "-Infinity"),
            ("+Infinity", "Infinity"),
            ("nan", "NaN"),
            (" .5 ", "0.5"),
            ("5.", "5"),
            ("5e-324", "5e-324"),
            ("1e-400000", ""),
            ("1.7976931348623157e308", "1.7976931348623157e+308"),
            ("1e23", "9.999999999999999e+22"),
            ("1125899906842624.25", "1.1258999068426242e+15"),
            ("1125899906842624.75", "1.1258999068426248e+15"),
            ("1e309", ""),
            ("x", ""),
            ("", ""),
            ("1e", ""),
            ("1 2", ""),
        ] {
            match expected {
                "" => assert!(canonical::<f64>(text).unwrap_err().certain, "{text}"),
                _ => assert_eq!(canonical::<f64>(text).as_deref(), Ok(expected), "{text}"),
            }
        }
        for text in ["0x10", "nan(1)", "-nan"] {
            assert!(!canonical::<f64>(text).unwrap_err().certain, "{text}");
        }
    }

    #[test]
    fn a_real_has_fewer_digits() {
        for (text, expected) in [
            ("0.1", "0.1"),
            ("1000000", "1e+06"),
            ("123456", "123456"),
            ("16777216", "1.6777216e+07"),
            ("3.4028235e38", "3.4028235e+38"),
            ("1e-45", "1e-45"),
            ("2097152.25", "2.0971522e+06"),
            ("48069.3125", "48069.312"),
        ] {
            assert_eq!(canonical::<f32>(text).as_deref(), Ok(expected), "{text}");
        }
        assert!(canonical::<f32>("1e39").unwrap_err().certain);
        assert!(canonical::<f32>("1e-46").unwrap_err().certain);
    }

    #[test]
    fn the_binary_form_is_the_number_s_own() {
        let mut out = Vec::new();
        put_binary::<f64>("NaN", &mut out).unwrap();
        put_binary::<f32>("-0", &mut out).unwrap();
        assert_eq!(out, [0x7F, 0xF8, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0]);
    }
}
