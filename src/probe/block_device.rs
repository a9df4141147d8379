//! The block device beneath a directory, as the kernel shows it.

use std::os::linux::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Bytes of a sector in the kernel's statistics, whatever the device's own are.
const SECTOR: u64 = 512;

/// The kernel's directory of the device, or the partition, that a directory's file system lies on; `None` where it lies
/// on none, or on several.
pub(crate) fn beneath(dir: &Path) -> Option<PathBuf> {
    let number = std::fs::metadata(dir).ok()?.st_dev();
    let (major, minor) = (rustix::fs::major(number), rustix::fs::minor(number));
    std::fs::canonicalize(format!("/sys/dev/block/{major}:{minor}")).ok()
}

/// The whole device of a device or a partition.
pub(super) fn whole(device: PathBuf) -> Option<PathBuf> {
    match device.join("partition").exists() {
        true => device.parent().map(Path::to_owned),
        false => Some(device),
    }
}

/// Bytes that the device has been given to write since it is there, by whomever.
pub(crate) fn written(device: &Path) -> Option<u64> {
    parse_written(&std::fs::read_to_string(device.join("stat")).ok()?)
}

/// The seventh field: Documentation/block/stat.rst of the kernel.
fn parse_written(stat: &str) -> Option<u64> {
    stat.split_whitespace().nth(6)?.parse::<u64>().ok()?.checked_mul(SECTOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sectors_written_are_bytes() {
        assert_eq!(parse_written("  1 2 3 4 5 6 70 8 0 1 1\n"), Some(35_840));
        assert_eq!(parse_written(""), None);
        assert_eq!(beneath(Path::new("/proc")), None);
    }
}
