//! The options of a definition: what its program reads, where it may run, and what it can do.

use serde::Deserialize;

use crate::model::Encoding;

/// The form of the rows that a loader reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum InputFormat {
    /// The dataset's csv.
    Csv,
    /// The dataset in PostgreSQL's text format.
    Text,
    /// The dataset in PostgreSQL's binary format.
    Binary,
    /// An INSERT statement a row, each on a line of its own.
    Inserts,
    /// The dataset's csv with a key in front of each row.
    KeyedCsv,
}

impl InputFormat {
    /// The dataset's file that it is, or is made of.
    pub(crate) fn encoding(self) -> Encoding {
        match self {
            InputFormat::Csv | InputFormat::Inserts | InputFormat::KeyedCsv => Encoding::Csv,
            InputFormat::Text => Encoding::Text,
            InputFormat::Binary => Encoding::Binary,
        }
    }
}

/// The servers that a loader may load into.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AllowedServers {
    /// Any.
    #[default]
    Any,
    /// Only throwaway ones: it could harm a server of the user's.
    Disposable,
}

/// Whether a loader's sessions take the settings of a case (PGOPTIONS).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SettingsSupport {
    /// Its sessions have them, as those of every program built on libpq.
    #[default]
    Taken,
    /// Its sessions go without.
    Ignored,
}

/// Whether a loader verifies the server's certificate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TlsSupport {
    /// Verify it, as every program built on libpq.
    #[default]
    Verified,
    /// Encrypt at the most.
    Unverified,
}

/// Who opens the file to load.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum InputReader {
    /// The program.
    #[default]
    Client,
    /// The server, by the path that it sees.
    Server,
}
