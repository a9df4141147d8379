//! The cases of a run along the axis that its experiment varies.

use std::collections::BTreeMap;

use super::summary::Summary;
use super::verdict::Standings;
use crate::model::{CaseFacts, ParamValue, Plan, Role};
use crate::units;

/// What an experiment varied, and what came of it.
#[derive(Debug)]
pub struct Curve<'s, 'a> {
    /// What it varied: `rows`, `latency_ms`, or the name of a parameter or setting.
    pub axis: String,
    /// What its values are values of.
    pub kind: Kind,
    /// The cases that agree in all but that, in the order of the plan.
    pub series: Vec<Series<'s, 'a>>,
}

/// What the values of an axis are values of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Rows loaded.
    Rows,
    /// Milliseconds added to each round trip.
    Latency,
    /// A parameter of a method, in the parameter's own unit.
    Parameter,
    /// A setting of the server: bytes where it is a size, else in the setting's own unit.
    Setting,
}

/// Cases that agree in all but the axis.
#[derive(Debug)]
pub struct Series<'s, 'a> {
    /// What their ids share.
    pub name: String,
    /// One a case, from the smallest value of the axis to the largest.
    pub points: Vec<Point<'s, 'a>>,
}

/// A case on a curve.
#[derive(Debug, Clone)]
pub struct Point<'s, 'a> {
    /// Its value of the axis.
    pub x: f64,
    /// The same as people write it.
    pub label: String,
    /// The case and its figures.
    pub summary: &'s Summary<'a>,
}

impl<'s, 'a> Curve<'s, 'a> {
    /// The curve of a run; `None` where the plan has no axis or no case a value on it. The control
    /// is left out, being the baseline again.
    pub fn of(plan: &Plan, standings: &'s Standings<'a>) -> Option<Self> {
        let axis = plan.x.as_ref()?;
        let mut kind = None;
        let mut groups: Vec<(Key, Vec<Point>)> = Vec::new();
        for summary in standings.cases.iter().map(|s| &s.summary).filter(|s| s.case.role != Role::Control) {
            let Some((of_kind, x, label)) = value(axis, summary.case) else { continue };
            kind.get_or_insert(of_kind);
            let (key, point) = (Key::of(axis, summary.case), Point { x, label, summary });
            match groups.iter_mut().find(|(other, _)| *other == key) {
                Some((_, points)) => points.push(point),
                None => groups.push((key, vec![point])),
            }
        }
        let series = groups.into_iter().map(|(_, mut points)| {
            points.sort_by(|a, b| a.x.total_cmp(&b.x));
            Series { name: shared(axis, &points), points }
        });
        Some(Curve { axis: axis.clone(), kind: kind?, series: series.collect() })
    }

    /// The values of the axis that any case has, ascending, each as people write it.
    pub fn values(&self) -> Vec<(f64, &str)> {
        let points = self.series.iter().flat_map(|s| &s.points);
        let mut values: Vec<(f64, &str)> = points.map(|p| (p.x, p.label.as_str())).collect();
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        values.dedup_by(|a, b| a.0 == b.0);
        values
    }
}

/// A case's value of an axis, if it has one.
fn value(axis: &str, case: &CaseFacts) -> Option<(Kind, f64, String)> {
    if axis == "rows" {
        return Some((Kind::Rows, case.rows as f64, units::count(case.rows)));
    }
    if axis == "latency_ms" {
        return case.latency_ms.map(|ms| (Kind::Latency, ms as f64, ms.to_string()));
    }
    if let Some(value) = case.params.get(axis) {
        return Some((Kind::Parameter, value.number()? as f64, value.to_string()));
    }
    let text = case.settings.get(axis)?;
    Some((Kind::Setting, size(text)?, text.clone()))
}

/// A size as PostgreSQL writes it (`64MB`) in bytes, or a number without unit as it is.
fn size(text: &str) -> Option<f64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim() {
        "" | "B" => 1.0,
        "kB" => 1024.0,
        "MB" => 1024f64.powi(2),
        "GB" => 1024f64.powi(3),
        "TB" => 1024f64.powi(4),
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * factor)
}

/// What cases of one series agree in.
#[derive(PartialEq)]
struct Key<'a> {
    method: &'a str,
    params: BTreeMap<&'a str, &'a ParamValue>,
    settings: BTreeMap<&'a str, &'a str>,
    place: [Option<&'a str>; 3],
    latency_ms: Option<u64>,
    /// Rows that the case asks for in its id; those that the budget leaves it are an outcome.
    rows: Option<&'a str>,
}

impl<'a> Key<'a> {
    fn of(axis: &str, case: &'a CaseFacts) -> Self {
        let params = case.params.iter().map(|(name, value)| (name.as_str(), value));
        let settings = case.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let rows = case.id.split(' ').find(|word| word.starts_with("rows="));
        Key {
            method: &case.method,
            params: params.filter(|(name, _)| *name != axis).collect(),
            settings: settings.filter(|(name, _)| *name != axis).collect(),
            place: [case.dataset.as_deref(), case.collation.as_deref(), case.server.as_deref()],
            latency_ms: case.latency_ms.filter(|_| axis != "latency_ms"),
            rows: rows.filter(|_| axis != "rows"),
        }
    }
}

/// The words that the ids of all points share, without the axis' own: a default value stands in
/// no id, so that the words that differ are those of the axis.
fn shared(axis: &str, points: &[Point]) -> String {
    let Some((first, others)) = points.split_first() else { return String::new() };
    let prefix = format!("{axis}=");
    let everywhere = |word: &&str| {
        let in_id = |p: &Point| p.summary.case.id.split(' ').any(|other| other == *word);
        !word.starts_with(&prefix) && others.iter().all(in_id)
    };
    first.summary.case.id.split(' ').filter(everywhere).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_the_server_writes_them() {
        for (text, bytes) in [("64MB", 67_108_864.0), ("8 kB", 8192.0), ("1GB", 1_073_741_824.0), ("0", 0.0)]
        {
            assert_eq!(size(text), Some(bytes), "{text}");
        }
        for text in ["on", "5min", "", "MB"] {
            assert_eq!(size(text), None, "{text}");
        }
    }
}
