//! The sessions of a sample as the server had them: read back, not taken from what was asked for.

use std::collections::BTreeMap;

use super::word::words;

/// The settings that decide what a load is worth: what a crash leaves, and what was not checked.
pub(crate) const WORTH: [&str; 10] = [
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

/// A session made as those of the sample were: as the same role, in the same database, with the same settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionFacts {
    /// [`WORTH`] as it shows them; names that a version does not know are left out.
    pub settings: BTreeMap<String, String>,
    /// Triggers of the table and its partitions that are not enabled as usual, in the end.
    pub disabled_triggers: u64,
    /// Whether a checkpoint came before the sample.
    pub before: Before,
}

words! {
    /// Whether a checkpoint came before a sample, so that none has to fall into it.
    #[derive(Default)]
    pub enum Before {
        /// A checkpoint came.
        #[default]
        Checkpoint = "checkpoint",
        /// The role may not CHECKPOINT.
        NotPermitted = "not-permitted",
        /// The server has no CHECKPOINT.
        NotThere = "not-there",
    }
}

impl SessionFacts {
    /// Safeguards of the data that were switched off, in words: each as `name = value`.
    pub(crate) fn switched_off(&self) -> Vec<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_switched_off_is_named() {
        let pairs =
            [("session_replication_role", "replica"), ("zero_damaged_pages", "off"), ("fsync", "off")];
        let settings = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let facts = SessionFacts { settings, disabled_triggers: 2, before: Before::Checkpoint };
        assert_eq!(facts.switched_off(), ["session_replication_role = replica", "2 triggers disabled"]);
    }
}
