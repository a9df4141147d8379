//! What a run asks of a server beyond the least that it needs, and what a server lacks of it.

use std::collections::BTreeMap;

use super::content::Rule;
use super::word::words;

words! {
    /// Something that PostgreSQL has and that a server which speaks its protocol may lack or refuse: a run goes on
    /// without it.
    pub enum Ability {
        /// The number of its version (`server_version_num`).
        VersionNumber = "version-number",
        /// Its settings, their values and who may set them (`pg_settings`).
        Settings = "settings",
        /// The database's locale (`pg_database`).
        Locale = "locale",
        /// Whether the role is a superuser (`rolsuper`).
        Superuser = "superuser",
        /// Whether the connection is encrypted (`pg_stat_ssl`).
        Encryption = "encryption",
        /// Which process answers (`pg_backend_pid`): a pooler in between is found by it.
        Backend = "backend",
        /// The schemas of other runs (`pg_namespace`).
        OtherRuns = "other-runs",
        /// Its catalogue of dependencies (`pg_depend`, `pg_identify_object`): what is in a schema is found by it.
        Dependencies = "dependencies",
        /// The settings under which values are read as text (`DateStyle` and its like).
        TextSettings = "text-settings",
        /// The storage parameter `autovacuum_enabled`.
        Autovacuum = "autovacuum",
        /// UNLOGGED tables.
        Unlogged = "unlogged",
        /// VACUUM (ANALYZE).
        Vacuum = "vacuum",
        /// CHECKPOINT.
        Checkpoint = "checkpoint",
        /// The number of checkpoints (`pg_stat_bgwriter`, `pg_stat_checkpointer`, `pg_control_checkpoint`).
        CheckpointCounts = "checkpoint-counts",
        /// The position in the WAL (`pg_current_wal_insert_lsn`).
        Wal = "wal",
        /// The sizes of a table and its indexes (`pg_table_size`, `pg_indexes_size`).
        Sizes = "sizes",
        /// The hashes of values (`hashtextextended`, `hashint8extended`) that content sums are made of.
        Hashes = "hashes",
        /// Keys of `serial` that are 1, 2, 3 ... in whichever session rows come in.
        CountedKeys = "counted-keys",
        /// The number that a key's sequence gives next (`pg_sequence`).
        NextKey = "next-key",
        /// Whether a table is logged (`relpersistence`).
        Persistence = "persistence",
        /// Indexes and constraints as the catalogue of PostgreSQL describes them.
        Structure = "structure",
        /// The collations of columns (`pg_collation`).
        Collations = "collations",
        /// The tables of a schema (`pg_class`).
        Tables = "tables",
        /// Whether triggers are enabled (`pg_trigger`).
        Triggers = "triggers",
        /// The settings that are shown to members of `pg_monitor` alone, such as the directory of its data.
        Monitoring = "monitoring",
        /// Files of its machine (`pg_read_file`), which tell the machine from others.
        ServerFiles = "server-files",
    }
}

impl Ability {
    /// What a run does without it, in words.
    pub(crate) fn without(self) -> &'static str {
        match self {
            Self::VersionNumber => "methods that need a version of PostgreSQL's are tried",
            Self::Settings => "none is recorded, and cases with settings of their own are not available",
            Self::Locale => "it is not recorded",
            Self::Superuser => "the role is taken for none",
            Self::Encryption => "it is not recorded",
            Self::Backend => "a pooler in between is not found",
            Self::OtherRuns => "what other runs left is not found",
            Self::Dependencies => {
                "tables, views, sequences and types of the run's schema are dropped by name"
            }
            Self::TextSettings => "values are read as the session writes them",
            Self::Autovacuum => "tables are made without it, and what cleans up may do so in a sample",
            Self::Unlogged => {
                "tables on the way are ordinary ones, and methods that make others are not available"
            }
            Self::Vacuum => "rows that are there before a load are not vacuumed",
            Self::Checkpoint => "one may fall into a sample",
            Self::CheckpointCounts => "there is no such figure",
            Self::Wal => "there is no such figure",
            Self::Sizes => "there are no such figures",
            Self::Hashes => "content is summed up by md5",
            Self::CountedKeys => "keys are not verified, and methods that count them are not available",
            Self::NextKey => "where a key goes on is not verified",
            Self::Persistence => "whether a table is logged is not verified",
            Self::Structure => "indexes and constraints are not verified",
            Self::Collations => "collations are not verified",
            Self::Tables => "tables that a load left are not found",
            Self::Triggers => "disabled triggers are not found",
            Self::Monitoring => {
                "settings that are shown to its members alone are not recorded, nor on what its data lies"
            }
            Self::ServerFiles => "its machine is not described",
        }
    }

    /// The right for want of which PostgreSQL refuses it, as a statement that grants it; `None` where that is no matter of
    /// rights (PostgreSQL manual, Predefined Roles and Generic File Access Functions).
    pub(crate) fn right(self) -> Option<&'static str> {
        match self {
            Self::Monitoring => Some("GRANT pg_monitor TO the role"),
            Self::ServerFiles => Some(
                "GRANT pg_read_server_files TO the role, and GRANT EXECUTE ON FUNCTION pg_read_file(text, bigint, bigint, \
                 boolean) TO the role in its database",
            ),
            _ => None,
        }
    }
}

/// What a server lacks, each with the reason: its own words where it refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Absent(BTreeMap<Ability, String>);

impl Absent {
    /// Whether the server has it.
    pub fn has(&self, ability: Ability) -> bool {
        !self.0.contains_key(&ability)
    }

    /// Why the server lacks it; `None` where it has it.
    pub fn why(&self, ability: Ability) -> Option<&str> {
        self.0.get(&ability).map(String::as_str)
    }

    /// Adds one, with the reason.
    pub(crate) fn add(&mut self, ability: Ability, why: impl Into<String>) {
        self.0.insert(ability, why.into());
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (Ability, &str)> {
        self.0.iter().map(|(ability, why)| (*ability, why.as_str()))
    }

    /// Their reasons, to change their words.
    pub(crate) fn reasons_mut(&mut self) -> impl Iterator<Item = &mut String> {
        self.0.values_mut()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The rule by which content is summed up there.
    pub fn rule(&self) -> Rule {
        if self.has(Ability::Hashes) { Rule::RowHashes2 } else { Rule::RowMd5 }
    }

    /// Whether statements that methods send may be refused for want of one of them.
    pub(crate) fn limits_statements(&self) -> bool {
        [Ability::Autovacuum, Ability::Unlogged, Ability::Vacuum].into_iter().any(|one| !self.has(one))
    }
}

impl FromIterator<(Ability, String)> for Absent {
    fn from_iter<I: IntoIterator<Item = (Ability, String)>>(all: I) -> Self {
        Self(all.into_iter().collect())
    }
}
