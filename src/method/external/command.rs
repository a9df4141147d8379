//! The commands of a definition: their words filled in, and the program found that they name.

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use anyhow::{Context, Result};

use super::placeholders::Template;
use crate::cache_dir::default_cache_dir;
use crate::fs::{find_program, path_dirs};
use crate::server::local::installations;

/// The words of a command with their values.
pub(crate) fn filled(words: &[Template], value: impl Fn(&str) -> Option<String>) -> Result<Vec<String>> {
    words.iter().map(|word| word.fill(&value).with_context(|| format!("in `{}`", word.text()))).collect()
}

/// A command of these words; there is one at least.
pub(crate) fn command(words: &[String]) -> Command {
    let mut command = Command::new(located(&words[0]));
    command.args(&words[1..]);
    command
}

/// The Python that has the drivers, where it was set up; else the one in PATH.
pub(crate) fn python() -> String {
    let own = default_cache_dir().ok().map(|dir| dir.join("peers/bin/python3")).filter(|path| path.exists());
    own.and_then(|path| path.to_str().map(str::to_owned)).unwrap_or_else(|| "python3".into())
}

/// The directories of PostgreSQL's programs on this machine, newest first: pg_bulkload and its kind are
/// installed there, and not every distribution has them in PATH.
static POSTGRES: LazyLock<Vec<PathBuf>> = LazyLock::new(|| {
    // A machine without a server's programs has none beside them.
    installations(None).unwrap_or_default().into_iter().map(|installation| installation.bin).collect()
});

/// The program's path where it is not in PATH but beside PostgreSQL's own; else the word as it is.
fn located(word: &str) -> PathBuf {
    if word.contains('/') || find_program(word, path_dirs()).is_some() {
        return word.into();
    }
    find_program(word, POSTGRES.iter().cloned()).unwrap_or_else(|| word.into())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn programs_of_postgres_are_found_beside_it_and_others_in_path() {
        assert_eq!(located("sh"), Path::new("sh"));
        assert_eq!(located("./sh"), Path::new("./sh"));
        assert_eq!(located("no such program"), Path::new("no such program"));
        if POSTGRES.is_empty() {
            crate::say::skipped("no PostgreSQL here");
            return;
        }
        // initdb is a server's program: in PATH on some systems, beside postgres on all.
        let initdb = located("initdb");
        assert!(initdb == Path::new("initdb") || initdb.is_file(), "{}", initdb.display());
    }
}
