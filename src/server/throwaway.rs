//! A server that is made for a run and thrown away after it: its settings, its restarts and what it
//! says of itself are the same wherever it runs.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};

use super::connector::Connector;
use super::limits;
use super::settings::{self, Catalog};
use super::{Killer, Options, RunSchema, Server, Settings};
use crate::model::{CrashKind, Limits, ServerFacts};
use crate::probe::machine;
use crate::{unavailable, usage};

/// The server's words about a setting that it does not know.
const UNKNOWN_SETTING: &str = "unrecognized configuration parameter";

/// The place of a throwaway server: one cluster, and at most one server process on it at a time.
pub(crate) trait Instance {
    /// Its name in messages: "the ... is not quite gone".
    const NAME: &'static str;

    /// Makes the storage that servers are launched on.
    ///
    /// # Errors
    /// When it cannot be made, or work has to stop.
    fn prepare(&mut self) -> Result<()>;

    /// Why a server on it cannot be held to these limits, in words; `None` when it can.
    fn lack(&self, limits: Limits) -> Option<String>;

    /// Holds servers launched from now on to these limits alone; none may be running.
    ///
    /// # Errors
    /// When it cannot.
    fn limit(&mut self, limits: Limits) -> Result<()>;

    /// Starts a server with these settings and waits until it takes connections; none may be running.
    /// Returns how to connect to it, without the run's schema and without settings of a session.
    ///
    /// # Errors
    /// When it does not start, or work has to stop. What was started is kept, for its log.
    fn launch(&mut self, settings: &Settings) -> Result<Connector>;

    /// Whether a server was launched and neither shut down nor given up, dead or alive.
    fn launched(&self) -> bool;

    /// Shuts a launched server down so that its files can be used again.
    ///
    /// # Errors
    /// When it does not end, or work has to stop.
    fn shut_down(&mut self) -> Result<()>;

    /// Ends a server that failed to start on files that are used again.
    ///
    /// # Errors
    /// When it does not end, or work has to stop.
    fn give_up(&mut self) -> Result<()>;

    /// Ends a server that failed to start on new storage, and makes that storage good for another launch.
    ///
    /// # Errors
    /// When it does not end, or work has to stop.
    fn start_over(&mut self) -> Result<()>;

    /// The last lines of the launched server's log.
    fn log(&self) -> String;

    /// Why the launched server does not run, with its log's last lines; `None` while it does.
    fn died(&self) -> Option<String>;

    /// As [`Server::shortage`].
    fn shortage(&self) -> Option<String> {
        None
    }

    /// CPU time of the launched server, which this connector connects to.
    ///
    /// # Errors
    /// When it is gone, or does not say.
    fn cpu_time(&self, connector: &Connector) -> Result<Duration>;

    /// As [`Server::first_process`].
    fn first_process(&self) -> Option<i32>;

    /// As [`Server::brace`].
    ///
    /// # Errors
    /// As [`Server::brace`].
    fn brace(&self, kind: CrashKind) -> Result<()> {
        match kind {
            CrashKind::Kill => Ok(()),
            CrashKind::Power => Err(unavailable!(
                "a loss of power is that of an emulated disk, which {} is not on; add --disk, or crash by kill",
                Self::NAME
            )),
        }
    }

    /// As [`Server::killer`].
    ///
    /// # Errors
    /// When nothing was launched, or it cannot be reached.
    fn killer(&self, kind: CrashKind) -> Result<Killer>;

    /// Launches it again as it was launched last with these settings, after it has crashed so; what is left by chance is
    /// chosen by the seed.
    ///
    /// # Errors
    /// As [`Instance::launch`].
    fn revive(&mut self, kind: CrashKind, seed: u64, settings: &Settings) -> Result<Connector>;

    /// As [`Server::mend`]; nothing is launched then.
    ///
    /// # Errors
    /// As [`Server::mend`].
    fn mend(&mut self) -> Result<()> {
        Ok(())
    }

    /// The transport of connections by this connector, as records have it.
    fn transport(&self, connector: &Connector) -> &'static str;

    /// As [`Server::data_dir`].
    fn data_dir(&self) -> Option<&Path>;

    /// As [`Server::visible_path`].
    ///
    /// # Errors
    /// As [`Server::visible_path`].
    fn visible_path(&self, file: &Path, connector: &Connector) -> Result<PathBuf>;

    /// Ends and removes all that there is of it; nothing when that is done already.
    ///
    /// # Errors
    /// When something could not be removed; the message says what and where.
    fn remove(&mut self) -> Result<()>;
}

/// A throwaway server, running.
pub(crate) struct Throwaway<I: Instance> {
    instance: Removed<I>,
    running: Settings,
    /// The limits that it runs under.
    limits: Limits,
    /// The user's settings.
    set: Settings,
    /// How to connect to the server as it was launched.
    plain: Connector,
    /// As `plain`, in the run's schema and with a case's own settings.
    connector: Connector,
    /// The schema of its one database that everything is made in.
    run_schema: Arc<RunSchema>,
    catalog: Catalog,
    facts: ServerFacts,
    warnings: Vec<String>,
    /// CPU time of servers that `apply` has stopped.
    cpu_before: Duration,
    /// The most `cpu_time` has said.
    cpu_most: Cell<Duration>,
}

/// An instance that is removed when this is dropped, whatever happened before.
struct Removed<I: Instance>(I);

impl<I: Instance> Drop for Removed<I> {
    fn drop(&mut self) {
        if let Err(error) = self.0.remove() {
            crate::say!("bulkbench: {} is not quite gone: {error:#}", I::NAME);
        }
    }
}

impl<I: Instance> Throwaway<I> {
    /// Launches the first server on an instance with the settings of `facts.given`, of which `set` are the
    /// user's, and asks it what it is.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] for settings the server does not take; when it does not start, or
    /// work has to stop. Nothing is left of the instance then.
    pub(in crate::server) fn bring_up(
        instance: I,
        mut facts: ServerFacts,
        warnings: Vec<String>,
        set: &Settings,
    ) -> Result<Self> {
        let mut instance = Removed(instance);
        let limits = facts.limits;
        if let Some(why) = instance.0.lack(limits) {
            return Err(unavailable!("{why}"));
        }
        if let Some(why) = limits::too_little(limits, &facts.given) {
            return Err(usage!("--memory: {why}"));
        }
        instance.0.prepare()?;
        let mut launched = launch(&mut instance.0, &facts.given, limits);
        if launched.is_err() && is_too_old(&instance.0.log(), &facts.given, set) {
            instance.0.start_over()?;
            facts.given.remove(settings::NEWER);
            launched = launch(&mut instance.0, &facts.given, limits);
        }
        let plain = match launched {
            Ok(plain) => plain,
            Err(error) => return Err(why_no_start(&mut instance.0, error, set)),
        };
        let (run_schema, catalog, facts) = learn(&plain, facts)?;
        let facts = ServerFacts { transport: instance.0.transport(&plain).into(), ..facts };
        Ok(Self {
            instance,
            running: facts.given.clone(),
            limits,
            set: set.clone(),
            connector: plain.in_run_schema(&run_schema),
            plain,
            run_schema,
            catalog,
            facts,
            warnings,
            cpu_before: Duration::ZERO,
            cpu_most: Cell::default(),
        })
    }

    /// The settings that the server is given before a case's own, under these limits: those that follow from memory are
    /// others where that is.
    fn given_within(&self, limits: Limits) -> Settings {
        let mut given = self.facts.given.clone();
        if limits.memory_bytes != self.facts.limits.memory_bytes {
            let by_user = |name: &str| self.set.keys().any(|theirs| theirs.eq_ignore_ascii_case(name));
            let following = settings::of_memory(memory_bytes(limits));
            given.extend(following.into_iter().filter(|(name, _)| !by_user(name)));
        }
        given
    }

    fn restart(&mut self, wanted: Settings, limits: Limits, set: &Settings) -> Result<()> {
        let instance = &mut self.instance.0;
        if instance.launched() {
            // One that died has no time to read any more; what it had said is kept.
            self.cpu_before = match instance.cpu_time(&self.plain) {
                Ok(time) => self.cpu_before + time,
                Err(_) => self.cpu_most.get(),
            };
            instance.shut_down()?;
        }
        (self.running, self.limits) = (wanted, limits);
        match launch(instance, &self.running, limits) {
            Ok(plain) => self.plain = plain,
            Err(error) => {
                let error = match settings::complaint(&instance.log(), set) {
                    Some(words) => not_taken(&words),
                    None => error,
                };
                // Not a server that is half there: the next `apply` launches a fresh one.
                instance.give_up()?;
                return Err(error).context("restarting the server with a case's settings");
            }
        }
        Ok(())
    }
}

/// The settings a throwaway server starts with where so many bytes of disk are free: our tuning, with the
/// user's settings on top.
pub(crate) fn tuned(options: &Options, free_bytes: u64, warnings: &mut Vec<String>) -> Settings {
    warnings.extend(settings::checkpoint_warning(free_bytes, options.need_bytes));
    if let Some(given) = &options.given {
        return given.clone();
    }
    let tuned = settings::tuned(memory_bytes(options.limits), free_bytes, options.need_bytes);
    settings::merge(&tuned, &options.settings)
}

/// Bytes of memory of a server under these limits.
fn memory_bytes(limits: Limits) -> u64 {
    limits.memory_bytes.unwrap_or_else(machine::memory_bytes)
}

/// Launches a server that is held to these limits, and asks it whether they hold.
fn launch<I: Instance>(instance: &mut I, settings: &Settings, limits: Limits) -> Result<Connector> {
    instance.limit(limits)?;
    let plain = instance.launch(settings)?;
    limits::verify(&plain, limits)?;
    Ok(plain)
}

/// Asks a server what it is and which settings it knows.
fn learn(plain: &Connector, facts: ServerFacts) -> Result<(Arc<RunSchema>, Catalog, ServerFacts)> {
    let mut session = plain.connect()?;
    plain.asking(|| {
        let run_schema = Arc::new(RunSchema::read(&mut session)?);
        let (version_num, version) = settings::read_version(&mut session)?;
        let settings = settings::read_facts(&mut session)?;
        let catalog = Catalog::read(&mut session)?;
        Ok((run_schema, catalog, ServerFacts { version_num, version, settings, ..facts }))
    })
}

/// Whether a server did not start as it does not know a setting of our tuning: which version an image has is not known
/// before.
fn is_too_old(log: &str, given: &Settings, set: &Settings) -> bool {
    let is_ours =
        |name: &str| name == settings::NEWER && !set.keys().any(|theirs| theirs.eq_ignore_ascii_case(name));
    let ours = given.iter().filter(|(name, _)| is_ours(name));
    let ours: Settings = ours.map(|(name, value)| (name.clone(), value.clone())).collect();
    settings::complaint(log, &ours).is_some_and(|words| words.contains(UNKNOWN_SETTING))
}

/// Puts the user's error first where a setting of theirs kept the first server from starting.
fn why_no_start<I: Instance>(instance: &mut I, error: anyhow::Error, set: &Settings) -> anyhow::Error {
    let Some(words) = settings::complaint(&instance.log(), set) else { return error };
    if words.contains(UNKNOWN_SETTING) {
        // A server without those settings knows the names; a failure here leaves the first error.
        let mut known = || {
            instance.start_over()?;
            let plain = instance.launch(&Settings::new())?;
            let mut session = plain.connect()?;
            plain.asking(|| Catalog::read(&mut session))
        };
        match known().map(|catalog| catalog.check(set)) {
            Err(_) => return error,
            Ok(Err(unknown)) => return unknown,
            Ok(Ok(())) => {}
        }
    }
    not_taken(&words)
}

fn not_taken(words: &str) -> anyhow::Error {
    usage!("the server does not take a setting it was given: {words}")
}

impl<I: Instance> Server for Throwaway<I> {
    fn facts(&self) -> &ServerFacts {
        &self.facts
    }

    fn data_dir(&self) -> Option<&Path> {
        self.instance.0.data_dir()
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn connector(&self) -> &Connector {
        &self.connector
    }

    fn run_schema(&self) -> &RunSchema {
        &self.run_schema
    }

    fn refuses(&self, settings: &Settings) -> Option<String> {
        let known = settings::check_reserved(settings).and_then(|()| self.catalog.check(settings));
        known.err().map(|error| error.to_string())
    }

    fn cannot_limit(&self, settings: &Settings, limits: Limits) -> Option<String> {
        let limits = limits.over(self.facts.limits);
        let settings = settings::merge(&self.given_within(limits), settings);
        self.instance.0.lack(limits).or_else(|| limits::too_little(limits, &settings))
    }

    fn restarts_for(&self, settings: &Settings) -> Settings {
        settings::needing_restart(&self.catalog, &self.facts.given, settings)
    }

    fn apply_within(&mut self, settings: &Settings, limits: Limits) -> Result<()> {
        settings::check_reserved(settings)?;
        self.catalog.check(settings)?;
        let (lasting, of_session) = self.catalog.divide(settings);
        let limits = limits.over(self.facts.limits);
        let wanted = settings::merge(&self.given_within(limits), &lasting);
        if wanted != self.running || limits != self.limits || self.died().is_some() {
            self.restart(wanted, limits, settings)?;
        }
        self.connector = self.plain.with_settings(&of_session).in_run_schema(&self.run_schema);
        Ok(())
    }

    fn died(&self) -> Option<String> {
        if !self.instance.0.launched() {
            return Some("it did not start with the settings it was given last".into());
        }
        self.instance.0.died()
    }

    fn shortage(&self) -> Option<String> {
        self.instance.0.shortage()
    }

    fn cpu_time(&self) -> Result<Option<Duration>> {
        if !self.instance.0.launched() {
            return Err(unavailable!("the server does not run: no CPU time"));
        }
        // Ticks are rounded per process, so that a sum can differ by some from one taken before.
        let most = (self.cpu_before + self.instance.0.cpu_time(&self.plain)?).max(self.cpu_most.get());
        self.cpu_most.set(most);
        Ok(Some(most))
    }

    fn first_process(&self) -> Option<i32> {
        self.instance.0.first_process()
    }

    fn brace(&self, kind: CrashKind) -> Result<()> {
        self.instance.0.brace(kind)
    }

    fn killer(&self, kind: CrashKind) -> Result<Killer> {
        self.instance.0.killer(kind)
    }

    fn revive(&mut self, kind: CrashKind, seed: u64) -> Result<()> {
        // What is there no more has no time to read; the last that it said is kept.
        self.cpu_before = self.cpu_most.get();
        match self.instance.0.revive(kind, seed, &self.running) {
            Ok(plain) => self.plain = plain,
            Err(error) => {
                self.instance.0.give_up()?;
                return Err(error).context("starting the server again after it has crashed");
            }
        }
        Ok(())
    }

    fn mend(&mut self) -> Result<()> {
        self.cpu_before = self.cpu_most.get();
        self.instance.0.mend()
    }

    fn visible_path(&self, file: &Path) -> Result<PathBuf> {
        self.instance.0.visible_path(file, &self.connector)
    }

    fn stop(mut self: Box<Self>) -> Result<()> {
        self.instance.0.remove()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_of_the_tuning_is_left_out_where_a_version_does_not_know_it() {
        let settings = |name: &str| Settings::from([(name.to_owned(), "on".to_owned())]);
        let given = settings(settings::NEWER);
        let log = "FATAL:  unrecognized configuration parameter \"track_wal_io_timing\"\n";
        assert!(is_too_old(log, &given, &Settings::new()));
        assert!(!is_too_old(log, &given, &settings("Track_WAL_IO_timing")), "the user's own is an error");
        assert!(!is_too_old("FATAL:  could not bind\n", &given, &Settings::new()));
        let other = "FATAL:  unrecognized configuration parameter \"my_setting\"\n";
        assert!(!is_too_old(other, &given, &settings("my_setting")));
    }
}
