//! What the statistics promise, on runs whose truth is known: simulated ones, and recorded ones whose rounds are drawn
//! anew so that nothing differs in them. `docs/statistics.md` has the figures of many more.

#[path = "support/simulated.rs"]
mod simulated;

use std::collections::BTreeMap;
use std::path::Path;

use bulkbench::model::{Outcome, Role};
use bulkbench::record;
use bulkbench::stats::{Contrast, Pool, Rounds, Within, holm, median};
use simulated::{Random, Tails, World, contrasts};

/// What a report would say of a run's contrasts: each with its p adjusted, but for the first, which is the control's.
fn judged(contrasts: &[Contrast]) -> Vec<(Within, f64)> {
    let pool = Pool::of(contrasts).unwrap();
    let held: Vec<Within> = contrasts.iter().filter_map(|contrast| pool.hold(contrast)).collect();
    let p = holm(&held[1..].iter().map(|within| within.p().unwrap()).collect::<Vec<_>>());
    held.into_iter().skip(1).zip(p).collect()
}

fn share(part: usize, all: usize) -> f64 {
    part as f64 / all as f64
}

#[test]
fn intervals_hold_the_true_ratio_as_often_as_they_promise() {
    let heavy = World { tails: Tails::Heavy, ..World::PLAIN };
    let drifting = World { drift: 0.1, ..World::PLAIN };
    let rounded = World { tick: 0.01, ..World::PLAIN };
    let unequal = World { unequal: 4.0, ..World::PLAIN };
    let few = World { cases: 5, ..unequal };
    for world in [World::PLAIN, heavy, drifting, rounded, unequal, few] {
        for rounds in [5, 10, 30] {
            let world = World { rounds, ..world };
            let slower = [0.0, 0.05];
            let mut random = Random::seeded(1);
            let (mut held, mut all) = (0, 0);
            for _ in 0..250 {
                let series = world.run(&slower, &mut random);
                for (case, (within, _)) in judged(&contrasts(&series)).iter().enumerate() {
                    let interval = within.ratio().interval.unwrap();
                    let truth = (-slower.get(case).unwrap_or(&0.0)).exp();
                    held += usize::from(interval.low <= truth && truth <= interval.high);
                    all += 1;
                }
            }
            let coverage = share(held, all);
            println!("{coverage:.3} of {world:?}");
            // With tails as heavy as these, the variance of the mean is more than the point needs.
            let most = if world.tails == Tails::Heavy { 0.98 } else { 0.97 };
            assert!((0.93..=most).contains(&coverage), "{coverage} of {world:?}");
        }
    }
}

#[test]
fn where_nothing_differs_a_report_claims_nothing_in_95_of_100_runs() {
    for (rounds, cases) in [(5, 10), (10, 40)] {
        let world = World { rounds, cases, ..World::PLAIN };
        let mut random = Random::seeded(2);
        let claims = |random: &mut Random| {
            let series = world.run(&[], random);
            judged(&contrasts(&series)).iter().any(|(_, p)| *p <= 0.05)
        };
        let false_ones = (0..400).filter(|_| claims(&mut random)).count();
        assert!(share(false_ones, 400) <= 0.05, "{false_ones} of 400 with {rounds} rounds of {cases} cases");
    }
}

#[test]
fn three_per_cent_are_found_in_ten_rounds_on_a_quiet_machine() {
    // One of twenty cases is slower.
    let world = World { cases: 20, ..World::PLAIN };
    let mut random = Random::seeded(3);
    let found = |random: &mut Random| {
        let series = world.run(&[1.03f64.ln()], random);
        let (within, p) = judged(&contrasts(&series))[0];
        p <= 0.05 && within.log < 0.0
    };
    let found = (0..400).filter(|_| found(&mut random)).count();
    assert!(share(found, 400) >= 0.8, "{found} of 400");
}

/// The logarithms of a recorded run: baseline, control and the other cases that finished every round, each by round and
/// without what is common to the round.
struct Recorded {
    name: String,
    series: Vec<Rounds>,
    /// Of each case, less its mean.
    residuals: Vec<Vec<f64>>,
}

/// The runs of this repository that have rounds enough for verdicts.
fn recorded() -> Vec<Recorded> {
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
    let mut dirs: Vec<_> = std::fs::read_dir(results).unwrap().map(|entry| entry.unwrap().path()).collect();
    dirs.sort();
    dirs.iter().filter_map(|dir| of_record(dir)).collect()
}

fn of_record(dir: &Path) -> Option<Recorded> {
    let (run, samples) = record::load(dir).ok()?;
    let mut cases: Vec<_> = run.plan.cases.iter().collect();
    cases
        .sort_by_key(|case| [Role::Baseline, Role::Control, Role::Case].iter().position(|r| *r == case.role));
    let series = |id: &str| {
        let finished = samples.iter().filter(|s| s.case == id && s.slot.counts() && s.outcome == Outcome::Ok);
        finished.map(|s| (s.slot.round(), (s.total_ns.unwrap() as f64 / s.rows as f64).ln())).collect()
    };
    let all: Vec<Rounds> = cases.iter().map(|case| series(&case.id)).collect();
    let rounds: Vec<u32> = (1..=run.plan.rounds).collect();
    let has_all = |series: &Rounds| series.len() == rounds.len();
    let is_control = cases.get(1).is_some_and(|case| case.role == Role::Control);
    if rounds.len() < 5 || !is_control || !has_all(&all[0]) || !has_all(&all[1]) {
        return None;
    }
    let mut series: Vec<Rounds> = all.into_iter().filter(has_all).collect();
    let middles: Vec<f64> = series.iter().map(|s| middle(s.values().copied())).collect();
    let common: BTreeMap<u32, f64> = rounds
        .iter()
        .map(|round| (*round, middle(series.iter().zip(&middles).map(|(s, middle)| s[round] - middle))))
        .collect();
    series.iter_mut().for_each(|s| s.iter_mut().for_each(|(round, log)| *log -= common[round]));
    let name = dir.file_name().unwrap().to_str().unwrap().to_owned();
    let residuals = series.iter().map(|s| {
        let mean = s.values().sum::<f64>() / s.len() as f64;
        s.values().map(|log| log - mean).collect()
    });
    Some(Recorded { name, residuals: residuals.collect(), series })
}

fn middle(values: impl Iterator<Item = f64>) -> f64 {
    median(&values.collect::<Vec<_>>()).unwrap()
}

impl Recorded {
    /// A run in which nothing differs, of so many rounds: each time is one of the case's own residuals, drawn anew and
    /// with either sign, so that cases keep their scatter and their outliers. Noise is added (a smoothed bootstrap), as
    /// times of loads are never equal and draws from five of them often are; its width is the usual one (Silverman,
    /// Density Estimation for Statistics and Data Analysis, 1986, 3.28), and the standard deviation stays what it was.
    fn drawn(&self, rounds: u32, random: &mut Random) -> Vec<Rounds> {
        let draw = |residuals: &Vec<f64>| {
            let n = residuals.len() as f64;
            let sd = (residuals.iter().map(|r| r * r).sum::<f64>() / n).sqrt();
            let width = 1.06 * n.powf(-0.2);
            let shrink = (1.0 + width * width).sqrt().recip();
            let mut one = || {
                let residual = random.sign() * residuals[random.below(residuals.len())];
                shrink * (residual + width * sd * random.normal())
            };
            (1..=rounds).map(|round| (round, one())).collect()
        };
        self.residuals.iter().map(draw).collect()
    }

    /// Baseline and control as they were, which change their names in half of the rounds.
    fn renamed(&self, random: &mut Random) -> Vec<Rounds> {
        let mut series = self.series.clone();
        let (baseline, control) = series.split_at_mut(1);
        for round in baseline[0].keys().copied().collect::<Vec<_>>() {
            if random.sign() > 0.0 {
                std::mem::swap(baseline[0].get_mut(&round).unwrap(), control[0].get_mut(&round).unwrap());
            }
        }
        series
    }

    /// Each case against itself: its rounds are divided at random into pairs, one side a round. The same pairs for all
    /// cases keep what they have in common. `None` of fewer than ten rounds.
    fn against_itself(&self, random: &mut Random) -> Option<Vec<Contrast>> {
        let mut rounds: Vec<u32> = self.series[0].keys().copied().collect();
        (1..rounds.len()).for_each(|n| rounds.swap(n, random.below(n + 1)));
        let pairs: Vec<(u32, u32)> = rounds.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
        let of = |s: &Rounds| Contrast::alone((1..).zip(pairs.iter().map(|(a, b)| s[a] - s[b])).collect());
        (pairs.len() >= 5).then(|| self.series.iter().map(of).collect())
    }
}

#[test]
fn recorded_runs_in_which_nothing_differs_have_no_verdicts() {
    let recorded = recorded();
    assert!(!recorded.is_empty());
    let mut random = Random::seeded(4);
    // Runs with a false verdict, of those of five and of ten rounds.
    let mut runs = [0, 0];
    let (mut controls, mut verdicts, mut all, mut split) = (0, 0, 0, Vec::new());
    for n in 0..1000 {
        let run = &recorded[n / 2 % recorded.len()];
        let rounds = n % 2;
        let judged_run = judged(&contrasts(&run.drawn([5, 10][rounds], &mut random)));
        let claimed = judged_run.iter().filter(|(_, p)| *p <= 0.05).count();
        (verdicts, all) = (verdicts + claimed, all + judged_run.len());
        runs[rounds] += usize::from(claimed > 0);

        let renamed = contrasts(&run.renamed(&mut random));
        let control = Pool::of(&renamed).unwrap().hold(&renamed[0]).unwrap();
        controls += usize::from(control.p().unwrap() <= 0.05);
        if let Some(contrasts) = run.against_itself(&mut random) {
            split.push(judged(&contrasts).iter().any(|(_, p)| *p <= 0.05));
        }
    }
    let split_runs = split.iter().filter(|claimed| **claimed).count();
    let [five, ten] = runs;
    println!("drawn: {five} of 500 runs of 5 rounds and {ten} of 500 of 10 have a false verdict");
    println!("{verdicts} of {all} cases are false, {controls} of 1000 controls");
    println!("divided: {split_runs} of {} runs", split.len());
    assert!(share(verdicts, all) <= 0.01, "{verdicts} of {all}");
    // 5 % within what chance makes of a thousand runs: of ten thousand 4.8 % had one.
    assert!(share(five + ten, 1000) <= 0.065, "{five} and {ten} of 500");
    assert!(share(controls, 1000) <= 0.05, "{controls} of 1000");
    assert!(split.is_empty() || share(split_runs, split.len()) <= 0.07, "{split_runs} of {}", split.len());
}

/// How many of 100 runs of so many rounds find one case slower that takes this much longer, which is planted into recorded
/// times. `tests/slowdowns.rs` has loads that were slowed down in truth.
fn found(run: &Recorded, factor: f64, rounds: u32, random: &mut Random) -> usize {
    let is_found = |random: &mut Random| {
        let mut series = run.drawn(rounds, random);
        let case = 2 + random.below(series.len() - 2);
        series[case].values_mut().for_each(|log| *log += factor.ln());
        let (within, p) = judged(&contrasts(&series))[case - 2];
        p <= 0.05 && within.log < 0.0
    };
    (0..100).filter(|_| is_found(random)).count()
}

#[test]
fn slowdowns_are_found_at_the_noise_of_recorded_runs() {
    let mut random = Random::seeded(5);
    let (mut tens, mut fives) = (Vec::new(), Vec::new());
    for run in recorded() {
        let [ten, five] =
            [(1.1, 10), (1.05, 20)].map(|(factor, rounds)| found(&run, factor, rounds, &mut random));
        println!("{}: 10 % in {ten} of 100 runs of 10 rounds, 5 % in {five} of 100 of 20", run.name);
        tens.push(ten as f64);
        fives.push(five as f64);
    }
    // A run on a machine that something else was busy on finds less; its notes say how much.
    assert!(median(&tens).unwrap() >= 80.0 && median(&fives).unwrap() >= 60.0, "{tens:?} {fives:?}");
}
