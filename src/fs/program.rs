//! The search for programs that are named without a path.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

/// The directories of PATH, in order.
pub(crate) fn path_dirs() -> Vec<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect()
}

/// The first of these directories' files of this name that this user may execute.
pub(crate) fn find_program(name: &str, dirs: impl IntoIterator<Item = PathBuf>) -> Option<PathBuf> {
    dirs.into_iter().map(|dir| dir.join(name)).find(|path| is_program(path))
}

/// Whether a file lies here that this user may execute.
pub(crate) fn is_program(path: &Path) -> bool {
    path.is_file() && access(path, Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_program_is_a_file_that_may_be_executed() {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("pgloader");
        std::fs::write(&program, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o644)).unwrap();
        assert_eq!(find_program("pgloader", [dir.path().to_owned()]), None);
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        let dirs = ["/nonexistent".into(), dir.path().to_owned()];
        assert_eq!(find_program("pgloader", dirs), Some(program));
        assert!(!is_program(dir.path()));
        assert!(find_program("sh", path_dirs()).is_some());
    }
}
