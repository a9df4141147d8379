//! Files that are packed: known by their first bytes, not by their names, and unpacked as they are read.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, ErrorKind, Read};
use std::path::Path;

use anyhow::{Context, Result};
use flate2::bufread::MultiGzDecoder;

use crate::fault::Fault;
use crate::interrupt::Interrupt;

/// How much of a packed file is read at a time, in bytes.
const READ_BYTES: usize = 256 << 10;

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packer {
    /// By gzip, in one or more members.
    Gzip,
    /// By zstd, in one or more frames.
    Zstd,
}

impl Packer {
    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Packer::Gzip => "gzip",
            Packer::Zstd => "zstd",
        }
    }

    /// The shell's command that unpacks to the standard output.
    pub(crate) fn unpack(self) -> &'static str {
        match self {
            Packer::Gzip => "gzip -dc",
            Packer::Zstd => "zstd -dc",
        }
    }

    fn of(start: &[u8]) -> Option<Self> {
        match start {
            [0x1f, 0x8b, ..] => Some(Packer::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd] => Some(Packer::Zstd),
            _ => None,
        }
    }
}

/// What a source has once it is unpacked, and how it is packed.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn unpacked<'a>(
    mut source: impl Read + Send + 'a,
) -> std::io::Result<(Box<dyn Read + Send + 'a>, Option<Packer>)> {
    let mut start = Vec::new();
    source.by_ref().take(4).read_to_end(&mut start)?;
    let packer = Packer::of(&start);
    let whole = Cursor::new(start).chain(source);
    let Some(packer) = packer else { return Ok((Box::new(whole), None)) };
    let packed = BufReader::with_capacity(READ_BYTES, whole);
    Ok((
        match packer {
            Packer::Gzip => Box::new(Unpacked(MultiGzDecoder::new(packed), packer)),
            Packer::Zstd => Box::new(Unpacked(zstd_decoder(packed)?, packer)),
        },
        Some(packer),
    ))
}

fn zstd_decoder<R: BufRead>(packed: R) -> std::io::Result<zstd::stream::read::Decoder<'static, R>> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(packed)?;
    // As much as `zstd --long=31` makes; the default refuses what was packed with a large window.
    decoder.window_log_max(31)?;
    Ok(decoder)
}

/// What came of reading a file, or the damage behind its failure: packed data that is damaged may give any bytes before
/// the damage shows, and what is wrong with these as rows says nothing of the file.
///
/// # Errors
/// [`Fault::Data`] where the file is packed and damaged; [`Fault::Interrupted`] while that is found out; else the
/// outcome's own.
pub(crate) fn or_damage<T>(outcome: Result<T>, path: &Path, interrupt: &Interrupt) -> Result<T> {
    let Err(error) = &outcome else { return outcome };
    if !matches!(Fault::find(error), Some(Fault::Usage(_) | Fault::Data(_))) {
        return outcome;
    }
    match unpack_all(path, interrupt) {
        Err(found) if matches!(Fault::find(&found), Some(Fault::Data(_) | Fault::Interrupted(_))) => {
            Err(found).with_context(|| format!("reading {}", path.display()))
        }
        _ => outcome,
    }
}

/// Unpacks a file to its end, if it is packed.
fn unpack_all(path: &Path, interrupt: &Interrupt) -> Result<()> {
    // To open a FIFO that nobody writes would wait for ever.
    if !path.is_file() {
        return Ok(());
    }
    let (mut reader, Some(_)) = unpacked(File::open(path)?)? else { return Ok(()) };
    let mut buffer = vec![0; READ_BYTES];
    while reader.read(&mut buffer)? > 0 {
        interrupt.check()?;
    }
    Ok(())
}

/// Tells damaged data from a file that cannot be read.
struct Unpacked<R>(R, Packer);

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer).map_err(|error| {
            // The decoders' own; no file's reads fail so.
            let kinds = [ErrorKind::InvalidInput, ErrorKind::InvalidData, ErrorKind::UnexpectedEof];
            let own = kinds.contains(&error.kind())
                || (error.kind() == ErrorKind::Other && error.raw_os_error().is_none());
            if !own {
                return error;
            }
            let name = self.1.name();
            let damaged = format!(
                "the {name} data is damaged ({error}): make or fetch the file again; `{name} -t` checks one"
            );
            std::io::Error::new(error.kind(), Fault::Data(damaged))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(text).unwrap();
        packer.finish().unwrap()
    }

    fn zstd(text: &[u8]) -> Vec<u8> {
        zstd::stream::encode_all(text, 1).unwrap()
    }

    fn read(bytes: &[u8]) -> std::io::Result<(Vec<u8>, Option<Packer>)> {
        let (mut reader, packer) = unpacked(bytes)?;
        let mut text = Vec::new();
        reader.read_to_end(&mut text)?;
        Ok((text, packer))
    }

    #[test]
    fn a_packed_file_of_several_parts_is_read_whole() {
        let text = b"a,b,1\n".repeat(10_000);
        let (one, other) = text.split_at(12_345);
        assert_eq!(read(&text).unwrap(), (text.clone(), None));
        assert_eq!(read(&[gzip(one), gzip(other)].concat()).unwrap(), (text.clone(), Some(Packer::Gzip)));
        assert_eq!(read(&[zstd(one), zstd(other)].concat()).unwrap(), (text.clone(), Some(Packer::Zstd)));
        for short in [&b""[..], b"a", b"\x28\xb5"] {
            assert_eq!(read(short).unwrap(), (short.to_vec(), None));
        }
    }

    #[test]
    fn damaged_data_is_told_from_a_file_that_cannot_be_read() {
        let text = b"a,b,1\n".repeat(1_000);
        for (packed, name) in [(gzip(&text), "gzip"), (zstd(&text), "zstd")] {
            for damaged in [&packed[..packed.len() - 3], &packed[..10]] {
                let error = read(damaged).unwrap_err().to_string();
                assert!(error.contains(&format!("{name} data is damaged")), "{error}");
            }
        }
    }
}
