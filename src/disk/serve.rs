//! The process that serves an emulated disk: it does what its input says, line by line, and unmounts when that ends,
//! by whatever the process has ended that has written it.
//!
//! ```text
//! settle            what waits to be written by the device is written
//! keep              all there is counts as flushed; what is changed from now on can be lost
//! power off         nothing is read, written or flushed any more
//! lose power        unmount, throw away what was not flushed, mount again
//! lose power SEED   likewise, but for half of the blocks that were not flushed, chosen by the seed
//! save              copy all that there is, unless that was done before
//! put back          unmount, have what was copied in place of what is there, mount again
//! ```
//! Each line is answered by one: `ok`, or what went wrong. The first line says `ok` once the disk is mounted.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};
use fuser::BackgroundSession;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::device::Device;
use super::files::{FILES, Files};
use super::journal::Written;
use super::{class, mount};
use crate::errors::chain;
use crate::model::EmulatedDisk;

/// The copy of the files.
const SAVED: &str = "saved";

/// The answer to what went well.
pub(super) const OK: &str = "ok";

/// What is served, and where.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// The directory that holds the files
    #[arg(long)]
    pub beneath: PathBuf,
    /// The directory to mount them at
    #[arg(long)]
    pub at: PathBuf,
    /// The disk: a class, or its figures
    #[arg(long)]
    pub disk: String,
    /// Bytes that may wait to be written
    #[arg(long)]
    pub waiting: u64,
}

/// Serves an emulated disk until standard input ends.
///
/// # Errors
/// When it cannot be unmounted in the end, or nobody hears its answers. That it cannot be mounted is the first of these.
pub(crate) fn serve(args: &Args) -> Result<()> {
    // What is made above has the permissions that it is made with; the kernel has applied a mask there.
    rustix::process::umask(rustix::fs::Mode::empty());
    // A file that is open above is open beneath.
    let files = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files });
    let (input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    let mut say = |words: &str| writeln!(output, "{words}").and_then(|()| output.flush());
    let disk = class::parse(&args.disk)?;
    let mut serving = match Serving::start(&args.beneath, &args.at, &disk, args.waiting) {
        Ok(serving) => serving,
        // Whoever has started this says it.
        Err(error) => return Ok(say(&one_line(&error))?),
    };
    say(OK)?;
    for line in input.lines() {
        // What cannot be read has ended.
        let Ok(line) = line else { break };
        let answer = match serving.obey(&line) {
            Ok(()) => OK.to_owned(),
            Err(error) => one_line(&error),
        };
        if say(&answer).is_err() {
            break;
        }
    }
    serving.end()
}

/// Copies a directory with owners, permissions and times. By cp(1), which has all of its corner cases.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let output = Command::new("cp").arg("-a").arg("--").arg(from).arg(to).output().context("running cp")?;
    match output.status.success() {
        true => Ok(()),
        false => bail!("copying {}: {}", from.display(), String::from_utf8_lossy(&output.stderr).trim()),
    }
}

fn one_line(error: &anyhow::Error) -> String {
    chain(error.as_ref()).replace('\n', " ")
}

/// How a service of requests has ended whose mount was taken away: a thread that was about to take the next one then is
/// told that the connection was aborted (`fuse_dev_do_read` in fs/fuse/dev.c of Linux).
fn ended(service: std::io::Result<()>) -> std::io::Result<()> {
    match service {
        Err(error) if error.raw_os_error() == Some(libc::ECONNABORTED) => Ok(()),
        other => other,
    }
}

/// An emulated disk that is served.
pub(super) struct Serving {
    beneath: PathBuf,
    at: PathBuf,
    disk: EmulatedDisk,
    waiting: u64,
    device: Arc<Device>,
    files: Arc<Files>,
    is_off: Arc<AtomicBool>,
    session: Option<BackgroundSession>,
}

impl Serving {
    /// Mounts and serves one.
    ///
    /// # Errors
    /// When it cannot be mounted.
    pub(super) fn start(beneath: &Path, at: &Path, disk: &EmulatedDisk, waiting: u64) -> Result<Self> {
        let device = Arc::new(Device::start(disk, waiting).context("starting an emulated disk")?);
        let files = Arc::new(Files::open(beneath).context("opening what lies beneath an emulated disk")?);
        let mut serving = Self {
            beneath: beneath.to_owned(),
            at: at.to_owned(),
            disk: disk.clone(),
            waiting,
            device,
            files,
            is_off: Arc::default(),
            session: None,
        };
        serving.mount()?;
        Ok(serving)
    }

    fn mount(&mut self) -> Result<()> {
        let (files, device) = (self.files.clone(), self.device.clone());
        self.session = Some(mount::mount(&self.at, files, device, self.is_off.clone())?);
        Ok(())
    }

    /// Does what a line says.
    ///
    /// # Errors
    /// When that fails, or the line says nothing that is known.
    pub(super) fn obey(&mut self, line: &str) -> Result<()> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["settle"] => {
                self.device.settle();
                Ok(())
            }
            ["keep"] => self.files.keep().context("taking what is there as flushed"),
            ["power", "off"] => {
                self.is_off.store(true, Ordering::SeqCst);
                Ok(())
            }
            ["lose", "power"] => self.lose_power(&mut Written::none()),
            ["lose", "power", seed] => {
                self.lose_power(&mut Written::half(seed.parse().context("reading the seed")?))
            }
            ["save"] => self.save(),
            ["put", "back"] => self.put_back(),
            _ => bail!("`{line}` is nothing that an emulated disk can do"),
        }
    }

    fn lose_power(&mut self, written: &mut Written) -> Result<()> {
        self.unmount()?;
        self.files.lose_power(written).context("throwing away what was not flushed")?;
        self.mount_anew()
    }

    fn save(&self) -> Result<()> {
        let saved = self.beneath.join(SAVED);
        if saved.exists() {
            return Ok(());
        }
        // By another name first: half a copy is none.
        let half = self.beneath.join("half-saved");
        copy(&self.beneath.join(FILES), &half)?;
        std::fs::rename(half, saved).context("naming the copy of what is there")
    }

    fn put_back(&mut self) -> Result<()> {
        self.unmount()?;
        let files = self.beneath.join(FILES);
        std::fs::remove_dir_all(&files).context("removing what is there")?;
        copy(&self.beneath.join(SAVED), &files)?;
        self.mount_anew()
    }

    fn unmount(&mut self) -> Result<()> {
        self.is_off.store(true, Ordering::SeqCst);
        mount::unmount(&self.at)?;
        if let Some(session) = self.session.take() {
            ended(session.join()).context("ending the service of an emulated disk")?;
        }
        Ok(())
    }

    fn mount_anew(&mut self) -> Result<()> {
        self.files = Arc::new(Files::open(&self.beneath)?);
        // What waited to be written waits no more.
        self.device = Arc::new(Device::start(&self.disk, self.waiting)?);
        self.is_off = Arc::default();
        self.mount()
    }

    /// Unmounts at once, whoever still uses it.
    ///
    /// # Errors
    /// When it cannot be unmounted.
    pub(super) fn end(self) -> Result<()> {
        // What the kernel still holds is not wanted by anybody.
        self.is_off.store(true, Ordering::SeqCst);
        mount::detach(&self.at)
    }
}
