//! Reports of what became of dirty data. Every file can be made again from `findings.json`.

mod csv;
mod page;
mod short;
mod words;

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::shown;
use super::terminal::{self, Look};
use super::{Writer, html, markdown};
use crate::model::findings::Findings;
use crate::record::Document;
use crate::visible::visible;

/// Makes the reports of the findings in `dir` anew: `report.md`, `findings.csv` and `report.html`.
/// Gives the files it wrote.
///
/// # Errors
/// As [`Document::load`] and [`crate::fs::write`].
pub fn write_all(dir: &Path) -> Result<Vec<PathBuf>> {
    let findings = shown::findings(&Findings::load(dir)?)?;
    let page = page::of_findings(&findings);
    let mut out = Writer::new(dir)?;
    out.file("report.md", markdown::page(&page).as_bytes())?;
    out.file("findings.csv", csv::findings(&findings)?.as_bytes())?;
    out.file("report.html", html::page(&page, &[])?.as_bytes())?;
    Ok(out.written)
}

/// The end of the run in `dir` on a terminal: the table of one screen, and where the long one is. A few caveats
/// are there as a whole.
///
/// # Errors
/// When the findings cannot be made anew.
pub fn terminal(findings: &Findings, dir: &Path, look: Look) -> Result<String> {
    let findings = &shown::findings(findings)?;
    let mut out = terminal::heading(&findings.title, look);
    for line in short::headline(findings) {
        out.push_str(&terminal::paragraph(&line, look));
    }
    out.push('\n');
    if let Some(table) = short::table(findings) {
        out.push_str(&terminal::table(&table, look));
        out.push('\n');
        out.push_str(&terminal::paragraph(&short::circumstances(findings), look));
    } else {
        for caveat in &findings.caveats {
            out.push_str(&terminal::heading(&caveat.title, look));
            page::lines(caveat).iter().for_each(|line| out.push_str(&terminal::indented(line, 2, look)));
            out.push('\n');
        }
        out.push_str(&terminal::notes(&page::notes(findings), look));
        out.push('\n');
    }
    out.push_str(&format!(
        "File by file, with what happens and what to do:\n{} (or report.md)\n",
        visible(&dir.join("report.html").display().to_string())
    ));
    Ok(out)
}

/// The README's excerpt of the findings in `dir`, with the command that made them.
///
/// # Errors
/// As [`Document::load`].
pub(crate) fn excerpt(dir: &Path, shown_as: &str) -> Result<String> {
    let findings = shown::findings(&Findings::load(dir)?)?;
    let mut out = String::new();
    for line in short::headline(&findings) {
        out.push_str(&format!("{}\n\n", markdown::escape(&line)));
    }
    out.push_str(&markdown::table(&short::table(&findings).unwrap_or_else(|| page::summary(&findings))));
    out.push_str(&format!(
        "\nMade by `{}`; the whole report: [{shown_as}/report.md]({shown_as}/report.md).\n",
        findings.provenance.command
    ));
    Ok(out)
}
