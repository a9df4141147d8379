//! The types that hold the rows of a file, found out by looking at all of them.

mod kinds;
mod names;
mod scan;
mod spellings;
mod unique;

pub(crate) use super::look::Form;
pub(crate) use kinds::{Kind, Kinds};
pub(crate) use scan::{Found, Inferred, infer};
pub(crate) use unique::Different;
