//! What the machine offers a server: memory, and room on a file system.

use std::path::Path;

use anyhow::{Context, Result};

use crate::unavailable;
use crate::units::bytes;

/// Memory in bytes: what is built in, or the limit of the control group this runs in.
pub fn memory_bytes() -> u64 {
    let info = rustix::system::sysinfo();
    let built_in = info.totalram as u64 * u64::from(info.mem_unit.max(1));
    // Version 2, then version 1, of control groups, as a container sees its own. "max" or no
    // such file: no limit.
    ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        .iter()
        .filter_map(|file| std::fs::read_to_string(file).ok()?.trim().parse::<u64>().ok())
        .fold(built_in, u64::min)
}

/// Bytes an ordinary user can still write to the file system this directory lies on.
///
/// # Errors
/// When the directory cannot be asked.
pub fn free_bytes(dir: &Path) -> Result<u64> {
    let room = rustix::fs::statvfs(dir).with_context(|| format!("asking for the free space in {dir:?}"))?;
    Ok(room.f_bavail * room.f_frsize)
}

/// Passes when the file system of `dir` has `need` bytes free.
///
/// # Errors
/// [`crate::fault::Fault::Unavailable`] when it has not.
pub fn check_free(dir: &Path, need: u64) -> Result<()> {
    let free = free_bytes(dir)?;
    if free < need {
        return Err(unavailable!(
            "not enough space in {}: {} free, {} needed; free some, load fewer rows, or name a directory on another disk with --data-dir",
            dir.display(),
            bytes(free),
            bytes(need)
        ));
    }
    Ok(())
}

/// Whether this directory lies in memory (tmpfs, ramfs): a load into it says nothing of a disk.
///
/// # Errors
/// When the directory cannot be asked.
pub fn in_memory(dir: &Path) -> Result<bool> {
    // Numbers of linux/magic.h.
    const TMPFS: u32 = 0x0102_1994;
    const RAMFS: u32 = 0x8584_58f6;
    let kind =
        rustix::fs::statfs(dir).with_context(|| format!("asking for the file system of {dir:?}"))?.f_type;
    Ok(matches!(kind as u32, TMPFS | RAMFS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_has_memory_and_room() {
        assert!(memory_bytes() > 64 << 20);
        assert!(free_bytes(Path::new("/")).unwrap() > 0);
        assert!(in_memory(Path::new("/dev/shm")).unwrap());
    }

    #[test]
    fn too_little_room_names_directory_figures_and_flag() {
        let error = check_free(Path::new("/"), u64::MAX).unwrap_err().to_string();
        assert!(error.contains("space in /: ") && error.contains("--data-dir"), "{error}");
    }
}
