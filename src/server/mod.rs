//! A PostgreSQL that a run loads into: a throwaway local cluster, a throwaway container, or a
//! server of the user's.

mod certificate;
pub(crate) mod child;
pub(crate) mod connector;
pub mod container;
mod explain;
pub mod external;
mod foresight;
pub mod free_space;
pub mod latency;
mod limits;
pub mod local;
mod nowhere;
mod open;
mod options;
mod place;
pub(crate) mod plain_settings;
pub(crate) mod processes;
mod rehearsal;
mod routes;
mod run_schema;
pub(crate) mod settings;
mod statements;
pub mod target;
mod throwaway;
pub(crate) mod tls;
mod wire;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;

pub use connector::{AsyncSession, Connector, Session};
pub use foresight::{Foreseen, foresee};
pub use latency::Latency;
pub use open::{Choice, check_limits, open, why_not_limited};
pub use options::{Checksums, Options, new_id};
pub(crate) use place::fingerprint;
pub use run_schema::{RunSchema, Sweep};
pub(crate) use statements::StatementLog;

use crate::model::{CrashKind, Limits, ServerFacts};
use crate::unavailable;

/// Server settings, name to value, as postgresql.conf would have them.
pub type Settings = BTreeMap<String, String>;

/// Kills all processes of a server at once, and returns once they have ended.
pub type Killer = Box<dyn Fn() -> Result<()> + Send + Sync>;

/// A running server. Dropping it stops and removes it, whatever happened before.
pub trait Server {
    /// Its entry in the record (as it was started, before any case's own settings).
    fn facts(&self) -> &ServerFacts;

    /// The directory of its data, when that is on this machine.
    fn data_dir(&self) -> Option<&Path> {
        None
    }

    /// Warnings for readers of its times, in words: data in memory, leftovers of other runs.
    fn warnings(&self) -> &[String] {
        &[]
    }

    /// The connector to it, now: after [`Server::apply`] ask again.
    fn connector(&self) -> &Connector;

    /// The schema in which a run makes all that it makes there.
    fn run_schema(&self) -> &RunSchema;

    /// Why a case with these settings of its own cannot run on this server, in words; `None` when it can.
    fn refuses(&self, settings: &Settings) -> Option<String>;

    /// Why it cannot be held to these limits with these settings of a case's own, in words; `None` when it can.
    fn cannot_limit(&self, _settings: &Settings, limits: Limits) -> Option<String> {
        let limited = (!limits.is_empty()).then(|| limits.words())?;
        Some(format!("this server is not started here, and cannot be held to {limited}"))
    }

    /// The part of the settings for which it has to be restarted: cases in which these are the same run
    /// one after the other without one.
    fn restarts_for(&self, settings: &Settings) -> Settings;

    /// Runs the server with its given settings and these on top, restarting it only when it has to
    /// be; the others are those of the connections made from then on.
    ///
    /// # Errors
    /// When the server does not come up again; its log's last lines are in the message.
    fn apply(&mut self, settings: &Settings) -> Result<()> {
        self.apply_within(settings, Limits::default())
    }

    /// As [`Server::apply`], on a server that may use no more than these limits of a case's own, and than those that it
    /// was started with where these say nothing; it is restarted where that differs.
    ///
    /// # Errors
    /// As [`Server::apply`], and when it cannot be held to them.
    fn apply_within(&mut self, settings: &Settings, limits: Limits) -> Result<()>;

    /// Why the server does not run any more, with the last lines of its log; `None` while it runs,
    /// or where it cannot be seen. To be asked when a statement fails: the connection only says
    /// that it is closed. [`Server::apply`] starts it again.
    fn died(&self) -> Option<String> {
        None
    }

    /// Why the system has ended processes of the server that runs, in words; `None` where it has not, or that cannot be
    /// seen. To be asked when a statement fails, as [`Server::died`].
    fn shortage(&self) -> Option<String> {
        None
    }

    /// CPU time (user and system) of all the server's processes since it started, where it can be seen.
    ///
    /// # Errors
    /// When it should be visible and is not.
    fn cpu_time(&self) -> Result<Option<Duration>>;

    /// The first of its processes, where they can be seen from here as they run.
    fn first_process(&self) -> Option<i32> {
        None
    }

    /// Readies it for a crash of this kind: what is there now outlives that.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Unavailable`] for one that cannot crash so.
    fn brace(&self, kind: CrashKind) -> Result<()> {
        match kind {
            CrashKind::Kill => Ok(()),
            CrashKind::Power => Err(unavailable!(
                "a loss of power is that of an emulated disk, which this server is not on; add --disk, or crash by kill"
            )),
        }
    }

    /// What crashes it so, from any thread; for a server that is up now.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Unavailable`] for a server that is none of ours.
    fn killer(&self, _: CrashKind) -> Result<Killer> {
        Err(unavailable!("this server is not ours, and is never killed"))
    }

    /// Starts it again after it has crashed so, on the data that are left, with the settings that it had; its connector
    /// is another after the next [`Server::apply`]. What is left by chance is chosen by the seed.
    ///
    /// # Errors
    /// When it does not come up again, or is none of ours.
    fn revive(&mut self, _: CrashKind, _seed: u64) -> Result<()> {
        Err(unavailable!("this server is not ours, and is never started"))
    }

    /// Puts back what was there when it was first readied for a crash, which may have damaged it; the next
    /// [`Server::apply`] starts it.
    ///
    /// # Errors
    /// When that cannot be put back.
    fn mend(&mut self) -> Result<()> {
        Ok(())
    }

    /// The path under which the server's own processes can read this file of the client's.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Unavailable`] when they cannot, with the reason.
    fn visible_path(&self, file: &Path) -> Result<PathBuf>;

    /// Stops it and removes all that it left.
    ///
    /// # Errors
    /// When something could not be removed; the message says what and where.
    fn stop(self: Box<Self>) -> Result<()>;
}
