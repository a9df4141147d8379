//! A test of a claim, tried by the samples of a run or by findings.

use super::result::{Evidence, Measured, TestResult};
use super::rule::{self, ClaimVerdict};

use crate::analysis::blocks::Blocks;
use crate::analysis::comparability;
use crate::analysis::summary::Summary;
use crate::analysis::verdict;
use crate::claim::{Contrast, Expected, Left, Level, Quantity, Sizes, Test, Tested};
use crate::model::findings::{Findings, Verdict};
use crate::model::{CaseKey, CrashKind, Moment, Outcome, Reading, Role, Sample, Slot};
use crate::stats::{self, Estimate, Within};
use crate::units;

/// The results of a test by a run, one for each of its servers that has the cases; none where no server has.
pub(super) fn by_run(test: &Test, run: &Measured) -> Vec<TestResult> {
    // What a source says of its table says nothing of a user's, nor of one that is made into another.
    if run.run.table.is_some() || !run.run.making.is_empty() {
        return Vec::new();
    }
    match &test.tested {
        Tested::Contrast(contrast) => {
            pairs(contrast, run).iter().map(|pair| pair.contrast(contrast, run)).collect()
        }
        Tested::Level(level) => {
            of_case(&level.case, run).map(|summary| self::level(level, summary)).collect()
        }
        Tested::Sizes(sizes) if test.is_in(&run.run.plan.experiment) => {
            self::sizes(sizes, run).into_iter().collect()
        }
        Tested::Crash { case, left } => {
            of_case(case, run).filter_map(|summary| crash(*left, summary, run)).collect()
        }
        Tested::Sizes(_) | Tested::Finding { .. } => Vec::new(),
    }
}

/// The result of a test by findings; `None` where they do not have its caveat and way.
pub(super) fn by_findings(test: &Test, findings: &Findings) -> Option<TestResult> {
    let Tested::Finding { caveat, way, outcome } = &test.tested else { return None };
    let caveat = findings.caveats.iter().find(|facts| facts.id == *caveat)?;
    let finding = caveat.findings.iter().find(|finding| finding.way == *way)?;
    let found = finding.verdict;
    let verdict = match (found.is_outcome(), &finding.unavailable) {
        (false, Some(why)) => ClaimVerdict::NotTestable(why.clone()),
        (false, None) => ClaimVerdict::NotTestable(found.words().into()),
        (true, _) if found == *outcome => ClaimVerdict::Reproduced,
        (true, _) => ClaimVerdict::NotReproduced,
    };
    let error = finding.error.as_ref().map(|error| {
        let sqlstate = error.sqlstate.as_ref().map(|code| format!("{code}: ")).unwrap_or_default();
        Evidence { case: way.clone(), words: format!("{sqlstate}{}", error.message) }
    });
    let found = (found != Verdict::Unavailable).then(|| found.words().to_owned());
    Some(TestResult { found, evidence: error.into_iter().collect(), ..TestResult::of(verdict) })
}

/// The cases of this id on each server.
fn of_case<'r>(id: &'r str, run: &'r Measured<'r>) -> impl Iterator<Item = &'r Summary<'r>> {
    run.summaries.iter().filter(move |summary| is_case(summary, id))
}

/// Whether it is this case, on whichever server.
fn is_case(summary: &Summary, id: &str) -> bool {
    let key = CaseKey { server: None, ..summary.case.key.clone() };
    summary.case.role != Role::Control && key.to_string() == id
}

/// A case and what it is held against.
struct Pair<'r> {
    case: &'r Summary<'r>,
    against: &'r Summary<'r>,
}

fn pairs<'r>(contrast: &'r Contrast, run: &'r Measured<'r>) -> Vec<Pair<'r>> {
    let version = |summary: &Summary| summary.server.map(|server| server.version_num / 10_000);
    let cases = of_case(&contrast.case, run)
        .filter(|case| contrast.versions.is_none_or(|(wanted, _)| version(case) == Some(wanted)));
    let against = |case: &Summary| {
        of_case(&contrast.against, run).find(|other| match contrast.versions {
            Some((_, wanted)) => version(other) == Some(wanted),
            None => other.case.key.server == case.case.key.server,
        })
    };
    cases.filter_map(|case| Some(Pair { case, against: against(case)? })).collect()
}

impl Pair<'_> {
    fn contrast(&self, contrast: &Contrast, run: &Measured) -> TestResult {
        let Self { case, against } = self;
        let is_itself = case.case.id == against.case.id;
        let mut result = TestResult::of(ClaimVerdict::Reproduced).on(case);
        if let (Some(mine), Some(theirs)) = (&case.case.key.server, &against.case.key.server)
            && mine != theirs
        {
            result.server_name = Some(format!("{mine} against {theirs}"));
        }
        result.evidence = if is_itself { evidence(&[case]) } else { evidence(&[case, against]) };
        if let Some(builds) = comparability::builds_apart(case, against) {
            let words = format!("builds of different origin, not of a version alone: {builds}");
            result.evidence.push(Evidence { case: case.case.id.clone(), words });
        }
        let absent = absent(case).or_else(|| absent(against));
        let unlike =
            || comparability::unlike(case, against).filter(|_| !is_itself).map(ClaimVerdict::NotTestable);
        if let Some(verdict) = absent.or_else(unlike) {
            return TestResult { verdict, ..result };
        }
        let Some(within) = self.within(contrast, &run.summaries) else {
            return TestResult { verdict: ClaimVerdict::Undecided(unread(contrast.quantity)), ..result };
        };
        result.measured = Some(within.ratio());
        result.verdict = self.of_ratio(&contrast.expected, within.ratio(), within.p());
        result
    }

    /// The ratio within rounds; `None` where a sample lacks what is compared, or has 0 of it.
    fn within(&self, contrast: &Contrast, all: &[Summary]) -> Option<Within> {
        let (mine, theirs) = (contrast.quantity, contrast.against_quantity);
        let is_there = |summary: &Summary, quantity: Quantity| {
            summary.samples.iter().all(|sample| a_row(sample, quantity).is_some_and(|value| value > 0.0))
        };
        if !is_there(self.case, mine) || !is_there(self.against, theirs) {
            return None;
        }
        let place = |summary: &Summary| all.iter().position(|one| one.case.id == summary.case.id);
        let (case, against) = (place(self.case)?, place(self.against)?);
        let blocks = |quantity: Quantity| Blocks::of(all, |sample| a_row(sample, quantity));
        match mine == theirs {
            true => blocks(mine).hold(case, against),
            false => blocks(mine).hold_across(case, &blocks(theirs), against),
        }
    }

    /// Cases of different size are compared by the row, and only where the size is against what is found.
    fn of_ratio(&self, expected: &Expected, ratio: Estimate, p: Option<f64>) -> ClaimVerdict {
        use verdict::Claim::{Faster, Slower};
        let (mine, theirs) = (self.case.rows, self.against.rows);
        let difference = verdict::claim(ratio, p, 1.0);
        match mine == theirs || difference == Some(if mine > theirs { Faster } else { Slower }) {
            true => rule::of_ratio(expected, ratio, p),
            false if ratio.interval.is_none() => rule::of_ratio(expected, ratio, p),
            false => ClaimVerdict::Undecided(format!(
                "{} rows against {}: the size of the tables may make the difference",
                units::count(mine),
                units::count(theirs)
            )),
        }
    }
}

/// The quantity of a sample, a row.
fn a_row(sample: &Sample, quantity: Quantity) -> Option<f64> {
    let value = match quantity {
        Quantity::Total => sample.total_ns,
        Quantity::Phase(phase) => sample.phases.get(&phase).copied(),
        Quantity::Metric(reading) => sample.readings.get(reading),
    };
    value.map(|value| value as f64 / sample.rows.max(1) as f64)
}

fn unread(quantity: Quantity) -> String {
    match quantity {
        Quantity::Metric(reading) => no_reading(reading),
        Quantity::Phase(phase) => format!("its samples have no phase {}", phase.words()),
        Quantity::Total => "its samples have no time".into(),
    }
}

fn no_reading(reading: Reading) -> String {
    format!("the record has no {}, or it is 0", reading.name())
}

fn level(level: &Level, summary: &Summary) -> TestResult {
    let mut result =
        TestResult { evidence: evidence(&[summary]), ..TestResult::of(ClaimVerdict::Reproduced).on(summary) };
    if let Some(verdict) = absent(summary) {
        return TestResult { verdict, ..result };
    }
    let measured = match level.share {
        None => summary.rows_per_second(),
        Some(reading) => shares(summary, level, reading).and_then(|shares| stats::median_estimate(&shares)),
    };
    result.verdict = match (measured, level.share) {
        (Some(measured), _) => rule::of_level(level.bound, measured),
        (None, reading) => {
            ClaimVerdict::Undecided(reading.map_or_else(|| "its samples have no time".into(), no_reading))
        }
    };
    TestResult { measured, ..result }
}

/// A reading of each sample as a share of its time.
fn shares(summary: &Summary, level: &Level, reading: Reading) -> Option<Vec<f64>> {
    let of_sample = |sample: &&Sample| {
        let time = level.phase.map_or(sample.total_ns, |phase| sample.phases.get(&phase).copied())?;
        Some(sample.readings.get(reading)? as f64 / time.max(1) as f64)
    };
    summary.samples.iter().map(of_sample).collect()
}

fn sizes(sizes: &Sizes, run: &Measured) -> Option<TestResult> {
    let bytes = |encoding| run.run.dataset.files.get(&encoding).map(|file| file.bytes as f64);
    let ratio = bytes(sizes.against)? / bytes(sizes.encoding)?.max(1.0);
    let result = TestResult::of(rule::of_exact(&sizes.expected, ratio));
    let measured = Some(Estimate { point: ratio, interval: None });
    Some(TestResult { measured, rows: Some(run.run.dataset.rows), ..result })
}

/// What the crash after the end left; `None` where no server of the run crashed.
fn crash(left: Left, summary: &Summary, run: &Measured) -> Option<TestResult> {
    let is_end = |sample: &&Sample| {
        sample.case == summary.case.id
            && sample.slot == Slot::Crash(Moment::End)
            && sample.outcome == Outcome::Ok
    };
    let crash = run.samples.iter().find(is_end)?.crash.as_ref()?;
    let there = crash.confirmed_there + crash.others_there;
    let is_as_published = match left {
        Left::Nothing => there == 0 && crash.damage.is_none(),
        Left::All => crash.lost() == 0 && there > 0,
    };
    let verdict = if is_as_published { ClaimVerdict::Reproduced } else { ClaimVerdict::NotReproduced };
    let found = match there {
        _ if crash.damage.is_some() => "files that cannot be read".into(),
        0 => "no row".into(),
        all if all == crash.confirmed => "every row".into(),
        some => format!("{} of {} rows", units::count(some), units::count(crash.confirmed)),
    };
    let by_power = run.run.plan.crash.as_ref().is_some_and(|plan| matches!(plan.kind, CrashKind::Power));
    let found = if by_power { format!("{found}, after a loss of power") } else { found };
    Some(TestResult { found: Some(found), ..TestResult::of(verdict).on(summary) })
}

/// Why a case has no figures; `None` where it has.
fn absent(summary: &Summary) -> Option<ClaimVerdict> {
    let case = summary.case;
    if let Some(why) = &case.unavailable {
        return Some(ClaimVerdict::NotTestable(format!("{}: {why}", case.id)));
    }
    let error = case.failed_trial.as_deref().or(summary.first_error);
    match (summary.n(), error) {
        (0, Some(error)) => Some(ClaimVerdict::NotTestable(format!("{} failed: {error}", case.id))),
        (0, None) => Some(ClaimVerdict::Undecided(format!("{} has not run yet", case.id))),
        _ => None,
    }
}

/// What the loads of these cases were bound by, as far as their samples say.
fn evidence(summaries: &[&Summary]) -> Vec<Evidence> {
    let of = |summary: &&Summary| {
        let words = crate::analysis::bound::words(summary)?;
        Some(Evidence { case: summary.case.id.clone(), words })
    };
    summaries.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use crate::caveat;
    use crate::claim::{self, Tested};
    use crate::method::Catalogue;

    #[test]
    fn every_way_and_method_of_a_claim_is_there() {
        let catalogue = Catalogue::built_in();
        for claim in claim::sources().iter().flat_map(|source| &source.claims) {
            for test in &claim.tests {
                if let Tested::Finding { caveat: id, way, .. } = &test.tested {
                    let caveat = caveat::find(id).unwrap();
                    let there = caveat.all_ways().iter().any(|known| known.id == *way);
                    assert!(there, "{}: {id} has no way {way}", claim.id);
                }
                for case in test.cases() {
                    let method = case.split(' ').next().unwrap();
                    assert!(catalogue.find(method).is_ok(), "{}: {method}", claim.id);
                }
            }
        }
    }
}
