//! What is written and not yet flushed: for each file what it was when it was flushed last, as far as it is another
//! now, so that a loss of power can be undergone at any moment.
//!
//! A block that is overwritten is kept once until the file is flushed; of what a file has grown by only the old size
//! is kept. A file that is cut to nothing is set aside whole.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rand::RngExt;
use rand_pcg::Pcg64;

/// Bytes that a disk writes whole or not at all: a sector of today's drives. PostgreSQL's pages are twice as large.
pub(super) const BLOCK: u64 = 4096;

/// Which of the blocks that were not flushed a disk has written all the same.
pub(super) struct Written(Option<Pcg64>);

impl Written {
    /// None of them: only what was flushed is there.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// Half of them, by a choice that the seed decides: pages are torn, and later writes there without earlier ones.
    pub(super) fn half(seed: u64) -> Self {
        Self(Some(Pcg64::new(u128::from(seed), 1)))
    }

    fn has(&mut self) -> bool {
        self.0.as_mut().is_some_and(|random| random.random())
    }
}

/// The file in which old blocks are kept.
pub(super) struct Kept {
    file: File,
    free: Vec<u64>,
    next: u64,
}

impl Kept {
    /// An empty one at this path.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
        Ok(Self { file, free: Vec::new(), next: 0 })
    }

    fn keep(&mut self, block: &[u8]) -> io::Result<u64> {
        let place = self.free.pop().unwrap_or_else(|| {
            self.next += 1;
            self.next - 1
        });
        self.file.write_all_at(block, place * BLOCK)?;
        Ok(place)
    }

    fn read(&self, place: u64, block: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(block, place * BLOCK)
    }

    #[cfg(test)]
    pub(super) fn in_use(&self) -> u64 {
        self.next - self.free.len() as u64
    }
}

/// A file as it was flushed last, as far as it is another now.
pub(super) struct Flushed {
    size: u64,
    /// Blocks that are others now, and where the old ones are kept.
    blocks: BTreeMap<u64, u64>,
    /// Where the file lies itself, set aside, with another in its place.
    aside: Option<PathBuf>,
}

impl Flushed {
    /// A file that is flushed as it is.
    ///
    /// # Errors
    /// When its size cannot be read.
    pub(super) fn now(file: &File) -> io::Result<Self> {
        Ok(Self { size: file.metadata()?.len(), blocks: BTreeMap::new(), aside: None })
    }

    /// Keeps what a write of so many bytes replaces.
    ///
    /// # Errors
    /// When the old blocks cannot be read or kept.
    pub(super) fn before_write(
        &mut self,
        file: &File,
        kept: &mut Kept,
        from: u64,
        bytes: u64,
    ) -> io::Result<()> {
        if self.aside.is_some() || bytes == 0 {
            return Ok(());
        }
        let end = from.saturating_add(bytes).min(self.size);
        let mut block = [0; BLOCK as usize];
        for number in from / BLOCK..end.div_ceil(BLOCK) {
            if let Entry::Vacant(vacant) = self.blocks.entry(number) {
                read_block(file, number, &mut block)?;
                vacant.insert(kept.keep(&block)?);
            }
        }
        Ok(())
    }

    /// Keeps what is cut off where a file is cut to this size.
    ///
    /// # Errors
    /// As [`Flushed::before_write`].
    pub(super) fn before_cut(&mut self, file: &File, kept: &mut Kept, size: u64) -> io::Result<()> {
        self.before_write(file, kept, size, self.size.saturating_sub(size))
    }

    /// Whether there is anything of it that could be set aside.
    pub(super) fn can_be_set_aside(&self) -> bool {
        self.size > 0 && self.aside.is_none()
    }

    /// The file was set aside here, as it was; another is in its place.
    pub(super) fn set_aside(&mut self, path: PathBuf) {
        self.aside = Some(path);
    }

    /// Gives what is kept back: the file has been flushed, or is gone for good.
    ///
    /// # Errors
    /// When what was set aside cannot be removed.
    pub(super) fn forget(self, kept: &mut Kept) -> io::Result<()> {
        kept.free.extend(self.blocks.into_values());
        self.aside.map_or(Ok(()), std::fs::remove_file)
    }

    /// Makes the file at this path what a disk has of it after a loss of power.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub(super) fn restore(self, path: &Path, kept: &Kept, written: &mut Written) -> io::Result<()> {
        let open = |path: &Path| OpenOptions::new().read(true).write(true).open(path);
        let Some(aside) = &self.aside else {
            return self.restore_in_place(&open(path)?, kept, written);
        };
        let (old, new) = (open(aside)?, open(path)?);
        self.restore_in_place(&old, kept, &mut Written::none())?;
        let mut block = [0; BLOCK as usize];
        let size = new.metadata()?.len();
        for number in 0..size.div_ceil(BLOCK) {
            if written.has() {
                read_block(&new, number, &mut block)?;
                write_block(&old, number, &block, size)?;
            }
        }
        std::fs::rename(aside, path)
    }

    fn restore_in_place(&self, file: &File, kept: &Kept, written: &mut Written) -> io::Result<()> {
        let size = file.metadata()?.len();
        // What lies behind the end now was not written by anybody since.
        let mut is_written = |number: &u64| number * BLOCK < size && written.has();
        let mut end = self.size;
        let mut undone = Vec::new();
        let overwritten = self.blocks.iter().map(|(number, place)| (*number, Some(*place)));
        let grown = (self.size.div_ceil(BLOCK)..size.div_ceil(BLOCK)).map(|number| (number, None));
        for (number, place) in overwritten.chain(grown) {
            match is_written(&number) {
                true => end = end.max(((number + 1) * BLOCK).min(size)),
                false => undone.push((number, place)),
            }
        }
        file.set_len(end)?;
        for (number, place) in undone {
            let mut block = [0; BLOCK as usize];
            if let Some(place) = place {
                kept.read(place, &mut block)?;
            }
            write_block(file, number, &block, end)?;
        }
        Ok(())
    }
}

/// A block of a file, with zeros behind the file's end.
fn read_block(file: &File, number: u64, block: &mut [u8]) -> io::Result<()> {
    let mut read = 0;
    while read < block.len() {
        match file.read_at(&mut block[read..], number * BLOCK + read as u64) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    block[read..].fill(0);
    Ok(())
}

/// Writes what of a block lies before the file's end.
fn write_block(file: &File, number: u64, block: &[u8], end: u64) -> io::Result<()> {
    let from = number * BLOCK;
    let bytes = end.saturating_sub(from).min(BLOCK) as usize;
    file.write_all_at(&block[..bytes], from)
}

/// A change of names, by the paths that were right when it was made.
pub(super) enum NameChange {
    /// A file or directory was made, or got this further name.
    Made(PathBuf),
    /// A file or directory lost its name, and was set aside.
    Removed {
        /// Its name.
        path: PathBuf,
        /// Where it lies.
        aside: PathBuf,
        /// Its number, where it is known.
        node: Option<u64>,
    },
    /// A file or directory got another name.
    Renamed {
        /// Its old name.
        from: PathBuf,
        /// Its new one.
        to: PathBuf,
    },
}

impl NameChange {
    /// Undoes it, where all later ones are undone.
    ///
    /// # Errors
    /// When a name cannot be changed.
    pub(super) fn undo(self) -> io::Result<()> {
        match self {
            NameChange::Made(path) => match std::fs::symlink_metadata(&path)?.is_dir() {
                true => std::fs::remove_dir(&path),
                false => std::fs::remove_file(&path),
            },
            NameChange::Removed { path, aside, .. } => std::fs::rename(aside, path),
            NameChange::Renamed { from, to } => std::fs::rename(to, from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(dir: &Path, content: &[u8]) -> (PathBuf, File) {
        let path = dir.join("file");
        std::fs::write(&path, content).unwrap();
        let file = OpenOptions::new().read(true).write(true).open(&path).unwrap();
        (path, file)
    }

    fn page(byte: u8) -> Vec<u8> {
        vec![byte; BLOCK as usize]
    }

    #[test]
    fn a_file_is_what_it_was_when_it_was_flushed() {
        let dir = tempfile::tempdir().unwrap();
        let before = [page(1), page(2), vec![3; 100]].concat();
        let (path, file) = file(dir.path(), &before);
        let mut kept = Kept::create(&dir.path().join("kept")).unwrap();
        let mut flushed = Flushed::now(&file).unwrap();
        let write = |flushed: &mut Flushed, kept: &mut Kept, from: u64, bytes: &[u8]| {
            flushed.before_write(&file, kept, from, bytes.len() as u64).unwrap();
            file.write_all_at(bytes, from).unwrap();
        };
        write(&mut flushed, &mut kept, 10, b"ten");
        write(&mut flushed, &mut kept, 8192, &page(9));
        write(&mut flushed, &mut kept, 12, b"again");
        flushed.before_cut(&file, &mut kept, 5000).unwrap();
        file.set_len(5000).unwrap();
        write(&mut flushed, &mut kept, 20_000, b"far behind");
        assert_eq!(kept.in_use(), 3);
        flushed.restore(&path, &kept, &mut Written::none()).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn some_halves_of_pages_are_written_all_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let pages = 200;
        let (path, file) = file(dir.path(), &page(1).repeat(2 * pages));
        let mut kept = Kept::create(&dir.path().join("kept")).unwrap();
        let mut flushed = Flushed::now(&file).unwrap();
        let bytes = 3 * pages as u64 * BLOCK;
        flushed.before_write(&file, &mut kept, 0, bytes).unwrap();
        file.write_all_at(&page(2).repeat(3 * pages), 0).unwrap();
        flushed.restore(&path, &kept, &mut Written::half(7)).unwrap();
        let left = std::fs::read(&path).unwrap();
        let blocks: Vec<u8> = left.chunks(BLOCK as usize).map(|block| block[0]).collect();
        assert!(left.chunks(BLOCK as usize).all(|block| block.iter().all(|byte| *byte == block[0])));
        let (old, grown) = blocks.split_at(2 * pages);
        let of = |part: &[u8], byte| part.iter().filter(|one| **one == byte).count();
        // Half of 400, by the seed; far from all and from none whatever it is.
        assert!((150..=250).contains(&of(old, 1)) && of(old, 1) + of(old, 2) == 2 * pages);
        let torn = old.chunks(2).filter(|page| page[0] != page[1]).count();
        assert!((60..=140).contains(&torn), "{torn} of {pages} pages are torn");
        assert!(of(grown, 0) > 50 && of(grown, 2) > 50 && of(grown, 1) == 0);
        assert_eq!(grown.last(), Some(&2), "a file that has grown ends with what was written");
    }

    #[test]
    fn a_file_that_was_set_aside_comes_back() {
        let dir = tempfile::tempdir().unwrap();
        let (path, file) = file(dir.path(), &page(1).repeat(2));
        let mut kept = Kept::create(&dir.path().join("kept")).unwrap();
        let mut flushed = Flushed::now(&file).unwrap();
        flushed.before_write(&file, &mut kept, 0, 3).unwrap();
        file.write_all_at(b"new", 0).unwrap();
        let aside = dir.path().join("aside");
        std::fs::rename(&path, &aside).unwrap();
        flushed.set_aside(aside.clone());
        std::fs::write(&path, "another").unwrap();
        flushed.restore(&path, &kept, &mut Written::none()).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), page(1).repeat(2));
        assert!(!aside.exists());
    }
}
