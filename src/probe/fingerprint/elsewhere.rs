//! The facts of a machine that is not the client's, from its files: the server on it reads them.

use std::path::Path;

use super::{device, system};
use crate::model::{Fact, Fingerprint};
use crate::probe::files::Files;
use crate::probe::{container, cpuinfo, mounts};

/// What the files of a machine tell of it, and of the file system that this directory of a server's data lies on. What
/// can only be measured is not among it.
pub(crate) fn told_by(files: &mut Files<'_>, data_dir: Option<&Path>) -> Fingerprint {
    let mut found = Fingerprint::default();
    let mut text = |path: &str| files(Path::new(path)).map(|text| text.trim().to_owned());
    let info = text("/proc/cpuinfo").unwrap_or_default();
    let (sockets, cores) = cpuinfo::sockets_and_cores(&info);
    let any = |number: usize| (number > 0).then_some(number as u64);
    found.words(Fact::Processor, cpuinfo::model(&info));
    found.number(Fact::Sockets, any(sockets));
    found.number(Fact::PhysicalCores, any(cores));
    found.number(Fact::Threads, any(cpuinfo::threads(&info)));
    found.number(Fact::Memory, cpuinfo::memory_total(&text("/proc/meminfo").unwrap_or_default()));
    let kernel = text("/proc/sys/kernel/ostype").zip(text("/proc/sys/kernel/osrelease"));
    found.words(Fact::Kernel, kernel.map(|(name, release)| format!("{name} {release}")));
    if found.is_empty() {
        return found;
    }
    found.words(Fact::Container, Some(container::kind(files).unwrap_or("none").into()));
    system::limits(&mut found, files);
    let mounts = mounts::parse(&files(Path::new("/proc/self/mountinfo")).unwrap_or_default());
    if let Some(mount) = data_dir.and_then(|dir| mounts::holding(&mounts, dir)) {
        found.words(Fact::FileSystem, Some(mount.kind.clone()));
        device::of_mount(&mut found, mount);
        device::of_source(&mut found, mount, files);
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use super::*;
    use crate::model::FactValue;

    fn told(files: &[(&str, &str)], dir: &str) -> BTreeMap<Fact, String> {
        let mut read = |path: &Path| {
            let found = files.iter().find(|(name, _)| Path::new(name) == path);
            found.map(|(_, text)| (*text).to_owned())
        };
        let found = told_by(&mut read, Some(&PathBuf::from(dir)));
        let words = |value: &FactValue| match value {
            FactValue::Number(number) => number.to_string(),
            FactValue::Words(words) => words.clone(),
        };
        found.iter().map(|(fact, value)| (fact, words(value))).collect()
    }

    #[test]
    fn a_container_tells_its_limits_its_kernel_and_its_volume() {
        let mounts = "\
1 0 0:50 / / rw - overlay overlay rw,lowerdir=/var/lib/x
2 1 0:23 /docker/ab /sys/fs/cgroup ro - cgroup2 cgroup rw
3 1 259:1 /var/lib/docker/volumes/v /data rw,relatime - ext4 /dev/nvme0n1p1 rw,discard
";
        let found = told(
            &[
                (
                    "/proc/cpuinfo",
                    "processor : 0\nmodel name : Example\n\nprocessor : 1\nmodel name : Example\n",
                ),
                ("/proc/meminfo", "MemTotal: 4096 kB\nSwapTotal: 0 kB\n"),
                ("/sys/bus/virtio/devices/virtio0/device", "0x0005\n"),
                ("/sys/bus/virtio/devices/virtio0/features", "011001\n"),
                ("/proc/sys/kernel/ostype", "Linux\n"),
                ("/proc/sys/kernel/osrelease", "6.1.0\n"),
                ("/proc/self/cgroup", "0::/docker/ab\n"),
                ("/proc/self/mountinfo", mounts),
                ("/.dockerenv", ""),
                ("/sys/fs/cgroup/cpu.max", "150000 100000\n"),
                ("/sys/fs/cgroup/memory.max", "1048576\n"),
                ("/sys/class/block/nvme0n1/queue/scheduler", "[none] mq-deadline\n"),
            ],
            "/data/pgdata",
        );
        let expected = [
            (Fact::Processor, "Example"),
            (Fact::Threads, "2"),
            (Fact::Memory, "4194304"),
            (Fact::Swap, "0"),
            (Fact::FreeMemory, "goes back to the host"),
            (Fact::CpuLimit, "150"),
            (Fact::MemoryLimit, "1048576"),
            (Fact::Kernel, "Linux 6.1.0"),
            (Fact::Container, "docker container"),
            (Fact::FileSystem, "ext4"),
            (Fact::Device, "NVMe"),
            (Fact::MountOptions, "rw,relatime,discard"),
            (Fact::Barriers, "on"),
            (Fact::Scheduler, "none"),
        ];
        assert_eq!(found, expected.map(|(fact, value)| (fact, value.to_owned())).into());
    }

    #[test]
    fn a_machine_that_tells_nothing_has_no_facts() {
        assert_eq!(told(&[], "/data"), BTreeMap::new());
    }
}
