//! What `bulkbench run --claim` runs: what tests a claim, and nothing else.

use anyhow::{Context, Result};

use crate::claim::{self, Test};
use crate::distinct::distinct;
use crate::experiment::Experiment;
use crate::usage;

/// The experiment that `run` takes where none is named.
pub(crate) const DEFAULT_EXPERIMENT: &str = "votes";

/// What tests a claim in one experiment.
pub(crate) struct Claimed {
    /// The experiment's name.
    pub experiment: String,
    /// What the user is told of tests that are elsewhere; `None` where there are none.
    pub rest: Option<String>,
    cases: Vec<String>,
    caveats: Vec<String>,
}

impl Claimed {
    /// What tests the claim in the experiment of this name; where it is the default, and does not test it, in the
    /// first that does.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] for an unknown claim, one that nothing tests, and an experiment that does not.
    pub(crate) fn find(id: &str, experiment: &str) -> Result<Self> {
        let (_, claim) = claim::find(claim::sources(), id).context("in --claim")?;
        let all = claim.experiments();
        let Some(first) = all.first() else {
            let why = claim.untestable.as_deref().unwrap_or_default();
            return Err(usage!("--claim {}: nothing here tests it: {why}", claim.id));
        };
        let name = match all.contains(&experiment) {
            true => experiment,
            false if experiment == DEFAULT_EXPERIMENT => first,
            false => {
                return Err(usage!(
                    "--claim {}: the experiment {experiment} does not test it; name {}",
                    claim.id,
                    all.join(" or ")
                ));
            }
        };
        let (here, elsewhere): (Vec<&Test>, Vec<&Test>) =
            claim.tests.iter().partition(|test| test.is_in(name));
        let tests = || here.iter().copied();
        let others = distinct(elsewhere.iter().map(|test| test.experiment.as_str()));
        let rest = (!others.is_empty()).then(|| {
            let commands = others.iter().map(|other| format!("bulkbench run {other} --claim {}", claim.id));
            let commands: Vec<String> = commands.collect();
            format!("{name} tests a part of {}; the rest: {}", claim.id, commands.join("; "))
        });
        Ok(Self {
            experiment: name.to_owned(),
            rest,
            cases: tests().flat_map(Test::cases).map(String::from).collect(),
            caveats: tests().filter_map(Test::caveat).map(String::from).collect(),
        })
    }

    /// The experiment with nothing else in it.
    pub(crate) fn of(&self, experiment: Experiment) -> Experiment {
        match self.caveats.is_empty() {
            true => experiment.only_cases(&self.cases),
            false => experiment.only_caveats(&self.caveats),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_gives_way_to_what_tests_the_claim() {
        let name = |id, experiment| Claimed::find(id, experiment).map(|claimed| claimed.experiment);
        assert_eq!(name("A8", "votes").unwrap(), "votes");
        assert_eq!(name("A8", "wal").unwrap(), "wal");
        assert_eq!(name("B3", "votes").unwrap(), "latency");
        let rest = |id, experiment| Claimed::find(id, experiment).unwrap().rest;
        assert!(rest("A8", "votes").unwrap().ends_with("the rest: bulkbench run wal --claim A8"));
        assert_eq!((rest("A4", "votes"), rest("B3", "votes")), (None, None));
        for (id, experiment, words) in [
            ("B3", "wal", "name latency"),
            ("F4", "votes", "nothing here tests it: it takes a loader in Java"),
            ("A99", "votes", "did you mean"),
        ] {
            let error = format!("{:#}", name(id, experiment).unwrap_err());
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn every_claim_has_its_cases_or_caveats_in_each_of_its_experiments() {
        for claim in claim::sources().iter().flat_map(|source| &source.claims) {
            for name in claim.experiments() {
                let claimed = Claimed::find(&claim.id, name).unwrap();
                let chosen = claimed.of(Experiment::find(name).unwrap());
                let cases: Vec<String> = chosen.cases.iter().map(|case| case.key.to_string()).collect();
                assert!(claimed.cases.iter().all(|id| cases.contains(id)), "{} {name}: {cases:?}", claim.id);
                assert_eq!(claimed.caveats.is_empty(), chosen.caveats.is_empty(), "{} {name}", claim.id);
            }
        }
    }
}
