//! The ways of loading: a folder for each family, and one for the tools they are built of; the
//! [`Catalogue`] lists them all.
//!
//! A method says of itself what it does, where it comes from, what is timed and what a crash
//! leaves ([`Info`]); its [`Method::load`] does the timed phases and nothing else: the runner
//! has made the table and will verify it.

pub(crate) mod backfill;
mod catalogue;
pub(crate) mod copy;
pub mod external;
pub(crate) mod fastest;
mod info;
pub(crate) mod insert;
pub(crate) mod keys;
mod lacks;
mod load;
mod method_trait;
pub(crate) mod parallel;
mod param;
mod resolve;
pub(crate) mod staging;
pub mod tools;

pub use catalogue::Catalogue;
pub use external::Loader;
pub(crate) use info::{Extent, Need};
pub use info::{Family, HELD, Info, PRESENT, Start};
pub(crate) use lacks::lacks;
pub(crate) use load::Load;
pub(crate) use load::{build_indexes, committed};
pub use method_trait::Method;
pub(crate) use param::{Param, ParamDefault, ParamKind};
pub use resolve::resolve_params;
pub(crate) use tools::phases::{Edges, PhaseClock};
