//! The device as it runs: its queue by the clock, and answers that are given when what was asked for would be done.
//!
//! Who serves a request never waits: the answer is handed to one thread that gives each when its time has come. So a
//! slow flush keeps no other request from being taken.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::num::NonZeroU64;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::model::{Queue, Stretch, Time};
use crate::model::EmulatedDisk;

/// An answer to a request.
type Answer = Box<dyn FnOnce() + Send>;

/// A device, and the answers that it owes.
pub(super) struct Device {
    start: Instant,
    /// `None` where nothing is delayed.
    queue: Option<Mutex<Queue>>,
    owed: Arc<Owed>,
    giving: Option<JoinHandle<()>>,
}

impl Device {
    /// A device with these figures, for which so many bytes may wait to be written.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(super) fn start(disk: &EmulatedDisk, most_waiting: u64) -> std::io::Result<Self> {
        let queue = (!disk.is_without_delay()).then(|| Mutex::new(Queue::new(disk.clone(), most_waiting)));
        let owed = Arc::new(Owed::default());
        let giver = owed.clone();
        let giving = std::thread::Builder::new().name("disk-answers".into()).spawn(move || giver.give())?;
        Ok(Self { start: Instant::now(), queue, owed, giving: Some(giving) })
    }

    /// Answers once there is room for what the kernel writes back.
    pub(super) fn write_back(&self, stretch: Stretch, answer: impl FnOnce() + Send + 'static) {
        self.answer(answer, |queue, now| queue.write_back(now, stretch));
    }

    /// Answers once a stretch is read.
    pub(super) fn read(&self, stretch: Stretch, answer: impl FnOnce() + Send + 'static) {
        self.answer(answer, |queue, now| queue.read(now, stretch));
    }

    /// Answers once a stretch is written that somebody waits for.
    pub(super) fn write(&self, stretch: Stretch, answer: impl FnOnce() + Send + 'static) {
        self.answer(answer, |queue, now| queue.write(now, stretch));
    }

    /// Answers once a file is flushed, since when this was asked for.
    pub(super) fn flush(&self, asked: Instant, file: u64, answer: impl FnOnce() + Send + 'static) {
        self.answer(answer, |queue, _| queue.flush(self.time(asked), file));
    }

    /// Forgets what waits of a file that is gone.
    pub(super) fn forget(&self, file: u64) {
        if let Some(queue) = &self.queue {
            locked(queue).forget(self.time(Instant::now()), file);
        }
    }

    /// Takes all that waits as written.
    pub(super) fn settle(&self) {
        if let Some(queue) = &self.queue {
            locked(queue).settle(self.time(Instant::now()));
        }
    }

    fn answer(&self, answer: impl FnOnce() + Send + 'static, done: impl FnOnce(&mut Queue, Time) -> Time) {
        let Some(queue) = &self.queue else { return answer() };
        let now = self.time(Instant::now());
        let due = done(&mut locked(queue), now);
        match due > now {
            true => self.owed.owe(self.start + Duration::from_nanos(due), Box::new(answer)),
            false => answer(),
        }
    }

    fn time(&self, at: Instant) -> Time {
        u64::try_from(at.saturating_duration_since(self.start).as_nanos()).unwrap_or(u64::MAX)
    }
}

impl Drop for Device {
    /// What is owed is answered at once.
    fn drop(&mut self) {
        self.owed.end();
        if let Some(giving) = self.giving.take() {
            // A panic in it has been told by the panic's own message.
            let _ = giving.join();
        }
    }
}

/// Answers, each with the time that it is due.
#[derive(Default)]
struct Owed {
    answers: Mutex<Answers>,
    changed: Condvar,
}

#[derive(Default)]
struct Answers {
    due: BinaryHeap<Due>,
    has_ended: bool,
}

struct Due {
    at: Instant,
    answer: Answer,
}

impl Ord for Due {
    /// The earliest is the greatest.
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.cmp(&self.at)
    }
}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Due {}

impl Owed {
    fn owe(&self, at: Instant, answer: Answer) {
        let mut answers = locked(&self.answers);
        let is_first = answers.due.peek().is_none_or(|first| at < first.at);
        answers.due.push(Due { at, answer });
        drop(answers);
        if is_first {
            self.changed.notify_one();
        }
    }

    fn end(&self) {
        locked(&self.answers).has_ended = true;
        self.changed.notify_one();
    }

    /// Gives each answer when it is due, until the end.
    fn give(&self) {
        // The kernel wakes a sleeper up to 50 µs late unless it is told (PR_SET_TIMERSLACK in prctl(2)); where it does
        // not take this, answers are so much late.
        let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
        let mut answers = locked(&self.answers);
        loop {
            let now = Instant::now();
            let ended = answers.has_ended;
            match answers.due.peek().map(|first| first.at) {
                Some(at) if at <= now || ended => {
                    if let Some(due) = answers.due.pop() {
                        drop(answers);
                        (due.answer)();
                        answers = locked(&self.answers);
                    }
                }
                None if ended => return,
                Some(at) => {
                    let waited = self.changed.wait_timeout(answers, at - now);
                    answers = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
                None => {
                    answers = self.changed.wait(answers).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn answers_come_when_they_are_due_and_in_the_order_of_the_queue() {
        let disk = EmulatedDisk { flush_ns: 20_000_000, ..EmulatedDisk::default() };
        let device = Device::start(&disk, u64::MAX).unwrap();
        let (send, answers) = channel();
        let start = Instant::now();
        for file in 1..=3 {
            let send = send.clone();
            device.flush(Instant::now(), file, move || send.send((file, Instant::now())).unwrap());
        }
        let given: Vec<(u64, Instant)> = (0..3).map(|_| answers.recv().unwrap()).collect();
        assert_eq!(given.iter().map(|(file, _)| *file).collect::<Vec<_>>(), [1, 2, 3]);
        for (file, at) in given {
            assert!(at - start >= Duration::from_millis(20 * file), "{file} after {:?}", at - start);
        }
    }

    #[test]
    fn what_is_owed_is_answered_by_the_end() {
        let disk = EmulatedDisk { flush_ns: 3_600_000_000_000, ..EmulatedDisk::default() };
        let device = Device::start(&disk, u64::MAX).unwrap();
        let (send, answers) = channel();
        device.flush(Instant::now(), 1, move || send.send(()).unwrap());
        drop(device);
        answers.recv().unwrap();
    }
}
