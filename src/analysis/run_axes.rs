//! Axes of the cases on which a run has but one value, and the next run another: what the whole run differs in,
//! though its cases say it.

use crate::model::{Axis, Case, Run};

/// The axes on which the cases of each run all agree while the runs do not, with each run's value.
pub(crate) fn varied(runs: &[&Run]) -> Vec<(Axis, Vec<Option<String>>)> {
    let settings = runs.iter().flat_map(|run| &run.plan.cases).flat_map(|c| c.key.axes.settings.keys());
    let mut axes = vec![Axis::Rows, Axis::Dataset, Axis::Collation, Axis::Latency, Axis::Cpus, Axis::Memory];
    for name in settings {
        if !axes.iter().any(|axis| axis.name() == name) {
            axes.push(Axis::Setting(name.clone()));
        }
    }
    let values =
        |axis: &Axis| runs.iter().map(|run| of_all(axis, &run.plan.cases)).collect::<Option<Vec<_>>>();
    let all = axes.into_iter().filter_map(|axis| Some((values(&axis)?, axis)));
    all.filter(|(values, _)| values.iter().any(|v| *v != values[0]))
        .map(|(values, axis)| (axis, values))
        .collect()
}

/// The value that all these cases have on an axis, which may be none; `None` where they differ.
fn of_all(axis: &Axis, cases: &[Case]) -> Option<Option<String>> {
    let (first, others) = cases.split_first()?;
    let value = value(axis, first);
    others.iter().all(|other| self::value(axis, other) == value).then_some(value)
}

fn value(axis: &Axis, case: &Case) -> Option<String> {
    let axes = &case.key.axes;
    match axis {
        Axis::Rows => axes.rows.map(|rows| rows.to_string()),
        Axis::Dataset => axes.dataset.clone(),
        Axis::Collation => axes.collation.clone(),
        Axis::Latency => axes.latency_ms.map(|ms| ms.to_string()),
        Axis::Cpus | Axis::Memory => {
            axes.limit_words().find(|(limited, _)| limited == axis).map(|(_, value)| value)
        }
        Axis::Setting(name) => axes.settings.get(name).cloned(),
        Axis::Method | Axis::Server | Axis::Flush | Axis::Param(_) => None,
    }
}
