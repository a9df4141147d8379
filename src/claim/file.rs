//! A source as its file has it. Whatever is wrong is named with file, line and key.

use std::ops::RangeInclusive;

use anyhow::Result;
use serde::Deserialize;
use toml::Spanned;

use super::definition::{
    Bound, Claim, Contrast, Direction, Expected, Left, Level, Quantity, Sizes, Source, Test, Tested,
};
use crate::experiment::{ALL_METHODS, Experiment};
use crate::fault::{nearest_then, unknown_field};
use crate::model::findings::Verdict;
use crate::model::{Encoding, Phase, Reading};
use crate::spelling::Named;
use crate::usage;

/// The share of 1 within which a ratio is none, unless a test says otherwise.
const WITHIN: f64 = 0.05;

/// Ratios, shares and rates that anybody can have published.
const FIGURES: RangeInclusive<f64> = 1e-9..=1e12;

/// What stands for rows a second among the names of readings.
const RATE: &str = "rows_per_second";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceFile {
    id: String,
    title: String,
    conditions: String,
    #[serde(rename = "claim")]
    claims: Vec<ClaimFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClaimFile {
    id: Spanned<String>,
    source: Option<String>,
    place: String,
    says: String,
    figure: String,
    conditions: Option<String>,
    #[serde(default, rename = "test")]
    tests: Vec<TestFile>,
    untestable: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TestFile {
    about: Option<String>,
    experiment: Spanned<String>,
    #[serde(default)]
    also: Vec<Spanned<String>>,
    case: Option<Spanned<String>>,
    against: Option<Spanned<String>>,
    version: Option<u32>,
    against_version: Option<u32>,
    phase: Option<Named<Phase>>,
    against_phase: Option<Named<Phase>>,
    metric: Option<Spanned<String>>,
    seconds: Option<f64>,
    against_seconds: Option<f64>,
    ratio: Option<f64>,
    expect: Option<Direction>,
    within: Option<f64>,
    level: Option<Spanned<String>>,
    at_least: Option<f64>,
    at_most: Option<f64>,
    encoding: Option<Named<Encoding>>,
    against_encoding: Option<Named<Encoding>>,
    caveat: Option<Spanned<String>>,
    way: Option<String>,
    outcome: Option<Named<Verdict>>,
    left: Option<Left>,
}

impl Source {
    /// Reads a source; `origin` names its file in messages.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] for a key that is unknown (with the nearest), missing, or of another type; for a
    /// claim that is there twice, or has neither tests nor a reason; and for a test whose experiment, case, caveat or
    /// reading is not there.
    pub fn parse(text: &str, origin: &str) -> Result<Self> {
        let file: SourceFile = toml::from_str(text)
            .map_err(|e| usage!("{origin}: {}{}", e.to_string().trim_end(), unknown_field(e.message())))?;
        let at = At { text, origin };
        let mut claims: Vec<Claim> = Vec::new();
        for claim in file.claims {
            let place = at.line(&claim.id);
            let id = claim.id.get_ref();
            if id.strip_prefix(&file.id).is_none_or(|number| number.parse::<u32>().is_err()) {
                return Err(usage!(
                    "{place}: id = \"{id}\": an id is that of the source and a number: {}1",
                    file.id
                ));
            }
            if claims.iter().any(|other| other.id == *id) {
                return Err(usage!("{place}: the claim {id} is there twice; give one another number"));
            }
            claims.push(claim.claim(&at)?);
        }
        Ok(Self { id: file.id, title: file.title, conditions: file.conditions, claims })
    }
}

/// Where something stands.
struct At<'t> {
    text: &'t str,
    origin: &'t str,
}

impl At<'_> {
    /// File and line of a value.
    fn line<T>(&self, value: &Spanned<T>) -> String {
        let before = self.text.get(..value.span().start).unwrap_or_default();
        format!("{}, line {}", self.origin, before.matches('\n').count() + 1)
    }
}

impl ClaimFile {
    fn claim(self, at: &At<'_>) -> Result<Claim> {
        let place = at.line(&self.id);
        let id = self.id.into_inner();
        match (self.tests.is_empty(), &self.untestable) {
            (true, None) => {
                return Err(usage!(
                    "{place}: {id} has no [[claim.test]]; say in `untestable` what one would take"
                ));
            }
            (false, Some(_)) => {
                return Err(usage!("{place}: {id} is `untestable` and has tests; leave one out"));
            }
            _ => {}
        }
        let tests = self.tests.into_iter().map(|test| test.test(at)).collect::<Result<_>>()?;
        let Self { source, place, says, figure, conditions, untestable, .. } = self;
        Ok(Claim { id, source, place, says, figure, conditions, tests, untestable })
    }
}

/// The keys of a test by what it tests, beside `about`, `experiment` and `also`.
const CONTRAST: [&str; 12] = [
    "case",
    "against",
    "version",
    "against_version",
    "phase",
    "against_phase",
    "metric",
    "seconds",
    "against_seconds",
    "ratio",
    "expect",
    "within",
];
const LEVEL: [&str; 5] = ["case", "level", "phase", "at_least", "at_most"];
const SIZES: [&str; 6] = ["case", "encoding", "against_encoding", "ratio", "expect", "within"];
const FINDING: [&str; 3] = ["caveat", "way", "outcome"];
const CRASH: [&str; 2] = ["case", "left"];

impl TestFile {
    fn test(self, at: &At<'_>) -> Result<Test> {
        let place = at.line(&self.experiment);
        let (kind, keys): (&str, &[&str]) = match () {
            () if self.caveat.is_some() => ("caveat", &FINDING),
            () if self.left.is_some() => ("left", &CRASH),
            () if self.encoding.is_some() => ("encoding", &SIZES),
            () if self.level.is_some() => ("level", &LEVEL),
            () => ("against", &CONTRAST),
        };
        if let Some(key) = self.given().into_iter().find(|key| !keys.contains(key)) {
            return Err(usage!(
                "{place}: `{key}` does not go with `{kind}`; a test with that has {}",
                keys.join(", ")
            ));
        }
        self.check_names(at)?;
        let tested = match kind {
            "caveat" => self.finding(&place)?,
            "left" => Tested::Crash {
                case: needed(self.case.clone(), "case", &place)?.into_inner(),
                left: needed(self.left, "left", &place)?,
            },
            "encoding" => Tested::Sizes(Sizes {
                case: needed(self.case.clone(), "case", &place)?.into_inner(),
                encoding: needed(self.encoding, "encoding", &place)?.0,
                against: needed(self.against_encoding, "against_encoding", &place)?.0,
                expected: self.expected(&place)?,
            }),
            "level" => self.level(at, &place)?,
            _ => self.contrast(at, &place)?,
        };
        let also = self.also.into_iter().map(Spanned::into_inner).collect();
        Ok(Test { about: self.about, experiment: self.experiment.into_inner(), also, tested })
    }

    /// The keys that it has, beside those of every test.
    fn given(&self) -> Vec<&'static str> {
        let keys = [
            ("case", self.case.is_some()),
            ("against", self.against.is_some()),
            ("version", self.version.is_some()),
            ("against_version", self.against_version.is_some()),
            ("phase", self.phase.is_some()),
            ("against_phase", self.against_phase.is_some()),
            ("metric", self.metric.is_some()),
            ("seconds", self.seconds.is_some()),
            ("against_seconds", self.against_seconds.is_some()),
            ("ratio", self.ratio.is_some()),
            ("expect", self.expect.is_some()),
            ("within", self.within.is_some()),
            ("level", self.level.is_some()),
            ("at_least", self.at_least.is_some()),
            ("at_most", self.at_most.is_some()),
            ("encoding", self.encoding.is_some()),
            ("against_encoding", self.against_encoding.is_some()),
            ("caveat", self.caveat.is_some()),
            ("way", self.way.is_some()),
            ("outcome", self.outcome.is_some()),
            ("left", self.left.is_some()),
        ];
        keys.into_iter().filter(|(_, there)| *there).map(|(key, _)| key).collect()
    }

    /// The experiments are there, and have the cases or the caveat.
    fn check_names(&self, at: &At<'_>) -> Result<()> {
        std::iter::once(&self.experiment).chain(&self.also).try_for_each(|name| self.check_names_in(name, at))
    }

    fn check_names_in(&self, wanted: &Spanned<String>, at: &At<'_>) -> Result<()> {
        let name = wanted.get_ref();
        let experiment = Experiment::find(name).map_err(|error| usage!("{}: {error}", at.line(wanted)))?;
        let cases: Vec<String> = experiment.cases.iter().map(|case| case.key.to_string()).collect();
        let has_all = experiment.cases.iter().any(|case| case.key.method == ALL_METHODS);
        for (key, case) in [("case", &self.case), ("against", &self.against)] {
            let Some(case) = case.as_ref().filter(|case| !has_all && !cases.contains(case.get_ref())) else {
                continue;
            };
            return Err(usage!(
                "{}: {key} = \"{}\" is none of the cases of {name}{} `bulkbench list {name}` shows them",
                at.line(case),
                case.get_ref(),
                nearest_then(case.get_ref(), cases.iter().map(String::as_str))
            ));
        }
        if let Some(caveat) =
            self.caveat.as_ref().filter(|caveat| !experiment.caveats.contains(caveat.get_ref()))
        {
            return Err(usage!(
                "{}: caveat = \"{}\" is none of those of {name}{} `bulkbench list {name}` shows them",
                at.line(caveat),
                caveat.get_ref(),
                nearest_then(caveat.get_ref(), experiment.caveats.iter().map(String::as_str))
            ));
        }
        Ok(())
    }

    fn finding(&self, place: &str) -> Result<Tested> {
        Ok(Tested::Finding {
            caveat: needed(self.caveat.clone(), "caveat", place)?.into_inner(),
            way: needed(self.way.clone(), "way", place)?,
            outcome: needed(self.outcome, "outcome", place)?.0,
        })
    }

    fn level(&self, at: &At<'_>, place: &str) -> Result<Tested> {
        let name = needed(self.level.clone(), "level", place)?;
        let share = match name.get_ref().as_str() {
            RATE => None,
            _ => Some(reading(&name, "level", at)?),
        };
        let bound = match (self.at_least, self.at_most) {
            (Some(least), None) => Bound::AtLeast(in_range(least, "at_least", place)?),
            (None, Some(most)) => Bound::AtMost(in_range(most, "at_most", place)?),
            _ => return Err(usage!("{place}: `level` needs either `at_least` or `at_most`")),
        };
        let case = needed(self.case.clone(), "case", place)?.into_inner();
        Ok(Tested::Level(Level { case, share, phase: self.phase.map(|phase| phase.0), bound }))
    }

    fn contrast(&self, at: &At<'_>, place: &str) -> Result<Tested> {
        let quantity = match (&self.metric, self.phase) {
            (Some(_), Some(_)) => {
                return Err(usage!(
                    "{place}: `metric` and `phase` do not go together; a reading of one phase has it in its name (docs/metrics.md)"
                ));
            }
            (Some(name), None) => Quantity::Metric(reading(name, "metric", at)?),
            (None, Some(phase)) => Quantity::Phase(phase.0),
            (None, None) => Quantity::Total,
        };
        let seconds = match (self.seconds, self.against_seconds) {
            (Some(case), Some(against)) => {
                Some((in_range(case, "seconds", place)?, in_range(against, "against_seconds", place)?))
            }
            (None, None) => None,
            _ => return Err(usage!("{place}: `seconds` and `against_seconds` go together; give both")),
        };
        let versions = match (self.version, self.against_version) {
            (Some(case), Some(against)) => Some((case, against)),
            (None, None) => None,
            _ => return Err(usage!("{place}: `version` and `against_version` go together; give both")),
        };
        Ok(Tested::Contrast(Contrast {
            case: needed(self.case.clone(), "case", place)?.into_inner(),
            against: needed(self.against.clone(), "against", place)?.into_inner(),
            quantity,
            against_quantity: self.against_phase.map_or(quantity, |phase| Quantity::Phase(phase.0)),
            versions,
            seconds,
            expected: self.expected(place)?,
        }))
    }

    fn expected(&self, place: &str) -> Result<Expected> {
        let published = match (self.ratio, self.seconds.zip(self.against_seconds)) {
            (Some(_), Some(_)) => {
                return Err(usage!(
                    "{place}: `ratio` follows from `seconds` and `against_seconds`; leave one out"
                ));
            }
            (ratio, seconds) => ratio.or(seconds.map(|(case, against)| against / case)),
        };
        let ratio = published.map(|ratio| in_range(ratio, "ratio", place)).transpose()?;
        let direction = match (self.expect, ratio) {
            (Some(direction), _) => direction,
            (None, Some(ratio)) if ratio > 1.0 => Direction::Faster,
            (None, Some(ratio)) if ratio < 1.0 => Direction::Slower,
            (None, _) => {
                return Err(usage!(
                    "{place}: what the source says is missing; give `ratio`, `seconds` and `against_seconds`, or `expect`"
                ));
            }
        };
        Ok(Expected { ratio, direction, within: in_range(self.within.unwrap_or(WITHIN), "within", place)? })
    }
}

fn needed<T>(value: Option<T>, key: &str, place: &str) -> Result<T> {
    value.ok_or_else(|| usage!("{place}: `{key}` is missing"))
}

fn in_range(value: f64, key: &str, place: &str) -> Result<f64> {
    match FIGURES.contains(&value) {
        true => Ok(value),
        false => Err(usage!(
            "{place}: {key} = {value}: it has to be from {:e} to {:e}",
            FIGURES.start(),
            FIGURES.end()
        )),
    }
}

fn reading(name: &Spanned<String>, key: &str, at: &At<'_>) -> Result<Reading> {
    Reading::named(name.get_ref()).ok_or_else(|| {
        let known: Vec<String> = Reading::all().map(Reading::name).collect();
        usage!(
            "{}: {key} = \"{}\" is no reading{} docs/metrics.md lists them",
            at.line(name),
            name.get_ref(),
            nearest_then(name.get_ref(), known.iter().map(String::as_str))
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"id = "X"
title = "t"
conditions = "c"

[[claim]]
id = "X1"
place = "p"
says = "s"
figure = "f"
[[claim.test]]
experiment = "votes"
case = "copy-text"
against = "copy-csv"
ratio = 1.5
"#;

    fn error(text: &str) -> String {
        format!("{:#}", Source::parse(text, "x.toml").unwrap_err())
    }

    #[test]
    fn a_test_says_what_is_held_against_what() {
        let source = Source::parse(SMALL, "x.toml").unwrap();
        let test = &source.claims[0].tests[0];
        assert_eq!((test.experiment.as_str(), test.cases()), ("votes", vec!["copy-text", "copy-csv"]));
        let Tested::Contrast(contrast) = &test.tested else { panic!("{test:?}") };
        assert_eq!(
            contrast.expected,
            Expected { ratio: Some(1.5), direction: Direction::Faster, within: 0.05 }
        );
        let seconds = SMALL.replace("ratio = 1.5", "seconds = 4\nagainst_seconds = 2");
        let Tested::Contrast(slower) = &Source::parse(&seconds, "x.toml").unwrap().claims[0].tests[0].tested
        else {
            panic!("{seconds}")
        };
        assert_eq!((slower.expected.ratio, slower.expected.direction), (Some(0.5), Direction::Slower));
    }

    #[test]
    fn what_is_wrong_is_named_with_file_line_and_key() {
        for (from, to, words) in [
            ("ratio = 1.5", "ration = 1.5", ["x.toml", "line 14", "did you mean `ratio`?"]),
            ("figure", "figur", ["x.toml", "line 9", "did you mean `figure`?"]),
            (
                "case = \"copy-text\"",
                "case = \"copy-txt\"",
                ["x.toml, line 12", "case =", "did you mean `copy-text`?"],
            ),
            ("\"votes\"", "\"vote\"", ["x.toml, line 11", "experiment `vote`", "did you mean `votes`?"]),
            (
                "ratio = 1.5",
                "ratio = 2\nalso = [\"articl\"]",
                ["x.toml, line 15", "experiment `articl`", "did you mean `article`?"],
            ),
            (
                "ratio = 1.5",
                "ratio = 2\nalso = [\"wal\"]",
                ["x.toml, line 12", "copy-text", "the cases of wal"],
            ),
            ("ratio = 1.5", "seconds = 1", ["x.toml, line 11", "`against_seconds`", "give both"]),
            ("ratio = 1.5", "", ["x.toml, line 11", "`expect`", "missing"]),
            ("ratio = 1.5", "ratio = -1", ["x.toml, line 11", "ratio = -1", "from"]),
            (
                "ratio = 1.5",
                "ratio = 2\nmetric = \"wal_byte\"",
                ["x.toml, line 15", "metric =", "`wal_bytes`?"],
            ),
            ("ratio = 1.5", "ratio = 2\nlevel = \"wal_bytes\"", ["x.toml, line 11", "`against`", "`level`"]),
            ("against = \"copy-csv\"", "", ["x.toml, line 11", "`against`", "missing"]),
            ("\"X1\"", "\"Y1\"", ["x.toml, line 6", "id = \"Y1\"", "X1"]),
        ] {
            let text = error(&SMALL.replacen(from, to, 1));
            assert!(words.iter().all(|word| text.contains(word)), "{to}: {text}");
        }
    }

    #[test]
    fn a_claim_is_there_once_and_has_tests_or_a_reason() {
        let (head, test) = SMALL.split_once("[[claim.test]]").unwrap();
        assert!(error(head).contains("X1 has no [[claim.test]]"));
        let reason = format!("{head}untestable = \"why\"\n");
        assert_eq!(Source::parse(&reason, "x.toml").unwrap().claims[0].untestable.as_deref(), Some("why"));
        assert!(error(&format!("{reason}[[claim.test]]{test}")).contains("leave one out"));
        let (_, claim) = SMALL.split_once("[[claim]]").unwrap();
        assert!(error(&format!("{SMALL}[[claim]]{claim}")).contains("the claim X1 is there twice"));
    }
}
