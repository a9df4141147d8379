//! The fate of dirty data, by each way of loading it. No times: a finding is the same on every machine, and
//! differs between versions of PostgreSQL and of the loaders.

use super::provenance::Provenance;
use super::server::ServerFacts;
use super::word::words;

/// A row as PostgreSQL writes its values in text; `None` is NULL.
pub(crate) type Row = Vec<Option<String>>;

/// One dated execution of an experiment whose outcomes are no times.
#[derive(Debug, Clone, PartialEq)]
pub struct Findings {
    /// Their provenance.
    pub provenance: Provenance,
    /// The server that was loaded into.
    pub server: ServerFacts,
    /// The experiment's id.
    pub experiment: String,
    /// Its title.
    pub title: String,
    /// The question it answers.
    pub question: String,
    /// The caveats, in the order of the experiment.
    pub caveats: Vec<CaveatFacts>,
    /// The ids of caveats that the run has not come to the end of; empty once it is whole.
    pub pending: Vec<String>,
}

/// A caveat, and what was found.
#[derive(Debug, Clone, PartialEq)]
pub struct CaveatFacts {
    /// Its id.
    pub id: String,
    /// The published claim that it puts to the test, by its number; empty for none.
    pub claim: String,
    /// Its title.
    pub title: String,
    /// The source's statement, in this project's words.
    pub says: String,
    /// Who says it.
    pub source: String,
    /// The findings, in the order the ways are listed.
    pub findings: Vec<Finding>,
}

/// The fate of a caveat's rows by one way.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The way's id.
    pub way: String,
    /// The statements of the way, or the loader's name and version.
    pub what: String,
    /// Whether it is an external program.
    pub loader: bool,
    /// Advice in a sentence where the way is meant to help.
    pub remedy: Option<String>,
    /// The verdict.
    pub verdict: Verdict,
    /// The verdict that the source predicts; `None` where it says nothing of this way.
    pub expected: Option<Verdict>,
    /// Rows that the table should have held in the end.
    pub rows_meant: u64,
    /// Rows that it held; `None` where the way has no outcome.
    pub rows_found: Option<u64>,
    /// Rows that the loader says it passed over; `None` where it says nothing.
    pub rejected: Option<u64>,
    /// The error that ended the load or that the loader reported.
    pub error: Option<LoadError>,
    /// The error of the statement that followed a load, for caveats that have one.
    pub next: Option<LoadError>,
    /// Further messages of the server, a line each.
    pub notices: Vec<String>,
    /// The difference of the table from what was meant.
    pub difference: Option<Difference>,
    /// Why the way has no outcome.
    pub unavailable: Option<String>,
}

words! {
    /// The fate of the rows.
    pub enum Verdict {
        /// The table holds what was meant.
        AsMeant = "as-meant",
        /// Good rows are in, dirty ones are not, and the loader said so.
        GoodRows = "good-rows",
        /// An error; the table holds what it held before.
        Refused = "refused",
        /// A part of the rows is in, none that was not meant, and the loader said so.
        Partial = "partial",
        /// A part of the rows is in, but the loader reported fewer rows passed over than are lost.
        Untruthful = "untruthful",
        /// The table holds what nobody meant, whatever the loader said, or lacks rows without a word of that.
        Damaged = "damaged",
        /// Its program or its server is not here, or it did not end in time.
        Unavailable = "unavailable",
        /// The server was in no state to take any rows: out of space, read-only, shutting down, or the
        /// like. It says nothing of these.
        NotTried = "not-tried",
        /// The script that drives a library cannot give it values of such types. It says nothing of the
        /// library.
        NotFed = "not-fed",
        /// This program itself failed.
        Failed = "failed",
    }
}

impl Verdict {
    /// Whether it says what became of the rows; otherwise the finding has a reason instead.
    pub fn is_outcome(self) -> bool {
        match self {
            Verdict::AsMeant
            | Verdict::GoodRows
            | Verdict::Refused
            | Verdict::Partial
            | Verdict::Untruthful
            | Verdict::Damaged => true,
            Verdict::Unavailable | Verdict::NotTried | Verdict::NotFed | Verdict::Failed => false,
        }
    }

    /// In words, as tables show what is expected; the damage of a finding may have been reported.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Verdict::AsMeant => "as meant",
            Verdict::GoodRows => "good rows only",
            Verdict::Refused => "refused",
            Verdict::Partial => "a part only",
            Verdict::Untruthful => "a part only, untruthfully reported",
            Verdict::Damaged => "silent damage",
            Verdict::Unavailable => "not available",
            Verdict::NotTried => "not tried",
            Verdict::NotFed => "not fed",
            Verdict::Failed => "error",
        }
    }
}

/// An error, and where in the data it lies.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LoadError {
    /// The SQLSTATE (PostgreSQL manual, appendix A); `None` where the loader does not pass it on.
    pub sqlstate: Option<String>,
    /// The message, without its context.
    pub message: String,
    /// The line of the file, from 1.
    pub line: Option<u64>,
    /// The column of the table.
    pub column: Option<String>,
}

/// The difference of a table from what was meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Rows meant that are not there.
    pub missing: u64,
    /// Rows there that were not meant.
    pub extra: u64,
    /// The first of the missing ones.
    pub meant: Option<Row>,
    /// The first of the extra ones.
    pub found: Option<Row>,
    /// The columns of `found` whose bytes are not UTF-8: there each byte that is not stands as `\xNN`,
    /// and each backslash as two.
    pub not_utf8: Vec<String>,
}
