//! The way of the bytes in one direction: in at one end, out at the other when they are due.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// Bytes a second up to which nothing is throttled, for each connection and direction: 1 GiB, several
/// times what one session of PostgreSQL takes in, and more than it gives out. Without any bound a client that is
/// faster than its server would fill the memory with what is on its way; by this one, the delay of
/// one direction times this rate is what can be on its way, as bandwidth times delay is on a wire.
pub(crate) const RATE: u64 = 1 << 30;

/// The most that is read at once, in bytes.
const CHUNK: usize = 64 << 10;
/// Room for what is on its way when there is no delay, in bytes: what arrives while a thread waits
/// for a processor some milliseconds long.
const FLOOR: usize = 4 << 20;
/// Empty buffers that are kept for further chunks.
const SPARE: usize = 8;

/// An output of a pipe.
pub(crate) enum Out {
    /// The next bytes.
    Bytes(DelayedBytes),
    /// The sender has said that there are no more; the other half of its connection may go on.
    End,
    /// The sender's connection has broken, or this pipe was closed.
    Broken,
}

/// Bytes that were read together. The buffer can be longer than they are.
pub(crate) struct DelayedBytes {
    buffer: Vec<u8>,
    len: usize,
}

impl DelayedBytes {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer[..self.len]
    }

    /// Bytes that count for the bound: the data, and the memory to hold it. The buffer is at least half
    /// full, so that the memory is at most twice as much.
    fn weight(&self) -> usize {
        self.len + size_of::<(Instant, DelayedBytes)>()
    }
}

/// One direction of a connection: its bytes in order, each chunk with the time it is due. One thread
/// puts in, another takes out.
pub(crate) struct Pipe {
    delay: Duration,
    /// Bytes that may be on their way, see [`RATE`].
    limit: usize,
    state: Mutex<State>,
    /// Signalled when something was put in.
    filled: Condvar,
    /// Signalled when something was taken out.
    drained: Condvar,
}

#[derive(Default)]
struct State {
    chunks: VecDeque<(Instant, DelayedBytes)>,
    weight: usize,
    spare: Vec<Vec<u8>>,
    /// When the end of the stream is due, and whether it came by an error.
    end: Option<(Instant, bool)>,
    closed: bool,
}

impl Pipe {
    /// A way that takes `delay`.
    pub(crate) fn new(delay: Duration) -> Self {
        let on_the_way = (RATE as f64 * delay.as_secs_f64()) as usize;
        Self {
            delay,
            limit: FLOOR.saturating_add(on_the_way),
            state: Mutex::default(),
            filled: Condvar::new(),
            drained: Condvar::new(),
        }
    }

    /// A buffer to read into.
    pub(crate) fn buffer(&self) -> Vec<u8> {
        let spare = self.lock().spare.pop();
        spare.unwrap_or_else(|| vec![0; CHUNK])
    }

    /// Sends the first `len` bytes of `buffer` on their way, as of `now`; waits while too many are
    /// on it. Returns a buffer to go on with, or nothing when nobody is there to take them.
    pub(crate) fn put(&self, buffer: Vec<u8>, len: usize, now: Instant) -> Option<Vec<u8>> {
        // A few bytes must not hold a whole buffer while they are on their way.
        let (chunk, again) = match len < CHUNK / 2 {
            true => (DelayedBytes { buffer: buffer[..len].to_vec(), len }, Some(buffer)),
            false => (DelayedBytes { buffer, len }, None),
        };
        let mut state = self.lock();
        while state.weight >= self.limit && !state.closed {
            state = self.drained.wait(state).unwrap_or_else(|e| e.into_inner());
        }
        if state.closed {
            return None;
        }
        state.weight += chunk.weight();
        state.chunks.push_back((now + self.delay, chunk));
        let next = again.or_else(|| state.spare.pop());
        drop(state);
        self.filled.notify_one();
        Some(next.unwrap_or_else(|| vec![0; CHUNK]))
    }

    /// Sends the end of the stream after the bytes, as of `now`.
    pub(crate) fn end(&self, broken: bool, now: Instant) {
        self.lock().end = Some((now + self.delay, broken));
        self.filled.notify_one();
    }

    /// The next of what is on its way, when it is due.
    pub(crate) fn take(&self) -> Out {
        let mut state = self.lock();
        loop {
            if state.closed {
                return Out::Broken;
            }
            let next = state.chunks.front().map(|(due, _)| *due).or(state.end.map(|(due, _)| due));
            let Some(due) = next else {
                state = self.filled.wait(state).unwrap_or_else(|e| e.into_inner());
                continue;
            };
            let left = due.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                state = self.filled.wait_timeout(state, left).unwrap_or_else(|e| e.into_inner()).0;
                continue;
            }
            match (state.chunks.pop_front(), state.end) {
                (Some((_, chunk)), _) => return Out::Bytes(chunk),
                (None, Some((_, false))) => return Out::End,
                (None, _) => return Out::Broken,
            }
        }
    }

    /// Takes back a chunk that has arrived: its bytes are not on their way any more.
    pub(crate) fn arrived(&self, chunk: DelayedBytes) {
        let mut state = self.lock();
        state.weight -= chunk.weight();
        if chunk.buffer.len() == CHUNK && state.spare.len() < SPARE {
            state.spare.push(chunk.buffer);
        }
        drop(state);
        self.drained.notify_one();
    }

    /// Ends it at once for both sides; what is on its way is lost.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
        self.drained.notify_all();
    }

    // A panic elsewhere must not keep the other threads from ending.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }
}
