//! The table that is loaded ([`Table`]): its DDL ([`ddl`]) and the proof that a load arrived ([`verify`]).
//!
//! A table of a user's own comes from SQL that the server parses ([`foundation`]) and is read back from its
//! catalogue ([`introspect`]) as a value ([`definition`]).

mod catalogue;
pub(crate) mod ddl;
pub mod definition;
pub(crate) mod fixed;
mod found_keys;
mod found_sequences;
pub mod foundation;
pub mod introspect;
mod key;
mod loaded;
pub(crate) mod proposal;
pub mod rows;
mod script;
mod statements;
pub mod surroundings;
pub mod verify;

pub use key::{Key, Natural, Surrogate};
pub use loaded::{Layout, Table};
pub use statements::{Extent, Maker};
