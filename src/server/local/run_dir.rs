//! The directory of one throwaway cluster: who lives in it, and what a killed run left.
//!
//! ```text
//! <base>/<id>/bulkbench-run.lock   locked for as long as the run lives
//!            /socket-dir           the path of the directory the server's socket lies in
//!            /control-groups       those of the server, where it is held to limits
//!            /shared-memory        what the server's shared memory is known by
//!            /data/                the cluster, the server account's
//!            /disk/data/           the same on an emulated disk, which is mounted at `disk`
//!            /beneath/             what lies beneath that disk
//!            /log                  what the server says
//!            /files/               readable copies of files for the server, made when needed
//! ```

use std::fs::{DirBuilder, File, Permissions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::Signal;

use super::account::Account;
use super::{control_group, shared_memory};
use crate::cache_dir::default_cache_dir;
use crate::disk::{self, Emulation};
use crate::fs::lock;
use crate::model::{EmulatedDisk, Limits};
use crate::server::processes;
use crate::{unavailable, usage};

/// Its presence says that a directory is one of ours.
const LOCK: &str = "bulkbench-run.lock";
const SOCKET_RECORD: &str = "socket-dir";
const SOCKET_PREFIX: &str = "bb-";
/// The cluster's directory.
const DATA: &str = "data";
/// Where an emulated disk is mounted, and what lies beneath it.
const DISK: &str = "disk";
const BENEATH: &str = "beneath";
/// Sockets lie here, because a socket's path is 107 bytes at most, and because
/// $XDG_RUNTIME_DIR goes when the user logs out, perhaps in the middle of a long run.
const SOCKET_BASE: &str = "/tmp";

/// How long to try to remove a directory.
const REMOVE_LIMIT: Duration = Duration::from_secs(5);
/// So many files that cannot be removed are named.
const NAMED_LEFT: usize = 3;

/// A run directory that is locked, and its socket directory.
#[derive(Debug)]
pub(crate) struct RunDir {
    path: PathBuf,
    socket_dir: PathBuf,
    /// The disk that the cluster lies on, where that is emulated.
    disk: Option<Emulation>,
    /// Closing it gives the lock back.
    _lock: File,
}

/// The directory that run directories are made in, and a warning if it is not the one that was to
/// be expected: `data_dir`, else `clusters` in the cache; where the server's account may not enter
/// the cache, /var/tmp/bulkbench-UID.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] for a `data_dir` that cannot be used.
pub(crate) fn base(data_dir: Option<&Path>, account: &Account) -> Result<(PathBuf, Option<String>)> {
    if let Some(dir) = data_dir {
        let dir = std::path::absolute(dir)?;
        make_base(&dir)
            .map_err(|e| usage!("--data-dir {}: {e}; name a directory you may write to", dir.display()))?;
        if !account.may("-x", &dir)? {
            return Err(usage!(
                "--data-dir {}: {} may not enter it; open it and its parents (chmod o+x), or name another",
                dir.display(),
                account.words()
            ));
        }
        return Ok((dir, None));
    }
    let dir = default_cache_dir()?.join("clusters");
    make_base(&dir).with_context(|| format!("making {}", dir.display()))?;
    if account.may("-x", &dir)? {
        return Ok((dir, None));
    }
    let uid = rustix::process::geteuid().as_raw();
    let other = PathBuf::from(format!("/var/tmp/bulkbench-{uid}"));
    make_base(&other).with_context(|| format!("making {}", other.display()))?;
    // Anybody may make a directory in /var/tmp, also one of this name.
    let meta = std::fs::symlink_metadata(&other)?;
    if !meta.is_dir() || meta.uid() != uid {
        return Err(unavailable!(
            "{} is not a directory of this user's; remove it, or name a directory with --data-dir",
            other.display()
        ));
    }
    let warning = format!(
        "{} may not enter {}; the server's data lies in {} instead",
        account.words(),
        dir.display(),
        other.display()
    );
    Ok((other, Some(warning)))
}

/// Makes a directory and its parents, open to enter for all whatever the umask says: the server
/// may be another user. What is in it has its own permissions.
fn make_base(dir: &Path) -> std::io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    if let Some(parent) = dir.parent() {
        make_base(parent)?;
    }
    match std::fs::create_dir(dir) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
        Err(error) => Err(error),
        Ok(()) => std::fs::set_permissions(dir, Permissions::from_mode(0o755)),
    }
}

impl RunDir {
    /// Makes and locks the directory `id` in `base`, with an empty `data`, on an emulated disk where one is asked for, with
    /// the limits of the server that writes to it, and a socket directory that belong to the account.
    ///
    /// # Errors
    /// When another run has this id, nothing can be written there, or no disk can be emulated here.
    pub(crate) fn create(
        base: &Path,
        id: &str,
        account: &Account,
        disk: Option<(&EmulatedDisk, Limits)>,
    ) -> Result<Self> {
        let path = base.join(id);
        let context = || format!("making the run directory {}", path.display());
        DirBuilder::new().mode(0o711).create(&path).with_context(context)?;
        // Locked before it has its name, so that no sweep ever sees an unlocked one of a live run.
        let unnamed = path.join(format!("{LOCK}.new"));
        let held = File::create(&unnamed).with_context(context)?;
        // It is new: nobody else can have it.
        lock::try_take(&held).with_context(context)?;
        std::fs::rename(&unnamed, path.join(LOCK)).with_context(context)?;
        let mut dir = RunDir { path, socket_dir: PathBuf::new(), disk: None, _lock: held };
        let made = dir.furnish(account, disk);
        if let Err(error) = made {
            return Err(match dir.remove() {
                Ok(()) => error,
                Err(leftover) => error.context(format!("{leftover:#}")),
            });
        }
        Ok(dir)
    }

    fn furnish(&mut self, account: &Account, disk: Option<(&EmulatedDisk, Limits)>) -> Result<()> {
        std::fs::set_permissions(&self.path, Permissions::from_mode(0o711))?;
        let (uid, gid) = account.ids();
        let own = |dir: &Path| -> Result<()> {
            DirBuilder::new().mode(0o700).create(dir).with_context(|| format!("making {}", dir.display()))?;
            if let Account::Other { .. } = account {
                std::os::unix::fs::chown(dir, Some(uid), Some(gid))
                    .with_context(|| format!("giving {} to the server's user", dir.display()))?;
            }
            Ok(())
        };
        match disk {
            None => own(&self.data())?,
            Some((disk, limits)) => {
                let beneath = self.path.join(BENEATH);
                disk::make_beneath(&beneath)?;
                own(&disk::files_in(&beneath).join(DATA))?;
                self.disk = Some(Emulation::start(disk, limits, &beneath, &self.path.join(DISK))?);
            }
        }
        let random = RandomState::new().build_hasher().finish();
        self.socket_dir = Path::new(SOCKET_BASE).join(format!("{SOCKET_PREFIX}{random:016x}"));
        // Written before it exists: a kill in between must not leave a directory nobody knows.
        std::fs::write(self.path.join(SOCKET_RECORD), self.socket_dir.as_os_str().as_encoded_bytes())?;
        own(&self.socket_dir)
    }

    /// The directory itself.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The cluster.
    pub(crate) fn data(&self) -> PathBuf {
        self.disk().map_or(self.path.as_path(), Emulation::at).join(DATA)
    }

    /// The disk that the cluster lies on, where that is emulated.
    pub(crate) fn disk(&self) -> Option<&Emulation> {
        self.disk.as_ref()
    }

    /// Writes down what the memory of a server that is started now is known by.
    ///
    /// # Errors
    /// As [`shared_memory::expect`].
    pub(crate) fn expect_server(&self) -> Result<()> {
        shared_memory::expect(&self.path, &self.data())
    }

    /// Removes the memory of servers that have ended.
    ///
    /// # Errors
    /// As [`shared_memory::sweep`].
    pub(crate) fn sweep_memory(&self) -> Result<()> {
        shared_memory::sweep(&self.path)
    }

    /// The server's log file.
    pub(crate) fn log(&self) -> PathBuf {
        self.path.join("log")
    }

    /// The directory of the server's socket.
    pub(crate) fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    /// Removes all of it. The server must have ended.
    ///
    /// # Errors
    /// When something cannot be removed; the message says what.
    pub(crate) fn remove(&self) -> Result<()> {
        let socket = match self.socket_dir.as_os_str().is_empty() {
            true => Ok(()),
            false => remove_tree(&self.socket_dir),
        };
        // Those that a killed server has left.
        let ended = end_processes(&self.data());
        let unmounted = self.disk().map_or(Ok(()), Emulation::stop);
        // Once nobody can wait for the disk any more, and while there are the records that both are known by.
        let shared = shared_memory::sweep(&self.path);
        let groups = control_group::sweep(&self.path);
        // Never through a mount that stays; and what could not be swept is left to the next start.
        let removed = unmounted.and(shared).and_then(|()| remove_tree(&self.path));
        removed.and(socket).and(ended).and(groups)
    }
}

/// Removes what dead runs left in `base`: a server that still runs, its socket, its directory. A
/// run lives as long as its lock is held. Gives the directories that could not be removed, each
/// with the reason.
pub(crate) fn sweep(base: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(base).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let dir = entry.path();
            let swept = sweep_one(&dir);
            swept.err().map(|error| {
                format!("left by an earlier run, cannot be removed: {}: {error:#}", dir.display())
            })
        })
        .collect()
}

fn sweep_one(dir: &Path) -> Result<()> {
    let Ok(held) = File::open(dir.join(LOCK)) else {
        return Ok(()); // Not ours, or removed by another sweep just now.
    };
    if !lock::try_take(&held).is_ok_and(|taken| taken) {
        return Ok(());
    }
    for data in [dir.join(DATA), dir.join(DISK).join(DATA)] {
        end_processes(&data)?;
    }
    control_group::sweep(dir)?;
    // Its process has unmounted it when the run has ended, unless that was killed as well.
    disk::detach(&dir.join(DISK))?;
    shared_memory::sweep(dir)?;
    if let Ok(record) = std::fs::read_to_string(dir.join(SOCKET_RECORD)) {
        let socket_dir = PathBuf::from(record);
        if is_socket_dir(&socket_dir, dir) {
            remove_tree(&socket_dir)?;
        }
    }
    remove_tree(dir)
}

/// Whether a recorded path is what this program makes: in /tmp anybody can have put something else
/// there since.
fn is_socket_dir(path: &Path, run_dir: &Path) -> bool {
    let named = path.parent() == Some(Path::new(SOCKET_BASE))
        && path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(SOCKET_PREFIX.as_bytes()));
    let owner = |path: &Path| std::fs::symlink_metadata(path).ok().filter(|m| m.is_dir()).map(|m| m.uid());
    let dirs = [run_dir.join(DATA), disk::files_in(&run_dir.join(BENEATH)).join(DATA), run_dir.to_owned()];
    let ours = owner(path).is_some_and(|uid| dirs.iter().any(|dir| Some(uid) == owner(dir)));
    named && ours
}

/// Ends what still works in a data directory whose run or server is dead: a server, what a killed one
/// has left of its processes, or initdb with the server that it runs. Found by where they work and what they were started with, as a pid that is written down
/// may belong to another program by now.
///
/// # Errors
/// When one may not be signalled, or does not end.
pub(crate) fn end_processes(data: &Path) -> Result<()> {
    let data = resolved(data);
    let mut found = processes::list()?;
    found.retain(|one| !one.ended && works_in(one.pid, &data));
    // Those whose parents are among them end with these.
    let first = found.iter().filter(|one| found.iter().all(|other| other.pid != one.parent));
    for process in first {
        // A postmaster throws its memory away by this, and initdb stops.
        let signal = if name_of(process.pid) == "initdb" { Signal::TERM } else { Signal::QUIT };
        processes::end(process, signal, Duration::from_secs(10))
            .with_context(|| format!("ending process {}, which works in {}", process.pid, data.display()))?;
    }
    Ok(())
}

fn works_in(pid: i32, data: &Path) -> bool {
    let is_named = || {
        std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| {
            line.split(|byte| *byte == 0).any(|word| {
                let word = Path::new(std::ffi::OsStr::from_bytes(word));
                word.is_absolute() && resolved(word) == data
            })
        })
    };
    match name_of(pid).as_str() {
        // In a directory whose mount was taken away it works in none that has a name.
        "postgres" => {
            std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == data) || is_named()
        }
        "initdb" => is_named(),
        _ => false,
    }
}

/// Where a path leads, as far as there is something: on an emulated disk that nobody serves any more nothing is.
fn resolved(path: &Path) -> PathBuf {
    let found = path.ancestors().find_map(|dir| Some((std::fs::canonicalize(dir).ok()?, dir)));
    match found {
        Some((found, dir)) => found.join(path.strip_prefix(dir).unwrap_or(path)),
        None => path.to_owned(),
    }
}

fn name_of(pid: i32) -> String {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    name.trim_end().to_owned()
}

/// Removes a directory; one that is gone is removed. A process that is about to end may still make a
/// file in it, and a mount of NFS or FUSE keeps a file that somebody has open under a hidden name for
/// a while: then it is not empty in the end, and it is tried again for some seconds.
fn remove_tree(dir: &Path) -> Result<()> {
    remove_within(dir, REMOVE_LIMIT)
}

fn remove_within(dir: &Path, limit: Duration) -> Result<()> {
    let end = Instant::now() + limit;
    loop {
        let error = match std::fs::remove_dir_all(dir) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound && !dir.exists() => return Ok(()),
            Err(error) => error,
        };
        // A file that goes away between being listed and being removed is not found; one that a mount
        // still keeps is busy.
        let passing = [
            ErrorKind::DirectoryNotEmpty,
            ErrorKind::NotFound,
            ErrorKind::ResourceBusy,
            ErrorKind::StaleNetworkFileHandle,
        ];
        if !passing.contains(&error.kind()) || Instant::now() >= end {
            return Err(error).with_context(|| {
                format!("removing {}{}; remove it by hand", dir.display(), what_is_left(dir))
            });
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The first files that a directory still has, for a message.
fn what_is_left(dir: &Path) -> String {
    let mut files = Vec::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(next) = dirs.pop() {
        for entry in std::fs::read_dir(&next).into_iter().flatten().flatten() {
            match entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                true => dirs.push(entry.path()),
                false => files.push(entry.path().display().to_string()),
            }
        }
        if files.len() >= NAMED_LEFT {
            break;
        }
    }
    match files.is_empty() {
        true => String::new(),
        false => format!(", where there is still {}", files[..files.len().min(NAMED_LEFT)].join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_sweep_removes_the_dead_and_leaves_the_living_and_the_others() {
        let base = tempfile::tempdir().unwrap();
        let account = Account::Own;
        let live = RunDir::create(base.path(), "live", &account, None).unwrap();
        let dead = RunDir::create(base.path(), "dead", &account, None).unwrap();
        let (dead_path, dead_socket) = (dead.path.clone(), dead.socket_dir.clone());
        std::fs::create_dir(base.path().join("users")).unwrap();
        drop(dead);
        assert!(dead_path.exists() && dead_socket.exists(), "a killed run leaves these");
        // A process that another test is starting holds the lock as well, until it begins its own program.
        let end = Instant::now() + Duration::from_secs(5);
        while dead_path.exists() && Instant::now() < end {
            assert_eq!(sweep(base.path()), Vec::<String>::new());
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(!dead_path.exists() && !dead_socket.exists());
        assert!(live.path().exists() && live.socket_dir().exists());
        assert!(base.path().join("users").exists());
        live.remove().unwrap();
        assert!(!live.path().exists() && !live.socket_dir().exists());
    }

    /// As a mount of NFS or FUSE has it: a file that is removed while it is open is there under
    /// another name until it is closed.
    #[test]
    fn a_directory_with_a_file_that_stays_a_while_is_removed_and_one_that_stays_is_named() {
        let base = tempfile::tempdir().unwrap();
        let (passing, lasting) = (base.path().join("passing"), base.path().join("lasting"));
        for dir in [&passing, &lasting] {
            std::fs::create_dir(dir).unwrap();
        }
        let keep = |dir: &Path, until: Instant| {
            let hidden = dir.join(".fuse_hidden0001");
            std::thread::spawn(move || {
                while Instant::now() < until {
                    // Fails only once the directory is gone.
                    let _ = std::fs::write(&hidden, "");
                }
                let _ = std::fs::remove_file(&hidden);
            })
        };
        let short = keep(&passing, Instant::now() + Duration::from_millis(700));
        remove_tree(&passing).unwrap();
        assert!(!passing.exists());
        let (started, limit) = (Instant::now(), Duration::from_millis(500));
        let long = keep(&lasting, started + limit + Duration::from_secs(2));
        let removed = remove_within(&lasting, limit);
        // The writer loses a race now and then; then it was removed in truth.
        if let Err(error) = removed {
            let error = format!("{error:#}");
            assert!(error.contains("lasting") && error.contains(".fuse_hidden0001"), "{error}");
            assert!(started.elapsed() >= limit);
        }
        short.join().unwrap();
        long.join().unwrap();
    }

    #[test]
    fn a_path_is_resolved_as_far_as_it_is_there() {
        let base = tempfile::tempdir().unwrap();
        let real = std::fs::canonicalize(base.path()).unwrap();
        std::os::unix::fs::symlink(base.path(), base.path().join("link")).unwrap();
        for (path, expected) in [("link", ""), ("link/gone", "gone"), ("link/gone/data", "gone/data")] {
            assert_eq!(resolved(&base.path().join(path)), real.join(expected), "{path}");
        }
    }

    #[test]
    fn two_runs_cannot_have_one_id() {
        let base = tempfile::tempdir().unwrap();
        let first = RunDir::create(base.path(), "same", &Account::Own, None).unwrap();
        assert!(RunDir::create(base.path(), "same", &Account::Own, None).is_err());
        assert!(first.path().join(LOCK).exists());
        first.remove().unwrap();
    }

    #[test]
    fn a_recorded_socket_directory_is_only_removed_when_it_is_one() {
        let run = tempfile::tempdir().unwrap();
        assert!(!is_socket_dir(Path::new("/tmp"), run.path()));
        assert!(!is_socket_dir(Path::new("/tmp/bb-../etc"), run.path()));
        assert!(!is_socket_dir(Path::new("/etc/bb-1"), run.path()));
    }
}
