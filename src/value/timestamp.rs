//! `timestamp` with and without time zone: microseconds from 2000-01-01 in 8 bytes.

use bytes::BufMut;

use super::Refused;
use super::calendar::Day;
use super::moment::{self, DAY, Moment, SECOND};

/// Whether a zone counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zone {
    /// `with time zone`: kept as UTC, which is also meant where none is given.
    Kept,
    /// `without time zone`: passed over.
    Ignored,
}

impl Zone {
    fn text(self) -> &'static str {
        match self {
            Zone::Kept => "+00",
            Zone::Ignored => "",
        }
    }
}

/// 4714-11-24 00:00:00 BC, and the end of 294276-12-31.
const FIRST: i64 = -211_813_488_000_000_000;
const END: i64 = 9_223_371_331_200_000_000;

/// Adds the canonical text, in UTC and rounded to so many digits of a second.
pub(super) fn push_canonical(text: &str, precision: u8, zone: Zone, out: &mut String) -> Result<(), Refused> {
    if let Some((_, _, len)) = moment::scan(text.as_bytes())
        && &text[len..] == zone.text()
        && moment::is_precise(len - "2026-01-02 03:04:05".len(), precision)
    {
        out.push_str(text);
        return Ok(());
    }
    if let Some(time) = moment::scan_common(text)
        && moment::is_precise(time.len() - "03:04:05".len(), precision)
    {
        for part in [&text[.."2026-01-02".len()], " ", time, zone.text()] {
            out.push_str(part);
        }
        return Ok(());
    }
    match number(moment::read(text)?, zone)? {
        i64::MAX => out.push_str("infinity"),
        i64::MIN => out.push_str("-infinity"),
        exact => {
            let rounded = moment::rounded(exact, precision);
            if rounded >= END {
                return Err(Refused::unread(
                    "is rounded to a time that the type does not have; give it all digits",
                ));
            }
            let day = Day::numbered(rounded.div_euclid(DAY));
            day.push(out);
            out.push(' ');
            moment::push_time(rounded.rem_euclid(DAY), out);
            out.push_str(zone.text());
            out.push_str(day.era());
        }
    }
    Ok(())
}

/// Adds the binary form of a canonical text.
pub(super) fn put_binary(canonical: &str, zone: Zone, out: &mut impl BufMut) -> Result<(), Refused> {
    let fast = moment::scan(canonical.as_bytes()).filter(|(_, _, len)| &canonical[*len..] == zone.text());
    out.put_i64(match fast {
        Some((day, time, _)) => day.number() * DAY + time,
        None => number(moment::read(canonical)?, zone)?,
    });
    Ok(())
}

fn number(moment: Moment, kind: Zone) -> Result<i64, Refused> {
    let (day, time, zone) = match moment {
        Moment::AfterAll => return Ok(i64::MAX),
        Moment::BeforeAll => return Ok(i64::MIN),
        Moment::At { day, time, zone } => (day, time, zone),
    };
    let ahead = match kind {
        Zone::Kept => zone.unwrap_or(0) * SECOND,
        Zone::Ignored => 0,
    };
    day.number()
        .checked_mul(DAY)
        .and_then(|start| start.checked_add(time - ahead))
        .filter(|number| (FIRST..END).contains(number))
        .ok_or_else(|| Refused::wrong("is not a time from 4714-11-24 BC to 294276-12-31; correct the year"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(zone: Zone, precision: u8, text: &str, canonical: &str, number: i64) {
        let (mut found, mut binary) = (String::new(), Vec::new());
        push_canonical(text, precision, zone, &mut found).unwrap();
        put_binary(&found, zone, &mut binary).unwrap();
        assert_eq!((found.as_str(), binary.as_slice()), (canonical, &number.to_be_bytes()[..]), "{text}");
        let mut again = String::new();
        push_canonical(&found, precision, zone, &mut again).unwrap();
        assert_eq!(again, canonical);
    }

    #[test]
    fn a_zone_counts_only_where_it_is_kept() {
        let start = 9498 * DAY;
        check(Zone::Kept, 6, "2026-01-02T02:00:00+02", "2026-01-02 00:00:00+00", start);
        check(Zone::Kept, 6, "2026-01-02 00:00", "2026-01-02 00:00:00+00", start);
        check(Zone::Ignored, 6, "2026-01-02 00:00:00.250+02", "2026-01-02 00:00:00.25", start + 250_000);
        check(Zone::Kept, 6, "2026-01-02 00:00:00Z", "2026-01-02 00:00:00+00", start);
        check(Zone::Kept, 6, "2026-01-01 24:00:00Z", "2026-01-02 00:00:00+00", start);
        check(
            Zone::Kept,
            6,
            "0001-01-01 00:00:00+01",
            "0001-12-31 23:00:00+00 BC",
            -730_119 * DAY - 3600 * SECOND,
        );
    }

    #[test]
    fn a_precision_rounds() {
        check(Zone::Ignored, 0, "1999-12-31 23:59:59.5", "1999-12-31 23:59:59", -SECOND);
        check(Zone::Ignored, 0, "2000-01-01 00:00:00.5", "2000-01-01 00:00:01", SECOND);
        check(Zone::Ignored, 3, "2000-01-01 00:00:00.0005", "2000-01-01 00:00:00.001", 1000);
    }

    #[test]
    fn the_range_ends_where_postgresql_s_ends() {
        check(Zone::Ignored, 6, "294276-12-31 23:59:59.999999", "294276-12-31 23:59:59.999999", END - 1);
        check(Zone::Kept, 6, "4714-11-23 23:00:00-01 BC", "4714-11-24 00:00:00+00 BC", FIRST);
        check(Zone::Kept, 6, "infinity", "infinity", i64::MAX);
        for text in ["294277-01-01 00:00", "4714-11-23 23:59 BC", "9999999-01-01"] {
            let refused = push_canonical(text, 6, Zone::Ignored, &mut String::new()).unwrap_err();
            assert!(refused.certain, "{text}");
        }
        let refused =
            push_canonical("294276-12-31 23:59:59.9", 0, Zone::Ignored, &mut String::new()).unwrap_err();
        assert!(!refused.certain);
    }
}
