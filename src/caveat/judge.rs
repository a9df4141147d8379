//! The verdict on a load of dirty data: what the table holds against what was meant.

use std::collections::BTreeMap;

use crate::record::findings::{Difference, Row, Verdict};

/// What was meant.
#[derive(Debug, Clone, Default)]
pub struct Meant {
    /// Rows that were there before.
    pub before: Vec<Row>,
    /// Rows that any way can load.
    pub good: Vec<Row>,
    /// Rows that are dirty in the file, as they are meant.
    pub dirty: Vec<Row>,
}

impl Meant {
    /// How many rows the table should hold in the end.
    pub fn rows(&self) -> u64 {
        (self.before.len() + self.good.len() + self.dirty.len()) as u64
    }
}

/// How a load ended, by its own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// With an error.
    Error,
    /// Without one, having passed over so many rows.
    Done {
        /// Rows that it says it passed over.
        rejected: u64,
    },
}

/// Holds the rows of the table against those that were meant.
pub fn judge(meant: &Meant, found: &[Row], ending: Ending) -> (Verdict, Option<Difference>) {
    let wanted: Vec<&Row> = meant.before.iter().chain(&meant.good).chain(&meant.dirty).collect();
    let clean: Vec<&Row> = meant.before.iter().chain(&meant.good).collect();
    let there: Vec<&Row> = found.iter().collect();
    let missing = without(&wanted, &there);
    let extra = without(&there, &wanted);
    let untouched =
        found.len() == meant.before.len() && without(&there, &meant.before.iter().collect::<Vec<_>>()).is_empty();
    let good_are_in = without(&clean, &there).is_empty();
    let verdict = match ending {
        Ending::Error if untouched => Verdict::Refused,
        Ending::Error => Verdict::Partial,
        Ending::Done { .. } if missing.is_empty() && extra.is_empty() => Verdict::AsMeant,
        Ending::Done { rejected } if rejected > 0 && extra.is_empty() => match good_are_in {
            true => Verdict::GoodRows,
            false => Verdict::Partial,
        },
        Ending::Done { .. } => Verdict::Damaged,
    };
    let difference = (!missing.is_empty() || !extra.is_empty()).then(|| Difference {
        missing: missing.len() as u64,
        extra: extra.len() as u64,
        meant: missing.first().map(|row| (*row).clone()),
        found: extra.first().map(|row| (*row).clone()),
    });
    (verdict, difference)
}

/// The rows of `all` that `others` has no match for, each match used once.
fn without<'r>(all: &[&'r Row], others: &[&Row]) -> Vec<&'r Row> {
    let mut left: BTreeMap<&Row, usize> = BTreeMap::new();
    for row in others {
        *left.entry(row).or_default() += 1;
    }
    let mut unmatched = Vec::new();
    for row in all {
        match left.get_mut(row) {
            Some(count) if *count > 0 => *count -= 1,
            _ => unmatched.push(*row),
        }
    }
    unmatched
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(texts: &[&str]) -> Vec<Row> {
        texts.iter().map(|text| vec![Some((*text).into())]).collect()
    }

    fn verdict(before: &[&str], found: &[&str], ending: Ending) -> Verdict {
        let meant = Meant { before: rows(before), good: rows(&["a", "b"]), dirty: rows(&["c"]) };
        judge(&meant, &rows(found), ending).0
    }

    const DONE: Ending = Ending::Done { rejected: 0 };
    const PASSED_OVER: Ending = Ending::Done { rejected: 1 };

    #[test]
    fn each_verdict_has_its_case() {
        assert_eq!(verdict(&[], &["c", "a", "b"], DONE), Verdict::AsMeant);
        assert_eq!(verdict(&[], &["a", "b", "c"], PASSED_OVER), Verdict::AsMeant);
        assert_eq!(verdict(&[], &["a", "b"], PASSED_OVER), Verdict::GoodRows);
        assert_eq!(verdict(&[], &["a"], PASSED_OVER), Verdict::Partial);
        assert_eq!(verdict(&[], &["a", "b"], DONE), Verdict::Damaged, "a row is lost without a word");
        assert_eq!(verdict(&[], &["a", "b", "x"], PASSED_OVER), Verdict::Damaged);
        assert_eq!(verdict(&["z"], &["z"], Ending::Error), Verdict::Refused);
        assert_eq!(verdict(&["z"], &["z", "a"], Ending::Error), Verdict::Partial);
        assert_eq!(verdict(&["z"], &[], Ending::Error), Verdict::Partial, "what was there is gone");
    }

    #[test]
    fn a_row_that_is_there_twice_is_one_too_many() {
        let meant = Meant { before: rows(&["a"]), ..Meant::default() };
        let (verdict, difference) = judge(&meant, &rows(&["a", "a"]), DONE);
        let difference = difference.unwrap();
        assert_eq!((verdict, difference.missing, difference.extra), (Verdict::Damaged, 0, 1));
        assert_eq!(difference.found, Some(vec![Some("a".into())]));
    }
}
