//! The table that is loaded: its DDL ([`ddl`]) and the proof that a load arrived ([`verify`]).
//!
//! A table of a user's own comes from SQL that the server parses ([`foundation`]) and is read back from its
//! catalogue ([`introspect`]) as a value ([`definition`]).

mod catalogue;
pub(crate) mod ddl;
pub mod definition;
mod fixed;
pub mod foundation;
pub mod introspect;
mod key;
pub(crate) mod proposal;
mod script;
mod statements;
pub mod surroundings;
pub mod verify;

pub use ddl::{Layout, Table};
pub use key::{Key, Natural, Surrogate};
pub use statements::{Extent, Maker};
