//! The version that a program reports, which is also how it is found out whether it is here.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::fs::{MemfdFlags, memfd_create};

use super::command::command;
use super::program;
use crate::interrupt::Interrupt;

/// How long a program may take to say its version.
const LIMIT: Duration = Duration::from_secs(30);

/// An answer, once there is one.
type VersionAnswer = Arc<OnceLock<Result<String, String>>>;

/// The first line that the command of these words prints; or why there is none. Each command is run
/// once, as several loaders may have their program in common.
pub(crate) fn said(words: &[String]) -> Result<String, String> {
    static ASKED: Mutex<BTreeMap<Vec<String>, VersionAnswer>> = Mutex::new(BTreeMap::new());
    let answer = ASKED.lock().unwrap_or_else(|e| e.into_inner()).entry(words.to_vec()).or_default().clone();
    answer.get_or_init(|| ask(words).map_err(|why| format!("{why:#}"))).clone()
}

fn ask(words: &[String]) -> Result<String> {
    // Files in memory: a kill of this program leaves none, and no full disk makes the answer an empty one.
    let output = || -> Result<File> {
        let file = memfd_create("version", MemfdFlags::CLOEXEC);
        Ok(file.context("making a file for the program's output")?.into())
    };
    let (mut stdout, mut stderr) = (output()?, output()?);
    let interrupt = Interrupt::new();
    let _deadline = interrupt.deadline(LIMIT)?;
    let files = [stdout.try_clone()?, stderr.try_clone()?];
    let exit = program::run_into(command(words), Path::new("/"), files, &interrupt)?;
    let (stdout, stderr) = (text(&mut stdout)?, text(&mut stderr)?);
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

/// The whole text of a file.
fn text(file: &mut File) -> Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
