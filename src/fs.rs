//! Files as this program writes them: whole or not there, or onto what a user named, whatever that
//! is; and locks. All of the program's are made here.

mod advice;
pub(crate) mod destination;
mod input;
pub(crate) mod lock;
pub(crate) mod new_file;
mod program;

use std::path::Path;

use anyhow::Result;

pub(crate) use advice::{advice, unwritable};
pub(crate) use destination::Destination;
pub(crate) use input::{read, read_text};
pub(crate) use new_file::{Flush, NewFile, Readers};
pub(crate) use program::{find_program, path_dirs};

use crate::interrupt::Interrupt;

/// Writes a file whose name only ever shows the whole of it, and which is on the disk when this
/// returns. One that is there keeps its owner, mode and links; see [`Destination`].
///
/// # Errors
/// As [`Destination::open`] and [`Destination::write`].
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<()> {
    let interrupt = Interrupt::new();
    let mut output = Destination::open(path, &interrupt)?;
    output.write(content, &interrupt)?;
    output.finish(Flush::Now).map(|_| ())
}
