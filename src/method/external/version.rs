//! What a program says of its version, which is also how it is found out whether it is here.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::command::command;
use super::program;
use crate::interrupt::Interrupt;

/// How long a program may take to say its version.
const LIMIT: Duration = Duration::from_secs(30);

/// An answer, once there is one.
type Answer = Arc<OnceLock<Result<String, String>>>;

/// The first line that the command of these words prints; or why there is none. Each command is run
/// once, as several loaders may have their program in common.
pub fn said(words: &[String]) -> Result<String, String> {
    static ASKED: Mutex<BTreeMap<Vec<String>, Answer>> = Mutex::new(BTreeMap::new());
    let answer = ASKED.lock().unwrap_or_else(|e| e.into_inner()).entry(words.to_vec()).or_default().clone();
    answer.get_or_init(|| ask(words).map_err(|why| format!("{why:#}"))).clone()
}

fn ask(words: &[String]) -> Result<String> {
    let dir = tempfile::tempdir().context("making a directory for the program's output")?;
    let interrupt = Interrupt::new();
    let _deadline = interrupt.deadline(LIMIT)?;
    let exit = program::run(command(words), dir.path(), &interrupt)?;
    let read = |name| -> Result<String> {
        Ok(String::from_utf8_lossy(&std::fs::read(dir.path().join(name))?).into_owned())
    };
    let (stdout, stderr) = (read(program::STDOUT)?, read(program::STDERR)?);
    // Some print it on standard error.
    let mut lines = stdout.lines().chain(stderr.lines()).map(str::trim).filter(|line| !line.is_empty());
    // Without its path, which is this machine's, and its arguments, which may be a small program.
    let name = Path::new(&words[0]).file_name().unwrap_or_default().display();
    if !exit.status.success() {
        let last = lines.next_back().unwrap_or("it said nothing");
        bail!("`{name}`, asked for its version, failed ({}): {last}", exit.status);
    }
    Ok(lines.next().with_context(|| format!("`{name}`, asked for its version, said nothing"))?.to_owned())
}
