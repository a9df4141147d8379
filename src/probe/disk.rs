//! The disk beneath a path: its file system, its free space, and how fast it says it has flushed.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::mounts;
use crate::model::Disk;
use crate::stats;

/// How long [`flushes`] of a machine are measured for.
pub(crate) const FLUSH_TIME: Duration = Duration::from_millis(500);

/// The size of one flush in bytes: a page of the server's WAL (XLOG_BLCKSZ).
const FLUSH_BYTES: usize = 8192;

/// The file system beneath `dir`, of which these flushes were measured.
///
/// # Errors
/// As [`filesystem`].
pub(crate) fn disk(dir: &Path, flushes: &Flushes) -> Result<Disk> {
    Ok(Disk { filesystem: filesystem(dir)?, flushes_per_second: flushes.per_second() })
}

/// Flushes one after the other.
#[derive(Debug, Clone)]
pub(crate) struct Flushes {
    /// What each took, in nanoseconds.
    times: Vec<f64>,
    /// What all took together, and what lies between them.
    elapsed: Duration,
}

impl Flushes {
    /// How many of them a second has.
    pub(crate) fn per_second(&self) -> u64 {
        (self.times.len() as f64 / self.elapsed.as_secs_f64()).round() as u64
    }

    /// The nanoseconds that this share of them takes at most.
    pub(super) fn quantile(&self, share: f64) -> Option<u64> {
        stats::quantile(&self.times, share).map(|ns| ns as u64)
    }
}

/// The kind of file system that `path` lies on (or will, if it does not exist yet), as the mount
/// table names it: `ext4`, `tmpfs`; `unknown` on a system without a mount table of Linux's form.
///
/// # Errors
/// When `path` has no directory above it that can be resolved.
pub(crate) fn filesystem(path: &Path) -> Result<String> {
    let existing = existing(path)?;
    Ok(mounts::holding(&mounts::mounts(), &existing)
        .map_or_else(|| "unknown".to_owned(), |mount| mount.kind.clone()))
}

/// Whether a file system of this kind keeps its files in memory alone, where a flush writes nothing.
pub(crate) fn in_memory(filesystem: &str) -> bool {
    matches!(filesystem, "tmpfs" | "ramfs" | "devtmpfs")
}

/// The bytes that this user may still write where `path` lies (or will, if it does not exist yet).
///
/// # Errors
/// When the system cannot say.
pub(crate) fn free_bytes(path: &Path) -> Result<u64> {
    let existing = existing(path)?;
    let space = rustix::fs::statvfs(&existing)
        .with_context(|| format!("asking for the free space of {}", existing.display()))?;
    Ok(space.f_bavail.saturating_mul(space.f_frsize))
}

/// Flushes that the disk beneath `dir`, which has to exist and be writable, confirms: 8 KiB overwrites with fdatasync,
/// measured with a file of its own for `time_limit` (one flush at least). A commit waits for one.
///
/// The file has its full size before the clock starts: as in the server's preallocated WAL segments,
/// a flush is of data alone, not of the file's size. The method is that of PostgreSQL's pg_test_fsync.
///
/// # Errors
/// When `dir` does not take a file, or the disk fails.
pub(crate) fn flushes(dir: &Path, time_limit: Duration) -> Result<Flushes> {
    let measured = || -> std::io::Result<Flushes> {
        // Without a name where the system can: nothing is left whatever happens.
        let file: File = tempfile::tempfile_in(dir)?;
        let mut page = [0u8; FLUSH_BYTES];
        file.write_all_at(&page, 0)?;
        file.sync_all()?;
        let (start, mut times) = (Instant::now(), Vec::new());
        loop {
            let begun = Instant::now();
            // Other bytes each time, so that no layer below can skip a write of what it has.
            page[..8].copy_from_slice(&(times.len() as u64).to_le_bytes());
            file.write_all_at(&page, 0)?;
            file.sync_data()?;
            times.push(begun.elapsed().as_nanos() as f64);
            let elapsed = start.elapsed();
            if elapsed >= time_limit {
                return Ok(Flushes { times, elapsed });
            }
        }
    };
    measured().with_context(|| {
        format!("measuring the flush rate in {} (is it a writable directory with free space?)", dir.display())
    })
}

/// The judgement of a flush rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flushing {
    /// So few that methods which commit often measure the disk and little else.
    Slow,
    /// Within reach of a drive that keeps what it confirms.
    Plausible,
    /// More than a drive can do that writes before it answers: a hypervisor, a controller or a file
    /// system in memory confirms flushes early, and a power cut may lose what was confirmed.
    Implausible,
}

impl Flushing {
    /// Judges a rate of [`Flushes::per_second`].
    ///
    /// One flush takes a 7200 rpm drive a turn (120/s), a consumer SSD 0.5 to 2 ms, and a data-centre
    /// NVMe drive with a power-protected cache 40 µs or more by way of a file system.
    pub(crate) fn judge(flushes_per_second: u64) -> Self {
        match flushes_per_second {
            0..500 => Flushing::Slow,
            500..=25_000 => Flushing::Plausible,
            _ => Flushing::Implausible,
        }
    }
}

/// The nearest directory at or above `path` that exists, without symbolic links.
fn existing(path: &Path) -> Result<PathBuf> {
    let absolute = std::path::absolute(path).with_context(|| format!("resolving {}", path.display()))?;
    absolute
        .ancestors()
        .find_map(|ancestor| ancestor.canonicalize().ok())
        .with_context(|| format!("{} lies in no directory that can be entered", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_exist_yet_is_judged_by_what_is_above_it() {
        let dir = tempfile::tempdir().unwrap();
        let later = dir.path().join("not/there/yet");
        assert_eq!(filesystem(&later).unwrap(), filesystem(dir.path()).unwrap());
        assert!(free_bytes(&later).unwrap() > 0);
        assert!(!later.exists());
    }

    #[test]
    fn flushing_counts_and_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        assert!(flushes(dir.path(), Duration::from_millis(20)).unwrap().per_second() > 0);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_directory_that_is_not_there_is_named() {
        let error = flushes(Path::new("/nonexistent/dir"), Duration::ZERO).unwrap_err();
        assert!(format!("{error:#}").contains("/nonexistent/dir"), "{error:#}");
    }

    #[test]
    fn rates_are_judged_by_what_drives_can_do() {
        assert_eq!(Flushing::judge(120), Flushing::Slow);
        assert_eq!(Flushing::judge(1_500), Flushing::Plausible);
        assert_eq!(Flushing::judge(20_000), Flushing::Plausible);
        assert_eq!(Flushing::judge(50_000), Flushing::Implausible);
    }

    #[test]
    fn memory_is_no_disk() {
        assert!(in_memory("tmpfs"));
        assert!(!in_memory("ext4"));
    }
}
