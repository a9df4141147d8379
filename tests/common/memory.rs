//! Shared memory of PostgreSQL's on this machine, which no server that has ended may leave.
#![allow(dead_code, reason = "each test program uses its part")]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const FILES: &str = "/dev/shm";
const NAME: &str = "PostgreSQL.";
/// The first word of the file that lists a server's others (`PG_DYNSHMEM_CONTROL_MAGIC` in dsm.c).
const LIST_MAGIC: u32 = 0x9a50_3d32;

/// Longer than a server that crashed in another test takes to be back, or to be swept.
const PATIENCE: Duration = Duration::from_secs(15);

/// Files of PostgreSQL's shared memory, and the System V segments that nobody is attached to.
pub(crate) fn there() -> BTreeSet<String> {
    let files = std::fs::read_dir(FILES).unwrap().map(|entry| entry.unwrap().file_name());
    let files = files.filter_map(|name| name.into_string().ok()).filter(|name| name.starts_with(NAME));
    let segments = std::fs::read_to_string("/proc/sysvipc/shm").unwrap();
    let segments = segments.lines().skip(1).filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        (fields[6] == "0").then(|| format!("segment {}", fields[1]))
    });
    files.chain(segments).collect()
}

/// Shared memory that appeared since, and stays without being any living server's.
pub(crate) fn left_since(before: &BTreeSet<String>) -> BTreeSet<String> {
    let end = Instant::now() + PATIENCE;
    let mut left: BTreeSet<String> = there().difference(before).cloned().collect();
    loop {
        // Other tests' servers come, go, crash and start again meanwhile.
        let (there, living) = (there(), of_living());
        left.retain(|name| there.contains(name) && !living.contains(name));
        if left.is_empty() || Instant::now() >= end {
            return left;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The files that a process has mapped, and those that such a file lists: a server need not have all of its own mapped.
fn of_living() -> BTreeSet<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let maps = processes.filter_map(|process| std::fs::read_to_string(process.path().join("maps")).ok());
    let mapped: BTreeSet<String> = maps.flat_map(|maps| names_in(&maps)).collect();
    let listed: Vec<String> = mapped.iter().flat_map(|name| listed_in(name)).collect();
    mapped.into_iter().chain(listed).collect()
}

fn names_in(maps: &str) -> Vec<String> {
    let name = |line: &str| Some(line.split_once(&format!("{FILES}/{NAME}"))?.1.to_owned());
    let numbers = maps.lines().filter_map(name);
    numbers.map(|number| format!("{NAME}{}", number.split(' ').next().unwrap_or_default())).collect()
}

/// Those that a file lists, if it is such a list: `dsm_control_header` and its `dsm_control_item`s in dsm.c.
fn listed_in(name: &str) -> Vec<String> {
    let bytes = std::fs::read(format!("{FILES}/{name}")).unwrap_or_default();
    let number = |at: usize| Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    match (number(0), number(4)) {
        (Some(LIST_MAGIC), Some(count)) => {
            let numbers = (0..count as usize).map_while(|i| number(16 + i * 40));
            numbers.map(|number| format!("{NAME}{number}")).collect()
        }
        _ => Vec::new(),
    }
}
