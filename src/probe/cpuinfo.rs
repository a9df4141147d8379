//! What /proc/cpuinfo and /proc/meminfo tell of processors and memory.

use std::collections::BTreeSet;

/// The processor as the kernel names it; architectures use different words for it, and Arm gives numbers.
pub(super) fn model(cpuinfo: &str) -> Option<String> {
    let value = |key: &str| values(cpuinfo, key).map(str::to_owned).find(|value| !value.is_empty());
    ["model name", "cpu model", "Model", "cpu"].into_iter().find_map(value).or_else(|| {
        Some(format!("Arm implementer {}, part {}", value("CPU implementer")?, value("CPU part")?))
    })
}

/// Processors that the kernel runs.
pub(super) fn threads(cpuinfo: &str) -> usize {
    values(cpuinfo, "processor").count()
}

/// Packages and cores; 0 where the architecture does not tell.
pub(super) fn sockets_and_cores(cpuinfo: &str) -> (usize, usize) {
    let packages = values(cpuinfo, "physical id");
    let cores: BTreeSet<(&str, &str)> = packages.zip(values(cpuinfo, "core id")).collect();
    let sockets: BTreeSet<&str> = cores.iter().map(|(socket, _)| *socket).collect();
    (sockets.len(), cores.len())
}

fn values<'t>(cpuinfo: &'t str, key: &str) -> impl Iterator<Item = &'t str> {
    let lines = cpuinfo.lines().filter_map(|line| line.split_once(':'));
    lines.filter(move |(name, _)| name.trim() == key).map(|(_, value)| value.trim())
}

/// A field of /proc/meminfo, in the unit that it has there.
pub(super) fn field(meminfo: &str, name: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

/// MemTotal in bytes.
pub(super) fn memory_total(meminfo: &str) -> Option<u64> {
    field(meminfo, "MemTotal")?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_are_named_as_the_kernel_does_and_counted() {
        let x86 = "processor\t: 0\nmodel name\t: Example CPU @ 2.50GHz\nphysical id\t: 0\ncore id\t: 0\n\n\
                   processor\t: 1\nmodel name\t: Example CPU @ 2.50GHz\nphysical id\t: 0\ncore id\t: 0\n";
        assert_eq!(model(x86).as_deref(), Some("Example CPU @ 2.50GHz"));
        assert_eq!((threads(x86), sockets_and_cores(x86)), (2, (1, 1)));
        let arm = "processor : 0\nCPU implementer : 0x41\nCPU part : 0xd0c\n";
        assert_eq!(model(arm).as_deref(), Some("Arm implementer 0x41, part 0xd0c"));
        assert_eq!((threads(arm), sockets_and_cores(arm)), (1, (0, 0)));
        assert_eq!(model(""), None);
    }

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let meminfo = "SwapTotal:  10 kB\nHugePages_Total:   3\nHugepagesize:    2048 kB\nHugetlb: 6144 kB\n";
        assert_eq!(field(meminfo, "SwapTotal"), Some(10));
        assert_eq!(field(meminfo, "HugePages_Total"), Some(3));
        assert_eq!(field(meminfo, "Huge"), None);
        assert_eq!(memory_total("MemTotal:       24684096 kB\nMemFree: 1 kB\n"), Some(25_276_514_304));
        assert_eq!(memory_total("MemFree: 1 kB\n"), None);
    }
}
