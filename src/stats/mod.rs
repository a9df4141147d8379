//! The statistics that figures and verdicts rest on. Pure: it knows nothing of records.
//!
//! Load times are few (5 to 30 a case), skewed to the right and cannot be assumed normal, so figures are medians.
//! Ratios are taken within rounds, on logarithms, by a t-test whose variance is learnt from all cases of a run
//! ([`within`]); `docs/statistics.md` has the methods that it was chosen from. Random numbers are seeded: the same
//! samples give the same report, to the last digit, on every machine.

mod bootstrap;
mod estimate;
mod gamma;
pub mod multiplicity;
mod outlier;
mod quantile;
mod rank_sum;
mod series;
pub mod student;
pub mod within;

pub(crate) use bootstrap::{median_estimate, ratio_estimate};
pub use estimate::{Estimate, Interval, MIN_SAMPLES};
pub use multiplicity::holm;
pub(crate) use outlier::{OUTLYING, deviation, modified_z};
pub use quantile::median;
pub(crate) use quantile::quantile;
pub(crate) use rank_sum::mann_whitney;
pub(crate) use series::{change_point, mann_kendall, slope};
pub use within::{Contrast, Pool, Rounds, Within};
