//! The dialects of csv: a value that says how a file is written, how it is found out from the file's first
//! bytes, and how a row is taken apart by it.

mod asked;
mod fit;
mod header;
mod marks;
mod near;
mod rules;
mod sniff;
mod split;

pub use asked::Asked;
pub(crate) use fit::{Fit, NamedBy};
pub(crate) use header::Header;
pub(crate) use marks::{Cut, Marks, Standard};
pub use rules::Dialect;
pub(crate) use sniff::{Rows, Sample, sniff};
pub(crate) use split::{Splitter, Style};
