//! Advice on a place that cannot be written to.

use std::io::ErrorKind;
use std::path::Path;

/// The error for a place that cannot be written to, with the next step.
pub(crate) fn unwritable(path: &Path, error: &std::io::Error) -> anyhow::Error {
    let next = advice(error.kind()).unwrap_or(match error.kind() {
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            "a file lies where a directory should: choose another place"
        }
        ErrorKind::NotFound => "its directory is not there: make it first",
        ErrorKind::BrokenPipe => "its reader has gone",
        _ => "choose another place",
    });
    crate::unavailable!("cannot write {}: {error}; {next}", path.display())
}

/// Advice on an input/output error that is a fault of the place and not of the operation; `None` for any
/// other.
pub(crate) fn advice(kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::StorageFull => "the disk is full: free some space, or choose another place",
        ErrorKind::QuotaExceeded => "the quota is used up: free some space, or choose another place",
        ErrorKind::FileTooLarge => {
            "the file would be longer than allowed: raise the limit (ulimit -f), or choose another place"
        }
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only: choose another place",
        ErrorKind::PermissionDenied => "no permission: have it granted, or choose another place",
        _ => return None,
    })
}
