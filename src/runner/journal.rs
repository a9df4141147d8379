//! What a run hands its samples to, and what says whether another round follows.

use std::time::Duration;

use anyhow::Result;

use crate::model::Sample;

/// Keeps the samples of a run. A closure is one that has nothing to say of further rounds.
pub trait Journal {
    /// Keeps a sample before the next begins.
    ///
    /// # Errors
    /// When it cannot, which ends the run.
    fn keep(&mut self, sample: &Sample) -> Result<()>;

    /// Looks at the samples once the last round of the plan has ended, and each one that followed, after so much time in
    /// which samples were taken; `None` where the rounds of the plan are all.
    ///
    /// # Errors
    /// When what comes of it cannot be kept, which ends the run.
    fn look(&mut self, spent: Duration) -> Result<Option<Outlook>> {
        let _ = spent;
        Ok(None)
    }
}

impl<K: FnMut(&Sample) -> Result<()>> Journal for K {
    fn keep(&mut self, sample: &Sample) -> Result<()> {
        self(sample)
    }
}

/// What came of looking at the samples after a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// Where the run stands, in words.
    pub words: String,
    /// The order of the round that follows, as indexes into the plan's cases; `None` where none does.
    pub next: Option<Vec<usize>>,
}
