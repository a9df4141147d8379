//! A part of an experiment: some of its cases, or of its caveats.

use super::{ALL_METHODS, Experiment, ListedCase};
use crate::model::CaseKey;

impl Experiment {
    /// The same with these of its cases alone, by their ids; besides them the baseline, and those that they are held
    /// against.
    #[must_use]
    pub(crate) fn only_cases(self, ids: &[String]) -> Self {
        let listed = |case: &ListedCase| -> Vec<ListedCase> {
            if case.key.method != ALL_METHODS {
                return vec![case.clone()];
            }
            // Every method with its defaults: its id is that of the case.
            let wanted = ids.iter().chain([&self.baseline]).filter(|id| !self.has_case(id));
            let by = |id: &String| CaseKey { method: id.clone(), ..case.key.clone() };
            let mut cases: Vec<ListedCase> =
                wanted.map(|id| ListedCase { key: by(id), ..case.clone() }).collect();
            cases.dedup();
            cases
        };
        let all: Vec<ListedCase> = self.cases.iter().flat_map(listed).collect();
        let chosen = all.iter().filter(|case| ids.contains(&case.id()));
        let references = chosen.filter_map(|case| case.against.clone());
        let mut wanted: Vec<String> = references.chain([self.baseline.clone()]).collect();
        wanted.extend_from_slice(ids);
        let cases: Vec<ListedCase> = all.into_iter().filter(|case| wanted.contains(&case.id())).collect();
        let is_loaded = |name: &String| cases.iter().any(|case| case.key.axes.dataset.as_ref() == Some(name));
        let datasets = self.datasets.into_iter().filter(|(name, _)| is_loaded(name)).collect();
        Self { cases, datasets, ..self }
    }

    fn has_case(&self, id: &str) -> bool {
        self.cases.iter().any(|case| case.id() == id)
    }

    /// The same with these of its caveats alone.
    #[must_use]
    pub(crate) fn only_caveats(mut self, ids: &[String]) -> Self {
        self.caveats.retain(|caveat| ids.contains(caveat));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(experiment: &str, wanted: &[&str]) -> Vec<String> {
        let wanted: Vec<String> = wanted.iter().map(|id| (*id).to_owned()).collect();
        let chosen = Experiment::find(experiment).unwrap().only_cases(&wanted);
        chosen.cases.iter().map(ListedCase::id).collect()
    }

    #[test]
    fn a_choice_has_the_baseline_and_what_it_is_held_against() {
        assert_eq!(ids("votes", &["copy-text"]), ["copy-csv", "copy-text"]);
        let minimal = "copy-one-transaction wal_level=minimal";
        assert_eq!(ids("votes", &[minimal]), ["copy-csv", minimal]);
        assert_eq!(
            ids("populating", &["insert-row-unprepared"]),
            ["insert-row", "copy-csv", "insert-row-unprepared"]
        );
    }

    #[test]
    fn of_every_method_a_choice_has_those_that_are_wanted() {
        assert_eq!(ids("durability", &["copy-unlogged", "copy-csv"]), ["copy-unlogged", "copy-csv"]);
        let off = "copy-csv synchronous_commit=off";
        assert_eq!(ids("durability", &[off]), ["copy-csv", off]);
    }

    #[test]
    fn datasets_that_no_chosen_case_loads_are_left_out() {
        let gin = "copy-csv dataset=gin".to_owned();
        let chosen = Experiment::find("indexes-kinds").unwrap().only_cases(&[gin]);
        assert_eq!(chosen.datasets.keys().collect::<Vec<_>>(), ["gin", "none"]);
        let caveats = Experiment::find("caveats").unwrap().only_caveats(&["backslashes".into()]);
        assert_eq!(caveats.caveats, ["backslashes"]);
    }
}
