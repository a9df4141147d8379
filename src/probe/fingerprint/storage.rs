//! What a file system does: bytes in sequence and at random, measured with a file of its own.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rand::RngExt;
use rand_pcg::Pcg64;
use rand_pcg::rand_core::Rng;

use crate::model::{Fact, Fingerprint};

/// Bytes written and read in sequence at most, and how long at most. A debug build is not what anyone measures with.
const MOST_BYTES: u64 = if cfg!(debug_assertions) { 8 << 20 } else { 512 << 20 };
const LONGEST: Duration = Duration::from_millis(if cfg!(debug_assertions) { 50 } else { 3000 });

/// How long reads from random places are counted.
const COUNTING: Duration = Duration::from_millis(if cfg!(debug_assertions) { 20 } else { 1000 });

/// Bytes of a piece in sequence.
const PIECE: usize = 1 << 20;

/// Bytes of a page of the server's.
const PAGE: usize = 8192;

/// Measures all of it beneath `dir`.
///
/// # Errors
/// When `dir` does not take a file, or the disk fails.
pub(super) fn add(found: &mut Fingerprint, dir: &Path) -> Result<()> {
    let mut measure = || -> std::io::Result<()> {
        // With a name, as it is opened twice, in a directory that goes away whatever happens.
        let place = tempfile::Builder::new().prefix(".bulkbench-fingerprint-").tempdir_in(dir)?;
        let path = place.path().join("file");
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
        let (written, write) = write_in_sequence(&file)?;
        found.number(Fact::SequentialWrite, Some(write));
        found.number(Fact::SequentialRead, read_in_sequence(&file, written)?);
        found.number(Fact::RandomReads, read_at_random(&path, written)?);
        Ok(())
    };
    measure().with_context(|| {
        format!("measuring the disk in {} (is it a writable directory with free space?)", dir.display())
    })
}

/// The bytes written, and bytes a second with the flush at the end.
fn write_in_sequence(file: &File) -> std::io::Result<(u64, u64)> {
    let mut piece = vec![0_u8; PIECE];
    // What does not compress, so that no layer below has less to write.
    random().fill_bytes(&mut piece);
    let (start, mut written) = (Instant::now(), 0);
    while written < MOST_BYTES && start.elapsed() < LONGEST {
        piece[..8].copy_from_slice(&written.to_le_bytes());
        file.write_all_at(&piece, written)?;
        written += PIECE as u64;
    }
    file.sync_all()?;
    Ok((written, rate(written, start.elapsed())))
}

/// Bytes a second, once the kernel has been asked to forget the file.
fn read_in_sequence(file: &File, bytes: u64) -> std::io::Result<Option<u64>> {
    if rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed).is_err() {
        return Ok(None);
    }
    let mut piece = vec![0_u8; PIECE];
    let (start, mut read) = (Instant::now(), 0);
    while read < bytes && start.elapsed() < LONGEST {
        file.read_exact_at(&mut piece, read)?;
        read += PIECE as u64;
    }
    Ok(Some(rate(read, start.elapsed())))
}

/// Pages a second, read past the kernel's memory (O_DIRECT); `None` where the file system does not offer that.
fn read_at_random(path: &Path, bytes: u64) -> std::io::Result<Option<u64>> {
    let direct = rustix::fs::OFlags::DIRECT.bits() as i32;
    let Ok(file) = OpenOptions::new().read(true).custom_flags(direct).open(path) else { return Ok(None) };
    // Aligned to a page, as the kernel demands.
    let mut memory = vec![0_u8; 2 * PAGE];
    let from = memory.as_ptr().align_offset(PAGE);
    let page = &mut memory[from..from + PAGE];
    let mut random = random();
    let pages = bytes / PAGE as u64;
    let (start, mut read) = (Instant::now(), 0);
    while start.elapsed() < COUNTING {
        let at = random.random_range(0..pages) * PAGE as u64;
        if file.read_exact_at(page, at).is_err() {
            return Ok(None);
        }
        read += 1;
    }
    Ok(Some(rate(read, start.elapsed())))
}

/// The same numbers each time.
fn random() -> Pcg64 {
    Pcg64::new(1, 1)
}

fn rate(number: u64, time: Duration) -> u64 {
    (number as f64 / time.as_secs_f64().max(1e-9)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_is_not_there_is_named() {
        let error = add(&mut Fingerprint::default(), Path::new("/nonexistent")).unwrap_err();
        assert!(format!("{error:#}").contains("/nonexistent"), "{error:#}");
    }
}
