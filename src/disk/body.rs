//! What is in a file: the file beneath, as long as it is open, and what is not flushed of it.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::journal::{Flushed, Kept};

/// What is in a file.
#[derive(Default)]
pub(super) struct Body {
    /// The file beneath.
    file: Option<Arc<File>>,
    /// How often it is open above.
    opens: u64,
    /// What it was when it was flushed last; `None` where it is the same now.
    pub flushed: Option<Flushed>,
    /// What was said of it last, once it is gone for good: the kernel may ask until it has forgotten it.
    pub last: Option<Metadata>,
}

impl Body {
    /// A file that was just made, and is open above.
    pub(super) fn opened(file: File) -> Self {
        Self { file: Some(Arc::new(file)), opens: 1, flushed: None, last: None }
    }

    /// The file; one that is not open above is opened at this path for now.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(super) fn file(&mut self, path: impl FnOnce() -> io::Result<PathBuf>) -> io::Result<Arc<File>> {
        match &self.file {
            Some(file) => Ok(file.clone()),
            None => Ok(Arc::new(open(&path()?)?)),
        }
    }

    /// The file, where it is open.
    pub(super) fn open_file(&self) -> Option<&File> {
        self.file.as_deref()
    }

    /// It is open above once more.
    ///
    /// # Errors
    /// When it cannot be opened at this path.
    pub(super) fn open(&mut self, path: impl FnOnce() -> io::Result<PathBuf>) -> io::Result<()> {
        self.file = Some(self.file(path)?);
        self.opens += 1;
        Ok(())
    }

    /// It is open above once less.
    pub(super) fn close(&mut self) {
        self.opens = self.opens.saturating_sub(1);
        if self.opens == 0 {
            self.file = None;
        }
    }

    /// Keeps what a write replaces.
    ///
    /// # Errors
    /// When it cannot be read or kept.
    pub(super) fn before_write(
        &mut self,
        file: &File,
        kept: &mut Kept,
        from: u64,
        bytes: u64,
    ) -> io::Result<()> {
        self.flushed(file)?.before_write(file, kept, from, bytes)
    }

    /// Keeps what is cut off.
    ///
    /// # Errors
    /// As [`Body::before_write`].
    pub(super) fn before_cut(&mut self, file: &File, kept: &mut Kept, size: u64) -> io::Result<()> {
        self.flushed(file)?.before_cut(file, kept, size)
    }

    /// Sets the file at this path aside, and puts an empty one in its place; whether it has.
    ///
    /// # Errors
    /// When a name cannot be changed or a file not be made.
    pub(super) fn set_aside(&mut self, file: &File, path: &Path, aside: PathBuf) -> io::Result<bool> {
        if !self.flushed(file)?.can_be_set_aside() {
            return Ok(false);
        }
        let old = file.metadata()?;
        std::fs::rename(path, &aside)?;
        let new = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(old.mode() & 0o7777)
            .open(path)?;
        std::os::unix::fs::fchown(&new, Some(old.uid()), Some(old.gid()))?;
        self.flushed(file)?.set_aside(aside);
        if self.file.is_some() {
            self.file = Some(Arc::new(new));
        }
        Ok(true)
    }

    fn flushed(&mut self, file: &File) -> io::Result<&mut Flushed> {
        let flushed = match self.flushed.take() {
            Some(flushed) => flushed,
            None => Flushed::now(file)?,
        };
        Ok(self.flushed.insert(flushed))
    }
}

/// Opens a file for all that may be done to it: with write-back the kernel reads what it is to write a part of. Who may
/// do what above, the kernel has decided.
fn open(path: &Path) -> io::Result<File> {
    let both = OpenOptions::new().read(true).write(true).custom_flags(libc::O_NOFOLLOW).open(path);
    match both {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW).open(path)
        }
        other => other,
    }
}

/// Reads so many bytes, or fewer where the file ends.
///
/// # Errors
/// When they cannot be read.
pub(super) fn read(file: &File, from: u64, bytes: usize) -> io::Result<Vec<u8>> {
    let mut data = vec![0; bytes];
    let mut read = 0;
    while read < bytes {
        match file.read_at(&mut data[read..], from + read as u64) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    data.truncate(read);
    Ok(data)
}
