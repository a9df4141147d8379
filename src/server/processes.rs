//! Processes as /proc shows them: whose child each is, and the CPU time of a server's tree of them.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

/// One line of /proc/PID/stat, the fields used here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stat {
    /// The process.
    pub pid: i32,
    /// Its parent.
    pub parent: i32,
    /// Its process group.
    pub group: i32,
    /// When it began, in clock ticks since boot: with the pid, it names one process for good.
    pub started: u64,
    /// Whether it has ended, and waits for its parent to notice (a zombie).
    pub ended: bool,
    /// User and system time of its own, in clock ticks.
    pub own_ticks: u64,
    /// User and system time of its children that have ended and been waited for, in clock ticks.
    pub reaped_ticks: u64,
}

/// The process as it is now; `None` when there is none of this pid.
pub(crate) fn stat(pid: i32) -> Option<Stat> {
    parse_stat(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Fields by proc(5). The name in brackets may hold spaces and brackets, so all is counted from
/// the last closing one.
fn parse_stat(line: &str) -> Option<Stat> {
    let pid = line.split(' ').next()?.parse().ok()?;
    let fields: Vec<&str> = line[line.rfind(')')? + 1..].split_whitespace().collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some(Stat {
        pid,
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        started: number(22)?,
        ended: matches!(*fields.first()?, "Z" | "X"),
        own_ticks: number(14)? + number(15)?,
        reaped_ticks: number(16)? + number(17)?,
    })
}

/// Whether any process of a group runs. Those that have ended and wait to be reaped do not.
///
/// # Errors
/// When /proc cannot be read.
pub(crate) fn group_lives(group: i32) -> Result<bool> {
    Ok(list()?.iter().any(|one| one.group == group && !one.ended))
}

/// All processes of this machine that can be seen.
///
/// # Errors
/// When /proc cannot be read.
pub(crate) fn list() -> Result<Vec<Stat>> {
    let entries = std::fs::read_dir("/proc").context("reading /proc")?;
    Ok(entries.filter_map(|entry| stat(entry.ok()?.file_name().to_str()?.parse().ok()?)).collect())
}

/// All living descendants of a process.
///
/// # Errors
/// When /proc cannot be read.
pub(crate) fn descendants(pid: i32) -> Result<Vec<Stat>> {
    let all = list()?;
    let mut found: Vec<Stat> = Vec::new();
    let mut parents = vec![pid];
    while let Some(parent) = parents.pop() {
        for child in all.iter().filter(|one| one.parent == parent) {
            parents.push(child.pid);
            found.push(child.clone());
        }
    }
    Ok(found)
}

/// CPU time, user and system, of a process, its living descendants, and those of its children
/// that have ended. To the clock tick, mostly 10 ms.
///
/// # Errors
/// When the process is gone, or /proc cannot be read.
pub(crate) fn tree_cpu(pid: i32) -> Result<Duration> {
    let gone = || format!("the server's process {pid} is gone");
    let mut root = stat(pid).with_context(gone)?;
    // A child that ends between the two readings would be counted twice or not at all: then the
    // parent's sum for ended children has changed meanwhile, and both are read again.
    for _ in 0..100 {
        let living: u64 = descendants(pid)?.iter().map(|child| child.own_ticks + child.reaped_ticks).sum();
        let after = stat(pid).with_context(gone)?;
        if after.reaped_ticks == root.reaped_ticks {
            let ticks = after.own_ticks + after.reaped_ticks + living;
            return Ok(Duration::from_secs_f64(ticks as f64 / ticks_per_second()));
        }
        root = after;
    }
    bail!("the server's processes end faster than their CPU time can be read")
}

/// What a process of a server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// It helps a backend, and ends with the statement.
    Worker,
    /// It writes blocks out before backends need their room.
    BackgroundWriter,
    /// It writes WAL out.
    WalWriter,
    /// It makes checkpoints.
    Checkpointer,
    /// It reads and writes for others (18 and later).
    IoWorker,
    /// It vacuums tables unasked.
    Vacuum,
    /// It is a backend, or does anything else.
    Other,
}

impl Role {
    /// Whether such a process writes in the background.
    pub(crate) fn is_writer(self) -> bool {
        match self {
            Self::BackgroundWriter | Self::WalWriter | Self::Checkpointer | Self::IoWorker => true,
            Self::Worker | Self::Vacuum | Self::Other => false,
        }
    }
}

/// The children of a process, told without a look at all processes; `None` where the process is gone, or the kernel
/// does not tell (CONFIG_PROC_CHILDREN).
pub(crate) fn children(pid: i32) -> Option<Vec<i32>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    Some(text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect())
}

/// What a child of a server's first process does; `None` while it has no title that says so, or is gone.
pub(crate) fn role_of(pid: i32) -> Option<Role> {
    role(&std::fs::read(format!("/proc/{pid}/cmdline")).ok()?)
}

/// CPU time that a process has used itself; `None` when it is gone.
pub(crate) fn own_cpu(pid: i32) -> Option<Duration> {
    stat(pid).map(|now| Duration::from_secs_f64(now.own_ticks as f64 / ticks_per_second()))
}

/// CPU time of the children of a process that have ended and been waited for; `None` when it is gone.
pub(crate) fn reaped_cpu(pid: i32) -> Option<Duration> {
    stat(pid).map(|now| Duration::from_secs_f64(now.reaped_ticks as f64 / ticks_per_second()))
}

/// Memory in bytes that a process has for itself, not shared with any other: resident pages less those of files and
/// of shared memory (proc(5), statm); `None` when it is gone. The kernel has both numbers at hand (20 µs). For the
/// proportional set size of smaps_rollup it goes through all pages of a backend, those of the shared buffers too, and
/// locks them meanwhile: 1.2 ms with 1 GB of them, during a load.
pub(crate) fn own_memory(pid: i32) -> Option<u64> {
    parse_own_pages(&std::fs::read_to_string(format!("/proc/{pid}/statm")).ok()?)
        .map(|pages| pages * rustix::param::page_size() as u64)
}

fn parse_own_pages(statm: &str) -> Option<u64> {
    let mut fields = statm.split_whitespace().skip(1).map(str::parse::<u64>);
    let (resident, shared) = (fields.next()?.ok()?, fields.next()?.ok()?);
    Some(resident.saturating_sub(shared))
}

/// By the title that PostgreSQL gives its processes (src/backend/utils/misc/ps_status.c), perhaps with the cluster's
/// name before what the process is; `None` for any other.
fn role(title: &[u8]) -> Option<Role> {
    const TITLES: [(&str, Role); 6] = [
        ("checkpointer", Role::Checkpointer),
        ("background writer", Role::BackgroundWriter),
        ("walwriter", Role::WalWriter),
        ("io worker", Role::IoWorker),
        ("parallel worker", Role::Worker),
        ("autovacuum worker", Role::Vacuum),
    ];
    let title = String::from_utf8_lossy(title);
    let title = title.strip_prefix("postgres: ")?.trim_end_matches(['\0', ' ']);
    let is = |what: &str| title == what || title.starts_with(&format!("{what} "));
    let named = |what: &str| is(what) || title.contains(&format!(": {what}"));
    let known = TITLES.into_iter().find(|(what, _)| named(what));
    Some(known.map_or(Role::Other, |(_, role)| role))
}

/// Whether this very process, and not a later one of the same pid, still runs. One that has
/// ended and only waits to be reaped does not.
pub(crate) fn lives(process: &Stat) -> bool {
    stat(process.pid).is_some_and(|now| now.started == process.started && !now.ended)
}

/// Ends a server, or initdb: `signal` to its first process, and, if that and all its descendants have
/// not ended after `patience`, SIGKILL to them. (Each backend leads a process group of its own, so
/// that killing the postmaster's group would leave them running.)
///
/// # Errors
/// When a process may not be signalled, or does not end.
pub(crate) fn end(first: &Stat, signal: Signal, patience: Duration) -> Result<()> {
    // Before: whose children they were is not to be seen once it has ended.
    let mut tree = vec![first.clone()];
    tree.extend(descendants(first.pid)?);
    send(first, signal)?;
    if gone_within(&tree, patience) {
        return Ok(());
    }
    for late in descendants(first.pid)? {
        if !tree.contains(&late) {
            tree.push(late);
        }
    }
    for process in &tree {
        send(process, Signal::KILL)?;
    }
    match gone_within(&tree, Duration::from_secs(10)) {
        true => Ok(()),
        false => bail!("process {} does not end, not even by SIGKILL", first.pid),
    }
}

/// Kills a server as a crash does: its first process is stopped, so that it neither starts another nor hears of an end,
/// and then all of them get SIGKILL. Returns once they have ended.
///
/// # Errors
/// When a process may not be signalled, or does not end.
pub(crate) fn kill(first: &Stat) -> Result<()> {
    send(first, Signal::STOP)?;
    let mut tree = descendants(first.pid)?;
    tree.push(first.clone());
    tree.iter().try_for_each(|process| send(process, Signal::KILL))?;
    match gone_within(&tree, Duration::from_secs(10)) {
        true => Ok(()),
        false => bail!("process {} does not end, not even by SIGKILL", first.pid),
    }
}

fn send(process: &Stat, signal: Signal) -> Result<()> {
    let Some(pid) = Pid::from_raw(process.pid).filter(|_| lives(process)) else { return Ok(()) };
    match kill_process(pid, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(error).with_context(|| format!("signalling process {}", process.pid)),
    }
}

fn gone_within(processes: &[Stat], time: Duration) -> bool {
    let end = Instant::now() + time;
    while processes.iter().any(lives) {
        if Instant::now() >= end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    true
}

fn ticks_per_second() -> f64 {
    rustix::param::clock_ticks_per_second() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_line_is_read_past_its_name() {
        let line = "42 (a (b) c) S 7 42 42 0 -1 4194304 1 2 3 4 10 20 30 40 20 0 1 0 9999 1 1";
        assert_eq!(
            parse_stat(line),
            Some(Stat {
                pid: 42,
                parent: 7,
                group: 42,
                started: 9999,
                ended: false,
                own_ticks: 30,
                reaped_ticks: 70
            })
        );
        assert_eq!(parse_stat("42 (x) S"), None);
    }

    #[test]
    fn what_a_process_shares_is_not_its_own() {
        assert_eq!(parse_own_pages("9000 2500 2000 4 0 600 0\n"), Some(500));
        assert_eq!(parse_own_pages("9000"), None);
        let me = std::process::id() as i32;
        let before = own_memory(me).unwrap();
        let block = std::hint::black_box(vec![1_u8; 64 << 20]);
        assert!(own_memory(me).unwrap() >= before + (48 << 20));
        drop(block);
    }

    #[test]
    fn a_title_says_what_a_process_is() {
        for (title, expected) in [
            ("postgres: checkpointer ", Some(Role::Checkpointer)),
            ("postgres: background writer ", Some(Role::BackgroundWriter)),
            ("postgres: main: walwriter ", Some(Role::WalWriter)),
            ("postgres: io worker 2", Some(Role::IoWorker)),
            ("postgres: parallel worker for PID 4711 ", Some(Role::Worker)),
            ("postgres: autovacuum launcher ", Some(Role::Other)),
            ("postgres: autovacuum worker postgres ", Some(Role::Vacuum)),
            ("postgres: postgres postgres [local] COPY", Some(Role::Other)),
            ("/usr/lib/postgresql/15/bin/postgres\0-D\0/tmp", None),
        ] {
            assert_eq!(role(format!("{title}\0\0").as_bytes()), expected, "{title}");
        }
    }

    #[test]
    fn a_child_is_found_below_its_parent_and_its_time_counts() {
        let me = std::process::id() as i32;
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let pid = child.id() as i32;
        assert!(descendants(me).unwrap().iter().any(|one| one.pid == pid && one.parent == me));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!descendants(me).unwrap().iter().any(|one| one.pid == pid));
        tree_cpu(me).unwrap();
    }
}
