//! The words of the program as types: what a run, its cases, its samples and its findings are,
//! whatever file they lie in and whatever table shows them.

mod axis;
mod case;
mod content;
mod dataset;
mod durability;
pub mod findings;
mod machine;
pub mod metric;
mod param;
mod phase;
mod provenance;
mod run;
mod sample;
mod server;
mod session;
pub mod word;

pub use axis::Axis;
pub use case::{Axes, Case, CaseKey, ProgramFacts, Role, Work};
pub use content::{Content, Rule};
pub use dataset::{DatasetFacts, Encoding, FileFacts};
pub use durability::{Durability, Persistence};
pub use machine::{Disk, Machine};
pub use metric::{Metric, Reading, Readings};
pub use param::{ParamValue, Params};
pub use phase::Phase;
pub use provenance::{Asked, Provenance, Tool, is_time, now};
pub use run::{Plan, Run};
pub use sample::{EndState, Outcome, Sample, Slot, Step};
pub use server::{ServerFacts, Source};
pub use session::{Before, SessionFacts, WORTH};
pub use word::Word;
