//! Emulated disks: what was aimed at, and what the same probes as for any disk found through it.

use super::facts::fact_words;
use crate::disk;
use crate::model::{EmulatedDisk, Fact, FactValue, Fingerprint, Run, Sample, ServerFacts};

/// The share by which a figure may miss its target before a report says so.
pub(crate) const TOLERANCE: f64 = 0.15;

/// Bytes of a flush and of a read at random, as the probes have them (`src/probe/disk.rs`).
const PAGE: u64 = 8192;

/// A server on an emulated disk, and the disk's figures.
#[derive(Debug)]
pub(crate) struct Emulated<'r> {
    /// The server's name, where a run has several.
    pub server: Option<&'r str>,
    /// The disk.
    pub disk: &'r EmulatedDisk,
    /// Its figures that were aimed at.
    pub figures: Vec<Aimed>,
}

impl<'r> Emulated<'r> {
    /// A disk by itself, of which this was measured.
    pub(crate) fn measured(disk: &'r EmulatedDisk, measured: &Fingerprint) -> Self {
        Self { server: None, disk, figures: figures(disk, measured) }
    }
}

/// A figure of an emulated disk that was aimed at.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Aimed {
    /// What it is of a disk.
    pub fact: Fact,
    /// What was aimed at, in the fact's unit.
    pub target: u64,
    /// What was found; `None` where it was not measured.
    pub achieved: Option<u64>,
}

impl Aimed {
    /// The share by which it was missed, above or below; `None` where nothing was measured.
    pub(crate) fn off(&self) -> Option<f64> {
        self.achieved.map(|achieved| achieved as f64 / self.target as f64 - 1.0)
    }

    /// Whether it was missed by more than a report lets pass.
    pub(crate) fn is_missed(&self) -> bool {
        self.off().is_some_and(|off| off.abs() > TOLERANCE)
    }

    /// A value of it in words.
    pub(crate) fn words(&self, value: u64) -> String {
        fact_words(self.fact, &FactValue::Number(value))
    }
}

/// The emulated disks of a run, as they are spelt.
pub(crate) fn spellings(run: &Run) -> Vec<String> {
    emulated(run).iter().map(|one| disk::spelling(one.disk)).collect()
}

/// The servers of a run that lie on emulated disks.
pub(crate) fn emulated(run: &Run) -> Vec<Emulated<'_>> {
    let named = run.servers.iter().map(|(name, server)| (Some(name.as_str()), server));
    let servers: Vec<(Option<&str>, &ServerFacts)> = match run.servers.is_empty() {
        true => vec![(None, &run.server)],
        false => named.collect(),
    };
    let found = servers.into_iter().filter_map(|(server, facts)| {
        let disk = facts.disk.as_ref()?;
        // That of the first server's data is measured with the machine.
        let has_own = facts.fingerprint.get(Fact::FlushMedian).is_some();
        let measured = if has_own { &facts.fingerprint } else { &run.provenance.machine.fingerprint };
        Some(Emulated { server, disk, figures: figures(disk, measured) })
    });
    found.collect()
}

/// The names of a run on emulated disks and of one on real ones, where there are both among these.
pub(crate) fn mixed(runs: &[(String, Run, Vec<Sample>)]) -> Option<(&str, &str)> {
    let first = |is_emulated: bool| {
        let found = runs.iter().find(|(_, run, _)| emulated(run).is_empty() != is_emulated);
        found.map(|(name, ..)| name.as_str())
    };
    first(true).zip(first(false))
}

/// The figures of a disk, beside those that a fingerprint has of it.
fn figures(disk: &EmulatedDisk, measured: &Fingerprint) -> Vec<Aimed> {
    let page = |rate| EmulatedDisk::transfer_ns(PAGE, rate);
    let flush = (disk.flush_ns > 0).then(|| disk.flush_ns + page(disk.write_bytes_per_second));
    let read = disk.elsewhere_ns(page(disk.read_bytes_per_second));
    let aimed = [
        (Fact::FlushMedian, flush),
        (Fact::SequentialWrite, disk.write_bytes_per_second),
        (Fact::SequentialRead, disk.read_bytes_per_second),
        (Fact::RandomReads, 1_000_000_000_u64.checked_div(read)),
    ];
    let achieved = |fact| match measured.get(fact) {
        Some(FactValue::Number(number)) => Some(*number),
        Some(FactValue::Words(_)) | None => None,
    };
    let aimed = aimed.into_iter().filter_map(|(fact, target)| Some((fact, target.filter(|t| *t > 0)?)));
    aimed.map(|(fact, target)| Aimed { fact, target, achieved: achieved(fact) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_stands_beside_what_was_aimed_at() {
        let disk = EmulatedDisk {
            write_bytes_per_second: Some(100_000_000),
            operations_per_second: Some(100),
            flush_ns: 11_000_000,
            ..EmulatedDisk::default()
        };
        let mut measured = Fingerprint::default();
        measured.number(Fact::FlushMedian, Some(11_600_000));
        measured.number(Fact::SequentialWrite, Some(80_000_000));
        let figures = figures(&disk, &measured);
        let targets: Vec<(Fact, u64)> = figures.iter().map(|figure| (figure.fact, figure.target)).collect();
        // A page takes 81.92 µs at that rate; without a rate of reads there is none to aim at.
        let expected =
            [(Fact::FlushMedian, 11_081_920), (Fact::SequentialWrite, 100_000_000), (Fact::RandomReads, 100)];
        assert_eq!(targets, expected);
        let missed: Vec<bool> = figures.iter().map(Aimed::is_missed).collect();
        assert_eq!(missed, [false, true, false]);
        assert!((figures[1].off().unwrap() + 0.2).abs() < 1e-9 && figures[2].off().is_none());
    }

    #[test]
    fn a_disk_without_delay_aims_at_nothing() {
        assert_eq!(figures(&EmulatedDisk::default(), &Fingerprint::default()), []);
    }
}
