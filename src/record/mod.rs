//! The result of a run on disk: what it holds ([`schema`]) and how it is kept ([`store`]).

pub mod schema;
pub mod store;

pub use schema::*;
