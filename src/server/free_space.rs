//! Room for a server's data.

use std::path::Path;

use anyhow::Result;

use crate::probe::disk::free_bytes;
use crate::unavailable;
use crate::units::bytes;

/// Passes when the file system of `dir` has `need` bytes free.
///
/// # Errors
/// [`crate::fault::Fault::Unavailable`] when it has not.
pub(crate) fn check_free(dir: &Path, need: u64) -> Result<()> {
    let free = free_bytes(dir)?;
    if free < need {
        return Err(unavailable!(
            "not enough space in {}: {} free, {} needed; free some, load fewer rows, or name a directory on another disk with --data-dir",
            dir.display(),
            bytes(free),
            bytes(need)
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_little_room_names_directory_figures_and_flag() {
        let error = check_free(Path::new("/"), u64::MAX).unwrap_err().to_string();
        assert!(error.contains("space in /: ") && error.contains("--data-dir"), "{error}");
    }
}
