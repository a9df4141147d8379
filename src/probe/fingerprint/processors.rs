//! Processors, their caches and what they read from memory.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::model::{Fact, Fingerprint};
use crate::probe::cores::{cores, widen};
use crate::probe::files::text;

/// Bytes that each processor reads: more than its share of any cache.
const BYTES: usize = 64 << 20;

/// How long all of them read.
const READING: Duration = Duration::from_millis(if cfg!(debug_assertions) { 5 } else { 200 });

const CPUS: &str = "/sys/devices/system/cpu";

pub(super) fn add(found: &mut Fingerprint) {
    let cpus = cpus(Path::new(CPUS));
    let topology = |cpu: &PathBuf| {
        let number = |name: &str| text(cpu.join("topology").join(name))?.parse::<u64>().ok();
        Some((number("physical_package_id")?, number("core_id")?))
    };
    let places: BTreeSet<(u64, u64)> = cpus.iter().filter_map(topology).collect();
    let sockets: BTreeSet<u64> = places.iter().map(|(socket, _)| *socket).collect();
    let any = |number: usize| (number > 0).then_some(number as u64);
    found.number(Fact::Sockets, any(sockets.len()));
    found.number(Fact::PhysicalCores, any(places.len()));
    found.number(Fact::Threads, any(cpus.len()));
    if let Some(first) = cpus.first() {
        for (fact, level) in [(Fact::L1, "1"), (Fact::L2, "2"), (Fact::L3, "3")] {
            found.number(fact, cache(first, level));
        }
        let frequency = first.join("cpufreq");
        let khz = text(frequency.join("cpuinfo_max_freq")).and_then(|khz| khz.parse::<u64>().ok());
        found.number(Fact::MaxFrequency, khz.map(|khz| khz * 1000));
        found.words(Fact::Governor, text(frequency.join("scaling_governor")));
    }
    found.number(Fact::MemoryBandwidth, Some(memory_read()));
}

/// The directories of the processors that the kernel knows and runs.
fn cpus(dir: &Path) -> Vec<PathBuf> {
    let is_cpu = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.strip_prefix("cpu").is_some_and(|number| number.parse::<u32>().is_ok())
            && path.join("topology").exists()
    };
    let mut cpus: Vec<PathBuf> = std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(is_cpu)
        .collect();
    cpus.sort();
    cpus
}

/// Bytes of a processor's cache of this level, that for data where there are two.
fn cache(cpu: &Path, level: &str) -> Option<u64> {
    let caches = std::fs::read_dir(cpu.join("cache")).ok()?;
    let size = |dir: PathBuf| {
        let is_it = text(dir.join("level"))? == level && text(dir.join("type"))? != "Instruction";
        kib(&text(dir.join("size"))?).filter(|_| is_it)
    };
    caches.filter_map(|entry| size(entry.ok()?.path())).max()
}

/// `512K` or `16M` in bytes.
fn kib(size: &str) -> Option<u64> {
    let (number, unit) = size.split_at(size.len().checked_sub(1)?);
    let number: u64 = number.parse().ok()?;
    match unit {
        "K" => Some(number << 10),
        "M" => Some(number << 20),
        _ => None,
    }
}

/// Bytes a second that all processors read from memory at once.
fn memory_read() -> u64 {
    let read = || {
        widen();
        let words = vec![1_u64; BYTES / 8];
        let start = Instant::now();
        let mut passes = 0;
        while start.elapsed() < READING {
            black_box(words.iter().fold(0_u64, |sum, word| sum.wrapping_add(*word)));
            passes += 1;
        }
        (passes * BYTES) as f64 / start.elapsed().as_secs_f64()
    };
    let rates: Vec<f64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores()).map(|_| scope.spawn(read)).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    rates.iter().sum::<f64>() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_files_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        for (cpu, core) in [(0, 0), (1, 0)] {
            write(&format!("cpu{cpu}/topology/core_id"), &format!("{core}\n"));
        }
        write("cpufreq/policy", "");
        for (index, (level, kind, size)) in
            [("1", "Data", "32K"), ("1", "Instruction", "64K"), ("2", "Unified", "1M")].iter().enumerate()
        {
            for (name, text) in [("level", level), ("type", kind), ("size", size)] {
                write(&format!("cpu0/cache/index{index}/{name}"), text);
            }
        }
        let cpus = cpus(dir.path());
        assert_eq!(cpus.len(), 2);
        assert_eq!(
            [cache(&cpus[0], "1"), cache(&cpus[0], "2"), cache(&cpus[0], "3")],
            [Some(32 << 10), Some(1 << 20), None]
        );
        assert!(memory_read() > 1 << 20);
    }
}
