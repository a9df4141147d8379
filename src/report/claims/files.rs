//! The ledger for other programs: a line or an object for each result, and for each test without one.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::words::{command, published, says, tested_by};
use crate::analysis::claims::{Entry, Ledger, TestResult};
use crate::claim::{Bound, Tested};

const HEADER: [&str; 21] = [
    "claim",
    "source",
    "place",
    "says",
    "figure",
    "tested_by",
    "published",
    "published_figure",
    "measured",
    "measured_low",
    "measured_high",
    "found",
    "verdict",
    "reason",
    "record",
    "where",
    "server",
    "rows",
    "samples",
    "evidence",
    "repeat",
];

/// The ledger as csv; what is unknown is empty.
///
/// # Errors
/// When the text cannot be made.
pub(super) fn csv(ledger: &Ledger) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER).context("writing the csv header")?;
    for line in lines(ledger) {
        let field = |name: &&str| match &line[*name] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        writer.write_record(HEADER.iter().map(field)).context("writing a claim as csv")?;
    }
    let bytes = writer.into_inner().context("finishing the csv")?;
    String::from_utf8(bytes).context("the csv is not UTF-8")
}

/// The ledger as JSON: an array of objects, each with all keys.
///
/// # Errors
/// When the text cannot be made.
pub(super) fn json(ledger: &Ledger) -> Result<String> {
    let text = serde_json::to_string_pretty(&lines(ledger)).context("writing the ledger as JSON")?;
    Ok(text + "\n")
}

fn lines(ledger: &Ledger) -> Vec<Value> {
    let of_entry = |entry: &Entry| -> Vec<Value> {
        match entry.results.is_empty() {
            true => vec![line(entry, None)],
            false => entry.results.iter().map(|result| line(entry, Some(result))).collect(),
        }
    };
    ledger.entries.iter().flat_map(of_entry).collect()
}

fn line(entry: &Entry, result: Option<&TestResult>) -> Value {
    let claim = entry.claim;
    let measured = result.and_then(|result| result.measured);
    let interval = measured.and_then(|estimate| estimate.interval);
    let evidence = |result: &TestResult| {
        let words = result.evidence.iter().map(|e| format!("{}: {}", e.case, e.words));
        words.collect::<Vec<_>>().join("\n")
    };
    let verdict = match (result, entry.test) {
        (Some(result), _) => Some(result.verdict.words()),
        (None, None) => Some("not testable here"),
        (None, Some(_)) => None,
    };
    json!({
        "claim": claim.id,
        "source": claim.source.as_ref().unwrap_or(&entry.source.title),
        "place": claim.place,
        "says": says(entry),
        "figure": claim.figure,
        "tested_by": entry.test.map(tested_by),
        "published": entry.test.map(|test| published(test).text()),
        "published_figure": entry.test.and_then(figure),
        "measured": measured.map(|estimate| estimate.point),
        "measured_low": interval.map(|interval| interval.low),
        "measured_high": interval.map(|interval| interval.high),
        "found": result.and_then(|result| result.found.clone()),
        "verdict": verdict,
        "reason": result.and_then(|result| result.verdict.reason()).or(claim.untestable.as_deref()),
        "record": result.map(|result| result.record.as_str()),
        "where": result.map(|result| result.place.as_str()),
        "server": result.and_then(TestResult::server_name),
        "rows": result.and_then(|result| result.rows),
        "samples": result.map(|result| result.samples),
        "evidence": result.map(evidence).filter(|words| !words.is_empty()),
        "repeat": result.map(|result| result.repeat.clone()).or_else(|| command(entry)),
    })
}

/// What a source has as a number: a ratio, a share or a rate.
fn figure(test: &crate::claim::Test) -> Option<f64> {
    match &test.tested {
        Tested::Contrast(contrast) => contrast.expected.ratio,
        Tested::Sizes(sizes) => sizes.expected.ratio,
        Tested::Level(level) => match level.bound {
            Bound::AtLeast(figure) | Bound::AtMost(figure) => Some(figure),
        },
        Tested::Finding { .. } | Tested::Crash { .. } => None,
    }
}
