//! What crashes behind the rounds of a run, and when.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;

use crate::method::Catalogue;
use crate::model::{Case, CrashKind, CrashPlan, Moment, Phase, Role, Sample, Slot, Work};

/// Each case that runs and loads something, at each of its moments: in the middle once it is known from the end how long
/// its load takes, and with half confirmed where it commits part by part.
///
/// # Errors
/// When a case names a method that is not in the catalogue.
pub(super) fn plan(
    catalogue: &Catalogue,
    cases: &[Case],
    (kind, rows): (CrashKind, u64),
) -> Result<CrashPlan> {
    let mut order = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        if !case.runs() || case.role == Role::Control || case.work == Work::Export {
            continue;
        }
        order.extend([(index, Moment::End), (index, Moment::Middle)]);
        if catalogue.find(&case.key.method)?.info().in_parts {
            order.push((index, Moment::Half));
        }
    }
    Ok(CrashPlan { kind, rows, order })
}

/// How long the load phase of each case took last, and for how many rows.
#[derive(Default)]
pub(super) struct LoadTimes(BTreeMap<String, (u64, u64)>);

impl LoadTimes {
    /// Takes the time of a sample: one of a round, or of a load that ended before the crash.
    pub(super) fn take(&mut self, sample: &Sample) {
        let counts = matches!(sample.slot, Slot::Round(_) | Slot::Crash(Moment::End));
        if let Some(ns) = sample.phases.get(&Phase::Load).filter(|_| counts) {
            self.0.insert(sample.case.clone(), (sample.rows, *ns));
        }
    }

    /// Half the time that the load phase of a case takes for so many rows; none where nothing is known of it.
    pub(super) fn middle(&self, case: &str, rows: u64) -> Duration {
        let ns =
            self.0.get(case).map_or(0, |(of, ns)| u128::from(*ns) * u128::from(rows) / u128::from(*of) / 2);
        Duration::from_nanos(ns as u64)
    }
}
