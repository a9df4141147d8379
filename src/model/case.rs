//! A case: a method with its parameters filled in, and the part it plays in a run.

use std::collections::BTreeMap;
use std::fmt;

use super::axis::Axis;
use super::durability::Durability;
use super::limits::{Limits, size_words};
use super::param::Params;
use super::word::words;

words! {
    /// The part a case plays in a run.
    pub enum Role {
        /// The case that all others are compared with.
        Baseline = "baseline",
        /// The baseline a second time: the distance between the two is the run's noise.
        Control = "control",
        /// Any other.
        Case = "case",
    }
}

words! {
    /// The effect of a case on the table: cases are compared only where it is the same.
    #[derive(Default)]
    pub enum Work {
        /// Fills an empty table.
        #[default]
        Load = "load",
        /// Adds rows to a table that holds others.
        Append = "append",
        /// Adds rows of which a part is there already.
        Merge = "merge",
        /// Gives rows that are there new values.
        Update = "update",
        /// Reads the rows out.
        Export = "export",
    }
}

impl Work {
    /// The work with its article, as sentences have it.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Work::Load => "a load of an empty table",
            Work::Append => "an append to rows that are there",
            Work::Merge => "a load of rows that are partly there",
            Work::Update => "an update of rows that are there",
            Work::Export => "an export",
        }
    }
}

/// An external program that a case loads by: its start-up is part of the load phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramFacts {
    /// Its command line as the definition has it, before anything is filled in.
    pub command: String,
    /// The first line that it says of its version; `None` where it is not there.
    pub version: Option<String>,
    /// SHA-256 of its definition and of the files that this names, in hexadecimal.
    pub definition: Option<String>,
}

/// The identity of a case: two with equal keys are the same case, in whichever run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CaseKey {
    /// The method's id.
    pub method: String,
    /// Its parameters where they differ from the method's defaults.
    pub params: Params,
    /// Its values on the other axes of an experiment.
    pub axes: Axes,
    /// Which server it loads into where there are several: the name of one of [`super::Run::servers`].
    pub server: Option<String>,
}

/// The values of a case on the axes besides the method and its parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Axes {
    /// The dataset's first rows, so many, in place of all.
    pub rows: Option<u64>,
    /// Which rows it loads where they are not the run's: the name of one of [`super::Run::datasets`].
    pub dataset: Option<String>,
    /// The collation of the table's text columns, where it is not the database's.
    pub collation: Option<String>,
    /// Milliseconds that a proxy adds to each round trip; `None` without a proxy in between.
    pub latency_ms: Option<u64>,
    /// What the server may use, where this case says so.
    pub limits: Limits,
    /// Server settings of this case alone.
    pub settings: BTreeMap<String, String>,
}

impl Axes {
    /// The limits of the case's server, where it says so, by their axes.
    pub(crate) fn limit_words(&self) -> impl Iterator<Item = (Axis, String)> {
        let cpus = self.limits.cpus.map(|cpus| (Axis::Cpus, cpus.to_string()));
        let memory = self.limits.memory_bytes.map(|bytes| (Axis::Memory, size_words(bytes)));
        cpus.into_iter().chain(memory)
    }
}

impl CaseKey {
    /// A method with its defaults.
    pub fn new(method: &str) -> Self {
        Self { method: method.into(), ..Self::default() }
    }

    /// The key with nothing said of `axis`: cases for which this is the same differ in that alone.
    #[must_use]
    pub(crate) fn without(&self, axis: &Axis) -> Self {
        let mut key = self.clone();
        match axis {
            Axis::Method => key.method.clear(),
            Axis::Rows => key.axes.rows = None,
            Axis::Dataset => key.axes.dataset = None,
            Axis::Collation => key.axes.collation = None,
            Axis::Latency => key.axes.latency_ms = None,
            Axis::Cpus => key.axes.limits.cpus = None,
            Axis::Memory => key.axes.limits.memory_bytes = None,
            // A disk is that of its server.
            Axis::Server | Axis::Flush => key.server = None,
            Axis::Param(name) => drop(key.params.remove(name)),
            Axis::Setting(name) => drop(key.axes.settings.remove(name)),
        }
        key
    }

    /// The axis of this name: a parameter or a setting where one of the cases has it.
    pub fn axis<'k>(name: &str, cases: impl IntoIterator<Item = &'k CaseKey>) -> Option<Axis> {
        if let Some(fixed) = Axis::fixed(name) {
            return Some(fixed);
        }
        cases.into_iter().find_map(|key| {
            let param = key.params.contains_key(name).then(|| Axis::Param(name.into()));
            param.or_else(|| key.axes.settings.contains_key(name).then(|| Axis::Setting(name.into())))
        })
    }

    /// The part of the key that the others share.
    #[must_use]
    pub(crate) fn common<'k>(&self, others: impl IntoIterator<Item = &'k CaseKey>) -> Self {
        fn keep<T: PartialEq>(mine: &mut Option<T>, theirs: Option<&T>) {
            if mine.as_ref() != theirs {
                *mine = None;
            }
        }
        let mut key = self.clone();
        for other in others {
            if key.method != other.method {
                key.method.clear();
            }
            key.params.retain(|name, value| other.params.get(name) == Some(value));
            key.axes.settings.retain(|name, value| other.axes.settings.get(name) == Some(value));
            keep(&mut key.axes.rows, other.axes.rows.as_ref());
            keep(&mut key.axes.dataset, other.axes.dataset.as_ref());
            keep(&mut key.axes.collation, other.axes.collation.as_ref());
            keep(&mut key.axes.latency_ms, other.axes.latency_ms.as_ref());
            keep(&mut key.axes.limits.cpus, other.axes.limits.cpus.as_ref());
            keep(&mut key.axes.limits.memory_bytes, other.axes.limits.memory_bytes.as_ref());
            keep(&mut key.server, other.server.as_ref());
        }
        key
    }

    /// The id of a case with this key: the method and what differs from its defaults, `(control)` for the
    /// control, and the server where there are several.
    pub(crate) fn id(&self, role: Role) -> String {
        let mut id = self.method.clone();
        let mut add = |name: &str, value: &dyn fmt::Display| id.push_str(&format!(" {name}={value}"));
        let axes = &self.axes;
        self.params.iter().for_each(|(name, value)| add(name, value));
        axes.rows.iter().for_each(|value| add(Axis::Rows.name(), value));
        axes.dataset.iter().for_each(|value| add(Axis::Dataset.name(), value));
        axes.collation.iter().for_each(|value| add(Axis::Collation.name(), value));
        axes.latency_ms.iter().for_each(|value| add(Axis::Latency.name(), value));
        axes.limit_words().for_each(|(axis, value)| add(axis.name(), &value));
        axes.settings.iter().for_each(|(name, value)| add(name, value));
        if role == Role::Control {
            id.push_str(" (control)");
        }
        self.server.iter().for_each(|server| id.push_str(&format!(" on {server}")));
        id
    }
}

/// As [`CaseKey::id`] of an ordinary case.
impl fmt::Display for CaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id(Role::Case))
    }
}

/// A case as it was planned.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Unique in its run, as [`CaseKey::id`] has it, e.g. `insert-multirow batch=1000`.
    pub id: String,
    /// Its identity.
    pub key: CaseKey,
    /// The method's family, e.g. `copy`.
    pub family: String,
    /// A line on what the method does.
    pub summary: String,
    /// The external program that does it, where one does.
    pub program: Option<ProgramFacts>,
    /// Its effect on the table.
    pub work: Work,
    /// The part it plays.
    pub role: Role,
    /// Its durability as planned, before sessions are read back.
    pub durability: Durability,
    /// The parameters with their values, defaults filled in.
    pub params: Params,
    /// The id of the case that it is held against where that is not the run's baseline: the one
    /// that differs from it in nothing but what the experiment compares.
    pub against: Option<String>,
    /// The change to that case, in words, where the experiment goes step by step.
    pub step: Option<String>,
    /// Rows this case loads: the dataset's, or fewer where the case or the budget asked for it.
    pub rows: u64,
    /// Why it loads fewer rows, in words.
    pub rows_reason: Option<String>,
    /// Why it cannot run here, in words; such a case has no place in the order.
    pub unavailable: Option<String>,
    /// The error of the trial load that was to find out how many rows it loads; likewise.
    pub failed_trial: Option<String>,
    /// Seconds published for it by the plan's source.
    pub published_seconds: Option<f64>,
}

impl Case {
    /// The version that the external program reports, where one does the load and is here.
    pub fn program_version(&self) -> Option<&str> {
        self.program.as_ref()?.version.as_deref()
    }

    /// Whether it has samples.
    pub fn runs(&self) -> bool {
        self.unavailable.is_none() && self.failed_trial.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ParamValue;

    fn key() -> CaseKey {
        let mut key = CaseKey::new("copy-text");
        key.params.insert("batch".into(), ParamValue::Int(10));
        key.axes.rows = Some(1000);
        key.axes.collation = Some("C".into());
        key.axes.limits = Limits { cpus: Some(2), memory_bytes: Some(512 << 20) };
        key.axes.settings.insert("work_mem".into(), "64 MB".into());
        key.server = Some("15.18".into());
        key
    }

    #[test]
    fn an_id_says_what_differs_from_the_defaults() {
        let id = "copy-text batch=10 rows=1000 collation=C cpus=2 memory=512MB work_mem=64 MB";
        assert_eq!(key().to_string(), format!("{id} on 15.18"));
        assert_eq!(key().id(Role::Control), format!("{id} (control) on 15.18"));
    }

    #[test]
    fn keys_that_differ_in_an_axis_alone_are_equal_without_it() {
        for name in ["method", "rows", "collation", "cpus", "memory", "server", "batch", "work_mem"] {
            let axis = CaseKey::axis(name, [&key()]).unwrap();
            assert_ne!(key().without(&axis), key(), "{name}");
            let other = key().without(&axis);
            assert_eq!(key().common([&other]), other, "{name}");
        }
        assert_eq!(CaseKey::axis("jobs", [&key()]), None);
    }
}
