//! The limits that a control group sets: less than the machine's in most containers.

use std::path::{Path, PathBuf};

use super::files::Files;
use super::mounts::{self, Mount};

/// The least memory limit in bytes of the control group of the process that reads these files and of those above it;
/// `None` where there is none, or no control groups.
///
/// Files and their meaning: Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst of
/// the kernel. Version 1 writes "no limit" as a number larger than any memory.
pub(crate) fn memory_limit(files: &mut Files<'_>) -> Option<u64> {
    let (groups, mounts) = place(files)?;
    directories(&groups, &mounts).iter().filter_map(|(dir, file)| lowest(dir, file, files)).min()
}

/// Hundredths of a processor that this control group and those above it leave; `None` where they leave all.
///
/// Files and their meaning: Documentation/admin-guide/cgroup-v2.rst (`cpu.max`: quota and period) and
/// scheduler/sched-bwc.rst (`cpu.cfs_quota_us`, `cpu.cfs_period_us`) of the kernel.
pub(super) fn cpu_limit_percent(files: &mut Files<'_>) -> Option<u64> {
    let (groups, mounts) = place(files)?;
    let directories = of_controller(&groups, &mounts, "cpu", [(), ()]);
    let all = directories.iter().flat_map(|(dir, ())| groups_above(dir));
    all.filter_map(|dir| cpu_percent(dir, files)).min()
}

/// A version of control groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// Each controller has a hierarchy of its own.
    One,
    /// All controllers have one hierarchy.
    Two,
}

/// The control group that the process that reads these files is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnGroup {
    /// The version of its hierarchy.
    pub version: Version,
    /// Its directory.
    pub dir: PathBuf,
    /// The directory that the hierarchy is mounted on.
    pub mount: PathBuf,
}

/// The group that limits what this controller controls: that of version 1 where it has a hierarchy there, else that of
/// version 2; `None` where neither is mounted.
pub(crate) fn own_group(controller: &str, files: &mut Files<'_>) -> Option<OwnGroup> {
    let (groups, mounts) = place(files)?;
    let found = of_controller(&groups, &mounts, controller, [Version::One, Version::Two]);
    let (dir, version) = found.into_iter().min_by_key(|(_, version)| *version == Version::Two)?;
    let holds = |mount: &&Mount| mount.kind.starts_with("cgroup") && dir.starts_with(&mount.point);
    let mount =
        mounts.iter().filter(holds).max_by_key(|mount| mount.point.components().count())?.point.clone();
    Some(OwnGroup { version, dir, mount })
}

/// The control groups of the process that reads, and its mounts.
fn place(files: &mut Files<'_>) -> Option<(String, Vec<Mount>)> {
    let groups = files(Path::new("/proc/self/cgroup"))?;
    Some((groups, mounts::parse(&files(Path::new("/proc/self/mountinfo")).unwrap_or_default())))
}

/// A group's directory and those above it that can be groups.
fn groups_above(dir: &Path) -> impl Iterator<Item = &Path> {
    dir.ancestors().take_while(|dir| dir.parent().is_some())
}

/// The quota of one control group.
fn cpu_percent(dir: &Path, files: &mut Files<'_>) -> Option<u64> {
    let (quota, period) = match files(&dir.join("cpu.max")) {
        Some(both) => {
            let (quota, period) = both.trim().split_once(' ')?;
            (quota.to_owned(), period.to_owned())
        }
        None => (files(&dir.join("cpu.cfs_quota_us"))?, files(&dir.join("cpu.cfs_period_us"))?),
    };
    // "max" and -1 are no limit.
    let (quota, period): (u64, u64) = (quota.trim().parse().ok()?, period.trim().parse().ok()?);
    (quota * 100).checked_div(period)
}

/// The directories that hold this process's limits of memory, with the name of the file in each.
fn directories(groups: &str, mounts: &[Mount]) -> Vec<(PathBuf, &'static str)> {
    of_controller(groups, mounts, "memory", ["memory.limit_in_bytes", "memory.max"])
}

/// The directories of a controller, each with what belongs to the version of its hierarchy, the first or the second.
fn of_controller<V: Copy>(
    groups: &str,
    mounts: &[Mount],
    controller: &str,
    [version_1, version_2]: [V; 2],
) -> Vec<(PathBuf, V)> {
    groups
        .lines()
        .filter_map(|line| {
            let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
            let (kind, version) = match controllers {
                "" => ("cgroup2", version_2),
                list if list.split(',').any(|name| name == controller) => ("cgroup", version_1),
                _ => return None,
            };
            let mount = mounts.iter().find(|mount| {
                mount.kind == kind && (kind == "cgroup2" || mount.options.split(',').any(|o| o == controller))
            })?;
            // In a container the path may begin above what is mounted; then the mount is the group.
            let inside = Path::new(path).strip_prefix(&mount.root).unwrap_or(Path::new(""));
            Some((mount.point.join(inside), version))
        })
        .collect()
}

/// The least value of `file` in `dir` and the directories above it that have one.
fn lowest(dir: &Path, file: &str, files: &mut Files<'_>) -> Option<u64> {
    groups_above(dir)
        .filter_map(|dir| files(&dir.join(file)))
        .filter_map(|text| text.trim().parse().ok()) // "max" is no limit
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::files::text;

    fn mount(kind: &str, point: &str, root: &str, options: &str) -> Mount {
        let (mounted, source) = (String::new(), kind.into());
        let (point, root) = (point.into(), root.into());
        Mount { point, root, kind: kind.into(), mounted, options: options.into(), source }
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
    fn the_own_group_is_that_of_version_1_where_the_controller_has_one() {
        let mounts = "\
30 1 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw
31 30 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
32 30 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
";
        let groups = "4:memory:/job/1\n0::/user.slice/session-1.scope\n";
        let mut files = |path: &Path| match path.to_str()? {
            "/proc/self/cgroup" => Some(groups.to_owned()),
            "/proc/self/mountinfo" => Some(mounts.to_owned()),
            _ => None,
        };
        let group = |version, dir: &str, mount: &str| {
            Some(OwnGroup { version, dir: dir.into(), mount: mount.into() })
        };
        let of_memory = group(Version::One, "/sys/fs/cgroup/memory/job/1", "/sys/fs/cgroup/memory");
        assert_eq!(own_group("memory", &mut files), of_memory);
        let unified = "/sys/fs/cgroup/unified";
        let other = group(Version::Two, "/sys/fs/cgroup/unified/user.slice/session-1.scope", unified);
        assert_eq!(own_group("cpuset", &mut files), other);
        assert_eq!(own_group("memory", &mut |_| None), None);
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
        assert_eq!(cpu_percent(dir.path(), &mut |path| text(path)), None);
        write("cpu.cfs_quota_us", "-1\n");
        write("cpu.cfs_period_us", "100000\n");
        assert_eq!(cpu_percent(dir.path(), &mut |path| text(path)), None);
        write("cpu.cfs_quota_us", "150000\n");
        assert_eq!(cpu_percent(dir.path(), &mut |path| text(path)), Some(150));
        write("cpu.max", "max 100000\n");
        assert_eq!(cpu_percent(dir.path(), &mut |path| text(path)), None);
        write("cpu.max", "50000 100000\n");
        assert_eq!(cpu_percent(dir.path(), &mut |path| text(path)), Some(50));
    }

    #[test]
    fn the_lowest_limit_on_the_way_up_counts() {
        let root = tempfile::tempdir().unwrap();
        let leaf = root.path().join("a/b");
        std::fs::create_dir_all(&leaf).unwrap();
        std::fs::write(leaf.join("memory.max"), "max\n").unwrap();
        assert_eq!(lowest(&leaf, "memory.max", &mut |path| text(path)), None);
        std::fs::write(root.path().join("a/memory.max"), "1073741824\n").unwrap();
        assert_eq!(lowest(&leaf, "memory.max", &mut |path| text(path)), Some(1 << 30));
    }
}
