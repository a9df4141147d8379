//! `interval`: microseconds in 8 bytes, days in 4 and months in 4 (`src/backend/utils/adt/timestamp.c`); in
//! text as IntervalStyle `postgres` writes it.

use bytes::BufMut;

use super::Refused;
use super::ascii::{Reader, trim};
use super::moment::{self, HOUR, MINUTE, SECOND};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Interval {
    months: i32,
    days: i32,
    time: i64,
}

/// Adds the canonical text, rounded to so many digits of a second.
pub(super) fn push_canonical(text: &str, precision: u8, out: &mut String) -> Result<(), Refused> {
    let mut interval = Interval::read(text)?;
    interval.time = moment::rounded(interval.time, precision);
    interval.push(out);
    Ok(())
}

/// Adds the binary form of a canonical text.
pub(super) fn put_binary(canonical: &str, out: &mut impl BufMut) -> Result<(), Refused> {
    let interval = Interval::read(canonical)?;
    out.put_i64(interval.time);
    out.put_i32(interval.days);
    out.put_i32(interval.months);
    Ok(())
}

/// What a unit of time adds to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Months(i64),
    Days(i64),
    /// Microseconds.
    Time(i64),
}

/// The units by their names; each may come once in an interval.
const UNITS: [(&[&str], Part); 7] = [
    (&["year", "years"], Part::Months(12)),
    (&["mon", "mons", "month", "months"], Part::Months(1)),
    (&["week", "weeks"], Part::Days(7)),
    (&["day", "days"], Part::Days(1)),
    (&["hour", "hours"], Part::Time(HOUR)),
    (&["minute", "minutes", "min", "mins"], Part::Time(MINUTE)),
    (&["second", "seconds", "sec", "secs"], Part::Time(SECOND)),
];

/// The units of `P1Y2M3DT4H5M6S`, by their place above: those before the `T`, and those behind it.
const LETTERS: [&[(u8, usize)]; 2] =
    [&[(b'Y', 0), (b'M', 1), (b'W', 2), (b'D', 3)], &[(b'H', 4), (b'M', 5), (b'S', 6)]];

/// What is read so far.
#[derive(Default)]
struct Sum {
    interval: Interval,
    /// The units that came.
    seen: [bool; UNITS.len()],
}

impl Interval {
    fn read(text: &str) -> Result<Self, Refused> {
        let mut sum = Sum::default();
        let read = match text.strip_prefix('P') {
            // No blanks are around these.
            Some(units) => sum.read_letters(&mut Reader::new(units)),
            None => sum.read_words(&mut Reader::new(trim(text))),
        };
        // A text so long is cut by the server.
        read.filter(|()| text.len() < 100 && sum.seen.contains(&true)).ok_or_else(|| {
            Refused::unread(
                "is an interval that only the server can read; write it as 1 year 2 mons 3 days 04:05:06",
            )
        })?;
        Ok(sum.interval)
    }

    fn push(self, out: &mut String) {
        use std::fmt::Write;
        let start = out.len();
        let mut is_before_negative = false;
        for (number, unit) in [(self.months / 12, "year"), (self.months % 12, "mon"), (self.days, "day")] {
            if number != 0 {
                let blank = if out.len() > start { " " } else { "" };
                let plus = if is_before_negative && number > 0 { "+" } else { "" };
                let plural = if number == 1 { "" } else { "s" };
                // A String takes everything.
                let _ = write!(out, "{blank}{plus}{number} {unit}{plural}");
                is_before_negative = number < 0;
            }
        }
        if self.time == 0 && out.len() > start {
            return;
        }
        if out.len() > start {
            out.push(' ');
        }
        if self.time < 0 {
            out.push('-');
        } else if is_before_negative {
            out.push('+');
        }
        moment::push_time(self.time, out);
    }
}

impl Sum {
    /// Reads `1 year -2 mons +3 days 04:05:06.7`.
    fn read_words(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        while !reader.is_done() {
            let sign = sign(reader)?;
            let whole = reader.number(1, 10)?;
            if reader.eat(b':') {
                self.add_time(sign, whole, reader)?;
                return reader.is_done().then_some(());
            }
            let fraction = fraction(reader)?;
            reader.eat_blanks();
            let name = reader.run(|byte| byte.is_ascii_alphabetic());
            let is = |unit: &str| name.eq_ignore_ascii_case(unit.as_bytes());
            let unit = UNITS.iter().position(|(names, _)| names.iter().any(|name| is(name)))?;
            self.add(sign, whole, fraction, unit)?;
            if !reader.eat_blanks() && !reader.is_done() {
                return None;
            }
        }
        Some(())
    }

    /// Reads `1Y2M3DT4H5M6.7S`.
    fn read_letters(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        let mut letters = LETTERS[0];
        while !reader.is_done() {
            if reader.eat(b'T') {
                letters = LETTERS[1];
            }
            let sign = if reader.eat(b'-') { -1 } else { 1 };
            let whole = reader.number(1, 10)?;
            let fraction = fraction(reader)?;
            let letter = reader.peek()?;
            let (_, unit) = letters.iter().find(|(one, _)| *one == letter)?;
            reader.eat(letter);
            self.add(sign, whole, fraction, *unit)?;
        }
        Some(())
    }

    /// Adds `04:05:06.7`, of which the hours are read.
    fn add_time(&mut self, sign: i64, hours: i64, reader: &mut Reader<'_>) -> Option<()> {
        let minutes = reader.number(2, 2).filter(|minutes| *minutes < 60)?;
        let (mut seconds, mut micros) = (0, 0);
        if reader.eat(b':') {
            seconds = reader.number(2, 2).filter(|seconds| *seconds < 60)?;
            if reader.eat(b'.') {
                micros = moment::microseconds(reader.run(|byte| byte.is_ascii_digit()))?;
            }
        }
        for (number, unit) in [(hours, 4), (minutes, 5)] {
            self.add(sign, number, 0, unit)?;
        }
        self.add(sign, seconds, micros, 6)
    }

    /// Adds so many of a unit and millionths of it, which only seconds may have.
    fn add(&mut self, sign: i64, whole: i64, millionths: i64, unit: usize) -> Option<()> {
        let part = UNITS[unit].1;
        if std::mem::replace(&mut self.seen[unit], true) || (millionths > 0 && part != Part::Time(SECOND)) {
            return None;
        }
        let interval = &mut self.interval;
        let number = |factor: i64| i32::try_from(whole.checked_mul(sign * factor)?).ok();
        match part {
            Part::Months(factor) => interval.months = interval.months.checked_add(number(factor)?)?,
            Part::Days(factor) => interval.days = interval.days.checked_add(number(factor)?)?,
            Part::Time(factor) => {
                let time = whole.checked_mul(sign * factor)?.checked_add(sign * millionths)?;
                interval.time = interval.time.checked_add(time)?;
            }
        }
        Some(())
    }
}

fn sign(reader: &mut Reader<'_>) -> Option<i64> {
    match (reader.eat(b'-'), reader.eat(b'+')) {
        (false, _) => Some(1),
        (true, false) => Some(-1),
        (true, true) => None,
    }
}

/// Millionths behind a point. Of more digits the versions of PostgreSQL make different numbers.
fn fraction(reader: &mut Reader<'_>) -> Option<i64> {
    if !reader.eat(b'.') {
        return Some(0);
    }
    let digits = reader.run(|byte| byte.is_ascii_digit());
    moment::microseconds(digits).filter(|_| (1..=6).contains(&digits.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_written_as_postgresql_writes_it() {
        for (text, expected) in [
            ("1 year 2 mons 3 days 04:05:06.789", "1 year 2 mons 3 days 04:05:06.789"),
            ("-1 years -2 months +3 days -04:05:06", "-1 years -2 mons +3 days -04:05:06"),
            ("14 months", "1 year 2 mons"),
            ("1 year -13 months", "-1 mons"),
            ("0 days", "00:00:00"),
            ("-1 day 00:00:01", "-1 days +00:00:01"),
            ("2 weeks", "14 days"),
            ("36 hours", "36:00:00"),
            ("P1Y2M3DT4H5M6.5S", "1 year 2 mons 3 days 04:05:06.5"),
            ("PT1H", "01:00:00"),
            ("P-1D", "-1 days"),
            ("100:00", "100:00:00"),
            ("-00:00:00.000001", "-00:00:00.000001"),
            ("1.5 seconds", "00:00:01.5"),
            ("-2562047788:00:54.775807", "-2562047788:00:54.775807"),
            ("1DAY", "1 day"),
            ("+1 mon", "1 mon"),
        ] {
            let mut found = String::new();
            push_canonical(text, 6, &mut found).unwrap();
            assert_eq!(found, expected, "{text}");
            let mut again = String::new();
            push_canonical(&found, 6, &mut again).unwrap();
            assert_eq!(again, found);
        }
    }

    #[test]
    fn a_precision_rounds_away_from_zero() {
        let mut found = String::new();
        push_canonical("-00:00:00.5", 0, &mut found).unwrap();
        assert_eq!(found, "-00:00:01");
    }

    #[test]
    fn other_spellings_are_the_server_s() {
        for text in [
            "",
            "5",
            "1 fortnight",
            "1.5 days",
            "1 day 2 days",
            "1 day ago",
            "@ 1 day",
            "infinity",
            "P",
            "P+1D",
            "P1D ",
            "PT",
            "1-2",
            "04:60",
            "1:2:3",
            "3000000000 days",
            "1 day 1",
            "-+1 day",
            "1.1234567 seconds",
            "\u{664} days",
        ] {
            assert!(!push_canonical(text, 6, &mut String::new()).unwrap_err().certain, "{text}");
        }
    }

    #[test]
    fn the_binary_form_has_time_days_and_months() {
        let mut out = Vec::new();
        put_binary("1 year -3 days +00:00:01", &mut out).unwrap();
        let expected = [&SECOND.to_be_bytes()[..], &(-3_i32).to_be_bytes()[..], &12_i32.to_be_bytes()[..]];
        assert_eq!(out, expected.concat());
    }
}
