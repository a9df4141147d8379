//! Times as files of other programs have them: counted from 1970.

use super::calendar::Day;
use super::moment::{DAY, push_time};

/// Days from 1970-01-01 to 2000-01-01.
const DAYS: i64 = 10_957;

/// Adds the text of a date so many days after 1970-01-01.
pub(crate) fn push_date(days: i64, out: &mut String) {
    let day = Day::numbered(days.saturating_sub(DAYS).max(i64::MIN / 2));
    day.push(out);
    out.push_str(day.era());
}

/// Adds the text of a time of day, so many microseconds after midnight.
pub(crate) fn push_time_of_day(microseconds: i64, out: &mut String) {
    push_time(microseconds, out);
}

/// Adds the text of a moment so many microseconds after 1970 began; `zone` goes behind the time.
pub(crate) fn push_moment(microseconds: i64, zone: &str, out: &mut String) {
    let day = Day::numbered(microseconds.div_euclid(DAY) - DAYS);
    day.push(out);
    out.push(' ');
    push_time(microseconds.rem_euclid(DAY), out);
    out.push_str(zone);
    out.push_str(day.era());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_counted_from_1970() {
        let of = |push: &dyn Fn(&mut String)| {
            let mut out = String::new();
            push(&mut out);
            out
        };
        assert_eq!(of(&|out| push_date(0, out)), "1970-01-01");
        assert_eq!(of(&|out| push_date(-719_163, out)), "0001-12-31 BC");
        assert_eq!(of(&|out| push_time_of_day(86_399_000_001, out)), "23:59:59.000001");
        assert_eq!(of(&|out| push_moment(-1, "+00", out)), "1969-12-31 23:59:59.999999+00");
        assert_eq!(of(&|out| push_moment(951_782_400_500_000, "", out)), "2000-02-29 00:00:00.5");
        for extreme in [i64::MIN, i64::MAX] {
            assert!(!of(&|out| push_moment(extreme, "", out)).is_empty());
            assert!(!of(&|out| push_date(extreme / 1000, out)).is_empty());
        }
    }
}
