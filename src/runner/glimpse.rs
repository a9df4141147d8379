//! What was seen last of the sample at hand: written by a probe, shown by the progress of the run.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::units;

/// A place for what was seen last; its clones are the same place.
#[derive(Debug, Clone, Default)]
pub struct Glimpse(Arc<Mutex<Option<Seen>>>);

impl Glimpse {
    /// What was seen last; `None` where there was nothing of which anything can be said.
    pub fn get(&self) -> Option<Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts something in the place of what was seen last.
    pub(crate) fn set(&self, seen: Option<Seen>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }
}

/// What was seen of a sample.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// Rows on their way in.
    Rows(RowsSoFar),
    /// Indexes that are being built, each with its step.
    Builds(Vec<BuildStep>),
}

/// Rows that COPYs have taken so far, all that run at once together.
#[derive(Debug, Clone, PartialEq)]
pub struct RowsSoFar {
    /// The rows.
    pub rows: u64,
    /// Bytes of them, as they were sent.
    pub bytes: u64,
    /// The rows of the whole load.
    pub of: u64,
    /// Whether they may be more, since a COPY has ended between two looks.
    pub at_least: bool,
    /// Rows a second, since the first look; `None` where there is no telling.
    pub per_second: Option<f64>,
}

/// The step that the build of an index is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildStep {
    /// Its name, as the server has it.
    pub name: String,
    /// Blocks or tuples done, and of how many; `None` where the step counts none.
    pub done: Option<(u64, u64)>,
    /// Seconds that the rest of the step takes at the rate since it was seen first; `None` where there is no telling.
    pub seconds_left: Option<u64>,
}

impl RowsSoFar {
    /// Seconds that the rest takes at this rate; `None` where there is no telling.
    fn seconds_left(&self) -> Option<f64> {
        let per_second = self.per_second.filter(|rate| *rate > 0.0)?;
        Some(self.of.checked_sub(self.rows)? as f64 / per_second)
    }
}

impl fmt::Display for RowsSoFar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = if self.at_least { "more than " } else { "" };
        write!(f, "rows: {more}{}", units::count(self.rows))?;
        // Of a method that copies some rows twice the whole is another number.
        if self.rows <= self.of {
            write!(f, " of {}", units::count(self.of))?;
        }
        write!(f, " ({})", units::bytes(self.bytes))?;
        if let Some(per_second) = self.per_second {
            write!(f, ", {}", units::rate(per_second as u64, 1_000_000_000))?;
        }
        match self.seconds_left() {
            Some(left) => write!(f, ", the rest in about {} s", left.ceil()),
            None => Ok(()),
        }
    }
}

impl fmt::Display for BuildStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some((done, of)) = self.done {
            write!(f, ", {} %", done.min(of) * 100 / of.max(1))?;
        }
        match self.seconds_left {
            Some(left) => write!(f, ", the rest of it in about {left} s"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rows(rows) => write!(f, "{rows}"),
            Self::Builds(steps) => {
                let words: Vec<String> = steps.iter().map(ToString::to_string).collect();
                match steps.len() {
                    1 => write!(f, "index: {}", words[0]),
                    n => write!(f, "{n} indexes: {}", words.join("; ")),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_told_with_what_can_be_said_of_them() {
        let rows = RowsSoFar {
            rows: 1_200_000,
            bytes: 27 << 20,
            of: 7_500_000,
            at_least: false,
            per_second: Some(240_123.0),
        };
        let words = |rows: &RowsSoFar| Seen::Rows(rows.clone()).to_string();
        assert_eq!(
            words(&rows),
            "rows: 1 200 000 of 7 500 000 (27.0 MiB), 240 000/s, the rest in about 27 s"
        );
        let least = RowsSoFar { at_least: true, per_second: None, ..rows.clone() };
        assert_eq!(words(&least), "rows: more than 1 200 000 of 7 500 000 (27.0 MiB)");
        let twice = RowsSoFar { of: 1_000_000, ..rows.clone() };
        assert_eq!(words(&twice), "rows: 1 200 000 (27.0 MiB), 240 000/s");
        assert_eq!(words(&RowsSoFar { per_second: Some(0.0), ..rows }).split(", ").nth(1), Some("0/s"));
    }

    #[test]
    fn builds_are_told_with_their_steps() {
        let scan = BuildStep { name: "scanning table".into(), done: Some((45, 100)), seconds_left: None };
        let sort = BuildStep { name: "sorting live tuples".into(), done: None, seconds_left: None };
        assert_eq!(Seen::Builds(vec![scan.clone()]).to_string(), "index: scanning table, 45 %");
        let known = BuildStep { seconds_left: Some(3), ..scan };
        assert_eq!(
            Seen::Builds(vec![known, sort]).to_string(),
            "2 indexes: scanning table, 45 %, the rest of it in about 3 s; sorting live tuples"
        );
    }
}
