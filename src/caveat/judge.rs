//! The verdict on a load of dirty data: what the table holds against what was meant.

use std::cmp::Reverse;
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
    /// It went on to its end, and told of rows that it passed over, or of an error.
    Told,
    /// It went on to its end, and told of nothing.
    Silent,
}

/// Holds the rows of the table against those that were meant.
pub fn judge(meant: &Meant, found: &[Row], ending: Ending) -> (Verdict, Option<Difference>) {
    let wanted: Vec<&Row> = meant.before.iter().chain(&meant.good).chain(&meant.dirty).collect();
    let clean: Vec<&Row> = meant.before.iter().chain(&meant.good).collect();
    let there: Vec<&Row> = found.iter().collect();
    let missing = without(&wanted, &there);
    let extra = without(&there, &wanted);
    let untouched = found.len() == meant.before.len()
        && without(&there, &meant.before.iter().collect::<Vec<_>>()).is_empty();
    let good_are_in = without(&clean, &there).is_empty();
    let verdict = match ending {
        Ending::Error if untouched => Verdict::Refused,
        Ending::Error if extra.is_empty() => Verdict::Partial,
        _ if missing.is_empty() && extra.is_empty() => Verdict::AsMeant,
        Ending::Told if extra.is_empty() && good_are_in => Verdict::GoodRows,
        Ending::Told if extra.is_empty() => Verdict::Partial,
        _ => Verdict::Damaged,
    };
    (verdict, difference(&missing, &extra))
}

/// What differs, by one row: one that became another, if there is such a pair, else the first.
fn difference(missing: &[&Row], extra: &[&Row]) -> Option<Difference> {
    let pairs = missing.iter().flat_map(|meant| extra.iter().map(|found| (*meant, *found)));
    let alike = pairs.filter(|(meant, found)| shared(meant, found) > 0);
    let (meant, found) = match alike.min_by_key(|(meant, found)| Reverse(shared(meant, found))) {
        Some((meant, found)) => (Some(meant), Some(found)),
        None => (missing.first().copied(), extra.first().copied()),
    };
    (!missing.is_empty() || !extra.is_empty()).then(|| Difference {
        missing: missing.len() as u64,
        extra: extra.len() as u64,
        meant: meant.cloned(),
        found: found.cloned(),
    })
}

/// How many values of one row are in the other.
fn shared(a: &Row, b: &Row) -> usize {
    a.iter().filter(|value| value.is_some() && b.contains(value)).count()
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

    #[test]
    fn each_verdict_has_its_case() {
        assert_eq!(verdict(&[], &["c", "a", "b"], Ending::Silent), Verdict::AsMeant);
        assert_eq!(verdict(&[], &["a", "b", "c"], Ending::Told), Verdict::AsMeant);
        assert_eq!(verdict(&[], &["a", "b"], Ending::Told), Verdict::GoodRows);
        assert_eq!(verdict(&[], &["a"], Ending::Told), Verdict::Partial);
        assert_eq!(
            verdict(&[], &["a", "b"], Ending::Silent),
            Verdict::Damaged,
            "a row is lost without a word"
        );
        assert_eq!(verdict(&[], &["a", "b", "x"], Ending::Told), Verdict::Damaged);
        assert_eq!(verdict(&["z"], &["z"], Ending::Error), Verdict::Refused);
        assert_eq!(verdict(&["z"], &["z", "a"], Ending::Error), Verdict::Partial);
        assert_eq!(verdict(&["z"], &["z", "a", "x"], Ending::Error), Verdict::Damaged);
        assert_eq!(verdict(&["z"], &["z", "z"], Ending::Error), Verdict::Damaged);
        assert_eq!(verdict(&["z"], &[], Ending::Error), Verdict::Partial, "what was there is gone");
    }

    #[test]
    fn a_row_that_is_there_twice_is_one_too_many() {
        let meant = Meant { before: rows(&["a"]), ..Meant::default() };
        let (verdict, difference) = judge(&meant, &rows(&["a", "a"]), Ending::Silent);
        let difference = difference.unwrap();
        assert_eq!((verdict, difference.missing, difference.extra), (Verdict::Damaged, 0, 1));
        assert_eq!(difference.found, Some(vec![Some("a".into())]));
    }

    #[test]
    fn a_changed_row_stands_beside_what_it_was() {
        let row = |values: [&str; 2]| -> Row { values.map(|value| Some(value.into())).into() };
        let meant = Meant { good: vec![row(["6", "six"]), row(["2", "b"])], ..Meant::default() };
        let (_, difference) = judge(&meant, &[row(["9", "x"]), row(["2", "B"])], Ending::Silent);
        let difference = difference.unwrap();
        assert_eq!((difference.meant, difference.found), (Some(row(["2", "b"])), Some(row(["2", "B"]))));
    }
}
