//! The result of a run on disk: what it holds ([`schema`], [`findings`]) and how it is kept ([`store`]).

pub mod findings;
pub mod schema;
pub mod store;

pub use schema::*;
