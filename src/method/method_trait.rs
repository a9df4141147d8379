//! A way of loading.

use anyhow::Result;

use super::external::Loader;
use super::info::Info;
use super::load::Load;
use super::tools::phases::PhaseClock;
use crate::model::Params;
use crate::table::Table;
use crate::table::verify::Keys;

/// One way of loading.
pub trait Method: Send + Sync {
    /// Its description.
    fn info(&self) -> &Info;

    /// The loader whose external program does the work, where one does.
    fn loader(&self) -> Option<&Loader> {
        None
    }

    /// What this table lacks that the method needs with these parameters beyond what its [`Info`] says, in words;
    /// `None` where it can load it.
    fn lacks(&self, _params: &Params, _table: &Table) -> Option<String> {
        None
    }

    /// The parameters whose defaults are others for this table and so many rows, with these.
    fn defaults_for(&self, _table: &Table, _rows: u64) -> Params {
        Params::new()
    }

    /// Refuses parameters that each lie in their range and cannot be together, or not with this
    /// table; before anything connects. Of a table that a user's DDL makes it is no error: the case cannot run.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`], naming parameter, value and rule.
    fn check(&self, _params: &Params, _table: &Table) -> Result<()> {
        Ok(())
    }

    /// Loads the rows, each phase on `clock`. Connecting comes before the first phase.
    ///
    /// # Errors
    /// An error of the server or the dataset; whatever the table holds then is dropped by the next reset.
    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()>;

    /// The rule for the keys of the table's rows after a load.
    fn keys(&self) -> Keys {
        Keys::Counted
    }

    /// Proves what the method made besides the table, such as a file; after the clock has stopped.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Data`], naming what differs.
    fn verify(&self, _load: &Load<'_>) -> Result<()> {
        Ok(())
    }
}
