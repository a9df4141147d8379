//! How well do the methods do by which a ratio could be told from 1? Runs whose truth is known, of several noises and
//! lengths, and for each method how often its interval holds the true ratio, how wide it is, and how often a slowdown
//! that was planted is found. The tables of `docs/statistics.md` are printed by
//! `cargo bench --bench statistics`.

#[allow(dead_code, reason = "nothing is sampled by criterion here")]
#[path = "support/args.rs"]
mod args;
#[path = "../tests/support/simulated.rs"]
mod simulated;

use args::{Args, Mode};
use bulkbench::stats::{self, Contrast, Pool, Rounds, Within, holm};
use simulated::{Random, Tails, World, contrasts};

/// Runs of each kind.
const RUNS: usize = 1000;

/// The planted slowdown: a time 3 % longer.
const PLANTED: f64 = 1.03;

/// The noises, by name.
const WORLDS: [(&str, World); 5] = [
    ("Log-normal", World::PLAIN),
    ("Rounds that differ by 10 %, and a drift of 10 %", World { drift: 0.1, ..World::PLAIN }),
    ("Unequal cases: sd 0.75 to 3 %", World { unequal: 4.0, ..World::PLAIN }),
    ("Heavy tails", World { tails: Tails::Heavy, ..World::PLAIN }),
    ("Times in whole per cent", World { tick: 0.01, ..World::PLAIN }),
];

/// What a method makes of the cases of a run, whose first two are the baseline and the control.
type Judge = fn(&[Rounds], &mut Random) -> Vec<Found>;

const METHODS: [(&str, Judge); 6] = [
    ("unpaired bootstrap", unpaired_bootstrap),
    ("bootstrap", bootstrap),
    ("signed-rank", signed_rank),
    ("t", plain_t),
    ("pooled t", pooled_t),
    ("moderated t", moderated_t),
];

/// An interval of a logarithm, and the p of its being 0.
struct Found {
    low: f64,
    high: f64,
    p: f64,
}

/// What a method does over many runs.
#[derive(Default)]
struct Tally {
    intervals: usize,
    held: usize,
    width: f64,
    runs: usize,
    false_runs: usize,
    planted_found: usize,
}

/// What a filter of the command line has to match.
const ID: &str = "statistics";

fn main() {
    let args = Args::read(std::env::args().skip(1));
    let runs = match args.mode {
        Mode::List => return println!("{ID}: benchmark"),
        _ if !args.wants(ID) => return,
        Mode::Test => 3,
        Mode::Measure => RUNS,
    };
    for (name, world) in WORLDS {
        println!("\n{name}, 10 cases\n");
        heading();
        for rounds in [5, 10, 20, 30] {
            table(World { rounds, ..world }, runs);
        }
    }
    for cases in [5, 20, 40] {
        println!("\nLog-normal, {cases} cases\n");
        heading();
        for rounds in [5, 10] {
            table(World { rounds, cases, ..World::PLAIN }, runs);
        }
    }
}

fn heading() {
    println!("| rounds | method | coverage | width | any false | 3 % found |");
    println!("|---:|---|---:|---:|---:|---:|");
}

fn table(world: World, runs: usize) {
    for (name, judge) in METHODS {
        let tally = tally(&world, judge, runs);
        let share = |part: usize, all: usize| 100.0 * part as f64 / all as f64;
        println!(
            "| {} | {name} | {:.1} % | {:.2} % | {:.1} % | {:.0} % |",
            world.rounds,
            share(tally.held, tally.intervals),
            100.0 * tally.width / tally.intervals as f64,
            share(tally.false_runs, tally.runs),
            share(tally.planted_found, tally.runs)
        );
    }
}

/// The last case is slower in every run; a verdict on any other, or one of its being faster, is false.
fn tally(world: &World, judge: Judge, runs: usize) -> Tally {
    let mut random = Random::seeded(7);
    let mut slower = vec![0.0; world.cases];
    slower[world.cases - 1] = PLANTED.ln();
    let mut tally = Tally::default();
    for _ in 0..runs {
        let series = world.run(&slower, &mut random);
        let found = judge(&series, &mut random);
        let p = holm(&found.iter().map(|found| found.p).collect::<Vec<_>>());
        let mut is_false = false;
        for ((found, slower), p) in found.iter().zip(&slower).zip(&p) {
            tally.intervals += 1;
            tally.held += usize::from(found.low <= -slower && -slower <= found.high);
            tally.width += found.high - found.low;
            let claimed = *p <= 0.05 && (found.low > 0.0 || found.high < 0.0);
            match *slower > 0.0 && found.high < 0.0 {
                true => tally.planted_found += usize::from(claimed),
                false => is_false |= claimed,
            }
        }
        tally.runs += 1;
        tally.false_runs += usize::from(is_false);
    }
    tally
}

fn of_within(within: &Within) -> Found {
    let half = stats::student::two_sided_t(0.05, within.df) * within.error;
    Found { low: within.log - half, high: within.log + half, p: within.p().unwrap_or(1.0) }
}

/// The cases by a pool. The control is held against the baseline, and not tested.
fn hold(pool: Pool, contrasts: &[Contrast]) -> Vec<Found> {
    let held = contrasts[1..].iter().filter_map(|contrast| pool.hold(contrast));
    held.map(|within| of_within(&within)).collect()
}

fn moderated_t(series: &[Rounds], _: &mut Random) -> Vec<Found> {
    let contrasts = contrasts(series);
    Pool::of(&contrasts).map(|pool| hold(pool, &contrasts)).unwrap_or_default()
}

/// Each case by its own variance.
fn plain_t(series: &[Rounds], _: &mut Random) -> Vec<Found> {
    hold(Pool::nothing(), &contrasts(series))
}

/// All cases by one variance, as if they scattered alike and shared nothing.
fn pooled_t(series: &[Rounds], _: &mut Random) -> Vec<Found> {
    let contrasts = contrasts(series);
    let own: Vec<Within> = contrasts.iter().filter_map(|contrast| Pool::nothing().hold(contrast)).collect();
    let mean = own.iter().map(|one| one.error * one.error).sum::<f64>() / own.len() as f64;
    let df = own.iter().map(|one| one.df).sum();
    own[1..].iter().map(|one| of_within(&Within { error: mean.sqrt(), df, ..*one })).collect()
}

/// Resamples of a bootstrap.
const RESAMPLES: usize = 500;

/// Percentiles of resampled figures, and twice the smaller tail.
fn of_resamples(mut resample: impl FnMut() -> f64) -> Found {
    let mut found: Vec<f64> = (0..RESAMPLES).map(|_| resample()).collect();
    found.sort_by(f64::total_cmp);
    let below = found.iter().filter(|one| **one <= 0.0).count();
    let p = 2.0 * (below.min(RESAMPLES - below) as f64 + 1.0) / (RESAMPLES as f64 + 1.0);
    Found { low: found[RESAMPLES / 40], high: found[RESAMPLES - 1 - RESAMPLES / 40], p: p.min(1.0) }
}

/// The median of as many values as there are, drawn with replacement.
fn resampled_median(values: &[f64], random: &mut Random) -> f64 {
    let drawn: Vec<f64> = values.iter().map(|_| values[random.below(values.len())]).collect();
    stats::median(&drawn).unwrap_or(f64::NAN)
}

/// The median of resampled rounds.
fn bootstrap(series: &[Rounds], random: &mut Random) -> Vec<Found> {
    let of = |contrast: &Contrast| {
        let values: Vec<f64> = contrast.rounds.values().copied().collect();
        of_resamples(|| resampled_median(&values, random))
    };
    contrasts(series)[1..].iter().map(of).collect()
}

/// The medians of both sides, as if there were no rounds.
fn unpaired_bootstrap(series: &[Rounds], random: &mut Random) -> Vec<Found> {
    let values = |rounds: &Rounds| rounds.values().copied().collect::<Vec<f64>>();
    let baseline = values(&series[0]);
    let of = |rounds: &Rounds| {
        let case = values(rounds);
        of_resamples(|| resampled_median(&baseline, random) - resampled_median(&case, random))
    };
    series[2..].iter().map(of).collect()
}

/// Wilcoxon's signed-rank test, turned round: the means of pairs of rounds between which the test finds nothing.
fn signed_rank(series: &[Rounds], _: &mut Random) -> Vec<Found> {
    let of = |contrast: &Contrast| {
        let values: Vec<f64> = contrast.rounds.values().copied().collect();
        let mut means: Vec<f64> = values
            .iter()
            .enumerate()
            .flat_map(|(i, a)| values[i..].iter().map(move |b| 0.5 * (a + b)))
            .collect();
        means.sort_by(f64::total_cmp);
        let tails = signed_rank_tails(values.len());
        // The most means that may lie outside on each side; with five rounds none, and 6 % miss even so.
        let outside = tails.iter().take_while(|tail| **tail <= 0.025).count();
        let (low, high) = match outside {
            0 => (means[0], means[means.len() - 1]),
            n => (means[n], means[means.len() - 1 - n]),
        };
        let positive = means.iter().filter(|mean| **mean > 0.0).count();
        let p = 2.0 * tails[positive.min(means.len() - positive)];
        Found { low, high, p: p.min(1.0) }
    };
    contrasts(series)[1..].iter().map(of).collect()
}

/// The probability of a sum of positive ranks of n values that is no larger than each number.
fn signed_rank_tails(n: usize) -> Vec<f64> {
    let mut ways = vec![0.0; n * (n + 1) / 2 + 1];
    ways[0] = 1.0;
    for rank in 1..=n {
        for sum in (rank..ways.len()).rev() {
            ways[sum] += ways[sum - rank];
        }
    }
    let all: f64 = ways.iter().sum();
    let mut so_far = 0.0;
    ways.iter()
        .map(|one| {
            so_far += one;
            so_far / all
        })
        .collect()
}
