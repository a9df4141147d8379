//! A file being written under a temporary name beside its own.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::NamedTempFile;

use super::advice::unwritable;

/// Start and end of the temporary names.
const PREFIX: &str = ".";
const SUFFIX: &str = ".tmp";

/// Who may read a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Those that the user's umask lets.
    Umask,
    /// Everybody, whatever the umask says: a server under another user has to.
    Everybody,
}

/// When a file has to be on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flush {
    /// Before it has its name.
    Now,
    /// When the system gets to it.
    Later,
}

/// A file being written under a temporary name. Unless it is kept, it is removed, whatever happens.
#[derive(Debug)]
pub(crate) struct NewFile {
    file: NamedTempFile,
    target: PathBuf,
}

impl NewFile {
    /// Begins the file of this name.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Unavailable`] when it cannot be created.
    pub(crate) fn create(target: &Path, readers: Readers) -> Result<Self> {
        Self::begin(target)
            .and_then(|new| match readers {
                Readers::Umask => Ok(new),
                Readers::Everybody => {
                    new.as_file().set_permissions(Permissions::from_mode(0o644)).map(|()| new)
                }
            })
            .map_err(|error| unwritable(target, &error))
    }

    /// Begins the file of this name, with the permissions that the umask leaves.
    pub(super) fn begin(target: &Path) -> io::Result<Self> {
        let file = tempfile::Builder::new()
            .prefix(PREFIX)
            .suffix(SUFFIX)
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(parent(target))
            .map_err(bare)?;
        Ok(Self { file, target: target.to_owned() })
    }

    pub(super) fn as_file(&self) -> &File {
        self.file.as_file()
    }

    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    /// The written file, opened again at its beginning.
    pub(super) fn reopened(&self) -> io::Result<File> {
        self.file.reopen()
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Unavailable`] when they cannot be written, as on a full disk.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.as_file_mut().write_all(bytes).map_err(|error| unwritable(&self.target, &error))
    }

    /// Gives it its name, in place of any file of that name.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Unavailable`] when it cannot be flushed or renamed.
    pub(crate) fn keep(self, flush: Flush) -> Result<()> {
        let target = self.target.clone();
        self.flush(flush)
            .and_then(|()| self.rename().map_err(|(error, _)| error))
            .and_then(|()| flush_name(&target, flush))
            .map_err(|error| unwritable(&target, &error))
    }

    pub(super) fn flush(&self, flush: Flush) -> io::Result<()> {
        match flush {
            Flush::Now => self.as_file().sync_all(),
            Flush::Later => Ok(()),
        }
    }

    /// Gives it its name, or itself back where it cannot have it.
    pub(super) fn rename(self) -> Result<(), (io::Error, Self)> {
        let Self { file, target } = self;
        match file.persist(&target) {
            Ok(_) => Ok(()),
            Err(refused) => Err((refused.error, Self { file: refused.file, target })),
        }
    }
}

/// The system's own error, without the temporary name that tempfile adds.
fn bare(error: io::Error) -> io::Error {
    let cause = error.get_ref().and_then(|named| named.source()?.downcast_ref::<io::Error>());
    match cause.and_then(io::Error::raw_os_error) {
        Some(code) => io::Error::from_raw_os_error(code),
        None => error,
    }
}

/// A file's name is on the disk only once its directory is.
pub(super) fn flush_name(file: &Path, flush: Flush) -> io::Result<()> {
    match flush {
        Flush::Now => File::open(parent(file))?.sync_all(),
        Flush::Later => Ok(()),
    }
}

/// Removes what writers that were killed left half-made in a directory. Only for who knows that no
/// one is writing there, as by a lock.
///
/// # Errors
/// When the directory cannot be read, or a file not be removed.
pub(crate) fn sweep(dir: &Path) -> Result<()> {
    let reading = || format!("reading {}", dir.display());
    for entry in fs::read_dir(dir).with_context(reading)? {
        let entry = entry.with_context(reading)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(PREFIX) && name.ends_with(SUFFIX) {
            let path = entry.path();
            fs::remove_file(&path).with_context(|| format!("removing the half-made {}", path.display()))?;
        }
    }
    Ok(())
}

/// The directory that a file lies in.
fn parent(file: &Path) -> &Path {
    match file.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    }
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
        let target = dir.path().join("a");
        let mut file = NewFile::create(&target, Readers::Everybody).unwrap();
        file.write(b"ab").unwrap();
        assert!(!target.exists());
        drop(file);
        assert!(names(dir.path()).is_empty());
        for flush in [Flush::Now, Flush::Later] {
            let mut file = NewFile::create(&target, Readers::Everybody).unwrap();
            file.write(b"a").unwrap();
            file.write(b"bc").unwrap();
            file.keep(flush).unwrap();
            assert_eq!((names(dir.path()), fs::read(&target).unwrap()), (vec!["a".into()], b"abc".to_vec()));
        }
        assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o644);
    }

    #[test]
    fn what_a_killed_writer_left_is_swept_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let left = NewFile::create(&dir.path().join("a"), Readers::Umask).unwrap();
        for name in [".votes.csv.1.tmp", "b.tmp", ".c"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        sweep(dir.path()).unwrap();
        drop(left);
        let mut names = names(dir.path());
        names.sort();
        assert_eq!(names, [".c", "b.tmp"]);
    }
}
