//! Checks of this machine: what works, what does not, and the next step.
//!
//! Each check is a judgement of one fact. Nothing here fails: a fact that cannot be read is what
//! the check reports.

use std::path::{Path, PathBuf};

use crate::disk::lack;
use crate::fs::{find_program, path_dirs};
use crate::method::external;
use crate::probe::{balloon, disk, disk::Flushing, files, machine};
use crate::units;

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CheckState {
    /// As it should be.
    Ok,
    /// Works, but results may suffer or something cannot be used.
    Warning,
    /// Not here.
    Missing,
}

/// A check and its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Check {
    /// The subject of the check.
    pub name: String,
    /// The result.
    pub state: CheckState,
    /// The finding, in words.
    pub found: String,
    /// The next step; `None` where nothing needs to be done.
    pub next_step: Option<String>,
}

impl Check {
    fn ok(name: &str, found: impl Into<String>) -> Self {
        Self { name: name.into(), state: CheckState::Ok, found: found.into(), next_step: None }
    }

    fn warning(name: &str, found: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            state: CheckState::Warning,
            found: found.into(),
            next_step: Some(next_step.into()),
        }
    }

    fn missing(name: &str, found: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            state: CheckState::Missing,
            found: found.into(),
            next_step: Some(next_step.into()),
        }
    }
}

/// Facts found by other modules, and the directories that a run would use.
#[derive(Debug, Clone)]
pub(crate) struct Environment<'a> {
    /// The container engine in words (`docker 28.2, image postgres:18`), or why none can be used.
    pub engine: Result<String, String>,
    /// The directories of PostgreSQL binaries with their versions, the one a run takes first.
    pub postgres: &'a [(PathBuf, String)],
    /// The directory of datasets.
    pub cache_dir: &'a Path,
    /// The directory of a local server's data.
    pub data_dir: &'a Path,
    /// The free bytes that a full run needs there.
    pub needed_bytes: u64,
}

/// Looks at everything, in the order it is shown. Takes [`disk::FLUSH_TIME`] and little more; creates
/// `data_dir` if it is not there.
pub(crate) fn checks(around: &Environment) -> Vec<Check> {
    let cores = machine::cores();
    let mut checks = vec![engine(&around.engine), postgres(around.postgres, around.engine.is_ok())];
    checks.extend(programs(around.postgres));
    checks.extend([
        space("dataset cache", around.cache_dir, around.needed_bytes),
        space("server's data", around.data_dir, around.needed_bytes),
        filesystem(around.data_dir),
        flushes(around.data_dir),
        emulated_disks(lack()),
        processors(cores),
        memory(machine::memory_bytes()),
        load(&text("/proc/loadavg"), cores),
        governor(&governors()),
        huge_pages(&text("/sys/kernel/mm/transparent_hugepage/enabled")),
        swap(&text("/proc/swaps")),
        free_memory(balloon::reports_free_memory(&mut |path| files::text(path))),
    ]);
    checks
}

fn engine(engine: &Result<String, String>) -> Check {
    const NAME: &str = "container engine";
    match engine {
        Ok(found) => Check::ok(NAME, found),
        Err(why) => Check::warning(
            NAME,
            why,
            "not needed where a local or an external server is used; otherwise start an engine that this user \
             may use, and pull an image or make one with scripts/build-image",
        ),
    }
}

fn postgres(installed: &[(PathBuf, String)], engine: bool) -> Check {
    const NAME: &str = "PostgreSQL binaries";
    const NEXT: &str = "install PostgreSQL by the system's packages, or run scripts/fetch-postgres 18";
    match installed {
        [] if engine => Check::warning(NAME, "none found; servers come from the container engine", NEXT),
        [] => Check::missing(NAME, "none found, and no container engine either", NEXT),
        all => {
            let list: Vec<String> =
                all.iter().map(|(dir, version)| format!("{version} in {}", dir.display())).collect();
            Check::ok(NAME, list.join("; "))
        }
    }
}

/// The programs of the loaders that are compiled in, each once, but for what a script of theirs imports.
fn programs(installed: &[(PathBuf, String)]) -> Vec<Check> {
    let mut checks: Vec<Check> = Vec::new();
    for loader in external::built_in() {
        let Some(name) = loader.program().filter(|name| checks.iter().all(|check| check.name != *name))
        else {
            continue;
        };
        let dirs = path_dirs().into_iter().chain(installed.iter().map(|(dir, _)| dir.clone()));
        checks.push(match find_program(name, dirs) {
            Some(path) => Check::ok(name, path.display().to_string()),
            None => Check::warning(
                name,
                "neither on the PATH nor beside the PostgreSQL binaries",
                format!("only for loads by {name}; to have it: {}", loader.install()),
            ),
        });
    }
    checks
}

fn space(name: &str, dir: &Path, needed: u64) -> Check {
    match disk::free_bytes(dir) {
        Ok(free) if free >= needed => {
            Check::ok(name, format!("{} free in {}", units::bytes(free), dir.display()))
        }
        Ok(free) => Check::warning(
            name,
            format!(
                "{} free in {}, and a full run needs {}",
                units::bytes(free),
                dir.display(),
                units::bytes(needed)
            ),
            "make space, load fewer rows (--rows), or use another disk",
        ),
        Err(error) => Check::warning(name, format!("{error:#}"), "name a directory that this user can use"),
    }
}

fn filesystem(data_dir: &Path) -> Check {
    const NAME: &str = "file system";
    match disk::filesystem(data_dir) {
        Ok(kind) if disk::in_memory(&kind) => Check::warning(
            NAME,
            format!(
                "{} lies in memory ({kind}): its flushes cost nothing, and loads look too fast",
                data_dir.display()
            ),
            "put the server's data on a disk (--data-dir)",
        ),
        Ok(kind) => Check::ok(NAME, format!("{kind} beneath {}", data_dir.display())),
        Err(error) => Check::warning(NAME, format!("{error:#}"), "name a directory that this user can use"),
    }
}

fn flushes(data_dir: &Path) -> Check {
    const NAME: &str = "flush rate";
    let measured = std::fs::create_dir_all(data_dir)
        .map_err(anyhow::Error::from)
        .and_then(|()| disk::flushes(data_dir, disk::FLUSH_TIME));
    match measured {
        Ok(flushes) => flush_rate(flushes.per_second()),
        Err(error) => {
            Check::warning(NAME, format!("{error:#}"), "name a directory that this user can write to")
        }
    }
}

fn flush_rate(rate: u64) -> Check {
    const NAME: &str = "flush rate";
    let found = format!("{} flushes/s", units::count(rate));
    match Flushing::judge(rate) {
        Flushing::Plausible => Check::ok(NAME, found),
        Flushing::Slow => Check::warning(
            NAME,
            format!(
                "{found}: a method that commits each row loads at most that many rows a second on one connection"
            ),
            "compare such methods only between machines with a like disk; the budget keeps their samples short",
        ),
        Flushing::Implausible => Check::warning(
            NAME,
            format!("{found}: more than a drive can write; a hypervisor or controller confirms them early"),
            "do not take the times of methods that commit often for those of a real disk, and do not trust this \
             one with data that must survive a power cut",
        ),
    }
}

/// `lack` is what may help where none can be mounted.
fn emulated_disks(lack: Option<&str>) -> Check {
    const NAME: &str = "emulated disks";
    match lack {
        None => Check::ok(NAME, "FUSE is here, to mount them by"),
        Some(next) => {
            Check::warning(NAME, "they cannot be mounted here", format!("only for runs with --disk: {next}"))
        }
    }
}

fn processors(cores: u32) -> Check {
    match cores {
        1 => Check::warning(
            "processors",
            "1: client and server share it, and parallel methods cannot gain",
            "use a machine with two cores or more for results that are to be compared",
        ),
        more => Check::ok("processors", more.to_string()),
    }
}

/// shared_buffers and maintenance_work_mem take 1 GiB each, and the page cache has to hold the table.
const ENOUGH_MEMORY: u64 = 4 << 30;

fn memory(bytes: u64) -> Check {
    match bytes {
        0 => Check::warning("memory", "unknown on this system", "give the server's memory settings by --set"),
        few if few < ENOUGH_MEMORY => Check::warning(
            "memory",
            units::bytes(few),
            format!(
                "the server's settings are scaled down; {} or more fits the usual ones",
                units::bytes(ENOUGH_MEMORY)
            ),
        ),
        enough => Check::ok("memory", units::bytes(enough)),
    }
}

fn load(loadavg: &str, cores: u32) -> Check {
    const NAME: &str = "other work";
    match loadavg.split(' ').next().and_then(|first| first.parse::<f64>().ok()) {
        None => Check::ok(NAME, "unknown on this system"),
        Some(load) if load > f64::from(cores) / 4.0 => Check::warning(
            NAME,
            format!("{load} processes wanted a processor in the last minute"),
            "stop what else is running before a measurement, or wait a minute if it has just ended",
        ),
        Some(load) => Check::ok(NAME, format!("little: {load} processes in the last minute")),
    }
}

/// The frequency governor of each processor that has one.
fn governors() -> Vec<String> {
    let Ok(processors) = std::fs::read_dir("/sys/devices/system/cpu") else { return Vec::new() };
    let mut governors: Vec<String> = processors
        .flatten()
        .map(|processor| text(processor.path().join("cpufreq/scaling_governor")))
        .filter(|governor| !governor.is_empty())
        .collect();
    governors.sort_unstable();
    governors.dedup();
    governors
}

fn governor(governors: &[String]) -> Check {
    const NAME: &str = "CPU frequency";
    match governors {
        [] => Check::ok(NAME, "not governed by this system"),
        [one] if one == "performance" => Check::ok(NAME, "governor performance"),
        others => Check::warning(
            NAME,
            format!("governor {}: the frequency changes with the load", others.join(", ")),
            "for steadier results: cpupower frequency-set -g performance (as root)",
        ),
    }
}

fn huge_pages(enabled: &str) -> Check {
    const NAME: &str = "transparent huge pages";
    match enabled.split_whitespace().find_map(|word| word.strip_prefix('[')?.strip_suffix(']')) {
        None => Check::ok(NAME, "not on this system"),
        Some("always") => Check::warning(
            NAME,
            "always: the kernel gathers pages while a load runs",
            "for steadier results: echo madvise > /sys/kernel/mm/transparent_hugepage/enabled (as root)",
        ),
        Some(mode) => Check::ok(NAME, mode),
    }
}

/// Size and use of each swap area, in KiB, are the third and fourth column of /proc/swaps.
fn swap(swaps: &str) -> Check {
    let column = |n: usize| -> u64 {
        let kib: u64 = swaps
            .lines()
            .skip(1)
            .filter_map(|line| line.split_whitespace().nth(n)?.parse::<u64>().ok())
            .sum();
        kib.saturating_mul(1024)
    };
    match (column(2), column(3)) {
        (0, _) => Check::ok("swap", "none"),
        (size, 0) => Check::ok("swap", format!("{}, unused", units::bytes(size))),
        (size, used) => Check::warning(
            "swap",
            format!("{} of {} in use", units::bytes(used), units::bytes(size)),
            "a load that swaps measures the swap: free memory, then swapoff -a && swapon -a (as root)",
        ),
    }
}

fn free_memory(reported: Option<bool>) -> Check {
    const NAME: &str = "free memory";
    match reported {
        Some(true) => Check::warning(
            NAME,
            "goes back to the virtual machine's host, so that each page taken anew has to be had from there",
            "hold loads that fill gigabytes only against others of their size, or ask for a virtual machine whose \
             balloon does not report free pages",
        ),
        Some(false) => Check::ok(NAME, "stays with this virtual machine"),
        None => Check::ok(NAME, "no balloon takes any of it"),
    }
}

/// A file's text, or nothing where this system does not have it.
fn text(path: impl AsRef<Path>) -> String {
    files::text(path).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flush_rates_carry_a_judgement() {
        assert_eq!(flush_rate(5_000).state, CheckState::Ok);
        let slow = flush_rate(120);
        assert_eq!((slow.state, slow.found.contains("120 flushes/s")), (CheckState::Warning, true));
        assert!(flush_rate(50_000).found.contains("confirms them early"));
    }

    #[test]
    fn a_machine_without_fuse_has_no_emulated_disks() {
        assert_eq!(emulated_disks(None).state, CheckState::Ok);
        let lacking = emulated_disks(Some("run this as root"));
        assert_eq!(lacking.state, CheckState::Warning);
        assert_eq!(lacking.next_step.as_deref(), Some("only for runs with --disk: run this as root"));
    }

    #[test]
    fn a_machine_without_any_server_lacks_one() {
        assert_eq!(postgres(&[], false).state, CheckState::Missing);
        assert_eq!(postgres(&[], true).state, CheckState::Warning);
        let one = [("/opt/pg/bin".into(), "16.14".to_owned())];
        assert_eq!(postgres(&one, false), Check::ok("PostgreSQL binaries", "16.14 in /opt/pg/bin"));
    }

    #[test]
    fn the_systems_files_are_read_as_they_are_written() {
        assert_eq!(huge_pages("always [madvise] never\n"), Check::ok("transparent huge pages", "madvise"));
        assert_eq!(huge_pages("[always] madvise never\n").state, CheckState::Warning);
        assert_eq!(load("1.25 0.5 0.1 1/200 4242\n", 2).state, CheckState::Warning);
        assert_eq!(load("0.10 0.5 0.1 1/200 4242\n", 2).state, CheckState::Ok);
        let swaps = |used: u64| {
            format!(
                "Filename Type Size Used Priority\n/swapfile file 2097148 {used} -2\n/dev/sda2 partition 4 0 -3\n"
            )
        };
        assert_eq!(swap(&swaps(0)), Check::ok("swap", "2.00 GiB, unused"));
        assert_eq!(swap(&swaps(1024)).found, "1.00 MiB of 2.00 GiB in use");
        assert_eq!(governor(&["powersave".into()]).state, CheckState::Warning);
        assert_eq!(governor(&[]).state, CheckState::Ok);
    }

    #[test]
    fn each_program_of_a_loader_is_looked_for_once() {
        let names: Vec<String> = programs(&[]).into_iter().map(|check| check.name).collect();
        assert_eq!(names, ["psql", "pgloader", "pg_bulkload"]);
    }

    #[test]
    fn every_check_that_is_not_ok_says_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let found = checks(&Environment {
            engine: Err("no engine".into()),
            postgres: &[],
            cache_dir: dir.path(),
            data_dir: dir.path(),
            needed_bytes: u64::MAX,
        });
        assert!(
            found.iter().all(|check| (check.state == CheckState::Ok) == check.next_step.is_none()),
            "{found:#?}"
        );
        let space = found.iter().find(|check| check.name == "dataset cache").unwrap();
        assert_eq!(space.state, CheckState::Warning, "no disk has so many bytes: {}", space.found);
    }
}
