//! Files that a definition brings along.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::method::external::input::first_rows;
use crate::method::external::loader::ScratchFile;
use crate::method::external::placeholders::Template;
use crate::method::external::program;
use crate::model::Encoding;
use crate::usage;

/// Names in a sample's directory that are taken: the program's output, and the rows to load.
const TAKEN: [&str; 9] = [
    ".",
    "..",
    program::STDOUT,
    program::STDERR,
    first_rows(Encoding::Csv),
    first_rows(Encoding::Text),
    first_rows(Encoding::Binary),
    "inserts.sql",
    "keyed.csv",
];

/// A file as a definition has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TextFile {
    name: Option<String>,
    text: Option<String>,
    path: Option<PathBuf>,
}

/// The source of files that a definition names by `path`.
#[derive(Debug, Clone, Copy)]
pub enum Beside<'a> {
    /// In this directory, that of the definition.
    Directory(&'a Path),
    /// In the program: names and contents.
    BuiltIn(&'a [(&'a str, &'a str)]),
}

impl TextFile {
    /// The name that it gets: its own, or that of the file it is copied from.
    pub(super) fn name(&self) -> Option<String> {
        let of_path = || self.path.as_ref()?.file_name()?.to_str().map(str::to_owned);
        self.name.clone().or_else(of_path)
    }

    /// The file to make.
    pub(super) fn scratch_file(&self, known: &[&str], beside: Beside<'_>) -> Result<ScratchFile> {
        let name = self.name().unwrap_or_default();
        if name.is_empty() || name.contains('/') || TAKEN.contains(&&*name) {
            return Err(usage!(
                "file: name = \"{name}\": a file gets a plain name within {{scratch}}, and none of {}",
                TAKEN.join(", ")
            ));
        }
        let template = match (&self.text, &self.path) {
            (Some(text), None) => {
                Template::parse(text, known).with_context(|| format!("in the file {name}"))?
            }
            (None, Some(path)) => Template::plain(&content(path, beside)?),
            _ => {
                return Err(usage!("file {name}: it has either `text` or `path`, the place to copy it from"));
            }
        };
        Ok(ScratchFile { name, template })
    }
}

/// The text of a file beside the definition.
fn content(path: &Path, beside: Beside<'_>) -> Result<String> {
    match beside {
        Beside::Directory(dir) => {
            let whole = dir.join(path);
            crate::fs::read_text(&whole)
                .map_err(|e| usage!("path = \"{}\": cannot read {}: {e}", path.display(), whole.display()))
        }
        Beside::BuiltIn(files) => files
            .iter()
            .find(|(name, _)| Path::new(name) == path)
            .map(|(_, content)| (*content).to_owned())
            .ok_or_else(|| usage!("path = \"{}\": it is not compiled in", path.display())),
    }
}
