//! The types that hold the rows of a file, found out by looking at all of them.

mod kinds;
mod spellings;

pub(crate) use kinds::Kinds;
