//! Runs that never ran: times whose truth is known, with the noises that loads have.
#![allow(dead_code, reason = "tests and benchmark use their parts")]

use std::f64::consts::TAU;

use bulkbench::stats::{Contrast, Rounds};
use rand_pcg::Pcg64;
use rand_pcg::rand_core::{Rng, SeedableRng};

/// The tails of a noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tails {
    /// Log-normal times.
    Normal,
    /// Student's t with three degrees of freedom: one sample of a hundred lies far out.
    Heavy,
}

/// What runs are made by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct World {
    /// Rounds.
    pub rounds: u32,
    /// Cases besides baseline and control.
    pub cases: usize,
    /// The standard deviation of the logarithm of a time within a round.
    pub sd: f64,
    /// Its tails.
    pub tails: Tails,
    /// The factor that cases differ by in their standard deviations, the largest over the smallest.
    pub unequal: f64,
    /// How far whole rounds lie from each other, as a standard deviation, and how much slower the last is than the
    /// first.
    pub drift: f64,
    /// The share of a time that it is rounded to; 0 for none.
    pub tick: f64,
}

impl World {
    /// Log-normal times of equal noise.
    pub(crate) const PLAIN: Self =
        Self { rounds: 10, cases: 10, sd: 0.015, tails: Tails::Normal, unequal: 1.0, drift: 0.0, tick: 0.0 };

    /// What a run of it took, as logarithms by round: baseline, control, and the cases. These take as long as
    /// the baseline, each but for its own logarithm among `slower`.
    pub(crate) fn run(&self, slower: &[f64], random: &mut Random) -> Vec<Rounds> {
        let rounds: Vec<f64> = (0..self.rounds)
            .map(|round| self.drift * (random.normal() + f64::from(round) / f64::from(self.rounds)))
            .collect();
        let series = |case: usize| {
            // The baseline's noise is one of those in the middle.
            let share =
                (case as f64 + 0.5 * self.cases as f64) % (self.cases + 2) as f64 / (self.cases + 1) as f64;
            let sd = self.sd * self.unequal.powf(share - 0.5);
            let own = case.checked_sub(2).and_then(|case| slower.get(case)).copied().unwrap_or(0.0);
            let log = |round: &f64| round + own + sd * random.noise(self.tails);
            (1..).zip(rounds.iter().map(log).map(|log| self.rounded(log))).collect()
        };
        (0..self.cases + 2).map(series).collect()
    }

    fn rounded(&self, log: f64) -> f64 {
        match self.tick > 0.0 {
            true => ((log.exp() / self.tick).round() * self.tick).ln(),
            false => log,
        }
    }
}

/// The control and each case against the baseline, as a report holds them: the control against the first time alone,
/// cases against the mean of both.
pub(crate) fn contrasts(series: &[Rounds]) -> Vec<Contrast> {
    let control = Contrast::between(&[0], &[1], series);
    let cases = (2..series.len()).map(|case| Contrast::between(&[0, 1], &[case], series));
    std::iter::once(control).chain(cases).collect()
}

/// Random numbers, the same on every machine.
pub(crate) struct Random(Pcg64);

impl Random {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(Pcg64::seed_from_u64(seed))
    }

    /// Above 0 and up to 1.
    pub(crate) fn share(&mut self) -> f64 {
        ((self.0.next_u64() >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    /// From 0 up to below n.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.0.next_u64()) * n as u128) >> 64) as usize
    }

    /// 1 or -1.
    pub(crate) fn sign(&mut self) -> f64 {
        if self.below(2) == 0 { 1.0 } else { -1.0 }
    }

    /// By Box and Muller.
    pub(crate) fn normal(&mut self) -> f64 {
        (-2.0 * self.share().ln()).sqrt() * (TAU * self.share()).cos()
    }

    /// Of standard deviation 1.
    fn noise(&mut self, tails: Tails) -> f64 {
        match tails {
            Tails::Normal => self.normal(),
            Tails::Heavy => {
                let square: f64 = (0..3).map(|_| self.normal().powi(2)).sum();
                self.normal() / square.sqrt()
            }
        }
    }
}
