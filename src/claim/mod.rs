//! Claims: statements that sources have published, and what would test each of them. They lie in `claims/`, one file
//! a source, and are compiled in. Nothing here says whether one holds: that is measured.

mod built_in;
mod definition;
mod file;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};

pub use built_in::sources;
pub use definition::{
    Bound, Claim, Contrast, Direction, Expected, Left, Level, Quantity, Sizes, Source, Test, Tested,
};

use crate::fault::nearest_then;
use crate::usage;

/// The claim of this id, whatever the case of its letter, with its source.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] for an unknown one, with the nearest.
pub fn find<'s>(sources: &'s [Source], id: &str) -> Result<(&'s Source, &'s Claim)> {
    let all = || sources.iter().flat_map(|source| source.claims.iter().map(move |claim| (source, claim)));
    all().find(|(_, claim)| claim.id.eq_ignore_ascii_case(id)).ok_or_else(|| {
        usage!(
            "there is no claim `{id}`{} `bulkbench claims` lists them",
            nearest_then(id, all().map(|(_, claim)| claim.id.as_str()))
        )
    })
}

/// The sources or claims of these ids, each claim with its source; all where none is named.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] for an unknown one, with those that there are.
pub(crate) fn chosen(sources: &[Source], ids: &[String]) -> Result<Vec<Source>> {
    let names = |id: &str, wanted: &String| id.eq_ignore_ascii_case(wanted);
    for wanted in ids.iter().filter(|wanted| !sources.iter().any(|source| names(&source.id, wanted))) {
        find(sources, wanted).with_context(|| {
            let known: Vec<&str> = sources.iter().map(|source| source.id.as_str()).collect();
            format!("--source {wanted} is none of the sources {}, and no claim", known.join(", "))
        })?;
    }
    let of_source = |source: &Source| {
        let is_whole = ids.is_empty() || ids.iter().any(|wanted| names(&source.id, wanted));
        let is_chosen = |claim: &&Claim| is_whole || ids.iter().any(|wanted| names(&claim.id, wanted));
        Source { claims: source.claims.iter().filter(is_chosen).cloned().collect(), ..source.clone() }
    };
    Ok(sources.iter().map(of_source).filter(|source| !source.claims.is_empty()).collect())
}

/// The ids of the claims that an experiment serves.
pub fn served_by<'s>(sources: &'s [Source], experiment: &str) -> BTreeSet<&'s str> {
    let claims = sources.iter().flat_map(|source| &source.claims);
    let serves = |claim: &&Claim| claim.tests.iter().any(|test| test.is_in(experiment));
    claims.filter(serves).map(|claim| claim.id.as_str()).collect()
}

/// The seconds that one source published for the baseline of an experiment and for cases that it holds against that,
/// directly or by way of others; by the ids of the cases.
pub fn published_seconds(sources: &[Source], experiment: &str, baseline: &str) -> BTreeMap<String, f64> {
    let of_source = |source: &Source| {
        let tests = source.claims.iter().flat_map(|claim| &claim.tests);
        let pairs: Vec<[(&str, f64); 2]> =
            tests.filter(|test| test.is_in(experiment)).filter_map(pair_of_seconds).collect();
        let mut found: BTreeMap<String, f64> = BTreeMap::new();
        // Each turn reaches cases that are one further from the baseline.
        for _ in &pairs {
            for pair in &pairs {
                if pair.iter().any(|(case, _)| *case == baseline || found.contains_key(*case)) {
                    found.extend(pair.map(|(case, seconds)| (case.to_owned(), seconds)));
                }
            }
        }
        found
    };
    sources.iter().map(of_source).max_by_key(BTreeMap::len).unwrap_or_default()
}

fn pair_of_seconds(test: &Test) -> Option<[(&str, f64); 2]> {
    let Tested::Contrast(Contrast { case, against, seconds, .. }) = &test.tested else { return None };
    seconds.map(|(mine, theirs)| [(case.as_str(), mine), (against.as_str(), theirs)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Experiment;

    #[test]
    fn a_claim_is_found_by_its_id_and_a_wrong_one_gets_the_nearest() {
        let all = sources();
        assert_eq!(find(all, "a8").unwrap().1.id, "A8");
        let error = find(all, "A99").unwrap_err().to_string();
        assert!(error.contains("did you mean `A9`?"), "{error}");
        let chosen = |ids: &[&str]| {
            let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
            chosen(all, &ids)
                .map(|sources| sources.iter().map(|source| source.claims.len()).collect::<Vec<_>>())
        };
        assert_eq!(chosen(&["a8", "A9", "D"]).unwrap(), [2, 5]);
        assert_eq!(chosen(&[]).unwrap().len(), all.len());
        assert!(format!("{:#}", chosen(&["Z"]).unwrap_err()).contains("A, B, C"));
    }

    #[test]
    fn the_published_seconds_are_those_that_one_source_holds_against_the_baseline() {
        let all = sources();
        let votes = published_seconds(all, "votes", "copy-csv");
        assert_eq!(votes.get("copy-csv"), Some(&67.799));
        // By way of the direct writer.
        assert_eq!(votes.get("pg-bulkload-parallel"), Some(&36.634));
        // Of another source.
        assert_eq!(votes.get("insert-row"), None);
        let scale = published_seconds(all, "scale", "insert-multirow rows=1000000");
        assert_eq!(
            scale.keys().collect::<Vec<_>>(),
            ["copy-csv rows=1000000", "insert-multirow rows=1000000"]
        );
        assert!(published_seconds(all, "collation", "copy-csv collation=C").is_empty());
        assert!(served_by(all, "votes").contains("A4"));
        // The nine ways of one source, on a disk like its own.
        assert_eq!(published_seconds(all, "article", "copy-csv").len(), 9);
        assert!(served_by(all, "article").contains("A4"));
    }

    #[test]
    fn each_experiment_names_the_claims_that_it_serves() {
        for experiment in Experiment::built_in().unwrap() {
            let named: BTreeSet<&str> = experiment.claims.iter().map(String::as_str).collect();
            assert_eq!(
                named,
                served_by(sources(), &experiment.id),
                "claims of experiments/{}.toml",
                experiment.id
            );
        }
    }
}
