//! Peak resident memory of this program (Linux, proc(5): VmHWM and clear_refs).

use std::fs;

/// Forgets the peak so far, so that the next reading is of what follows. `false` where the
/// kernel does not offer that: then no peak is reported rather than one of earlier work.
pub fn reset_peak() -> bool {
    give_back();
    fs::write("/proc/self/clear_refs", "5").is_ok()
}

/// Blocks of this size and more come from the system one by one and go back when they are freed.
/// Smaller ones (as the buffers of a generator's blocks are) are kept and used again.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE: libc::c_int = 8 << 20;

/// Keeps the allocator from holding on to large blocks that were freed: glibc raises its own limit
/// with each that it sees, and what one sample needed would be under the peaks of those that
/// follow. To be called once, when the program starts.
pub fn return_large_blocks() {
    // SAFETY: both take numbers only, and no other thread allocates yet (mallopt(3)).
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
        libc::mallopt(libc::M_TRIM_THRESHOLD, LARGE);
    }
}

/// Gives the system what was freed of smaller blocks.
fn give_back() {
    // SAFETY: it takes no pointer, and any thread may call it at any time (malloc_trim(3)).
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Peak resident memory since the last reset in bytes, where the kernel tells.
pub fn peak_bytes() -> Option<u64> {
    parse_peak(&fs::read_to_string("/proc/self/status").ok()?)
}

/// Resident memory now in bytes, where the kernel tells.
pub(crate) fn resident_bytes() -> Option<u64> {
    field(&fs::read_to_string("/proc/self/status").ok()?, "VmRSS:")
}

fn parse_peak(status: &str) -> Option<u64> {
    field(status, "VmHWM:")
}

fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_in_kib() {
        assert_eq!(parse_peak("Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t 1 kB\n"), Some(2 << 20));
        assert_eq!(parse_peak("Name:\tx\n"), None);
    }

    #[test]
    fn a_reset_forgets_an_earlier_peak() {
        if !reset_peak() {
            crate::say::skipped("this kernel cannot reset the peak");
            return;
        }
        let before = peak_bytes().unwrap();
        // In pieces, which the allocator keeps, as it does not a large block.
        let block: Vec<Vec<u8>> = (0..1 << 16).map(|_| std::hint::black_box(vec![1; 1 << 10])).collect();
        let with_block = peak_bytes().unwrap();
        assert!(with_block >= before + (48 << 20), "{before} {with_block}");
        drop(block);
        assert!(reset_peak());
        assert!(peak_bytes().unwrap() < with_block - (32 << 20));
    }
}
