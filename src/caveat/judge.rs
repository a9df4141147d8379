//! The verdict on a load of dirty data: what the table holds against what was meant.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::table_rows::{RowBytes, shown};
use crate::model::findings::{Difference, Row, Verdict};

/// The rows as they were meant.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meant {
    /// Rows that were there before.
    pub before: Vec<Row>,
    /// Rows that any way can load.
    pub good: Vec<Row>,
    /// Rows that are dirty in the file, as they are meant.
    pub dirty: Vec<Row>,
}

impl Meant {
    /// Rows that the table should hold in the end.
    pub(crate) fn rows(&self) -> u64 {
        (self.before.len() + self.good.len() + self.dirty.len()) as u64
    }
}

/// The end of a load, by its own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With an error.
    Error,
    /// It went on to its end, and reported this many rows passed over: one at least.
    Counted(u64),
    /// It went on to its end, and reported an error but no number.
    Reported,
    /// It went on to its end, and reported nothing.
    Silent,
}

/// Holds the rows of the table against those that were meant; `columns` are the table's.
pub(crate) fn judge(
    meant: &Meant,
    found: &[RowBytes],
    ending: Ending,
    columns: &[&str],
) -> (Verdict, Option<Difference>) {
    let [before, good, dirty] = [&meant.before, &meant.good, &meant.dirty].map(|rows| bytes(rows));
    let clean: Vec<&RowBytes> = before.iter().chain(&good).collect();
    let wanted: Vec<&RowBytes> = clean.iter().copied().chain(&dirty).collect();
    let there: Vec<&RowBytes> = found.iter().collect();
    let missing = without(&wanted, &there);
    let extra = without(&there, &wanted);
    let before_is_there = without(&before.iter().collect::<Vec<_>>(), &there).is_empty();
    let good_are_in = without(&clean, &there).is_empty();
    let untouched = before_is_there && found.len() == before.len();
    let lost = missing.len() as u64;
    let verdict = match ending {
        Ending::Error if untouched => Verdict::Refused,
        _ if missing.is_empty() && extra.is_empty() => Verdict::AsMeant,
        // Rows that nobody meant, or a load that took what was there before.
        _ if !extra.is_empty() || !before_is_there => Verdict::Damaged,
        Ending::Silent => Verdict::Damaged,
        // None of its rows is in: to have passed over all of them is to have refused them.
        Ending::Counted(rejected) if untouched && rejected < lost => Verdict::Damaged,
        _ if untouched => Verdict::Refused,
        // It may report more, as rows that mean nothing are none that are lost.
        Ending::Counted(rejected) if rejected < lost => Verdict::Untruthful,
        Ending::Counted(_) | Ending::Reported if good_are_in => Verdict::GoodRows,
        Ending::Error | Ending::Counted(_) | Ending::Reported => Verdict::Partial,
    };
    (verdict, difference(&missing, &extra, columns))
}

/// Rows as a table holds them.
fn bytes(rows: &[Row]) -> Vec<RowBytes> {
    let value = |text: &Option<String>| text.as_ref().map(|text| text.as_bytes().to_vec());
    rows.iter().map(|row| row.iter().map(value).collect()).collect()
}

/// The difference, by one row: one that became another, if there is such a pair, else the first; of those
/// that were not meant one that is no text before all others.
fn difference(missing: &[&RowBytes], extra: &[&RowBytes], columns: &[&str]) -> Option<Difference> {
    let pairs = missing.iter().flat_map(|meant| extra.iter().map(|found| (*meant, *found)));
    let similar = pairs.filter(|(meant, found)| shared(meant, found) > 0);
    let nearest = |(meant, found): &(&RowBytes, &RowBytes)| (is_text(found), Reverse(shared(meant, found)));
    let (meant, found) = match similar.min_by_key(nearest) {
        Some((meant, found)) => (Some(meant), Some(found)),
        None => (missing.first().copied(), extra.iter().min_by_key(|found| is_text(found)).copied()),
    };
    let row = |held: &RowBytes| -> Row { held.iter().map(|value| value.as_deref().map(shown)).collect() };
    let not_utf8 = |held: &RowBytes| -> Vec<String> {
        let broken =
            held.iter().zip(columns).filter(|(value, _)| !value.as_ref().is_none_or(|bytes| is_utf8(bytes)));
        broken.map(|(_, name)| (*name).to_owned()).collect()
    };
    (!missing.is_empty() || !extra.is_empty()).then(|| Difference {
        missing: missing.len() as u64,
        extra: extra.len() as u64,
        meant: meant.map(row),
        found: found.map(row),
        not_utf8: found.map(not_utf8).unwrap_or_default(),
    })
}

fn is_text(row: &RowBytes) -> bool {
    row.iter().flatten().all(|bytes| is_utf8(bytes))
}

fn is_utf8(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok()
}

/// Number of values that two rows share.
fn shared(a: &RowBytes, b: &RowBytes) -> usize {
    a.iter().filter(|value| value.is_some() && b.contains(value)).count()
}

/// The rows of `all` that `others` has no match for, each match used once.
fn without<'r>(all: &[&'r RowBytes], others: &[&RowBytes]) -> Vec<&'r RowBytes> {
    let mut left: BTreeMap<&RowBytes, usize> = BTreeMap::new();
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
        judge(&meant, &bytes(&rows(found)), ending, &["word"]).0
    }

    #[test]
    fn each_verdict_has_its_case() {
        use Ending::{Counted, Reported, Silent};
        assert_eq!(verdict(&[], &["c", "a", "b"], Silent), Verdict::AsMeant);
        assert_eq!(verdict(&[], &["a", "b", "c"], Reported), Verdict::AsMeant);
        assert_eq!(verdict(&[], &["a", "b"], Reported), Verdict::GoodRows);
        assert_eq!(verdict(&[], &["a", "b"], Counted(1)), Verdict::GoodRows);
        assert_eq!(verdict(&[], &["a"], Reported), Verdict::Partial);
        assert_eq!(verdict(&[], &["a"], Counted(2)), Verdict::Partial);
        assert_eq!(verdict(&[], &["a", "b"], Silent), Verdict::Damaged, "a row is lost without a word");
        assert_eq!(verdict(&[], &["a", "b", "x"], Reported), Verdict::Damaged);
        assert_eq!(verdict(&["z"], &["z"], Ending::Error), Verdict::Refused);
        assert_eq!(verdict(&["z"], &["z", "a"], Ending::Error), Verdict::Partial);
        assert_eq!(verdict(&["z"], &["z", "a", "x"], Ending::Error), Verdict::Damaged);
        assert_eq!(verdict(&["z"], &["z", "z"], Ending::Error), Verdict::Damaged);
        assert_eq!(verdict(&["z"], &[], Ending::Error), Verdict::Damaged, "what was there is gone");
        assert_eq!(verdict(&["z"], &["a", "b"], Counted(2)), Verdict::Damaged, "what was there is gone");
    }

    #[test]
    fn numbers_count() {
        use Ending::{Counted, Reported};
        assert_eq!(verdict(&[], &["a"], Counted(1)), Verdict::Untruthful, "reported 1, and 2 are lost");
        assert_eq!(verdict(&[], &["c"], Counted(1)), Verdict::Untruthful);
        assert_eq!(
            verdict(&[], &["a"], Counted(5)),
            Verdict::Partial,
            "rows that mean nothing are reported too"
        );
        // None of n is no part.
        assert_eq!(verdict(&[], &[], Counted(3)), Verdict::Refused);
        assert_eq!(verdict(&["z"], &["z"], Counted(3)), Verdict::Refused);
        assert_eq!(verdict(&[], &[], Counted(2)), Verdict::Damaged, "one is lost without a word");
        assert_eq!(verdict(&["z"], &["z"], Reported), Verdict::Refused);
        assert_eq!(verdict(&["z"], &["z"], Ending::Silent), Verdict::Damaged);
        // Nor are n of n.
        for ending in [Ending::Error, Counted(1), Reported, Ending::Silent] {
            assert_eq!(verdict(&["z"], &["a", "b", "c", "z"], ending), Verdict::AsMeant, "{ending:?}");
        }
    }

    #[test]
    fn a_row_that_is_there_twice_is_one_too_many() {
        let meant = Meant { before: rows(&["a"]), ..Meant::default() };
        let (verdict, difference) = judge(&meant, &bytes(&rows(&["a", "a"])), Ending::Silent, &["word"]);
        let difference = difference.unwrap();
        assert_eq!((verdict, difference.missing, difference.extra), (Verdict::Damaged, 0, 1));
        assert_eq!(difference.found, Some(vec![Some("a".into())]));
    }

    #[test]
    fn a_changed_row_stands_beside_what_it_was() {
        let row = |values: [&str; 2]| -> Row { values.map(|value| Some(value.into())).into() };
        let meant = Meant { good: vec![row(["6", "six"]), row(["2", "b"])], ..Meant::default() };
        let found = bytes(&[row(["9", "x"]), row(["2", "B"])]);
        let (_, difference) = judge(&meant, &found, Ending::Silent, &["id", "word"]);
        let difference = difference.unwrap();
        assert_eq!((difference.meant, difference.found), (Some(row(["2", "b"])), Some(row(["2", "B"]))));
    }

    #[test]
    fn bytes_that_are_no_text_are_damage_that_can_be_seen() {
        let row = |values: [&str; 2]| -> Row { values.map(|value| Some(value.into())).into() };
        let meant = Meant { dirty: vec![row(["1", "caf\u{e9}"]), row(["2", "x"])], ..Meant::default() };
        let found: [RowBytes; 2] = [
            vec![Some(b"2".to_vec()), Some(b"y".to_vec())],
            vec![Some(b"1".to_vec()), Some(b"caf\xe9".to_vec())],
        ];
        let (verdict, difference) = judge(&meant, &found, Ending::Silent, &["id", "word"]);
        let difference = difference.unwrap();
        assert_eq!((verdict, difference.missing, difference.extra), (Verdict::Damaged, 2, 2));
        assert_eq!(difference.found, Some(row(["1", "caf\\xe9"])));
        assert_eq!(difference.not_utf8, ["word"]);
        // The same letters are another value.
        let meant = Meant { dirty: vec![row(["1", "caf\\xe9"])], ..Meant::default() };
        assert_eq!(judge(&meant, &found[1..], Ending::Silent, &["id", "word"]).0, Verdict::Damaged);
    }
}
