//! Stopping: by Ctrl-C, SIGTERM or SIGHUP, or because a sample ran past its deadline.
//!
//! One [`Interrupt`] is made by `main` and handed down. Whoever does long work either asks
//! [`Interrupt::check`] between its steps, or registers a cancel action with
//! [`Interrupt::on_stop`] that ends the step from outside (a query in the server, a child
//! process). Nothing exits from a signal handler: the work returns an error, and everything
//! that was opened is closed on the way up.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::fault::Fault;

type Action = Arc<dyn Fn() + Send + Sync>;

/// Why work has to stop, if it has to. Cheap to clone; all clones are one.
#[derive(Clone, Default)]
pub struct Interrupt(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    changed: Condvar,
    next_id: AtomicU64,
}

#[derive(Default)]
struct State {
    /// Set once by a signal, never cleared.
    signal: Option<i32>,
    /// The deadlines that have passed and are still set, with their limits.
    passed: BTreeMap<u64, Duration>,
    actions: BTreeMap<u64, Action>,
}

impl Interrupt {
    /// An interrupt that no signal raises; for tests and benchmarks.
    pub fn new() -> Self {
        Self::default()
    }

    /// An interrupt that SIGINT, SIGTERM and SIGHUP raise from now on.
    ///
    /// # Errors
    /// When the handlers cannot be installed.
    pub fn install() -> std::io::Result<Self> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
        let interrupt = Self::new();
        // A file longer than the limit allows (ulimit -f) is an error of the write, not the end.
        signal_hook::flag::register(SIGXFSZ, Arc::default())?;
        let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let raised = interrupt.clone();
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            for signal in signals.forever() {
                raised.raise(signal);
            }
        })?;
        Ok(interrupt)
    }

    /// Asks all work to stop, as a signal does. Every call runs the actions registered at that
    /// moment, so that a second Ctrl-C helps a step that began after the first.
    pub fn raise(&self, signal: i32) {
        let mut state = self.lock();
        state.signal.get_or_insert(signal);
        self.stop(state);
    }

    /// The signal that was raised, if one was.
    pub(crate) fn raised(&self) -> Option<i32> {
        self.lock().signal
    }

    /// Passes while work may go on.
    ///
    /// # Errors
    /// [`Fault::Interrupted`] after a signal, [`Fault::Timeout`] after the deadline.
    pub fn check(&self) -> Result<(), Fault> {
        let state = self.lock();
        match (state.signal, state.passed.values().next()) {
            (Some(signal), _) => Err(Fault::Interrupted(signal)),
            (None, Some(limit)) => Err(Fault::Timeout(*limit)),
            (None, None) => Ok(()),
        }
    }

    /// Runs `action`, on another thread, when work has to stop, until the guard is dropped.
    /// If it already has to, the action is run at once.
    pub(crate) fn on_stop(&self, action: impl Fn() + Send + Sync + 'static) -> OnStop {
        let id = self.0.next_id.fetch_add(1, Ordering::Relaxed);
        let action: Action = Arc::new(action);
        let stopped = {
            let mut state = self.lock();
            state.actions.insert(id, action.clone());
            state.signal.is_some() || !state.passed.is_empty()
        };
        if stopped {
            action();
        }
        OnStop { interrupt: self.clone(), id }
    }

    /// Lets work go on for `limit` at most, until the guard is dropped.
    ///
    /// # Errors
    /// When no thread can be made to watch the clock.
    pub fn deadline(&self, limit: Duration) -> std::io::Result<Deadline> {
        let id = self.0.next_id.fetch_add(1, Ordering::Relaxed);
        let over = Arc::new(Mutex::new(false));
        let (interrupt, watched) = (self.clone(), over.clone());
        let watcher = std::thread::Builder::new().name("deadline".into()).spawn(move || {
            let end = Instant::now() + limit;
            let mut state = interrupt.lock();
            loop {
                if *watched.lock().unwrap_or_else(|e| e.into_inner()) {
                    return;
                }
                let left = end.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    state.passed.insert(id, limit);
                    return interrupt.stop(state);
                }
                state = interrupt.0.changed.wait_timeout(state, left).unwrap_or_else(|e| e.into_inner()).0;
            }
        })?;
        Ok(Deadline { interrupt: self.clone(), id, over, watcher: Some(watcher) })
    }

    /// Waits for `time`, or less when work has to stop meanwhile.
    ///
    /// # Errors
    /// As [`Interrupt::check`].
    pub fn sleep(&self, time: Duration) -> Result<(), Fault> {
        let end = Instant::now() + time;
        let mut state = self.lock();
        while state.signal.is_none() && state.passed.is_empty() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            state = self.0.changed.wait_timeout(state, left).unwrap_or_else(|e| e.into_inner()).0;
        }
        drop(state);
        self.check()
    }

    fn stop(&self, state: MutexGuard<'_, State>) {
        let actions: Vec<Action> = state.actions.values().cloned().collect();
        drop(state);
        self.0.changed.notify_all();
        for action in actions {
            action();
        }
    }

    // A panic elsewhere must not keep the clean-up from running.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// Keeps a cancel action registered; see [`Interrupt::on_stop`].
#[must_use]
pub(crate) struct OnStop {
    interrupt: Interrupt,
    id: u64,
}

impl Drop for OnStop {
    fn drop(&mut self) {
        self.interrupt.lock().actions.remove(&self.id);
    }
}

/// Keeps a deadline set; see [`Interrupt::deadline`].
#[must_use]
pub struct Deadline {
    interrupt: Interrupt,
    id: u64,
    over: Arc<Mutex<bool>>,
    watcher: Option<std::thread::JoinHandle<()>>,
}

impl Deadline {
    /// Whether work has to stop because of it.
    pub(crate) fn has_passed(&self) -> bool {
        self.interrupt.lock().passed.contains_key(&self.id)
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        {
            // Under the state's lock, so that the watcher cannot miss the notification.
            let _state = self.interrupt.lock();
            *self.over.lock().unwrap_or_else(|e| e.into_inner()) = true;
        }
        self.interrupt.0.changed.notify_all();
        if let Some(watcher) = self.watcher.take() {
            let _ = watcher.join();
        }
        self.interrupt.lock().passed.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn a_deadline_knows_whether_it_is_the_one_that_has_passed() {
        let interrupt = Interrupt::new();
        let (far, near) = (Duration::from_secs(60), Duration::ZERO);
        let [far, near] = [far, near].map(|limit| interrupt.deadline(limit).unwrap());
        while interrupt.check().is_ok() {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!((far.has_passed(), near.has_passed()), (false, true));
        drop(near);
        assert_eq!(interrupt.check(), Ok(()), "the other goes on");
    }

    #[test]
    fn a_raised_signal_runs_the_actions_and_fails_the_check() {
        let interrupt = Interrupt::new();
        let (sender, receiver) = mpsc::channel();
        let guard = interrupt.on_stop(move || sender.send(()).unwrap());
        assert_eq!(interrupt.check(), Ok(()));
        interrupt.raise(2);
        receiver.recv().unwrap();
        assert_eq!(interrupt.check(), Err(Fault::Interrupted(2)));
        drop(guard);
        interrupt.raise(15);
        assert!(receiver.recv().is_err(), "the action is gone with its guard");
        assert_eq!(interrupt.raised(), Some(2), "the first signal counts");
    }

    #[test]
    fn a_deadline_stops_work_and_is_gone_with_its_guard() {
        let interrupt = Interrupt::new();
        let deadline = interrupt.deadline(Duration::from_millis(5)).unwrap();
        let stopped = interrupt.sleep(Duration::from_secs(60));
        assert_eq!(stopped, Err(Fault::Timeout(Duration::from_millis(5))));
        drop(deadline);
        assert_eq!(interrupt.check(), Ok(()));
        let unused = interrupt.deadline(Duration::from_secs(3600)).unwrap();
        drop(unused);
        assert_eq!(interrupt.check(), Ok(()));
    }

    #[test]
    fn a_deadline_within_another_leaves_that_as_it_is() {
        let interrupt = Interrupt::new();
        let outer = interrupt.deadline(Duration::from_millis(5)).unwrap();
        let inner = interrupt.deadline(Duration::from_secs(3600)).unwrap();
        assert!(interrupt.sleep(Duration::from_secs(60)).is_err());
        drop(inner);
        assert_eq!(interrupt.check(), Err(Fault::Timeout(Duration::from_millis(5))));
        drop(outer);
        assert_eq!(interrupt.check(), Ok(()));
    }
}
