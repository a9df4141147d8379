//! The ways of loading: a folder for each family, and one for the tools they are built of; the
//! [`Catalogue`] lists them all.
//!
//! A method says of itself what it does, where it comes from, what is timed and what a crash
//! leaves ([`Info`]); its [`Method::load`] does the timed phases and nothing else: the runner
//! has made the table and will verify it.

pub mod backfill;
mod catalogue;
pub mod copy;
pub mod external;
pub mod fastest;
mod info;
pub mod insert;
pub mod keys;
mod load;
mod method_trait;
pub mod parallel;
mod param;
mod resolve;
pub mod staging;
pub mod tools;

pub use catalogue::Catalogue;
pub use external::Loader;
pub use info::{Extent, Family, HELD, Info, Need, PRESENT, Start};
pub use load::Load;
pub(crate) use load::{build_indexes, committed};
pub use method_trait::Method;
pub use param::{Param, ParamDefault, ParamKind};
pub use resolve::resolve_params;
pub use tools::phases::PhaseClock;
