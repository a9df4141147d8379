//! The mount table of this process, as `/proc/self/mountinfo` tells it.

use std::path::{Path, PathBuf};

/// One mounted file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    /// The directory that it is mounted on.
    pub point: PathBuf,
    /// The directory of the file system that is mounted there; `/` for the whole of it.
    pub root: PathBuf,
    /// Its kind, e.g. `ext4`, `tmpfs`, `cgroup2`.
    pub kind: String,
    /// The options of this mount, e.g. `rw,relatime`.
    pub mounted: String,
    /// Its own options, e.g. `rw,memory` of a cgroup v1 hierarchy.
    pub options: String,
    /// What is mounted, e.g. `/dev/vda1`.
    pub source: String,
}

/// All mounts, in the order they were made; none where the system has no such table.
pub(super) fn mounts() -> Vec<Mount> {
    parse(&std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default())
}

/// Whether a file system is mounted at this path, served or not: the path itself is not touched, as whoever does
/// waits for a server that is gone.
pub(crate) fn is_mount_point(path: &Path) -> bool {
    // What is above it can be touched.
    let parent = path.parent().and_then(|parent| parent.canonicalize().ok());
    let Some(path) = parent.zip(path.file_name()).map(|(parent, name)| parent.join(name)) else {
        return false;
    };
    mounts().iter().any(|mount| mount.point == path)
}

/// The mount that a path lies on: the longest mount point above it, the last of several.
pub(super) fn holding<'a>(mounts: &'a [Mount], path: &Path) -> Option<&'a Mount> {
    mounts
        .iter()
        .filter(|mount| path.starts_with(&mount.point))
        .max_by_key(|mount| mount.point.components().count())
}

/// The format is proc_pid_mountinfo(5): the fields before ` - ` end in a list of any length.
pub(super) fn parse(table: &str) -> Vec<Mount> {
    table
        .lines()
        .filter_map(|line| {
            let (place, source) = line.split_once(" - ")?;
            let mut place = place.split(' ').skip(3);
            let mut source = source.split(' ');
            let (root, point, mounted) = (place.next()?, place.next()?, place.next()?);
            let (kind, device, options) = (source.next()?, source.next()?, source.next().unwrap_or_default());
            Some(Mount {
                point: unescape(point).into(),
                root: unescape(root).into(),
                kind: kind.to_owned(),
                mounted: mounted.to_owned(),
                options: options.to_owned(),
                source: unescape(device),
            })
        })
        .collect()
}

/// The table writes blanks and backslashes in paths as octal escapes.
fn unescape(path: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(path.to_owned(), |path, (escape, character)| path.replace(escape, character))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
25 24 0:23 / /dev/shm rw,relatime shared:2 master:1 - tmpfs tmpfs rw,size=24684096k
40 27 8:1 /a /my\\040disk rw - xfs /dev/sda1 rw
41 27 8:2 / /my\\040disk rw - btrfs /dev/sda2 rw
";

    #[test]
    fn a_path_lies_on_the_nearest_mount_above_it() {
        let mounts = parse(TABLE);
        let kind = |path: &str| holding(&mounts, Path::new(path)).map(|mount| mount.kind.as_str());
        assert_eq!(mounts.len(), 4);
        assert_eq!(kind("/var/lib"), Some("ext4"));
        assert_eq!(kind("/dev/shm/x"), Some("tmpfs"));
        assert_eq!(kind("/dev/shmem"), Some("ext4"), "a name's beginning is not a directory");
        assert_eq!(kind("/my disk/data"), Some("btrfs"), "the later mount hides the earlier");
    }

    #[test]
    fn a_line_of_another_shape_is_passed_over() {
        assert_eq!(parse("no table at all\n"), []);
    }
}
