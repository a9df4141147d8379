//! The table that is loaded: its DDL ([`ddl`]) and the proof that a load arrived ([`verify`]).

pub(crate) mod ddl;
pub mod verify;

pub use ddl::{Layout, Table};
