//! Memory, limits and the clock, as the kernel has them.

use std::path::Path;
use std::time::Instant;

use crate::model::{Fact, Fingerprint};
use crate::probe::files::{Files, chosen, text};
use crate::probe::{balloon, cgroup, cores, cpuinfo};

/// Looks at the clock that its cost is the mean of.
const LOOKS: u32 = 100_000;

pub(super) fn add(found: &mut Fingerprint) {
    limits(found, &mut |path| text(path));
    found.number(Fact::ClockCost, Some(clock_ns()));
}

/// What these files tell.
pub(super) fn limits(found: &mut Fingerprint, files: &mut Files<'_>) {
    let meminfo = files(Path::new("/proc/meminfo")).unwrap_or_default();
    let field = |name: &str| cpuinfo::field(&meminfo, name);
    let pages = field("HugePages_Total").zip(field("Hugepagesize"));
    found.number(Fact::HugePages, pages.map(|(number, kib)| number * kib * 1024));
    let transparent = files(Path::new("/sys/kernel/mm/transparent_hugepage/enabled"));
    found.words(Fact::TransparentHugePages, transparent.and_then(|words| chosen(&words)));
    found.number(Fact::Swap, field("SwapTotal").map(|kib| kib * 1024));
    let free =
        balloon::reports_free_memory(files).map(|goes| if goes { "goes back to the host" } else { "stays" });
    found.words(Fact::FreeMemory, free.map(str::to_owned));
    confines(found, files);
    let clock = files(Path::new("/sys/devices/system/clocksource/clocksource0/current_clocksource"));
    found.words(Fact::ClockSource, clock.map(|name| name.trim().to_owned()));
}

/// What the kernel leaves the process that reads these files of its machine.
pub(crate) fn confines(found: &mut Fingerprint, files: &mut Files<'_>) {
    found.words(Fact::Allowed, cores::allowed(files));
    found.number(Fact::CpuLimit, cgroup::cpu_limit_percent(files));
    // Version 1 of control groups writes "no limit" as a number larger than any memory.
    let machine = cpuinfo::memory_total(&files(Path::new("/proc/meminfo")).unwrap_or_default());
    let is_limit = |limit: &u64| *limit < machine.unwrap_or(u64::MAX);
    found.number(Fact::MemoryLimit, cgroup::memory_limit(files).filter(is_limit));
}

fn clock_ns() -> u64 {
    let start = Instant::now();
    for _ in 0..LOOKS {
        std::hint::black_box(Instant::now());
    }
    start.elapsed().as_nanos() as u64 / u64::from(LOOKS)
}
