//! The costs of a load besides time: the one list of metrics, from which tables, files and medians are made.

use std::collections::BTreeMap;

use super::phase::Phase;
use super::word::words;

words! {
    /// A cost or product of a load that is read around the timed phases of a sample.
    pub enum Metric {
        /// WAL of the whole server.
        Wal = "wal",
        /// The table without its indexes.
        Table = "table",
        /// All its indexes.
        Indexes = "index",
        /// CPU time of the client.
        ClientCpu = "client_cpu",
        /// Memory of the client.
        ClientMemory = "client_peak",
        /// CPU time of the server.
        ServerCpu = "server_cpu",
        /// Checkpoints of the server.
        Checkpoints = "checkpoints",
    }
}

/// The unit of a metric's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Bytes.
    Bytes,
    /// Nanoseconds of one processor.
    Nanoseconds,
    /// Events.
    Count,
}

/// When a number is the better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Better {
    /// The smaller it is.
    Less,
    /// Neither: the load made it, and it is neither good nor bad.
    Neither,
}

/// The statistic that stands for the samples of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aggregate {
    /// By their median.
    Median,
    /// By their sum, as most samples have none.
    Sum,
}

/// The description of a metric.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About {
    /// The unit of its numbers.
    pub unit: Unit,
    /// The phase that it is also read of alone, beside all of them together.
    pub phase: Option<Phase>,
    /// When a number is the better one.
    pub better: Better,
    /// The statistic that stands for several samples.
    pub aggregate: Aggregate,
    /// The heading of its column.
    pub title: &'static str,
    /// A sentence on what that column shows.
    pub help: &'static str,
    /// Its place in tables, from the left.
    pub column: u8,
    /// Whether files of figures have it also where no sample does, as those of the first version had.
    pub in_all_files: bool,
}

impl Metric {
    /// Its description.
    pub(crate) fn about(self) -> About {
        let usual = About {
            unit: Unit::Bytes,
            phase: None,
            better: Better::Less,
            aggregate: Aggregate::Median,
            title: "",
            help: "",
            column: self as u8,
            in_all_files: true,
        };
        match self {
            Metric::Wal => About {
                title: "WAL",
                help: "Write-ahead log written by the whole server during the phases.",
                ..usual
            },
            Metric::Table => About {
                better: Better::Neither,
                title: "table",
                help: "Size of the table without its indexes, in the end.",
                ..usual
            },
            Metric::Indexes => About {
                better: Better::Neither,
                title: "indexes",
                help: "Size of all its indexes, in the end.",
                ..usual
            },
            Metric::ClientCpu => About {
                unit: Unit::Nanoseconds,
                phase: Some(Phase::Load),
                title: "client CPU",
                help: "CPU time of bulkbench itself during the phases.",
                column: 4,
                ..usual
            },
            Metric::ClientMemory => About {
                title: "client memory",
                help: "Peak resident memory of bulkbench.",
                column: 5,
                ..usual
            },
            Metric::ServerCpu => About {
                unit: Unit::Nanoseconds,
                title: "server CPU",
                help: "CPU time of the server's processes during the phases.",
                column: 3,
                ..usual
            },
            Metric::Checkpoints => About {
                unit: Unit::Count,
                aggregate: Aggregate::Sum,
                title: "checkpoints",
                help: "Those of the server that had a part in a sample: they slow it.",
                in_all_files: false,
                ..usual
            },
        }
    }
}

/// A metric over all phases together, or in one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reading {
    /// The metric.
    pub metric: Metric,
    /// The phase; `None` for all of them together.
    pub phase: Option<Phase>,
}

impl Reading {
    /// All possible readings, in the order of the list, each metric's phase behind the whole.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Metric::ALL.into_iter().flat_map(|metric| {
            let whole = Self { metric, phase: None };
            std::iter::once(whole).chain(metric.about().phase.map(|phase| whole.within(phase)))
        })
    }

    /// The same metric in one phase.
    #[must_use]
    pub fn within(self, phase: Phase) -> Self {
        Self { phase: Some(phase), ..self }
    }

    /// Its name in files, with the unit: `wal_bytes`, `client_cpu_ns`; a phase stands before the last word
    /// of the metric's name: `client_load_cpu_ns`.
    pub(crate) fn name(self) -> String {
        let mut words: Vec<&str> = self.metric.name().split('_').collect();
        if let Some(phase) = self.phase {
            words.insert(words.len() - 1, phase.name());
        }
        words.extend(match self.metric.about().unit {
            Unit::Bytes => Some("bytes"),
            Unit::Nanoseconds => Some("ns"),
            Unit::Count => None,
        });
        words.join("_")
    }

    /// The reading of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::all().find(|reading| reading.name() == name)
    }
}

impl From<Metric> for Reading {
    fn from(metric: Metric) -> Self {
        Self { metric, phase: None }
    }
}

/// The readings of a sample, each in its metric's unit. What could not be read is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Readings(BTreeMap<Reading, u64>);

impl Readings {
    /// A reading; `None` where there is none.
    pub fn get(&self, reading: impl Into<Reading>) -> Option<u64> {
        self.0.get(&reading.into()).copied()
    }

    /// Keeps a reading, in place of any of the same; or takes it out, where it is none.
    pub(crate) fn set(&mut self, reading: impl Into<Reading>, value: impl Into<Option<u64>>) {
        let reading = reading.into();
        match value.into() {
            Some(value) => self.0.insert(reading, value),
            None => self.0.remove(&reading),
        };
    }

    /// All of them, in the order of the list.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Reading, u64)> {
        self.0.iter().map(|(reading, value)| (*reading, *value))
    }
}

impl FromIterator<(Reading, u64)> for Readings {
    fn from_iter<I: IntoIterator<Item = (Reading, u64)>>(readings: I) -> Self {
        Self(readings.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Word;

    #[test]
    fn names_have_unit_and_phase_and_are_found_again() {
        let names: Vec<String> = Reading::all().map(Reading::name).collect();
        assert_eq!(
            names,
            [
                "wal_bytes",
                "table_bytes",
                "index_bytes",
                "client_cpu_ns",
                "client_load_cpu_ns",
                "client_peak_bytes",
                "server_cpu_ns",
                "checkpoints"
            ]
        );
        for (name, reading) in names.iter().zip(Reading::all()) {
            assert_eq!(Reading::named(name), Some(reading));
        }
    }

    #[test]
    fn each_metric_has_a_column_of_its_own() {
        let mut columns: Vec<u8> = Metric::ALL.iter().map(|metric| metric.about().column).collect();
        columns.sort_unstable();
        assert_eq!(columns, (0..Metric::WORDS.len() as u8).collect::<Vec<_>>());
        assert!(Metric::ALL.iter().all(|m| !m.about().title.is_empty() && m.about().help.ends_with('.')));
    }

    #[test]
    fn what_was_not_read_is_absent() {
        let mut readings = Readings::default();
        readings.set(Metric::Wal, 0);
        readings.set(Metric::ServerCpu, None);
        assert_eq!((readings.get(Metric::Wal), readings.get(Metric::ServerCpu)), (Some(0), None));
        readings.set(Metric::Wal, None);
        assert_eq!(readings.iter().count(), 0);
    }
}
