//! The words of the program as types: what a run, its cases, its samples and its findings are,
//! whatever file they lie in and whatever table shows them.

mod ability;
mod axis;
mod case;
mod content;
mod dataset;
mod durability;
pub mod findings;
mod machine;
mod making;
pub(crate) mod metric;
mod own_table;
mod param;
mod phase;
mod provenance;
mod run;
mod sample;
mod server;
mod session;
mod statement;
pub(crate) mod word;

pub use ability::{Ability, Absent};
pub use axis::Axis;
pub(crate) use case::Axes;
pub use case::{Case, CaseKey, ProgramFacts, Role, Work};
pub use content::{Content, Rule};
pub use dataset::{DatasetFacts, Encoding, FileFacts};
pub use durability::{Durability, Persistence};
pub use machine::{Disk, Machine};
pub use making::{Making, WalOf};
pub use metric::{Metric, Reading, Readings};
pub use own_table::OwnTable;
pub use param::{ParamValue, Params};
pub use phase::Phase;
pub(crate) use provenance::{Asked, is_time, now};
pub use provenance::{Provenance, Tool};
pub use run::{Plan, Run};
pub use sample::{EndState, Outcome, Sample, Slot, Step};
pub(crate) use server::is_postgres;
pub use server::{ServerFacts, Source};
pub(crate) use session::WORTH;
pub use session::{Before, SessionFacts};
pub use statement::Statement;
pub(crate) use word::Word;
