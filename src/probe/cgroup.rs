//! The limits that a control group sets: less than the machine's in most containers.

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

/// Hundredths of a processor that this process's control group and those above it leave; `None` where they leave all.
///
/// Files and their meaning: Documentation/admin-guide/cgroup-v2.rst (`cpu.max`: quota and period) and
/// scheduler/sched-bwc.rst (`cpu.cfs_quota_us`, `cpu.cfs_period_us`) of the kernel.
pub(super) fn cpu_limit_percent() -> Option<u64> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let directories = of_controller(&groups, &mounts::mounts(), "cpu", ["cpu.max", "cpu.cfs_quota_us"]);
    directories.iter().flat_map(|(dir, _)| dir.ancestors()).filter_map(cpu_percent).min()
}

/// The quota of one control group.
fn cpu_percent(dir: &Path) -> Option<u64> {
    let read = |file: &str| std::fs::read_to_string(dir.join(file)).ok();
    let (quota, period) = match read("cpu.max") {
        Some(both) => {
            let (quota, period) = both.trim().split_once(' ')?;
            (quota.to_owned(), period.to_owned())
        }
        None => (read("cpu.cfs_quota_us")?, read("cpu.cfs_period_us")?),
    };
    // "max" and -1 are no limit.
    let (quota, period): (u64, u64) = (quota.trim().parse().ok()?, period.trim().parse().ok()?);
    (quota * 100).checked_div(period)
}

/// The directories that hold this process's limits of memory, with the name of the file in each.
fn directories(groups: &str, mounts: &[Mount]) -> Vec<(PathBuf, &'static str)> {
    of_controller(groups, mounts, "memory", ["memory.max", "memory.limit_in_bytes"])
}

/// The directories of a controller, with the name of its file in either version.
fn of_controller(
    groups: &str,
    mounts: &[Mount],
    controller: &str,
    [version_2, version_1]: [&'static str; 2],
) -> Vec<(PathBuf, &'static str)> {
    groups
        .lines()
        .filter_map(|line| {
            let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
            let (kind, file) = match controllers {
                "" => ("cgroup2", version_2),
                list if list.split(',').any(|name| name == controller) => ("cgroup", version_1),
                _ => return None,
            };
            let mount = mounts.iter().find(|mount| {
                mount.kind == kind && (kind == "cgroup2" || mount.options.split(',').any(|o| o == controller))
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
        let mounted = String::new();
        Mount { point: point.into(), root: root.into(), kind: kind.into(), mounted, options: options.into() }
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
    fn a_quota_is_told_in_hundredths_of_a_processor() {
        let dir = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| std::fs::write(dir.path().join(file), text).unwrap();
        assert_eq!(cpu_percent(dir.path()), None);
        write("cpu.cfs_quota_us", "-1\n");
        write("cpu.cfs_period_us", "100000\n");
        assert_eq!(cpu_percent(dir.path()), None);
        write("cpu.cfs_quota_us", "150000\n");
        assert_eq!(cpu_percent(dir.path()), Some(150));
        write("cpu.max", "max 100000\n");
        assert_eq!(cpu_percent(dir.path()), None);
        write("cpu.max", "50000 100000\n");
        assert_eq!(cpu_percent(dir.path()), Some(50));
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
