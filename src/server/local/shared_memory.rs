//! Shared memory that a killed server, or one that initdb ran, has left.
//!
//! PostgreSQL leaves a System V segment and files in /dev/shm when it is killed, and only a server
//! started in the same directory would take them away (src/backend/port/sysv_shmem.c, dsm.c). Its
//! segment says which directory it belongs to, and which file lists the others: so nothing of
//! another server's is ever touched.
//!
//! The directory is known to the segment by the numbers of its device and inode. They are written down before a server is
//! started there: later it may be gone, or on an emulated disk that is off, dead or mounted anew, which is another device
//! each time.

use std::ffi::c_void;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::server::processes;

/// The file of a run's directory that says where its servers were started, a line for each place.
const RECORD: &str = "shared-memory";

/// The first word of a server's System V segment: `PGShmemMagic` in src/include/storage/pg_shmem.h.
const SEGMENT_MAGIC: i32 = 679_834_894;
/// The first word of the file that lists the others: `PG_DYNSHMEM_CONTROL_MAGIC` in dsm.c.
const LIST_MAGIC: u32 = 0x9a50_3d32;
/// A list has no more entries than this: 64, and five for each of 262143 backends, the most there can be.
const MOST_LISTED: usize = 64 + 5 * 262_143;
/// A server takes the directory's inode as the key of its segment, or one of the next where others have that
/// (`PGSharedMemoryCreate` in sysv_shmem.c). No other segment is looked into: a server that starts again takes one that
/// anybody is attached to for that of a living one.
const KEYS: u32 = 64;

/// How long the processes of a dead server may take to let its memory go.
const DETACH_LIMIT: Duration = Duration::from_secs(10);

/// `PGShmemHeader` of src/include/storage/pg_shmem.h, the same from version 13 to 18.
#[repr(C)]
#[derive(Clone, Copy)]
struct Header {
    magic: i32,
    creator: i32,
    total: usize,
    free: usize,
    list: u32,
    index: usize,
    device: u64,
    inode: u64,
}

/// A data directory as segments know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Home {
    device: u64,
    inode: u64,
}

/// A System V segment, as the kernel lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Segment {
    key: i32,
    id: i32,
    bytes: usize,
    attached: usize,
}

/// Writes down that servers of a run are going to be started in this data directory.
///
/// # Errors
/// When the directory is not there, or it cannot be written down.
pub(crate) fn expect(run_dir: &Path, data: &Path) -> Result<()> {
    let context = || format!("writing down where the memory of the server in {} belongs", data.display());
    let meta = std::fs::metadata(data).with_context(context)?;
    let home = Home { device: meta.dev(), inode: meta.ino() };
    if homes(run_dir)?.contains(&home) {
        return Ok(());
    }
    let mut record =
        OpenOptions::new().create(true).append(true).open(run_dir.join(RECORD)).with_context(context)?;
    // At once: a line is there as a whole.
    record.write_all(format!("{} {}\n", home.device, home.inode).as_bytes()).with_context(context)
}

/// The places that were written down.
fn homes(run_dir: &Path) -> Result<Vec<Home>> {
    let path = run_dir.join(RECORD);
    let text = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.with_context(|| format!("reading {}", path.display()))?,
    };
    let home = |line: &str| {
        let (device, inode) = line.split_once(' ')?;
        Some(Home { device: device.parse().ok()?, inode: inode.parse().ok()? })
    };
    Ok(text.lines().filter_map(home).collect())
}

/// Removes what dead servers of a run have left. Processes of theirs that still end are waited for; the memory of a
/// living server stays.
///
/// # Errors
/// When something cannot be removed.
pub(crate) fn sweep(run_dir: &Path) -> Result<()> {
    let homes = homes(run_dir)?;
    let end = Instant::now() + DETACH_LIMIT;
    loop {
        match sweep_once(&homes)? {
            None => return Ok(()),
            Some(id) if Instant::now() >= end => bail!(
                "the shared memory segment {id} of a server that has ended is still used; end who uses it, then: ipcrm -m {id}"
            ),
            Some(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// Removes what can be; gives a segment of a dead server that a process is still attached to.
fn sweep_once(homes: &[Home]) -> Result<Option<i32>> {
    // Without System V shared memory there is no such list, and nothing in it.
    let listed = std::fs::read_to_string("/proc/sysvipc/shm").unwrap_or_default();
    let mut held = None;
    for segment in segments(&listed).into_iter().filter(|segment| may_be_of(segment, homes)) {
        let Some(header) = header(segment.id).filter(|header| is_of(header, homes)) else { continue };
        if segment.attached > 0 {
            if processes::stat(header.creator).is_none_or(|creator| creator.ended) {
                held = Some(segment.id);
            }
            continue;
        }
        // The list last: without it the others would not be found again.
        for path in files(header.list) {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(error)
                        .with_context(|| format!("removing the shared memory {}", path.display()));
                }
                _ => {}
            }
        }
        let id = segment.id;
        remove(id).with_context(|| format!("removing the shared memory segment {id}; try: ipcrm -m {id}"))?;
    }
    Ok(held)
}

/// The segments by proc(5): key, shmid, perms, size, cpid, lpid, nattch, ...
fn segments(list: &str) -> Vec<Segment> {
    let segment = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let field = |at: usize| fields.get(at).copied();
        Some(Segment {
            key: field(0)?.parse().ok()?,
            id: field(1)?.parse().ok()?,
            bytes: field(3)?.parse().ok()?,
            attached: field(6)?.parse().ok()?,
        })
    };
    list.lines().skip(1).filter_map(segment).collect()
}

/// Whether a server that was started in one of these places can have made it.
fn may_be_of(segment: &Segment, homes: &[Home]) -> bool {
    // A key has 32 bits, and an inode's number 64.
    let is_key = |home: &Home| segment.key.wrapping_sub(home.inode as i32).cast_unsigned() < KEYS;
    segment.bytes >= size_of::<Header>() && homes.iter().any(is_key)
}

fn is_of(header: &Header, homes: &[Home]) -> bool {
    header.magic == SEGMENT_MAGIC && homes.contains(&Home { device: header.device, inode: header.inode })
}

/// The beginning of a segment; none when this user may not read it, or it is gone.
fn header(id: i32) -> Option<Header> {
    // SAFETY: the kernel chooses the address, for reading only; the segment is as long as a header at
    // least, all of whose fields are numbers; and nothing refers to it when it is detached.
    unsafe {
        let at = libc::shmat(id, std::ptr::null(), libc::SHM_RDONLY);
        if at as isize == -1 {
            return None;
        }
        let header = at.cast::<Header>().read_unaligned();
        libc::shmdt(at.cast_const().cast::<c_void>());
        Some(header)
    }
}

fn remove(id: i32) -> std::io::Result<()> {
    // SAFETY: this command reads and writes no memory of this process.
    match unsafe { libc::shmctl(id, libc::IPC_RMID, std::ptr::null_mut()) } {
        0 => Ok(()),
        _ => match std::io::Error::last_os_error() {
            // Somebody else has removed it.
            error
                if error.raw_os_error() == Some(libc::EINVAL)
                    || error.raw_os_error() == Some(libc::EIDRM) =>
            {
                Ok(())
            }
            error => Err(error),
        },
    }
}

fn file(handle: u32) -> PathBuf {
    PathBuf::from(format!("/dev/shm/PostgreSQL.{handle}"))
}

/// The files that the one of this number lists, and that one.
fn files(list: u32) -> Vec<PathBuf> {
    if list == 0 {
        return Vec::new();
    }
    let bytes = std::fs::read(file(list)).unwrap_or_default();
    listed(&bytes).into_iter().chain([list]).map(file).collect()
}

/// The numbers in a list: `dsm_control_header` and its `dsm_control_item`s in dsm.c.
fn listed(bytes: &[u8]) -> Vec<u32> {
    const FIRST: usize = 16;
    const EACH: usize = 40;
    let number = |at: usize| Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    match (number(0), number(4)) {
        (Some(LIST_MAGIC), Some(count)) => {
            (0..(count as usize).min(MOST_LISTED)).map_while(|i| number(FIRST + i * EACH)).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn segments_are_told_by_the_keys_of_a_place() {
        let list = "       key      shmid perms                  size  cpid  lpid nattch   uid   gid\n\
                    \u{20}  1638411          4   600                    56  4042  4042      6   104   106\n\
                    \u{20}  1638412          5   600                    56  4043  4043      0   104   106\n\
                    \u{20}  1638413          6   600                     8  4043  4043      0   104   106\n\
                    \u{20}-2147483648       7   600                    56  4043  4043      0   104   106\n";
        let found = segments(list);
        assert_eq!(found[0], Segment { key: 1_638_411, id: 4, bytes: 56, attached: 6 });
        let of = |inode: u64| -> Vec<i32> {
            let homes = [Home { device: 1, inode }];
            found.iter().filter(|segment| may_be_of(segment, &homes)).map(|segment| segment.id).collect()
        };
        assert_eq!(of(1_638_411), [4, 5], "and not what is too small for a header");
        assert_eq!(of(1_638_412 + (7 << 32)), [5], "the key is the lower half");
        assert_eq!(of(1_638_412 - u64::from(KEYS)), [4]);
        assert_eq!(of(0x7fff_fff0), [7]);
    }

    #[test]
    fn only_a_list_is_read_as_one() {
        assert_eq!(size_of::<Header>(), 56);
        let mut bytes = vec![0; 16 + 3 * 40];
        bytes[4] = 2;
        assert!(listed(&bytes).is_empty());
        bytes[..4].copy_from_slice(&LIST_MAGIC.to_ne_bytes());
        (bytes[16], bytes[56], bytes[96]) = (7, 9, 11);
        assert_eq!(listed(&bytes), [7, 9]);
        assert_eq!(listed(&bytes[..20]), [7], "a list that was cut off");
    }

    /// What a killed server would have left: a segment, the file that lists others, and one of these.
    struct Left {
        id: i32,
        at: *mut c_void,
        files: [PathBuf; 2],
    }

    impl Left {
        fn of(data: &Path, creator: i32) -> Self {
            static MADE: AtomicU32 = AtomicU32::new(1);
            let meta = std::fs::metadata(data).unwrap();
            // Numbers that no other process takes. A server's are random.
            let list = (std::process::id() << 8) + MADE.fetch_add(1, Ordering::Relaxed);
            let other = list + (1 << 31);
            let mut bytes = vec![0; 16 + 40];
            bytes[..4].copy_from_slice(&LIST_MAGIC.to_ne_bytes());
            bytes[4] = 1;
            bytes[16..20].copy_from_slice(&other.to_ne_bytes());
            let files = [file(list), file(other)];
            std::fs::write(&files[0], &bytes).unwrap();
            std::fs::write(&files[1], "").unwrap();
            let header = Header {
                magic: SEGMENT_MAGIC,
                creator,
                total: size_of::<Header>(),
                free: 0,
                list,
                index: 0,
                device: meta.dev(),
                inode: meta.ino(),
            };
            let id = (1..64).map(|more| made((meta.ino() as i32).wrapping_add(more))).find(|id| *id >= 0);
            let id = id.unwrap_or_else(|| panic!("{}", std::io::Error::last_os_error()));
            // SAFETY: the segment is as long as the header, which is written to where the kernel puts it.
            let at = unsafe {
                let at = libc::shmat(id, std::ptr::null(), 0);
                assert!(at as isize != -1, "{}", std::io::Error::last_os_error());
                at.cast::<Header>().write_unaligned(header);
                at
            };
            Self { id, at, files }
        }

        fn detach(&self) {
            // SAFETY: it was attached there, and nothing refers to it.
            unsafe { libc::shmdt(self.at) };
        }

        fn parts(&self) -> [bool; 3] {
            let list = std::fs::read_to_string("/proc/sysvipc/shm").unwrap();
            let is_there = segments(&list).iter().any(|segment| segment.id == self.id);
            [is_there, self.files[0].exists(), self.files[1].exists()]
        }
    }

    /// A new segment of this key; less than 0 where there is one.
    fn made(key: i32) -> i32 {
        // SAFETY: no memory of this process is read or written.
        unsafe { libc::shmget(key, size_of::<Header>(), libc::IPC_CREAT | libc::IPC_EXCL | 0o600) }
    }

    /// The number of a process that has ended.
    fn ended() -> i32 {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        child.id() as i32
    }

    #[test]
    fn what_a_dead_server_left_goes_when_its_directory_is_gone_and_what_others_have_stays() {
        let run = tempfile::tempdir().unwrap();
        let (data, other) = (run.path().join("data"), run.path().join("other"));
        std::fs::create_dir(&data).unwrap();
        std::fs::create_dir(&other).unwrap();
        sweep(run.path()).unwrap();
        expect(run.path(), &data).unwrap();
        expect(run.path(), &data).unwrap();
        assert_eq!(homes(run.path()).unwrap().len(), 1);

        let living = Left::of(&data, std::process::id() as i32);
        sweep(run.path()).unwrap();
        assert_eq!(living.parts(), [true; 3], "a living server's");
        living.detach();
        sweep(run.path()).unwrap();
        assert_eq!(living.parts(), [false; 3]);

        let (dead, foreign) = (Left::of(&data, ended()), Left::of(&other, ended()));
        foreign.detach();
        std::fs::remove_dir(&data).unwrap();
        std::thread::scope(|scope| {
            let sweeping = scope.spawn(|| sweep(run.path()));
            std::thread::sleep(Duration::from_millis(200));
            assert!(!sweeping.is_finished(), "a process of it has not ended");
            assert_eq!(dead.parts(), [true; 3]);
            dead.detach();
            sweeping.join().unwrap().unwrap();
        });
        assert_eq!(dead.parts(), [false; 3]);
        assert_eq!(foreign.parts(), [true; 3]);
        expect(run.path(), &other).unwrap();
        sweep(run.path()).unwrap();
        assert_eq!(foreign.parts(), [false; 3]);
    }
}
