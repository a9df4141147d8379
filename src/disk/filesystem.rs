//! The file system as the kernel asks for it: what it asks is done beneath, and answered when the device would be done.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::{Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo,
    InitFlags, KernelConfig, LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData,
    ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs, ReplyWrite, Request, TimeOrNow,
    WriteFlags,
};
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps};

use super::device::Device;
use super::files::{Entry, Files, Owner, make_dir};
use super::model::Stretch;

/// How long the kernel may take what it knows of names and files for right: nobody else changes them.
const VALID: Duration = Duration::from_secs(365 * 86_400);

/// The largest write that the kernel sends: what volumes of AWS EBS count as one operation at most.
const LARGEST_WRITE: u32 = 256 << 10;

/// Writes and readahead that the kernel has under way at most.
const UNDER_WAY: u16 = 32;

/// What a directory held.
type List = Vec<(OsString, Metadata)>;

/// A file system above a directory, by the pace of a device.
pub(super) struct Served {
    files: Arc<Files>,
    device: Arc<Device>,
    /// Whether the power is gone: nothing is read, written or flushed any more.
    is_off: Arc<AtomicBool>,
    /// What directories held when they were opened.
    lists: Mutex<HashMap<u64, Arc<List>>>,
    next_list: AtomicU64,
}

impl Served {
    /// One above these files, whose power can be turned off.
    pub(super) fn new(files: Arc<Files>, device: Arc<Device>, is_off: Arc<AtomicBool>) -> Self {
        Self { files, device, is_off, lists: Mutex::default(), next_list: AtomicU64::new(1) }
    }

    fn powered(&self) -> io::Result<()> {
        match self.is_off.load(Ordering::SeqCst) {
            true => Err(io::Error::from_raw_os_error(libc::EIO)),
            false => Ok(()),
        }
    }

    /// Sets what is given of owner, permissions and times.
    fn set_metadata(
        &self,
        number: u64,
        mode: Option<u32>,
        (uid, gid): (Option<u32>, Option<u32>),
        (accessed, modified): (Option<TimeOrNow>, Option<TimeOrNow>),
    ) -> io::Result<()> {
        if mode.is_none() && uid.is_none() && gid.is_none() && accessed.is_none() && modified.is_none() {
            return Ok(());
        }
        // What has no name any more has nobody who could see these.
        let Ok(path) = self.files.path(number) else { return Ok(()) };
        if uid.is_some() || gid.is_some() {
            std::os::unix::fs::lchown(&path, uid, gid)?;
        }
        if let Some(mode) = mode {
            std::fs::set_permissions(&path, Permissions::from_mode(mode & 0o7777))?;
        }
        if accessed.is_some() || modified.is_some() {
            let times = Timestamps { last_access: timespec(accessed), last_modification: timespec(modified) };
            rustix::fs::utimensat(CWD, &path, &times, AtFlags::SYMLINK_NOFOLLOW)?;
        }
        Ok(())
    }

    fn list(&self, handle: u64) -> io::Result<Arc<List>> {
        let lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        lists.get(&handle).cloned().ok_or_else(|| io::Error::from_raw_os_error(libc::EBADF))
    }

    fn answer_entry(reply: ReplyEntry, made: io::Result<Entry>) {
        match made {
            Ok(entry) => reply.entry(&VALID, &attributes(entry.number, &entry.metadata), Generation(0)),
            Err(error) => reply.error(Errno::from(error)),
        }
    }

    fn answer_empty(reply: ReplyEmpty, done: io::Result<()>) {
        match done {
            Ok(()) => reply.ok(),
            Err(error) => reply.error(Errno::from(error)),
        }
    }

    /// Answers once a file is flushed.
    fn answer_flush(&self, reply: ReplyEmpty, number: u64, flush: impl FnOnce() -> io::Result<()>) {
        let asked = Instant::now();
        match self.powered().and_then(|()| flush()) {
            Ok(()) => self.device.flush(asked, number, move || reply.ok()),
            Err(error) => reply.error(Errno::from(error)),
        }
    }

    fn remove(&self, parent: INodeNo, name: &OsStr, is_dir: bool) -> io::Result<()> {
        self.powered()?;
        if let Some(number) = self.files.remove(parent.0, name, is_dir)? {
            self.device.forget(number);
        }
        Ok(())
    }
}

/// The owner of what a request makes.
fn owner(request: &Request) -> Owner {
    Owner { uid: request.uid(), gid: request.gid() }
}

impl Filesystem for Served {
    fn init(&mut self, _: &Request, config: &mut KernelConfig) -> io::Result<()> {
        config.add_capabilities(InitFlags::FUSE_WRITEBACK_CACHE).map_err(|_| {
            io::Error::new(io::ErrorKind::Unsupported, "this kernel's FUSE has no write-back cache")
        })?;
        // Without these it is slower, and right.
        for extra in [InitFlags::FUSE_PARALLEL_DIROPS, InitFlags::FUSE_ASYNC_DIO] {
            let _ = config.add_capabilities(extra);
        }
        // Both are within the limits of the crate.
        let _ = config.set_max_write(LARGEST_WRITE);
        let _ = config.set_max_background(UNDER_WAY);
        Ok(())
    }

    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        Self::answer_entry(reply, self.files.look_up(parent.0, name));
    }

    fn forget(&self, _: &Request, number: INodeNo, lookups: u64) {
        self.files.forget_lookups(number.0, lookups);
    }

    fn getattr(&self, _: &Request, number: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.files.metadata(number.0) {
            Ok(metadata) => reply.attr(&VALID, &attributes(number.0, &metadata)),
            Err(error) => reply.error(Errno::from(error)),
        }
    }

    fn setattr(
        &self,
        _: &Request,
        number: INodeNo,
        mode: Option<u32>,
        uid: Option<u32>,
        gid: Option<u32>,
        size: Option<u64>,
        accessed: Option<TimeOrNow>,
        modified: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let set = || -> io::Result<Metadata> {
            self.powered()?;
            if let Some(size) = size {
                self.files.set_size(number.0, size)?;
                if size == 0 {
                    self.device.forget(number.0);
                }
            }
            self.set_metadata(number.0, mode, (uid, gid), (accessed, modified))?;
            self.files.metadata(number.0)
        };
        match set() {
            Ok(metadata) => reply.attr(&VALID, &attributes(number.0, &metadata)),
            Err(error) => reply.error(Errno::from(error)),
        }
    }

    fn readlink(&self, _: &Request, number: INodeNo, reply: ReplyData) {
        match self.files.path(number.0).and_then(std::fs::read_link) {
            Ok(target) => reply.data(target.as_os_str().as_encoded_bytes()),
            Err(error) => reply.error(Errno::from(error)),
        }
    }

    fn mknod(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _: u32,
        _: u32,
        reply: ReplyEntry,
    ) {
        if mode & libc::S_IFMT != libc::S_IFREG {
            return reply.error(Errno::EPERM);
        }
        let made = self.powered().and_then(|()| {
            let entry = self.files.create((parent.0, name), mode & 0o7777, true, owner(request))?;
            self.files.close_file(entry.number);
            Ok(entry)
        });
        Self::answer_entry(reply, made);
    }

    fn mkdir(&self, request: &Request, parent: INodeNo, name: &OsStr, mode: u32, _: u32, reply: ReplyEntry) {
        let make = |path: &Path| make_dir(path, mode & 0o7777);
        let made = self.powered().and_then(|()| self.files.make((parent.0, name), owner(request), make));
        Self::answer_entry(reply, made);
    }

    fn symlink(&self, request: &Request, parent: INodeNo, name: &OsStr, target: &Path, reply: ReplyEntry) {
        let make = |path: &Path| std::os::unix::fs::symlink(target, path);
        let made = self.powered().and_then(|()| self.files.make((parent.0, name), owner(request), make));
        Self::answer_entry(reply, made);
    }

    fn link(&self, _: &Request, number: INodeNo, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let made = self.powered().and_then(|()| self.files.link(number.0, (parent.0, name)));
        Self::answer_entry(reply, made);
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        Self::answer_empty(reply, self.remove(parent, name, false));
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        Self::answer_empty(reply, self.remove(parent, name, true));
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        to_parent: INodeNo,
        to_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let must_be_free = flags.contains(RenameFlags::RENAME_NOREPLACE);
        if !(flags - RenameFlags::RENAME_NOREPLACE).is_empty() {
            return reply.error(Errno::EINVAL);
        }
        let renamed = self
            .powered()
            .and_then(|()| self.files.rename((parent.0, name), (to_parent.0, to_name), must_be_free));
        Self::answer_empty(reply, renamed);
    }

    fn open(&self, _: &Request, number: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        match self.files.open_file(number.0) {
            // What the kernel holds of the file stays right, as nobody else writes to it.
            Ok(()) => reply.opened(FileHandle(0), FopenFlags::FOPEN_KEEP_CACHE),
            Err(error) => reply.error(Errno::from(error)),
        }
    }

    fn create(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _: u32,
        flags: i32,
        reply: ReplyCreate,
    ) {
        let must_be_new = flags & libc::O_EXCL != 0;
        let made = self
            .powered()
            .and_then(|()| self.files.create((parent.0, name), mode & 0o7777, must_be_new, owner(request)));
        match made {
            Ok(Entry { number, metadata }) => reply.created(
                &VALID,
                &attributes(number, &metadata),
                Generation(0),
                FileHandle(0),
                FopenFlags::FOPEN_KEEP_CACHE,
            ),
            Err(error) => reply.error(Errno::from(error)),
        }
    }

    fn read(
        &self,
        _: &Request,
        number: INodeNo,
        _: FileHandle,
        from: u64,
        bytes: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        match self.powered().and_then(|()| self.files.read(number.0, from, bytes as usize)) {
            Ok(data) if data.is_empty() => reply.data(&data),
            Ok(data) => {
                let stretch = Stretch { file: number.0, from, bytes: data.len() as u64 };
                self.device.read(stretch, move || reply.data(&data));
            }
            Err(error) => reply.error(Errno::from(error)),
        }
    }

    fn write(
        &self,
        _: &Request,
        number: INodeNo,
        _: FileHandle,
        from: u64,
        data: &[u8],
        write_flags: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let bytes = data.len() as u32;
        let stretch = Stretch { file: number.0, from, bytes: u64::from(bytes) };
        let answer = match self.powered().and_then(|()| self.files.write(number.0, from, data)) {
            Ok(()) => move || reply.written(bytes),
            Err(error) => return reply.error(Errno::from(error)),
        };
        match write_flags.contains(WriteFlags::FUSE_WRITE_CACHE) {
            true => self.device.write_back(stretch, answer),
            // Past the kernel's cache (O_DIRECT): somebody waits for it.
            false => self.device.write(stretch, answer),
        }
    }

    /// Closing a file flushes nothing; the kernel asks no more once it is told so.
    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.error(Errno::ENOSYS);
    }

    fn release(
        &self,
        _: &Request,
        number: INodeNo,
        _: FileHandle,
        _: OpenFlags,
        _: Option<LockOwner>,
        _: bool,
        reply: ReplyEmpty,
    ) {
        self.files.close_file(number.0);
        reply.ok();
    }

    fn fsync(&self, _: &Request, number: INodeNo, _: FileHandle, data_only: bool, reply: ReplyEmpty) {
        self.answer_flush(reply, number.0, || self.files.flush(number.0, data_only));
    }

    fn fsyncdir(&self, _: &Request, number: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        self.answer_flush(reply, number.0, || self.files.flush_dir(number.0));
    }

    fn opendir(&self, _: &Request, number: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        match self.files.list(number.0) {
            Ok(list) => {
                let handle = self.next_list.fetch_add(1, Ordering::Relaxed);
                self.lists.lock().unwrap_or_else(PoisonError::into_inner).insert(handle, Arc::new(list));
                reply.opened(FileHandle(handle), FopenFlags::empty());
            }
            Err(error) => reply.error(Errno::from(error)),
        }
    }

    fn readdir(
        &self,
        _: &Request,
        number: INodeNo,
        handle: FileHandle,
        from: u64,
        mut reply: ReplyDirectory,
    ) {
        let list = match self.list(handle.0) {
            Ok(list) => list,
            Err(error) => return reply.error(Errno::from(error)),
        };
        // What the directory above is, nobody asks of this list.
        let dots = [".", ".."].map(|name| (OsStr::new(name), number.0, FileType::Directory));
        let entries = list.iter().map(|(name, metadata)| (name.as_os_str(), metadata.ino(), kind(metadata)));
        for (at, (name, number, kind)) in dots.into_iter().chain(entries).enumerate().skip(from as usize) {
            if reply.add(INodeNo(number), at as u64 + 1, kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn releasedir(&self, _: &Request, _: INodeNo, handle: FileHandle, _: OpenFlags, reply: ReplyEmpty) {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner).remove(&handle.0);
        reply.ok();
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        let space = self.files.path(super::tree::ROOT).and_then(|root| Ok(rustix::fs::statvfs(root)?));
        match space {
            Ok(space) => reply.statfs(
                space.f_blocks,
                space.f_bfree,
                space.f_bavail,
                space.f_files,
                space.f_ffree,
                space.f_bsize as u32,
                space.f_namemax as u32,
                space.f_frsize as u32,
            ),
            Err(error) => reply.error(Errno::from(error)),
        }
    }

    fn fallocate(
        &self,
        _: &Request,
        number: INodeNo,
        _: FileHandle,
        from: u64,
        bytes: u64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        // Holes, and room behind the end, are for those who can do without.
        if mode != 0 {
            return reply.error(Errno::EOPNOTSUPP);
        }
        Self::answer_empty(reply, self.powered().and_then(|()| self.files.allocate(number.0, from, bytes)));
    }
}

fn kind(metadata: &Metadata) -> FileType {
    FileType::from_std(metadata.file_type()).unwrap_or(FileType::RegularFile)
}

fn attributes(number: u64, metadata: &Metadata) -> FileAttr {
    let changed = Duration::new(
        u64::try_from(metadata.ctime()).unwrap_or(0),
        u32::try_from(metadata.ctime_nsec()).unwrap_or(0),
    );
    FileAttr {
        ino: INodeNo(number),
        size: metadata.len(),
        blocks: metadata.blocks(),
        atime: metadata.accessed().unwrap_or(UNIX_EPOCH),
        mtime: metadata.modified().unwrap_or(UNIX_EPOCH),
        ctime: UNIX_EPOCH + changed,
        crtime: UNIX_EPOCH,
        kind: kind(metadata),
        perm: (metadata.mode() & 0o7777) as u16,
        nlink: metadata.nlink() as u32,
        uid: metadata.uid(),
        gid: metadata.gid(),
        rdev: metadata.rdev() as u32,
        blksize: 4096,
        flags: 0,
    }
}

fn timespec(time: Option<TimeOrNow>) -> Timespec {
    match time {
        None => Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT },
        Some(TimeOrNow::Now) => Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW },
        Some(TimeOrNow::SpecificTime(time)) => {
            let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
            Timespec { tv_sec: since.as_secs() as i64, tv_nsec: i64::from(since.subsec_nanos()) }
        }
    }
}
