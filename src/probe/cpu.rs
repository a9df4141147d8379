//! CPU time of this program.

use rustix::time::{ClockId, clock_gettime};

/// CPU time of this process, user and system, all threads, in nanoseconds (clock_gettime(2),
/// CLOCK_PROCESS_CPUTIME_ID: it has the resolution that getrusage's ticks lack).
pub fn process_ns() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rises_with_work() {
        let before = process_ns();
        let mut sum = 0u64;
        while process_ns() - before < 1_000_000 {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(sum > 0);
    }
}
