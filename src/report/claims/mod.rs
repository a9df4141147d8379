//! The ledger of claims: for a terminal, as Markdown, and for other programs.

mod files;
mod of_run;
mod page;
mod summary;
mod words;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{Look, Writer, markdown, name_of, shown};
pub(crate) use of_run::section as section_of_run;

use crate::analysis::claims::{Content, Ledger, Record, ledger};
use crate::claim::Source;
use crate::model::findings::Findings;
use crate::record::{self, Document, has_findings};

/// Loads records, of runs and of findings.
///
/// # Errors
/// As [`record::load`] and [`Document::load`].
pub fn load(dirs: &[PathBuf]) -> Result<Vec<Record>> {
    let load = |dir: &PathBuf| {
        if has_findings(dir) {
            let findings = shown::findings(&Findings::load(dir)?)?;
            let name = name_of(dir, &findings.provenance.started);
            return Ok(Record { name, content: Content::Findings(Box::new(findings)) });
        }
        let (run, samples) = super::load(dir)?;
        let name = name_of(dir, &run.provenance.started);
        Ok(Record { name, content: Content::Run(Box::new(run), samples) })
    };
    dirs.iter().map(load).collect()
}

/// The records in this directory, oldest first; none where there is no such directory.
///
/// # Errors
/// When it cannot be read.
pub fn records_in(results: &Path) -> Result<Vec<PathBuf>> {
    if !results.is_dir() {
        return Ok(Vec::new());
    }
    let entries = std::fs::read_dir(results).with_context(|| format!("reading {}", results.display()))?;
    let mut dirs = Vec::new();
    for entry in entries {
        let dir = entry.with_context(|| format!("reading {}", results.display()))?.path();
        if record::is_record(&dir) {
            dirs.push(dir);
        }
    }
    dirs.sort();
    Ok(dirs)
}

/// The ledger for a terminal: a line a result, or, `in_full`, with all that is known of each claim.
pub(crate) fn terminal(ledger: &Ledger, in_full: bool, look: Look) -> String {
    if in_full { page::blocks(ledger, look) } else { page::overview(ledger, look) }
}

/// The ledger as Markdown.
pub(crate) fn as_markdown(ledger: &Ledger) -> String {
    markdown::page(&page::page(ledger))
}

/// The ledger of these sources in short, as Markdown for a file beside which the pages of the sources lie in this directory.
pub(crate) fn as_summary(sources: &[Source], records: &[Record], pages: &str) -> String {
    summary::summary(&ledger(sources, records), sources, pages)
}

/// The ledger as csv.
///
/// # Errors
/// When the text cannot be made.
pub(crate) fn as_csv(ledger: &Ledger) -> Result<String> {
    files::csv(ledger)
}

/// The ledger as JSON.
///
/// # Errors
/// When the text cannot be made.
pub(crate) fn as_json(ledger: &Ledger) -> Result<String> {
    files::json(ledger)
}

/// The page of each source by the name of its file.
pub fn pages(sources: &[Source], records: &[Record]) -> Vec<(String, String)> {
    let all = ledger(sources, records);
    let page = |source: &Source| {
        let name = format!("{}.md", source.id.to_lowercase());
        (name, as_markdown(&all.of_source(&source.id)))
    };
    sources.iter().map(page).collect()
}

/// Writes the page of each source into `dir`; gives the files.
///
/// # Errors
/// As [`crate::fs::write`].
pub(crate) fn write_pages(dir: &Path, sources: &[Source], records: &[Record]) -> Result<Vec<PathBuf>> {
    let mut out = Writer::new(dir)?;
    for (name, text) in pages(sources, records) {
        out.file(&name, text.as_bytes())?;
    }
    Ok(out.written)
}
