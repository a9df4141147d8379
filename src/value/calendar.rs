//! Days of the Gregorian calendar, counted from 2000-01-01 as PostgreSQL counts them
//! (`src/backend/utils/adt/datetime.c`: `date2j`, `j2date`).

/// A day. The year before 1 is 0, that before it -1 ...
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Day {
    pub(super) year: i64,
    pub(super) month: u32,
    pub(super) day: u32,
}

/// The first day of all, 4714-11-24 BC: day 0 of astronomers.
pub(super) const FIRST: i64 = -2_451_545;

/// Days from 0000-03-01 to 2000-01-01.
const EPOCH: i64 = 730_425;

/// Days of 400 years.
const CYCLE: i64 = 146_097;

impl Day {
    /// Its number.
    #[inline]
    pub(super) fn number(self) -> i64 {
        // Years begin in March, so that the odd day comes last.
        let year = if self.month > 2 { self.year } else { self.year - 1 };
        let month = (i64::from(self.month) + 9) % 12;
        let (cycle, year) = (year.div_euclid(400), year.rem_euclid(400));
        cycle * CYCLE + year * 365 + year / 4 - year / 100 + (month * 153 + 2) / 5 + i64::from(self.day)
            - 1
            - EPOCH
    }

    /// The day of this number.
    pub(super) fn numbered(number: i64) -> Self {
        let number = number + EPOCH;
        let (cycle, day) = (number.div_euclid(CYCLE), number.rem_euclid(CYCLE));
        let year = (day - day / 1460 + day / 36_524 - day / (CYCLE - 1)) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = year + cycle * 400 + i64::from(month <= 2);
        Self { year, month: month as u32, day: day as u32 }
    }

    /// Whether its month has such a day.
    #[inline]
    pub(super) fn exists(self) -> bool {
        let is_leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        let days = match self.month {
            4 | 6 | 9 | 11 => 30,
            2 => 28 + u32::from(is_leap),
            1..=12 => 31,
            _ => 0,
        };
        (1..=days).contains(&self.day)
    }

    /// Adds `2026-01-02`, the year without its sign.
    pub(super) fn push(self, out: &mut String) {
        let year = if self.year > 0 { self.year } else { 1 - self.year };
        for (number, width, end) in [(year, 4, "-"), (self.month.into(), 2, "-"), (self.day.into(), 2, "")] {
            super::ascii::push_padded(number.unsigned_abs(), width, out);
            out.push_str(end);
        }
    }

    /// What comes last in a text of this day.
    pub(super) fn era(self) -> &'static str {
        if self.year > 0 { "" } else { " BC" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_the_year_2000() {
        for ((year, month, day), number) in [
            ((2000, 1, 1), 0),
            ((2000, 2, 29), 59),
            ((1999, 12, 31), -1),
            ((1970, 1, 1), -10_957),
            ((-4713, 11, 24), FIRST),
            ((294_276, 12, 31), 106_751_982),
            ((5_874_897, 12, 31), 2_145_031_948),
        ] {
            let day = Day { year, month, day };
            assert_eq!(day.number(), number, "{day:?}");
            assert_eq!(Day::numbered(number), day);
            assert!(day.exists());
        }
    }

    #[test]
    fn every_day_of_four_centuries_is_its_own() {
        let mut last = Day { year: 1799, month: 12, day: 31 };
        for number in last.number() + 1..last.number() + CYCLE {
            let day = Day::numbered(number);
            assert!(day.exists() && day.number() == number && day != last, "{day:?}");
            last = day;
        }
        assert!(!Day { year: 1900, month: 2, day: 29 }.exists());
        assert!(!Day { year: 2026, month: 13, day: 1 }.exists());
    }
}
