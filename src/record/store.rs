//! A run's directory: `run.json`, written at its start and once more at its end, and `samples.jsonl`, one line a sample.
//!
//! A sample that was reported as kept is on the disk: each line is flushed before
//! [`Store::append`] returns. A crash can tear the last line at most, and only
//! [`Store::resume`] forgives that.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::document::Document;
use super::wire::{v1, v2};
use super::{RUN_FILE, SAMPLES_FILE, check, json};
use crate::fs::{self, lock, unwritable};
use crate::model::{Run, Sample};
use crate::{bad_data, usage};

/// An open run directory that samples are added to.
#[derive(Debug)]
pub struct Store {
    dir: PathBuf,
    samples: File,
    repaired: Option<String>,
}

impl Store {
    /// Makes `dir` where it is missing and begins a run in it.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] when the directory holds a run already,
    /// [`crate::fault::Fault::Unavailable`] when it cannot be written to (full, read-only, not permitted).
    pub fn create(dir: &Path, run: &Run) -> Result<Self> {
        std::fs::create_dir_all(dir).map_err(|e| unwritable(dir, &e))?;
        for name in [RUN_FILE, SAMPLES_FILE] {
            let path = dir.join(name);
            if path.try_exists().map_err(|e| unwritable(&path, &e))? {
                return Err(usage!(
                    "{} exists: the directory holds a run already; go on with it by --resume, or choose another by --out",
                    path.display()
                ));
            }
        }
        run.write(dir)?;
        let path = dir.join(SAMPLES_FILE);
        let samples = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(&path)
            .map_err(|e| unwritable(&path, &e))?;
        lock(&samples, dir)?;
        sync_dir(dir)?;
        Ok(Self { dir: dir.to_path_buf(), samples, repaired: None })
    }

    /// Opens a run that was stopped, to go on with it. A last line that a crash tore is cut off;
    /// [`Store::repaired`] tells so.
    ///
    /// # Errors
    /// As [`load`], and when the directory cannot be written to.
    pub(crate) fn resume(dir: &Path) -> Result<(Self, Run, Vec<Sample>)> {
        let run = Run::load(dir)?;
        let path = dir.join(SAMPLES_FILE);
        // Made where it is missing: the crash may have come between the two files.
        let file =
            OpenOptions::new().append(true).create(true).open(&path).map_err(|e| unwritable(&path, &e))?;
        lock(&file, dir)?;
        let text = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        // A line is written together with its end: without the end it is torn, whatever it holds.
        let whole = text.iter().rposition(|&b| b == b'\n').map_or(0, |end| end + 1);
        let samples = parse_samples(&path, &text[..whole], &run)?;
        let torn = text.len() - whole;
        let repaired = (torn > 0).then(|| {
            format!(
                "{}: line {} was torn ({torn} bytes without an end) and has been cut off; its sample is run again",
                path.display(),
                samples.len() + 1
            )
        });
        if torn > 0 {
            file.set_len(whole as u64).map_err(|e| unwritable(&path, &e))?;
            file.sync_all().map_err(|e| unwritable(&path, &e))?;
        }
        // What is added is of the newest version: then so is the run.
        run.write(dir)?;
        sync_dir(dir)?;
        Ok((Self { dir: dir.to_path_buf(), samples: file, repaired }, run, samples))
    }

    /// The repair that [`Store::resume`] made, in words; `None` without one.
    pub(crate) fn repaired(&self) -> Option<&str> {
        self.repaired.as_deref()
    }

    /// The directory.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Writes the run anew, with what has become known of it since it began.
    ///
    /// # Errors
    /// As [`crate::fs::write`].
    pub fn describe(&self, run: &Run) -> Result<()> {
        run.write(&self.dir)
    }

    /// Adds one sample; it is on the disk when this returns.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Unavailable`] when the disk is full or the file cannot be written.
    /// What was written of the line is taken back as far as the disk allows.
    pub fn append(&mut self, sample: &Sample) -> Result<()> {
        let path = self.dir.join(SAMPLES_FILE);
        let mut line =
            serde_json::to_vec(&v2::Sample::from(sample.clone())).context("writing a sample as JSON")?;
        line.push(b'\n');
        let before = self.samples.metadata().map_err(|e| unwritable(&path, &e))?.len();
        let written = self.samples.write_all(&line).and_then(|()| self.samples.sync_data());
        written.map_err(|e| {
            let error = unwritable(&path, &e);
            match self.samples.set_len(before) {
                Ok(()) => error,
                Err(undo) => error.context(format!("{} now ends in a torn line ({undo})", path.display())),
            }
        })
    }
}

/// A run and its samples, for reports.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] when the directory holds no run,
/// [`crate::fault::Fault::Data`] for another schema version, a malformed file, with its line and key, or
/// a record that cannot be, with the rule that it breaks.
pub fn load(dir: &Path) -> Result<(Run, Vec<Sample>)> {
    let run = Run::load(dir)?;
    let path = dir.join(SAMPLES_FILE);
    let text = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let samples = parse_samples(&path, &text, &run)?;
    Ok((run, samples))
}

/// Keeps a second program from adding to the same run, until the file is closed.
fn lock(samples: &File, dir: &Path) -> Result<()> {
    match lock::try_take(samples).with_context(|| format!("locking {}", dir.join(SAMPLES_FILE).display()))? {
        true => Ok(()),
        false => Err(usage!(
            "{} is being written by another bulkbench; wait for its end, or stop it first",
            dir.display()
        )),
    }
}

/// The name itself is on the disk only once its directory is.
fn sync_dir(dir: &Path) -> Result<()> {
    File::open(dir).and_then(|d| d.sync_all()).map_err(|e| unwritable(dir, &e))
}

fn parse_samples(path: &Path, text: &[u8], run: &Run) -> Result<Vec<Sample>> {
    let mut samples: Vec<Sample> = Vec::new();
    let mut checked = check::Samples::new(run);
    let lines = text.strip_suffix(b"\n").unwrap_or(text);
    if lines.is_empty() {
        return Ok(samples);
    }
    let mut lines = lines.split(|&b| b == b'\n').enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        let place = format!("{}, line {}", path.display(), index + 1);
        let last = lines.peek().is_none();
        let next = if last && !text.ends_with(b"\n") {
            "the line is torn: go on with the run by --resume, which cuts it off"
        } else {
            "restore the file, or take the line out"
        };
        let sample = parse_sample(line).map_err(|rule| bad_data!("{place}: {rule}; {next}"))?;
        checked.take(index + 1, &sample).map_err(|rule| bad_data!("{place}: {rule}; {next}"))?;
        samples.push(sample);
    }
    Ok(samples)
}

/// A line of either version: a run that one program began another may have gone on with.
fn parse_sample(line: &[u8]) -> Result<Sample, String> {
    #[derive(serde::Deserialize)]
    struct Version {
        /// Only the first version has it.
        round: Option<serde::de::IgnoredAny>,
    }
    let version: Version = serde_json::from_slice(line).map_err(|e| e.to_string())?;
    match version.round {
        Some(_) => json::read::<v1::Sample>(line)?.try_into(),
        None => json::read::<v2::Sample>(line)?.try_into(),
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
