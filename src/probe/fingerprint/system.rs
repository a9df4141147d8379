//! Memory, limits and the clock, as the kernel has them.

use std::time::Instant;

use super::kernel::{chosen, text};
use crate::model::{Fact, Fingerprint};
use crate::probe::cgroup;

/// Looks at the clock that its cost is the mean of.
const LOOKS: u32 = 100_000;

pub(super) fn add(found: &mut Fingerprint) {
    let meminfo = text("/proc/meminfo").unwrap_or_default();
    let pages = field(&meminfo, "HugePages_Total").zip(field(&meminfo, "Hugepagesize"));
    found.number(Fact::HugePages, pages.map(|(number, kib)| number * kib * 1024));
    let transparent = text("/sys/kernel/mm/transparent_hugepage/enabled");
    found.words(Fact::TransparentHugePages, transparent.and_then(|words| chosen(&words)));
    found.number(Fact::Swap, field(&meminfo, "SwapTotal").map(|kib| kib * 1024));
    found.number(Fact::CpuLimit, cgroup::cpu_limit_percent());
    // Version 1 of control groups writes "no limit" as a number larger than any memory.
    let memory = field(&meminfo, "MemTotal").map_or(u64::MAX, |kib| kib * 1024);
    found.number(Fact::MemoryLimit, cgroup::memory_limit().filter(|limit| *limit < memory));
    found.words(Fact::ClockSource, text("/sys/devices/system/clocksource/clocksource0/current_clocksource"));
    found.number(Fact::ClockCost, Some(clock_ns()));
}

/// A field of /proc/meminfo, in the unit that it has there.
fn field(meminfo: &str, name: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

fn clock_ns() -> u64 {
    let start = Instant::now();
    for _ in 0..LOOKS {
        std::hint::black_box(Instant::now());
    }
    start.elapsed().as_nanos() as u64 / u64::from(LOOKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let meminfo = "SwapTotal:  10 kB\nHugePages_Total:   3\nHugepagesize:    2048 kB\nHugetlb: 6144 kB\n";
        assert_eq!(field(meminfo, "SwapTotal"), Some(10));
        assert_eq!(field(meminfo, "HugePages_Total"), Some(3));
        assert_eq!(field(meminfo, "Huge"), None);
        assert_eq!(chosen("always [madvise] never").as_deref(), Some("madvise"));
    }
}
