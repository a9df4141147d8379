//! The words of a definition's commands, filled in, as a command that can be started.

use std::process::Command;

use anyhow::{Context, Result};

use super::placeholders::Template;
use super::search;
use crate::cache_dir::default_cache_dir;

/// The words of a command with their values.
pub fn filled(words: &[Template], value: impl Fn(&str) -> Option<String>) -> Result<Vec<String>> {
    words.iter().map(|word| word.fill(&value).with_context(|| format!("in `{}`", word.text()))).collect()
}

/// A command of these words; there is one at least.
pub fn command(words: &[String]) -> Command {
    let mut command = Command::new(search::located(&words[0]));
    command.args(&words[1..]);
    command
}

/// The Python that has the drivers, where it was set up; else the one in PATH.
pub fn python() -> String {
    let own = default_cache_dir().ok().map(|dir| dir.join("peers/bin/python3")).filter(|path| path.exists());
    own.and_then(|path| path.to_str().map(str::to_owned)).unwrap_or_else(|| "python3".into())
}
