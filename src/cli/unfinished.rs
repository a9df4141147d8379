//! The part that is kept of a run that did not get to its end: the outermost cause of such an error.

use std::path::PathBuf;

/// The kept part of a run, and its directory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfinished {
    /// Samples, to which more can be added.
    #[error(
        "the run did not get to its end; {number} samples are kept: go on with `bulkbench run --resume {}`",
        .dir.display()
    )]
    Samples {
        /// Number of samples.
        number: usize,
        /// The run's directory.
        dir: PathBuf,
    },
    /// Findings about dirty rows.
    #[error("the run did not get to its end; what it found is kept in {}", .dir.display())]
    Findings {
        /// The run's directory.
        dir: PathBuf,
    },
}
