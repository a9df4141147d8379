//! Files as this program writes them: whole or not there, or onto what a user named, whatever that
//! is; and locks. All of the program's are made here.

mod advice;
mod input;
pub mod lock;
pub mod new_file;
pub mod output;
mod program;

use std::path::Path;

use anyhow::Result;

pub use advice::{advice, unwritable};
pub use input::{read, read_text};
pub use new_file::{Flush, NewFile, Readers};
pub use output::Output;
pub use program::{find_program, is_program, path_dirs};

use crate::interrupt::Interrupt;

/// Writes a file whose name only ever shows the whole of it, and which is on the disk when this
/// returns. One that is there keeps its owner, mode and links; see [`Output`].
///
/// # Errors
/// As [`Output::open`] and [`Output::write`].
pub fn write(path: &Path, content: &[u8]) -> Result<()> {
    let interrupt = Interrupt::new();
    let mut output = Output::open(path, &interrupt)?;
    output.write(content, &interrupt)?;
    output.finish(Flush::Now).map(|_| ())
}
