//! Work on a stream of pieces by all cores, delivered in order, in constant memory.
//!
//! Pieces are taken one after the other from a source, worked on side by side, and handed to
//! the sink in the order they were taken. Only a few are in flight, however long the stream is.
//! The output does not depend on the number of threads; nor does the error, which is that
//! of the first piece that fails.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::thread;

use anyhow::Result;

use crate::interrupt::Interrupt;

struct State<O> {
    done: BTreeMap<u64, Result<O>>,
    /// The piece that the sink waits for.
    next: u64,
    /// How many pieces there are, once the source has ended.
    total: Option<u64>,
    /// Set when nothing more is wanted, or a worker panicked.
    stop: bool,
}

struct Shared<O> {
    state: Mutex<State<O>>,
    changed: Condvar,
}

impl<O> Shared<O> {
    // A panic elsewhere must not hide behind a poisoned lock: the scope reports it.
    fn lock(&self) -> MutexGuard<'_, State<O>> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State<O>>) -> MutexGuard<'a, State<O>> {
        self.changed.wait(state).unwrap_or_else(|e| e.into_inner())
    }
}

/// Stops the others when its thread ends early, by an error or a panic.
struct StopOnDrop<'a, O>(&'a Shared<O>, bool);

impl<O> Drop for StopOnDrop<'_, O> {
    fn drop(&mut self) {
        if self.1 || thread::panicking() {
            self.0.lock().stop = true;
            self.0.changed.notify_all();
        }
    }
}

/// The cores this process may use.
pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, |n| n.get())
}

/// Takes pieces from `source` until it has none, turns each by `work` on one of `workers`
/// threads, and hands the results to `sink`, in order, on the calling thread.
///
/// # Errors
/// The first error, in the order of the pieces, of source, work or sink; or
/// [`crate::fault::Fault::Interrupted`].
pub(crate) fn ordered<I, O: Send>(
    workers: usize,
    interrupt: &Interrupt,
    source: impl FnMut() -> Result<Option<I>> + Send,
    work: impl Fn(I) -> Result<O> + Sync,
    mut sink: impl FnMut(O) -> Result<()>,
) -> Result<()> {
    let window = 2 * workers as u64 + 1;
    let shared = Shared {
        state: Mutex::new(State { done: BTreeMap::new(), next: 0, total: None, stop: false }),
        changed: Condvar::new(),
    };
    let source = Mutex::new((source, 0u64));
    thread::scope(|scope| {
        for _ in 0..workers.max(1) {
            scope.spawn(|| {
                let _stop = StopOnDrop(&shared, false);
                while let Some((number, piece)) = take(&shared, &source, window) {
                    let result = piece.and_then(&work);
                    shared.lock().done.insert(number, result);
                    shared.changed.notify_all();
                }
            });
        }
        let _stop = StopOnDrop(&shared, true);
        loop {
            let mut state = shared.lock();
            let result = loop {
                if let Some(result) = {
                    let next = state.next;
                    state.done.remove(&next)
                } {
                    break result;
                }
                if state.stop || state.total == Some(state.next) {
                    return Ok(());
                }
                state = shared.wait(state);
            };
            state.next += 1;
            drop(state);
            shared.changed.notify_all();
            interrupt.check()?;
            sink(result?)?;
        }
    })
}

/// The next piece and its number; `None` when there is none or none is wanted.
fn take<I, O>(
    shared: &Shared<O>,
    source: &Mutex<(impl FnMut() -> Result<Option<I>>, u64)>,
    window: u64,
) -> Option<(u64, Result<I>)> {
    let mut source = source.lock().unwrap_or_else(|e| e.into_inner());
    let number = source.1;
    {
        let mut state = shared.lock();
        while !state.stop && state.total.is_none() && number >= state.next + window {
            state = shared.wait(state);
        }
        if state.stop || state.total.is_some() {
            return None;
        }
    }
    let piece = source.0();
    source.1 += 1;
    let end = match &piece {
        Ok(Some(_)) => None,
        Ok(None) => Some(number),
        Err(_) => Some(number + 1),
    };
    if end.is_some() {
        shared.lock().total = end;
        shared.changed.notify_all();
    }
    piece.transpose().map(|piece| (number, piece))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;
    use std::sync::atomic::{AtomicU64, Ordering};

    fn count_to(end: u64) -> impl FnMut() -> Result<Option<u64>> {
        let mut next = 0..end;
        move || Ok(next.next())
    }

    #[test]
    fn pieces_come_out_in_order_however_many_work() {
        for workers in [1, 2, 7] {
            let mut seen = Vec::new();
            let work = |i: u64| {
                if i.is_multiple_of(3) {
                    thread::yield_now();
                }
                Ok(i * i)
            };
            ordered(workers, &Interrupt::new(), count_to(500), work, |i| {
                seen.push(i);
                Ok(())
            })
            .unwrap();
            assert_eq!(seen, (0..500).map(|i| i * i).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_first_error_in_order_ends_it() {
        let mut seen = 0;
        let work = |i: u64| if i >= 100 { Err(crate::bad_data!("piece {i}")) } else { Ok(i) };
        let error = ordered(4, &Interrupt::new(), count_to(1_000_000), work, |_| {
            seen += 1;
            Ok(())
        })
        .unwrap_err();
        assert_eq!((error.to_string().as_str(), seen), ("piece 100", 100));
    }

    #[test]
    fn few_pieces_are_in_flight() {
        let (taken, delivered) = (AtomicU64::new(0), AtomicU64::new(0));
        let mut next = 0..200u64;
        let source = || {
            taken.fetch_add(1, Ordering::SeqCst);
            Ok(next.next())
        };
        let work = |i: u64| {
            let ahead = taken.load(Ordering::SeqCst) - delivered.load(Ordering::SeqCst);
            assert!(ahead <= 8, "{ahead} pieces in flight");
            Ok(i)
        };
        ordered(2, &Interrupt::new(), source, work, |_| {
            delivered.fetch_add(1, Ordering::SeqCst);
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn an_interrupt_ends_it() {
        let interrupt = Interrupt::new();
        let raised = interrupt.clone();
        let error = ordered(2, &interrupt, count_to(u64::MAX), Ok, |i| {
            if i == 10 {
                raised.raise(15);
            }
            Ok(())
        })
        .unwrap_err();
        assert_eq!(Fault::find(&error), Some(&Fault::Interrupted(15)));
    }

    #[test]
    #[should_panic]
    fn a_panic_in_a_worker_is_not_swallowed() {
        let work = |i: u64| if i == 5 { panic!("worker") } else { Ok(i) };
        let _ = ordered(2, &Interrupt::new(), count_to(50), work, |_| Ok(()));
    }
}
