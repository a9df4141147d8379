//! The rule by which a run goes on in rounds until its intervals are narrow: whose intervals it looks at, and that going
//! on by it brings no verdicts that are not true.

mod support;

use std::collections::BTreeMap;

use bulkbench::analysis::rounds::{Look, look};
use bulkbench::analysis::{Standings, Verdict, judge, summarize};
use bulkbench::model::{Case, Outcome, Phase, Role, RoundsEnd, Run, Sample, Until};
use rand::RngExt;
use rand_pcg::Pcg64;

const FEWEST: u32 = 5;
const MOST: u32 = 30;

/// Simulated runs at each noise.
const RUNS: usize = 400;

fn until(percent: f64, cases: &[&str]) -> Until {
    Until {
        percent,
        cases: cases.iter().map(|case| (*case).to_owned()).collect(),
        fewest_rounds: FEWEST,
        most_rounds: MOST,
        most_ns: u64::MAX,
        spent_ns: 0,
        wider: BTreeMap::new(),
        ended: None,
    }
}

/// The baseline, its control, and as many other cases.
fn cases(others: usize) -> Vec<Case> {
    let other = |number| support::case(&format!("copy-text buffer={number}"), Role::Case, support::ROWS);
    let baseline = support::case("copy-csv", Role::Baseline, support::ROWS);
    let control = Case { id: "copy-csv (control)".into(), role: Role::Control, ..baseline.clone() };
    [baseline, control].into_iter().chain((0..others).map(other)).collect()
}

/// A run in five rounds, in which each case takes these seconds.
fn five_rounds(until: Until, seconds: &[[f64; 5]]) -> (Run, Vec<Sample>) {
    let mut run = support::run(cases(seconds.len() - 2), FEWEST);
    run.plan.until = Some(until);
    let mut samples = Vec::new();
    for (case, seconds) in run.plan.cases.iter().zip(seconds) {
        for (round, seconds) in (1..).zip(seconds) {
            samples.push(support::sample(case, round, &[(Phase::Load, *seconds)]));
        }
    }
    (run, samples)
}

fn looked(run: &Run, samples: &[Sample]) -> Look {
    look(&run.plan, &judge(summarize(run, samples))).unwrap()
}

const STEADY: [f64; 5] = [5.0, 5.001, 4.999, 5.002, 4.998];
const SHAKY: [f64; 5] = [5.0, 5.5, 4.6, 5.2, 4.7];

#[test]
fn it_looks_at_the_intervals_that_are_named_and_at_all_where_none_is() {
    for (named, wider) in [
        (&[][..], &["copy-text buffer=1"][..]),
        (&["copy-text"], &["copy-text buffer=1"]),
        (&["copy-text buffer=0", "copy-csv"], &[]),
    ] {
        let (run, samples) = five_rounds(until(2.0, named), &[STEADY, STEADY, STEADY, SHAKY]);
        let look = looked(&run, &samples);
        assert_eq!(look.intervals, if named.is_empty() { 4 } else { 3 }, "the control is always among them");
        assert_eq!(look.wider.keys().collect::<Vec<_>>(), wider, "{named:?}");
        assert!(look.wider.values().all(|half| half.unwrap() > 2.0), "{look:?}");
        assert_eq!(look.ended, wider.is_empty().then_some(RoundsEnd::Narrow));
    }
    let (run, samples) = five_rounds(until(2.0, &[]), &[STEADY, STEADY, STEADY, STEADY]);
    let fixed = Run { plan: bulkbench::model::Plan { until: None, ..run.plan.clone() }, ..run.clone() };
    assert_eq!(look(&fixed.plan, &judge(summarize(&fixed, &samples))), None);
}

#[test]
fn a_control_that_is_wide_keeps_a_run_going_whatever_is_named() {
    let (run, samples) = five_rounds(until(2.0, &["copy-text"]), &[STEADY, SHAKY, STEADY]);
    let look = looked(&run, &samples);
    assert_eq!(look.wider.keys().collect::<Vec<_>>()[0], "copy-csv (control)");
    assert_eq!(look.ended, None);
}

#[test]
fn the_baseline_is_looked_at_by_its_own_median() {
    let (run, samples) = five_rounds(until(2.0, &[]), &[SHAKY, STEADY, STEADY]);
    let (_, baseline) = looked(&run, &samples).wider.pop_first().unwrap();
    let interval = judge(summarize(&run, &samples)).cases[0].summary.total_ns.unwrap().interval.unwrap();
    let half = (interval.high - interval.low) / 2.0 / 5e9 * 100.0;
    assert!((baseline.unwrap() - half).abs() < 1e-9, "{baseline:?} is not {half}");
}

#[test]
fn a_case_is_waited_for_while_its_samples_are_too_few_and_not_where_it_never_finishes_one() {
    let (mut run, mut samples) = five_rounds(until(2.0, &[]), &[STEADY, STEADY, STEADY, STEADY]);
    let fail = |samples: &mut Vec<Sample>, index: usize, rounds: std::ops::RangeInclusive<u32>| {
        let case = &cases(2)[index];
        for sample in samples.iter_mut().filter(|s| s.case == case.id && rounds.contains(&s.slot.round())) {
            *sample = support::failed(case, sample.slot.round(), Outcome::Failed, "disk full");
        }
    };
    fail(&mut samples, 2, 3..=3);
    let look = looked(&run, &samples);
    assert_eq!(look.wider, BTreeMap::from([("copy-text buffer=0".to_owned(), None)]));
    assert_eq!(look.ended, None);

    fail(&mut samples, 2, 1..=5);
    let look = looked(&run, &samples);
    assert_eq!((look.intervals, look.ended), (3, Some(RoundsEnd::Narrow)));

    run.plan.until = Some(until(2.0, &["copy-text buffer=0"]));
    assert_eq!(looked(&run, &samples).ended, Some(RoundsEnd::NoFigures));
}

#[test]
fn the_most_rounds_and_the_most_time_end_it_however_wide_intervals_are() {
    let (mut run, samples) = five_rounds(until(2.0, &[]), &[STEADY, STEADY, SHAKY]);
    let mut ended = |most_rounds, most_ns, spent_ns| {
        run.plan.until = Some(Until { most_rounds, most_ns, spent_ns, ..until(2.0, &[]) });
        looked(&run, &samples).ended
    };
    assert_eq!(ended(6, 1200, 1000), None, "one round more takes 200");
    assert_eq!(ended(6, 1199, 1000), Some(RoundsEnd::Time));
    assert_eq!(ended(5, 1199, 1000), Some(RoundsEnd::Rounds));
}

/// Times as a run on a busy machine has them.
struct World {
    random: Pcg64,
    /// The standard deviation of the logarithm of a time within its round.
    noise: f64,
    /// That of a whole round.
    drift: f64,
}

impl World {
    /// A number from the standard normal distribution (Box and Muller 1958).
    fn normal(&mut self) -> f64 {
        let (a, b): (f64, f64) = (self.random.random(), self.random.random());
        (-2.0 * (1.0 - a).ln()).sqrt() * (std::f64::consts::TAU * b).cos()
    }

    /// A round in which the cases take so many times what the baseline does.
    fn round(&mut self, cases: &[Case], truth: &[f64], round: u32) -> Vec<Sample> {
        let slow = self.drift * self.normal();
        let take = |(case, truth): (&Case, &f64)| {
            let seconds = 5.0 * truth * (slow + self.noise * self.normal()).exp();
            support::sample(case, round, &[(Phase::Load, seconds)])
        };
        cases.iter().zip(truth).map(take).collect()
    }
}

/// The standings of a run that is looked at after each round. Medians of totals, which no ratio is made of, have no intervals: a
/// simulation has no time for them.
fn standings<'a>(run: &'a Run, samples: &'a [Sample]) -> Standings<'a> {
    let mut summaries = summarize(run, &samples[..run.plan.cases.len()]);
    for summary in &mut summaries {
        summary.samples = samples.iter().filter(|sample| sample.case == summary.case.id).collect();
    }
    judge(summaries)
}

/// What came of runs that went on by the rule.
#[derive(Debug, Default)]
struct Tally {
    runs: usize,
    rounds: u32,
    /// Intervals of cases, and those of them that hold the true ratio.
    intervals: usize,
    hold: usize,
    /// Verdicts on cases that do not differ from the baseline, and those of them that say they do.
    verdicts: usize,
    wrong: usize,
}

/// Runs of the baseline and of cases that take so many times what it does, until the intervals of the cases are within ±1.5 %.
fn simulate(runs: usize, truth: &[f64], world: &mut World) -> Tally {
    let all = cases(truth.len());
    let truth: Vec<f64> = [1.0, 1.0].into_iter().chain(truth.iter().copied()).collect();
    let mut tally = Tally::default();
    for _ in 0..runs {
        let mut run = support::run(all.clone(), 0);
        run.plan.until = Some(until(1.5, &["copy-text"]));
        let mut samples = Vec::new();
        loop {
            run.plan.rounds += 1;
            samples.extend(world.round(&all, &truth, run.plan.rounds));
            if run.plan.rounds >= FEWEST {
                let standings = standings(&run, &samples);
                if look(&run.plan, &standings).unwrap().ended.is_some() {
                    tally.take(&standings, &truth, run.plan.rounds);
                    break;
                }
            }
        }
    }
    tally
}

impl Tally {
    fn take(&mut self, standings: &Standings, truth: &[f64], rounds: u32) {
        self.runs += 1;
        self.rounds += rounds;
        for (standing, truth) in standings.cases.iter().zip(truth).skip(2) {
            let interval = standing.ratio.unwrap().interval.unwrap();
            self.intervals += 1;
            self.hold += usize::from((interval.low..=interval.high).contains(&(1.0 / truth)));
            if *truth == 1.0 {
                self.verdicts += 1;
                self.wrong += usize::from(standing.verdict != Verdict::WithinNoise);
            }
        }
    }

    fn share(part: usize, whole: usize) -> f64 {
        part as f64 / whole as f64
    }
}

/// Five per cent of so many, and twice the standard error of such a count.
fn most_wrong(of: usize) -> f64 {
    let n = of as f64;
    0.05 + 2.0 * (0.05 * 0.95 / n).sqrt()
}

/// From 93 to 97 per cent of so many intervals, and above that twice the standard error of such a count: wider than need be
/// is no harm.
fn is_coverage(hold: f64, of: usize) -> bool {
    (0.93..=0.97 + 2.0 * (0.97 * 0.03 / of as f64).sqrt()).contains(&hold)
}

#[test]
fn the_rule_makes_no_verdicts_and_its_intervals_hold_what_is_true() {
    let mut all = Tally::default();
    for (seed, noise, drift) in [(1, 0.004, 0.0), (2, 0.009, 0.05), (3, 0.013, 0.0), (4, 0.018, 0.02)] {
        let mut world = World { random: Pcg64::new(seed, 0x62756c6b_62656e63), noise, drift };
        // Two that do not differ from the baseline, one that is faster and one that is slower by less than is told apart.
        let tally = simulate(RUNS, &[1.0, 1.0, 0.9, 1.005], &mut world);
        let (wrong, hold) =
            (Tally::share(tally.wrong, tally.verdicts), Tally::share(tally.hold, tally.intervals));
        assert!(wrong <= most_wrong(tally.verdicts), "at a noise of {noise}: {tally:?}");
        assert!(is_coverage(hold, tally.intervals), "at a noise of {noise}: {tally:?}");
        all.runs += tally.runs;
        all.rounds += tally.rounds;
    }
    // It neither ends at once nor goes on for ever.
    let mean = f64::from(all.rounds) / all.runs as f64;
    assert!((6.0..15.0).contains(&mean), "{mean} rounds in the mean");
}

#[test]
fn a_rule_for_a_single_case_is_no_worse() {
    for (seed, noise) in [(5, 0.009), (6, 0.013), (7, 0.018)] {
        let mut world = World { random: Pcg64::new(seed, 0x62756c6b_62656e63), noise, drift: 0.02 };
        let tally = simulate(2 * RUNS, &[1.0], &mut world);
        let (wrong, hold) =
            (Tally::share(tally.wrong, tally.verdicts), Tally::share(tally.hold, tally.intervals));
        assert!(wrong <= most_wrong(tally.verdicts), "at a noise of {noise}: {tally:?}");
        assert!(is_coverage(hold, tally.intervals), "at a noise of {noise}: {tally:?}");
    }
}
