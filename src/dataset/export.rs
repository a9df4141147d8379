//! Writing a dataset's file out of the cache.

use std::fs::File;
use std::io::Read;

use anyhow::{Context, Result};

use super::Dataset;
use crate::fs::{Destination, Flush};
use crate::interrupt::Interrupt;
use crate::model::Encoding;

impl Dataset {
    /// Copies the file of an ensured encoding to an output. Says what there is to say of how it was
    /// written; see [`Destination`].
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] when the encoding was not ensured; [`crate::fault::Fault::Data`]
    /// when its file is not what it was; [`crate::fault::Fault::Unavailable`] when it cannot be
    /// written; or [`crate::fault::Fault::Interrupted`].
    pub(crate) fn export(
        &self,
        encoding: Encoding,
        mut out: Destination,
        interrupt: &Interrupt,
    ) -> Result<Option<String>> {
        let bytes = self.encoded(encoding)?.bytes;
        let path = self.file(encoding);
        let input = File::open(&path).with_context(|| format!("opening {}", path.display()))?;
        pass(input, bytes, &mut out, interrupt).with_context(|| format!("copying {}", path.display()))?;
        out.finish(Flush::Later)
    }
}

fn pass(mut input: impl Read, expected: u64, out: &mut Destination, interrupt: &Interrupt) -> Result<()> {
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
                out.write(&buffer[..read], interrupt)?;
                passed += read as u64;
            }
        }
    }
}
