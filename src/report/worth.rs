//! What makes figures worth less than they look: work that was left out, and checkpoints among the samples.

use std::collections::BTreeMap;

use crate::analysis::Standings;
use crate::record::{Before, Run, Sample};
use crate::units;

/// Warnings of what the samples' sessions had, and of checkpoints in the samples or likely there.
pub fn warnings(run: &Run, samples: &[Sample], standings: &Standings) -> Vec<String> {
    let mut found = Vec::new();
    found.extend(by_case(standings, |s| {
        (s.durability != s.case.durability).then(|| {
            format!(
                "where the method says {}, the settings that the sessions really had mean that a crash {}",
                s.case.durability.words(),
                match s.durability {
                    crate::record::Durability::Durable => "leaves every row".into(),
                    other => format!("leaves less: {}", other.words()),
                }
            )
        })
    }));
    found.extend(by_case(standings, |s| {
        let off = s.switched_off();
        (!off.is_empty()).then(|| {
            format!("the sessions ran with {}: work was left out that keeps data right", off.join(", "))
        })
    }));
    found.extend(by_case(standings, |s| {
        (s.cost.with_checkpoint > 0).then(|| "a checkpoint fell into samples, which slows them".into())
    }));
    let not_permitted = |s: &Sample| s.session.as_ref().is_some_and(|s| s.before == Before::NotPermitted);
    if samples.iter().any(not_permitted) {
        found.push(
            "the role may not CHECKPOINT, so one may fall into a sample; \
             grant it pg_checkpoint (15 and later) to rule that out"
                .into(),
        );
    }
    found.extend(likely(run, samples));
    found
}

/// The words for each kind of case, with the cases that they hold for.
fn by_case(
    standings: &Standings,
    words: impl Fn(&crate::analysis::Summary<'_>) -> Option<String>,
) -> Vec<String> {
    let mut cases: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for standing in &standings.cases {
        if let Some(words) = words(&standing.summary) {
            cases.entry(words).or_default().push(&standing.summary.case.id);
        }
    }
    cases.into_iter().map(|(words, ids)| format!("{words}: {}", ids.join(", "))).collect()
}

/// Settings that bring checkpoints into the samples, whichever server they are of.
fn likely(run: &Run, samples: &[Sample]) -> Vec<String> {
    let mut found = Vec::new();
    // Records from before checkpoints were counted keep their words.
    let counted = || samples.iter().filter(|s| s.cost.checkpoints.is_some());
    let servers = std::iter::once((None, &run.server)).chain(run.servers.iter().map(|(n, s)| (Some(n), s)));
    for (name, server) in servers {
        let name = name.map(|n| format!(" of {n}")).unwrap_or_default();
        let setting = |name: &str| server.settings.get(name).map(String::as_str);
        // A checkpoint begins when that much has been written since the last one began
        // (src/backend/access/transam/xlog.c, CalculateCheckpointSegments).
        let target =
            setting("checkpoint_completion_target").and_then(|v| v.parse::<f64>().ok()).unwrap_or(0.9);
        let wal = counted().filter_map(|s| s.cost.wal_bytes).max();
        if let (Some(text), Some(wal)) = (setting("max_wal_size"), wal)
            && let Some(most) = bytes(text)
            && wal as f64 >= most as f64 / (1.0 + target)
        {
            found.push(format!(
                "max_wal_size{name} = {text}, and a sample wrote {} of WAL: checkpoints begin in the middle of \
                 samples; raise it, so that none does",
                units::bytes(wal)
            ));
        }
        let longest = counted().filter_map(|s| s.total_ns).max();
        if let (Some(text), Some(longest)) = (setting("checkpoint_timeout"), longest)
            && let Some(most) = seconds(text)
            && longest / 1_000_000_000 >= most
        {
            found.push(format!(
                "checkpoint_timeout{name} = {text}, and a sample took {}: checkpoints begin in the middle of \
                 samples; raise it, so that none does",
                units::seconds(longest)
            ));
        }
    }
    found
}

/// A size as SHOW has it, in bytes.
fn bytes(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let factor = match unit {
        "B" => 1,
        "kB" => 1 << 10,
        "MB" => 1 << 20,
        "GB" => 1 << 30,
        "TB" => 1 << 40,
        _ => return None,
    };
    number.checked_mul(factor)
}

/// A time as SHOW has it, in whole seconds.
fn seconds(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let factor = match unit {
        "s" => 1,
        "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    number.checked_mul(factor)
}

fn split(text: &str) -> Option<(u64, &str)> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    Some((number.parse().ok()?, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_with_their_units() {
        assert_eq!(bytes("1GB"), Some(1 << 30));
        assert_eq!(bytes("64MB"), Some(64 << 20));
        assert_eq!((seconds("5min"), seconds("1d"), seconds("30s")), (Some(300), Some(86_400), Some(30)));
        assert_eq!((bytes("many"), seconds("5")), (None, None));
    }
}
