//! Files that are whole or not there, and directories that one process at a time changes.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use ring::digest::{Context as Hasher, SHA256};
use rustix::fs::{FlockOperation, flock};

use crate::interrupt::Interrupt;
use crate::record::FileFacts;

const TEMPORARY: &str = ".tmp";

/// A file being written under a temporary name, and hashed on the way. Unless it is kept, it
/// is removed, whatever happens.
pub struct NewFile {
    file: File,
    temporary: PathBuf,
    target: PathBuf,
    sha256: Hasher,
    bytes: u64,
    kept: bool,
}

impl NewFile {
    /// Begins the file `name` in `dir`. All may read it: a server under another user has to.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn create(dir: &Path, name: &str) -> Result<Self> {
        let temporary = dir.join(format!(".{name}.{}{TEMPORARY}", std::process::id()));
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o644)
            .open(&temporary)
            .with_context(|| format!("creating {}", temporary.display()))?;
        let new = Self {
            file,
            target: dir.join(name),
            temporary,
            sha256: Hasher::new(&SHA256),
            bytes: 0,
            kept: false,
        };
        // Whatever the umask took away.
        new.file.set_permissions(Permissions::from_mode(0o644)).with_context(|| new.writing())?;
        Ok(new)
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// When they cannot be written, such as on a full disk.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).with_context(|| self.writing())?;
        self.sha256.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// The bytes so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Gives it its name, in place of any file of that name.
    ///
    /// # Errors
    /// When it cannot be renamed.
    pub fn keep(mut self) -> Result<FileFacts> {
        fs::rename(&self.temporary, &self.target)
            .with_context(|| format!("renaming {} to {}", self.temporary.display(), self.target.display()))?;
        self.kept = true;
        Ok(FileFacts { bytes: self.bytes, sha256: hex(self.sha256.clone().finish().as_ref()) })
    }

    fn writing(&self) -> String {
        format!("writing {} (is there space, and the right to write?)", self.target.display())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.kept {
            // Nothing more can be done about it here; the next maker sweeps it.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// The right to change a dataset's directory, until dropped or the process ends.
pub struct DirLock {
    _dir: File,
}

impl DirLock {
    /// Makes the directory where it is missing, waits for another process that works in it, and
    /// removes what one that was killed left half-made.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Interrupted`] while waiting; or when the directory cannot be made,
    /// locked or read.
    pub fn take(dir: &Path, interrupt: &Interrupt) -> Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(dir)
            .with_context(|| format!("making the directory {}", dir.display()))?;
        let file = File::open(dir).with_context(|| format!("opening {}", dir.display()))?;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => break,
                Err(rustix::io::Errno::WOULDBLOCK) => interrupt.sleep(Duration::from_millis(20))?,
                Err(rustix::io::Errno::INTR) => interrupt.check()?,
                Err(error) => return Err(error).with_context(|| format!("locking {}", dir.display())),
            }
        }
        sweep(dir)?;
        Ok(Self { _dir: file })
    }
}

/// Removes temporary files. Only for the holder of the lock: no one else is writing them.
fn sweep(dir: &Path) -> Result<()> {
    let reading = || format!("reading {}", dir.display());
    for entry in fs::read_dir(dir).with_context(reading)? {
        let entry = entry.with_context(reading)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') && name.ends_with(TEMPORARY) {
            let path = entry.path();
            fs::remove_file(&path).with_context(|| format!("removing the half-made {}", path.display()))?;
        }
    }
    Ok(())
}

/// The size and SHA-256 of what a reader gives.
///
/// # Errors
/// [`crate::fault::Fault::Interrupted`], or when it cannot be read.
pub fn hash(mut input: impl Read, interrupt: &Interrupt) -> Result<FileFacts> {
    let (mut sha256, mut bytes) = (Hasher::new(&SHA256), 0);
    let mut buffer = vec![0; 256 << 10];
    loop {
        interrupt.check()?;
        let read = match input.read(&mut buffer) {
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        if read == 0 {
            return Ok(FileFacts { bytes, sha256: hex(sha256.finish().as_ref()) });
        }
        sha256.update(&buffer[..read]);
        bytes += read as u64;
    }
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_file_is_whole_or_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = NewFile::create(dir.path(), "a").unwrap();
        file.write(b"ab").unwrap();
        drop(file);
        assert!(names(dir.path()).is_empty());
        let mut file = NewFile::create(dir.path(), "a").unwrap();
        file.write(b"a").unwrap();
        file.write(b"bc").unwrap();
        let facts = file.keep().unwrap();
        assert_eq!(names(dir.path()), ["a"]);
        assert_eq!(facts, hash(&b"abc"[..], &Interrupt::new()).unwrap());
        assert_eq!(facts.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let mode = fs::metadata(dir.path().join("a")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
    }

    #[test]
    fn a_lock_keeps_others_out_and_sweeps() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("x/y");
        let first = DirLock::take(&place, &Interrupt::new()).unwrap();
        let stopped = Interrupt::new();
        stopped.raise(2);
        assert!(DirLock::take(&place, &stopped).is_err(), "another holds it, and the wait is ended");
        drop(first);
        fs::write(place.join(".votes.csv.1.tmp"), "half").unwrap();
        DirLock::take(&place, &Interrupt::new()).unwrap();
        assert!(names(&place).is_empty());
    }
}
