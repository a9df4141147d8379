//! The rule by which a run goes on in rounds until its intervals are narrow.

use std::collections::BTreeMap;

use super::case::{Case, CaseKey};
use super::word::words;

words! {
    /// What ended the rounds of a run that went on until its intervals were narrow.
    pub enum RoundsEnd {
        /// All intervals that the rule asks about were narrow enough.
        Narrow = "narrow",
        /// The most rounds were taken.
        Rounds = "rounds",
        /// One round more, as long as those before it, would have ended too late.
        Time = "time",
        /// No case that the rule asks about has finished a sample.
        NoFigures = "no-figures",
    }
}

/// A rule by which a run goes on in rounds, and what has become of it. It looks at how wide intervals are, and at nothing
/// else of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Until {
    /// The widest that an interval may be: half of it in per cent of its figure.
    pub percent: f64,
    /// The cases whose intervals it asks about beside the control's, as the user names them; all of them when empty.
    pub cases: Vec<String>,
    /// Rounds before it is looked at.
    pub fewest_rounds: u32,
    /// Rounds at most.
    pub most_rounds: u32,
    /// The longest that the rounds may take together, the warm-up included, in nanoseconds; the fewest rounds take what
    /// they take.
    pub most_ns: u64,
    /// What they had taken at the last look, in nanoseconds.
    pub spent_ns: u64,
    /// The intervals that were wider at the last look, by their cases: half of each in per cent of its figure; `None` where
    /// samples were too few for an interval.
    pub wider: BTreeMap<String, Option<f64>>,
    /// What ended the rounds; `None` where they have not ended.
    pub ended: Option<RoundsEnd>,
}

impl Until {
    /// Whether it asks about the interval of a case, which is one of these.
    pub(crate) fn asks_about(&self, case: &Case, all: &[Case]) -> bool {
        self.cases.is_empty() || self.cases.iter().any(|name| is_named(case, name, all))
    }

    /// The first name that is that of none of these cases.
    pub(crate) fn unknown(&self, all: &[Case]) -> Option<&str> {
        let known = |name: &&String| all.iter().any(|case| is_named(case, name, all));
        self.cases.iter().find(|name| !known(name)).map(String::as_str)
    }
}

/// Whether this is the name of a case, which is one of these: its id, on whichever server, or its method where no case has
/// such an id.
fn is_named(case: &Case, name: &str, all: &[Case]) -> bool {
    let has_id = |case: &Case| {
        let on_any = CaseKey { server: None, ..case.key.clone() };
        case.id == name || on_any.id(case.role) == name
    };
    if all.iter().any(has_id) { has_id(case) } else { case.key.method == name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Durability, ParamValue, Role, Work};

    fn case(method: &str, batch: Option<u64>, role: Role, server: Option<&str>) -> Case {
        let params = batch.map(|rows| ("batch".to_owned(), ParamValue::Int(rows))).into_iter().collect();
        let key = CaseKey { params, server: server.map(str::to_owned), ..CaseKey::new(method) };
        Case {
            id: key.id(role),
            key,
            family: String::new(),
            summary: String::new(),
            program: None,
            work: Work::Load,
            role,
            durability: Durability::Durable,
            params: Default::default(),
            against: None,
            rows: 1,
            rows_reason: None,
            unavailable: None,
            failed_trial: None,
            step: None,
            published_seconds: None,
        }
    }

    #[test]
    fn a_case_is_named_by_its_id_on_any_server_or_by_its_method() {
        let cases = [
            case("copy-csv", None, Role::Baseline, Some("15.18")),
            case("copy-csv", None, Role::Case, Some("16.10")),
            case("copy-csv", None, Role::Control, Some("15.18")),
            case("insert-multirow", Some(10), Role::Case, Some("15.18")),
            case("insert-multirow", Some(1000), Role::Case, Some("15.18")),
        ];
        for (name, named) in [
            ("copy-csv", &[0usize, 1][..]),
            ("copy-csv on 16.10", &[1]),
            ("copy-csv (control)", &[2]),
            ("insert-multirow", &[3, 4]),
            ("insert-multirow batch=10", &[3]),
            ("insert-multirow batch=100", &[]),
        ] {
            let until = Until {
                percent: 2.0,
                cases: vec![name.to_owned()],
                fewest_rounds: 5,
                most_rounds: 30,
                most_ns: 1,
                spent_ns: 0,
                wider: BTreeMap::new(),
                ended: None,
            };
            let asked: Vec<usize> = (0..5).filter(|index| until.asks_about(&cases[*index], &cases)).collect();
            assert_eq!(asked, named, "{name}");
            assert_eq!(until.unknown(&cases), named.is_empty().then_some(name));
            assert!(
                cases.iter().all(|case| Until { cases: vec![], ..until.clone() }.asks_about(case, &cases))
            );
        }
    }
}
