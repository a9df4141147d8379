//! Rows in memory, encoded by our own encoder while they are sent.

use anyhow::Result;

use super::{common, copy_from_stdin};
use crate::dataset::Encoder;
use crate::method::tools::stream::{CopyStream, MESSAGE_BYTES};
use crate::method::{Info, Load, Method, PhaseClock, build_indexes, committed, lacks};
use crate::model::{Encoding, Params};
use crate::table::Table;

/// COPY of rows that are not in a file: they are held decoded in memory before the clock starts, and encoded
/// into messages of 64 KiB as these are sent, on the thread that sends them. Beside the method that streams
/// the finished file of the same encoding it shows what encoding costs; beside those of a driver's writer,
/// what that adds.
///
/// Timed: encoding and COPY (load), COMMIT, CREATE INDEX twice; reading the csv into memory is not,
/// but the client's memory has the rows in it. Durable.
pub(crate) struct CopyEncoded {
    info: Info,
    encoding: Encoding,
}

fn encoded() -> Info {
    Info {
        source: "Babcock, Dissecting the Postgres Bulk Insert; PostgreSQL manual, COPY".into(),
        ..common()
    }
}

/// `copy-csv-encoded`: as csv.
pub(crate) fn copy_csv_encoded() -> CopyEncoded {
    CopyEncoded {
        info: encoded().named(
            "copy-csv-encoded",
            "COPY csv, by our encoder from memory as it is sent, then the indexes",
        ),
        encoding: Encoding::Csv,
    }
}

/// `copy-text-encoded`: as PostgreSQL's own text.
pub(crate) fn copy_text_encoded() -> CopyEncoded {
    CopyEncoded {
        info: encoded().named(
            "copy-text-encoded",
            "COPY text, by our encoder from memory as it is sent, then the indexes",
        ),
        encoding: Encoding::Text,
    }
}

/// `copy-binary-encoded`: as binary.
pub(crate) fn copy_binary_encoded() -> CopyEncoded {
    CopyEncoded {
        info: encoded().named(
            "copy-binary-encoded",
            "COPY binary, by our encoder from memory as it is sent, then the indexes",
        ),
        encoding: Encoding::Binary,
    }
}

impl Method for CopyEncoded {
    fn info(&self) -> &Info {
        &self.info
    }

    fn lacks(&self, _params: &Params, table: &Table) -> Option<String> {
        (self.encoding == Encoding::Binary).then(|| lacks::binary(table)).flatten()
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let held = load.dataset.hold(load.rows, load.connector.interrupt())?;
        let encoder = Encoder::new(&load.table.columns, self.encoding)?;
        let sql = copy_from_stdin(load.table, self.encoding);
        let mut stream = CopyStream::connect(load.connector)?;

        committed(&mut stream, clock, |stream| {
            let mut reader = held.reader();
            stream.copy_from(&sql, self.encoding, held.rows(), |message| {
                while message.len() < MESSAGE_BYTES {
                    let Some(row) = reader.next_row() else { break };
                    encoder.push_row(&row, message);
                }
                Ok(())
            })
        })?;
        build_indexes(load, clock, &mut stream)
    }
}
