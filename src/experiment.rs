//! Experiments: TOML files that list cases. The built-in ones lie in `experiments/` and are
//! compiled in; a user's own is given by path.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::fault::nearest;
use crate::usage;

/// The built-in experiments: id and text.
const BUILT_IN: &[(&str, &str)] = &[("votes", include_str!("../experiments/votes.toml"))];

/// A list of cases that together answer a question.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// Its name: what `run` takes, and part of the result directory's name.
    pub id: String,
    /// What a report is headed by.
    pub title: String,
    /// What it wants to know.
    pub question: String,
    /// Where the question or the published figures come from.
    pub source: Option<String>,
    /// Rounds unless the user says otherwise: each runs every case once.
    pub rounds: u32,
    /// The id of the method (with its default parameters) that the others are compared with.
    pub baseline: String,
    /// The cases, in the order that tables list them.
    #[serde(rename = "case")]
    pub cases: Vec<Case>,
}

/// A method with its parameters filled in.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The method's id.
    pub method: String,
    /// Parameters that differ from the method's defaults.
    #[serde(default)]
    pub params: BTreeMap<String, u64>,
    /// Server settings of this case alone.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// Seconds that `source` published for it.
    pub published_seconds: Option<f64>,
}

impl Case {
    /// A method with its defaults.
    pub fn of(method: &str) -> Self {
        Self {
            method: method.into(),
            params: BTreeMap::new(),
            settings: BTreeMap::new(),
            published_seconds: None,
        }
    }

    /// Unique within an experiment: the method and what differs from its defaults.
    pub fn id(&self) -> String {
        let params = self.params.iter().map(|(name, value)| format!(" {name}={value}"));
        let settings = self.settings.iter().map(|(name, value)| format!(" {name}={value}"));
        self.method.clone() + &params.chain(settings).collect::<String>()
    }
}

impl Experiment {
    /// The built-in experiment of this name, or the one in the file of this path.
    ///
    /// # Errors
    /// An unknown name (with the nearest), a file that cannot be read, or one that is not an
    /// experiment (with line and key).
    pub fn find(name: &str) -> Result<Self> {
        if let Some((_, text)) = BUILT_IN.iter().find(|(id, _)| *id == name) {
            return Self::parse(text, &format!("the built-in experiment {name}"));
        }
        let path = Path::new(name);
        if path.extension().is_none_or(|e| e != "toml") {
            let known: Vec<&str> = BUILT_IN.iter().map(|(id, _)| *id).collect();
            return Err(usage!(
                "there is no experiment `{name}`{} `bulkbench list` shows them; one of your own is given by the path of its .toml file",
                match nearest(name, known.iter().copied()) {
                    hint if hint.is_empty() => ";".to_string(),
                    hint => hint,
                }
            ));
        }
        let text = std::fs::read_to_string(path)
            .map_err(|e| usage!("cannot read the experiment {}: {e}; check the path", path.display()))?;
        Self::parse(&text, name)
    }

    /// All built-in experiments.
    ///
    /// # Errors
    /// When one of them is not well formed, which a test rules out.
    pub fn built_in() -> Result<Vec<Self>> {
        BUILT_IN.iter().map(|(id, text)| Self::parse(text, id)).collect()
    }

    /// Reads an experiment; `origin` names it in messages.
    ///
    /// # Errors
    /// A key that is unknown (with the nearest), missing, or of another type; no cases, no
    /// rounds, a case twice, a baseline that is none of the cases.
    pub fn parse(text: &str, origin: &str) -> Result<Self> {
        let experiment: Experiment = toml::from_str(text)
            .map_err(|e| usage!("{origin}: {}{}", e.to_string().trim_end(), hint(e.message())))?;
        experiment.check().with_context(|| format!("in {origin}"))?;
        Ok(experiment)
    }

    fn check(&self) -> Result<()> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.id.is_empty() || !self.id.chars().all(plain) {
            return Err(usage!(
                "id = \"{}\": an id is made of small letters, digits and hyphens; it names the result directory",
                self.id
            ));
        }
        if self.rounds == 0 {
            return Err(usage!("rounds = 0: at least one round is needed, five for a verdict"));
        }
        let mut seen = std::collections::BTreeSet::new();
        for case in &self.cases {
            if !seen.insert(case.id()) {
                return Err(usage!("the case `{}` is listed twice; remove one", case.id()));
            }
            if case.published_seconds.is_some_and(|s| !(s.is_finite() && s > 0.0)) {
                return Err(usage!("published_seconds of `{}` must be above 0", case.id()));
            }
        }
        if !seen.contains(&self.baseline) {
            return Err(usage!(
                "baseline = \"{}\" is none of the cases{}",
                self.baseline,
                nearest(&self.baseline, seen.iter().map(String::as_str))
            ));
        }
        Ok(())
    }
}

/// serde names the unknown key and the known ones in backticks: the nearest of them is the hint.
fn hint(message: &str) -> String {
    let mut names = message.split('`').skip(1).step_by(2);
    match (message.starts_with("unknown field"), names.next()) {
        (true, Some(unknown)) => nearest(unknown, names),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"
        id = "small"
        title = "t"
        question = "q"
        rounds = 2
        baseline = "copy-csv"
        [[case]]
        method = "copy-csv"
        [[case]]
        method = "insert-multirow"
        params = { batch = 1000 }
        settings = { wal_level = "minimal" }
    "#;

    fn error(text: &str) -> String {
        format!("{:#}", Experiment::parse(text, "x.toml").unwrap_err())
    }

    #[test]
    fn a_case_is_named_by_what_differs_from_the_defaults() {
        let experiment = Experiment::parse(SMALL, "x.toml").unwrap();
        let ids: Vec<String> = experiment.cases.iter().map(Case::id).collect();
        assert_eq!(ids, ["copy-csv", "insert-multirow batch=1000 wal_level=minimal"]);
    }

    #[test]
    fn every_built_in_experiment_is_well_formed_and_named_as_it_is_listed() {
        for ((id, _), experiment) in BUILT_IN.iter().zip(Experiment::built_in().unwrap()) {
            assert_eq!(*id, experiment.id);
        }
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_the_nearest_key() {
        let text = error(&SMALL.replace("rounds = 2", "round = 2"));
        assert!(text.contains("line 5"), "{text}");
        assert!(text.contains("did you mean `rounds`?"), "{text}");
    }

    #[test]
    fn malformed_toml_is_named_with_its_line() {
        let text = error(&SMALL.replace("rounds = 2", "rounds = "));
        assert!(text.contains("x.toml") && text.contains("line 5"), "{text}");
    }

    #[test]
    fn a_baseline_that_is_no_case_is_refused() {
        let text = error(&SMALL.replace("baseline = \"copy-csv\"", "baseline = \"copy-cvs\""));
        assert!(text.contains("did you mean `copy-csv`?"), "{text}");
    }

    #[test]
    fn an_unknown_experiment_gets_the_nearest_name() {
        let text = format!("{:#}", Experiment::find("vote").unwrap_err());
        assert!(text.contains("did you mean `votes`?"), "{text}");
    }
}
