//! `time` without and with time zone: microseconds from midnight in 8 bytes, and the seconds that the zone's
//! clocks are behind UTC in 4.

use bytes::BufMut;

use super::Refused;
use super::ascii::{Reader, push_padded, trim};
use super::moment::{self, Clock};

/// Adds the canonical text of a time without zone, rounded to so many digits of a second.
pub(super) fn push_canonical(text: &str, precision: u8, out: &mut String) -> Result<(), Refused> {
    if let Some((_, len)) = moment::scan_time(text.as_bytes())
        && len == text.len()
        && moment::is_precise(len - 8, precision)
    {
        out.push_str(text);
        return Ok(());
    }
    let clock = read(text)?;
    // A zone is passed over, as by the server.
    clock.zone()?;
    moment::push_time(moment::rounded(clock.time()?, precision), out);
    Ok(())
}

/// Adds the binary form of a canonical time without zone.
pub(super) fn put_binary(canonical: &str, out: &mut impl BufMut) -> Result<(), Refused> {
    let fast = moment::scan_time(canonical.as_bytes()).filter(|(_, len)| *len == canonical.len());
    out.put_i64(match fast {
        Some((time, _)) => time,
        None => read(canonical)?.time()?,
    });
    Ok(())
}

/// Adds the canonical text of a time with zone, which is UTC where none is given.
pub(super) fn push_zoned(text: &str, precision: u8, out: &mut String) -> Result<(), Refused> {
    let clock = read(text)?;
    let zone = clock.zone()?.unwrap_or(0);
    moment::push_time(moment::rounded(clock.time()?, precision), out);
    out.push(if zone < 0 { '-' } else { '+' });
    let [hour, minute, second] =
        [zone.unsigned_abs() / 3600, zone.unsigned_abs() / 60 % 60, zone.unsigned_abs() % 60];
    push_padded(hour, 2, out);
    for part in [minute, second].into_iter().take(if second > 0 { 2 } else { usize::from(minute > 0) }) {
        out.push(':');
        push_padded(part, 2, out);
    }
    Ok(())
}

/// Adds the binary form of a canonical time with zone.
pub(super) fn put_zoned_binary(canonical: &str, out: &mut impl BufMut) -> Result<(), Refused> {
    let clock = read(canonical)?;
    out.put_i64(clock.time()?);
    out.put_i32(-(clock.zone()?.unwrap_or(0) as i32));
    Ok(())
}

fn read(text: &str) -> Result<Clock, Refused> {
    let text = trim(text);
    let mut reader = Reader::new(text);
    // A text so long is cut by the server.
    match Clock::read(&mut reader) {
        Some(clock) if reader.is_done() && text.len() < 100 => Ok(clock),
        _ => Err(Refused::unread("is a time that only the server can read; write it as 03:04:05")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_one_of_a_day() {
        for (text, precision, expected) in [
            ("03:04:05", 6, "03:04:05"),
            ("3:04", 6, "03:04:00"),
            ("03:04:05.600", 6, "03:04:05.6"),
            ("23:59:59.9999999", 6, "24:00:00"),
            ("23:59:59.5", 0, "24:00:00"),
            ("12:00:00.0625", 3, "12:00:00.063"),
            ("24:00", 6, "24:00:00"),
            ("03:04:05+02", 6, "03:04:05"),
            ("12:00:60", 6, "12:01:00"),
        ] {
            let mut found = String::new();
            push_canonical(text, precision, &mut found).unwrap();
            assert_eq!(found, expected, "{text}");
        }
        for (text, certain) in
            [("24:00:01", true), ("12:60", true), ("noon", false), ("12", false), ("", false)]
        {
            assert_eq!(push_canonical(text, 6, &mut String::new()).unwrap_err().certain, certain, "{text}");
        }
        let mut binary = Vec::new();
        put_binary("00:00:01.5", &mut binary).unwrap();
        assert_eq!(binary, 1_500_000_i64.to_be_bytes());
    }

    #[test]
    fn a_zone_is_kept_as_it_is() {
        for (text, expected) in [
            ("03:04:05+02", "03:04:05+02"),
            ("03:04 -05:30", "03:04:00-05:30"),
            ("03:04", "03:04:00+00"),
            ("03:04:05.5Z", "03:04:05.5+00"),
            ("03:04:05+00:00:30", "03:04:05+00:00:30"),
        ] {
            let mut found = String::new();
            push_zoned(text, 6, &mut found).unwrap();
            assert_eq!(found, expected, "{text}");
        }
        let mut binary = Vec::new();
        put_zoned_binary("00:00:01+02", &mut binary).unwrap();
        assert_eq!(binary, [&1_000_000_i64.to_be_bytes()[..], &(-7200_i32).to_be_bytes()[..]].concat());
    }
}
