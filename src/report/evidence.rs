//! The evidence that a run could not gather, and the rights that would have given more.

use crate::model::{Metric, Outcome, Run, Sample, ServerFacts, Source};

/// The version from which on a server counts blocks by the process that moves them, and no longer as before.
const BLOCKS_BY_PROCESS: u32 = 160_000;

/// Metrics that tell a part of another's. A record that has the other alone is from before they were read, and where
/// the other is not read, it stands for them.
const PARTS: [Metric; 11] = [
    Metric::BgwriterCpu,
    Metric::WalwriterCpu,
    Metric::CheckpointerCpu,
    Metric::ClientBackendHits,
    Metric::WorkerHits,
    Metric::ClientBackendReads,
    Metric::WorkerReads,
    Metric::ClientBackendExtends,
    Metric::WorkerExtends,
    Metric::WorkerWrites,
    Metric::CheckpointerSyncs,
];

/// What is missing, a sentence each; nothing of records from before servers were asked what they let be seen.
pub(crate) fn missing(run: &Run, samples: &[Sample]) -> Vec<String> {
    let servers = run.servers_in_order();
    if servers.iter().all(|server| server.fingerprint.is_empty()) {
        return Vec::new();
    }
    let mut rights: Vec<String> = Vec::new();
    for (ability, why) in servers.iter().flat_map(|server| server.absent.iter()) {
        let right = ability.right().map(|right| {
            let without = ability.without();
            format!("{}: {without}, since {why}. To have it: {right}", ability.name())
        });
        rights.extend(right.filter(|line| !rights.contains(line)));
    }
    let rights = (!rights.is_empty()).then(|| {
        format!("The role may not see all that there is to see on the server. {}.", rights.join(". "))
    });
    rights.into_iter().chain(unread(&servers, samples)).collect()
}

/// The metrics that no finished sample has, each for the reason that the list of metrics gives.
fn unread(servers: &[&ServerFacts], samples: &[Sample]) -> Option<String> {
    let finished = || samples.iter().filter(|sample| sample.outcome == Outcome::Ok);
    finished().next()?;
    let has = |metric: Metric| finished().any(|sample| sample.readings.get(metric).is_some());
    // A kind of wait that is new is among the others in an older record.
    let is_counted_otherwise =
        |metric: Metric| PARTS.contains(&metric) || Metric::WAITS.contains(&metric) && has(Metric::AtWork);
    let lacking =
        |metric: &Metric| is_asked(*metric, servers) && !has(*metric) && !is_counted_otherwise(*metric);
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for about in Metric::ALL.into_iter().filter(lacking).map(Metric::about) {
        match groups.iter_mut().find(|(why, _)| *why == about.absent) {
            Some((_, titles)) => titles.push(about.title),
            None => groups.push((about.absent, vec![about.title])),
        }
    }
    let group = |(why, titles): &(&str, Vec<&str>)| format!("{} ({})", titles.join(", "), uncapped(why));
    let words: Vec<String> = groups.iter().map(group).collect();
    (!words.is_empty())
        .then(|| format!("No sample has these figures, as they could not be read: {}.", words.join("; ")))
}

/// Whether any of these servers is of a kind that has such a figure.
fn is_asked(metric: Metric, servers: &[&ServerFacts]) -> bool {
    match metric {
        Metric::ContainerMemory | Metric::ContainerWrites => {
            servers.iter().any(|server| server.source == Source::Container)
        }
        Metric::BlocksReadOrExtended | Metric::BackendWritesOrExtended | Metric::QueueSyncs => {
            servers.iter().any(|server| server.version_num < BLOCKS_BY_PROCESS)
        }
        _ => true,
    }
}

/// A sentence as it stands within another.
fn uncapped(sentence: &str) -> String {
    let sentence = sentence.trim_end_matches('.');
    let mut letters = sentence.chars();
    let first = letters.next().into_iter().flat_map(char::to_lowercase);
    first.chain(letters).collect()
}
