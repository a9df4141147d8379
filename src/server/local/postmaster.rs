//! The server's process: started as our child, watched, stopped.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::Signal;

use crate::interrupt::Interrupt;
use crate::server::Killer;
use crate::server::child::{spawn_bound, tail};
use crate::server::connector::{Connector, Readiness};
use crate::server::processes::{self, Stat};
use crate::unavailable;

/// Longer than any crash recovery of what one sample writes.
const READY_LIMIT: Duration = Duration::from_secs(600);
/// How long a server may take to stop when asked nicely: a checkpoint of all it holds in memory.
const FAST_LIMIT: Duration = Duration::from_secs(120);
/// How long one may take that throws its memory away: it kills its own children after 5 s.
const IMMEDIATE_LIMIT: Duration = Duration::from_secs(10);

/// How long initdb may take to stop: what it does at the moment has to end first.
const INITDB_LIMIT: Duration = Duration::from_secs(10);

/// A way to stop a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Its files are used again: disconnect everybody, write a checkpoint.
    Fast,
    /// Its files are thrown away: end at once.
    Immediate,
}

/// A running postmaster. Dropping it stops it at once.
#[derive(Debug)]
pub(crate) struct Postmaster {
    child: Child,
    process: Stat,
    log: PathBuf,
    log_from: u64,
}

impl Postmaster {
    /// Starts `command` (which runs `postgres`), its output at the end of `log`, in a process group
    /// of its own: a Ctrl-C in the terminal is for us, not for the server.
    ///
    /// The kernel ends the server (SIGQUIT, an immediate shutdown) when the *thread* that calls
    /// this ends, however it does: call it from the main thread, or one that outlives the server.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(mut command: Command, log: &Path) -> Result<Self> {
        let file = open_log(log)?;
        let log_from = file.metadata().context("reading the size of the server's log")?.len();
        command.stdout(file.try_clone().context("opening the server's log")?).stderr(file);
        let child = spawn_bound(&mut command, Signal::QUIT).context("starting the server")?;
        let pid = child.id() as i32;
        let process = processes::stat(pid).with_context(|| format!("the server {pid} is not in /proc"))?;
        Ok(Self { child, process, log: log.to_owned(), log_from })
    }

    /// Waits until the server takes connections.
    ///
    /// # Errors
    /// When it ends instead (its log's last lines are in the message), refuses, or work has to stop.
    pub(crate) fn wait_ready(&mut self, connector: &Connector) -> Result<()> {
        let end = Instant::now() + READY_LIMIT;
        loop {
            if let Some(why) = self.died() {
                return Err(unavailable!("the server did not start: {why}"));
            }
            match connector.readiness().context("connecting to the server that was started")? {
                Readiness::Ready => return Ok(()),
                Readiness::NotYet(why) if Instant::now() >= end => {
                    return Err(unavailable!(
                        "the server did not take connections within {} s: {why}; the end of its log: {}",
                        READY_LIMIT.as_secs(),
                        self.log_tail()
                    ));
                }
                Readiness::NotYet(_) => connector.interrupt().sleep(Duration::from_millis(10))?,
            }
        }
    }

    /// Its end, and its log's last lines; `None` while it runs.
    pub(crate) fn died(&self) -> Option<String> {
        if processes::lives(&self.process) {
            return None;
        }
        Some(format!(
            "the server (process {}) has ended; the end of its log: {}",
            self.process.pid,
            self.log_tail()
        ))
    }

    /// Its number.
    pub(crate) fn pid(&self) -> i32 {
        self.process.pid
    }

    /// CPU time of it and its children, those that have ended included.
    ///
    /// # Errors
    /// When it is gone.
    pub(crate) fn cpu_time(&self) -> Result<Duration> {
        processes::tree_cpu(self.process.pid)
    }

    /// What kills it and all its children.
    pub(crate) fn killer(&self) -> Killer {
        let first = self.process.clone();
        Box::new(move || processes::kill(&first).context("killing the server"))
    }

    /// The log since it was started.
    pub(crate) fn log_text(&self) -> String {
        let read = || -> std::io::Result<String> {
            let mut file = File::open(&self.log)?;
            // A log that fills the disk must not fill the memory too.
            let from = self.log_from.max(file.metadata()?.len().saturating_sub(1 << 20));
            file.seek(SeekFrom::Start(from))?;
            let mut text = Vec::new();
            file.read_to_end(&mut text)?;
            Ok(String::from_utf8_lossy(&text).into_owned())
        };
        read().unwrap_or_else(|error| format!("(the log {} cannot be read: {error})", self.log.display()))
    }

    fn log_tail(&self) -> String {
        tail(&self.log_text())
    }

    /// Stops it: as asked first, then less and less gently, so that it has ended on return.
    ///
    /// # Errors
    /// When it does not end, or may not be signalled.
    pub(crate) fn stop(&mut self, how: Stop) -> Result<()> {
        let (signal, limit) = match how {
            Stop::Fast => (Signal::INT, FAST_LIMIT),
            Stop::Immediate => (Signal::QUIT, IMMEDIATE_LIMIT),
        };
        processes::end(&self.process, signal, limit).context("stopping the server")?;
        self.child.wait().context("waiting for the server's end")?;
        Ok(())
    }
}

impl Drop for Postmaster {
    fn drop(&mut self) {
        if let Err(error) = self.stop(Stop::Immediate) {
            crate::say!("bulkbench: {error:#}");
        }
    }
}

/// Runs a command to its end, its output at the end of `log`. When work has to stop, and when this
/// thread ends, it is asked to (SIGTERM): initdb then lets the server it runs give its shared memory
/// back. It is killed where that takes too long.
///
/// # Errors
/// When it cannot be started, or work has to stop.
pub(crate) fn run_to_end(mut command: Command, log: &Path, interrupt: &Interrupt) -> Result<ExitStatus> {
    let file = open_log(log)?;
    command.stdout(file.try_clone()?).stderr(file);
    let mut child = spawn_bound(&mut command, Signal::TERM)?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if let Err(stopped) = interrupt.sleep(Duration::from_millis(5)) {
            // One that is gone already has nothing to be ended.
            if let Some(process) = processes::stat(child.id() as i32) {
                processes::end(&process, Signal::TERM, INITDB_LIMIT)?;
            }
            child.wait()?;
            return Err(stopped.into());
        }
    }
}

fn open_log(log: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .with_context(|| format!("opening the server's log {}", log.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_runs_to_its_end_or_to_the_interrupt() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let interrupt = Interrupt::new();
        let mut command = Command::new("sh");
        command.args(["-c", "echo said; exit 3"]);
        assert_eq!(run_to_end(command, &log, &interrupt).unwrap().code(), Some(3));
        assert_eq!(std::fs::read_to_string(&log).unwrap(), "said\n");
        interrupt.raise(15);
        let mut endless = Command::new("sleep");
        endless.arg("600");
        let error = run_to_end(endless, &log, &interrupt).unwrap_err();
        assert_eq!(crate::fault::Fault::find(&error).unwrap().exit_code(), 143);
    }
}
