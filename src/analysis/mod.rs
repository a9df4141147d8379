//! Records into numbers. Pure: nothing here reads a file, a clock or a server.

pub(crate) mod bound;
pub mod claims;
mod comparability;
pub mod comparison;
pub mod conclusion;
pub mod curve;
pub(crate) mod differences;
pub(crate) mod emulation;
mod facts;
pub mod gate;
pub mod knee;
pub(crate) mod machine_load;
pub(crate) mod machine_speed;
pub(crate) mod origin;
mod ranking;
pub mod ranks;
pub mod rounds;
mod run_axes;
mod run_names;
pub(crate) mod steps;
pub(crate) mod summary;
pub mod trend;
pub mod verdict;
mod waits;

pub(crate) use comparison::{Comparison, check, compare};
pub use curve::Curve;
pub(crate) use facts::fact_words;
pub use steps::Chain;
pub(crate) use steps::Step;
pub use summary::{Summary, summarize};
pub use verdict::{Basis, Noise, Published, Standing, Standings, Verdict, judge};
