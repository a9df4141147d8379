//! Taking a user's own file of votes into the cache.

use std::fs::File;
use std::io::{BufReader, Cursor, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use flate2::read::MultiGzDecoder;
use ring::digest::{Context as Hasher, SHA256};

use super::first_bytes::{self, Source};
use super::manifest::{DatasetOrigin, Manifest};
use super::store::{self, DirLock};
use super::{Dataset, columns, convert};
use crate::fault::Fault;
use crate::interrupt::Interrupt;

impl Dataset {
    /// The dataset of the votes in a file: csv or gzipped csv (known by its first bytes, not
    /// its name) of `username,link,vote` in UTF-8, the vote any 32-bit integer, with or without
    /// a header line. The cache calls it after the file's SHA-256; one that is there is not read
    /// again.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] when the file cannot be read; [`crate::fault::Fault::Data`]
    /// naming file, line, field, value and rule for what is not a vote; or
    /// [`crate::fault::Fault::Interrupted`]. Nothing half-made is left.
    pub fn imported(cache: &Path, path: &Path, interrupt: &Interrupt) -> Result<Self> {
        let file = open(path)?;
        let sha256 =
            store::hash(file, interrupt).with_context(|| format!("reading {}", path.display()))?.sha256;
        let dir = cache.join(name(&sha256));
        if let Some(manifest) = Manifest::read(&dir)? {
            return Ok(Self::with(dir, manifest));
        }
        let _lock = DirLock::take(&dir, interrupt)?;
        if let Some(manifest) = Manifest::read(&dir)? {
            return Ok(Self::with(dir, manifest));
        }
        Self::import(
            &dir,
            path,
            &sha256,
            DatasetOrigin::Imported { source_sha256: sha256.clone() },
            interrupt,
        )
    }

    /// Makes the dataset in `dir`, whose lock the caller holds.
    pub(super) fn import(
        dir: &Path,
        path: &Path,
        sha256: &str,
        origin: DatasetOrigin,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        let name = path.display().to_string();
        let mut source = Hashing { input: open(path)?, sha256: Hasher::new(&SHA256) };
        let reading = || format!("reading {name}");
        let (csv, content, rows) = {
            let (reader, gzip) = decoded(&mut source).with_context(reading)?;
            let reader = first_bytes::checked(reader, Source { name: &name, gzip }).with_context(reading)?;
            convert::import(reader, &name, dir, interrupt, is_header)
                .with_context(|| format!("importing {name}"))?
        };
        // What follows a gzip stream's end is not read by decoding.
        std::io::copy(&mut source, &mut std::io::sink()).with_context(reading)?;
        let found = hex::encode(source.sha256.finish());
        if found != sha256 {
            return Err(crate::bad_data!(
                "{name} changed while it was read: its SHA-256 was {sha256} and became {found}; import it again when it is complete"
            ));
        }
        Self::finish(dir.to_owned(), Manifest::new(origin, rows, columns::votes(), content.content(), csv))
    }
}

/// The name of the dataset made from a file of this SHA-256.
pub(super) fn name(sha256: &str) -> String {
    format!("imported-{}", &sha256[..sha256.len().min(16)])
}

/// Opens a regular file.
pub(super) fn open(path: &Path) -> Result<File> {
    let cannot = |why: String| {
        crate::usage!("{}: {why}; give a csv or csv.gz file of username,link,vote", path.display())
    };
    // To open a FIFO that nobody writes would wait for ever; of a regular file this makes nothing else.
    let file = File::options()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)
        .map_err(|error| cannot(error.to_string()))?;
    let meta = file.metadata().map_err(|error| cannot(error.to_string()))?;
    if !meta.is_file() {
        // It is read twice: for its name, and for its rows.
        return Err(cannot("not a regular file".into()));
    }
    Ok(file)
}

/// The header that is passed over: the columns' names, in any case, quoted or not.
fn is_header(line: &[u8]) -> bool {
    let Ok(line) = std::str::from_utf8(line) else { return false };
    let names: Vec<String> =
        line.trim().split(',').map(|name| name.trim().trim_matches('"').to_ascii_lowercase()).collect();
    matches!(names.iter().map(String::as_str).collect::<Vec<_>>()[..], ["username", "link", "score" | "vote"])
}

struct Hashing<R> {
    input: R,
    sha256: Hasher,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.sha256.update(&buffer[..read]);
        Ok(read)
    }
}

/// Unpacks what begins as gzip does; says whether it does.
fn decoded<'a>(mut source: impl Read + Send + 'a) -> std::io::Result<(Box<dyn Read + Send + 'a>, bool)> {
    let mut magic = Vec::new();
    source.by_ref().take(2).read_to_end(&mut magic)?;
    let gzip = magic == [0x1f, 0x8b];
    let whole = Cursor::new(magic).chain(source);
    Ok(if gzip {
        (Box::new(Unpacked(MultiGzDecoder::new(BufReader::with_capacity(256 << 10, whole)))), true)
    } else {
        (Box::new(whole), false)
    })
}

/// Tells damaged gzip data from a file that cannot be read.
struct Unpacked<R>(R);

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer).map_err(|error| match error.kind() {
            // flate2's own; no file's reads fail so.
            ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::UnexpectedEof => {
                std::io::Error::new(
                    error.kind(),
                    Fault::Data(format!(
                        "the gzip data is damaged ({error}): make or fetch the file again; `gzip -t` checks one"
                    )),
                )
            }
            _ => error,
        })
    }
}
