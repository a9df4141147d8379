//! Rules that no type can express of a record: every figure later relies on them. A record that breaks one
//! was not written by this program, or was changed since.

use std::collections::{BTreeMap, BTreeSet};

use super::RUN_FILE;
use crate::model::findings::Findings;
use crate::model::metric::Unit;
use crate::model::{Case, CrashPlan, Outcome, ParamValue, Readings, Role, Run, Sample, Slot, Work, is_time};
use crate::units::PUBLISHED_SECONDS;

/// The largest time limit of a sample, in seconds: a week.
pub(crate) const LONGEST_SAMPLE_SECONDS: u64 = 7 * 24 * 60 * 60;

/// More bytes than any sample writes or any process has: an exbibyte.
const MOST_BYTES: u64 = 1 << 60;

/// Likewise of events, of which a load has some a row.
const MOST_EVENTS: u64 = 1 << 48;

/// More than the frequency of any processor.
const MOST_HERTZ: u64 = 1_000_000_000_000;

/// What rounds may go on until: half of an interval in per cent of its figure.
pub(crate) const WIDEST_PERCENT: std::ops::RangeInclusive<f64> = 0.01..=50.0;

/// CPU time of the longest sample on more cores than any machine has, in nanoseconds.
const MOST_CPU_NS: u64 = LONGEST_SAMPLE_SECONDS * 1_000_000_000 * 4096;

/// The rule that a run breaks, in words.
pub(super) fn check_run(run: &Run) -> Result<(), String> {
    time("started", &run.provenance.started)?;
    let plan = &run.plan;
    if plan.rounds == 0 {
        return Err("`plan.rounds` is 0: a run has one at least".into());
    }
    if plan.rows != run.dataset.rows {
        return Err(format!("`plan.rows` is {}, but `dataset.rows` is {}", plan.rows, run.dataset.rows));
    }
    let mut ids = BTreeSet::new();
    for (index, case) in plan.cases.iter().enumerate() {
        if !ids.insert(case.id.as_str()) {
            return Err(format!("`plan.cases[{index}].id` is {:?}, as that of a case before it", case.id));
        }
        let same = |other: &&Case| other.key == case.key && other.role != Role::Control;
        if let Some(other) = plan.cases[..index].iter().find(same).filter(|_| case.role != Role::Control) {
            return Err(format!("`plan.cases[{index}].key` is that of {:?}", other.id));
        }
        self::case(run, case).map_err(|rule| format!("`plan.cases[{index}]` ({}): {rule}", case.id))?;
    }
    for (role, name) in [(Role::Baseline, "baseline"), (Role::Control, "control")] {
        if plan.cases.iter().filter(|case| case.role == role).count() > 1 {
            return Err(format!("`plan.cases` has more than one {name}"));
        }
    }
    parts(run)?;
    order(run)?;
    until(run)?;
    crashes(run)
}

fn case(run: &Run, case: &Case) -> Result<(), String> {
    // No more of it, as values were once spelt otherwise.
    if case.id.split(' ').next() != Some(case.key.method.as_str()) {
        return Err(format!("its method is {:?}, and its id that of another", case.key.method));
    }
    if let Some(name) = case.key.server.as_ref().filter(|name| !run.servers.contains_key(*name)) {
        return Err(format!("`server` is {name:?}, which `servers` has nothing of"));
    }
    let dataset = run.dataset_of(case).ok_or_else(|| {
        let name = case.key.axes.dataset.as_deref().unwrap_or_default();
        format!("`dataset` is {name:?}, which `datasets` has nothing of")
    })?;
    if case.runs() && (case.rows == 0 || case.rows > dataset.rows) {
        return Err(format!("`rows` is {}, and its dataset has {}", case.rows, dataset.rows));
    }
    match case.published_seconds {
        Some(seconds) if !PUBLISHED_SECONDS.contains(&seconds) => Err(format!(
            "`published_seconds` is {seconds}: it has to be from {} to {}",
            PUBLISHED_SECONDS.start(),
            PUBLISHED_SECONDS.end()
        )),
        _ => Ok(()),
    }
}

/// Every case is held against one that is there, and the control is the baseline once more.
fn parts(run: &Run) -> Result<(), String> {
    let cases = &run.plan.cases;
    let baseline = cases.iter().find(|case| case.role == Role::Baseline);
    for case in cases {
        match &case.against {
            Some(other) if run.case(other).is_none() => {
                return Err(format!("{:?} is `against` {other:?}, which `plan.cases` lacks", case.id));
            }
            _ => {}
        }
        if case.role != Role::Control {
            continue;
        }
        let Some(baseline) = baseline else {
            return Err(format!("{:?} is the control, and `plan.cases` has no baseline", case.id));
        };
        let what = |case: &Case| (case.key.clone(), case.params.clone(), case.rows);
        if what(case) != what(baseline) {
            return Err(format!("{:?} is the control, and not the baseline once more", case.id));
        }
    }
    Ok(())
}

/// Every round has every case that runs, once.
fn order(run: &Run) -> Result<(), String> {
    let plan = &run.plan;
    if plan.order.len() != plan.rounds as usize {
        return Err(format!(
            "`plan.order` has {} rounds, and `plan.rounds` is {}",
            plan.order.len(),
            plan.rounds
        ));
    }
    for (round, order) in plan.order.iter().enumerate() {
        let mut seen = BTreeSet::new();
        for (position, index) in order.iter().enumerate() {
            let at = format!("`plan.order[{round}][{position}]` is {index}");
            let Some(case) = plan.cases.get(*index) else {
                return Err(format!("{at}, and there are {} cases, from 0", plan.cases.len()));
            };
            if !seen.insert(*index) {
                return Err(format!("{at} ({}), which the round has already", case.id));
            }
            if !case.runs() {
                return Err(format!("{at} ({}), a case that cannot run", case.id));
            }
        }
        if let Some((_, left_out)) =
            plan.cases.iter().enumerate().find(|(index, case)| case.runs() && !seen.contains(index))
        {
            return Err(format!("`plan.order[{round}]` lacks {}, which every round has", left_out.id));
        }
    }
    Ok(())
}

/// The rounds are as many as the rule by which they go on allows.
fn until(run: &Run) -> Result<(), String> {
    let plan = &run.plan;
    let Some(until) = &plan.until else { return Ok(()) };
    if !WIDEST_PERCENT.contains(&until.percent) {
        return Err(format!(
            "`plan.until.percent` is {}: it has to be from {} to {}",
            until.percent,
            WIDEST_PERCENT.start(),
            WIDEST_PERCENT.end()
        ));
    }
    if !(until.fewest_rounds..=until.most_rounds).contains(&plan.rounds) {
        return Err(format!(
            "`plan.rounds` is {}, and `plan.until` has from {} to {}",
            plan.rounds, until.fewest_rounds, until.most_rounds
        ));
    }
    match until.unknown(&plan.cases) {
        Some(name) => {
            Err(format!("`plan.until.cases` has {name:?}, which is no name of a case of `plan.cases`"))
        }
        None => Ok(()),
    }
}

/// The samples of a run, held against it and against each other.
pub(super) struct Samples<'a> {
    run: &'a Run,
    /// The line of the sample at each place, which is the slot and the position in it.
    places: BTreeMap<(Slot, u32), usize>,
    /// The line of the sample of each case in each slot.
    cases: BTreeMap<(Slot, String), usize>,
}

impl<'a> Samples<'a> {
    /// The samples of this run, none yet.
    pub(crate) fn new(run: &'a Run) -> Self {
        Self { run, places: BTreeMap::new(), cases: BTreeMap::new() }
    }

    /// Takes the sample of this line of the file; or the rule that it breaks, in words.
    pub(crate) fn take(&mut self, line: usize, sample: &Sample) -> Result<(), String> {
        let cases = &self.run.plan.cases;
        let Some(index) = cases.iter().position(|case| case.id == sample.case) else {
            return Err(format!("`case` is {:?}, which {RUN_FILE} has no case of", sample.case));
        };
        itself(sample, &cases[index], self.run.plan.crash.as_ref())?;
        self.content(sample, &cases[index])?;
        let where_it_is = self.plan_position(index, sample)?;
        if let Some(before) = self.places.insert((sample.slot, sample.position), line) {
            return Err(format!(
                "{} has its sample at `position` {} in line {before} already",
                sample.slot, sample.position
            ));
        }
        match self.cases.insert((sample.slot, sample.case.clone()), line) {
            Some(before) if where_it_is == PlanPosition::Planned => {
                Err(format!("{} has its sample of {} in line {before} already", sample.slot, sample.case))
            }
            _ => Ok(()),
        }
    }

    /// A table that was filled with the whole dataset holds it.
    fn content(&self, sample: &Sample, case: &Case) -> Result<(), String> {
        let Some(dataset) = self.run.dataset_of(case) else { return Ok(()) };
        match &sample.end_state {
            Some(end)
                if case.work == Work::Load
                    && case.rows == dataset.rows
                    && dataset.unknown.is_empty()
                    && end.content != dataset.content =>
            {
                Err(format!(
                    "`end_state.content` is {}, and that of the dataset {}",
                    end.content, dataset.content
                ))
            }
            _ => Ok(()),
        }
    }

    fn plan_position(&self, index: usize, sample: &Sample) -> Result<PlanPosition, String> {
        let plan = &self.run.plan;
        let position = sample.position;
        let round = match sample.slot {
            // A warm-up of each server.
            Slot::WarmUp => {
                let servers = plan.cases.iter().map(|case| &case.key.server).collect::<BTreeSet<_>>().len();
                return match (position as usize) < servers {
                    true => Ok(PlanPosition::Planned),
                    false => {
                        Err(format!("`position` is {position}, and there are {servers} warm-ups, from 0"))
                    }
                };
            }
            Slot::Round(round) => round,
            Slot::Crash(moment) => {
                let planned = plan.crash.as_ref().and_then(|crash| crash.order.get(position as usize));
                return match planned {
                    Some(planned) if *planned == (index, moment) => Ok(PlanPosition::Planned),
                    _ => Err(format!("the plan has no such crash at `position` {position}")),
                };
            }
        };
        let Some(order) = round.checked_sub(1).and_then(|before| plan.order.get(before as usize)) else {
            return Err(format!("`round` is {round}, and the plan has {}", plan.rounds));
        };
        match order.get(position as usize) {
            Some(planned) if *planned == index => Ok(PlanPosition::Planned),
            Some(planned) => Err(format!(
                "`position` {position} of round {round} is that of {}, not of {}",
                plan.cases[*planned].id, sample.case
            )),
            // Written by programs before the first version: a try that came to nothing, which no figure has.
            None if sample.outcome == Outcome::Failed => Ok(PlanPosition::Further),
            None => Err(format!("`position` is {position}, and round {round} has {}, from 0", order.len())),
        }
    }
}

/// The position of a sample in its round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PlanPosition {
    /// As planned.
    Planned,
    /// Behind the round's own.
    Further,
}

/// The rules for a sample alone, whatever the others are.
fn itself(sample: &Sample, case: &Case, crashes: Option<&CrashPlan>) -> Result<(), String> {
    if !case.runs() {
        return Err(format!("`case` is {:?}, which cannot run by {RUN_FILE}", sample.case));
    }
    time("started", &sample.started)?;
    readings(&sample.readings)?;
    let rows = match (sample.slot, crashes) {
        (Slot::Crash(_), Some(crashes)) => crashes.rows.min(case.rows),
        _ => case.rows,
    };
    if sample.rows != rows {
        return Err(format!("`rows` is {}, and the case has {rows}", sample.rows));
    }
    if let Slot::Crash(_) = sample.slot {
        return crash(sample);
    }
    if sample.crash.is_some() {
        return Err("`crash` is given for a sample that is none".into());
    }
    let sum = sum("phases", sample.phases.values())?;
    let around = self::sum("overhead", sample.overhead.values())?;
    sum.checked_add(around).ok_or("`phases` and `overhead` add up to more than any time")?;
    let Some(total) = sample.total_ns else {
        return match (sample.outcome, &sample.end_state, &sample.error) {
            (Outcome::Ok, ..) => Err("`total_ns` is missing from a sample whose `outcome` is ok".into()),
            (_, Some(_), _) => Err("`end_state` is given for a sample whose `outcome` is not ok".into()),
            (_, _, None) => Err("`error` is missing from a sample whose `outcome` is not ok".into()),
            _ => Ok(()),
        };
    };
    if sample.outcome != Outcome::Ok {
        return Err("`total_ns` is given for a sample whose `outcome` is not ok".into());
    }
    if sample.error.is_some() {
        return Err("`error` is given for a sample whose `outcome` is ok".into());
    }
    if total != sum {
        return Err(format!("`total_ns` is {total}, but its `phases` add up to {sum}"));
    }
    if total == 0 {
        return Err("`total_ns` is 0: no load takes no time".into());
    }
    if total / 1_000_000_000 >= LONGEST_SAMPLE_SECONDS {
        return Err(format!(
            "`total_ns` is {total}, and no sample may take longer than {LONGEST_SAMPLE_SECONDS} s"
        ));
    }
    let end =
        sample.end_state.as_ref().ok_or("`end_state` is missing from a sample whose `outcome` is ok")?;
    let expected = rows_in_the_end(case)?;
    match end.rows == expected {
        true => Ok(()),
        false => Err(format!("`end_state.rows` is {}, where the load leaves {expected}", end.rows)),
    }
}

/// The rules for the sample of a crash alone.
fn crash(sample: &Sample) -> Result<(), String> {
    if sample.total_ns.is_some() || sample.end_state.is_some() {
        return Err("`total_ns` or `end_state` is given for a crash".into());
    }
    if (sample.outcome == Outcome::Ok) != sample.error.is_none() {
        return Err("`error` is given where `outcome` is ok, or is missing where it is not".into());
    }
    match &sample.crash {
        None if sample.outcome == Outcome::Ok => {
            Err("`crash` is missing from one whose `outcome` is ok".into())
        }
        None => Ok(()),
        Some(crash)
            if crash.confirmed > sample.rows
                || crash.confirmed_there > crash.confirmed
                || crash.others_there > sample.rows - crash.confirmed =>
        {
            Err("`crash` has more rows than there were".into())
        }
        Some(_) => Ok(()),
    }
}

/// Each crash is of a case that runs.
fn crashes(run: &Run) -> Result<(), String> {
    let Some(crash) = &run.plan.crash else { return Ok(()) };
    if crash.rows == 0 {
        return Err("`plan.crash.rows` is 0".into());
    }
    let mut seen = BTreeSet::new();
    for (position, (index, moment)) in crash.order.iter().enumerate() {
        let runs = run.plan.cases.get(*index).is_some_and(Case::runs);
        if !runs || !seen.insert((*index, *moment)) {
            return Err(format!("`plan.crash.order[{position}]` is of no case that runs, or there already"));
        }
    }
    Ok(())
}

/// A load costs no more than there can be.
fn readings(readings: &Readings) -> Result<(), String> {
    for (reading, value) in readings.iter() {
        let most = match reading.metric.about().unit {
            Unit::Bytes => MOST_BYTES,
            Unit::Nanoseconds => MOST_CPU_NS,
            Unit::Count => MOST_EVENTS,
            Unit::PerMille => 1000,
            Unit::Hertz => MOST_HERTZ,
        };
        if value > most {
            return Err(format!("`{}` is {value}, more than any load costs", reading.name()));
        }
    }
    Ok(())
}

/// Rows in the table after a load of the case.
fn rows_in_the_end(case: &Case) -> Result<u64, String> {
    // The only loads that the table holds the rows of more than once: `held` times before.
    let held = match case.work {
        Work::Append => case.params.get("held").and_then(ParamValue::number).unwrap_or(1),
        Work::Load | Work::Merge | Work::Update | Work::Export => 0,
    };
    let times = held.checked_add(1).and_then(|times| case.rows.checked_mul(times));
    times.ok_or_else(|| format!("{} rows {held} times and once more are more than any table has", case.rows))
}

fn sum<'v>(name: &str, values: impl IntoIterator<Item = &'v u64>) -> Result<u64, String> {
    values
        .into_iter()
        .try_fold(0_u64, |sum, value| sum.checked_add(*value))
        .ok_or_else(|| format!("`{name}` add up to more than any time"))
}

/// Passes for a time as records have it.
pub(super) fn time(name: &str, text: &str) -> Result<(), String> {
    match is_time(text) {
        true => Ok(()),
        false => Err(format!("`{name}` is {text:?}, and a time is written like 2026-03-01T12:00:00Z")),
    }
}

/// Each caveat is there once, and each of its ways.
pub(super) fn findings(findings: &Findings) -> Result<(), String> {
    time("started", &findings.provenance.started)?;
    let mut seen = BTreeSet::new();
    for caveat in &findings.caveats {
        if !seen.insert((caveat.id.as_str(), None)) {
            return Err(format!("`caveats` has {:?} twice", caveat.id));
        }
        for finding in &caveat.findings {
            if !seen.insert((caveat.id.as_str(), Some(finding.way.as_str()))) {
                return Err(format!("the caveat {:?} has the way {:?} twice", caveat.id, finding.way));
            }
        }
    }
    Ok(())
}
