//! A run's curve as a table, and what its axis is called.

use super::table::{Cell, Column, Table};
use crate::analysis::Curve;
use crate::analysis::curve::Point;
use crate::method::Catalogue;
use crate::model::Axis;

/// The axis in a word.
pub(crate) fn axis_name<'c>(curve: &'c Curve) -> &'c str {
    match curve.axis {
        Axis::Rows => "rows loaded",
        Axis::Latency => "latency",
        Axis::Cpus => "processors",
        Axis::Flush => "time of a flush",
        other => other.name(),
    }
}

/// The axis with its unit.
pub(crate) fn axis_title(curve: &Curve) -> String {
    match curve.axis {
        Axis::Latency => "latency: milliseconds added to each round trip".into(),
        Axis::Cpus => "processors that the server may use".into(),
        Axis::Flush => "time of a flush of the emulated disk beneath the server's data".into(),
        Axis::Memory => "memory that the server may use, the page cache of its files included".into(),
        Axis::Param(name) => match parameter_help(curve, name) {
            Some(help) => format!("{name}: {help}"),
            None => name.clone(),
        },
        Axis::Setting(name) => format!("{name} (setting)"),
        _ => axis_name(curve).into(),
    }
}

/// The catalogue's help on the parameter; empty where a record names a method of another version.
fn parameter_help(curve: &Curve, name: &str) -> Option<String> {
    let catalogue = Catalogue::built_in();
    let cases = curve.series.iter().flat_map(|s| &s.points).map(|p| p.summary.case);
    let infos = cases.filter_map(|case| Some(catalogue.find(&case.key.method).ok()?.info()));
    infos.flat_map(|info| &info.params).find(|p| p.name == name).map(|p| p.help.clone())
}

/// Rows a second: a row a value of the axis, a column a series.
pub(crate) fn table(curve: &Curve) -> Table {
    let mut columns = vec![Column::numbers(axis_name(curve), &format!("{}.", axis_title(curve)))];
    columns.extend(curve.series.iter().map(|s| Column::numbers(s.name.clone(), "")));
    let row = |(x, label): (f64, &str)| {
        let rate = |points: &[Point]| {
            let found = points.iter().filter(|p| p.x == x).find_map(|p| p.summary.rows_per_second());
            Cell::optional(found, |e| Cell::Rate(e.point))
        };
        let rates = curve.series.iter().map(|s| rate(&s.points));
        std::iter::once(Cell::Text(label.into())).chain(rates).collect()
    };
    Table { columns, rows: curve.values().into_iter().map(row).collect() }
}
