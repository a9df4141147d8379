//! What a claim is, and what would test it.

use serde::Deserialize;

use crate::distinct::distinct;
use crate::model::findings::Verdict;
use crate::model::{Encoding, Phase, Reading};

/// Something that was published, with its claims.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// The letter that its claims' ids begin with.
    pub id: String,
    /// Author, title and year.
    pub title: String,
    /// What its claims were made under.
    pub conditions: String,
    /// Its claims, in the order of their numbers.
    pub claims: Vec<Claim>,
}

/// A statement that a source has published.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Its name, e.g. `A8`.
    pub id: String,
    /// Who published it, where the source is a collection.
    pub source: Option<String>,
    /// Its place in the source.
    pub place: String,
    /// What it says, in this project's words.
    pub says: String,
    /// The published figure or behaviour.
    pub figure: String,
    /// What it was made under, or is tested under, beside what holds for the whole source.
    pub conditions: Option<String>,
    /// What tests it; empty where nothing can.
    pub tests: Vec<Test>,
    /// Why nothing can, and what it would take.
    pub untestable: Option<String>,
}

/// What tests a claim, or a part of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// The part of the claim that it tests, where there are several.
    pub about: Option<String>,
    /// The experiment that has its cases.
    pub experiment: String,
    /// Further ones that have them.
    pub also: Vec<String>,
    /// What is held against what.
    pub tested: Tested,
}

/// What is held against what.
#[derive(Debug, Clone, PartialEq)]
pub enum Tested {
    /// A case against another, or against another part of itself.
    Contrast(Contrast),
    /// A figure of a case by itself.
    Level(Level),
    /// The sizes of the files of a dataset.
    Sizes(Sizes),
    /// What becomes of a caveat's rows by one way.
    Finding {
        /// The caveat's id.
        caveat: String,
        /// The way's.
        way: String,
        /// What the source says becomes of them.
        outcome: Verdict,
    },
    /// What a crash right after a load leaves of it.
    Crash {
        /// The case's id.
        case: String,
        /// What the source says is left.
        left: Left,
    },
}

/// A case against another.
#[derive(Debug, Clone, PartialEq)]
pub struct Contrast {
    /// The case's id.
    pub case: String,
    /// The id of the case that it is held against.
    pub against: String,
    /// What of the case is compared.
    pub quantity: Quantity,
    /// What of the other.
    pub against_quantity: Quantity,
    /// The major versions of their servers, where it is servers that are compared.
    pub versions: Option<(u32, u32)>,
    /// The seconds that the source has for them.
    pub seconds: Option<(f64, f64)>,
    /// What the source says of the ratio.
    pub expected: Expected,
}

/// What of a load is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Its time.
    Total,
    /// The time of a phase.
    Phase(Phase),
    /// A cost.
    Metric(Reading),
}

/// The files of a dataset, one against another.
#[derive(Debug, Clone, PartialEq)]
pub struct Sizes {
    /// The id of the case that loads it, for which the file is made.
    pub case: String,
    /// The file.
    pub encoding: Encoding,
    /// The one that it is held against.
    pub against: Encoding,
    /// What the source says of the ratio.
    pub expected: Expected,
}

/// A ratio as a source has it: what a case is held against, divided by the case. 2 is twice as fast, or half as much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// The published ratio; `None` where only a direction was published.
    pub ratio: Option<f64>,
    /// The published direction.
    pub direction: Direction,
    /// The share of 1 within which a ratio is none.
    pub within: f64,
}

/// The direction of a published ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// The case takes less.
    Faster,
    /// The case takes more.
    Slower,
    /// Neither.
    Same,
    /// It takes as much, or more.
    NotFaster,
}

/// A figure of a case by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// The case's id.
    pub case: String,
    /// The reading that is taken as a share of the time; `None` for rows a second.
    pub share: Option<Reading>,
    /// The phase whose time that is; all of it where none is named.
    pub phase: Option<Phase>,
    /// What the source says of it.
    pub bound: Bound,
}

/// A figure as a source bounds it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// It is this or more.
    AtLeast(f64),
    /// It is this or less.
    AtMost(f64),
}

/// What a crash leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Left {
    /// No row.
    Nothing,
    /// Every row.
    All,
}

impl Contrast {
    /// The ids of its cases, each once.
    fn cases(&self) -> Vec<&str> {
        let both = [self.case.as_str(), self.against.as_str()];
        both[..if self.case == self.against { 1 } else { 2 }].to_vec()
    }
}

impl Test {
    /// The experiments that have its cases.
    pub fn experiments(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.experiment).chain(&self.also).map(String::as_str)
    }

    /// Whether the experiment of this name is one of these.
    pub fn is_in(&self, experiment: &str) -> bool {
        self.experiments().any(|name| name == experiment)
    }

    /// The ids of the cases that it needs; none for a caveat.
    pub fn cases(&self) -> Vec<&str> {
        match &self.tested {
            Tested::Contrast(contrast) => contrast.cases(),
            Tested::Level(Level { case, .. })
            | Tested::Sizes(Sizes { case, .. })
            | Tested::Crash { case, .. } => vec![case],
            Tested::Finding { .. } => Vec::new(),
        }
    }

    /// The id of the caveat that it needs.
    pub fn caveat(&self) -> Option<&str> {
        match &self.tested {
            Tested::Finding { caveat, .. } => Some(caveat),
            _ => None,
        }
    }
}

impl Claim {
    /// The experiments that test it, each once, in the order of its tests.
    pub fn experiments(&self) -> Vec<&str> {
        distinct(self.tests.iter().flat_map(Test::experiments))
    }
}
