//! An emulated disk as its user has it: a process of its own serves it, and what is said to that.
//!
//! That process outlives a kill of this one, hears of it by the end of its input, and unmounts. Nothing in this one may
//! serve what it uses itself: it would wait for itself.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::files::FILES;
use super::serve::OK;
use super::{class, mount};
use crate::model::{EmulatedDisk, Limits};
use crate::probe::machine;
use crate::unavailable;

/// The verb of the command line by which a process serves an emulated disk.
pub(crate) const VERB: &str = "serve-disk";

/// How often the kernel is made to write back what it holds, while what is not flushed is kept apart.
const WRITE_BACK: Duration = Duration::from_millis(100);

/// How long the process may take to end once it has been told to.
const END_LIMIT: Duration = Duration::from_secs(20);

/// An emulated disk, mounted. Dropping it unmounts it.
#[derive(Debug)]
pub(crate) struct Emulation {
    at: PathBuf,
    server: Arc<Mutex<Server>>,
    /// Whether the kernel holds as much of it in memory as of any disk.
    is_held: bool,
}

/// The process that serves it.
#[derive(Debug)]
struct Server {
    child: Child,
    /// `None` once it was told to end.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// Dropping it ends the thread that has the kernel write back all the time.
    restless: Option<Sender<()>>,
}

/// What of an emulated disk can be told from any thread.
#[derive(Debug, Clone)]
pub(crate) struct Power(Arc<Mutex<Server>>);

impl Power {
    /// Turns the power off: what was not flushed until now can be lost from now on.
    ///
    /// # Errors
    /// When the disk is not served any more.
    pub(crate) fn turn_off(&self) -> Result<()> {
        let mut server = locked(&self.0);
        server.restless = None;
        server.tell("power off")
    }
}

/// The directory in which the files lie that a disk emulated with this directory beneath it holds.
pub(crate) fn files_in(beneath: &Path) -> PathBuf {
    beneath.join(FILES)
}

/// Makes the directories of an emulated disk, which all may enter: this one and that of its files.
///
/// # Errors
/// When they cannot be made.
pub(crate) fn make_beneath(beneath: &Path) -> Result<()> {
    for dir in [beneath.to_owned(), files_in(beneath)] {
        let made = std::fs::DirBuilder::new().mode(0o711).create(&dir).and_then(|()| {
            // Whatever the mask says.
            std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o711))
        });
        made.with_context(|| format!("making {}", dir.display()))?;
    }
    Ok(())
}

impl Emulation {
    /// Has the files beneath this directory served by a disk with these figures, mounted at that one, which is made; the
    /// limits are those of whoever is going to write there.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Unavailable`] where that does not go, with the reason.
    pub(crate) fn start(disk: &EmulatedDisk, limits: Limits, beneath: &Path, at: &Path) -> Result<Self> {
        let (beneath, at) = (&*std::path::absolute(beneath)?, &*std::path::absolute(at)?);
        std::fs::DirBuilder::new()
            .mode(0o711)
            .create(at)
            .with_context(|| format!("making {}", at.display()))?;
        let program = std::env::current_exe().context("finding this program")?;
        let mut command = Command::new(program);
        command.arg(VERB).arg("--beneath").arg(beneath).arg("--at").arg(at);
        command
            .arg("--disk")
            .arg(class::spelling(disk))
            .arg("--waiting")
            .arg(most_waiting(limits).to_string());
        // Not of the terminal's group: a Ctrl-C there is for us, who end it in time.
        command.current_dir("/").process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("starting the process that serves an emulated disk")?;
        let input = child.stdin.take();
        let output = child.stdout.take().context("the output of the process that serves a disk")?;
        let mut server = Server { child, input, output: BufReader::new(output), restless: None };
        let answer = server.answer();
        let mut emulation = Self { at: at.to_owned(), server: Arc::new(Mutex::new(server)), is_held: false };
        match answer?.as_str() {
            OK => {}
            why => return Err(unavailable!("--disk {}: {why}", class::spelling(disk))),
        }
        emulation.is_held = emulation.hold_as_much_as_any();
        Ok(emulation)
    }

    /// Lets the kernel hold as much of it in memory that is not written back as of any disk. By default it is a
    /// hundredth of that for FUSE (`fuse_bdi_init` in fs/fuse/inode.c of Linux). Only root can; what is not held waits in
    /// the emulated device instead. Whether it does.
    fn hold_as_much_as_any(&self) -> bool {
        let Ok(device) = std::fs::metadata(&self.at).map(|found| found.dev()) else { return false };
        let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
        let settings = PathBuf::from(format!("/sys/class/bdi/{major}:{minor}"));
        let is_held = std::fs::write(settings.join("max_ratio"), "100").is_ok();
        // Kernels before 6.2 do not have it.
        let _ = std::fs::write(settings.join("strict_limit"), "0");
        is_held
    }

    /// What a reader of its times has to know of how it is mounted, in words; `None` where it is as any disk.
    pub(crate) fn warning(&self) -> Option<String> {
        (!self.is_held).then(|| {
            "the kernel holds a hundredth of what it holds in memory of other disks of what is written to the emulated one, \
             as only root may have it hold more: who writes much waits earlier, and times are longer than root's; hold \
             them against runs of the same user"
                .into()
        })
    }

    /// The directory that it is mounted at.
    pub(crate) fn at(&self) -> &Path {
        &self.at
    }

    /// What can be told to it from any thread.
    pub(crate) fn power(&self) -> Power {
        Power(self.server.clone())
    }

    /// Takes all that was written until now as on the disk, what the kernel still held included, as if it had been idle for
    /// long enough. It is not kept apart by that: what was not flushed still is not.
    ///
    /// # Errors
    /// When it is not served any more, or what is there cannot be written.
    pub(crate) fn settle(&self) -> Result<()> {
        self.write_back()?;
        locked(&self.server).tell("settle")
    }

    /// Takes all that is there as flushed, what the kernel still held included, and keeps apart from now on what is not.
    /// The first time a copy of all of it is made as well. Until the power is turned off the kernel writes back what it
    /// holds ten times a second, as it may at any time: what is not flushed is on its way to the disk then.
    ///
    /// # Errors
    /// When it is not served any more, or what is there cannot be written.
    pub(crate) fn keep_unflushed(&self) -> Result<()> {
        self.write_back()?;
        let mut server = locked(&self.server);
        server.tell("save")?;
        server.tell("keep")?;
        let (stop, stopped) = channel();
        server.restless = Some(stop);
        drop(server);
        let at = self.at.clone();
        std::thread::spawn(move || {
            while stopped.recv_timeout(WRITE_BACK) == Err(RecvTimeoutError::Timeout)
                && write_back(&at).is_ok()
            {}
        });
        Ok(())
    }

    fn write_back(&self) -> Result<()> {
        write_back(&self.at).context("writing back what the kernel holds of an emulated disk")
    }

    /// Undergoes a loss of power: what was not flushed is gone, but for half of its blocks, which the seed chooses.
    /// Nobody may use the files.
    ///
    /// # Errors
    /// When somebody uses the files, or it is not served any more.
    pub(crate) fn lose_power(&self, seed: u64) -> Result<()> {
        self.anew(&format!("lose power {seed}"))
    }

    /// Puts back the copy that was made when it first kept apart what is not flushed. Nobody may use the files.
    ///
    /// # Errors
    /// As [`Emulation::lose_power`].
    pub(crate) fn put_back(&self) -> Result<()> {
        self.anew("put back")
    }

    /// Tells it something by which it is mounted anew.
    fn anew(&self, words: &str) -> Result<()> {
        locked(&self.server).tell(words)?;
        self.hold_as_much_as_any();
        Ok(())
    }

    /// Unmounts it and ends its process; nothing where that is done.
    ///
    /// # Errors
    /// When it cannot be unmounted.
    pub(crate) fn stop(&self) -> Result<()> {
        locked(&self.server).end();
        mount::detach(&self.at)
    }
}

impl Drop for Emulation {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            crate::say!("bulkbench: {error:#}");
        }
    }
}

impl Server {
    fn tell(&mut self, words: &str) -> Result<()> {
        let Some(input) = &mut self.input else { bail!("the emulated disk was unmounted") };
        writeln!(input, "{words}").context("telling the process that serves an emulated disk")?;
        match self.answer()?.as_str() {
            OK => Ok(()),
            why => bail!("the emulated disk could not {words}: {why}"),
        }
    }

    fn answer(&mut self) -> Result<String> {
        let mut line = String::new();
        match self.output.read_line(&mut line) {
            Ok(0) => bail!("the process that serves the emulated disk has ended"),
            Ok(_) => Ok(line.trim_end().to_owned()),
            Err(error) => Err(error).context("hearing the process that serves an emulated disk"),
        }
    }

    /// Tells it to end, and waits for it; one that does not is killed.
    fn end(&mut self) {
        self.restless = None;
        drop(self.input.take());
        let end = Instant::now() + END_LIMIT;
        while let Ok(None) = self.child.try_wait() {
            if Instant::now() >= end {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Bytes that a kernel above a disk would hold that are not written back of what somebody with these limits writes.
fn most_waiting(limits: Limits) -> u64 {
    let number =
        |name: &str| std::fs::read_to_string(format!("/proc/sys/vm/{name}")).ok()?.trim().parse::<u64>().ok();
    let available = machine::available_bytes();
    match number("dirty_bytes").filter(|bytes| *bytes > 0) {
        Some(bytes) => share(bytes, available, limits.memory_bytes),
        None => share(available / 100 * number("dirty_ratio").unwrap_or(20), available, limits.memory_bytes),
    }
}

/// What may wait of so many bytes that may on the whole machine, by `vm.dirty_bytes` or as `vm.dirty_ratio` of what memory is
/// available (Documentation/admin-guide/sysctl/vm.rst of Linux): in a control group with less memory than that it is the
/// same share of less (`domain_dirty_limits` in mm/page-writeback.c).
fn share(waiting: u64, available: u64, memory: Option<u64>) -> u64 {
    match memory.filter(|memory| *memory < available) {
        Some(memory) => (u128::from(waiting) * u128::from(memory) / u128::from(available)) as u64,
        None => waiting,
    }
}

/// Has the kernel write back what it holds of the file system at this directory. That flushes nothing: FUSE hears of the
/// writes alone.
fn write_back(at: &Path) -> std::io::Result<()> {
    Ok(rustix::fs::syncfs(std::fs::File::open(at)?)?)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_waits_where_there_is_less_memory() {
        const GB: u64 = 1 << 30;
        assert_eq!(share(2 * GB, 10 * GB, None), 2 * GB);
        assert_eq!(share(2 * GB, 10 * GB, Some(GB)), GB / 5);
        assert_eq!(share(2 * GB, 10 * GB, Some(20 * GB)), 2 * GB, "no more than the machine has");
        assert_eq!(share(u64::MAX, u64::MAX, Some(GB)), GB);
        assert_eq!(share(0, 0, Some(GB)), 0, "a system that does not say");
        let of = |memory_bytes| most_waiting(Limits { cpus: None, memory_bytes });
        assert!(of(Some(64 << 20)) < of(None), "{} of {}", of(Some(64 << 20)), of(None));
    }
}
