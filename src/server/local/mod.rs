//! A throwaway cluster made from the PostgreSQL binaries on this machine.
//!
//! Ready-made helper crates start theirs with fsync off, which would falsify every figure: here
//! all that keeps data safe is on unless a case says otherwise. Nothing of it outlives the run:
//! it is stopped and removed by [`super::Server::stop`], by a drop and by a panic; if this program is
//! killed, the kernel ends the server, and the next start removes its files (`run_dir::sweep`).

mod account;
mod control_group;
mod installation;
mod postmaster;
mod run_dir;
mod shared_files;
mod shared_memory;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

pub(crate) use installation::{Installation, choose_and_say};
pub use installation::{choose, installations};

use super::child::tail;
use super::connector::Connector;
use super::throwaway::{Instance, Throwaway, tuned};
use super::{Checksums, Killer, Options, Settings, free_space, limits, settings};
use crate::disk::Emulation;
use crate::interrupt::Interrupt;
use crate::model::{Absent, CrashKind, Fingerprint, Limits, ServerFacts, Source};
use crate::probe::disk;
use crate::unavailable;
use account::Account;
use control_group::ControlGroups;
use postmaster::{Postmaster, Stop};
use run_dir::RunDir;
use shared_files::SharedFiles;

/// A throwaway cluster, running.
pub(crate) type Local = Throwaway<Cluster>;

/// A cluster in a directory of the run's own.
pub(crate) struct Cluster {
    run: RunDir,
    groups: ControlGroups,
    installation: Installation,
    account: Account,
    checksums: Checksums,
    interrupt: Interrupt,
    postmaster: Option<Postmaster>,
    files: SharedFiles,
    removed: bool,
}

impl Local {
    /// Makes a cluster and starts it. Call it from the main thread, or one that outlives the
    /// server: the kernel ends the server with the thread that started it.
    ///
    /// # Errors
    /// No usable binaries, too little space, settings the server does not take, or work has to stop.
    pub(crate) fn start(options: &Options, interrupt: &Interrupt) -> Result<Self> {
        Self::start_because("asked for", options, interrupt)
    }

    /// As [`Local::start`], for a reason that the record gives.
    ///
    /// # Errors
    /// As [`Local::start`].
    pub(crate) fn start_because(reason: &str, options: &Options, interrupt: &Interrupt) -> Result<Self> {
        interrupt.check()?;
        settings::check_reserved(&options.settings)?;
        let (installation, why) = choose_and_say(options.pg_bin.as_deref())?;
        let account = Account::for_server()?;
        let (base, warning) = run_dir::base(options.data_dir.as_deref(), &account)?;
        let mut warnings: Vec<String> = warning.into_iter().collect();
        warnings.extend(run_dir::sweep(&base));
        free_space::check_free(&base, options.need_bytes)?;
        if disk::in_memory(&disk::filesystem(&base)?) {
            warnings.push(format!(
                "{} lies in memory (tmpfs): these times say nothing of a server on a disk; name a directory on a disk with --data-dir",
                base.display()
            ));
        }
        let free_bytes = disk::free_bytes(&base)?;
        let given = tuned(options, free_bytes, &mut warnings);
        let disk = options.disk.as_ref().map(|disk| (disk, options.limits));
        let run = RunDir::create(&base, &options.id, &account, disk)?;
        warnings.extend(run.disk().and_then(Emulation::warning));
        let files = SharedFiles::new(run.path().join("files"), account.clone());
        let facts = ServerFacts {
            source: Source::Local,
            reason: format!("{reason}; {why}"),
            version_num: installation.version_num,
            version: installation.version_text.clone(),
            image: None,
            transport: String::new(),
            limits: options.limits,
            given,
            settings: Settings::new(),
            absent: Absent::default(),
            fingerprint: Fingerprint::default(),
            unmeasured: None,
            disk: options.disk.clone(),
        };
        let cluster = Cluster {
            groups: ControlGroups::new(run.path()),
            run,
            installation,
            account,
            checksums: options.checksums,
            interrupt: interrupt.clone(),
            postmaster: None,
            files,
            removed: false,
        };
        Throwaway::bring_up(cluster, facts, warnings, &options.settings)
    }
}

/// Why no local server can be held to these limits, in words; `None` where one can.
pub(crate) fn lack(wanted: Limits) -> Option<String> {
    limits::beyond(wanted).or_else(|| control_group::lack(wanted))
}

impl Cluster {
    /// The emulated disk.
    fn disk(&self) -> Result<&Emulation> {
        self.run.disk().ok_or_else(|| {
            unavailable!(
                "a loss of power is that of an emulated disk, and this server's data lies on a real one; add --disk CLASS (none is one, too), or crash by kill"
            )
        })
    }
}

impl Instance for Cluster {
    const NAME: &'static str = "the local server";

    /// Runs initdb.
    fn prepare(&mut self) -> Result<()> {
        let log = self.run.path().join("initdb.log");
        // It runs a server, too.
        self.run.expect_server()?;
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
        match self.checksums {
            Checksums::On => command.arg("--data-checksums"),
            Checksums::Off if self.installation.version_num >= 180000 => command.arg("--no-data-checksums"),
            Checksums::Off => &mut command,
        };
        let status = postmaster::run_to_end(command, &log, &self.interrupt).context("running initdb")?;
        if !status.success() {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            return Err(unavailable!(
                "initdb of {} failed ({status}): {}",
                self.installation.version_text,
                tail(&said)
            ));
        }
        // Else a slow disk would still write a thousand files of it when the first things are measured.
        self.run.disk().map_or(Ok(()), Emulation::settle)
    }

    fn lack(&self, wanted: Limits) -> Option<String> {
        self::lack(wanted)
    }

    fn limit(&mut self, limits: Limits) -> Result<()> {
        self.groups.limit(limits)
    }

    fn launch(&mut self, settings: &Settings) -> Result<Connector> {
        // The processes of a server that was killed notice it in their own time, and no other can start
        // until they have.
        run_dir::end_processes(&self.run.data())?;
        self.run.expect_server()?;
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
        self.groups.bind(&mut command)?;
        let started = self.postmaster.insert(Postmaster::start(command, &self.run.log())?);
        let mut config = tokio_postgres::Config::new();
        config
            .host_path(self.run.socket_dir())
            .user("postgres")
            .dbname("postgres")
            .application_name("bulkbench");
        let connector = Connector::new(config, self.interrupt.clone());
        started.wait_ready(&connector)?;
        Ok(connector)
    }

    fn launched(&self) -> bool {
        self.postmaster.is_some()
    }

    fn shut_down(&mut self) -> Result<()> {
        self.postmaster.take().map_or(Ok(()), |mut postmaster| postmaster.stop(Stop::Fast))
    }

    fn give_up(&mut self) -> Result<()> {
        // Dropping it ends it at once.
        self.postmaster = None;
        Ok(())
    }

    /// initdb has its own settings: the cluster is as good as new.
    fn start_over(&mut self) -> Result<()> {
        self.give_up()
    }

    fn log(&self) -> String {
        self.postmaster.as_ref().map(Postmaster::log_text).unwrap_or_default()
    }

    fn died(&self) -> Option<String> {
        self.postmaster.as_ref().and_then(Postmaster::died)
    }

    fn shortage(&self) -> Option<String> {
        self.groups.shortage()
    }

    fn cpu_time(&self, _: &Connector) -> Result<Duration> {
        self.postmaster.as_ref().context("no server was launched")?.cpu_time()
    }

    fn first_process(&self) -> Option<i32> {
        self.postmaster.as_ref().map(Postmaster::pid)
    }

    fn brace(&self, kind: CrashKind) -> Result<()> {
        match kind {
            CrashKind::Kill => Ok(()),
            CrashKind::Power => self.disk()?.keep_unflushed(),
        }
    }

    fn killer(&self, kind: CrashKind) -> Result<Killer> {
        let killer = self.postmaster.as_ref().context("no server was launched")?.killer();
        match kind {
            CrashKind::Kill => Ok(killer),
            CrashKind::Power => {
                let power = self.disk()?.power();
                // The processes may do what they like in between: nothing of it reaches the disk.
                Ok(Box::new(move || power.turn_off().and_then(|()| killer())))
            }
        }
    }

    fn revive(&mut self, kind: CrashKind, seed: u64, settings: &Settings) -> Result<Connector> {
        // Until its end is waited for, the next one takes its number for that of a server that runs.
        self.give_up()?;
        if kind == CrashKind::Power {
            // Memory is gone by a loss of power, too.
            self.run.sweep_memory()?;
            self.disk()?.lose_power(seed)?;
        }
        self.launch(settings)
    }

    fn mend(&mut self) -> Result<()> {
        self.give_up()?;
        run_dir::end_processes(&self.run.data())?;
        self.run.sweep_memory()?;
        self.disk()?.put_back()
    }

    fn transport(&self, _: &Connector) -> &'static str {
        "unix socket"
    }

    fn data_dir(&self) -> Option<&Path> {
        Some(self.run.disk().map_or(self.run.path(), Emulation::at))
    }

    fn visible_path(&self, file: &Path, _: &Connector) -> Result<PathBuf> {
        self.files.readable(file)
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
