//! The memory limit that a control group sets: less than the machine's in most containers.

use std::path::{Path, PathBuf};

use super::mounts::{self, Mount};

/// The least memory limit in bytes of this process's control group and those above it; `None`
/// where there is none, or no control groups.
///
/// Files and their meaning: Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst of
/// the kernel. Version 1 writes "no limit" as a number larger than any memory.
pub(super) fn memory_limit() -> Option<u64> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    directories(&groups, &mounts::mounts()).iter().filter_map(|(dir, file)| lowest(dir, file)).min()
}

/// The directories that hold this process's limits, with the name of the file in each.
fn directories(groups: &str, mounts: &[Mount]) -> Vec<(PathBuf, &'static str)> {
    groups
        .lines()
        .filter_map(|line| {
            let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
            let (kind, file) = match controllers {
                "" => ("cgroup2", "memory.max"),
                list if list.split(',').any(|name| name == "memory") => ("cgroup", "memory.limit_in_bytes"),
                _ => return None,
            };
            let mount = mounts.iter().find(|mount| {
                mount.kind == kind && (kind == "cgroup2" || mount.options.split(',').any(|o| o == "memory"))
            })?;
            // In a container the path may begin above what is mounted; then the mount is the group.
            let inside = Path::new(path).strip_prefix(&mount.root).unwrap_or(Path::new(""));
            Some((mount.point.join(inside), file))
        })
        .collect()
}

/// The least value of `file` in `dir` and the directories above it that have one.
fn lowest(dir: &Path, file: &str) -> Option<u64> {
    dir.ancestors()
        .filter_map(|dir| std::fs::read_to_string(dir.join(file)).ok())
        .filter_map(|text| text.trim().parse().ok()) // "max" is no limit
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(kind: &str, point: &str, root: &str, options: &str) -> Mount {
        Mount { point: point.into(), root: root.into(), kind: kind.into(), options: options.into() }
    }

    #[test]
    fn both_versions_name_their_directory() {
        let mounts = [
            mount("cgroup", "/sys/fs/cgroup/memory", "/", "rw,memory"),
            mount("cgroup2", "/sys/fs/cgroup/unified", "/", "rw"),
        ];
        let found = directories("4:memory:/job/1\n3:cpuset:/\n0::/user.slice\n", &mounts);
        assert_eq!(
            found,
            [
                ("/sys/fs/cgroup/memory/job/1".into(), "memory.limit_in_bytes"),
                ("/sys/fs/cgroup/unified/user.slice".into(), "memory.max"),
            ]
        );
    }

    #[test]
    fn the_path_of_a_container_begins_at_its_mount() {
        let mounts = [mount("cgroup2", "/sys/fs/cgroup", "/docker/abc", "rw")];
        assert_eq!(directories("0::/docker/abc/x", &mounts), [("/sys/fs/cgroup/x".into(), "memory.max")]);
        assert_eq!(directories("0::/", &mounts), [("/sys/fs/cgroup".into(), "memory.max")]);
    }

    #[test]
    fn the_lowest_limit_on_the_way_up_counts() {
        let root = tempfile::tempdir().unwrap();
        let leaf = root.path().join("a/b");
        std::fs::create_dir_all(&leaf).unwrap();
        std::fs::write(leaf.join("memory.max"), "max\n").unwrap();
        assert_eq!(lowest(&leaf, "memory.max"), None);
        std::fs::write(root.path().join("a/memory.max"), "1073741824\n").unwrap();
        assert_eq!(lowest(&leaf, "memory.max"), Some(1 << 30));
    }
}
