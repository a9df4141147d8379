//! The words of the program as types: what a run, its cases, its samples and its findings are,
//! whatever file they lie in and whatever table shows them.

mod case;
mod dataset;
mod durability;
pub mod findings;
mod machine;
mod param;
mod phase;
mod provenance;
mod run;
mod sample;
mod server;
mod session;

pub use case::{CaseFacts, ProgramFacts, Role, Work};
pub use dataset::{DatasetFacts, Encoding, FileFacts};
pub use durability::Durability;
pub use machine::{Disk, Machine};
pub use param::{ParamValue, Params};
pub use phase::Phase;
pub use provenance::{Tool, is_time, now};
pub use run::{Asked, Plan, Run};
pub use sample::{Cost, EndState, Outcome, Sample};
pub use server::{ServerFacts, Source};
pub use session::{Before, SessionFacts, WORTH};
