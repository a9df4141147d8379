//! Reasons why figures are worth less than they look: work that was left out, and checkpoints among the
//! samples.

use std::collections::BTreeMap;

use crate::analysis::Standings;
use crate::model::{Before, Metric, Run, Sample};
use crate::units;

/// Warnings of what the samples' sessions had, and of checkpoints in the samples or likely there.
pub(crate) fn warnings(run: &Run, samples: &[Sample], standings: &Standings) -> Vec<String> {
    let mut found = Vec::new();
    found.extend(by_case(standings, |s| {
        (s.durability != s.case.durability).then(|| {
            format!(
                "where the method says {}, the settings that the sessions really had mean that a crash {}",
                s.case.durability.words(),
                match s.durability {
                    crate::model::Durability::Durable => "leaves every row".into(),
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
        let (with, all) = (s.readings.with_checkpoint, s.n());
        (with > 0).then(|| format!("a checkpoint fell into {with} of {all} samples, which slows them"))
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

/// A setting that has a checkpoint begin in a sample that comes so far.
struct Limit {
    setting: &'static str,
    /// The amount at which one begins, by the setting's value and that of checkpoint_completion_target.
    begins: fn(&str, f64) -> Option<f64>,
    /// The amount that a sample reached.
    reached: fn(&Sample) -> Option<u64>,
    /// An amount in words.
    words: fn(u64) -> String,
}

const LIMITS: [Limit; 2] = [
    Limit {
        setting: "max_wal_size",
        // When that much has been written since the last one began (src/backend/access/transam/xlog.c,
        // CalculateCheckpointSegments).
        begins: |value, target| Some(bytes(value)? as f64 / (1.0 + target)),
        reached: |sample| sample.readings.get(Metric::Wal),
        words: |wal| format!("wrote {} of WAL", units::bytes(wal)),
    },
    Limit {
        setting: "checkpoint_timeout",
        begins: |value, _| Some(seconds(value)? as f64 * 1e9),
        reached: |sample| sample.total_ns,
        words: |total| format!("took {}", units::seconds(total)),
    },
];

/// Settings that bring checkpoints into the samples, whichever server or case they are of.
fn likely(run: &Run, samples: &[Sample]) -> Vec<String> {
    LIMITS.iter().flat_map(|limit| likely_by(limit, run, samples)).collect()
}

fn likely_by(limit: &Limit, run: &Run, samples: &[Sample]) -> Vec<String> {
    // By the setting's value: the furthest that a sample came, and the cases.
    let mut found = BTreeMap::<&str, (u64, Vec<&str>)>::new();
    for case in &run.plan.cases {
        let server = case.key.server.as_ref().and_then(|name| run.servers.get(name)).unwrap_or(&run.server);
        let setting = |name: &str| {
            let own =
                case.key.axes.settings.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, v)| v);
            own.or_else(|| server.settings.get(name)).map(String::as_str)
        };
        let target =
            setting("checkpoint_completion_target").and_then(|v| v.parse::<f64>().ok()).unwrap_or(0.9);
        // Records from before checkpoints were counted keep their words.
        let counted =
            samples.iter().filter(|s| s.case == case.id && s.readings.get(Metric::Checkpoints).is_some());
        if let (Some(value), Some(most)) = (setting(limit.setting), counted.filter_map(limit.reached).max())
            && (limit.begins)(value, target).is_some_and(|begins| most as f64 >= begins)
        {
            let (furthest, cases) = found.entry(value).or_default();
            *furthest = most.max(*furthest);
            cases.push(&case.id);
        }
    }
    let words = |(value, (furthest, cases)): (&str, (u64, Vec<&str>))| {
        format!(
            "{} = {value}, and a sample {}: checkpoints begin in the middle of samples; raise it, so that none \
             does: {}",
            limit.setting,
            (limit.words)(furthest),
            cases.join(", ")
        )
    };
    found.into_iter().map(words).collect()
}

/// A size as a setting or SHOW has it, in bytes; without a unit in megabytes.
fn bytes(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let factor = match unit {
        "B" => 1,
        "kB" => 1 << 10,
        "MB" | "" => 1 << 20,
        "GB" => 1 << 30,
        "TB" => 1 << 40,
        _ => return None,
    };
    number.checked_mul(factor)
}

/// A time as a setting or SHOW has it, in whole seconds; without a unit in seconds.
fn seconds(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let factor = match unit {
        "s" | "" => 1,
        "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    number.checked_mul(factor)
}

fn split(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    Some((number.parse().ok()?, unit.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_with_their_units() {
        assert_eq!(bytes("1GB"), Some(1 << 30));
        assert_eq!(bytes("64MB"), Some(64 << 20));
        assert_eq!((seconds("5min"), seconds("1d"), seconds("30s")), (Some(300), Some(86_400), Some(30)));
        assert_eq!((bytes("64 MB"), bytes("64"), seconds("5")), (Some(64 << 20), Some(64 << 20), Some(5)));
        assert_eq!((bytes("many"), seconds("")), (None, None));
    }
}
