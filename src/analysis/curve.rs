//! The cases of a run along the axis that its experiment varies.

use super::summary::Summary;
use super::verdict::Standings;
use crate::model::{Axis, CaseKey, Plan, Role, size_words};
use crate::units;

/// A run's rates over the axis that its experiment varies.
#[derive(Debug)]
pub struct Curve<'s, 'a> {
    /// The axis.
    pub axis: &'a Axis,
    /// The cases that agree in all but that, in the order of the plan.
    pub series: Vec<Series<'s, 'a>>,
}

/// Cases that agree in all but the axis.
#[derive(Debug)]
pub struct Series<'s, 'a> {
    /// The common part of their ids.
    pub name: String,
    /// A point for each case, from the smallest value of the axis to the largest.
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
    pub fn of_run(plan: &'a Plan, standings: &'s Standings<'a>) -> Option<Self> {
        let axis = plan.x.as_ref()?;
        let mut groups: Vec<(CaseKey, Vec<Point>)> = Vec::new();
        for summary in standings.cases.iter().map(|s| &s.summary).filter(|s| s.case.role != Role::Control) {
            let Some((x, label)) = value(axis, summary) else { continue };
            let point = Point { x, label, summary };
            let params = match axis {
                // Defaults follow from the processors.
                Axis::Cpus => &summary.case.key.params,
                // With all parameters: one that is given with its default is no other case.
                _ => &summary.case.params,
            };
            let key = CaseKey { params: params.clone(), ..summary.case.key.clone() };
            let key = key.without(axis);
            match groups.iter_mut().find(|(other, _)| *other == key) {
                Some((_, points)) => points.push(point),
                None => groups.push((key, vec![point])),
            }
        }
        let series = groups.into_iter().map(|(_, mut points)| {
            points.sort_by(|a, b| a.x.total_cmp(&b.x));
            Series { name: shared(axis, &points), points }
        });
        let series: Vec<Series> = series.collect();
        (!series.is_empty()).then_some(Curve { axis, series })
    }

    /// Whether the case of this id is on it.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.series.iter().flat_map(|s| &s.points).any(|point| point.summary.case.id == id)
    }

    /// The values of the axis that any case has, ascending, each as people write it.
    pub(crate) fn values(&self) -> Vec<(f64, &str)> {
        let points = self.series.iter().flat_map(|s| &s.points);
        let mut values: Vec<(f64, &str)> = points.map(|p| (p.x, p.label.as_str())).collect();
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        values.dedup_by(|a, b| a.0 == b.0);
        values
    }
}

/// A case's value of an axis, if it has one, as a number and as people write it.
fn value(axis: &Axis, summary: &Summary) -> Option<(f64, String)> {
    let case = summary.case;
    match axis {
        Axis::Rows => Some((case.rows as f64, units::count(case.rows))),
        Axis::Latency => case.key.axes.latency_ms.map(|ms| (ms as f64, ms.to_string())),
        Axis::Cpus => case.key.axes.limits.cpus.map(|cpus| (f64::from(cpus), cpus.to_string())),
        Axis::Memory => case.key.axes.limits.memory_bytes.map(|bytes| (bytes as f64, size_words(bytes))),
        Axis::Flush => {
            // A disk without any delay has no place on a scale of times.
            let ns = summary.server?.disk.as_ref()?.flush_ns;
            (ns > 0).then(|| (ns as f64 / 1e6, units::seconds(ns)))
        }
        Axis::Param(name) => {
            let value = case.params.get(name)?;
            Some((value.number()? as f64, value.to_string()))
        }
        Axis::Setting(name) => {
            let text = case.key.axes.settings.get(name)?;
            Some((size(text)?, text.clone()))
        }
        Axis::Method | Axis::Dataset | Axis::Collation | Axis::Server => None,
    }
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

/// The common part of the ids of all points, without the axis.
fn shared(axis: &Axis, points: &[Point]) -> String {
    let Some((first, others)) = points.split_first() else { return String::new() };
    first.summary.case.key.without(axis).common(others.iter().map(|p| &p.summary.case.key)).to_string()
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
