//! The rows of a load whose commit the server has confirmed, as the load goes on.

use std::ops::RangeInclusive;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// What wants to know how many rows are confirmed, each time that it is more.
type Hear = Box<dyn Fn(u64) + Send + Sync>;

/// Rows whose commit is confirmed, part by part.
pub struct Confirmed {
    /// How many, and which.
    parts: Mutex<(u64, Vec<Part>)>,
    hear: Hear,
}

/// Notes that the commit of these rows is confirmed, where someone wants to know.
pub(crate) fn note(confirmed: Option<&Confirmed>, rows: RangeInclusive<u64>) {
    if let Some(confirmed) = confirmed {
        confirmed.add(rows);
    }
}

/// Rows whose commit was confirmed at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// Their numbers among the dataset's rows, from 1.
    pub rows: RangeInclusive<u64>,
    /// When it was.
    pub at: Instant,
}

impl Part {
    /// How many rows.
    pub(crate) fn count(&self) -> u64 {
        self.rows.end() + 1 - self.rows.start()
    }
}

impl Confirmed {
    /// None yet; `hear` is told how many there are with each further part, by the thread that loads it.
    pub(crate) fn heard_by(hear: impl Fn(u64) + Send + Sync + 'static) -> Self {
        Self { parts: Mutex::default(), hear: Box::new(hear) }
    }

    /// The commit of these rows is confirmed.
    pub(crate) fn add(&self, rows: RangeInclusive<u64>) {
        let part = Part { rows, at: Instant::now() };
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        parts.0 += part.count();
        parts.1.push(part);
        let count = parts.0;
        drop(parts);
        (self.hear)(count);
    }

    /// All parts so far, in the order in which they were confirmed.
    pub(crate) fn parts(&self) -> Vec<Part> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn each_part_is_told_with_those_before() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let hears = told.clone();
        let confirmed = Confirmed::heard_by(move |rows| hears.lock().unwrap().push(rows));
        confirmed.add(11..=20);
        confirmed.add(1..=5);
        assert_eq!(*told.lock().unwrap(), [10, 15]);
        assert_eq!(confirmed.parts().into_iter().map(|part| part.rows).collect::<Vec<_>>(), [11..=20, 1..=5]);
    }
}
