//! The ledger: each claim, and what became of it in each record.

use std::collections::BTreeMap;

use super::result::{Content, Measured, Record, TestResult};
use super::rule::ClaimVerdict;
use super::tried;
use crate::claim::{Claim, Source, Test, Tested};
use crate::disk;
use crate::model::{Fact, FactValue, Limits, Machine, Provenance, ServerFacts, Source as ServerSource};
use crate::stats::MIN_SAMPLES;

/// Each claim, and what became of it in each record.
pub struct Ledger<'l> {
    /// The claims' tests, in the order of the sources.
    pub entries: Vec<Entry<'l>>,
}

/// A claim's test and its results; of a claim that nothing can test, the claim alone.
#[derive(Clone)]
pub struct Entry<'l> {
    /// The source.
    pub source: &'l Source,
    /// The claim.
    pub claim: &'l Claim,
    /// The test.
    pub test: Option<&'l Test>,
    /// Its results, in the order of the records.
    pub results: Vec<TestResult>,
}

/// Holds the claims of these sources against these records.
pub fn ledger<'l>(sources: &'l [Source], records: &[Record]) -> Ledger<'l> {
    let measured: Vec<Option<Measured>> = records.iter().map(Record::measured).collect();
    let mut entries = Vec::new();
    for source in sources {
        for claim in &source.claims {
            let entry = |test: Option<&'l Test>| {
                let results = test.into_iter().flat_map(|test| {
                    records
                        .iter()
                        .zip(&measured)
                        .flat_map(move |(record, run)| record.results(claim, test, run.as_ref()))
                });
                Entry { source, claim, test, results: results.collect() }
            };
            match claim.tests.is_empty() {
                true => entries.push(entry(None)),
                false => entries.extend(claim.tests.iter().map(|test| entry(Some(test)))),
            }
        }
    }
    Ledger { entries }
}

impl Record {
    fn results(&self, claim: &Claim, test: &Test, measured: Option<&Measured>) -> Vec<TestResult> {
        let (results, provenance, server, experiment) = match (&self.content, measured) {
            (Content::Run(run, _), Some(measured)) => {
                (tried::by_run(test, measured), &run.provenance, &run.server, &run.plan.experiment)
            }
            (Content::Findings(findings), _) => {
                let found = tried::by_findings(test, findings);
                (found.into_iter().collect(), &findings.provenance, &findings.server, &findings.experiment)
            }
            (Content::Run(..), None) => return Vec::new(),
        };
        let placed = |result: TestResult| TestResult {
            record: self.name.clone(),
            experiment: experiment.clone(),
            place: place(provenance, result.server.as_ref().unwrap_or(server)),
            repeat: repeat(&provenance.command, experiment, claim, test),
            ..result
        };
        results.into_iter().map(placed).collect()
    }
}

/// Machine, version, disk and limits, in words.
fn place(provenance: &Provenance, server: &ServerFacts) -> String {
    let Provenance { tool, machine, label, asked, .. } = provenance;
    let is_of_user = server.source == ServerSource::External;
    let machine_words = match label.as_str() {
        // Of where a server of the user's is, only its client's machine is known.
        "" if is_of_user => format!("client on {}, {} cores", machine.cpu, machine.cores),
        "" => format!("{}, {} cores", machine.cpu, machine.cores),
        label => label.to_owned(),
    };
    // "PostgreSQL 15.18 (Debian ...) on x86_64 ..."
    let version = &*server.version;
    let version = version.split(" on ").next().unwrap_or(version).split(" (").next().unwrap_or(version);
    let mut words = vec![machine_words, version.to_owned()];
    words.extend(match server.source {
        ServerSource::Local => None,
        ServerSource::Container => Some("in a container".to_owned()),
        ServerSource::External => Some("a server of the user's".to_owned()),
    });
    words.extend(disk_words(machine, server));
    words.extend((!server.limits.is_empty()).then(|| server.limits.words()));
    // What the user gave the whole run, which holds for the claim's cases, too.
    if let Some(asked) = asked {
        let client = Limits { cpus: asked.client_cpus, memory_bytes: None };
        words.extend((!client.is_empty()).then(|| format!("client on {}", client.words())));
        words.extend(asked.dataset.iter().map(|name| format!("dataset {name}")));
        words.extend(asked.settings.iter().map(|(name, value)| format!("{name}={value}")));
    }
    words.extend((tool.profile == "debug").then(|| "debug build".to_owned()));
    words.join(", ")
}

fn disk_words(machine: &Machine, server: &ServerFacts) -> Option<String> {
    if let Some(emulated) = &server.disk {
        return Some(format!("emulated disk {}", disk::spelling(emulated)));
    }
    match (server.fingerprint.get(Fact::FileSystem), server.source) {
        (Some(FactValue::Words(kind)), _) => Some(kind.clone()),
        (_, ServerSource::External) => None,
        _ => machine.disk.as_ref().map(|disk| disk.filesystem.clone()),
    }
}

/// Flags of a run's command that choose what it does, each with a value: the claim does.
const CHOOSING: [&str; 4] = ["--methods", "--until-cases", "--caveat", "--claim"];

/// The command that tries a claim's test as this run of an experiment did, in rounds enough for a verdict. Only of a test
/// of crashes does it crash, which takes no more rounds than the run had.
fn repeat(command: &str, run: &str, claim: &Claim, test: &Test) -> String {
    let words = shlex::split(command).unwrap_or_default();
    let experiment = if test.is_in(run) { run } else { test.experiment.as_str() };
    let mut kept = ["bulkbench", "run", experiment, "--claim", claim.id.as_str()].map(String::from).to_vec();
    let crashes = matches!(test.tested, Tested::Crash { .. });
    let mut rest = words.into_iter().skip(3).peekable();
    while let Some(word) = rest.next() {
        let is_few = |value: &String| value.parse().is_ok_and(|n: usize| n < MIN_SAMPLES);
        let is_left_out = match word.as_str() {
            "--rounds" => !crashes && rest.peek().is_some_and(is_few),
            "--crash-rows" => !crashes,
            flag => CHOOSING.contains(&flag),
        };
        if is_left_out {
            rest.next();
        } else if crashes || !word.starts_with("--crash") {
            kept.push(word);
        }
    }
    shlex::try_join(kept.iter().map(String::as_str)).unwrap_or_else(|_| kept.join(" "))
}

impl Entry<'_> {
    /// Whether any record decides it.
    fn is_decided(&self) -> bool {
        self.results.iter().any(|result| result.verdict.is_decided())
    }

    /// Its results that tables show: the verdicts, and what other places leave open in rounds enough for one; or,
    /// where no record decides, that of the most samples.
    pub fn shown(&self) -> Vec<&TestResult> {
        if !self.is_decided() {
            return self.results.iter().max_by_key(|result| result.samples).into_iter().collect();
        }
        let is_enough = |result: &TestResult| result.measured.is_some_and(|ratio| ratio.interval.is_some());
        let is_decided_there = |result: &TestResult| {
            self.results.iter().any(|other| other.verdict.is_decided() && other.place == result.place)
        };
        let is_shown = |result: &&TestResult| {
            result.verdict.is_decided() || is_enough(result) && !is_decided_there(result)
        };
        self.results.iter().filter(is_shown).collect()
    }
}

/// How many claims there are, and what became of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// All claims.
    pub claims: usize,
    /// Those of which every verdict is this one, by its words.
    pub alike: BTreeMap<&'static str, usize>,
    /// Those of them that have a test without any verdict.
    pub in_part: usize,
    /// Those with more than one verdict, by test or by place.
    pub mixed: usize,
    /// Those that nothing tests here.
    pub untestable: usize,
    /// Those without any verdict yet.
    pub open: usize,
}

impl Ledger<'_> {
    /// The part of it that is of one source.
    #[must_use]
    pub fn of_source(&self, id: &str) -> Self {
        let entries = self.entries.iter().filter(|entry| entry.source.id == id);
        Self { entries: entries.cloned().collect() }
    }

    /// How many claims there are, and what became of them.
    pub fn tally(&self) -> Tally {
        let mut tally =
            Tally { claims: 0, alike: BTreeMap::new(), in_part: 0, mixed: 0, untestable: 0, open: 0 };
        for entries in self.entries.chunk_by(|a, b| a.claim.id == b.claim.id) {
            tally.claims += 1;
            let results = || entries.iter().flat_map(|entry| &entry.results);
            let mut decided =
                results().filter(|result| result.verdict.is_decided()).map(|r| r.verdict.words());
            let first = decided.next();
            let is_untestable = |result: &TestResult| matches!(result.verdict, ClaimVerdict::NotTestable(_));
            match first {
                Some(words) if decided.all(|other| other == words) => {
                    *tally.alike.entry(words).or_default() += 1;
                    tally.in_part += usize::from(!entries.iter().all(Entry::is_decided));
                }
                Some(_) => tally.mixed += 1,
                None if entries[0].test.is_none() || results().any(is_untestable) => tally.untestable += 1,
                None => tally.open += 1,
            }
        }
        tally
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim;

    #[test]
    fn a_crash_is_repeated_as_it_was_and_no_other_test_crashes() {
        let repeated = |id: &str, experiment: &str| {
            let (_, claim) = claim::find(claim::sources(), id).unwrap();
            let command =
                format!("bulkbench run {experiment} --rows 10 --rounds 1 --crash --crash-rows 9 --seed 1");
            repeat(&command, experiment, claim, &claim.tests[0])
        };
        assert_eq!(
            repeated("A7", "durability"),
            "bulkbench run durability --claim A7 --rows 10 --rounds 1 --crash --crash-rows 9 --seed 1"
        );
        assert_eq!(repeated("A4", "votes"), "bulkbench run votes --claim A4 --rows 10 --seed 1");
    }
}
