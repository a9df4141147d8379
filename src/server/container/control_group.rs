//! What the kernel counts of a container: its control group, read through the server that runs in it.

use std::time::Duration;

use anyhow::{Context, Result};

use crate::pg_error::{describe, unless_refused};
use crate::server::Connector;

/// The process's place among control groups, and what their two versions count of the CPU (kernel documentation,
/// cgroup-v1/cpuacct.rst and cgroup-v2.rst; PostgreSQL manual, pg_read_file). Absent files are NULL.
const READ: &str = "\
SELECT pg_read_file('/proc/self/cgroup', 0, 65536, true), pg_read_file('/sys/fs/cgroup/cpu.stat', 0, 65536, true),
       pg_read_file('/sys/fs/cgroup/cpuacct/cpuacct.usage', 0, 64, true)";

/// CPU time of the control group of the server's processes; `None` where the server does not let this role read it,
/// or it cannot be told from that of the whole machine.
///
/// # Errors
/// When there is no connection.
pub(super) fn cpu_time(connector: &Connector) -> Result<Option<Duration>> {
    let mut session = connector.connect()?;
    let read = session.query_one(READ, &[]).map_err(describe).context("reading the server's control group");
    let Ok(row) = unless_refused(read)? else { return Ok(None) };
    let text = |at: usize| row.try_get::<_, Option<String>>(at).ok().flatten().unwrap_or_default();
    Ok(parse(&text(0), &text(1), &text(2)))
}

fn parse(place: &str, version_2: &str, version_1: &str) -> Option<Duration> {
    // The container has the root of a namespace of its own: what lies there is its own group.
    let is_own_root = place.lines().any(|line| line == "0::/");
    let usage = version_2.lines().find_map(|line| line.strip_prefix("usage_usec "));
    if let Some(us) = usage.filter(|_| is_own_root) {
        return us.trim().parse().ok().map(Duration::from_micros);
    }
    // Of version 1 an engine shows a container its own group alone.
    version_1.trim().parse().ok().map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_version_tells_and_the_whole_machine_does_not() {
        let stat = "usage_usec 1500000\nuser_usec 1\n";
        assert_eq!(parse("0::/\n", stat, ""), Some(Duration::from_millis(1500)));
        assert_eq!(parse("0::/system.slice/docker-1.scope\n", stat, ""), None);
        assert_eq!(parse("4:cpuacct:/docker/1\n0::/\n", "", "2000000000\n"), Some(Duration::from_secs(2)));
        assert_eq!(parse("", "", ""), None);
    }
}
