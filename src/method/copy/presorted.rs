//! The rows sorted by the client first.

use anyhow::Result;

use super::{common, copy_from_stdin, sort_column};
use crate::method::tools::stream::{CopyStream, MESSAGE_BYTES};
use crate::method::{Info, Load, Method, PhaseClock, build_indexes, committed, lacks};
use crate::model::{Encoding, Params, Phase};
use crate::table::Table;

/// `copy-presorted`: the client reads the csv into memory, sorts its rows by the last of the indexed
/// columns (`link` of the votes), and copies them in that order. CREATE INDEX then finds that
/// column in order, and later queries find its equal rows side by side. Texts are in the order of
/// their bytes, the collation C's; in another one the server finds them nearly in order.
///
/// Timed: reading and sorting, on all cores (prepare), COPY, COMMIT, CREATE INDEX twice. The client's
/// memory holds the csv and 24 bytes a row. Durable.
pub(crate) struct CopyPresorted {
    info: Info,
}

/// See [`CopyPresorted`].
pub(crate) fn copy_presorted() -> CopyPresorted {
    CopyPresorted {
        info: Info {
            source: "PostgreSQL source, sort_template.h (input that is sorted already)".into(),
            ..common()
                .named("copy-presorted", "the csv sorted by its last indexed column, COPY, then the indexes")
        },
    }
}

impl Method for CopyPresorted {
    fn info(&self) -> &Info {
        &self.info
    }

    fn lacks(&self, _params: &Params, table: &Table) -> Option<String> {
        lacks::sort_column(table)
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let interrupt = load.connector.interrupt();
        let column = sort_column(load.table)?;
        let sql = copy_from_stdin(load.table, Encoding::Csv);
        let mut stream = CopyStream::connect(load.connector)?;

        let sorted = clock.time(Phase::Prepare, || load.dataset.sorted_by(column, load.rows, interrupt))?;
        committed(&mut stream, clock, |stream| {
            let mut rows = sorted.iter();
            stream.copy_from(&sql, Encoding::Csv, load.rows, |message| {
                while message.len() < MESSAGE_BYTES {
                    let Some(row) = rows.next() else { break };
                    message.extend_from_slice(row);
                }
                Ok(())
            })
        })?;
        build_indexes(load, clock, &mut stream)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::columns::votes;

    #[test]
    fn a_table_without_indexes_is_not_sorted() {
        let table = Table::votes(&votes());
        assert_eq!(copy_presorted().lacks(&Params::new(), &table), None);
        let bare = Table { indexed: Vec::new(), ..table };
        let reason = copy_presorted().lacks(&Params::new(), &bare).unwrap();
        assert!(reason.contains("to the table votes none is indexed"), "{reason}");
    }
}
