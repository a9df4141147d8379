//! The part that is kept of a run that did not get to its end: the outermost cause of such an error.

use std::fmt::Display;
use std::path::PathBuf;

use anyhow::Error;

use crate::fault::Fault;

/// The kept part of a run, and its directory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfinished {
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
    /// All samples, without the reports of them.
    #[error("all samples are kept; make the reports of them by `bulkbench report {}`", .dir.display())]
    Reports {
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

/// Puts `kept` before the error of a run that was stopped, where it does not say yet what is kept.
pub(crate) fn stopped(error: Error, kept: impl Display + Send + Sync + 'static) -> Error {
    match Fault::find(&error) {
        Some(Fault::Interrupted(_)) if !error.is::<Unfinished>() => error.context(kept),
        _ => error,
    }
}
