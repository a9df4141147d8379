//! A directory whose files are passed through, and, while it keeps a journal, can undergo a loss of power.
//!
//! What a loss of power leaves follows a journaling file system with its data written late, such as ext4 or XFS:
//! - The bytes and the size of a file are safe once the file was flushed (fsync, fdatasync).
//! - Names (made, removed, renamed, linked) are safe once anything at all was flushed after they were changed, as such
//!   a file system writes its journal in order. So a file can have its new name and none of its new bytes.
//! - Owner, permissions and times are safe at once.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::body::{self, Body};
use super::journal::{Kept, NameChange, Written};
use super::tree::{Place, Tree};

/// The directory's name for what is passed through, and that for what is kept of it.
pub(super) const FILES: &str = "files";
const ASIDE: &str = "aside";

/// Who asks for something, and owns what they make.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner {
    /// The user.
    pub uid: u32,
    /// The group.
    pub gid: u32,
}

/// What is known of a file or directory.
pub(super) struct Entry {
    /// Its number.
    pub number: u64,
    /// What the file system beneath says of it.
    pub metadata: Metadata,
}

/// The files of a directory. Locks are taken in the order of its fields, a file's body after the tree.
pub(super) struct Files {
    aside: PathBuf,
    tree: Mutex<Tree>,
    kept: Mutex<Kept>,
    keeps: AtomicBool,
    next_aside: AtomicU64,
}

impl Files {
    /// Those in the directory `files` of this one; what is kept of them lies beside it.
    ///
    /// # Errors
    /// When the directories are not there, or cannot be made.
    pub(super) fn open(dir: &Path) -> io::Result<Self> {
        let (root, aside) = (dir.join(FILES), dir.join(ASIDE));
        if aside.exists() {
            std::fs::remove_dir_all(&aside)?;
        }
        std::fs::create_dir(&aside)?;
        Ok(Self {
            tree: Mutex::new(Tree::new(&root)),
            kept: Mutex::new(Kept::create(&aside.join("blocks"))?),
            keeps: AtomicBool::new(false),
            next_aside: AtomicU64::new(0),
            aside,
        })
    }

    /// Takes all that is there as flushed, and keeps what is changed from now on.
    ///
    /// # Errors
    /// When what was kept before cannot be removed.
    pub(super) fn keep(&self) -> io::Result<()> {
        self.flush_names()?;
        let bodies: Vec<Arc<Mutex<Body>>> =
            locked(&self.tree).nodes().map(|(_, node)| node.body.clone()).collect();
        for body in bodies {
            self.forget(&body)?;
        }
        self.keeps.store(true, Ordering::SeqCst);
        Ok(())
    }

    /// Makes all that lies beneath what a disk has after a loss of power. Nobody may use the files any more.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn lose_power(&self, written: &mut Written) -> io::Result<()> {
        let mut tree = locked(&self.tree);
        let kept = locked(&self.kept);
        let mut nodes: Vec<(u64, Arc<Mutex<Body>>)> =
            tree.nodes().map(|(number, node)| (number, node.body.clone())).collect();
        // In an order of its own, so that the seed decides the same each time.
        nodes.sort_by_key(|(number, _)| *number);
        for (number, body) in nodes {
            let flushed = locked(&body).flushed.take();
            if let (Some(flushed), Ok(path)) = (flushed, tree.path(number)) {
                flushed.restore(&path, &kept, written)?;
            }
        }
        std::mem::take(&mut tree.changes).into_iter().rev().try_for_each(NameChange::undo)
    }

    /// Finds a name.
    ///
    /// # Errors
    /// When it is not there.
    pub(super) fn look_up(&self, parent: u64, name: &OsStr) -> io::Result<Entry> {
        let mut tree = locked(&self.tree);
        let path = tree.path_of(parent, name)?;
        let metadata = std::fs::symlink_metadata(path)?;
        Ok(Entry { number: tree.look_up(parent, name, metadata.ino()), metadata })
    }

    /// The kernel has forgotten so many lookups.
    pub(super) fn forget_lookups(&self, number: u64, lookups: u64) {
        locked(&self.tree).forget(number, lookups);
    }

    /// What the file system beneath says of a file or directory.
    ///
    /// # Errors
    /// When it is gone.
    pub(super) fn metadata(&self, number: u64) -> io::Result<Metadata> {
        let tree = locked(&self.tree);
        let body = tree.node(number)?.body.clone();
        let body = locked(&body);
        match (body.open_file(), &body.last) {
            (Some(file), _) => file.metadata(),
            (None, Some(last)) => Ok(last.clone()),
            (None, None) => std::fs::symlink_metadata(tree.path(number)?),
        }
    }

    /// The path beneath.
    ///
    /// # Errors
    /// When it has none any more.
    pub(super) fn path(&self, number: u64) -> io::Result<PathBuf> {
        locked(&self.tree).path(number)
    }

    /// Opens a file.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(super) fn open_file(&self, number: u64) -> io::Result<()> {
        let tree = locked(&self.tree);
        let mut body = locked(&tree.node(number)?.body);
        body.open(|| tree.path(number))
    }

    /// Closes it.
    pub(super) fn close_file(&self, number: u64) {
        if let Ok(node) = locked(&self.tree).node(number) {
            locked(&node.body).close();
        }
    }

    /// Makes and opens a file; one that is there is opened.
    ///
    /// # Errors
    /// When it cannot be made, or is there and must not be.
    pub(super) fn create(
        &self,
        (parent, name): (u64, &OsStr),
        mode: u32,
        must_be_new: bool,
        owner: Owner,
    ) -> io::Result<Entry> {
        let mut tree = locked(&self.tree);
        let path = tree.path_of(parent, name)?;
        let new = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(mode)
            .custom_flags(libc::O_NOFOLLOW)
            .open(&path);
        match new {
            Ok(file) => {
                own(&file, owner)?;
                let metadata = file.metadata()?;
                let number = tree.look_up(parent, name, metadata.ino());
                *locked(&tree.node(number)?.body) = Body::opened(file);
                self.made(&mut tree, path);
                Ok(Entry { number, metadata })
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && !must_be_new => {
                drop(tree);
                let entry = self.look_up(parent, name)?;
                self.open_file(entry.number)?;
                Ok(entry)
            }
            Err(error) => Err(error),
        }
    }

    /// Makes what is neither opened nor a link: a directory, an empty file, a symbolic link.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn make(
        &self,
        (parent, name): (u64, &OsStr),
        owner: Owner,
        make: impl FnOnce(&Path) -> io::Result<()>,
    ) -> io::Result<Entry> {
        let mut tree = locked(&self.tree);
        let path = tree.path_of(parent, name)?;
        make(&path)?;
        std::os::unix::fs::lchown(&path, Some(owner.uid), Some(owner.gid))?;
        let metadata = std::fs::symlink_metadata(&path)?;
        self.made(&mut tree, path);
        Ok(Entry { number: tree.look_up(parent, name, metadata.ino()), metadata })
    }

    /// Gives a file a further name.
    ///
    /// # Errors
    /// When that is taken.
    pub(super) fn link(&self, number: u64, (parent, name): (u64, &OsStr)) -> io::Result<Entry> {
        let mut tree = locked(&self.tree);
        let path = tree.path_of(parent, name)?;
        std::fs::hard_link(tree.path(number)?, &path)?;
        tree.link(number, parent, name);
        let metadata = std::fs::symlink_metadata(&path)?;
        self.made(&mut tree, path);
        tree.look_up(parent, name, metadata.ino());
        Ok(Entry { number, metadata })
    }

    fn made(&self, tree: &mut Tree, path: PathBuf) {
        if self.keeps() {
            tree.changes.push(NameChange::Made(path));
        }
    }

    /// Takes a name away from a file, or from an empty directory; its number, where it is known.
    ///
    /// # Errors
    /// When it is not there, or the directory is not empty.
    pub(super) fn remove(&self, parent: u64, name: &OsStr, is_dir: bool) -> io::Result<Option<u64>> {
        self.remove_in(&mut locked(&self.tree), parent, name, is_dir)
    }

    fn remove_in(&self, tree: &mut Tree, parent: u64, name: &OsStr, is_dir: bool) -> io::Result<Option<u64>> {
        let path = tree.path_of(parent, name)?;
        let metadata = std::fs::symlink_metadata(&path)?;
        if !self.keeps() {
            if is_dir { std::fs::remove_dir(path) } else { std::fs::remove_file(path) }?;
            return Ok(unname(tree, parent, name, metadata));
        }
        match (is_dir, metadata.is_dir()) {
            (true, false) => return Err(io::ErrorKind::NotADirectory.into()),
            (false, true) => return Err(io::ErrorKind::IsADirectory.into()),
            (true, true) if std::fs::read_dir(&path)?.next().is_some() => {
                return Err(io::ErrorKind::DirectoryNotEmpty.into());
            }
            _ => {}
        }
        let aside = self.new_aside();
        std::fs::rename(&path, &aside)?;
        let node = tree.unname(parent, name, Place::Aside(aside.clone()));
        tree.changes.push(NameChange::Removed { path, aside, node });
        Ok(node)
    }

    /// Gives a file or directory another name, in the place of what has that.
    ///
    /// # Errors
    /// When it is not there, or what has the name must not be replaced.
    pub(super) fn rename(
        &self,
        (parent, name): (u64, &OsStr),
        (to_parent, to_name): (u64, &OsStr),
        must_be_free: bool,
    ) -> io::Result<()> {
        let mut tree = locked(&self.tree);
        let from = tree.path_of(parent, name)?;
        let to = tree.path_of(to_parent, to_name)?;
        let is_dir = std::fs::symlink_metadata(&from)?.is_dir();
        let replaced = std::fs::symlink_metadata(&to).ok();
        if replaced.is_some() && must_be_free {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        // Two names of one file: rename(2) does nothing then.
        let same = tree.named(parent, name).is_some_and(|it| tree.named(to_parent, to_name) == Some(it));
        if same || from == to {
            return Ok(());
        }
        if replaced.is_some() && self.keeps() {
            self.remove_in(&mut tree, to_parent, to_name, is_dir)?;
        }
        std::fs::rename(&from, &to)?;
        if let Some(metadata) = replaced.filter(|_| !self.keeps()) {
            unname(&mut tree, to_parent, to_name, metadata);
        }
        tree.rename((parent, name), (to_parent, to_name));
        if self.keeps() {
            tree.changes.push(NameChange::Renamed { from, to });
        }
        Ok(())
    }

    /// Reads so many bytes, or fewer where the file ends.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(super) fn read(&self, number: u64, from: u64, bytes: usize) -> io::Result<Vec<u8>> {
        let file = self.file(number)?;
        body::read(&file, from, bytes)
    }

    /// Writes these bytes.
    ///
    /// # Errors
    /// When they cannot be written, or what they replace not be kept.
    pub(super) fn write(&self, number: u64, from: u64, data: &[u8]) -> io::Result<()> {
        self.change(number, |body, file, kept| {
            if let Some(kept) = kept {
                body.before_write(file, kept, from, data.len() as u64)?;
            }
            file.write_all_at(data, from)
        })
    }

    /// Makes a file so long, with room for all of it.
    ///
    /// # Errors
    /// When there is no room.
    pub(super) fn allocate(&self, number: u64, from: u64, bytes: u64) -> io::Result<()> {
        self.change(number, |body, file, kept| {
            if let Some(kept) = kept {
                body.before_write(file, kept, from, 0)?;
            }
            Ok(rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), from, bytes)?)
        })
    }

    /// Changes a file that is open, or is opened for it; with what is kept, where that is.
    fn change(
        &self,
        number: u64,
        change: impl FnOnce(&mut Body, &File, Option<&mut Kept>) -> io::Result<()>,
    ) -> io::Result<()> {
        let tree = locked(&self.tree);
        let node = tree.node(number)?;
        let (body, is_gone) = (node.body.clone(), node.place == Place::Gone);
        let mut body = locked(&body);
        if is_gone && body.open_file().is_none() {
            // Nobody will read it again.
            return Ok(());
        }
        let file = body.file(|| tree.path(number))?;
        drop(tree);
        if self.keeps() && !is_gone {
            let mut kept = locked(&self.kept);
            change(&mut body, &file, Some(&mut *kept))
        } else {
            change(&mut body, &file, None)
        }
    }

    /// Cuts a file, or fills it with zeros, to this size.
    ///
    /// # Errors
    /// When it cannot be, or what is cut off not be kept.
    pub(super) fn set_size(&self, number: u64, size: u64) -> io::Result<()> {
        // Under the lock of all names, as the file may be set aside.
        let tree = locked(&self.tree);
        let node = tree.node(number)?;
        let body = node.body.clone();
        let is_gone = node.place == Place::Gone;
        let mut body = locked(&body);
        if is_gone && body.open_file().is_none() {
            return Ok(());
        }
        let file = body.file(|| tree.path(number))?;
        if !self.keeps() || is_gone {
            return file.set_len(size);
        }
        if size == 0 && body.set_aside(&file, &tree.path(number)?, self.new_aside())? {
            return Ok(());
        }
        body.before_cut(&file, &mut locked(&self.kept), size)?;
        file.set_len(size)
    }

    /// Flushes a file, and with it all names.
    ///
    /// # Errors
    /// When the file system beneath fails.
    pub(super) fn flush(&self, number: u64, data_only: bool) -> io::Result<()> {
        let file = self.file(number)?;
        // What is written from now on is not flushed by this.
        let body = locked(&self.tree).node(number)?.body.clone();
        self.forget(&body)?;
        self.flush_names()?;
        if data_only { file.sync_data() } else { file.sync_all() }
    }

    /// Flushes a directory, and with it all names.
    ///
    /// # Errors
    /// When the file system beneath fails.
    pub(super) fn flush_dir(&self, number: u64) -> io::Result<()> {
        File::open(self.path(number)?)?.sync_all()?;
        self.flush_names()
    }

    fn flush_names(&self) -> io::Result<()> {
        let changes = std::mem::take(&mut locked(&self.tree).changes);
        for change in changes {
            let NameChange::Removed { aside, node, .. } = change else { continue };
            let metadata = std::fs::symlink_metadata(&aside)?;
            let body = node.and_then(|node| locked(&self.tree).gone(node));
            if let Some(body) = body {
                self.forget(&body)?;
                locked(&body).last = Some(metadata.clone());
            }
            match metadata.is_dir() {
                true => std::fs::remove_dir(aside)?,
                false => std::fs::remove_file(aside)?,
            }
        }
        Ok(())
    }

    fn forget(&self, body: &Mutex<Body>) -> io::Result<()> {
        let flushed = locked(body).flushed.take();
        flushed.map_or(Ok(()), |flushed| flushed.forget(&mut locked(&self.kept)))
    }

    /// What is in a directory, each with its number beneath.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn list(&self, number: u64) -> io::Result<Vec<(OsString, Metadata)>> {
        let entries = std::fs::read_dir(self.path(number)?)?;
        // One that goes away meanwhile is not there.
        Ok(entries.flatten().filter_map(|entry| Some((entry.file_name(), entry.metadata().ok()?))).collect())
    }

    /// The file beneath.
    fn file(&self, number: u64) -> io::Result<Arc<File>> {
        let tree = locked(&self.tree);
        let mut body = locked(&tree.node(number)?.body);
        body.file(|| tree.path(number))
    }

    fn keeps(&self) -> bool {
        self.keeps.load(Ordering::SeqCst)
    }

    fn new_aside(&self) -> PathBuf {
        self.aside.join(self.next_aside.fetch_add(1, Ordering::Relaxed).to_string())
    }
}

/// Takes a name away from what is gone from there, of which this was said before; its number, where it is known.
fn unname(tree: &mut Tree, parent: u64, name: &OsStr, metadata: Metadata) -> Option<u64> {
    let number = tree.unname(parent, name, Place::Gone)?;
    if let Ok(node) = tree.node(number) {
        locked(&node.body).last = Some(metadata).filter(|_| node.place == Place::Gone);
    }
    Some(number)
}

/// Gives what was made to whom it is for; a user can make things for nobody else.
fn own(file: &File, owner: Owner) -> io::Result<()> {
    match rustix::process::geteuid().is_root() {
        true => std::os::unix::fs::fchown(file, Some(owner.uid), Some(owner.gid)),
        false => Ok(()),
    }
}

/// Makes a directory.
///
/// # Errors
/// When it is there.
pub(super) fn make_dir(path: &Path, mode: u32) -> io::Result<()> {
    std::fs::DirBuilder::new().mode(mode).create(path)
}

fn locked<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
