//! Programs that run as our children, each in a process group of its own, and end with us.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

use rustix::process::{Signal, getppid, set_parent_process_death_signal};

/// Lines of a program's output that a message can hold.
const TAIL_LINES: usize = 12;

/// Starts a child in a process group of its own that gets `signal` when the calling thread ends.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn spawn_bound(command: &mut Command, signal: Signal) -> std::io::Result<Child> {
    let parent = rustix::process::getpid();
    let bind = move || {
        // Runs after the change of user, which would have cleared it.
        set_parent_process_death_signal(Some(signal))?;
        // The parent may have ended before: then nothing would ever end this child.
        if getppid() != Some(parent) {
            return Err(rustix::io::Errno::SRCH.into());
        }
        Ok(())
    };
    command.process_group(0);
    // SAFETY: between fork and exec only async-signal-safe calls are allowed; these are two plain
    // system calls, and nothing is allocated.
    unsafe { command.pre_exec(bind) };
    command.spawn()
}

/// The last lines of a program's output, as one message can hold them.
pub(crate) fn tail(output: &str) -> String {
    let lines: Vec<&str> = output.lines().filter(|line| !line.trim().is_empty()).collect();
    match lines.is_empty() {
        true => "(empty)".into(),
        false => format!("\n  {}", lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n  ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_holds_the_end_of_a_log() {
        let log: String = (0..100).map(|n| format!("line {n}\n\n")).collect();
        let end = tail(&log);
        assert!(end.contains("line 99") && end.contains("line 88") && !end.contains("line 87"), "{end}");
        assert_eq!(tail("\n"), "(empty)");
    }
}
