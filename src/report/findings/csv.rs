//! `findings.csv`: one row a finding, for spreadsheets and scripts.

use anyhow::{Context, Result};

use super::words::{row, verdict};
use crate::model::findings::{Findings, Verdict};

const HEADER: [&str; 20] = [
    "caveat",
    "claim",
    "title",
    "way",
    "what",
    "remedy",
    "verdict",
    "expected",
    "rows_meant",
    "rows_found",
    "rejected",
    "sqlstate",
    "message",
    "line",
    "column",
    "missing_rows",
    "extra_rows",
    "first_meant",
    "first_found",
    "unavailable",
];

/// All findings; what is unknown is empty.
///
/// # Errors
/// When the text cannot be made.
pub(crate) fn findings(findings: &Findings) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER).context("writing the csv header")?;
    for caveat in &findings.caveats {
        for finding in &caveat.findings {
            let error = finding.error.as_ref();
            let difference = finding.difference.as_ref();
            let number = |n: Option<u64>| n.map(|n| n.to_string()).unwrap_or_default();
            let text = |text: Option<&String>| text.cloned().unwrap_or_default();
            let fields: [String; HEADER.len()] = [
                caveat.id.clone(),
                caveat.claim.clone(),
                caveat.title.clone(),
                finding.way.clone(),
                finding.what.clone(),
                text(finding.remedy.as_ref()),
                verdict(finding).into(),
                finding.expected.map_or(String::new(), |v: Verdict| v.words().into()),
                finding.rows_meant.to_string(),
                number(finding.rows_found),
                number(finding.rejected),
                text(error.and_then(|e| e.sqlstate.as_ref())),
                text(error.map(|e| &e.message)),
                number(error.and_then(|e| e.line)),
                text(error.and_then(|e| e.column.as_ref())),
                number(difference.map(|d| d.missing)),
                number(difference.map(|d| d.extra)),
                difference.and_then(|d| d.meant.as_ref()).map(row).unwrap_or_default(),
                difference.and_then(|d| d.found.as_ref()).map(row).unwrap_or_default(),
                text(finding.unavailable.as_ref()),
            ];
            writer.write_record(fields).context("writing a finding as csv")?;
        }
    }
    let bytes = writer.into_inner().context("finishing the csv")?;
    String::from_utf8(bytes).context("the csv is not UTF-8")
}
