//! Files of the client's that the server has to read by itself.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs::Permissions;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::account::Account;
use crate::server::free_space;
use crate::unavailable;

/// Which file it was: path, size, modification time in seconds and nanoseconds.
type Version = (PathBuf, u64, i64, i64);

/// Makes files readable for the server's account, each once.
#[derive(Debug)]
pub(crate) struct SharedFiles {
    dir: PathBuf,
    account: Account,
    known: RefCell<BTreeMap<Version, PathBuf>>,
    /// Number of links and copies that were made.
    made: Cell<u64>,
}

impl SharedFiles {
    /// Links and copies go to `dir`, which is made when one is needed, and removed with the run.
    pub(crate) fn new(dir: PathBuf, account: Account) -> Self {
        Self { dir, account, known: RefCell::default(), made: Cell::default() }
    }

    /// The path under which the account can read `file`: its own; else that of a hard link (the
    /// file is readable, but its directory is closed); else that of a copy. Those of files that are gone
    /// since, as a sample's are, go away.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Unavailable`] when the file is not there, or there is no room for a copy.
    pub(crate) fn readable(&self, file: &Path) -> Result<PathBuf> {
        self.remove_those_of_gone()?;
        let gone = |error: std::io::Error| unavailable!("the server cannot read {}: {error}", file.display());
        let path = std::fs::canonicalize(file).map_err(gone)?;
        let meta = std::fs::metadata(&path).map_err(gone)?;
        let version = (path.clone(), meta.len(), meta.mtime(), meta.mtime_nsec());
        if let Some(known) = self.known.borrow().get(&version) {
            return Ok(known.clone());
        }
        let readable = match self.account.may("-r", &path)? {
            true => path,
            false => self.bring(&path, meta.len())?,
        };
        self.known.borrow_mut().insert(version, readable.clone());
        Ok(readable)
    }

    fn remove_those_of_gone(&self) -> Result<()> {
        let mut known = self.known.borrow_mut();
        let gone: Vec<Version> = known.keys().filter(|(path, ..)| !path.exists()).cloned().collect();
        for version in gone {
            if let Some(made) = known.remove(&version).filter(|made| made.starts_with(&self.dir)) {
                std::fs::remove_file(&made).with_context(|| format!("removing {}", made.display()))?;
            }
        }
        Ok(())
    }

    fn bring(&self, path: &Path, size: u64) -> Result<PathBuf> {
        match std::fs::create_dir(&self.dir) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(error).with_context(|| format!("making {}", self.dir.display()));
            }
            _ => std::fs::set_permissions(&self.dir, Permissions::from_mode(0o711))?,
        }
        let name = path.file_name().unwrap_or("file".as_ref()).to_string_lossy();
        let target = self.dir.join(format!("{}-{name}", self.made.get()));
        self.made.set(self.made.get() + 1);
        // A link fails across file systems, and where the kernel protects others' files: then a copy.
        if std::fs::hard_link(path, &target).is_ok() {
            if self.account.may("-r", &target)? {
                return Ok(target);
            }
            std::fs::remove_file(&target).with_context(|| format!("removing {}", target.display()))?;
        }
        free_space::check_free(&self.dir, size)?;
        let context = || format!("copying {} to where the server can read it", path.display());
        std::fs::copy(path, &target).with_context(context)?;
        std::fs::set_permissions(&target, Permissions::from_mode(0o444)).with_context(context)?;
        match self.account.may("-r", &target)? {
            true => Ok(target),
            false => Err(unavailable!(
                "{} cannot read {}, nor a copy of it in {}",
                self.account.words(),
                path.display(),
                self.dir.display()
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_readable_file_keeps_its_path_and_a_missing_one_is_named() {
        let files = SharedFiles::new("/nonexistent".into(), Account::for_server().unwrap());
        assert_eq!(files.readable(Path::new("/etc/passwd")).unwrap(), Path::new("/etc/passwd"));
        let error = files.readable(Path::new("/etc/no such file")).unwrap_err().to_string();
        assert!(error.contains("/etc/no such file"), "{error}");
    }

    #[test]
    fn a_closed_file_is_brought_where_it_can_be_read() {
        let account = Account::for_server().unwrap();
        if account == Account::Own {
            crate::say::skipped("only root runs the server as somebody else");
            return;
        }
        let (closed, open) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::set_permissions(closed.path(), Permissions::from_mode(0o700)).unwrap();
        std::fs::set_permissions(open.path(), Permissions::from_mode(0o711)).unwrap();
        let files = SharedFiles::new(open.path().join("files"), account.clone());
        for mode in [0o644, 0o600] {
            let file = closed.path().join(format!("rows{mode:o}"));
            std::fs::write(&file, "1,2,3\n").unwrap();
            std::fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
            let readable = files.readable(&file).unwrap();
            assert!(readable.starts_with(open.path()), "{readable:?}");
            assert!(account.may("-r", &readable).unwrap());
            assert_eq!(files.readable(&file).unwrap(), readable, "made once");
            let linked =
                std::fs::metadata(&readable).unwrap().ino() == std::fs::metadata(&file).unwrap().ino();
            assert_eq!(linked, mode == 0o644, "a link where that is enough, else a copy");
            std::fs::remove_file(&file).unwrap();
            files.readable(Path::new("/etc/passwd")).unwrap();
            assert!(!readable.exists(), "what was made of a file goes with it");
        }
    }
}
