//! Invented rows: the tables that this program brings along, each with its DDL in `datasets/tables/`.
//!
//! The same rows and seed give the same bytes on every machine and with any number of threads: only integers
//! and IEEE 754's exact operations (+ - * / and square root) are used, each piece of work has a random stream of
//! its own, and the streams are PCG, which does not change between versions.

mod built_in;
mod events;
mod one_type;
mod random;
mod readings;
mod rows;
mod text;
mod votes;

pub use built_in::BuiltIn;
pub use one_type::OneType;
pub(crate) use rows::{check_rows, parts};
pub use votes::Votes;

/// The rows of the article, in round numbers.
pub const DEFAULT_ROWS: u64 = 7_500_000;

/// The seed unless another is asked for.
pub const DEFAULT_SEED: u64 = 1;

#[cfg(test)]
mod tests;
