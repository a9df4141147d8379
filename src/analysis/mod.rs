//! Records into numbers. Pure: nothing here reads a file, a clock or a server.

mod comparability;
pub mod comparison;
pub mod curve;
pub mod knee;
pub mod origin;
pub mod steps;
pub mod summary;
pub mod trend;
pub mod verdict;

pub use comparison::{Comparison, compare};
pub use curve::Curve;
pub use steps::{Chain, Step};
pub use summary::{Summary, summarize};
pub use verdict::{Basis, Noise, Published, Standing, Standings, Verdict, judge};
