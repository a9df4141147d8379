//! The samples of one case, taken together.

use std::collections::BTreeMap;

use crate::model::metric::Aggregate;
use crate::model::{
    Case, DatasetFacts, Durability, EndState, Limits, Metric, Outcome, Phase, Reading, Run, Sample,
    ServerFacts,
};
use crate::stats::{self, Estimate};

/// A case and what its samples say. Times are nanoseconds, sizes bytes, both as medians and
/// therefore not always whole.
#[derive(Debug, Clone)]
pub struct Summary<'a> {
    /// The case as it was planned.
    pub case: &'a Case,
    /// The server that it loads into; `None` where the record does not have the one it names.
    pub server: Option<&'a ServerFacts>,
    /// Whether it is compared with cases on servers of any build.
    pub any_build: bool,
    /// The weakest durability of its samples' sessions, or the planned one where the record does not say
    /// what they had.
    pub durability: Durability,
    /// Its finished samples, without the warm-up, in the order they ran.
    pub samples: Vec<&'a Sample>,
    /// Rows each of them loaded.
    pub rows: u64,
    /// Bytes of one of its rows as csv, on average; `None` where the record has no csv of its dataset.
    pub bytes_per_row: Option<f64>,
    /// The median total with its interval; `None` without a finished sample.
    pub total_ns: Option<Estimate>,
    /// The smallest total.
    pub min_ns: Option<u64>,
    /// The median of each phase that any sample had.
    pub phases_ns: BTreeMap<Phase, f64>,
    /// Medians and sums of the metrics.
    pub readings: CaseReadings,
    /// Samples that failed or timed out.
    pub failures: usize,
    /// The first error of its samples.
    pub first_error: Option<&'a str>,
    /// The end state of the table, where all samples left the same.
    pub end_state: Option<&'a EndState>,
    /// Why the samples cannot be taken together, in words.
    pub mixed: Option<String>,
}

/// The readings of the samples of a case taken together, as [`Aggregate`] of each metric has it, over those
/// that have one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CaseReadings {
    figures: BTreeMap<Reading, f64>,
    /// Samples that a checkpoint had a part in.
    pub with_checkpoint: usize,
}

/// The summary of each case of a run, in the order of the plan.
pub fn summarize<'a>(run: &'a Run, samples: &'a [Sample]) -> Vec<Summary<'a>> {
    let of_case = |case| summarize_case(run, case, samples);
    run.plan.cases.iter().map(of_case).collect()
}

fn summarize_case<'a>(run: &'a Run, case: &'a Case, all: &'a [Sample]) -> Summary<'a> {
    let counted = || all.iter().filter(|s| s.case == case.id && s.slot.counts());
    let samples: Vec<&Sample> = counted().filter(|s| s.outcome == Outcome::Ok).collect();
    let failed: Vec<&Sample> = counted().filter(|s| s.outcome != Outcome::Ok).collect();
    let totals = totals_ns(&samples);
    Summary {
        case,
        any_build: run.plan.any_build,
        server: run.server_of(case),
        durability: durability(case, &samples),
        rows: samples.first().map_or(case.rows, |s| s.rows),
        bytes_per_row: run.dataset_of(case).and_then(DatasetFacts::csv_bytes_per_row),
        total_ns: stats::median_estimate(&totals),
        min_ns: samples.iter().filter_map(|s| s.total_ns).min(),
        phases_ns: phase_medians(&samples),
        readings: CaseReadings::of_samples(&samples),
        failures: failed.len(),
        first_error: failed.iter().find_map(|s| s.error.as_deref()),
        end_state: samples.first().and_then(|s| s.end_state.as_ref()),
        mixed: mixed(&samples),
        samples,
    }
}

impl Summary<'_> {
    /// Its durability, as tables have it: a program's is its author's word, where the sessions say
    /// nothing else. (Records from before sessions were read back keep their words.)
    pub(crate) fn after_a_crash(&self) -> String {
        let words = self.durability.words();
        let read_back = self.samples.iter().any(|sample| sample.session.is_some());
        match self.case.program.is_some() && read_back && self.durability == self.case.durability {
            true => format!("{words}, as its author says"),
            false => words.into(),
        }
    }

    /// Safeguards that were switched off in its sessions, each as `name = value`.
    pub(crate) fn switched_off(&self) -> Vec<String> {
        let mut off: Vec<String> =
            self.samples.iter().filter_map(|s| s.session.as_ref()).flat_map(|s| s.switched_off()).collect();
        off.sort();
        off.dedup();
        off
    }

    /// What its server may use of its machine.
    pub(crate) fn limits(&self) -> Limits {
        let of_run = self.server.map(|server| server.limits).unwrap_or_default();
        self.case.key.axes.limits.over(of_run)
    }

    /// Finished samples.
    pub fn n(&self) -> usize {
        self.samples.len()
    }

    /// Nanoseconds a row, sample by sample: what cases of different size are compared by.
    pub(crate) fn ns_per_row(&self) -> Vec<f64> {
        self.samples.iter().filter_map(|sample| sample.ns_per_row()).collect()
    }

    /// Rows a second, from the median total.
    pub fn rows_per_second(&self) -> Option<Estimate> {
        Some(self.total_ns?.inverse(self.rows as f64 * 1e9))
    }

    /// Bytes of the rows as csv a second, from the median total: what rows of other widths are compared by.
    pub fn csv_bytes_per_second(&self) -> Option<f64> {
        Some(self.rows_per_second()?.point * self.bytes_per_row?)
    }

    /// The phases of the sample with the median total (the means of the two middle ones), which
    /// add up to the median, as the medians of the phases need not.
    pub fn phases_of_median_ns(&self) -> BTreeMap<Phase, f64> {
        let mut sorted = self.samples.clone();
        sorted.sort_by_key(|s| s.total_ns);
        let middle = match sorted.len() {
            0 => return BTreeMap::new(),
            n if n % 2 == 1 => &sorted[n / 2..=n / 2],
            n => &sorted[n / 2 - 1..=n / 2],
        };
        let mut phases = BTreeMap::new();
        for sample in middle {
            for (&phase, &ns) in &sample.phases {
                *phases.entry(phase).or_insert(0.0) += ns as f64 / middle.len() as f64;
            }
        }
        phases
    }
}

fn totals_ns(samples: &[&Sample]) -> Vec<f64> {
    samples.iter().filter_map(|s| s.total_ns).map(|ns| ns as f64).collect()
}

fn phase_medians(samples: &[&Sample]) -> BTreeMap<Phase, f64> {
    let median_of = |phase| {
        let values: Vec<f64> =
            samples.iter().filter_map(|s| s.phases.get(&phase)).map(|&ns| ns as f64).collect();
        Some((phase, stats::median(&values)?))
    };
    Phase::ALL.into_iter().filter_map(median_of).collect()
}

impl CaseReadings {
    fn of_samples(samples: &[&Sample]) -> Self {
        let figure = |reading: Reading| {
            let values: Vec<f64> =
                samples.iter().filter_map(|s| s.readings.get(reading)).map(|value| value as f64).collect();
            let together = match reading.metric.about().aggregate {
                Aggregate::Median => stats::median(&values),
                Aggregate::Sum => (!values.is_empty()).then(|| values.iter().sum()),
            };
            Some((reading, together?))
        };
        let has_one = |s: &&&Sample| s.readings.get(Metric::Checkpoints) > Some(0);
        Self {
            figures: Reading::all().filter_map(figure).collect(),
            with_checkpoint: samples.iter().filter(has_one).count(),
        }
    }

    /// The samples' readings taken together, in the metric's unit; `None` where no sample has such a
    /// reading.
    pub(crate) fn get(&self, reading: impl Into<Reading>) -> Option<f64> {
        self.figures.get(&reading.into()).copied()
    }

    /// Bytes to the device: by whomever, or by the server's container where its device cannot be seen.
    pub(crate) fn device_writes(&self) -> Option<f64> {
        self.get(Metric::DeviceWrites).or_else(|| self.get(Metric::ContainerWrites))
    }

    /// The looks at its backends by what they did, as in [`Metric::WAITS`]; `None` where nobody looked. A kind that a
    /// record does not have is one that was among the others when it was taken: none of its own.
    pub(crate) fn waits(&self) -> Option<[f64; Metric::WAITS.len()]> {
        self.get(Metric::AtWork)?;
        Some(Metric::WAITS.map(|metric| self.get(metric).unwrap_or(0.0)))
    }
}

/// Samples under different settings are not taken together; of what they promise the least holds.
fn durability(case: &Case, samples: &[&Sample]) -> Durability {
    let rank = |durability: &Durability| match durability {
        Durability::Durable => 0,
        Durability::MayLoseLastCommits => 1,
        Durability::LostOnCrash => 2,
        Durability::MayBeDamaged => 3,
    };
    let read_back = samples.iter().filter_map(|sample| sample.durability(case.durability));
    read_back.max_by_key(rank).unwrap_or(case.durability)
}

fn mixed(samples: &[&Sample]) -> Option<String> {
    let first = samples.first()?;
    for other in &samples[1..] {
        if other.rows != first.rows {
            return Some(format!("its samples loaded {} and {} rows", first.rows, other.rows));
        }
        if let (Some(a), Some(b)) = (&first.session, &other.session)
            && (a.settings != b.settings || a.disabled_triggers != b.disabled_triggers)
        {
            return Some("its samples' sessions had different settings".into());
        }
        if let (Some(a), Some(b)) = (&first.end_state, &other.end_state)
            && let Some(field) = a.differs_in(b)
        {
            return Some(format!("its samples left tables of different {field}"));
        }
    }
    None
}

impl Sample {
    /// Nanoseconds a row; `None` where it did not finish.
    pub(crate) fn ns_per_row(&self) -> Option<f64> {
        Some(self.total_ns? as f64 / self.rows.max(1) as f64)
    }

    /// The natural logarithm of the nanoseconds a row, in which a ratio is a difference; `None` where no time passed.
    pub(crate) fn log_ns_per_row(&self) -> Option<f64> {
        self.ns_per_row().filter(|ns| *ns > 0.0).map(f64::ln)
    }
}

impl EndState {
    /// The first field in which two end states differ, as words name it; `None` when they agree.
    pub(crate) fn differs_in(&self, other: &EndState) -> Option<&'static str> {
        match () {
            () if self.rows != other.rows => Some("row counts"),
            () if self.content != other.content => Some("content"),
            () if self.structure != other.structure => Some("indexes or constraints"),
            () if self.persistence != other.persistence => Some("persistence"),
            () => None,
        }
    }
}
