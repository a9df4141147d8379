//! The control groups that hold a local server to its limits. Where none can be made for its processors, their affinity
//! does, which every process of the server has from the one that starts it.
//!
//! Files and rules of both versions: kernel documentation, admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst and
//! cgroup-v1/cpusets.rst.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::fs::{Access, access};
use rustix::thread::sched_setaffinity;

use crate::model::Limits;
use crate::probe::cgroup::{self, Version};
use crate::probe::cores;
use crate::probe::files::Files;
use crate::server::limits::first_processors;
use crate::unavailable;

/// The file of a run's directory that names its control groups, a line each.
const RECORD: &str = "control-groups";

/// The beginning of their names; the run's id is the rest.
const PREFIX: &str = "bulkbench-";

/// How long to try to remove a group: processes that have ended are still counted for a moment.
const REMOVE_LIMIT: Duration = Duration::from_secs(5);

/// What can be done where none can be made for memory.
const ADVICE: &str = "run this as root, in a scope of your own (systemd-run --user --scope -p Delegate=yes bulkbench ...), \
                      or with --server container";

/// What a group controls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Controller {
    Memory,
    Cpuset,
}

impl Controller {
    fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Cpuset => "cpuset",
        }
    }
}

/// A group in which others can be made.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Parent {
    version: Version,
    dir: PathBuf,
    /// What groups in it control.
    controllers: Vec<Controller>,
}

/// A group that was made.
#[derive(Debug)]
struct Group {
    parent: Parent,
    dir: PathBuf,
}

/// The control groups of a run's server.
#[derive(Debug)]
pub(super) struct ControlGroups {
    run_dir: PathBuf,
    made: Vec<Group>,
    limits: Limits,
    /// Processes that the kernel had killed in them before the server was started.
    killed: u64,
}

/// Why this program can make no group that limits memory, with the next step; `None` where it can, or none is limited.
pub(super) fn lack(limits: Limits) -> Option<String> {
    limits.memory_bytes?;
    let why = usable_parent(Controller::Memory).err()?;
    Some(format!("the memory of a local server cannot be limited here: {why}; {ADVICE}"))
}

impl ControlGroups {
    /// None yet, for the run in this directory, whose name is its id.
    pub(super) fn new(run_dir: &Path) -> Self {
        Self { run_dir: run_dir.to_owned(), made: Vec::new(), limits: Limits::default(), killed: 0 }
    }

    /// Limits what servers started from now on may use, to these limits alone. None may be running.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Unavailable`] where memory cannot be limited.
    pub(super) fn limit(&mut self, limits: Limits) -> Result<()> {
        self.limits = limits;
        if limits.memory_bytes.is_some() {
            self.ensure(Controller::Memory).map_err(|why| {
                unavailable!("the memory of a local server cannot be limited here: {why}; {ADVICE}")
            })?;
        }
        if limits.cpus.is_some() {
            // Affinity does without, and a process of the server's is asked whether it holds.
            let _ = self.ensure(Controller::Cpuset);
        }
        for group in &self.made {
            set(&group.parent, &group.dir, limits)
                .map_err(|error| unavailable!("limiting {}: {error}", group.dir.display()))?;
        }
        self.killed = self.killed();
        Ok(())
    }

    /// Why the kernel has killed processes of the server, in words; `None` where it has not.
    pub(super) fn shortage(&self) -> Option<String> {
        let killed = self.killed().checked_sub(self.killed).filter(|killed| *killed > 0)?;
        Some(format!(
            "the kernel has killed {killed} of the server's processes: they needed more than {}",
            self.limits.words()
        ))
    }

    /// Processes that the kernel has killed in them for want of memory.
    fn killed(&self) -> u64 {
        self.made.iter().map(|group| killed_in(&group.dir)).sum()
    }

    /// Has a server that this command starts enter the groups before it does anything else.
    ///
    /// # Errors
    /// When a group is gone.
    pub(super) fn bind(&self, command: &mut Command) -> Result<()> {
        let door = |group: &Group| -> Result<File> {
            let file = group.dir.join("cgroup.procs");
            OpenOptions::new().write(true).open(&file).with_context(|| format!("opening {}", file.display()))
        };
        let doors = self.made.iter().map(door).collect::<Result<Vec<File>>>()?;
        let processors = match self.limits.cpus {
            Some(cpus) => Some(first_processors(cpus)),
            // Those that the client keeps itself to are not the server's.
            None => cores::is_kept().then(cores::processors),
        };
        let set = processors.map(cores::set_of);
        let enter = move || {
            for door in &doors {
                // The process that writes.
                rustix::io::write(door, b"0")?;
            }
            if let Some(set) = &set {
                sched_setaffinity(None, set)?;
            }
            Ok(())
        };
        // SAFETY: between fork and exec only async-signal-safe calls are allowed; these are plain system calls on what
        // was opened and made before, and nothing is allocated.
        unsafe { command.pre_exec(enter) };
        Ok(())
    }

    /// Makes the group of a controller where there is none; why it cannot, in words.
    fn ensure(&mut self, controller: Controller) -> Result<(), String> {
        if self.made.iter().any(|group| group.parent.controllers.contains(&controller)) {
            return Ok(());
        }
        let parent = usable_parent(controller)?;
        let dir = parent.dir.join(name(&self.run_dir));
        let made = record(&self.run_dir, &dir).and_then(|()| std::fs::create_dir(&dir));
        made.map_err(|error| format!("making {}: {error}", dir.display()))?;
        self.made.push(Group { parent, dir });
        Ok(())
    }
}

/// Processes that the kernel has killed in a group for want of memory, as either version counts them.
fn killed_in(group: &Path) -> u64 {
    let texts = ["memory.events", "memory.oom_control"].map(|file| std::fs::read_to_string(group.join(file)));
    let mut lines = texts.iter().flatten().flat_map(|text| text.lines());
    lines.find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok()).unwrap_or(0)
}

/// The name of the groups of the run in this directory.
fn name(run_dir: &Path) -> String {
    let id = run_dir.file_name().unwrap_or_default().to_string_lossy();
    format!("{PREFIX}{id}")
}

/// Writes down that a group is going to be there: a kill in between must not leave one that nobody knows.
fn record(run_dir: &Path, group: &Path) -> std::io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(run_dir.join(RECORD))?;
    writeln!(file, "{}", group.display())
}

/// Removes the groups of the run in this directory, whose server has ended.
///
/// # Errors
/// When one cannot be removed; the message has the next step.
pub(super) fn sweep(run_dir: &Path) -> Result<()> {
    let record = std::fs::read_to_string(run_dir.join(RECORD)).unwrap_or_default();
    let name = name(run_dir);
    // A record that was damaged names nothing else.
    let ours = record.lines().map(Path::new).filter(|group| group.file_name().is_some_and(|n| *n == *name));
    ours.map(remove).fold(Ok(()), Result::and)
}

/// Only ever an empty directory goes: one with a process in it is busy, and one that is no group has files.
fn remove(group: &Path) -> Result<()> {
    let end = Instant::now() + REMOVE_LIMIT;
    loop {
        match std::fs::remove_dir(group) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) if error.kind() != ErrorKind::ResourceBusy || Instant::now() >= end => {
                let dir = group.display();
                return Err(error).with_context(|| {
                    format!("removing the control group {dir}; end what {dir}/cgroup.procs lists, then: rmdir {dir}")
                });
            }
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// The group in which this program makes one of a controller, where it may; else why not, in words.
fn usable_parent(controller: Controller) -> Result<Parent, String> {
    let parent = parent(controller, &mut |path| std::fs::read_to_string(path).ok())?;
    // Who moves a process has to be allowed to write to the group above both its places.
    let may = access(&parent.dir, Access::WRITE_OK).and_then(|()| match parent.version {
        Version::One => Ok(()),
        Version::Two => access(parent.dir.join("cgroup.procs"), Access::WRITE_OK),
    });
    match may {
        Ok(()) => Ok(parent),
        Err(error) => Err(format!("no control group may be made in {}: {error}", parent.dir.display())),
    }
}

/// The group of the process that reads these files; in version 2 the nearest one from there upwards that hands the
/// controller of memory down, as a group that does has no processes of its own.
fn parent(controller: Controller, files: &mut Files<'_>) -> Result<Parent, String> {
    let own = cgroup::own_group(controller.name(), files).ok_or("there are no control groups here")?;
    let (version, mount) = (own.version, own.mount);
    if version == Version::One {
        return Ok(Parent { version, dir: own.dir, controllers: vec![controller] });
    }
    let up = own.dir.ancestors().take_while(|dir| dir.starts_with(&mount));
    for dir in up {
        let handed = files(&dir.join("cgroup.subtree_control")).unwrap_or_default();
        let is_handed =
            |controller: &Controller| handed.split_whitespace().any(|name| name == controller.name());
        let controllers: Vec<Controller> =
            [Controller::Memory, Controller::Cpuset].into_iter().filter(is_handed).collect();
        if controllers.contains(&Controller::Memory) {
            let name = controller.name();
            return match controllers.contains(&controller) {
                true => Ok(Parent { version, dir: dir.to_owned(), controllers }),
                false => Err(format!("{} does not hand {name} down", dir.display())),
            };
        }
    }
    Err("no control group from this program's upwards hands the controller of memory down".into())
}

/// Limits a group to these, and to nothing else.
fn set(parent: &Parent, group: &Path, limits: Limits) -> std::io::Result<()> {
    for controller in &parent.controllers {
        match (parent.version, controller) {
            (Version::One, Controller::Memory) => {
                let memory = limits.memory_bytes.map_or("-1".into(), |bytes| bytes.to_string());
                // What a server before has left in the page cache goes first, as far as it can.
                let _ = std::fs::write(group.join("memory.force_empty"), "0");
                // Memory with swap, where the kernel counts that, is never less than memory alone.
                write_if_there(group, "memory.memsw.limit_in_bytes", "-1")?;
                std::fs::write(group.join("memory.limit_in_bytes"), &memory)?;
                write_if_there(group, "memory.memsw.limit_in_bytes", &memory)?;
            }
            (Version::Two, Controller::Memory) => {
                let memory = limits.memory_bytes.map_or("max".into(), |bytes| bytes.to_string());
                let swap = if limits.memory_bytes.is_some() { "0" } else { "max" };
                write_if_there(group, "memory.swap.max", swap)?;
                std::fs::write(group.join("memory.max"), &memory)?;
            }
            (Version::One, Controller::Cpuset) => {
                // A new group has neither memory nor processors, and takes no process until it has.
                let above = |file: &str| std::fs::read_to_string(parent.dir.join(file));
                std::fs::write(group.join("cpuset.mems"), above("cpuset.mems")?.trim())?;
                let cpus = match limits.cpus {
                    Some(cpus) => cores::list(first_processors(cpus)),
                    None => above("cpuset.cpus")?.trim().to_owned(),
                };
                std::fs::write(group.join("cpuset.cpus"), cpus)?;
            }
            (Version::Two, Controller::Cpuset) => {
                // An empty line means those of the group above.
                let cpus = limits.cpus.map_or("\n".into(), |cpus| cores::list(first_processors(cpus)));
                std::fs::write(group.join("cpuset.cpus"), cpus)?;
            }
        }
    }
    Ok(())
}

fn write_if_there(group: &Path, file: &str, value: &str) -> std::io::Result<()> {
    let path = group.join(file);
    if path.exists() { std::fs::write(path, value) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree of files as the kernel has them, mounted as the hierarchies of either version.
    struct Tree(tempfile::TempDir);

    impl Tree {
        fn new(files: &[(&str, &str)]) -> Self {
            let tree = Self(tempfile::tempdir().unwrap());
            files.iter().for_each(|(path, text)| tree.write(path, text));
            tree
        }

        fn path(&self, path: &str) -> PathBuf {
            self.0.path().join(path)
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.path(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }

        fn text(&self, path: &str) -> String {
            std::fs::read_to_string(self.path(path)).unwrap()
        }

        /// What a process in this group finds of version 2.
        fn parent_of(&self, group: &str, controller: Controller) -> Result<Parent, String> {
            let mounts = format!("30 1 0:26 / {} rw - cgroup2 cgroup2 rw\n", self.0.path().display());
            parent(controller, &mut |path| match path.to_str()? {
                "/proc/self/cgroup" => Some(format!("0::/{group}\n")),
                "/proc/self/mountinfo" => Some(mounts.clone()),
                _ => std::fs::read_to_string(path).ok(),
            })
        }
    }

    const SCOPE: &str = "user.slice/app.slice/run-1.scope";

    #[test]
    fn of_version_2_the_nearest_group_that_hands_memory_down_is_taken() {
        let tree = Tree::new(&[
            ("cgroup.subtree_control", "cpuset cpu io memory pids\n"),
            ("user.slice/cgroup.subtree_control", "memory pids\n"),
            ("user.slice/app.slice/cgroup.subtree_control", "\n"),
            ("user.slice/app.slice/run-1.scope/cgroup.subtree_control", "\n"),
        ]);
        let expected = Parent {
            version: Version::Two,
            dir: tree.path("user.slice"),
            controllers: vec![Controller::Memory],
        };
        assert_eq!(tree.parent_of(SCOPE, Controller::Memory), Ok(expected));
        let why = tree.parent_of(SCOPE, Controller::Cpuset).unwrap_err();
        assert!(why.ends_with("user.slice does not hand cpuset down"), "{why}");
        tree.write("user.slice/app.slice/cgroup.subtree_control", "cpuset memory\n");
        for controller in [Controller::Memory, Controller::Cpuset] {
            let found = tree.parent_of(SCOPE, controller).unwrap();
            assert_eq!(found.dir, tree.path("user.slice/app.slice"));
            assert_eq!(found.controllers, [Controller::Memory, Controller::Cpuset]);
        }
    }

    #[test]
    fn in_a_container_that_hands_nothing_down_memory_cannot_be_limited() {
        let tree = Tree::new(&[("cgroup.subtree_control", "\n")]);
        let why = tree.parent_of("", Controller::Memory).unwrap_err();
        assert!(why.contains("hands the controller of memory down"), "{why}");
        assert!(parent(Controller::Memory, &mut |_| None).unwrap_err().contains("no control groups"));
    }

    #[test]
    fn the_files_of_version_2_get_the_limits_and_lose_them() {
        let files = [("g/memory.max", "max"), ("g/memory.swap.max", "max"), ("g/cpuset.cpus", "")];
        let tree = Tree::new(&files);
        let parent = Parent {
            version: Version::Two,
            dir: tree.path(""),
            controllers: vec![Controller::Memory, Controller::Cpuset],
        };
        let limits = Limits { cpus: Some(1), memory_bytes: Some(512 << 20) };
        set(&parent, &tree.path("g"), limits).unwrap();
        let first = cores::processors()[0].to_string();
        let texts = || files.map(|(file, _)| tree.text(file));
        assert_eq!(texts(), ["536870912".into(), "0".into(), first]);
        set(&parent, &tree.path("g"), Limits::default()).unwrap();
        assert_eq!(texts(), ["max", "max", "\n"]);
    }

    #[test]
    fn the_files_of_version_1_get_the_limits_and_lose_them() {
        let tree = Tree::new(&[
            ("cpuset.mems", "0\n"),
            ("cpuset.cpus", "0-7\n"),
            ("g/memory.limit_in_bytes", ""),
            ("g/cpuset.mems", ""),
        ]);
        let of =
            |controller| Parent { version: Version::One, dir: tree.path(""), controllers: vec![controller] };
        let set = |limits| {
            set(&of(Controller::Memory), &tree.path("g"), limits).unwrap();
            set(&of(Controller::Cpuset), &tree.path("g"), limits).unwrap();
            ["g/memory.limit_in_bytes", "g/cpuset.mems", "g/cpuset.cpus"].map(|file| tree.text(file))
        };
        let first = cores::processors()[0].to_string();
        let limits = Limits { cpus: Some(1), memory_bytes: Some(1 << 30) };
        assert_eq!(set(limits), ["1073741824".into(), "0".into(), first]);
        assert_eq!(set(Limits::default()), ["-1", "0", "0-7"]);
        assert!(!tree.path("g/memory.memsw.limit_in_bytes").exists(), "where swap is not counted");
        tree.write("g/memory.memsw.limit_in_bytes", "");
        set(limits);
        assert_eq!(tree.text("g/memory.memsw.limit_in_bytes"), "1073741824");
    }

    #[test]
    fn what_the_kernel_killed_since_the_server_was_started_is_told() {
        let tree = Tree::new(&[
            ("two/memory.events", "low 0\nmax 812\noom 3\noom_kill 3\n"),
            ("one/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"),
        ]);
        assert_eq!(["two", "one", "none"].map(|group| killed_in(&tree.path(group))), [3, 2, 0]);
        let parent = Parent { version: Version::Two, dir: tree.path(""), controllers: Vec::new() };
        let limits = Limits { cpus: None, memory_bytes: Some(256 << 20) };
        let made = vec![Group { parent, dir: tree.path("two") }];
        let groups = ControlGroups { run_dir: tree.path("run"), made, limits, killed: 2 };
        let words = groups.shortage().unwrap();
        assert!(words.contains("killed 1 of") && words.contains("256MB of memory"), "{words}");
        assert_eq!(ControlGroups { killed: 3, ..groups }.shortage(), None);
    }

    #[test]
    fn only_groups_of_the_run_are_swept_and_only_where_they_are_empty() {
        let tree = Tree::new(&[("run-1/other", ""), ("groups/other/x", "")]);
        let run_dir = tree.path("run-1");
        let [own, other] = ["groups/bulkbench-run-1", "groups/bulkbench-run-2"].map(|path| tree.path(path));
        for group in [&own, &other] {
            std::fs::create_dir(group).unwrap();
            record(&run_dir, group).unwrap();
        }
        record(&run_dir, &tree.path("gone/bulkbench-run-1")).unwrap();
        sweep(&run_dir).unwrap();
        assert!(!own.exists() && other.exists());
        tree.write("groups/bulkbench-run-1/file", "");
        let error = format!("{:#}", sweep(&run_dir).unwrap_err());
        assert!(error.contains("rmdir") && own.join("file").exists(), "{error}");
        sweep(&tree.path("groups")).unwrap();
    }
}
