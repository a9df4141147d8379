//! Measurement times that fit what is measured.

use std::time::Duration;

use criterion::Criterion;

use super::args::Args;

/// The room that a sample of criterion's has, as a multiple of what it measures: criterion complains of a
/// measurement time in which a sample cannot do it twice, and what follows may take longer than what came before.
const A_SAMPLE: f64 = 2.5;

/// How a target measures each of its ids.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fit {
    /// Samples of an id.
    pub samples: u32,
    /// The time before the first of them.
    pub warm_up: Duration,
    /// The least time for all of them.
    pub measurement: Duration,
}

impl Fit {
    /// criterion with these as its defaults, for what varies by so much (0.1 is a tenth) when nothing has changed.
    pub(crate) fn criterion(&self, noise: f64) -> Criterion {
        Criterion::default()
            .sample_size(self.samples as usize)
            .warm_up_time(self.warm_up)
            .measurement_time(self.measurement)
            .noise_threshold(noise)
            .significance_level(0.01)
            // Its own default takes longer than many a measurement.
            .nresamples(10_000)
    }

    /// With the samples that a command line asks for.
    pub(crate) fn asked(self, args: &Args) -> Self {
        Self { samples: args.sample_size.unwrap_or(self.samples), ..self }
    }

    /// The time to measure what has taken so long once, with all that belongs around it.
    pub(crate) fn measurement_time(&self, once: Duration) -> Duration {
        self.measurement.max(once.mul_f64(f64::from(self.samples) * A_SAMPLE))
    }

    /// The time that ids which have taken so long once will need in all.
    pub(crate) fn estimate(&self, once: impl IntoIterator<Item = Duration>) -> Duration {
        once.into_iter().map(|once| self.warm_up.max(once) + self.measurement_time(once)).sum()
    }
}

/// How a target times its ids.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Timing {
    /// By criterion, all samples of one before those of the next.
    Samples(Fit),
    /// In so many rounds of all of them, which the target takes by itself.
    Rounds(u32),
}

impl Timing {
    /// As [`Fit::estimate`].
    pub(crate) fn estimate(&self, once: impl IntoIterator<Item = Duration>) -> Duration {
        match self {
            Self::Samples(fit) => fit.estimate(once),
            Self::Rounds(rounds) => once.into_iter().sum::<Duration>() * *rounds,
        }
    }
}

/// A time as the start of a target says it: `50 s`, `4 min`.
pub(crate) fn about(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..90 => format!("{} s", seconds.max(1)),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}

/// The part of an id that a name makes: lower-case letters and digits, with hyphens between them.
pub(crate) fn slug(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}
