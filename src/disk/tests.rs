//! A small program that writes, flushes some of it, and loses power: exactly what it has flushed is there.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::RngExt;
use rand_pcg::Pcg64;

use super::files::{FILES, Files, Owner};
use super::journal::Written;
use super::serve::Serving;
use super::tree::ROOT;
use crate::fault::Fault;
use crate::model::EmulatedDisk;
use crate::say::skipped;

const CUTS: u64 = 1000;
const NAMES: [&str; 4] = ["a", "b", "c", "d"];
/// Bytes of a file at most: some blocks, the last of them not whole.
const SIZE: u64 = 30_000;

/// What a directory holds, by the rules: names are safe by any flush, bytes by that of their file.
#[derive(Debug, Clone, Default, PartialEq)]
struct Held {
    /// Which file has a name.
    names: BTreeMap<&'static str, usize>,
    /// What is in each file.
    bytes: Vec<Vec<u8>>,
}

impl Held {
    fn content(&self) -> BTreeMap<String, Vec<u8>> {
        self.names.iter().map(|(name, file)| ((*name).to_owned(), self.bytes[*file].clone())).collect()
    }

    fn write(&mut self, name: &'static str, from: u64, data: &[u8]) {
        let bytes = &mut self.bytes[self.names[name]];
        let end = from as usize + data.len();
        bytes.resize(bytes.len().max(end), 0);
        bytes[from as usize..end].copy_from_slice(data);
    }

    fn make(&mut self, name: &'static str) {
        self.bytes.push(Vec::new());
        self.names.insert(name, self.bytes.len() - 1);
    }
}

/// What was written, and what of it is flushed.
#[derive(Debug, Clone, Default)]
struct Both {
    now: Held,
    flushed: Held,
}

impl Both {
    fn flush(&mut self, file: Option<&'static str>) {
        self.flushed.names = self.now.names.clone();
        // A file that was never flushed is empty.
        self.flushed.bytes.resize(self.now.bytes.len(), Vec::new());
        if let Some(file) = file.and_then(|name| self.now.names.get(name)) {
            self.flushed.bytes[*file] = self.now.bytes[*file].clone();
        }
    }
}

/// One step of the small program.
#[derive(Debug, Clone)]
enum Step {
    Make(&'static str),
    Write(&'static str, u64, Vec<u8>),
    Cut(&'static str, u64),
    Rename(&'static str, &'static str),
    Remove(&'static str),
    Flush(&'static str),
    FlushDir,
}

impl Step {
    fn random(random: &mut Pcg64, held: &Held) -> Self {
        let name = NAMES[random.random_range(0..NAMES.len())];
        if !held.names.contains_key(name) {
            return Step::Make(name);
        }
        match random.random_range(0..12) {
            0..5 => {
                let from = random.random_range(0..SIZE);
                let bytes = random.random_range(1..10_000);
                Step::Write(name, from, vec![random.random_range(1..=255); bytes])
            }
            5 => Step::Cut(name, random.random_range(0..3) * random.random_range(0..SIZE)),
            6 => Step::Rename(name, NAMES[random.random_range(0..NAMES.len())]),
            7 => Step::Remove(name),
            8 => Step::FlushDir,
            _ => Step::Flush(name),
        }
    }

    fn note(&self, both: &mut Both) {
        let now = &mut both.now;
        match self {
            Step::Make(name) => now.make(name),
            Step::Write(name, from, data) => now.write(name, *from, data),
            Step::Cut(name, size) => {
                let file = now.names[name];
                now.bytes[file].resize(*size as usize, 0);
            }
            Step::Rename(from, to) => {
                if let Some(file) = now.names.remove(from) {
                    now.names.insert(to, file);
                }
            }
            Step::Remove(name) => {
                now.names.remove(name);
            }
            Step::Flush(name) => both.flush(Some(name)),
            Step::FlushDir => both.flush(None),
        }
    }
}

/// Does a step on the files themselves, without a mount.
fn on_files(files: &Files, step: &Step) {
    let owner = Owner { uid: rustix::process::geteuid().as_raw(), gid: rustix::process::getegid().as_raw() };
    let number = |name: &str| files.look_up(ROOT, OsStr::new(name)).unwrap().number;
    match step {
        Step::Make(name) => {
            let made = files.create((ROOT, OsStr::new(name)), 0o600, true, owner).unwrap();
            files.close_file(made.number);
        }
        Step::Write(name, from, data) => files.write(number(name), *from, data).unwrap(),
        Step::Cut(name, size) => files.set_size(number(name), *size).unwrap(),
        Step::Rename(from, to) => {
            files.rename((ROOT, OsStr::new(from)), (ROOT, OsStr::new(to)), false).unwrap();
        }
        Step::Remove(name) => {
            files.remove(ROOT, OsStr::new(name), false).unwrap();
        }
        Step::Flush(name) => files.flush(number(name), true).unwrap(),
        Step::FlushDir => files.flush_dir(ROOT).unwrap(),
    }
}

/// Does a step by a path, as any program would.
fn by_path(dir: &Path, step: &Step) -> std::io::Result<()> {
    let open = |name: &str| OpenOptions::new().read(true).write(true).open(dir.join(name));
    match step {
        Step::Make(name) => File::create_new(dir.join(name)).map(drop),
        Step::Write(name, from, data) => open(name)?.write_all_at(data, *from),
        Step::Cut(name, size) => open(name)?.set_len(*size),
        Step::Rename(from, to) => std::fs::rename(dir.join(from), dir.join(to)),
        Step::Remove(name) => std::fs::remove_file(dir.join(name)),
        Step::Flush(name) => open(name)?.sync_data(),
        Step::FlushDir => File::open(dir)?.sync_all(),
    }
}

/// A directory in memory where there is one: what is flushed here need not reach a disk.
fn place() -> tempfile::TempDir {
    let memory = tempfile::tempdir_in("/dev/shm");
    memory.or_else(|_| tempfile::tempdir()).unwrap()
}

fn content(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(dir).unwrap().map(Result::unwrap);
    entries
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
        .collect()
}

#[test]
fn exactly_the_flushed_is_there_after_a_thousand_cuts() {
    let dir = place();
    std::fs::create_dir(dir.path().join(FILES)).unwrap();
    let mut random = Pcg64::new(14, 1);
    let mut both = Both::default();
    let mut lossy = 0;
    for cut in 0..CUTS {
        let files = Files::open(dir.path()).unwrap();
        files.keep().unwrap();
        for _ in 0..random.random_range(0..30) {
            let step = Step::random(&mut random, &both.now);
            on_files(&files, &step);
            step.note(&mut both);
        }
        files.lose_power(&mut Written::none()).unwrap();
        let left = content(&dir.path().join(FILES));
        assert!(left == both.flushed.content(), "after cut {cut}");
        lossy += u64::from(left != both.now.content());
        both.now = both.flushed.clone();
    }
    assert!(lossy > CUTS / 2, "only {lossy} of {CUTS} cuts have lost anything");
}

#[test]
fn what_was_there_before_the_journal_counts_as_flushed() {
    let dir = place();
    std::fs::create_dir(dir.path().join(FILES)).unwrap();
    let files = Files::open(dir.path()).unwrap();
    let mut both = Both::default();
    let steps = |both: &mut Both, steps: &[Step]| {
        for step in steps {
            on_files(&files, step);
            step.note(both);
        }
    };
    let write = |byte: u8| Step::Write("a", 0, vec![byte; 9000]);
    steps(&mut both, &[Step::Make("a"), write(1), Step::Make("b")]);
    files.keep().unwrap();
    let kept = both.now.content();
    steps(&mut both, &[write(2), Step::Rename("a", "b"), Step::Remove("b"), Step::Make("a"), write(3)]);
    files.keep().unwrap();
    steps(&mut both, &[Step::Remove("a")]);
    files.lose_power(&mut Written::none()).unwrap();
    let left = content(&dir.path().join(FILES));
    assert_ne!(left, kept);
    assert_eq!(left, BTreeMap::from([("a".to_owned(), vec![3; 9000])]));
    let aside = std::fs::read_dir(dir.path().join("aside")).unwrap().count();
    assert_eq!(aside, 1, "nothing but the file of kept blocks stays aside");
}

/// A disk that is mounted by this process, or `None`, said aloud, where that does not go.
fn mounted(dir: &Path, disk: &EmulatedDisk) -> Option<Serving> {
    std::fs::create_dir(dir.join(FILES)).unwrap();
    std::fs::create_dir(dir.join("at")).unwrap();
    match Serving::start(dir, &dir.join("at"), disk, 1 << 30) {
        Ok(serving) => Some(serving),
        Err(error) if matches!(Fault::find(&error), Some(Fault::Unavailable(_))) => {
            skipped(&format!("{error:#}"));
            None
        }
        Err(error) => panic!("{error:#}"),
    }
}

#[test]
fn a_program_on_a_mount_is_cut_at_a_thousand_moments() {
    let dir = place();
    // Long enough a flush that some cuts fall into one.
    let disk = EmulatedDisk { flush_ns: 100_000, ..EmulatedDisk::default() };
    let Some(mut serving) = mounted(dir.path(), &disk) else { return };
    let at = dir.path().join("at");
    let mut random = Pcg64::new(15, 1);
    let mut flushed = Held::default();
    let mut in_a_flush = 0;
    for cut in 0..CUTS {
        serving.obey("keep").unwrap();
        let done = Arc::new(Mutex::new(Both { now: flushed.clone(), flushed: flushed.clone() }));
        let (program, place, mut choice) = (done.clone(), at.clone(), Pcg64::new(u128::from(cut), 2));
        let running = std::thread::spawn(move || {
            loop {
                let step = Step::random(&mut choice, &program.lock().unwrap().now);
                // The power is gone.
                if by_path(&place, &step).is_err() {
                    return step;
                }
                step.note(&mut program.lock().unwrap());
            }
        });
        std::thread::sleep(Duration::from_micros(random.random_range(0..3000)));
        serving.obey("power off").unwrap();
        let last = running.join().unwrap();
        serving.obey("lose power").unwrap();
        let left = content(&at);
        let mut both = Arc::into_inner(done).unwrap().into_inner().unwrap();
        flushed = both.flushed.clone();
        if left != flushed.content() {
            // A flush that was under way and was not confirmed may be done or not.
            last.note(&mut both);
            flushed = both.flushed;
            in_a_flush += 1;
        }
        assert!(left == flushed.content(), "after cut {cut}, which came before {last:?} was done");
    }
    crate::say!("{in_a_flush} of {CUTS} cuts came between a flush and its answer");
    serving.end().unwrap();
    assert_eq!(std::fs::read_dir(&at).unwrap().count(), 0, "nothing is mounted any more");
}

#[test]
fn what_a_mount_takes_is_what_the_device_would_take() {
    let dir = place();
    let disk = EmulatedDisk {
        write_bytes_per_second: Some(100_000_000),
        read_bytes_per_second: Some(100_000_000),
        flush_ns: 5_000_000,
        ..EmulatedDisk::default()
    };
    let Some(serving) = mounted(dir.path(), &disk) else { return };
    let path = dir.path().join("at/file");
    let file = File::create_new(&path).unwrap();
    let start = std::time::Instant::now();
    file.write_all_at(&vec![7; 10_000_000], 0).unwrap();
    file.sync_data().unwrap();
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(105), "10 MB and a flush took {took:?}");
    let start = std::time::Instant::now();
    file.sync_data().unwrap();
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(5), "a flush took {took:?}");
    drop(file);
    serving.end().unwrap();
}

#[test]
fn a_mount_is_a_file_system_as_others_are() {
    let dir = place();
    let Some(mut serving) = mounted(dir.path(), &EmulatedDisk::default()) else { return };
    let at = dir.path().join("at");
    std::fs::create_dir_all(at.join("sub/deeper")).unwrap();
    std::fs::write(at.join("sub/file"), "one").unwrap();
    std::fs::hard_link(at.join("sub/file"), at.join("sub/link")).unwrap();
    std::os::unix::fs::symlink("sub/file", at.join("symbolic")).unwrap();
    let open = File::open(at.join("sub/file")).unwrap();
    std::fs::remove_file(at.join("sub/file")).unwrap();
    let mut left = [0; 3];
    open.read_exact_at(&mut left, 0).unwrap();
    assert_eq!(&left, b"one", "an open file outlives its name");
    drop(open);
    assert_eq!(std::fs::read(at.join("sub/link")).unwrap(), b"one");
    assert!(std::fs::remove_dir(at.join("sub")).is_err(), "it is not empty");
    std::fs::rename(at.join("sub"), at.join("other")).unwrap();
    assert_eq!(std::fs::read_link(at.join("symbolic")).unwrap(), Path::new("sub/file"));
    std::fs::write(at.join("many"), "").unwrap();
    for number in 0..2000 {
        std::fs::write(at.join(format!("other/deeper/{number}")), number.to_string()).unwrap();
    }
    assert_eq!(std::fs::read_dir(at.join("other/deeper")).unwrap().count(), 2000);
    serving.obey("keep").unwrap();
    std::fs::remove_dir_all(at.join("other")).unwrap();
    assert!(!at.join("other").exists());
    serving.obey("lose power 1").unwrap();
    assert_eq!(std::fs::read_dir(at.join("other/deeper")).unwrap().count(), 2000, "names come back");
    assert_eq!(std::fs::read(at.join("other/deeper/77")).unwrap(), b"77");
    assert_eq!(std::fs::read(at.join("other/link")).unwrap(), b"one");
    serving.end().unwrap();
}
