//! The statements of a load, as a server was sent them.

use super::phase::Phase;

/// A statement of a load, or several that differ in their values alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The phase it was sent in; `None` before the clock started and between the phases.
    pub phase: Option<Phase>,
    /// Its text, the first one's where it stands for several; the middle of a long one is left out.
    pub sql: String,
    /// How many times it was sent.
    pub times: u64,
}
