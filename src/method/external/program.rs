//! An external program: started, waited for, ended with all that it started; and the resources it used.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::mem::MaybeUninit;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process_group, test_kill_process_group, waitid,
};

use crate::interrupt::Interrupt;
use crate::probe::memory;
use crate::server::child::{spawn_bound, tail};
use crate::server::processes::group_lives;

/// How long a program that was asked to stop (SIGINT) has for telling its server before it is killed.
const GRACE: Duration = Duration::from_secs(2);

/// How long killed processes may take to be gone.
const GONE_LIMIT: Duration = Duration::from_secs(10);

/// Of a program's output, so much of the end is looked at for a message.
const TAIL_BYTES: u64 = 16 << 10;

/// The files in a program's directory that take its standard output and its standard error.
pub(crate) const STDOUT: &str = "stdout";
/// See [`STDOUT`].
pub(crate) const STDERR: &str = "stderr";

/// The end of a program, and the resources it used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProgramExit {
    /// Its status.
    pub status: ExitStatus,
    /// CPU time, user and system, of it and those of its children that it waited for.
    pub cpu: Duration,
    /// Peak resident memory in bytes of the largest of these processes (getrusage(2), ru_maxrss). Linux
    /// includes the moment of the start, when the program still shared this one's own memory: `None`
    /// where that was as much.
    pub peak_memory: Option<u64>,
}

/// Runs a command to its end in the directory `dir`, which gets its output. When work has to stop, all
/// that it started is asked to, and after a moment killed; whatever it leaves running when it ends
/// is killed too. It ends with the calling thread.
///
/// # Errors
/// When it cannot be started, or work has to stop.
pub(crate) fn run_to_end(command: Command, dir: &Path, interrupt: &Interrupt) -> Result<ProgramExit> {
    let output = |name: &str| {
        let path = dir.join(name);
        File::create(&path).with_context(|| format!("making {}", path.display()))
    };
    run_into(command, dir, [output(STDOUT)?, output(STDERR)?], interrupt)
}

/// As [`run_to_end`], with these files for its standard output and its standard error.
///
/// # Errors
/// As [`run_to_end`].
pub(crate) fn run_into(
    mut command: Command,
    dir: &Path,
    [stdout, stderr]: [File; 2],
    interrupt: &Interrupt,
) -> Result<ProgramExit> {
    interrupt.check()?;
    command.current_dir(dir).stdin(Stdio::null()).stdout(stdout).stderr(stderr);
    let own_memory = memory::resident_bytes().unwrap_or(u64::MAX);
    // Without its path, which is this machine's.
    let name = Path::new(command.get_program()).file_name().unwrap_or_default().display().to_string();
    let child = spawn_bound(&mut command, Signal::KILL).with_context(|| format!("starting `{name}`"))?;
    let leader = Pid::from_child(&child);
    // None from the moment on that the group's number may become another's.
    let group = Arc::new(Mutex::new(Some(leader)));
    let watched = group.clone();
    let on_stop = interrupt.on_stop(move || {
        signal(&watched, Signal::INT);
        let watched = watched.clone();
        std::thread::spawn(move || {
            std::thread::sleep(GRACE);
            signal(&watched, Signal::KILL);
        });
    });
    // Left as a zombie, it keeps its number until all of its group has been killed.
    let ended = rustix::io::retry_on_intr(|| {
        waitid(WaitId::Pid(leader), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
    });
    signal(&group, Signal::KILL);
    lock(&group).take();
    drop(on_stop);
    ended.context("waiting for the program's end")?;
    let exit = reap(leader, own_memory)?;
    wait_gone(leader)?;
    interrupt.check()?;
    Ok(exit)
}

fn lock(group: &Mutex<Option<Pid>>) -> MutexGuard<'_, Option<Pid>> {
    group.lock().unwrap_or_else(|e| e.into_inner())
}

fn signal(group: &Mutex<Option<Pid>>, signal: Signal) {
    if let Some(group) = *lock(group) {
        // It fails where nobody is left to signal; that nobody is left is checked in the end.
        let _ = kill_process_group(group, signal);
    }
}

/// Takes the ended child's status, and what it used; so much memory it shared when it was started.
fn reap(pid: Pid, shared: u64) -> Result<ProgramExit> {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both pointers are to live locals of the right types (wait4(2)), and a zeroed rusage
    // is a valid one.
    let (reaped, usage) = unsafe {
        (libc::wait4(pid.as_raw_nonzero().get(), &mut status, 0, usage.as_mut_ptr()), usage.assume_init())
    };
    if reaped < 0 {
        return Err(std::io::Error::last_os_error()).context("asking how the program ended");
    }
    let time = |time: libc::timeval| {
        Duration::from_secs(time.tv_sec as u64) + Duration::from_micros(time.tv_usec as u64)
    };
    Ok(ProgramExit {
        status: ExitStatus::from_raw(status),
        cpu: time(usage.ru_utime) + time(usage.ru_stime),
        peak_memory: Some(usage.ru_maxrss as u64 * 1024).filter(|peak| *peak > shared),
    })
}

/// Waits until the killed processes of a group, whose leader is gone, are gone too.
fn wait_gone(group: Pid) -> Result<()> {
    let end = Instant::now() + GONE_LIMIT;
    let number = group.as_raw_nonzero().get();
    // Asking the kernel is cheap; /proc also tells those that only wait to be reaped by others.
    while test_kill_process_group(group).is_ok() && group_lives(number)? {
        if Instant::now() >= end {
            bail!("the program left processes that do not end (process group {number})");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

/// The last lines of a file of output; empty where there are none.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn tail_of(path: &Path) -> Result<String> {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(path)?;
        let from = file.metadata()?.len().saturating_sub(TAIL_BYTES);
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        // A process that was not waited for may still write.
        file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let text = read().with_context(|| format!("reading {}", path.display()))?;
    Ok(if text.trim().is_empty() { String::new() } else { tail(&text) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn what_a_program_says_and_uses_is_known() {
        let dir = tempfile::tempdir().unwrap();
        let script = "echo said; echo warned >&2; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; exit 3";
        let exit = run_to_end(shell(script), dir.path(), &Interrupt::new()).unwrap();
        assert_eq!(exit.status.code(), Some(3));
        assert!(
            exit.cpu > Duration::from_millis(1) && exit.peak_memory.is_none_or(|peak| peak > 1 << 20),
            "{exit:?}"
        );
        assert_eq!(tail_of(&dir.path().join(STDOUT)).unwrap(), "\n  said");
        assert_eq!(tail_of(&dir.path().join(STDERR)).unwrap(), "\n  warned");
    }

    #[test]
    fn nothing_of_its_group_outlives_it_or_a_stop() {
        let dir = tempfile::tempdir().unwrap();
        let left = dir.path().join("left");
        let script = "sleep 600 & echo $! > left; trap '' INT";
        let runs = || {
            let pid = std::fs::read_to_string(&left).unwrap();
            // A killed one that nobody has waited for yet does not run.
            let status = std::fs::read_to_string(format!("/proc/{}/status", pid.trim()));
            status.is_ok_and(|status| !status.contains("State:\tZ"))
        };
        run_to_end(shell(script), dir.path(), &Interrupt::new()).unwrap();
        assert!(!runs(), "what an ended program leaves");

        let interrupt = Interrupt::new();
        let deadline = interrupt.deadline(Duration::from_millis(200)).unwrap();
        let error = run_to_end(shell(&format!("{script}; wait")), dir.path(), &interrupt).unwrap_err();
        assert!(matches!(Fault::find(&error), Some(Fault::Timeout(_))), "{error:#}");
        drop(deadline);
        assert!(!runs(), "what a program leaves that would not stop");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let error = run_to_end(Command::new("no such program"), dir.path(), &Interrupt::new()).unwrap_err();
        assert!(format!("{error:#}").contains("starting `no such program`"), "{error:#}");
    }
}
