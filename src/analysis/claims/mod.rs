//! The ledger of claims: each published statement held against runs and findings.

mod ledger;
mod result;
mod rule;
mod tried;

pub use ledger::{Entry, Ledger, Tally, ledger};
pub use result::{Content, Evidence, Record, TestResult};
pub use rule::{ClaimVerdict, HALF, NEARLY, counts_from, of_exact, of_level, of_ratio};
