//! The one table that every format draws: columns that explain themselves, cells that know
//! what they hold.

use crate::model::metric::Unit;
use crate::stats::Interval;
use crate::units;

/// A table, before it is text.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// Its columns, left to right.
    pub columns: Vec<Column>,
    /// Its rows, each with a cell a column.
    pub rows: Vec<Vec<Cell>>,
}

/// A column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its heading.
    pub title: String,
    /// A sentence on its content; empty where the heading says it.
    pub help: String,
    /// Which side its cells stand on.
    pub align: Align,
    /// Its order of leaving on a narrow terminal: the larger, the sooner; 0 always stays.
    pub spare: u8,
}

/// Which side cells stand on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Unknown.
    None,
    /// Words.
    Text(String),
    /// A name that the user can type.
    Code(String),
    /// Words with a meaning that colour can underline.
    Toned(String, Tone),
    /// A number of things.
    Count(u64),
    /// Nanoseconds.
    Time(f64),
    /// Nanoseconds, from and to.
    TimeRange(Interval),
    /// Nanoseconds a row.
    TimePerRow(f64),
    /// Rows a second.
    Rate(f64),
    /// Rows a second, from and to.
    RateRange(Interval),
    /// Bytes.
    Bytes(f64),
    /// A factor.
    Ratio(f64),
    /// A factor, from and to.
    RatioRange(Interval),
    /// A factor near 1, as what it differs from 1 by.
    Difference(f64),
}

/// The meaning of a cell's words for the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Faster, or as it should be.
    Good,
    /// Slower.
    Bad,
    /// An error.
    Alarm,
    /// Nothing to look at.
    Muted,
}

impl Column {
    /// A column of words.
    pub(crate) fn words(title: impl Into<String>, help: &str) -> Self {
        Self { title: title.into(), help: help.into(), align: Align::Left, spare: 0 }
    }

    /// A column of numbers.
    pub(crate) fn numbers(title: impl Into<String>, help: &str) -> Self {
        Self { align: Align::Right, ..Self::words(title, help) }
    }

    /// The same, left out of narrow terminals; see [`Column::spare`].
    pub(crate) fn spare(self, spare: u8) -> Self {
        Self { spare, ..self }
    }
}

impl Cell {
    /// A cell of what may be unknown.
    pub(crate) fn optional<T>(value: Option<T>, cell: impl FnOnce(T) -> Cell) -> Self {
        value.map_or(Cell::None, cell)
    }

    /// A metric's figure, which is in this unit.
    pub(crate) fn of_unit(unit: Unit, value: f64) -> Cell {
        match unit {
            Unit::Bytes => Cell::Bytes(value),
            Unit::Nanoseconds => Cell::Time(value),
            Unit::Count => Cell::Count(value as u64),
            Unit::PerMille => Cell::Text(units::percent(value / 1000.0)),
            Unit::Hertz => Cell::Text(units::hertz(value)),
        }
    }

    /// Its text, rounded for reading.
    pub(crate) fn text(&self) -> String {
        match self {
            Cell::None => String::new(),
            Cell::Text(text) | Cell::Code(text) | Cell::Toned(text, _) => text.clone(),
            Cell::Count(n) => units::count(*n),
            Cell::Time(ns) => units::seconds(whole(*ns)),
            Cell::TimeRange(range) => seconds_range(*range),
            Cell::TimePerRow(ns) if *ns < 1000.0 => format!("{} ns", units::three_digits(*ns)),
            Cell::TimePerRow(ns) => units::seconds(whole(*ns)),
            Cell::Rate(per_second) => rate(*per_second),
            Cell::RateRange(range) => rate_range(*range),
            Cell::Bytes(bytes) => units::bytes(whole(*bytes)),
            Cell::Ratio(ratio) => units::ratio(*ratio),
            Cell::RatioRange(range) => ratio_range(*range),
            Cell::Difference(ratio) => difference(*ratio),
        }
    }

    /// The tone that colour may underline.
    pub(crate) fn tone(&self) -> Option<Tone> {
        match self {
            Cell::Toned(_, tone) => Some(*tone),
            _ => None,
        }
    }
}

impl Table {
    /// Leaves out the columns in which no row has anything.
    pub(crate) fn without_empty_columns(mut self) -> Self {
        let kept: Vec<bool> =
            (0..self.columns.len()).map(|c| self.rows.iter().any(|row| row[c] != Cell::None)).collect();
        let keep = |index: usize| kept[index];
        self.columns = pick(self.columns, keep);
        self.rows = self.rows.into_iter().map(|row| pick(row, keep)).collect();
        self
    }

    /// Leaves out the columns that are spared first, as long as any is more spare than `most`.
    pub(crate) fn without_spare(&self, most: u8) -> Self {
        let keep = |index: usize| self.columns[index].spare <= most;
        Self {
            columns: pick(self.columns.clone(), keep),
            rows: self.rows.iter().map(|row| pick(row.clone(), keep)).collect(),
        }
    }
}

fn pick<T>(items: Vec<T>, keep: impl Fn(usize) -> bool) -> Vec<T> {
    items.into_iter().enumerate().filter(|(i, _)| keep(*i)).map(|(_, item)| item).collect()
}

/// The nearest whole number; figures are positive.
pub(crate) fn whole(value: f64) -> u64 {
    value.round() as u64
}

/// Rows a second, as [`units::rate`] writes them.
pub(crate) fn rate(per_second: f64) -> String {
    units::rate(whole(per_second * 1e3), 1_000_000_000_000)
}

/// `467 000 to 489 000/s`.
fn rate_range(range: Interval) -> String {
    let (low, high) = (rate(range.low), rate(range.high));
    format!("{} to {high}", low.trim_end_matches("/s"))
}

/// `1.90x to 2.05x`, or `85.2x to 101x slower`: both ends in the form that suits both.
pub(crate) fn ratio_range(range: Interval) -> String {
    match range.high < units::MANY_TIMES_SLOWER {
        true => format!("{} to {} slower", units::factor(1.0 / range.high), units::factor(1.0 / range.low)),
        false => format!("{} to {}", units::factor(range.low), units::factor(range.high)),
    }
}

/// `26.0 % off`: how far two times lie apart, whichever is the longer, as the noise is shown.
fn difference(ratio: f64) -> String {
    format!("{} off", units::percent(ratio.max(1.0 / ratio) - 1.0))
}

/// `5.40 to 5.62 s`: the unit once where both ends share it.
fn seconds_range(range: Interval) -> String {
    let (low, high) = (units::seconds(whole(range.low)), units::seconds(whole(range.high)));
    match (low.rsplit_once(' '), high.rsplit_once(' ')) {
        (Some((number, unit)), Some((_, other))) if unit == other => format!("{number} to {high}"),
        _ => format!("{low} to {high}"),
    }
}

/// Keeps the groups of a number, and a number and its unit, on one line.
pub(crate) fn unbroken(text: &str) -> String {
    let (mut number, mut before) = (false, ' ');
    let glue = |c: char| {
        let glued = if c == ' ' && number && before.is_ascii_digit() { '\u{a0}' } else { c };
        // The `0` of `sorted=0` is no number that a unit could follow.
        number = c.is_ascii_digit() && (number || matches!(before, ' ' | '(')) || c == '.' && number;
        before = c;
        glued
    };
    text.chars().map(glue).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_read_as_people_write_them() {
        let range = |low, high| Interval { low, high };
        for (cell, text) in [
            (Cell::Time(5_604_000_000.4), "5.60 s"),
            (Cell::TimeRange(range(5.4e9, 5.62e9)), "5.40 to 5.62 s"),
            (Cell::TimeRange(range(0.9e9, 1.1e9)), "900 ms to 1.10 s"),
            (Cell::Rate(1_339_285.7), "1 340 000/s"),
            (Cell::Rate(19.6), "20/s"),
            (Cell::RateRange(range(467_312.0, 1_339_285.7)), "467 000 to 1 340 000/s"),
            (Cell::RatioRange(range(1.9, 2.05)), "1.90x to 2.05x"),
            (Cell::Ratio(0.00999), "100x slower"),
            (Cell::RatioRange(range(0.0099, 0.0105)), "95.2x to 101x slower"),
            (Cell::RatioRange(range(0.09, 0.11)), "0.0900x to 0.110x"),
            (Cell::Difference(0.794), "25.9 % off"),
            (Cell::Difference(1.022), "2.2 % off"),
            (Cell::TimePerRow(42.123), "42.1 ns"),
            (Cell::TimePerRow(23_786.0), "23.8 µs"),
            (Cell::Bytes(171_966_464.0), "164 MiB"),
            (Cell::of_unit(Unit::PerMille, 12.0), "1.2 %"),
            (Cell::of_unit(Unit::Hertz, 2_500_000_000.0), "2.50 GHz"),
        ] {
            assert_eq!(cell.text(), text);
        }
    }

    #[test]
    fn numbers_stay_with_their_units_and_names_break() {
        assert_eq!(unbroken("7.29 s (1 030 000/s) 95 %"), "7.29\u{a0}s (1\u{a0}030\u{a0}000/s) 95\u{a0}%");
        assert_eq!(unbroken("sorted=0 copy2 jobs, 5. Then"), "sorted=0 copy2 jobs, 5. Then");
    }

    #[test]
    fn empty_and_spare_columns_can_be_left_out() {
        let table = Table {
            columns: vec![
                Column::words("a", ""),
                Column::numbers("b", ""),
                Column::numbers("c", "").spare(2),
            ],
            rows: vec![vec![Cell::Text("x".into()), Cell::None, Cell::Count(1)]],
        };
        let table = table.without_empty_columns();
        assert_eq!(table.columns.len(), 2);
        assert_eq!(table.without_spare(1).rows, vec![vec![Cell::Text("x".into())]]);
    }
}
