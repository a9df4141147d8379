//! The server, connection and directory in which one way is tried.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::definition::Caveat;
use crate::method::Catalogue;
use crate::runner::scratch::Scratch;
use crate::server::{Connector, Server};

/// The table that all ways load into.
pub(crate) const TABLE: &str = "caveat";
/// The table that some ways load into first.
pub(crate) const STAGING: &str = "caveat_staging";

/// A server, and a directory of the way's own.
pub(crate) struct Site<'a> {
    /// The methods that ways name loaders of.
    pub catalogue: &'a Catalogue,
    /// The server.
    pub server: &'a dyn Server,
    /// Connects to it, with all that is set for the way.
    pub connector: &'a Connector,
    /// The directory.
    pub scratch: Scratch,
}

impl Site<'_> {
    /// A directory for files, empty before.
    pub(crate) fn dir(&self) -> &Path {
        self.scratch.path()
    }

    /// Puts a caveat's file there, for anybody to read.
    ///
    /// # Errors
    /// A file that is none of the caveat's, or cannot be written.
    pub(crate) fn file(&self, caveat: &Caveat, name: &str) -> Result<PathBuf> {
        let path = self.dir().join(name);
        let making = || format!("making {}", path.display());
        std::fs::write(&path, caveat.file(name)?).with_context(making)?;
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).with_context(making)?;
        Ok(path)
    }
}
