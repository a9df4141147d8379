//! A run of several tables at a glance: a line a dataset, and a column a way of loading.

use super::table::{Cell, Column, Table};
use crate::analysis::{Standing, Standings};
use crate::distinct::distinct;
use crate::model::{Axis, Case, Role};

/// In place of the name of rows that have none.
const UNNAMED: &str = "the run's own rows";

/// Rows a second from the medians, of every dataset by every way; `None` unless cases name several datasets and load
/// them in several ways.
pub(crate) fn table(standings: &Standings) -> Option<Table> {
    let cases = || standings.cases.iter().filter(|s| s.summary.case.role != Role::Control);
    let datasets = distinct(cases().map(dataset));
    let ways = distinct(cases().map(|s| way(s.summary.case)));
    if datasets.iter().filter(|name| *name != UNNAMED).count() < 2 || ways.len() < 2 {
        return None;
    }
    let columns = ways.iter().map(|way| Column::numbers(way, "Rows a second, from the median."));
    let columns = std::iter::once(Column::words("dataset", "")).chain(columns).collect();
    let rate = |name: &str, wanted: &str| {
        let found = cases().find(|s| dataset(s) == name && way(s.summary.case) == wanted);
        Cell::optional(found.and_then(|s| s.summary.rows_per_second()), |rate| Cell::Rate(rate.point))
    };
    let row = |name: &String| {
        let rates = ways.iter().map(|way| rate(name, way));
        std::iter::once(Cell::Code(name.clone())).chain(rates).collect()
    };
    Some(Table { columns, rows: datasets.iter().map(row).collect() })
}

/// The dataset of a case.
fn dataset(s: &Standing) -> String {
    s.summary.case.key.axes.dataset.clone().unwrap_or_else(|| UNNAMED.into())
}

/// A case but for its dataset, as tables name it.
fn way(case: &Case) -> String {
    case.key.without(&Axis::Dataset).id(Role::Case)
}
