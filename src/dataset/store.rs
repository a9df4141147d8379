//! The files of a dataset's directory, and the directory itself, which one process at a time changes.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ring::digest::{Context as Hasher, SHA256};

use super::manifest;
use crate::fs::{Flush, NewFile, Readers, lock, new_file, unwritable};
use crate::interrupt::Interrupt;
use crate::model::FileFacts;

/// A file of a dataset being written, and hashed on the way. Unless it is kept, it is removed.
pub(crate) struct HashedFile {
    file: NewFile,
    sha256: Hasher,
    bytes: u64,
}

impl HashedFile {
    /// Begins the file `name` in `dir`. All may read it: a server under another user has to.
    ///
    /// # Errors
    /// As [`NewFile::create`].
    pub(crate) fn create(dir: &Path, name: &str) -> Result<Self> {
        let file = NewFile::create(&dir.join(name), Readers::Everybody)?;
        Ok(Self { file, sha256: Hasher::new(&SHA256), bytes: 0 })
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// As [`NewFile::write`].
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write(bytes)?;
        self.sha256.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// The bytes so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Gives it its name, in place of any file of that name.
    ///
    /// # Errors
    /// As [`NewFile::keep`].
    pub(crate) fn keep(self) -> Result<FileFacts> {
        // Not flushed: whoever uses it holds it against its checksum.
        self.file.keep(Flush::Later)?;
        Ok(FileFacts { bytes: self.bytes, sha256: hex::encode(self.sha256.finish()) })
    }
}

/// The right to change a dataset's directory, until dropped or the process ends. A directory in which
/// nothing is then goes away, and so do those above it that were made for it.
pub(crate) struct DirLock {
    /// Its path, and the directories above it that were made with it, from the inside out.
    dirs: Vec<PathBuf>,
    _locked: File,
}

impl DirLock {
    /// Makes the directory where it is missing, waits for another process that works in it, and
    /// removes what one that was killed left half-made.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Interrupted`] while waiting; [`crate::fault::Fault::Unavailable`] when
    /// the directory cannot be made; or when it cannot be locked or read.
    pub(crate) fn take(dir: &Path, interrupt: &Interrupt) -> Result<Self> {
        let mut made = Vec::new();
        loop {
            make(dir, &mut made)?;
            let opening = || format!("opening {}", dir.display());
            let locked = match File::open(dir) {
                // Whoever had it has left nothing in it.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                opened => opened.with_context(opening)?,
            };
            lock::wait_for(&locked, interrupt).with_context(|| format!("locking {}", dir.display()))?;
            let ours = locked.metadata().with_context(opening)?;
            // While it was waited for it may have been removed, and another made in its place.
            if fs::metadata(dir).is_ok_and(|now| (now.dev(), now.ino()) == (ours.dev(), ours.ino())) {
                new_file::sweep(dir)?;
                made.retain(|above| above != dir);
                let dirs = std::iter::once(dir.to_owned()).chain(made.into_iter().rev()).collect();
                return Ok(Self { dirs, _locked: locked });
            }
        }
    }
}

impl Drop for DirLock {
    fn drop(&mut self) {
        // What was to become a dataset and did not: a manifest makes it one.
        if let Some(dir) = self.dirs.first().filter(|dir| !dir.join(manifest::FILE).exists()) {
            let files = fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
            for csv in files.filter(|path| path.extension().is_some_and(|ending| ending == "csv")) {
                let _ = fs::remove_file(csv);
            }
        }
        // The first in which something is refuses, and ends it.
        let _ = self.dirs.iter().try_for_each(fs::remove_dir);
    }
}

/// Makes a directory and those above it, and adds those that were missing to `made`, from the outside in.
fn make(dir: &Path, made: &mut Vec<PathBuf>) -> Result<()> {
    match fs::DirBuilder::new().mode(0o755).create(dir) {
        Ok(()) => made.push(dir.to_owned()),
        Err(_) if dir.is_dir() => {}
        // It was there a moment ago: whoever had it has left nothing in it.
        Err(error) if error.kind() == ErrorKind::AlreadyExists && !stands(dir) => return make(dir, made),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let above = dir.parent().filter(|above| !above.as_os_str().is_empty());
            make(above.ok_or_else(|| unwritable(dir, &error))?, made)?;
            return make(dir, made);
        }
        Err(error) => return Err(unwritable(dir, &error)),
    }
    Ok(())
}

/// Whether something has this name, be it a link that leads nowhere.
fn stands(path: &Path) -> bool {
    !fs::symlink_metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

/// The size and SHA-256 of what a reader gives.
///
/// # Errors
/// [`crate::fault::Fault::Interrupted`], or when it cannot be read.
pub(crate) fn hash(mut input: impl Read, interrupt: &Interrupt) -> Result<FileFacts> {
    let (mut sha256, mut bytes) = (Hasher::new(&SHA256), 0);
    let mut buffer = vec![0; 256 << 10];
    loop {
        interrupt.check()?;
        let read = match input.read(&mut buffer) {
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        if read == 0 {
            return Ok(FileFacts { bytes, sha256: hex::encode(sha256.finish()) });
        }
        sha256.update(&buffer[..read]);
        bytes += read as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_hashed_as_it_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = HashedFile::create(dir.path(), "a").unwrap();
        file.write(b"a").unwrap();
        file.write(b"bc").unwrap();
        let facts = file.keep().unwrap();
        assert_eq!(facts, hash(&b"abc"[..], &Interrupt::new()).unwrap());
        assert_eq!(facts.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn a_lock_keeps_others_out_sweeps_and_leaves_no_empty_directory() {
        let root = tempfile::tempdir().unwrap();
        let place = root.path().join("x/y");
        let first = DirLock::take(&place, &Interrupt::new()).unwrap();
        let stopped = Interrupt::new();
        stopped.raise(2);
        assert!(DirLock::take(&place, &stopped).is_err(), "another holds it, and the wait is ended");
        assert!(place.exists());
        fs::write(place.join("source.part"), "some").unwrap();
        fs::write(place.join("votes.csv"), "of no dataset").unwrap();
        drop(first);
        fs::write(place.join(".votes.csv.1.tmp"), "half").unwrap();
        let second = DirLock::take(&place, &Interrupt::new()).unwrap();
        assert_eq!(fs::read_dir(&place).unwrap().count(), 1);
        fs::remove_file(place.join("source.part")).unwrap();
        drop(second);
        assert!(!place.exists() && root.path().join("x").exists(), "x was there before the second");
        fs::remove_dir(root.path().join("x")).unwrap();
        drop(DirLock::take(&place, &Interrupt::new()).unwrap());
        assert!(!root.path().join("x").exists());
    }

    #[test]
    fn many_that_leave_nothing_do_not_take_the_directory_from_each_other() {
        let root = tempfile::tempdir().unwrap();
        let place = root.path().join("x/y");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let held = DirLock::take(&place, &Interrupt::new()).unwrap();
                        // That of another would be in the way.
                        fs::create_dir(place.join("mine")).unwrap();
                        fs::remove_dir(place.join("mine")).unwrap();
                        drop(held);
                    }
                });
            }
        });
        assert!(!place.exists());
    }
}
