//! Executing an experiment: what is to run ([`plan`]) in which order ([`schedule`]), on how many
//! rows ([`budget`]), the steps of one sample ([`sample`]) on a real server ([`stage`], [`steps`]), with
//! each sample in the journal before the next begins, and progress shown ([`progress`]): a [`RunSession`].

mod after;
pub(crate) mod availability;
pub mod budget;
mod checkpoint;
mod crash;
mod crash_left;
mod crash_plan;
pub mod estimate;
pub mod execute;
pub mod foundation;
pub mod glimpse;
mod input;
pub mod journal;
pub mod plan;
mod probes;
pub mod progress;
pub mod rates;
mod readback;
mod reference;
pub mod refusal;
pub mod reset;
pub mod sample;
pub mod schedule;
pub(crate) mod scratch;
mod seen_errors;
pub(crate) mod session;
pub mod stage;
pub(crate) mod steps;
mod trial;
pub mod try_rows;

pub use execute::{RunEnd, execute};
pub use input::Input;
pub use journal::Journal;
pub use session::{Prepared, RunSession};
