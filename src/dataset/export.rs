//! Copying a dataset's file out of the cache.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context, Result};

use super::Dataset;
use super::store::NewFile;
use crate::interrupt::Interrupt;
use crate::record::Encoding;

impl Dataset {
    /// Copies the file of an ensured encoding to `out`, replacing a file there in one step; `-`
    /// is the standard output.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] when the encoding was not ensured or `out` is not the name
    /// of a file; when it cannot be written; or [`crate::fault::Fault::Interrupted`]. Nothing
    /// half-written is left.
    pub fn export(&self, encoding: Encoding, out: &Path, interrupt: &Interrupt) -> Result<()> {
        let bytes = self.encoded(encoding)?.bytes;
        let path = self.file(encoding);
        let input = File::open(&path).with_context(|| format!("opening {}", path.display()))?;
        let reading = || format!("reading {}", path.display());
        if out == Path::new("-") {
            let mut stdout = std::io::stdout().lock();
            let mut write = |part: &[u8]| stdout.write_all(part).context("writing to the standard output");
            pass(input, bytes, interrupt, &mut write).with_context(reading)?;
            return stdout.flush().context("writing to the standard output");
        }
        let (Some(name), false) = (out.file_name(), out.is_dir()) else {
            return Err(crate::usage!(
                "{} is not the name of a file: give one, or - for the standard output",
                out.display()
            ));
        };
        let name = name
            .to_str()
            .ok_or_else(|| crate::usage!("{} is not UTF-8: give another name", out.display()))?;
        let dir = match out.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir,
            _ => Path::new("."),
        };
        let mut file = NewFile::create(dir, name)?;
        pass(input, bytes, interrupt, &mut |part| file.write(part)).with_context(reading)?;
        file.keep()?;
        Ok(())
    }
}

fn pass(
    mut input: impl Read,
    expected: u64,
    interrupt: &Interrupt,
    write: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let mut buffer = vec![0; 256 << 10];
    let mut passed = 0;
    loop {
        interrupt.check()?;
        match input.read(&mut buffer)? {
            0 if passed == expected => return Ok(()),
            0 => {
                return Err(crate::bad_data!(
                    "it has {passed} bytes instead of {expected}: ensure the encoding again"
                ));
            }
            read => {
                write(&buffer[..read])?;
                passed += read as u64;
            }
        }
    }
}
