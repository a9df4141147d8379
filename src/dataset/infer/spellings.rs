//! What a text may be a value of, told by its spelling: of each type the spellings that mean one thing
//! whatever the server's settings are.

use std::net::IpAddr;

use serde::de::IgnoredAny;

/// Types that a text may be of, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Set(u16);

impl Set {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const ALL: Self = Self(u16::MAX);
    /// A whole number, of at most 64 bits.
    pub(crate) const INTEGER: Self = Self(1);
    /// A number in decimal.
    pub(crate) const NUMERIC: Self = Self(1 << 1);
    /// A number that `double precision` holds.
    pub(crate) const DOUBLE: Self = Self(1 << 2);
    pub(crate) const BOOLEAN: Self = Self(1 << 3);
    pub(crate) const DATE: Self = Self(1 << 4);
    pub(crate) const TIME: Self = Self(1 << 5);
    pub(crate) const TIMESTAMP: Self = Self(1 << 6);
    /// A time with its zone.
    pub(crate) const TIMESTAMPTZ: Self = Self(1 << 7);
    pub(crate) const UUID: Self = Self(1 << 8);
    /// An object or an array of JSON.
    pub(crate) const JSONB: Self = Self(1 << 9);
    pub(crate) const INET: Self = Self(1 << 10);

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// The digits of a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Digits {
    /// Before the point, without a leading 0.
    pub whole: u32,
    /// Behind it.
    pub scale: u32,
}

/// A number as a text spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    /// Without a fraction.
    Whole(i64),
    /// In decimal.
    Decimal(Digits),
    /// With an exponent, or none.
    Double,
}

/// The number that a text spells as every program writes it: `-1.5`, and neither `007` nor `+1`, which may be
/// something else.
pub(crate) fn number(text: &str) -> Option<Number> {
    let digits_of = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let whole = digits_of(unsigned);
    let rest = &unsigned[whole..];
    if whole == 0 || (whole > 1 && unsigned.starts_with('0')) {
        return matches!(text, "NaN" | "Infinity" | "-Infinity").then_some(Number::Double);
    }
    let fraction = rest.strip_prefix('.').map_or(0, digits_of);
    let rest = match (rest.starts_with('.'), fraction) {
        (true, 0) => return None,
        (true, _) => &rest[fraction + 1..],
        (false, _) => rest,
    };
    if rest.is_empty() {
        return Some(match text.parse() {
            Ok(number) => Number::Whole(number),
            Err(_) => {
                let whole = if unsigned.starts_with('0') { 0 } else { whole as u32 };
                Number::Decimal(Digits { whole, scale: fraction as u32 })
            }
        });
    }
    let exponent = rest.strip_prefix(['e', 'E'])?;
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let finite = || text.parse::<f64>().is_ok_and(|number| number.is_finite());
    (digits_of(exponent) == exponent.len() && !exponent.is_empty() && whole + fraction <= 17 && finite())
        .then_some(Number::Double)
}

/// The types among `wanted` that the text, which is no number, may be of.
pub(crate) fn others(text: &str, wanted: Set) -> Set {
    let mut found = Set::NONE;
    let mut add = |set: Set, is: fn(&str) -> bool| {
        if wanted.has(set) && is(text) {
            found = found.or(set);
        }
    };
    add(Set::BOOLEAN, is_boolean);
    // A date is also the beginning of its day.
    add(Set::DATE.or(Set::TIMESTAMP), |text| is_date(text.as_bytes()));
    add(Set::TIME, |text| is_time(text.as_bytes()));
    add(Set::TIMESTAMP, |text| timestamp(text) == Some(""));
    add(Set::TIMESTAMPTZ, |text| timestamp(text).is_some_and(|zone| is_zone(zone.as_bytes())));
    add(Set::UUID, |text| is_uuid(text.as_bytes()));
    add(Set::JSONB, is_json);
    add(Set::INET, is_inet);
    found.and(wanted)
}

fn is_boolean(text: &str) -> bool {
    ["true", "false", "t", "f"].iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// The number that some digits spell.
fn two(digits: &[u8]) -> Option<u32> {
    digits
        .iter()
        .try_fold(0, |number, digit| digit.is_ascii_digit().then(|| 10 * number + u32::from(digit - b'0')))
}

fn is_date(text: &[u8]) -> bool {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else { return false };
    let (Some(year), Some(month), Some(day)) =
        (two(&[*y1, *y2, *y3, *y4]), two(&[*m1, *m2]), two(&[*d1, *d2]))
    else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        1..=12 => 31,
        _ => return false,
    };
    year > 0 && (1..=days).contains(&day)
}

/// `HH:MM`, `HH:MM:SS` or `HH:MM:SS.ffffff`; more digits a server would round.
fn is_time(text: &[u8]) -> bool {
    let below = |digits: &[u8], bound| two(digits).is_some_and(|number| number < bound);
    match text {
        [h1, h2, b':', m1, m2] => below(&[*h1, *h2], 24) && below(&[*m1, *m2], 60),
        [time @ .., b':', s1, s2] if time.len() == 5 => is_time(time) && below(&[*s1, *s2], 60),
        _ => match text.iter().position(|byte| *byte == b'.') {
            Some(8) => {
                let fraction = &text[9..];
                (1..=6).contains(&fraction.len())
                    && fraction.iter().all(u8::is_ascii_digit)
                    && is_time(&text[..8])
            }
            _ => false,
        },
    }
}

/// What follows the date and the time that a text begins with.
fn timestamp(text: &str) -> Option<&str> {
    let (date, rest) = text.split_at_checked(10)?;
    let time = rest.strip_prefix([' ', 'T'])?;
    let end = time.find(|c: char| !c.is_ascii_digit() && !matches!(c, ':' | '.')).unwrap_or(time.len());
    let (time, zone) = time.split_at(end);
    (is_date(date.as_bytes()) && is_time(time.as_bytes())).then_some(zone)
}

/// `Z`, `+HH`, `+HHMM` or `+HH:MM`.
fn is_zone(text: &[u8]) -> bool {
    match text {
        [b'Z' | b'z'] => true,
        [b'+' | b'-', offset @ ..] => match offset {
            [h1, h2] | [h1, h2, b'0', b'0'] | [h1, h2, b':', b'0', b'0'] => {
                two(&[*h1, *h2]).is_some_and(|hours| hours < 16)
            }
            [h1, h2, m1, m2] | [h1, h2, b':', m1, m2] => {
                two(&[*h1, *h2]).is_some_and(|hours| hours < 16)
                    && two(&[*m1, *m2]).is_some_and(|minutes| minutes < 60)
            }
            _ => false,
        },
        _ => false,
    }
}

fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(i, byte)| match i {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn is_json(text: &str) -> bool {
    if !text.trim_start().starts_with(['{', '[']) {
        return false;
    }
    // An escape may stand for what jsonb does not take: NUL, or half a pair of surrogates.
    match text.contains("\\u") {
        true => !text.contains("\\u0000") && serde_json::from_str::<serde_json::Value>(text).is_ok(),
        false => serde_json::from_str::<IgnoredAny>(text).is_ok(),
    }
}

fn is_inet(text: &str) -> bool {
    let (address, mask) = text.split_once('/').map_or((text, None), |(address, mask)| (address, Some(mask)));
    let most = match address.parse() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    mask.is_none_or(|mask| {
        mask.len() <= 3
            && mask.bytes().all(|b| b.is_ascii_digit())
            && mask.parse().is_ok_and(|bits: u32| bits <= most)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_that_every_program_writes() {
        let decimal = |whole, scale| Some(Number::Decimal(Digits { whole, scale }));
        for (text, expected) in [
            ("0", Some(Number::Whole(0))),
            ("-12", Some(Number::Whole(-12))),
            ("9223372036854775807", Some(Number::Whole(i64::MAX))),
            ("9223372036854775808", decimal(19, 0)),
            ("0.50", decimal(0, 2)),
            ("-12.5", decimal(2, 1)),
            ("1e5", Some(Number::Double)),
            ("1.5E-7", Some(Number::Double)),
            ("NaN", Some(Number::Double)),
            ("1e999", None),
            ("007", None),
            ("+1", None),
            ("", None),
            ("-", None),
            (".5", None),
            ("5.", None),
            ("1e", None),
            ("1 ", None),
            ("0x1F", None),
            ("1_000", None),
            ("٣", None),
        ] {
            assert_eq!(number(text), expected, "{text:?}");
        }
    }

    #[test]
    fn other_types_are_told_by_one_spelling_each() {
        let date = Set::DATE.or(Set::TIMESTAMP);
        for (text, expected) in [
            ("true", Set::BOOLEAN),
            ("F", Set::BOOLEAN),
            ("yes", Set::NONE),
            ("2024-02-29", date),
            ("2023-02-29", Set::NONE),
            ("0000-01-01", Set::NONE),
            ("2024-13-01", Set::NONE),
            ("01/02/2024", Set::NONE),
            ("23:59", Set::TIME),
            ("23:59:59.123456", Set::TIME),
            ("23:59:59.1234567", Set::NONE),
            ("24:00:00", Set::NONE),
            ("2024-02-29 12:00", Set::TIMESTAMP),
            ("2024-02-29T12:00:00.5", Set::TIMESTAMP),
            ("2024-02-29 12:00:00Z", Set::TIMESTAMPTZ),
            ("2024-02-29 12:00:00+05:30", Set::TIMESTAMPTZ),
            ("2024-02-29T12:00:00-0800", Set::TIMESTAMPTZ),
            ("2024-02-29 12:00:00 CET", Set::NONE),
            ("2024-02-29 12:00:00+99", Set::NONE),
            ("2024-02-29é12:00", Set::NONE),
            ("6ba7b810-9dad-11d1-80b4-00c04fd430c8", Set::UUID),
            ("6ba7b810-9dad-11d1-80b4-00c04fd430cg", Set::NONE),
            ("{\"a\": [1, null]}", Set::JSONB),
            ("[]", Set::JSONB),
            ("{1,2}", Set::NONE),
            ("\"a\"", Set::NONE),
            ("[\"\\u00e9\"]", Set::JSONB),
            ("[\"\\u0000\"]", Set::NONE),
            ("[\"\\ud800\"]", Set::NONE),
            ("10.0.0.1", Set::INET),
            ("10.0.0.0/8", Set::INET),
            ("::1/128", Set::INET),
            ("10.0.0.0/33", Set::NONE),
            ("10.0.0", Set::NONE),
        ] {
            assert_eq!(others(text, Set::ALL), expected, "{text:?}");
        }
    }
}
