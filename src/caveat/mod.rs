//! Caveats: small files of dirty data, each with one thing that goes wrong, loaded by every way that applies,
//! and the table held against what was meant.
//!
//! The files and their descriptions lie in `datasets/caveats/` and are compiled in; a user's own are given by path. An
//! outcome is always measured; a description only says what its source claims.

mod attempt;
mod bench;
mod built_in;
mod data_position;
mod definition;
mod failure;
mod files;
mod input;
mod judge;
mod loaders;
mod mask;
mod outcome;
mod printed;
mod site;
mod table_rows;

pub use bench::Bench;
pub(crate) use bench::facts;
pub use built_in::find;
pub(crate) use built_in::ids;
pub use definition::Caveat;
pub use files::Beside;
