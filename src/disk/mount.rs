//! Mounting an emulated disk, and taking a mount away.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use fuser::{BackgroundSession, Config, MountOption, Session, SessionACL};
use rustix::mount::UnmountFlags;

use super::device::Device;
use super::files::Files;
use super::filesystem::Served;
use crate::fs::{find_program, path_dirs};
use crate::probe::mounts::is_mount_point;
use crate::unavailable;

/// The name of the file system, as the mount table has it.
pub(super) const NAME: &str = "bulkbench";

/// The programs by which an ordinary user mounts and unmounts, the first that is there.
const HELPERS: [&str; 2] = ["fusermount3", "fusermount"];

/// Threads that take requests. None of them waits for the device, only for the disk beneath.
const THREADS: usize = 8;

/// How long to try to unmount what somebody still uses.
const BUSY_LIMIT: Duration = Duration::from_secs(10);

/// Mounts these files at a directory, for all users where root does it, else for this one.
///
/// # Errors
/// [`crate::fault::Fault::Unavailable`] where FUSE does not go, with the reason and what helps.
pub(super) fn mount(
    at: &Path,
    files: Arc<Files>,
    device: Arc<Device>,
    is_off: Arc<AtomicBool>,
) -> Result<BackgroundSession> {
    let mut config = Config::default();
    config.mount_options = vec![
        MountOption::FSName(NAME.into()),
        MountOption::Subtype(NAME.into()),
        // The kernel holds requests against owners and permissions itself.
        MountOption::DefaultPermissions,
        MountOption::NoAtime,
    ];
    config.acl = match rustix::process::geteuid().is_root() {
        true => SessionACL::All,
        false => SessionACL::Owner,
    };
    config.n_threads = Some(THREADS);
    config.clone_fd = true;
    let session = Session::new(Served::new(files, device, is_off), at, &config).and_then(Session::spawn);
    session
        .map_err(|error| unavailable!("mounting an emulated disk: {}; {}", error.to_string().trim(), hint()))
}

/// What may help where nothing can be mounted, as far as that is seen without trying; `None` where nothing speaks against
/// it.
pub(crate) fn lack() -> Option<&'static str> {
    let is_here = |program: &&str| find_program(program, path_dirs()).is_some();
    let may = || rustix::process::geteuid().is_root() || HELPERS.iter().any(is_here);
    (!Path::new("/dev/fuse").exists() || !may()).then(hint)
}

/// What may help where nothing can be mounted.
fn hint() -> &'static str {
    let device = Path::new("/dev/fuse");
    match (device.exists(), rustix::process::geteuid().is_root()) {
        (false, _) => {
            "there is no /dev/fuse: load the kernel's module (modprobe fuse), or give a container the device (--device /dev/fuse --cap-add SYS_ADMIN)"
        }
        (true, true) => {
            "in a container it takes --device /dev/fuse --cap-add SYS_ADMIN; leave --disk out else"
        }
        (true, false) => {
            "run this as root, or install fusermount3 (package fuse3), by which an ordinary user mounts; leave --disk out else"
        }
    }
}

/// Takes a mount away that nobody uses, having waited for those who still do.
///
/// # Errors
/// When somebody does not stop to use it, or this user may not.
pub(super) fn unmount(at: &Path) -> Result<()> {
    let end = Instant::now() + BUSY_LIMIT;
    while is_mount_point(at) {
        match take_away(at, UnmountFlags::empty(), &["-u"]) {
            Ok(()) => {}
            Err(error) if Instant::now() >= end => {
                return Err(error).with_context(|| format!("unmounting {}", at.display()));
            }
            Err(_) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
    Ok(())
}

/// Takes a mount away at once, whoever uses it and whether or not anybody serves it; nothing where none is.
///
/// # Errors
/// When this user may not.
pub(crate) fn detach(at: &Path) -> Result<()> {
    while is_mount_point(at) {
        take_away(at, UnmountFlags::DETACH, &["-u", "-z"])
            .with_context(|| format!("unmounting {}; unmount it by hand (umount -l)", at.display()))?;
    }
    Ok(())
}

fn take_away(at: &Path, flags: UnmountFlags, helper: &[&str]) -> Result<()> {
    match rustix::mount::unmount(at, flags | UnmountFlags::NOFOLLOW) {
        // It was taken away by somebody else just now.
        Ok(()) | Err(rustix::io::Errno::INVAL) => Ok(()),
        Err(rustix::io::Errno::PERM) => by_helper(at, helper),
        Err(error) => Err(error.into()),
    }
}

/// An ordinary user unmounts by the program that has mounted.
fn by_helper(at: &Path, flags: &[&str]) -> Result<()> {
    let run =
        |program: &str| Command::new(program).args(flags).arg("--").arg(at).stdin(Stdio::null()).output();
    let output = run(HELPERS[0]).or_else(|_| run(HELPERS[1])).context("running fusermount3")?;
    match output.status.success() {
        true => Ok(()),
        false => Err(unavailable!("{}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}
