//! Rows that come into the table by one INSERT ... SELECT: from a staging table that COPY fills
//! ([`select`], [`conflict`]), or from a view on a file of the server's ([`fdw`]).
//!
//! A staging table serves loads that COPY cannot do by itself: rows that have to be looked up,
//! changed, or reconciled with those that are there.

pub(crate) mod conflict;
pub(crate) mod fdw;
pub(crate) mod select;

use anyhow::Result;

use crate::dataset::Chunk;
use crate::method::copy::copy_from_stdin;
use crate::method::tools::stream::CopyStream;
use crate::method::{Family, Info, Load};
use crate::model::Encoding;
use crate::table::Table;

/// The name of the staging table, through which rows go into the table.
pub(crate) const STAGING: &str = "bulkbench_staging";

/// The common part of this family's descriptions.
fn common() -> Info {
    Info::new(
        Family::Staging,
        "PostgreSQL manual, INSERT and Populating a Database; common practice of data warehouses",
    )
}

/// The persistence of a staging table. A crash may take all of it, as the rows are still at their source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// UNLOGGED: in the server's shared buffers, seen by every connection.
    Unlogged,
    /// TEMPORARY: in the buffers of its connection (`temp_buffers`), and gone with it.
    Temporary,
}

/// A table of rows on their way: columns as those of the table they go to, and no constraint or
/// index that would have to be kept up.
pub(crate) struct Staging {
    /// Its columns, under its name.
    table: Table,
    kind: Kind,
    /// The type of the key column in front of the others, where it has one.
    key: Option<&'static str>,
}

impl Staging {
    /// A staging table with all columns of `table`.
    pub(crate) fn like(table: &Table, kind: Kind) -> Self {
        let schema = match kind {
            Kind::Unlogged => table.schema.clone(),
            Kind::Temporary => Some("pg_temp".into()),
        };
        Self { table: Table { schema, name: STAGING.into(), ..table.clone() }, kind, key: None }
    }

    /// The staging table with the table's key in front, of this type: `serial` counts the rows as they
    /// come in.
    pub(crate) fn with_key(self, sql_type: &'static str) -> Self {
        Self { key: Some(sql_type), ..self }
    }

    /// Its name, quoted.
    pub(crate) fn name(&self) -> String {
        self.table.sql_name()
    }

    /// CREATE TABLE.
    pub(crate) fn create(&self) -> String {
        let key = self.key.map(|sql_type| format!("{} {sql_type}", self.table.key_name()));
        let columns: Vec<String> =
            key.into_iter().chain(self.table.columns.iter().map(|c| self.table.column_sql(c))).collect();
        let kind = match self.kind {
            Kind::Unlogged => "UNLOGGED",
            Kind::Temporary => "TEMPORARY",
        };
        let off = self.table.autovacuum_off();
        format!("CREATE {kind} TABLE {} ({}) {off}", self.name(), columns.join(", ")).trim_end().to_owned()
    }

    /// DROP TABLE.
    pub(crate) fn drop(&self) -> String {
        format!("DROP TABLE {}", self.name())
    }

    /// Makes it and fills it with a chunk of the dataset's csv.
    ///
    /// # Errors
    /// The server's error, or when the file cannot be read.
    pub(crate) fn fill(&self, stream: &CopyStream, load: &Load<'_>, chunk: Chunk) -> Result<()> {
        stream.run(&self.create())?;
        stream.copy(
            &copy_from_stdin(&self.table, Encoding::Csv),
            &load.dataset.file(Encoding::Csv),
            Encoding::Csv,
            chunk,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::columns::votes;

    #[test]
    fn a_staging_table_has_neither_key_nor_constraint_unless_it_counts_its_rows() {
        let table = Table { collation: Some("C".into()), ..Table::votes(&votes()) };
        assert_eq!(
            Staging::like(&table, Kind::Temporary).create(),
            "CREATE TEMPORARY TABLE \"pg_temp\".\"bulkbench_staging\" (\"username\" text COLLATE \"C\", \
             \"link\" text COLLATE \"C\", \"score\" integer) WITH (autovacuum_enabled = false)"
        );
        let counted = Staging::like(&table, Kind::Unlogged).with_key("serial").create();
        assert!(
            counted.starts_with("CREATE UNLOGGED TABLE \"bulkbench_staging\" (\"vote_id\" serial, \"user"),
            "{counted}"
        );
    }
}
