//! The processors that there are for this process.

use std::path::Path;
use std::sync::OnceLock;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use super::files::Files;

/// Processors that this process was given: its affinity, or the control group's quota where that is less. What it has
/// kept itself to since, by [`keep_to`], does not count.
pub fn cores() -> u32 {
    static CORES: OnceLock<u32> = OnceLock::new();
    // The standard library asks for both, in either version of control groups.
    let ask =
        || std::thread::available_parallelism().map_or(1, |cores| cores.get().try_into().unwrap_or(u32::MAX));
    *CORES.get_or_init(ask)
}

/// The numbers of the processors that this process was given, ascending; none where the kernel does not tell.
pub(crate) fn processors() -> &'static [u32] {
    static ALL: OnceLock<Vec<u32>> = OnceLock::new();
    ALL.get_or_init(current)
}

/// The numbers of the processors that the calling thread may run on now.
fn current() -> Vec<u32> {
    let set = sched_getaffinity(None).ok();
    let numbers = set.iter().flat_map(|set| (0..CpuSet::MAX_CPU).filter(|number| set.is_set(*number)));
    numbers.filter_map(|number| number.try_into().ok()).collect()
}

/// The kernel's set of these processors.
pub(crate) fn set_of(processors: &[u32]) -> CpuSet {
    let mut set = CpuSet::new();
    // A set of the system's C library has no place for more.
    processors
        .iter()
        .filter(|number| (**number as usize) < CpuSet::MAX_CPU)
        .for_each(|n| set.set(*n as usize));
    set
}

/// Keeps the calling thread to these processors, and the threads and programs that it starts from now on.
///
/// # Errors
/// The system's, as where none of them is this process's.
pub(crate) fn keep_to(processors: &[u32]) -> std::io::Result<()> {
    // What was given is to be known before.
    let _ = (cores(), self::processors());
    Ok(sched_setaffinity(None, &set_of(processors))?)
}

/// Whether the calling thread is kept to fewer processors than this process was given.
pub(crate) fn is_kept() -> bool {
    current() != processors()
}

/// Lets the calling thread run on all processors that this process was given.
pub(super) fn widen() {
    if is_kept() {
        // Where the system does not, the thread goes on with those that it has.
        let _ = keep_to(processors());
    }
}

/// The processors that the process that reads these files may run on, as the kernel lists them: `0-3,8` (proc(5),
/// status).
pub(crate) fn allowed(files: &mut Files<'_>) -> Option<String> {
    let status = files(Path::new("/proc/self/status"))?;
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
    Some(list.trim().to_owned())
}

/// The number of processors in such a list; `None` of what is none.
pub(crate) fn count(list: &str) -> Option<u32> {
    let range = |range: &str| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        last.checked_sub(first)?.checked_add(1)
    };
    list.trim().split(',').map(range).sum()
}

/// Such a list of these processors.
pub(crate) fn list(processors: &[u32]) -> String {
    processors.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::files::text;

    #[test]
    fn a_list_of_the_kernel_s_is_counted() {
        for (text, number) in [("0", 1), ("0-3", 4), ("0-3,8,10-11\n", 7)] {
            assert_eq!(count(text), Some(number), "{text}");
        }
        for text in ["", "a", "3-1", "0-"] {
            assert_eq!(count(text), None, "{text}");
        }
        assert_eq!(list(&[0, 1, 4]), "0,1,4");
    }

    #[test]
    fn a_thread_is_kept_to_a_processor_and_what_was_given_stays_known() {
        let all = processors().to_vec();
        assert!(!all.is_empty() && cores() as usize <= all.len());
        // On a thread of its own, which no other test runs on.
        let kept = std::thread::spawn(move || {
            keep_to(&all[..1]).unwrap();
            let status = allowed(&mut |_| text("/proc/thread-self/status")).unwrap();
            let was_kept = is_kept();
            widen();
            (count(&status), was_kept, all.len() > 1, is_kept())
        });
        let (allowed, was_kept, are_several, is_kept) = kept.join().unwrap();
        assert_eq!((allowed, was_kept, is_kept), (Some(1), are_several, false));
    }
}
