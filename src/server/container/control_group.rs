//! What the kernel counts of a container: its control group, read through the server that runs in it.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::pg_error::{describe, unless_refused};
use crate::server::{Connector, Session};

/// The process's place among control groups, and what their two versions count of the CPU (kernel documentation,
/// cgroup-v1/cpuacct.rst and cgroup-v2.rst; PostgreSQL manual, pg_read_file). Absent files are NULL.
const CPU: [&str; 2] = ["cpu.stat", "cpuacct/cpuacct.usage"];

/// Likewise of memory (cgroup-v1/memory.rst).
const MEMORY: [&str; 2] = ["memory.stat", "memory/memory.stat"];

/// Likewise of devices (cgroup-v1/blkio-controller.rst).
const DEVICES: [&str; 2] = ["io.stat", "blkio/blkio.throttle.io_service_bytes"];

/// A file of the server's own control group, in the form of either version; both are empty where there is none.
#[derive(Debug, Default)]
struct Told {
    version_2: String,
    version_1: String,
}

/// CPU time of the control group of the server's processes; `None` where the server does not let this role read it,
/// or it cannot be told from that of the whole machine.
///
/// # Errors
/// When there is no connection.
pub(super) fn cpu_time(connector: &Connector) -> Result<Option<Duration>> {
    Ok(unless_refused(used(&mut connector.connect()?))?.ok().flatten())
}

/// As [`cpu_time`], over a connection that is there.
///
/// # Errors
/// The server's error.
pub(crate) fn used(session: &mut Session) -> Result<Option<Duration>> {
    Ok(read(session, CPU)?.cpu_time())
}

/// Bytes that its processes have for themselves now; `None` as of CPU time.
///
/// # Errors
/// The server's error.
pub(crate) fn memory(session: &mut Session) -> Result<Option<u64>> {
    Ok(read(session, MEMORY)?.memory())
}

/// Bytes written to the device that they have written most to; `None` as of CPU time.
///
/// # Errors
/// The server's error.
pub(crate) fn written(session: &mut Session) -> Result<Option<u64>> {
    Ok(read(session, DEVICES)?.written())
}

fn read(session: &mut Session, [version_2, version_1]: [&str; 2]) -> Result<Told> {
    let file = |path: &str| format!("pg_read_file('{path}', 0, 65536, true)");
    let [place, version_2, version_1] = [
        file("/proc/self/cgroup"),
        file(&format!("/sys/fs/cgroup/{version_2}")),
        file(&format!("/sys/fs/cgroup/{version_1}")),
    ];
    let row = session
        .query_one(&format!("SELECT {place}, {version_2}, {version_1}"), &[])
        .map_err(describe)
        .context("reading the server's control group")?;
    let text = |at: usize| row.try_get::<_, Option<String>>(at).ok().flatten().unwrap_or_default();
    Ok(Told::at(&text(0), text(1), text(2)))
}

impl Told {
    /// Of version 2 only where the container has the root of a namespace of its own: what lies there is its own group.
    /// Of version 1 an engine shows a container its own group alone.
    fn at(place: &str, version_2: String, version_1: String) -> Self {
        let is_own_root = place.lines().any(|line| line == "0::/");
        Self { version_2: if is_own_root { version_2 } else { String::new() }, version_1 }
    }

    fn cpu_time(&self) -> Option<Duration> {
        let version_1 = || self.version_1.trim().parse().ok().map(Duration::from_nanos);
        line(&self.version_2, "usage_usec ").map(Duration::from_micros).or_else(version_1)
    }

    fn memory(&self) -> Option<u64> {
        line(&self.version_2, "anon ").or_else(|| line(&self.version_1, "total_rss "))
    }

    /// Of each device a line in version 2, and several in version 1. What goes through one device to another is
    /// counted for both, so that they are not added up.
    fn written(&self) -> Option<u64> {
        let mut devices: BTreeMap<&str, u64> = BTreeMap::new();
        for line in self.version_2.lines().chain(self.version_1.lines()) {
            let mut words = line.split_whitespace();
            let Some(device) = words.next() else { continue };
            let bytes = match words.next() {
                Some("Write") => words.next(),
                first => first.into_iter().chain(words).find_map(|word| word.strip_prefix("wbytes=")),
            };
            if let Some(bytes) = bytes.and_then(|bytes| bytes.parse().ok()) {
                devices.insert(device, bytes);
            }
        }
        devices.into_values().max()
    }
}

/// The number behind a name at the beginning of a line.
fn line(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(place: &str, version_2: &str, version_1: &str) -> Told {
        Told::at(place, version_2.into(), version_1.into())
    }

    #[test]
    fn either_version_tells_and_the_whole_machine_does_not() {
        let stat = "usage_usec 1500000\nuser_usec 1\n";
        assert_eq!(told("0::/\n", stat, "").cpu_time(), Some(Duration::from_millis(1500)));
        assert_eq!(told("0::/system.slice/docker-1.scope\n", stat, "").cpu_time(), None);
        let version_1 = told("4:cpuacct:/docker/1\n0::/\n", "", "2000000000\n");
        assert_eq!(version_1.cpu_time(), Some(Duration::from_secs(2)));
        assert_eq!(told("", "", "").cpu_time(), None);
    }

    #[test]
    fn memory_is_that_of_no_file() {
        assert_eq!(told("0::/\n", "anon 4096\nfile 99\n", "").memory(), Some(4096));
        assert_eq!(told("", "", "cache 1\nrss 2\ntotal_cache 9\ntotal_rss 8192\n").memory(), Some(8192));
        assert_eq!(told("0::/elsewhere\n", "anon 4096\n", "").memory(), None);
    }

    #[test]
    fn the_device_that_most_was_written_to_counts() {
        let version_2 =
            "254:0 rbytes=1 wbytes=700 rios=1 wios=2 dbytes=0 dios=0\n253:0 rbytes=0 wbytes=900\n7:0 \n";
        assert_eq!(told("0::/\n", version_2, "").written(), Some(900));
        let version_1 = "254:0 Read 5\n254:0 Write 600\n254:0 Total 605\nTotal 605\n";
        assert_eq!(told("", "", version_1).written(), Some(600));
        assert_eq!(told("", "", "Total 0\n").written(), None);
    }
}
