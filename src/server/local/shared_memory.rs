//! Shared memory that a killed server, or one that initdb ran, has left.
//!
//! PostgreSQL leaves a System V segment and files in /dev/shm when it is killed, and only a server
//! started in the same directory would take them away (src/backend/port/sysv_shmem.c, dsm.c). Its
//! segment says which directory it belongs to, and which file lists the others: so nothing of
//! another server's is ever touched.

use std::ffi::c_void;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The first word of a server's System V segment: `PGShmemMagic` in src/include/storage/pg_shmem.h.
const SEGMENT_MAGIC: i32 = 679_834_894;
/// The first word of the file that lists the others: `PG_DYNSHMEM_CONTROL_MAGIC` in dsm.c.
const LIST_MAGIC: u32 = 0x9a50_3d32;
/// A list has no more entries than this: 64, and two for each of 262143 backends, the most there can be.
const MOST_LISTED: usize = 64 + 2 * 262_143;

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

/// Removes what dead servers of this data directory have left. Memory that any process is attached to
/// stays.
///
/// # Errors
/// When something cannot be removed.
pub(crate) fn sweep(data: &Path) -> Result<()> {
    let Ok(meta) = std::fs::metadata(data) else { return Ok(()) };
    // Without System V shared memory there is no such list, and nothing in it.
    let listed = std::fs::read_to_string("/proc/sysvipc/shm").unwrap_or_default();
    for id in unattached(&listed) {
        let Some(header) = header(id) else { continue };
        if header.magic != SEGMENT_MAGIC || (header.device, header.inode) != (meta.dev(), meta.ino()) {
            continue;
        }
        // The list last: without it the others would not be found again.
        for path in files(header.list) {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error)
                        .with_context(|| format!("removing the shared memory {}", path.display()));
                }
                _ => {}
            }
        }
        remove(id).with_context(|| format!("removing the shared memory segment {id}; try: ipcrm -m {id}"))?;
    }
    Ok(())
}

/// The segments that nobody is attached to, by proc(5): key, shmid, perms, size, cpid, lpid, nattch, ...
fn unattached(list: &str) -> Vec<i32> {
    let lines = list.lines().skip(1);
    let ids = lines.filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let whole = fields.get(3)?.parse::<usize>().ok()? >= size_of::<Header>();
        (whole && *fields.get(6)? == "0").then(|| fields[1].parse().ok())?
    });
    ids.collect()
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
    use super::*;

    #[test]
    fn segments_with_nobody_attached_are_found() {
        let list = "       key      shmid perms                  size  cpid  lpid nattch   uid   gid\n\
                    \u{20}  1638411          4   600                    56  4042  4042      6   104   106\n\
                    \u{20}  1638412          5   600                    56  4043  4043      0   104   106\n\
                    \u{20}  1638413          6   600                     8  4043  4043      0   104   106\n";
        assert_eq!(unattached(list), [5]);
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
}
