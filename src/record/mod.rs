//! The result of a run on disk: what it holds ([`schema`], [`findings`]) and how it is kept ([`store`]).

mod asked;
mod check;
mod file;
pub mod findings;
mod origin;
mod redacted;
pub mod schema;
mod session;
pub mod store;

pub use asked::Asked;
pub use check::LONGEST_SAMPLE_SECONDS;
pub use origin::now;
pub use schema::*;
pub use session::{Before, Durability, SessionFacts, WORTH};
