//! External programs that load the table: each is a method like any other, described by a TOML file.
//!
//! Those in `loaders/` are compiled in, a user's own are given by path (docs/add-a-loader.md).
//! [`Loader::execute`] runs one on any file and table; what a sample is, [`crate::method::Method::load`] adds: the
//! file, what its end means, and the indexes.

mod built_in;
mod command;
mod definition;
mod environment;
mod execute;
mod extensions;
mod input;
mod load;
mod loader;
mod options;
mod placeholders;
mod program;
mod redact;
mod rejects;
mod table_needs;
mod version;

pub(crate) use built_in::built_in;
pub use definition::Beside;
pub use execute::{LoadTarget, LoaderEnd, Meaning};
pub use loader::Loader;
pub(crate) use options::InputFormat;
pub(crate) use redact::redacted;
