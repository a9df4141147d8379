//! The canonical texts of invented values, straight from numbers.

use std::io::Write;

use super::random::Random;

/// Microseconds in a day.
const DAY_US: i64 = 86_400_000_000;

/// Adds a time in microseconds since 1970, after 1970 and before 10000, as `timestamptz` writes it in UTC.
pub(crate) fn push_timestamptz(us: i64, out: &mut Vec<u8>) {
    push_timestamp(us, out);
    out.extend_from_slice(b"+00");
}

/// Adds such a time as `timestamp` writes it.
pub(crate) fn push_timestamp(us: i64, out: &mut Vec<u8>) {
    push_date(us / DAY_US, out);
    out.push(b' ');
    push_time(us % DAY_US, out);
}

/// Adds a day, counted since 1970-01-01, as `date` writes it.
pub(crate) fn push_date(days: i64, out: &mut Vec<u8>) {
    let (year, month, day) = date_of(days);
    push_padded(year, 4, out);
    for number in [month, day] {
        out.push(b'-');
        push_padded(number, 2, out);
    }
}

/// Adds a time of day in microseconds as `time` writes it.
pub(crate) fn push_time(us: i64, out: &mut Vec<u8>) {
    let (seconds, fraction) = (us / 1_000_000, us % 1_000_000);
    push_padded(seconds / 3600, 2, out);
    for number in [seconds / 60 % 60, seconds % 60] {
        out.push(b':');
        push_padded(number, 2, out);
    }
    push_fraction(fraction, 6, out);
}

/// Adds `number / 10^digits` as `double precision` writes it: the shortest decimal that is this number. Of so
/// few digits as here (`number` below 10^15, no exponent needed) that is the decimal itself.
pub(crate) fn push_decimal(number: i64, digits: usize, out: &mut Vec<u8>) {
    let scale = 10_i64.pow(digits as u32);
    if number < 0 {
        out.push(b'-');
    }
    push_number(number.unsigned_abs() / scale as u64, out);
    push_fraction(number.abs() % scale, digits, out);
}

/// Adds `number / 100` as `numeric(12,2)` writes it.
pub(crate) fn push_cents(number: i64, out: &mut Vec<u8>) {
    push_number((number / 100) as u64, out);
    out.push(b'.');
    push_padded(number % 100, 2, out);
}

/// Adds a random `uuid` of version 4 (RFC 9562).
pub(crate) fn push_uuid(random: &mut Random, out: &mut Vec<u8>) {
    let (high, low) = (random.bits(), random.bits());
    let high = high & !0xf000 | 0x4000;
    let low = low & !(0b11 << 62) | 0b10 << 62;
    let value = (u128::from(high) << 64) | u128::from(low);
    for i in (0..32).rev() {
        if matches!(i, 23 | 19 | 15 | 11) {
            out.push(b'-');
        }
        out.push(b"0123456789abcdef"[(value >> (4 * i) & 15) as usize]);
    }
}

/// Adds a number in decimal.
pub(crate) fn push_number(number: u64, out: &mut Vec<u8>) {
    // A Vec takes everything.
    let _ = write!(out, "{number}");
}

/// Adds a point and so many digits, without zeros at the end; nothing of a whole number.
fn push_fraction(fraction: i64, digits: usize, out: &mut Vec<u8>) {
    if fraction == 0 {
        return;
    }
    out.push(b'.');
    push_padded(fraction, digits, out);
    while out.last() == Some(&b'0') {
        out.pop();
    }
}

fn push_padded(number: i64, digits: usize, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + digits, b'0');
    let mut rest = number;
    for digit in out[start..].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
}

/// Year, month and day of a day since 1970-01-01, by the Gregorian calendar: counted from a first of March, so
/// that a leap day ends its year, in eras of 400 years, which all have 146,097 days.
fn date_of(days: i64) -> (i64, i64, i64) {
    // 0000-03-01 was 719,468 days before 1970-01-01.
    let days = days + 719_468;
    let (era, in_era) = (days / 146_097, days % 146_097);
    let year_in_era = (in_era - in_era / 1460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year_in_era + year_in_era / 4 - year_in_era / 100);
    // Months from March on have 31, 30, 31, 30, 31 days, again and again: 153 in five.
    let month_from_march = (5 * in_year + 2) / 153;
    let day = in_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = 400 * era + year_in_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(push: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        push(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn times_are_those_of_another_calendar() {
        for us in [0, 951_782_399_999_999, 951_868_800_000_000, 1_709_251_200_120_000, 4_107_542_399_000_010]
        {
            let expected = jiff::Timestamp::from_microsecond(us).unwrap().to_string();
            let expected = expected.replace('T', " ").replace('Z', "+00");
            assert_eq!(of(|out| push_timestamptz(us, out)), expected);
        }
    }

    #[test]
    fn decimals_are_the_shortest() {
        for (number, digits, text) in
            [(0, 3, "0"), (-5, 3, "-0.005"), (21_400, 3, "21.4"), (1_013_250, 2, "10132.5"), (-100, 2, "-1")]
        {
            assert_eq!(of(|out| push_decimal(number, digits, out)), text);
            assert_eq!(text.parse::<f64>().unwrap().to_string(), text);
        }
        assert_eq!(of(|out| push_cents(5, out)), "0.05");
        assert_eq!(of(|out| push_cents(123_450, out)), "1234.50");
    }
}
