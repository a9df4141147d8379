//! A destination that a user names: a file, or anything else that can be written to. It keeps its kind: a
//! link stays a link, a device a device, a file its owner's.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Stderr, Stdout, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::fs::{OFlags, XattrFlags, fcntl_getfl};
use rustix::io::Errno;
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

use super::advice::unwritable;
use super::new_file::{Flush, NewFile, Readers, flush_name};
use crate::interrupt::Interrupt;
use crate::usage;

/// The most links that lead to a file, as the kernel has it (MAXSYMLINKS).
const MOST_LINKS: usize = 40;
/// The shortest and the longest wait for a reader.
const WAITS: (Duration, Duration) = (Duration::from_micros(50), Duration::from_millis(50));

/// An output being written. Dropped before it is finished, it leaves a file that was there as it was,
/// except where that had to be written in place.
#[derive(Debug)]
pub(crate) struct Destination {
    name: PathBuf,
    /// Whether it is the standard output, whose reader may go when it has seen enough.
    standard: bool,
    to: To,
}

#[derive(Debug)]
enum To {
    Stdout(Stdout),
    Stderr(Stderr),
    /// A device, a pipe's end, which takes what it can without waiting, or a file that was open before.
    Stream(File),
    /// The standard output, whose reader has gone.
    Gone,
    /// In the end, a regular file takes the place of the one that may be there.
    New(NewFile),
    /// A regular file that nothing can take the place of, and why; whether something was written.
    InPlace(File, String, bool),
}

impl Destination {
    /// Opens what `path` names; `-` is the standard output. A symbolic link is followed. A pipe
    /// without a reader is waited for.
    ///
    /// A regular file keeps owner, group, mode and extended attributes, and shows the new content as
    /// a whole in the end. Where another file cannot take its place, as it has other names or its owner
    /// is somebody else, it is written in place, and [`Destination::finish`] says why.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] for what cannot be written to: a directory, a socket, a block
    /// device; [`crate::fault::Fault::Unavailable`] where there is no permission or no space; or
    /// [`crate::fault::Fault::Interrupted`].
    pub(crate) fn open(path: &Path, interrupt: &Interrupt) -> Result<Self> {
        let to = match path.as_os_str().as_bytes() {
            b"-" | b"/dev/stdout" | b"/dev/fd/1" | b"/proc/self/fd/1" => {
                return Ok(Self { name: "the standard output".into(), standard: true, to: stdout() });
            }
            b"/dev/stderr" | b"/dev/fd/2" | b"/proc/self/fd/2" => To::Stderr(io::stderr()),
            _ => named(path, interrupt)?,
        };
        Ok(Self { name: path.to_owned(), standard: false, to })
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Unavailable`] when they cannot be written, as on a full disk or where
    /// the reader of a pipe has gone (that of the standard output may); or [`crate::fault::Fault::Interrupted`] while waiting for a reader.
    pub(crate) fn write(&mut self, bytes: &[u8], interrupt: &Interrupt) -> Result<()> {
        let written = match &mut self.to {
            To::New(file) => return file.write(bytes),
            To::Stream(file) => stream(file, bytes, interrupt)?,
            To::Gone => Ok(()),
            To::Stdout(stdout) => stdout.lock().write_all(bytes),
            To::Stderr(stderr) => stderr.lock().write_all(bytes),
            To::InPlace(file, _, begun) => {
                let emptied = if *begun { Ok(()) } else { file.set_len(0) };
                *begun = true;
                emptied.and_then(|()| file.write_all(bytes))
            }
        };
        match written {
            // Such as `| head`: it has what it wanted.
            Err(error) if error.kind() == ErrorKind::BrokenPipe && self.standard => self.to = To::Gone,
            written => written.map_err(|error| self.failed(&error))?,
        }
        Ok(())
    }

    /// Ends it: a file now shows what was written. Says why one was written in place.
    ///
    /// # Errors
    /// As [`Destination::write`].
    pub(crate) fn finish(mut self, flush: Flush) -> Result<Option<String>> {
        let ended = match &mut self.to {
            To::Stream(_) | To::Gone => Ok(()),
            To::Stdout(stdout) => stdout.lock().flush(),
            To::Stderr(stderr) => stderr.lock().flush(),
            To::New(_) => return self.replace(flush),
            To::InPlace(file, _, begun) => {
                let emptied = if *begun { Ok(()) } else { file.set_len(0) };
                emptied.and_then(|()| if flush == Flush::Now { file.sync_all() } else { Ok(()) })
            }
        };
        ended.map_err(|error| self.failed(&error))?;
        Ok(match self.to {
            To::InPlace(_, why, _) => Some(format!("{} was written in place: {why}", self.name.display())),
            _ => None,
        })
    }

    fn replace(self, flush: Flush) -> Result<Option<String>> {
        let Self { name, to: To::New(new), .. } = self else { return Ok(None) };
        let target = new.target().to_owned();
        let failed = |error: io::Error| unwritable(&name, &error);
        new.flush(flush).map_err(failed)?;
        match new.rename() {
            Ok(()) => flush_name(&target, flush).map_err(failed).map(|()| None),
            // Something is mounted on it: nothing can take its place, but it can be written.
            Err((error, new)) if error.kind() == ErrorKind::ResourceBusy => {
                let mut old = OpenOptions::new().write(true).truncate(true).open(&target).map_err(failed)?;
                let mut content = new.reopened().map_err(failed)?;
                io::copy(&mut content, &mut old).map_err(failed)?;
                Ok(Some(format!("{} was written in place: {error}", name.display())))
            }
            Err((error, _)) => Err(failed(error)),
        }
    }

    fn failed(&self, error: &io::Error) -> anyhow::Error {
        let error = unwritable(&self.name, error);
        match self.to {
            To::InPlace(_, _, true) => error
                .context(format!("{} was being written in place and is incomplete now", self.name.display())),
            _ => error,
        }
    }
}

/// The standard output; where it is a pipe, by an end of our own, as waiting for a reader must end
/// when work has to stop, and the one we were given is shared with others.
fn stdout() -> To {
    let stdout = io::stdout();
    let is_pipe = rustix::fs::fstat(stdout.as_fd())
        .is_ok_and(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::Fifo);
    match is_pipe.then(|| unwaiting("/proc/self/fd/1".as_ref())) {
        Some(Ok(pipe)) => To::Stream(pipe),
        _ => To::Stdout(stdout),
    }
}

/// Opens for writing, without waiting now or later.
fn unwaiting(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).custom_flags(OFlags::NONBLOCK.bits() as i32).open(path)
}

fn named(path: &Path, interrupt: &Interrupt) -> Result<To> {
    let meta = match fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == ErrorKind::NotFound => return absent(path),
        Err(error) => return Err(unwritable(path, &error)),
    };
    let kind = meta.file_type();
    let cannot = |what: &str, next: &str| Err(usage!("{} is {what}: {next}", path.display()));
    if kind.is_dir() {
        cannot("a directory", "give the name of a file, or - for the standard output")
    } else if kind.is_socket() {
        cannot("a socket, which cannot be opened as a file", "give - and pipe the standard output to it")
    } else if kind.is_block_device() {
        cannot(
            "a block device, and what is on it would be lost",
            "give the name of a file, or - for the standard output",
        )
    } else if kind.is_file() {
        match inherited(path, &meta)? {
            Some(open) => Ok(To::Stream(open)),
            None => regular(path, &meta),
        }
    } else {
        waited_for(path, interrupt)
    }
}

/// The file as somebody opened it for this program before it began, such as the shell for `> log` or
/// `3>> log`, by whatever name it is meant: others write to it by the same description, at one place.
fn inherited(path: &Path, meta: &Metadata) -> Result<Option<File>> {
    let listed = fs::read_dir("/proc/self/fd").and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let listed = listed.with_context(|| format!("looking whether {} is open already", path.display()))?;
    for entry in listed {
        let Some(number) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // The descriptor that lists them is closed again.
        let Ok(open) = fs::metadata(entry.path()) else { continue };
        if (open.dev(), open.ino()) != (meta.dev(), meta.ino()) {
            continue;
        }
        let shared = pidfd_open(getpid(), PidfdFlags::empty())
            .and_then(|own| pidfd_getfd(own, number, PidfdGetfdFlags::empty()))
            .map_err(|error| unwritable(path, &error.into()))?;
        let mode = fcntl_getfl(&shared).map_err(|error| unwritable(path, &error.into()))?;
        if mode.intersection(OFlags::ACCMODE) != OFlags::RDONLY {
            return Ok(Some(shared.into()));
        }
    }
    Ok(None)
}

/// A pipe or device, once somebody reads it.
fn waited_for(path: &Path, interrupt: &Interrupt) -> Result<To> {
    loop {
        match unwaiting(path) {
            Ok(file) => return Ok(To::Stream(file)),
            Err(error) if error.raw_os_error() == Some(Errno::NXIO.raw_os_error()) => {
                interrupt
                    .sleep(WAITS.1)
                    .with_context(|| format!("waiting for somebody to read {}", path.display()))?;
            }
            Err(error) => return Err(unwritable(path, &error)),
        }
    }
}

/// A file that is not there yet.
fn absent(path: &Path) -> Result<To> {
    let mut target = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(next) = fs::read_link(&target) else {
            if target.file_name().is_none() || target.as_os_str().as_bytes().ends_with(b"/") {
                return Err(usage!("{} is not the name of a file: give one", path.display()));
            }
            let new = NewFile::create(&target, Readers::Umask).map(To::New);
            return match target == path {
                true => new,
                false => new.with_context(|| format!("following the link {}", path.display())),
            };
        };
        target = target.parent().unwrap_or(Path::new("")).join(next);
    }
    Err(usage!("{} is a link that leads round in circles: give another name", path.display()))
}

/// A regular file that is there.
fn regular(path: &Path, meta: &Metadata) -> Result<To> {
    let is_it = |other: Metadata| (other.dev(), other.ino()) == (meta.dev(), meta.ino());
    // The right to write it is asked for although another takes its place.
    let old = OpenOptions::new().write(true).open(path).map_err(|error| unwritable(path, &error))?;
    let in_place = |old: File, why: String| Ok(To::InPlace(old, why, false));
    if meta.nlink() != 1 {
        return in_place(old, "it has other names (hard links)".into());
    }
    let target = match fs::canonicalize(path) {
        Ok(target) if fs::metadata(&target).is_ok_and(is_it) => target,
        _ => return in_place(old, "its name is not known".into()),
    };
    let new = NewFile::begin(&target).and_then(|new| liken(new.as_file(), &old, meta).map(|()| new));
    match new {
        Ok(new) => Ok(To::New(new)),
        Err(error) if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
            Err(unwritable(path, &error))
        }
        Err(error) => in_place(old, format!("no file like it can be made beside it ({error})")),
    }
}

/// Gives a new file the owner, the mode and the extended attributes (access lists among them) of an old one.
fn liken(new: &File, old: &File, meta: &Metadata) -> io::Result<()> {
    let made = new.metadata()?;
    if (made.uid(), made.gid()) != (meta.uid(), meta.gid()) {
        std::os::unix::fs::fchown(new, Some(meta.uid()), Some(meta.gid()))?;
    }
    for name in attributes(old)? {
        let mut value = vec![0; rustix::fs::fgetxattr_query(old, &*name)?];
        let length = rustix::fs::fgetxattr(old, &*name, &mut value[..])?;
        rustix::fs::fsetxattr(new, &*name, &value[..length], XattrFlags::empty())?;
    }
    // Last, as a new owner takes part of it away.
    new.set_permissions(Permissions::from_mode(meta.mode() & 0o7777))
}

/// The names of a file's extended attributes; none where the file system has no such thing.
fn attributes(file: &File) -> io::Result<Vec<Vec<u8>>> {
    let listed = rustix::fs::flistxattr_query(file).and_then(|length| {
        let mut names = vec![0_u8; length];
        let length = rustix::fs::flistxattr(file, &mut names[..])?;
        names.truncate(length);
        Ok(names)
    });
    match listed {
        Ok(names) => Ok(names.split(|b| *b == 0).filter(|n| !n.is_empty()).map(<[u8]>::to_vec).collect()),
        Err(Errno::NOTSUP) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

/// Writes to what takes only as much as its reader has room for.
fn stream(file: &mut File, mut bytes: &[u8], interrupt: &Interrupt) -> Result<io::Result<()>> {
    let mut wait = WAITS.0;
    while !bytes.is_empty() {
        match file.write(bytes) {
            Ok(0) => return Ok(Err(ErrorKind::WriteZero.into())),
            Ok(written) => (bytes, wait) = (&bytes[written..], WAITS.0),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                interrupt.sleep(wait)?;
                wait = (2 * wait).min(WAITS.1);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => interrupt.check()?,
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(()))
}
