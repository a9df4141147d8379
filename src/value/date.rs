//! `date`: days from 2000-01-01 in 4 bytes.

use bytes::BufMut;

use super::Refused;
use super::calendar::{Day, FIRST};
use super::moment::{self, Moment};

/// The last day, 5874897-12-31.
const LAST: i64 = 2_145_031_948;

/// Adds the canonical text of the day that is spelled; a time behind it is passed over, as by the server.
pub(super) fn push_canonical(text: &str, out: &mut String) -> Result<(), Refused> {
    if text.len() == 10 && moment::scan_day(text.as_bytes()).is_some() {
        out.push_str(text);
        return Ok(());
    }
    match moment::read(text)? {
        Moment::AfterAll => out.push_str("infinity"),
        Moment::BeforeAll => out.push_str("-infinity"),
        Moment::At { day, .. } => {
            number(day)?;
            day.push(out);
            out.push_str(day.era());
        }
    }
    Ok(())
}

/// Adds the binary form of a canonical text.
pub(super) fn put_binary(canonical: &str, out: &mut impl BufMut) -> Result<(), Refused> {
    let fast = moment::scan_day(canonical.as_bytes()).filter(|_| canonical.len() == 10);
    out.put_i32(match fast {
        Some(day) => day.number() as i32,
        None => match moment::read(canonical)? {
            Moment::AfterAll => i32::MAX,
            Moment::BeforeAll => i32::MIN,
            Moment::At { day, .. } => number(day)? as i32,
        },
    });
    Ok(())
}

fn number(day: Day) -> Result<i64, Refused> {
    let number = day.number();
    if (FIRST..=LAST).contains(&number) {
        Ok(number)
    } else {
        Err(Refused::wrong(
            "is not a date from 4714-11-24 BC to 5874897-12-31; choose another type, or correct it",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_one_text_and_one_number() {
        for (text, canonical, number) in [
            ("2026-01-02", "2026-01-02", 9498),
            ("2026-1-2T23:00:00-05", "2026-01-02", 9498),
            ("4714-11-24 BC", "4714-11-24 BC", -2_451_545),
            ("5874897-12-31", "5874897-12-31", 2_145_031_948),
            ("INFINITY", "infinity", i32::MAX),
            ("-infinity", "-infinity", i32::MIN),
        ] {
            let (mut found, mut binary) = (String::new(), Vec::new());
            push_canonical(text, &mut found).unwrap();
            put_binary(&found, &mut binary).unwrap();
            assert_eq!((found.as_str(), binary.as_slice()), (canonical, &number.to_be_bytes()[..]), "{text}");
        }
        for text in ["4714-11-23 BC", "5874898-01-01", "2026-02-30"] {
            assert!(push_canonical(text, &mut String::new()).unwrap_err().certain, "{text}");
        }
    }
}
