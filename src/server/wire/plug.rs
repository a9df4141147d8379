//! Ending a connection from outside, whatever it waits for.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use rustix::net::{Shutdown, shutdown};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// Ends one connection. Pulled before there is a socket, it keeps one from being used.
#[derive(Default)]
pub(crate) struct Plug {
    state: Mutex<State>,
    changed: Condvar,
    pulled: Notify,
}

#[derive(Default)]
struct State {
    /// The connection's socket, by a descriptor of its own.
    socket: Option<OwnedFd>,
    /// The connection has ended, or has to.
    pulled: bool,
    /// It was not made within its limit.
    expired: bool,
    /// Nobody uses the connection any more.
    unused: bool,
    /// Watches the limit for making it.
    clock: Option<AbortHandle>,
}

impl Plug {
    /// Ends the connection: all that waits for it fails.
    pub(crate) fn pull(&self) {
        let mut state = self.lock();
        state.pulled = true;
        if let Some(socket) = &state.socket {
            // It fails only on a socket that is not connected any more.
            let _ = shutdown(socket, Shutdown::Both);
        }
        drop(state);
        self.pulled.notify_one();
    }

    /// Ends it because it was not made within its limit.
    pub(crate) fn expire(&self) {
        self.lock().expired = true;
        self.pull();
    }

    /// Whether it was not made within its limit.
    pub(crate) fn has_expired(&self) -> bool {
        self.lock().expired
    }

    /// Waits until it is pulled.
    pub(crate) async fn until_pulled(&self) {
        self.pulled.notified().await;
    }

    /// Ends this socket when it is pulled, or now if it was.
    ///
    /// # Errors
    /// When there is no descriptor to be had.
    pub(crate) fn guard(&self, socket: &impl AsFd) -> std::io::Result<()> {
        let own = socket.as_fd().try_clone_to_owned()?;
        let mut state = self.lock();
        if state.pulled {
            let _ = shutdown(&own, Shutdown::Both);
        }
        state.socket = Some(own);
        Ok(())
    }

    /// The task that watches the limit for making the connection.
    pub(crate) fn watched_by(&self, clock: AbortHandle) {
        self.lock().clock = Some(clock);
    }

    /// The connection is made: its limit does not hold any more.
    pub(crate) fn made(&self) {
        if let Some(clock) = self.lock().clock.take() {
            clock.abort();
        }
    }

    /// Nobody uses the connection any more.
    pub(crate) fn leave(&self) {
        let mut state = self.lock();
        state.unused = true;
        // Held any longer, it would keep the connection open.
        state.socket = None;
        drop(state);
        self.changed.notify_all();
    }

    /// Waits until nobody uses the connection any more; false when `time` is over before.
    pub(crate) fn unused_within(&self, time: Duration) -> bool {
        let end = Instant::now() + time;
        let mut state = self.lock();
        while !state.unused {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(|e| e.into_inner()).0;
        }
        true
    }

    // A panic elsewhere must not keep a connection from being ended.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::unix::net::UnixStream;
    use std::sync::Arc;

    #[test]
    fn a_pull_ends_a_read_that_waits_and_one_that_comes_later() {
        let (mut ours, _theirs) = UnixStream::pair().unwrap();
        let plug = Arc::new(Plug::default());
        plug.guard(&ours).unwrap();
        let puller = plug.clone();
        let thread = std::thread::spawn(move || {
            assert!(!puller.unused_within(Duration::from_millis(20)));
            puller.pull();
        });
        assert_eq!(ours.read(&mut [0]).unwrap(), 0);
        thread.join().unwrap();

        let (mut later, _theirs) = UnixStream::pair().unwrap();
        plug.guard(&later).unwrap();
        assert_eq!(later.read(&mut [0]).unwrap(), 0);
        plug.leave();
        assert!(plug.unused_within(Duration::ZERO));
    }
}
