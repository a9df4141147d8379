//! The speed of this machine now: the time of fixed pieces of work, on every processor at once.

use std::hint::black_box;
use std::time::Instant;

use super::cores::{cores, widen};

/// Steps of arithmetic of one piece, each needing the last one's result: about 25 ms. A debug build does next to nothing, as
/// the times of its thousands of loads are none that anyone compares.
const STEPS: u64 = if cfg!(debug_assertions) { 20_000 } else { 12_500_000 };

/// Bytes that a piece of memory traffic goes over: more than the caches that a processor has for itself.
const BYTES: usize = if cfg!(debug_assertions) { 1 << 20 } else { 32 << 20 };

/// How often it goes over them: about 25 ms.
const PASSES: usize = if cfg!(debug_assertions) { 1 } else { 8 };

/// The distance between two bytes that are touched: a cache line of most machines.
const LINE: usize = 64;

/// Times of the pieces in nanoseconds, the mean over all processors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Speed {
    /// Of arithmetic.
    pub arithmetic_ns: u64,
    /// Of memory traffic.
    pub memory_ns: u64,
}

/// Does both pieces on as many processors as this process was given, at once: those that the client keeps itself to, and
/// the server's.
pub(crate) fn measure() -> Speed {
    let threads = u64::from(cores());
    let piece = || {
        widen();
        (arithmetic(), memory())
    };
    let times: Vec<(u64, u64)> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(piece)).collect();
        running.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let mean = |of: fn(&(u64, u64)) -> u64| times.iter().map(of).sum::<u64>() / (times.len() as u64).max(1);
    Speed { arithmetic_ns: mean(|times| times.0), memory_ns: mean(|times| times.1) }
}

fn arithmetic() -> u64 {
    let start = Instant::now();
    let mut x = black_box(1_u64);
    for _ in 0..STEPS {
        // A step of Knuth's generator MMIX, which no compiler can leave out or do several of at once.
        x = black_box(x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
    }
    elapsed(start)
}

fn memory() -> u64 {
    // Written once before the clock starts: the system gives pages when they are first touched.
    let mut bytes = vec![1_u8; BYTES];
    let start = Instant::now();
    for _ in 0..PASSES {
        for at in (0..BYTES).step_by(LINE) {
            bytes[at] = bytes[at].wrapping_add(1);
        }
        black_box(&mut bytes);
    }
    elapsed(start)
}

fn elapsed(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_pieces_take_time() {
        let Speed { arithmetic_ns, memory_ns } = measure();
        assert!(arithmetic_ns > 0 && memory_ns > 0, "{arithmetic_ns} {memory_ns}");
    }
}
