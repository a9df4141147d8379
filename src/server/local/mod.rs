//! A throwaway cluster made from the PostgreSQL binaries on this machine.
//!
//! Ready-made helper crates start theirs with fsync off, which would falsify every figure: here
//! all that keeps data safe is on unless a case says otherwise. Nothing of it outlives the run:
//! it is stopped and removed by [`Server::stop`], by a drop and by a panic; if this program is
//! killed, the kernel ends the server, and the next start removes its files (`run_dir::sweep`).

mod account;
mod installation;
mod postmaster;
mod run_dir;
mod shared_files;
mod shared_memory;

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};

pub use installation::{Installation, Place, choose, choose_and_say, installations};

use super::child::tail;
use super::connector::Connector;
use super::settings::{self, Catalog};
use super::{Checksums, Home, Options, Server, Settings, host};
use crate::interrupt::Interrupt;
use crate::model::{ServerFacts, Source};
use crate::probe::{disk, machine};
use crate::{unavailable, usage};
use account::Account;
use postmaster::{Postmaster, Stop};
use run_dir::RunDir;
use shared_files::SharedFiles;

/// A throwaway cluster, running.
pub struct Local {
    run: RunDir,
    installation: Installation,
    account: Account,
    /// `None` after it failed to start with a case's settings.
    postmaster: Option<Postmaster>,
    given: Settings,
    running: Settings,
    connector: Connector,
    /// The schema of its one database that everything is made in.
    home: Arc<Home>,
    catalog: Catalog,
    facts: ServerFacts,
    warnings: Vec<String>,
    files: SharedFiles,
    /// CPU time of servers that `apply` has stopped.
    cpu_before: Duration,
    /// The most `cpu_time` has said.
    cpu_most: Cell<Duration>,
    removed: bool,
}

impl Local {
    /// Makes a cluster and starts it. Call it from the main thread, or one that outlives the
    /// server: the kernel ends the server with the thread that started it.
    ///
    /// # Errors
    /// No usable binaries, too little space, settings the server does not take, or work has to stop.
    pub fn start(options: &Options, interrupt: &Interrupt) -> Result<Self> {
        Self::start_because("asked for", options, interrupt)
    }

    /// As [`Local::start`], for a reason that the record gives.
    ///
    /// # Errors
    /// As [`Local::start`].
    pub fn start_because(reason: &str, options: &Options, interrupt: &Interrupt) -> Result<Self> {
        interrupt.check()?;
        settings::check_reserved(&options.settings)?;
        let (installation, why) = choose_and_say(options.pg_bin.as_deref())?;
        let account = Account::for_server()?;
        let (base, warning) = run_dir::base(options.data_dir.as_deref(), &account)?;
        let mut warnings: Vec<String> = warning.into_iter().collect();
        warnings.extend(run_dir::sweep(&base));
        host::check_free(&base, options.need_bytes)?;
        if disk::in_memory(&disk::filesystem(&base)?) {
            warnings.push(format!(
                "{} lies in memory (tmpfs): these times say nothing of a server on a disk; name a directory on a disk with --data-dir",
                base.display()
            ));
        }
        let free_bytes = disk::free_bytes(&base)?;
        let given = settings::merge(&settings::tuned(machine::memory_bytes(), free_bytes), &options.settings);
        warnings.extend(settings::checkpoint_warning(free_bytes, options.need_bytes));
        let run = RunDir::create(&base, &options.id, &account)?;
        let connector = connector(&run, interrupt);
        let files = SharedFiles::new(run.path().join("files"), account.clone());
        let facts = ServerFacts {
            source: Source::Local,
            reason: format!("{reason}; {why}"),
            version_num: installation.version_num,
            version: installation.version_text.clone(),
            image: None,
            transport: "unix socket".into(),
            given: given.clone(),
            settings: Settings::new(),
        };
        // From here on a failure drops `local`, which removes what there is.
        let mut local = Self {
            run,
            installation,
            account,
            postmaster: None,
            given: given.clone(),
            running: Settings::new(),
            connector,
            home: Arc::default(),
            catalog: Catalog::default(),
            facts,
            warnings,
            files,
            cpu_before: Duration::ZERO,
            cpu_most: Cell::default(),
            removed: false,
        };
        local.initdb(options.checksums, interrupt)?;
        if let Err(error) = local.launch(&given) {
            return Err(local.why_not(error, &options.settings));
        }
        local.learn()?;
        Ok(local)
    }

    fn initdb(&self, checksums: Checksums, interrupt: &Interrupt) -> Result<()> {
        let log = self.run.path().join("initdb.log");
        let mut command = self.account.command(self.installation.bin.join("initdb"));
        command.arg("--pgdata").arg(self.run.data()).args([
            "--username=postgres",
            "--encoding=UTF8",
            // The collation decides how long an index on text takes: never an accident of the machine.
            "--locale=C",
            // The socket lies in a directory that only the server's account can enter.
            "--auth=trust",
            // An empty cluster that a power cut destroys is made again; what samples write is
            // flushed by the server itself.
            "--no-sync",
        ]);
        if self.installation.version_num >= 150000 {
            command.arg("--locale-provider=libc");
        }
        // On by default from 18 on, off before: the same everywhere here.
        match checksums {
            Checksums::On => command.arg("--data-checksums"),
            Checksums::Off if self.installation.version_num >= 180000 => command.arg("--no-data-checksums"),
            Checksums::Off => &mut command,
        };
        let status = postmaster::run_to_end(command, &log, interrupt).context("running initdb")?;
        if !status.success() {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            return Err(unavailable!(
                "initdb of {} failed ({status}): {}",
                self.installation.version_text,
                tail(&said)
            ));
        }
        Ok(())
    }

    /// Starts the server with these settings; none may be running.
    fn launch(&mut self, settings: &Settings) -> Result<()> {
        // The processes of a server that was killed notice it in their own time, and no other can start
        // until they have.
        run_dir::end_processes(&self.run.data())?;
        let mut command = self.account.command(self.installation.bin.join("postgres"));
        command.arg("-D").arg(self.run.data());
        let mut set = |name: &str, value: &str| {
            command.arg("-c").arg(format!("{name}={value}"));
        };
        set("listen_addresses", "");
        set("unix_socket_directories", &self.run.socket_dir().to_string_lossy());
        set("logging_collector", "off");
        set("log_destination", "stderr");
        set("lc_messages", "C");
        settings.iter().for_each(|(name, value)| set(name, value));
        self.running = settings.clone();
        let started = self.postmaster.insert(Postmaster::start(command, &self.run.log())?);
        started.wait_ready(&self.connector)
    }

    /// Asks the server what it is.
    fn learn(&mut self) -> Result<()> {
        let plain = connector(&self.run, self.connector.interrupt());
        let mut session = plain.connect()?;
        plain.asking(|| {
            self.home = Arc::new(Home::of(&mut session)?);
            (self.facts.version_num, self.facts.version) = settings::read_version(&mut session)?;
            self.facts.settings = settings::read_facts(&mut session)?;
            self.catalog = Catalog::read(&mut session)?;
            Ok(())
        })?;
        self.connector = plain.at_home(&self.home);
        Ok(())
    }

    /// Puts the user's error first where a setting of theirs kept the server from starting.
    fn why_not(&mut self, error: anyhow::Error, set: &Settings) -> anyhow::Error {
        let log = self.postmaster.take().map(|postmaster| postmaster.log_text()).unwrap_or_default();
        let Some(words) = settings::complaint(&log, set) else { return error };
        // A server without those settings knows the names; a failure here leaves the first error.
        let unasked =
            words.contains("unrecognized configuration parameter") && self.catalog.value("fsync").is_none();
        if unasked && self.launch(&Settings::new()).and_then(|()| self.learn()).is_err() {
            return error;
        }
        match self.catalog.value("fsync").map(|_| self.catalog.check(set)) {
            Some(Err(unknown)) => unknown,
            _ => usage!("the server does not take a setting it was given: {words}"),
        }
    }

    /// Why the server does not run, with its log's last lines; `None` while it does.
    fn died(&self) -> Option<String> {
        match &self.postmaster {
            Some(postmaster) => postmaster.died(),
            None => Some("it did not start with the settings it was given last".into()),
        }
    }

    fn remove(&mut self) -> Result<()> {
        if self.removed {
            return Ok(());
        }
        // Its files are thrown away: no checkpoint is worth waiting for.
        let stopped = self.postmaster.as_mut().map_or(Ok(()), |postmaster| postmaster.stop(Stop::Immediate));
        // Also when it could not be stopped: without its files it ends by itself.
        let removed = self.run.remove();
        self.removed = stopped.is_ok() && removed.is_ok();
        stopped.and(removed)
    }
}

fn connector(run: &RunDir, interrupt: &Interrupt) -> Connector {
    let mut config = tokio_postgres::Config::new();
    config.host_path(run.socket_dir()).user("postgres").dbname("postgres").application_name("bulkbench");
    Connector::new(config, interrupt.clone())
}

impl Server for Local {
    fn facts(&self) -> &ServerFacts {
        &self.facts
    }

    fn data_dir(&self) -> Option<&Path> {
        Some(self.run.path())
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn connector(&self) -> &Connector {
        &self.connector
    }

    fn home(&self) -> &Home {
        &self.home
    }

    fn refuses(&self, settings: &Settings) -> Option<String> {
        let known = settings::check_reserved(settings).and_then(|()| self.catalog.check(settings));
        known.err().map(|error| error.to_string())
    }

    fn restarts_for(&self, settings: &Settings) -> Settings {
        settings::needing_restart(&self.catalog, &self.given, settings)
    }

    fn apply(&mut self, settings: &Settings) -> Result<()> {
        settings::check_reserved(settings)?;
        self.catalog.check(settings)?;
        let (lasting, of_session) = self.catalog.divide(settings);
        let connector = connector(&self.run, self.connector.interrupt());
        self.connector = connector.with_settings(&of_session).at_home(&self.home);
        let wanted = settings::merge(&self.given, &lasting);
        if wanted == self.running && Server::died(self).is_none() {
            return Ok(());
        }
        if let Some(mut postmaster) = self.postmaster.take() {
            // One that died has no time to read any more; what it had said is kept.
            self.cpu_before = match postmaster.cpu_time() {
                Ok(time) => self.cpu_before + time,
                Err(_) => self.cpu_most.get(),
            };
            postmaster.stop(Stop::Fast)?;
        }
        if let Err(error) = self.launch(&wanted) {
            return Err(self.why_not(error, settings))
                .context("restarting the server with a case's settings");
        }
        Ok(())
    }

    fn died(&self) -> Option<String> {
        Local::died(self)
    }

    fn cpu_time(&self) -> Result<Option<Duration>> {
        let postmaster =
            self.postmaster.as_ref().ok_or_else(|| unavailable!("the server does not run: no CPU time"))?;
        // Ticks are rounded per process, so that a sum can differ by some from one taken before.
        let most = (self.cpu_before + postmaster.cpu_time()?).max(self.cpu_most.get());
        self.cpu_most.set(most);
        Ok(Some(most))
    }

    fn visible_path(&self, file: &Path) -> Result<PathBuf> {
        self.files.readable(file)
    }

    fn stop(mut self: Box<Self>) -> Result<()> {
        self.remove()
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            crate::say!("bulkbench: the local server is not quite gone: {error:#}");
        }
    }
}
