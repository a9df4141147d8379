//! A day with a time and a zone, as `date`, `timestamp` and their like are spelled.

use super::Refused;
use super::ascii::{Reader, decimal, trim, two};
use super::calendar::Day;

pub(super) const SECOND: i64 = 1_000_000;
pub(super) const MINUTE: i64 = 60 * SECOND;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;

/// What a text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// `-infinity`.
    BeforeAll,
    /// `infinity`.
    AfterAll,
    /// A day and what follows it.
    At {
        day: Day,
        /// Microseconds from its beginning; zero where no time is given.
        time: i64,
        /// Seconds that the zone's clocks are ahead of UTC; `None` where no zone is given.
        zone: Option<i64>,
    },
}

/// Reads `2026-01-02`, also with a time behind a blank or `T`, a zone behind that, and `BC` at the end.
pub(super) fn read(text: &str) -> Result<Moment, Refused> {
    let text = trim(text);
    if text.eq_ignore_ascii_case("infinity") {
        return Ok(Moment::AfterAll);
    }
    if text.eq_ignore_ascii_case("-infinity") {
        return Ok(Moment::BeforeAll);
    }
    let mut reader = Reader::new(text);
    let [year, month, day] = date(&mut reader).ok_or_else(unread)?;
    let has_blanks = reader.eat_blanks();
    let has_letter = !has_blanks && reader.eat_word("T");
    let mut clock = Clock::default();
    if has_letter || (has_blanks && reader.peek().is_some_and(|next| next.is_ascii_digit())) {
        clock = Clock::read(&mut reader).ok_or_else(unread)?;
    }
    let is_before_christ = (reader.eat_blanks() || has_blanks) && reader.eat_word("BC");
    // A text so long is cut by the server.
    if !reader.is_done() || text.len() > 100 {
        return Err(unread());
    }
    let year = match (year, is_before_christ) {
        (0, _) => {
            return Err(Refused::wrong(
                "has the year 0, which there is not: write 0001 BC for that before 1",
            ));
        }
        (year, true) => 1 - year,
        (year, false) => year,
    };
    let day = Day { year, month: month as u32, day: day as u32 };
    if !day.exists() {
        return Err(Refused::wrong("is a day that no calendar has; correct month and day"));
    }
    Ok(Moment::At { day, time: clock.time()?, zone: clock.zone()? })
}

fn date(reader: &mut Reader<'_>) -> Option<[i64; 3]> {
    let year = reader.number(4, 7)?;
    let month = reader.eat(b'-').then(|| reader.number(1, 2))??;
    let day = reader.eat(b'-').then(|| reader.number(1, 2))??;
    Some([year, month, day])
}

#[cold]
fn unread() -> Refused {
    Refused::unread("is spelled in a way that only the server can read; write it as 2026-01-02 03:04:05+00")
}

/// A time of a day as a text has it, and its zone.
#[derive(Debug, Clone, Default)]
pub(super) struct Clock {
    hour: i64,
    minute: i64,
    second: i64,
    /// Microseconds.
    fraction: i64,
    /// Sign, hours, minutes and seconds.
    zone: Option<[i64; 4]>,
}

impl Clock {
    /// Reads `03:04`, `03:04:05.678`, and a zone behind it.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let hour = reader.number(1, 2)?;
        let minute = reader.eat(b':').then(|| reader.number(2, 2))??;
        let mut clock = Self { hour, minute, ..Self::default() };
        if reader.eat(b':') {
            clock.second = reader.number(2, 2)?;
            if reader.eat(b'.') {
                clock.fraction = microseconds(reader.run(|byte| byte.is_ascii_digit()))?;
            }
        }
        let mut behind = reader.clone();
        behind.eat_blanks();
        if let Some(zone) = zone(&mut behind)? {
            clock.zone = Some(zone);
            *reader = behind;
        }
        Some(clock)
    }

    /// Microseconds from the day's beginning to its end at 24:00:00.
    pub(super) fn time(&self) -> Result<i64, Refused> {
        let time = self.hour * HOUR + self.minute * MINUTE + self.second * SECOND + self.fraction;
        if self.minute > 59 || self.second > 60 || (time > DAY && self.second < 60) {
            return Err(Refused::wrong("has a time that no day has: write one from 00:00:00 to 24:00:00"));
        }
        // A leap second that goes beyond the day was taken up to PostgreSQL 13.
        if time > DAY {
            return Err(Refused::unread(
                "has a time beyond the end of the day; write it as one of the next day",
            ));
        }
        Ok(time)
    }

    /// Seconds that the zone's clocks are ahead of UTC.
    pub(super) fn zone(&self) -> Result<Option<i64>, Refused> {
        let Some([sign, hour, minute, second]) = self.zone else { return Ok(None) };
        if hour > 15 || minute > 59 || second > 59 {
            return Err(Refused::wrong(
                "has a zone that no clock has: write one from -15:59:59 to +15:59:59",
            ));
        }
        Ok(Some(sign * (hour * 3600 + minute * 60 + second)))
    }
}

/// `Z`, `UTC`, `+02`, `+0200`, `+02:00` or `+02:00:00`; no zone where something else follows, and `None` where
/// it is one that is not known here.
fn zone(reader: &mut Reader<'_>) -> Option<Option<[i64; 4]>> {
    let name = reader.clone().run(|byte| byte.is_ascii_alphabetic());
    if ["Z", "UTC", "GMT"].iter().any(|utc| name.eq_ignore_ascii_case(utc.as_bytes())) {
        reader.run(|byte| byte.is_ascii_alphabetic());
        return Some(Some([1, 0, 0, 0]));
    }
    let sign = match (reader.eat(b'+'), reader.eat(b'-')) {
        (true, false) => 1,
        (false, true) => -1,
        (false, false) => return Some(None),
        (true, true) => return None,
    };
    let digits = reader.run(|byte| byte.is_ascii_digit());
    let hour = decimal(digits.get(..digits.len().min(2))?);
    match digits.len() {
        4 => Some(Some([sign, hour, decimal(&digits[2..]), 0])),
        1 | 2 if reader.eat(b':') => {
            let minute = reader.number(2, 2)?;
            let second = if reader.eat(b':') { reader.number(2, 2)? } else { 0 };
            Some(Some([sign, hour, minute, second]))
        }
        1 | 2 => Some(Some([sign, hour, 0, 0])),
        _ => None,
    }
}

/// The microseconds of digits behind a point. The seventh and later ones are rounded as the server does it.
pub(super) fn microseconds(digits: &[u8]) -> Option<i64> {
    if digits.len() <= 6 {
        return Some((digits.len()..6).fold(decimal(digits), |number, _| number * 10));
    }
    let fraction: f64 = format!("0.{}", std::str::from_utf8(digits).ok()?).parse().ok()?;
    Some((fraction * 1e6).round_ties_even() as i64)
}

/// Rounds to so many digits of a second, halves away from zero.
pub(super) fn rounded(microseconds: i64, precision: u8) -> i64 {
    let unit = 10_i64.pow(6 - u32::from(precision.min(6)));
    let half = unit / 2 * microseconds.signum();
    microseconds.saturating_add(half) / unit * unit
}

/// Adds `03:04:05.678`.
pub(super) fn push_time(time: i64, out: &mut String) {
    let part = |unit: i64, of: i64| ((time % of) / unit).unsigned_abs();
    super::ascii::push_padded((time / HOUR).unsigned_abs(), 2, out);
    out.push(':');
    super::ascii::push_padded(part(MINUTE, HOUR), 2, out);
    out.push(':');
    super::ascii::push_padded(part(SECOND, MINUTE), 2, out);
    push_fraction(part(1, SECOND), out);
}

/// Adds a point and the digits of microseconds without the last zeros; nothing where there are none.
fn push_fraction(microseconds: u64, out: &mut String) {
    if microseconds > 0 {
        out.push('.');
        super::ascii::push_padded(microseconds, 6, out);
        out.truncate(out.trim_end_matches('0').len());
    }
}

/// Whether so many bytes, a point and digits, are no more digits than a type has.
#[inline]
pub(super) fn is_precise(fraction: usize, precision: u8) -> bool {
    fraction == 0 || fraction - 1 <= usize::from(precision)
}

/// A day and a time in canonical form, and how many bytes of the text they are: the fast way.
#[inline]
pub(super) fn scan(text: &[u8]) -> Option<(Day, i64, usize)> {
    let day = scan_day(text)?;
    if *text.get(10)? != b' ' {
        return None;
    }
    let (time, len) = scan_time(&text[11..])?;
    Some((day, time, 11 + len))
}

/// The time in a text that is canonical but for a `T` between day and time, zeros at the end of the time, and
/// the way in which it says that it is UTC, or says no zone.
pub(super) fn scan_common(text: &str) -> Option<&str> {
    scan_day(text.as_bytes())?;
    let behind_day = text.get(10..)?;
    let behind = behind_day.strip_prefix(['T', ' '])?;
    let end = behind.bytes().position(|byte| !matches!(byte, b'0'..=b':' | b'.')).unwrap_or(behind.len());
    let (mut time, zone) = behind.split_at(end);
    if time.as_bytes().get(8) == Some(&b'.') {
        time = time.trim_end_matches('0');
        time = if time.len() == 9 { &time[..8] } else { time };
    }
    let (_, len) = scan_time(time.as_bytes())?;
    (len == time.len() && ["", "Z", "+00", "+00:00"].contains(&zone)).then_some(time)
}

/// A day of a year of four digits.
#[inline]
pub(super) fn scan_day(text: &[u8]) -> Option<Day> {
    if text.len() < 10 || text[4] != b'-' || text[7] != b'-' {
        return None;
    }
    let year = two(text, 0)? * 100 + two(text, 2)?;
    let day = Day { year: year.into(), month: two(text, 5)?, day: two(text, 8)? };
    (year > 0 && day.exists()).then_some(day)
}

/// A time before 24:00:00, and how many bytes it is.
#[inline]
pub(super) fn scan_time(text: &[u8]) -> Option<(i64, usize)> {
    if text.len() < 8 || text[2] != b':' || text[5] != b':' {
        return None;
    }
    let (hour, minute, second) = (two(text, 0)?, two(text, 3)?, two(text, 6)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let time = i64::from(hour * 3600 + minute * 60 + second) * SECOND;
    if text.get(8) != Some(&b'.') {
        return Some((time, 8));
    }
    let count = text[9..].iter().take(7).take_while(|byte| byte.is_ascii_digit()).count();
    let digits = &text[9..9 + count];
    if count > 6 || *digits.last()? == b'0' {
        return None;
    }
    Some((time + microseconds(digits)?, 9 + count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> (String, i64, Option<i64>) {
        let Ok(Moment::At { day, time, zone }) = read(text) else { panic!("{text}: {:?}", read(text)) };
        let mut shown = String::new();
        day.push(&mut shown);
        (shown + day.era(), time, zone)
    }

    #[test]
    fn the_usual_spellings_are_read() {
        for (text, day, time, zone) in [
            ("2026-01-02", "2026-01-02", 0, None),
            ("2026-1-2 3:04", "2026-01-02", 3 * HOUR + 4 * MINUTE, None),
            ("2026-01-02T03:04:05Z", "2026-01-02", 3 * HOUR + 4 * MINUTE + 5 * SECOND, Some(0)),
            (" 2026-01-02  00:00:01.5 +0530 ", "2026-01-02", 1_500_000, Some(19_800)),
            ("0044-03-15 00:00:00-01:30 BC", "0044-03-15 BC", 0, Some(-5400)),
            ("0044-03-15 BC", "0044-03-15 BC", 0, None),
            ("2026-01-02 24:00:00", "2026-01-02", DAY, None),
            ("2026-01-02 23:59:60 UTC", "2026-01-02", DAY, Some(0)),
            ("12026-01-02", "12026-01-02", 0, None),
            ("2026-01-02 00:00:00.1234565", "2026-01-02", 123_456, None),
            ("2026-01-02 00:00:00.1234575", "2026-01-02", 123_458, None),
        ] {
            assert_eq!(at(text), (day.to_owned(), time, zone), "{text}");
        }
        assert_eq!(read("Infinity"), Ok(Moment::AfterAll));
        assert_eq!(read(" -infinity"), Ok(Moment::BeforeAll));
    }

    #[test]
    fn what_no_calendar_or_clock_has_is_wrong() {
        for text in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-01",
            "0000-01-01",
            "2026-01-02 25:00:00",
            "2026-01-02 24:00:01",
            "2026-01-02 12:60",
            "2026-01-02 00:00:61",
            "2026-01-02 00:00:00+16",
            "2026-01-02 00:00:00+01:60",
        ] {
            assert!(read(text).unwrap_err().certain, "{text}");
        }
    }

    #[test]
    fn other_spellings_are_the_server_s() {
        for text in [
            "",
            "now",
            "01/02/2026",
            "2026-Jan-02",
            "26-01-02",
            "20260102",
            "2026-01-02 3pm",
            "2026-01-02T",
            "2026-01-02 03:04:05 Europe/Paris",
            "2026-01-02 03:04:05+",
            "2026-01-02 03:04:05+123",
            "2026-01-02x",
            "2026-01-02 23:59:60.5",
            "2026-01-02 03",
            "2026-01-02 00:00:00 AD",
            "\u{664}",
            "2026-01-02BC",
        ] {
            assert!(!read(text).unwrap_err().certain, "{text}");
        }
    }

    #[test]
    fn halves_are_rounded_away_from_zero() {
        for (time, precision, expected) in [
            (500_000, 0, 1_000_000),
            (499_999, 0, 0),
            (-500_000, 0, -1_000_000),
            (1_250, 3, 1_000),
            (1_250, 4, 1_300),
        ] {
            assert_eq!(rounded(time, precision), expected, "{time} {precision}");
        }
    }

    #[test]
    fn a_canonical_moment_is_scanned() {
        let day = Day { year: 2026, month: 1, day: 2 };
        assert_eq!(scan(b"2026-01-02 00:00:01.25+00"), Some((day, 1_250_000, 22)));
        for text in
            ["2026-01-02T00:00:01", "2026-01-02 00:00:01.250", "0000-01-02 00:00:01", "2026-01-02 24:00:00"]
        {
            assert_eq!(scan(text.as_bytes()), None, "{text}");
        }
    }
}
