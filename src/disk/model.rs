//! A device as one queue: when what it is given is done. Pure: the time is told, and nothing waits.
//!
//! What the kernel writes back is taken at once, as long as no more waits than the kernel above a disk would hold,
//! and is worked off whenever nobody waits for anything else. The kernel's own cache cannot do this here: it writes
//! all of a file back whenever somebody closes it (`fuse_flush` in fs/fuse/file.c of Linux), and waits for it, which no
//! file system on a disk does. Reads, flushes and direct writes come first, and in the order in which they are asked
//! for. A flush takes what waits of its file along, in the order of the places, as a scheduler would.

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::model::EmulatedDisk;

/// Bytes around the end of the last operation on a file within which another one is at the same place: about a track.
const NEAR: u64 = 1 << 20;

/// The largest operation that writes which follow each other are joined to.
const LARGEST: u64 = 256 << 10;

/// Nanoseconds since the device is there.
pub(super) type Time = u64;

/// A stretch of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    /// The file.
    pub file: u64,
    /// Its first byte.
    pub from: u64,
    /// Its bytes.
    pub bytes: u64,
}

impl Stretch {
    fn end(&self) -> u64 {
        self.from.saturating_add(self.bytes)
    }
}

/// What waits to be written.
#[derive(Debug)]
struct Waiting {
    stretch: Stretch,
    since: Time,
}

/// The device's queue.
#[derive(Debug)]
pub(super) struct Queue {
    disk: EmulatedDisk,
    /// When all that was begun is done.
    busy_until: Time,
    /// Where the last operation ended.
    head: Option<(u64, u64)>,
    /// What waits, by the number of its arrival.
    waiting: BTreeMap<u64, Waiting>,
    /// The numbers of each file.
    of_file: HashMap<u64, VecDeque<u64>>,
    arrived: u64,
    waiting_bytes: u64,
    most_waiting: u64,
}

impl Queue {
    /// An idle device, for which so many bytes may wait to be written.
    pub(super) fn new(disk: EmulatedDisk, most_waiting: u64) -> Self {
        Self {
            disk,
            busy_until: 0,
            head: None,
            waiting: BTreeMap::new(),
            of_file: HashMap::new(),
            arrived: 0,
            waiting_bytes: 0,
            most_waiting,
        }
    }

    /// Takes what the kernel writes back, and says when there was room for it.
    pub(super) fn write_back(&mut self, now: Time, stretch: Stretch) -> Time {
        self.work_off(now);
        self.waiting_bytes += stretch.bytes;
        self.join_or_add(now, stretch);
        if self.waiting_bytes <= self.most_waiting {
            return now;
        }
        while self.waiting_bytes > self.most_waiting {
            let Some(next) = self.first() else { break };
            self.operation(now.max(self.busy_until), next, self.disk.write_bytes_per_second);
        }
        self.busy_until
    }

    fn join_or_add(&mut self, now: Time, stretch: Stretch) {
        if let Some(mut last) = self.waiting.last_entry() {
            let last = &mut last.get_mut().stretch;
            let follows = last.file == stretch.file && last.end() == stretch.from;
            if follows && last.bytes + stretch.bytes <= LARGEST {
                last.bytes += stretch.bytes;
                return;
            }
        }
        self.arrived += 1;
        self.waiting.insert(self.arrived, Waiting { stretch, since: now });
        self.of_file.entry(stretch.file).or_default().push_back(self.arrived);
    }

    /// When a stretch is read.
    pub(super) fn read(&mut self, now: Time, stretch: Stretch) -> Time {
        self.work_off(now);
        self.operation(now.max(self.busy_until), stretch, self.disk.read_bytes_per_second)
    }

    /// When a stretch is written that somebody waits for.
    pub(super) fn write(&mut self, now: Time, stretch: Stretch) -> Time {
        self.work_off(now);
        self.operation(now.max(self.busy_until), stretch, self.disk.write_bytes_per_second)
    }

    /// When a file is flushed, with all that waits of it.
    pub(super) fn flush(&mut self, now: Time, file: u64) -> Time {
        self.work_off(now);
        let mut own = self.take(file);
        own.sort_unstable_by_key(|stretch| stretch.from);
        self.busy_until = self.busy_until.max(now);
        for stretch in own {
            self.operation(self.busy_until, stretch, self.disk.write_bytes_per_second);
        }
        self.busy_until = self.busy_until.saturating_add(self.disk.flush_ns);
        self.busy_until
    }

    /// Forgets what waits of a file that is gone, as the kernel does.
    pub(super) fn forget(&mut self, now: Time, file: u64) {
        self.work_off(now);
        self.take(file);
    }

    /// Takes all that waits as written, and all that was begun as done: the device has been idle for long enough.
    pub(super) fn settle(&mut self, now: Time) {
        self.waiting.clear();
        self.of_file.clear();
        self.waiting_bytes = 0;
        self.busy_until = self.busy_until.min(now);
    }

    /// Takes all that waits of a file.
    fn take(&mut self, file: u64) -> Vec<Stretch> {
        let numbers = self.of_file.remove(&file).unwrap_or_default();
        let taken: Vec<Stretch> =
            numbers.iter().filter_map(|number| self.waiting.remove(number)).map(|one| one.stretch).collect();
        self.waiting_bytes -= taken.iter().map(|stretch| stretch.bytes).sum::<u64>();
        taken
    }

    /// Takes what has waited longest.
    fn first(&mut self) -> Option<Stretch> {
        let (_, Waiting { stretch, .. }) = self.waiting.pop_first()?;
        if let Some(numbers) = self.of_file.get_mut(&stretch.file) {
            numbers.pop_front();
            if numbers.is_empty() {
                self.of_file.remove(&stretch.file);
            }
        }
        self.waiting_bytes -= stretch.bytes;
        Some(stretch)
    }

    /// Begins all that waits for which there was time until now.
    fn work_off(&mut self, now: Time) {
        while let Some(since) = self.waiting.first_key_value().map(|(_, next)| next.since) {
            let start = self.busy_until.max(since);
            if start >= now {
                break;
            }
            let Some(next) = self.first() else { break };
            self.operation(start, next, self.disk.write_bytes_per_second);
        }
    }

    /// Does an operation that begins then, and says when it is done.
    fn operation(&mut self, start: Time, stretch: Stretch, per_second: Option<u64>) -> Time {
        let transfer = EmulatedDisk::transfer_ns(stretch.bytes, per_second);
        let is_near =
            self.head.is_some_and(|(file, at)| file == stretch.file && at.abs_diff(stretch.from) <= NEAR);
        let takes = if is_near { transfer } else { self.disk.elsewhere_ns(transfer) };
        self.head = Some((stretch.file, stretch.end()));
        self.busy_until = start.saturating_add(takes);
        self.busy_until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;
    const MB: u64 = 1_000_000;

    /// 100 MB/s both ways, 100 operations a second, 9 ms to another place, 11 ms a flush.
    fn disk() -> EmulatedDisk {
        EmulatedDisk {
            class: None,
            write_bytes_per_second: Some(100 * MB),
            read_bytes_per_second: Some(100 * MB),
            operations_per_second: Some(100),
            flush_ns: 11 * MS,
            seek_ns: 9 * MS,
        }
    }

    fn stretch(file: u64, from: u64, bytes: u64) -> Stretch {
        Stretch { file, from, bytes }
    }

    #[test]
    fn the_same_place_written_and_flushed_takes_a_turn_each_time() {
        let mut queue = Queue::new(disk(), u64::MAX);
        let mut now = 0;
        let page = stretch(1, 0, 100_000);
        let mut took = Vec::new();
        for _ in 0..3 {
            assert_eq!(queue.write_back(now, page), now, "the page is taken at once");
            let done = queue.flush(now, 1);
            took.push(done - now);
            now = done;
        }
        // The first goes to another place: no less than a hundredth of a second.
        assert_eq!(took, [21 * MS, 12 * MS, 12 * MS]);
    }

    #[test]
    fn operations_are_done_one_after_the_other_and_a_seek_apart() {
        let mut queue = Queue::new(disk(), u64::MAX);
        assert_eq!(queue.read(0, stretch(1, 0, MB)), 19 * MS);
        assert_eq!(queue.read(0, stretch(1, MB, MB)), 29 * MS, "it goes on where the first ended");
        assert_eq!(queue.read(0, stretch(1, 100 * MB, 8192)), 39 * MS, "100 a second elsewhere");
        assert_eq!(queue.write(50 * MS, stretch(2, 0, MB)), 69 * MS, "another file, by an idle device");
    }

    #[test]
    fn what_waits_is_written_while_nobody_asks_and_with_the_flush_of_its_file() {
        let mut queue = Queue::new(disk(), u64::MAX);
        for piece in 0..100 {
            queue.write_back(0, stretch(1, piece * 100_000, 100_000));
            queue.write_back(0, stretch(2, piece * 100_000, 100_000));
        }
        // Ten megabytes each. By now some is written; what is begun is not broken off.
        let now = 50 * MS;
        let read = queue.read(now, stretch(3, 0, 8192));
        assert!(read >= now + 10 * MS && read <= now + 30 * MS, "{read}");
        let flushed = queue.flush(read, 1);
        assert!(flushed - read > 100 * MS && flushed - read < 130 * MS, "{}", flushed - read);
        // Nothing of that file waits any more.
        assert_eq!(queue.flush(flushed, 1), flushed + 11 * MS);
        queue.forget(flushed, 2);
        assert_eq!((queue.waiting.len(), queue.waiting_bytes, queue.of_file.len()), (0, 0, 0));
    }

    #[test]
    fn a_writer_waits_once_more_waits_than_may() {
        let mut queue = Queue::new(disk(), 2 * MB);
        assert_eq!(queue.write_back(0, stretch(1, 0, 2 * MB)), 0);
        assert_eq!(queue.write_back(0, stretch(1, 2 * MB, MB)), 29 * MS, "until the first two are written");
        assert_eq!(queue.waiting_bytes, MB);
    }

    #[test]
    fn what_waits_when_the_device_settles_is_in_nobodys_way() {
        let mut queue = Queue::new(disk(), u64::MAX);
        for file in 1..=1000 {
            queue.write_back(0, stretch(file, 0, 8192));
        }
        assert_eq!(queue.read(5 * MS, stretch(2000, 0, 8192)), 20 * MS, "behind one that was begun");
        queue.settle(6 * MS);
        assert_eq!((queue.waiting.len(), queue.waiting_bytes, queue.of_file.len()), (0, 0, 0));
        assert_eq!(queue.flush(6 * MS, 1000), 17 * MS);
    }

    #[test]
    fn without_delay_all_is_done_at_once() {
        let mut queue = Queue::new(EmulatedDisk::default(), 0);
        assert_eq!(queue.write_back(5, stretch(1, 0, MB)), 5);
        assert_eq!(queue.read(6, stretch(2, 0, MB)), 6);
        assert_eq!(queue.flush(7, 1), 7);
    }
}
