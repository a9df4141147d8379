//! What the sessions of a sample really had: read back from the server, not taken from what was asked for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::schema::Sample;

/// The settings that decide what a load is worth: what a crash leaves, and what was not checked.
pub const WORTH: [&str; 10] = [
    "event_triggers",
    "fsync",
    "full_page_writes",
    "ignore_checksum_failure",
    "session_replication_role",
    "synchronous_commit",
    "synchronous_standby_names",
    "wal_level",
    "wal_sync_method",
    "zero_damaged_pages",
];

/// What a crash leaves of rows whose load was reported as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Durability {
    /// All of them.
    Durable,
    /// None of them: the table is empty after a crash.
    LostOnCrash,
    /// All but perhaps those of the last moments.
    MayLoseLastCommits,
    /// Whatever it leaves: the whole database may be damaged.
    MayBeDamaged,
}

/// A session made as those of the sample were: as the same role, in the same database, with the same settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionFacts {
    /// [`WORTH`] as it shows them; names that a version does not know are left out.
    pub settings: BTreeMap<String, String>,
    /// Triggers of the table and its partitions that are not enabled as usual, in the end.
    pub disabled_triggers: u64,
    /// What came before the sample.
    pub before: Before,
}

/// Whether a checkpoint came before a sample, so that none has to fall into it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Before {
    /// One came.
    #[default]
    Checkpoint,
    /// The role may not CHECKPOINT.
    NotPermitted,
}

impl Durability {
    /// In words, as tables show it.
    pub fn words(self) -> &'static str {
        match self {
            Durability::Durable => "durable",
            Durability::LostOnCrash => "lost on crash",
            Durability::MayLoseLastCommits => "may lose the last commits",
            Durability::MayBeDamaged => "may damage the database",
        }
    }

    /// What a crash leaves of a load that promises this when its sessions have these settings (PostgreSQL
    /// manual, "Write Ahead Log": fsync, full_page_writes, synchronous_commit). Of the other values of
    /// synchronous_commit each waits for the local flush.
    pub fn under(self, settings: &BTreeMap<String, String>) -> Self {
        let off = |name: &str| settings.iter().any(|(n, v)| n.eq_ignore_ascii_case(name) && is_off(v));
        match self {
            _ if off("fsync") || off("full_page_writes") => Durability::MayBeDamaged,
            Durability::Durable if off("synchronous_commit") => Durability::MayLoseLastCommits,
            own => own,
        }
    }
}

/// Whether a value says no, as PostgreSQL reads one: by any beginning that is no other word's
/// (src/backend/utils/adt/bool.c).
fn is_off(value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    value == "0"
        || !value.is_empty() && ("false".starts_with(&value) || "no".starts_with(&value))
        || value.len() > 1 && "off".starts_with(&value)
}

impl SessionFacts {
    /// What was switched off that keeps data right, in words: each as `name = value`.
    pub fn switched_off(&self) -> Vec<String> {
        let usual = [
            ("event_triggers", "on"),
            ("ignore_checksum_failure", "off"),
            ("session_replication_role", "origin"),
            ("zero_damaged_pages", "off"),
        ];
        let differs = |(name, usual): &(&str, &str)| {
            let value = self.settings.get(*name).filter(|value| value != usual)?;
            Some(format!("{name} = {value}"))
        };
        let mut off: Vec<String> = usual.iter().filter_map(differs).collect();
        match self.disabled_triggers {
            0 => {}
            1 => off.push("1 trigger disabled".into()),
            many => off.push(format!("{many} triggers disabled")),
        }
        off
    }
}

impl Sample {
    /// What a crash leaves of it, given what its method promises: judged by the settings that its sessions
    /// had and by the table that it left. `None` where the record does not say what they had.
    pub fn durability(&self, promised: Durability) -> Option<Durability> {
        let session = self.session.as_ref()?;
        let unlogged = self.end_state.as_ref().is_some_and(|end| end.persistence.contains("unlogged"));
        let kept = if unlogged { Durability::LostOnCrash } else { promised };
        Some(kept.under(&session.settings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn under(promised: Durability, name: &str, value: &str) -> Durability {
        promised.under(&[(name.to_owned(), value.to_owned())].into())
    }

    #[test]
    fn settings_decide_what_a_crash_leaves() {
        use Durability::{Durable, LostOnCrash, MayBeDamaged, MayLoseLastCommits};
        for off in ["off", "OFF", "of", "false", "f", "no", "n", "0"] {
            assert_eq!(under(Durable, "fsync", off), MayBeDamaged, "{off}");
            assert_eq!(under(LostOnCrash, "full_page_writes", off), MayBeDamaged, "{off}");
            assert_eq!(under(Durable, "Synchronous_Commit", off), MayLoseLastCommits, "{off}");
            assert_eq!(under(LostOnCrash, "synchronous_commit", off), LostOnCrash, "{off}");
        }
        for on in ["on", "o", "local", "remote_write", "remote_apply", ""] {
            assert_eq!(under(Durable, "synchronous_commit", on), Durable, "{on}");
        }
        assert_eq!(under(Durable, "jit", "off"), Durable);
    }

    #[test]
    fn what_is_switched_off_is_named() {
        let pairs =
            [("session_replication_role", "replica"), ("zero_damaged_pages", "off"), ("fsync", "off")];
        let settings = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let facts = SessionFacts { settings, disabled_triggers: 2, before: Before::Checkpoint };
        assert_eq!(facts.switched_off(), ["session_replication_role = replica", "2 triggers disabled"]);
    }
}
