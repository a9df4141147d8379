//! Reports of what became of dirty data. Every file can be made again from `findings.json`.

mod csv;
mod page;
mod words;

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::shown;
use super::terminal::{self, Look};
use super::{Writer, html, markdown};
use crate::model::findings::Findings;
use crate::record::Document;

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

/// The end of a run on a terminal: in short, caveat by caveat, what has no outcome. A table of so
/// many words is more than a terminal has room for.
///
/// # Errors
/// When the findings cannot be made anew.
pub fn terminal(findings: &Findings, look: Look) -> Result<String> {
    let findings = &shown::findings(findings)?;
    let mut out = terminal::heading(&findings.title, look);
    for line in page::headline(findings) {
        out.push_str(&terminal::paragraph(&line, look));
    }
    for caveat in &findings.caveats {
        out.push('\n');
        out.push_str(&terminal::heading(&caveat.title, look));
        page::lines(caveat).iter().for_each(|line| out.push_str(&terminal::indented(line, 2, look)));
    }
    out.push('\n');
    out.push_str(&terminal::notes(&page::notes(findings), look));
    Ok(out)
}

/// The README's excerpt of the findings in `dir`, with the command that made them.
///
/// # Errors
/// As [`Document::load`].
pub(crate) fn excerpt(dir: &Path, shown_as: &str) -> Result<String> {
    let findings = shown::findings(&Findings::load(dir)?)?;
    let mut out = String::new();
    for line in page::headline(&findings) {
        out.push_str(&format!("{}\n\n", markdown::escape(&line)));
    }
    out.push_str(&markdown::table(&page::summary(&findings)));
    out.push_str(&format!(
        "\nMade by `{}`; the whole report: [{shown_as}/report.md]({shown_as}/report.md).\n",
        findings.provenance.command
    ));
    Ok(out)
}
