//! Rows of the dataset, cut into shares for several connections and into the batches of their statements.

use std::fmt;
use std::ops::RangeInclusive;

use anyhow::{Context, Result, bail};

use super::batch::Batch;
use super::confirmed::Confirmed;
use crate::dataset::{Chunk, Dataset, RowReader};
use crate::interrupt::Interrupt;
use crate::method::Load;
use crate::model::Encoding;

/// Rows between two looks at whether to stop.
const ROWS_BETWEEN_CHECKS: u64 = 64;

/// The rows that one connection sends.
pub(crate) struct Feed<'a> {
    reader: RowReader,
    interrupt: &'a Interrupt,
    /// Rows of the dataset before the first of these.
    before: u64,
    rows: u64,
    done: u64,
    batch_rows: u64,
    unchecked: u64,
    /// Rows of `done` whose commit is confirmed, and where that is noted.
    noted: u64,
    confirmed: Option<&'a Confirmed>,
}

/// The rows of one batch, counted from 1 in the dataset; in words, for errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowRange {
    first: u64,
    last: u64,
}

/// Whether the server has confirmed a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Committed {
    /// Of all rows so far.
    Yes,
    /// Not of the last ones yet.
    NotYet,
}

impl RowRange {
    /// The first row's key in a table whose keys are the rows' numbers, and those of the others after it.
    ///
    /// # Errors
    /// When the last one is larger than the key's type holds.
    pub(crate) fn keys(self) -> Result<RangeInclusive<i32>> {
        let key = |row: u64| {
            i32::try_from(row).with_context(|| format!("row {row} has no key: a serial ends at {}", i32::MAX))
        };
        Ok(key(self.first)?..=key(self.last)?)
    }
}

impl fmt::Display for RowRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first == self.last {
            true => write!(f, "row {}", self.first),
            false => write!(f, "rows {} to {}", self.first, self.last),
        }
    }
}

/// The rows of a load in as many contiguous shares as there are jobs, or fewer where there are fewer rows;
/// each `batch_rows` (at least 1) at a time.
///
/// # Errors
/// When the csv cannot be opened.
pub(crate) fn feeds<'a>(load: &Load<'a>, jobs: u64, batch_rows: u64) -> Result<Vec<Feed<'a>>> {
    let mut before = 0;
    let mut feeds = Vec::new();
    for chunk in load.dataset.chunks(Encoding::Csv, load.rows, jobs as usize)? {
        feeds.push(Feed::open(load.dataset, chunk, before, batch_rows, load.connector.interrupt())?);
        before += chunk.rows;
    }
    Ok(feeds)
}

impl<'a> Feed<'a> {
    /// The rows of a chunk of the csv with so many rows `before` it, `batch_rows` (at least 1) at a time.
    ///
    /// # Errors
    /// When the csv cannot be opened.
    fn open(
        dataset: &Dataset,
        chunk: Chunk,
        before: u64,
        batch_rows: u64,
        interrupt: &'a Interrupt,
    ) -> Result<Self> {
        let reader = dataset.reader_of(chunk)?;
        Ok(Self::over(reader, chunk.rows, before, batch_rows, interrupt))
    }

    fn over(reader: RowReader, rows: u64, before: u64, batch_rows: u64, interrupt: &'a Interrupt) -> Self {
        // The first batch looks whether to stop.
        let unchecked = ROWS_BETWEEN_CHECKS;
        Self { reader, interrupt, before, rows, done: 0, batch_rows, unchecked, noted: 0, confirmed: None }
    }

    /// The same rows, which are committed as they go: what is confirmed is noted here, where someone wants to know it.
    pub(crate) fn committed_to(self, confirmed: Option<&'a Confirmed>) -> Self {
        Self { confirmed, ..self }
    }

    /// Number of rows in all.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Puts the next rows into `batch`, in place of what it holds; `None` past the last.
    ///
    /// # Errors
    /// When work has to stop, or the csv cannot be read or is not what it was.
    pub(crate) fn fill(&mut self, batch: &mut Batch) -> Result<Option<RowRange>> {
        batch.clear();
        let wanted = self.batch_rows.min(self.rows - self.done);
        if wanted == 0 {
            return Ok(None);
        }
        if self.unchecked >= ROWS_BETWEEN_CHECKS {
            self.interrupt.check()?;
            self.unchecked = 0;
        }
        self.unchecked += wanted;
        let first = self.before + self.done + 1;
        for _ in 0..wanted {
            let Some(row) = self.reader.next_row()? else {
                bail!("the csv ended {} rows early; it was changed during the run", self.rows - self.done);
            };
            batch.push(&row);
            self.done += 1;
        }
        Ok(Some(RowRange { first, last: self.before + self.done }))
    }

    /// Does `work` with one batch after the other, each when the last is done, and committed where they are as they go.
    ///
    /// # Errors
    /// As [`Feed::fill`], or what `work` returns, with the rows named.
    pub(crate) fn each(&mut self, mut work: impl FnMut(&Batch) -> Result<()>) -> Result<()> {
        self.each_until(|batch| work(batch).map(|()| Committed::Yes))
    }

    /// As [`Feed::each`], where `work` says of each batch whether the commit of all so far is confirmed.
    ///
    /// # Errors
    /// As [`Feed::each`].
    pub(crate) fn each_until(&mut self, mut work: impl FnMut(&Batch) -> Result<Committed>) -> Result<()> {
        let mut batch = Batch::default();
        while let Some(range) = self.fill(&mut batch)? {
            if work(&batch).with_context(|| format!("at {range}"))? == Committed::Yes {
                self.confirm();
            }
        }
        Ok(())
    }

    /// Notes that the commit of all rows so far is confirmed, where they are committed as they go.
    pub(crate) fn confirm(&mut self) {
        if let Some(confirmed) = self.confirmed
            && self.noted < self.done
        {
            confirmed.add(self.before + self.noted + 1..=self.before + self.done);
            self.noted = self.done;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::columns::votes;

    fn feed(lines: usize, rows: u64, batch_rows: u64, interrupt: &Interrupt) -> Feed<'_> {
        let reader = RowReader::over(b"ada,t3_1,1\n".repeat(lines), &votes(), "test.csv".into());
        Feed::over(reader, rows, 100, batch_rows, interrupt)
    }

    #[test]
    fn rows_are_cut_into_full_batches_and_a_rest() {
        let interrupt = Interrupt::new();
        let mut sizes = Vec::new();
        feed(10, 7, 3, &interrupt)
            .each(|batch| {
                sizes.push(batch.rows());
                Ok(())
            })
            .unwrap();
        assert_eq!(sizes, [3, 3, 1]);
    }

    #[test]
    fn an_error_names_the_rows_as_the_dataset_counts_them() {
        let interrupt = Interrupt::new();
        let error = feed(10, 7, 3, &interrupt).each(|_| bail!("disk full")).unwrap_err();
        assert_eq!(format!("{error:#}"), "at rows 101 to 103: disk full");
        let error = feed(10, 7, 1, &interrupt).each(|_| bail!("disk full")).unwrap_err();
        assert_eq!(format!("{error:#}"), "at row 101: disk full");
    }

    #[test]
    fn a_csv_that_ends_early_and_a_stop_are_errors() {
        let interrupt = Interrupt::new();
        let error = feed(5, 7, 3, &interrupt).each(|_| Ok(())).unwrap_err();
        assert!(error.to_string().contains("ended 2 rows early"), "{error}");

        let mut done = 0;
        let stopped = feed(1000, 1000, 1, &interrupt).each(|_| {
            done += 1;
            interrupt.raise(15);
            Ok(())
        });
        assert!(stopped.unwrap_err().to_string().contains("SIGTERM"));
        assert_eq!(done, ROWS_BETWEEN_CHECKS);
    }
}
