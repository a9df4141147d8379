//! The records themselves: what one run says of itself, and what one sample found.
//!
//! Times are integer nanoseconds, sizes integer bytes, rows integers; nothing is rounded here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Asked;
use super::session::{Durability, SessionFacts};

/// The version of `run.json` and `samples.jsonl` that this program writes.
pub const SCHEMA_VERSION: u32 = 1;

/// `run.json`: one dated execution of an experiment on one machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// [`SCHEMA_VERSION`] of the program that wrote it.
    pub schema: u32,
    /// The program that wrote it.
    pub tool: Tool,
    /// When the run began, RFC 3339 in UTC.
    pub started: String,
    /// The user's words for this run (`--label`), or the empty string.
    pub label: String,
    /// The command that repeats it, without secrets and paths.
    pub command: String,
    /// Where it ran.
    pub machine: Machine,
    /// What it loaded into.
    pub server: ServerFacts,
    /// What it loaded.
    pub dataset: DatasetFacts,
    /// Further servers, by the name that cases give them, where it loaded into several.
    #[serde(default)]
    pub servers: BTreeMap<String, ServerFacts>,
    /// Further datasets, by the name that cases give them.
    #[serde(default)]
    pub datasets: BTreeMap<String, DatasetFacts>,
    /// What was asked for beside the experiment; `None` in records from before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// What was to be done, in which order.
    pub plan: Plan,
}

/// The program that made a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version, as in Cargo.toml.
    pub version: String,
    /// The commit it was built from, with `+changes` for a tree with changes; `None` outside a checkout.
    pub commit: Option<String>,
    /// `release` or `debug`: a debug build's client times mean nothing.
    pub profile: String,
}

/// What is known of the machine the client ran on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// Distribution and release, e.g. `Debian GNU/Linux 12 (bookworm)`.
    pub os: String,
    /// Kernel name and release.
    pub kernel: String,
    /// Machine architecture, e.g. `x86_64`.
    pub arch: String,
    /// Processor model as the kernel names it.
    pub cpu: String,
    /// Processors this process may run on.
    pub cores: u32,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// `Some` kind of virtual machine where one was seen (`kvm`), `None` where none was.
    pub virtualization: Option<String>,
    /// The file system the local server's data lies on; `None` for a server elsewhere.
    pub disk: Option<Disk>,
}

/// A file system, and how fast it says it has flushed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disk {
    /// The kind of file system, e.g. `ext4`, `tmpfs`.
    pub filesystem: String,
    /// Flushes (fdatasync of an 8 KiB overwrite) confirmed a second.
    pub flushes_per_second: u64,
}

/// Where a server came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A throwaway cluster made from binaries on this machine.
    Local,
    /// A throwaway container.
    Container,
    /// A server of the user's.
    External,
}

impl Source {
    /// In a word, as tables show it.
    pub fn words(self) -> &'static str {
        match self {
            Source::Local => "local",
            Source::Container => "container",
            Source::External => "external",
        }
    }
}

/// The server a run loaded into.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerFacts {
    /// Where it came from.
    pub source: Source,
    /// Why this one was chosen, in words.
    pub reason: String,
    /// `server_version_num`, e.g. 150018.
    pub version_num: u32,
    /// `version()`: version, platform and compiler of the build.
    pub version: String,
    /// The image of a container, `None` otherwise.
    pub image: Option<String>,
    /// How the client reaches it: `unix socket`, `tcp 127.0.0.1`, `tcp, another host`.
    pub transport: String,
    /// The settings this program gave it (before a case's own), name to value.
    pub given: BTreeMap<String, String>,
    /// The settings that decide a load, as the server itself shows them (`SHOW`), plus
    /// `data_checksums`, `server_encoding`, the database's `lc_collate` and `locale_provider`.
    pub settings: BTreeMap<String, String>,
}

/// An encoding of a dataset, one file in its cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// COPY ... (FORMAT csv), no header.
    Csv,
    /// COPY ... (FORMAT text).
    Text,
    /// COPY ... (FORMAT binary).
    Binary,
}

impl Encoding {
    /// All of them, in the order they are listed.
    pub const ALL: [Encoding; 3] = [Encoding::Csv, Encoding::Text, Encoding::Binary];

    /// Its name in files, flags and SQL.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Csv => "csv",
            Encoding::Text => "text",
            Encoding::Binary => "binary",
        }
    }
}

/// What makes two datasets the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetFacts {
    /// `generated`, `imported`, `downloaded` or `numbered`.
    pub origin: String,
    /// Rows.
    pub rows: u64,
    /// The generator's seed; `None` for one that was not generated.
    pub seed: Option<u64>,
    /// The order-free sum of its rows' hashes, in decimal; see `dataset::checksum`.
    pub content: String,
    /// Size and SHA-256 of the encodings that the run used.
    pub files: BTreeMap<Encoding, FileFacts>,
}

/// One file of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileFacts {
    /// Its size in bytes.
    pub bytes: u64,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
}

/// What a run set out to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The experiment's id.
    pub experiment: String,
    /// Its title.
    pub title: String,
    /// The question it answers.
    pub question: String,
    /// The published source its `published_seconds` come from, if any.
    pub published: Option<String>,
    /// Rounds: each runs every case once.
    pub rounds: u32,
    /// Rows of the dataset.
    pub rows: u64,
    /// The seed of the order of the cases.
    pub seed: u64,
    /// The longest a sample of a budgeted method should take, in nanoseconds.
    pub budget_ns: u64,
    /// The cases, in the order of the experiment; the control is one of them.
    pub cases: Vec<CaseFacts>,
    /// For each round the indexes into `cases` in the order they run.
    pub order: Vec<Vec<usize>>,
    /// How cases were grouped within a round, in words, when settings need a restart.
    pub grouping: Option<String>,
    /// The axis that the experiment varies, which its curves are drawn over: `rows`, `latency_ms`,
    /// or the name of a parameter or setting, e.g. `batch`. `None` where it is a list of methods.
    #[serde(default)]
    pub x: Option<String>,
    /// Whether cases on servers whose builds have different origins are compared all the same.
    #[serde(default)]
    pub any_build: bool,
}

/// The part a case plays in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The one that all others are compared with.
    Baseline,
    /// The baseline a second time: the distance between the two is the run's noise.
    Control,
    /// Any other.
    Case,
}

/// What a case does to the table: cases are compared only where they do the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Work {
    /// Fills an empty table.
    #[default]
    Load,
    /// Adds rows to a table that holds others.
    Append,
    /// Adds rows of which a part is there already.
    Merge,
    /// Gives rows that are there new values.
    Update,
    /// Reads the rows out.
    Export,
}

impl Work {
    /// With its article, as sentences have it.
    pub fn words(self) -> &'static str {
        match self {
            Work::Load => "a load of an empty table",
            Work::Append => "an append to rows that are there",
            Work::Merge => "a load of rows that are partly there",
            Work::Update => "an update of rows that are there",
            Work::Export => "an export",
        }
    }
}

/// A program of somebody else's that a case loads by: its start-up is part of the load phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramFacts {
    /// What it is run by: its definition's words, before anything is filled in.
    pub command: String,
    /// The first line that it says of its version; `None` where it is not there.
    pub version: Option<String>,
    /// SHA-256 of its definition and of the files that this names, in hexadecimal.
    #[serde(default)]
    pub definition: Option<String>,
}

/// A case as it was planned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFacts {
    /// Unique in its run: the method and what differs from its defaults, e.g. `insert-multirow batch=1000`.
    pub id: String,
    /// The method's id.
    pub method: String,
    /// The method's family, e.g. `copy`.
    pub family: String,
    /// What the method does, in one line.
    pub summary: String,
    /// The program of somebody else's that does it, where one does.
    #[serde(default)]
    pub program: Option<ProgramFacts>,
    /// What it does to the table.
    #[serde(default)]
    pub work: Work,
    /// The part it plays.
    pub role: Role,
    /// What a crash leaves.
    pub durability: Durability,
    /// The parameters with their values, defaults filled in.
    pub params: BTreeMap<String, u64>,
    /// Server settings of this case alone.
    pub settings: BTreeMap<String, String>,
    /// Which rows it loads where they are not the run's: the name of one of [`Run::datasets`].
    #[serde(default)]
    pub dataset: Option<String>,
    /// The collation of the table's text columns, where it is not the database's.
    #[serde(default)]
    pub collation: Option<String>,
    /// Milliseconds that a proxy adds to each round trip; `None` without a proxy in between.
    #[serde(default)]
    pub latency_ms: Option<u64>,
    /// Which server it loads into where there are several: the name of one of [`Run::servers`].
    #[serde(default)]
    pub server: Option<String>,
    /// The id of the case that it is held against where that is not the run's baseline: the one
    /// that differs from it in nothing but what the experiment compares.
    #[serde(default)]
    pub against: Option<String>,
    /// Rows this case loads: the dataset's, or fewer where the case or the budget asked for it.
    pub rows: u64,
    /// Why it loads fewer rows, in words.
    pub rows_reason: Option<String>,
    /// Why it cannot run here, in words; such a case has no place in the order.
    pub unavailable: Option<String>,
    /// The error of the trial load that was to find out how many rows it loads; likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_trial: Option<String>,
    /// Seconds published for it by the plan's source.
    pub published_seconds: Option<f64>,
}

impl CaseFacts {
    /// What the program of somebody else's says of its version, where one does the load and is here.
    pub fn program_version(&self) -> Option<&str> {
        self.program.as_ref()?.version.as_deref()
    }
}

/// A timed part of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Work on the data or the table before the first row goes in.
    Prepare,
    /// The rows going in.
    Load,
    /// COMMIT, where it is a step of its own.
    Commit,
    /// ALTER TABLE ... SET LOGGED.
    SetLogged,
    /// Adding keys and constraints.
    Constraints,
    /// VALIDATE CONSTRAINT: holding the rows that are there against it.
    Validate,
    /// Building the indexes.
    Indexes,
    /// ATTACH PARTITION.
    Attach,
    /// ANALYZE.
    Analyze,
}

impl Phase {
    /// All of them, in the order they are shown.
    pub const ALL: [Phase; 9] = [
        Phase::Prepare,
        Phase::Load,
        Phase::Commit,
        Phase::SetLogged,
        Phase::Constraints,
        Phase::Validate,
        Phase::Indexes,
        Phase::Attach,
        Phase::Analyze,
    ];

    /// In words, as tables and charts show it.
    pub fn words(self) -> &'static str {
        match self {
            Phase::Prepare => "prepare",
            Phase::Load => "load",
            Phase::Commit => "commit",
            Phase::SetLogged => "set logged",
            Phase::Constraints => "constraints",
            Phase::Validate => "validate",
            Phase::Indexes => "indexes",
            Phase::Attach => "attach",
            Phase::Analyze => "analyze",
        }
    }
}

/// How a sample ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Loaded and verified.
    Ok,
    /// An error, or a load that verification refused.
    Failed,
    /// Stopped at its deadline.
    Timeout,
}

/// One line of `samples.jsonl`: one load of one case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// The case's id.
    pub case: String,
    /// The round from 1; 0 is the warm-up, which no figure is made of.
    pub round: u32,
    /// The place in the round, from 0.
    pub position: u32,
    /// When it began, RFC 3339 in UTC.
    pub started: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What went wrong, with the whole chain of causes; `None` when nothing did.
    pub error: Option<String>,
    /// Rows it was to load.
    pub rows: u64,
    /// The sum of the phases in nanoseconds; `None` unless the outcome is ok.
    pub total_ns: Option<u64>,
    /// The phases that it had, in nanoseconds.
    pub phases: BTreeMap<Phase, u64>,
    /// What the load cost; a probe that cannot see its thing here says nothing.
    pub cost: Cost,
    /// What the table looked like in the end; `None` unless the outcome is ok.
    pub end_state: Option<EndState>,
    /// What its sessions really had; `None` in records from before that was read back, and where the
    /// outcome is not ok.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionFacts>,
    /// Time around the phases in nanoseconds: settings, reset, connect (with whatever else a method
    /// does before and after its phases, and the probes), verify.
    pub overhead: BTreeMap<String, u64>,
}

/// What a load cost beyond time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// WAL written by the whole server during the phases.
    pub wal_bytes: Option<u64>,
    /// The table without its indexes, in the end.
    pub table_bytes: Option<u64>,
    /// All its indexes, in the end.
    pub index_bytes: Option<u64>,
    /// CPU time of this program and of one that it ran to load, user and system.
    pub client_cpu_ns: Option<u64>,
    /// The same during the load phase alone.
    pub client_load_cpu_ns: Option<u64>,
    /// Peak resident memory of this program, or of the one that it ran to load.
    pub client_peak_bytes: Option<u64>,
    /// CPU time of the server's processes.
    pub server_cpu_ns: Option<u64>,
    /// Checkpoints of the server that had a part during the phases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoints: Option<u64>,
}

/// The state that a load leaves behind: cases are compared only where these agree, or say how they differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndState {
    /// Rows in the table.
    pub rows: u64,
    /// The order-free sum of the rows' hashes, as the server computes it.
    pub content: String,
    /// `permanent` or `unlogged`.
    pub persistence: String,
    /// Definitions of indexes and constraints that are valid, sorted, without names of their own.
    pub structure: Vec<String>,
}
