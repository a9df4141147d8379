//! Records into numbers. Pure: nothing here reads a file, a clock or a server.

mod comparability;
pub mod comparison;
pub mod curve;
pub mod knee;
pub(crate) mod origin;
mod ranking;
pub(crate) mod steps;
pub(crate) mod summary;
pub mod trend;
pub mod verdict;

pub(crate) use comparison::{Comparison, compare};
pub use curve::Curve;
pub use steps::Chain;
pub(crate) use steps::Step;
pub use summary::{Summary, summarize};
pub use verdict::{Basis, Noise, Published, Standing, Standings, Verdict, judge};
