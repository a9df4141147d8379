//! What a probe is.

use anyhow::Result;

use crate::model::{Phase, Readings};
use crate::server::{Server, Session};

/// Where probes read at both ends of a load.
pub(crate) struct Place<'p> {
    /// The server that is loaded into.
    pub server: &'p dyn Server,
    /// A session that the load does not use.
    pub session: &'p mut Session,
}

/// Something that is read around a load. What it does costs no timed phase anything but what it takes from the
/// machine.
pub(super) trait Probe: Send {
    /// Before the first phase.
    ///
    /// # Errors
    /// When it works here and fails.
    fn start(&mut self, at: &mut Place<'_>) -> Result<()>;

    /// A phase is about to begin, or `None` has ended. `session` is another than the one of the ends.
    ///
    /// # Errors
    /// When it works here and fails.
    fn edge(&mut self, _phase: Option<Phase>, _session: &mut Session) -> Result<()> {
        Ok(())
    }

    /// Time for a look, in this phase or between two.
    ///
    /// # Errors
    /// When it works here and fails.
    fn look(&mut self, _phase: Option<Phase>, _session: &mut Session) -> Result<()> {
        Ok(())
    }

    /// After the last phase: what was read.
    ///
    /// # Errors
    /// When it works here and fails.
    fn stop(&mut self, at: &mut Place<'_>, readings: &mut Readings) -> Result<()>;
}
