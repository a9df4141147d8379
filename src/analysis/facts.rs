//! The facts of fingerprints as people read them, and when two values of one are the same.

use crate::model::{Fact, FactValue, Fingerprint};
use crate::units;

/// The factor below which two numbers are no difference: figures that are measured differ by some from run to run.
const SAME: f64 = 1.1;

/// A value of a field, as it is shown, with the number that it is of where it is one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shown {
    pub words: String,
    pub number: Option<f64>,
    /// The fact that it is of, of a fingerprint.
    pub fact: Option<Fact>,
}

impl Shown {
    /// A word or several, each other one being a difference.
    pub(super) fn exact(words: impl Into<String>) -> Self {
        Self { words: words.into(), number: None, fact: None }
    }

    /// A number, told so.
    pub(super) fn number(number: u64, words: String) -> Self {
        Self { words, number: Some(number as f64), fact: None }
    }

    /// Whether it is the same as another, or almost.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let close = |a: f64, b: f64| a.max(b) < a.min(b) * SAME;
        self.words == other.words || self.number.zip(other.number).is_some_and(|(a, b)| close(a, b))
    }
}

/// The facts of a fingerprint by their names.
pub(super) fn of_fingerprint(fingerprint: &Fingerprint) -> impl Iterator<Item = (&'static str, Shown)> {
    fingerprint.iter().map(|(fact, value)| {
        let words = fact_words(fact, value);
        let shown = match value {
            FactValue::Number(number) => Shown::number(*number, words),
            FactValue::Words(_) => Shown::exact(words),
        };
        (fact.name(), Shown { fact: Some(fact), ..shown })
    })
}

/// Whether a fact is another on one machine from run to run: it was measured, or follows from settings or from the
/// kernel, which are told beside it.
pub(super) fn comes_with_any_run(fact: Fact) -> bool {
    match fact {
        Fact::MemoryBandwidth
        | Fact::ClockCost
        | Fact::Kernel
        | Fact::SharedMemory
        | Fact::Allowed
        | Fact::Flushes
        | Fact::FlushMedian
        | Fact::FlushP99
        | Fact::SequentialWrite
        | Fact::SequentialRead
        | Fact::RandomReads => true,
        Fact::Processor
        | Fact::Sockets
        | Fact::PhysicalCores
        | Fact::Threads
        | Fact::L1
        | Fact::L2
        | Fact::L3
        | Fact::MaxFrequency
        | Fact::Governor
        | Fact::Memory
        | Fact::HugePages
        | Fact::TransparentHugePages
        | Fact::Swap
        | Fact::FreeMemory
        | Fact::CpuLimit
        | Fact::MemoryLimit
        | Fact::Container
        | Fact::SharedMemoryType
        | Fact::DynamicSharedMemoryType
        | Fact::WalBlock
        | Fact::Segment
        | Fact::ClockSource
        | Fact::FileSystem
        | Fact::Device
        | Fact::MountOptions
        | Fact::Barriers
        | Fact::Scheduler
        | Fact::WriteCache => false,
    }
}

/// A fact as people read it, in the unit that its name ends with.
pub(crate) fn fact_words(fact: Fact, value: &FactValue) -> String {
    let number = match value {
        FactValue::Words(words) => return words.clone(),
        FactValue::Number(number) => *number,
    };
    let name = fact.name();
    match () {
        _ if name.ends_with("_bytes_per_second") => format!("{}/s", units::bytes(number)),
        _ if name.ends_with("_per_second") => format!("{}/s", units::count(number)),
        _ if name.ends_with("_bytes") => units::bytes(number),
        _ if name.ends_with("_ns") && number < 1000 => format!("{number} ns"),
        _ if name.ends_with("_ns") => units::seconds(number),
        _ if name.ends_with("_hz") => format!("{:.2} GHz", number as f64 / 1e9),
        _ if name.ends_with("_percent") => format!("{:.2}", number as f64 / 100.0),
        _ => units::count(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_differ_by_less_than_a_tenth_are_the_same() {
        let number = |n: u64| Shown::number(n, n.to_string());
        assert!(number(1000).is_like(&number(1099)) && number(1099).is_like(&number(1000)));
        assert!(!number(1000).is_like(&number(1100)));
        assert!(number(0).is_like(&number(0)) && !number(0).is_like(&number(1)));
        assert!(!Shown::exact("ext4").is_like(&Shown::exact("xfs")));
    }

    #[test]
    fn figures_have_their_units() {
        for (fact, number, words) in [
            (Fact::SequentialWrite, 500 << 20, "500 MiB/s"),
            (Fact::Flushes, 7022, "7 022/s"),
            (Fact::FlushP99, 1_500_000, "1.50 ms"),
            (Fact::CpuLimit, 150, "1.50"),
            (Fact::Memory, 8 << 30, "8.00 GiB"),
        ] {
            assert_eq!(fact_words(fact, &FactValue::Number(number)), words);
        }
    }
}
