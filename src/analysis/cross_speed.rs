//! The speed of a case relative to the same case of another run, or of another server of its run.

use super::summary::Summary;
use crate::stats::{self, Estimate, Within};

/// How a case is held against that of the first run.
#[derive(Clone, Copy)]
pub(super) enum Held {
    /// As two independent samples, and beyond this factor.
    Apart {
        /// What control and baseline of the two runs differ by.
        floor: f64,
    },
    /// Within the rounds that both have; nothing where there are none.
    InRounds(Option<Within>),
}

/// A speed relative to the first run.
#[derive(Clone, Copy)]
pub(super) struct Speed {
    pub ratio: Option<Estimate>,
    /// The p of its being 1.
    pub p: Option<f64>,
    /// The factor beyond which a difference is claimed.
    pub floor: f64,
    /// The samples that each side has at least.
    pub samples: usize,
}

impl Held {
    /// The speed of a case relative to that of the first run.
    pub(super) fn speed(self, here: &Summary, first: &Summary) -> Speed {
        match self {
            Held::Apart { floor } => {
                let (mine, theirs) = (here.ns_per_row(), first.ns_per_row());
                Speed {
                    ratio: stats::ratio_estimate(&theirs, &mine),
                    p: stats::mann_whitney(&mine, &theirs).map(|test| test.p),
                    floor,
                    samples: mine.len().min(theirs.len()),
                }
            }
            Held::InRounds(within) => Speed {
                ratio: within.map(|within| within.ratio()),
                p: within.and_then(|within| within.p()),
                floor: 1.0,
                samples: within.map_or(0, |within| within.rounds),
            },
        }
    }
}
