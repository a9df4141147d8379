//! The result of a run on disk: how it is written and read ([`store`], [`findings`]), and what may stand in it.

mod check;
mod file;
pub mod findings;
mod json;
mod redacted;
pub mod store;

pub use check::LONGEST_SAMPLE_SECONDS;

/// The version of `run.json` and `samples.jsonl` that this program writes.
pub const SCHEMA_VERSION: u32 = 1;
