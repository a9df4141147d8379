//! Durability: what a crash leaves of a load.

use std::collections::BTreeMap;

use super::word::words;

words! {
    /// Whether a table's changes are logged.
    pub enum Persistence {
        /// An ordinary table.
        Permanent = "permanent",
        /// UNLOGGED: no WAL, and empty after a crash.
        Unlogged = "unlogged",
    }
}

words! {
    /// The rows that a crash leaves of a load that was reported as done.
    pub enum Durability {
        /// All rows.
        Durable = "durable",
        /// No rows: the table is empty after a crash.
        LostOnCrash = "lost-on-crash",
        /// All rows but perhaps those of the last moments.
        MayLoseLastCommits = "may-lose-last-commits",
        /// Whatever it leaves: the whole database may be damaged.
        MayBeDamaged = "may-be-damaged",
    }
}

impl Durability {
    /// In words, as tables show it.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Durability::Durable => "durable",
            Durability::LostOnCrash => "lost on crash",
            Durability::MayLoseLastCommits => "may lose the last commits",
            Durability::MayBeDamaged => "may damage the database",
        }
    }

    /// The durability of a load that promises this one when its sessions have these settings (PostgreSQL
    /// manual, "Write Ahead Log": fsync, full_page_writes, synchronous_commit). Of the other values of
    /// synchronous_commit each waits for the local flush.
    pub(crate) fn under(self, settings: &BTreeMap<String, String>) -> Self {
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
}
