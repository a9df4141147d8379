//! The table that a method starts from, made anew before each sample.

use anyhow::{Context, Result};

use crate::dataset::{Column, Dataset};
use crate::method::copy::copy_from_stdin;
use crate::method::tools::stream::CopyStream;
use crate::method::{HELD, Info, PRESENT, Start};
use crate::model::{Ability, Encoding, ParamValue, Params, Persistence};
use crate::pg_error::{describe, unless_refused};
use crate::server::{Connector, RunSchema, Session, StatementLog, Sweep};
use crate::sql::{Exec, literal, quote};
use crate::table::ddl::{parent_of, unlogged};
use crate::table::{Layout, Table};

/// The table of rows that are not the table's yet.
const SOURCE: &str = "bulkbench_source";

/// The column of it that counts them.
const NUMBER: &str = "bulkbench_number";

/// The input of a reset.
pub struct Reset<'a> {
    /// A connection to the server.
    pub session: &'a mut Session,
    /// The schema that everything is made in.
    pub run_schema: &'a RunSchema,
    /// The connector of further connections.
    pub connector: &'a Connector,
    /// The rows.
    pub dataset: &'a Dataset,
    /// The table to make.
    pub table: &'a Table,
    /// Where the statements go that make it, where someone wants to know them.
    pub log: Option<&'a StatementLog>,
}

/// Rows of the dataset, and how often each stands in the table in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableRows {
    /// The dataset's rows, from its first.
    pub loaded: u64,
    /// Number of times that the table holds them after the load.
    pub times: u64,
}

/// The rows of the table after a method has loaded so many.
pub fn rows_after(info: &Info, params: &Params, rows: u64) -> TableRows {
    let held = match info.start {
        Start::Holding => params.get(HELD).and_then(ParamValue::number).unwrap_or(1),
        Start::Empty(_) | Start::Absent | Start::Indexed | Start::Present { .. } => 0,
    };
    TableRows { loaded: rows, times: held + 1 }
}

impl Reset<'_> {
    /// Makes the table that the method starts from, to load so many rows into.
    ///
    /// # Errors
    /// The server's error.
    pub fn table_for(&mut self, info: &Info, params: &Params, rows: u64) -> Result<()> {
        let parents: Vec<String> = self.table.indexed.iter().map(|c| parent_of(c)).collect();
        let stays = self.table.foundation.as_deref().map(|foundation| &foundation.stays);
        let swept = self.run_schema.sweep(self.session, Sweep::BetweenSamples { keep: &parents, stays });
        swept.context("dropping what the last sample left")?;
        self.parents()?;
        match info.start {
            Start::Absent => Ok(()),
            Start::Empty(persistence) => self.create(persistence),
            Start::Indexed => {
                self.create(Persistence::Permanent)?;
                self.indexes()
            }
            Start::Holding => {
                self.create(Persistence::Permanent)?;
                for _ in 1..rows_after(info, params, rows).times {
                    self.copy_into(self.table, rows)?;
                }
                self.indexes()?;
                self.settle()
            }
            Start::Present { stale } => {
                let percent = params.get(PRESENT).and_then(ParamValue::number).unwrap_or(100);
                let present = (u128::from(rows) * u128::from(percent) / 100) as u64;
                self.create(Persistence::Permanent)?;
                if present > 0 {
                    self.present(present, stale)?;
                }
                self.indexes()?;
                self.settle()
            }
        }
    }

    fn run(&mut self, sql: &str) -> Result<()> {
        // A stop between two statements finds none to cancel.
        self.connector.interrupt().check()?;
        self.hear(sql);
        self.session.run(sql)
    }

    fn hear(&self, sql: &str) {
        if let Some(log) = self.log {
            log.hear(sql);
        }
    }

    fn create(&mut self, persistence: Persistence) -> Result<()> {
        let table = self.table;
        self.run(&table.create(persistence))?;
        table.add_references(false).iter().try_for_each(|sql| self.run(sql))?;
        table.after.iter().try_for_each(|sql| self.run(sql).context("making the table as it is asked for"))
    }

    fn indexes(&mut self) -> Result<()> {
        self.table.create_indexes().iter().try_for_each(|sql| self.run(sql))
    }

    /// The tables that columns refer to, each value once; made of the whole dataset, once for the
    /// run unless its cases differ in dataset or collation.
    fn parents(&mut self) -> Result<()> {
        // What a parent was made of is its comment: the values and their order are to be the table's.
        let made_of = format!(
            "{}, collation {}",
            self.dataset.name(),
            self.table.collation.as_deref().unwrap_or("of the database")
        );
        for reference in self.table.references() {
            let (parent, column) = (self.table.beside(&reference.parent), quote(&reference.column));
            let there: bool = self
                .session
                .query_one(
                    "SELECT obj_description(to_regclass($1), 'pg_class') IS NOT DISTINCT FROM $2",
                    &[&parent, &made_of],
                )
                .map_err(describe)
                .with_context(|| format!("looking for the table {parent}"))?
                .get(0);
            if there {
                continue;
            }
            let source = self.source(self.dataset.rows())?;
            // In one transaction: a parent that is there is whole.
            self.run(&format!(
                "BEGIN; DROP TABLE IF EXISTS {parent}; \
                 CREATE TABLE {parent} {} AS SELECT DISTINCT {column} FROM {source}; \
                 ALTER TABLE {parent} ADD PRIMARY KEY ({column}); COMMENT ON TABLE {parent} IS {}; \
                 DROP TABLE {source}; COMMIT",
                self.table.autovacuum_off(),
                literal(&made_of)
            ))?;
            self.settle_one(&parent)?;
        }
        Ok(())
    }

    /// The first rows under the keys 1, 2, 3 ..., with another value in one column where they are to be `stale`.
    fn present(&mut self, rows: u64, stale: bool) -> Result<()> {
        let table = self.table;
        let Some(updated) = table.updated_column().filter(|_| stale) else {
            return self.copy_into(table, rows);
        };
        if table.definition().is_some() {
            return self.present_told(rows, updated);
        }
        // By way of another table: an UPDATE would leave as many dead rows as there are.
        let source = self.source(rows)?;
        let values: Vec<String> = table
            .columns
            .iter()
            .map(|c| if c == updated { Table::stale(c) } else { quote(&c.name) })
            .collect();
        let key = table.key_name();
        self.run(&format!(
            "INSERT INTO {} ({key}, {}) SELECT {key}, {} FROM {source} ORDER BY {key}",
            table.sql_name(),
            table.column_list(),
            values.join(", ")
        ))?;
        self.run(&format!("{}; DROP TABLE {source}", table.advance_key()))
    }

    /// The first rows of a user's table, each with the next one's value in the column that updates change: whatever
    /// the table asks of it, that value has it.
    fn present_told(&mut self, rows: u64, updated: &Column) -> Result<()> {
        let table = self.table;
        let (source, number) = (table.beside(SOURCE), quote(NUMBER));
        let columns: Vec<String> = table.columns.iter().map(|column| table.column_sql(column)).collect();
        self.run(&format!(
            "CREATE {}TABLE {source} ({number} bigserial, {}) {}",
            unlogged(table.spare()),
            columns.join(", "),
            table.autovacuum_off()
        ))?;
        let columns = Table { name: SOURCE.into(), foundation: None, ..table.clone() };
        self.copy_into(&columns, rows)?;
        self.run(&format!("CREATE INDEX ON {source} ({number}); ANALYZE {source}"))?;
        let bringing = table.with_counted_key();
        let key = table.counted_key().map(|_| format!("s.{number}"));
        let value = |column: &Column| {
            let of = if column == updated { "n" } else { "s" };
            format!("{of}.{}", quote(&column.name))
        };
        let values: Vec<String> = key.iter().cloned().chain(table.columns.iter().map(value)).collect();
        self.run(&format!(
            "{} SELECT {} FROM {source} AS s JOIN {source} AS n ON n.{number} = s.{number} % {rows} + 1 \
             ORDER BY s.{number}",
            bringing.insert_into(),
            values.join(", ")
        ))?;
        if key.is_some() {
            self.run(&table.advance_key())?;
        }
        self.run(&format!("DROP TABLE {source}"))
    }

    /// A table of the first rows in their order, to be dropped after use; gives its quoted name.
    fn source(&mut self, rows: u64) -> Result<String> {
        let source = Table { name: SOURCE.into(), layout: Layout::Plain, ..self.table.clone() };
        self.run(&source.create(self.table.spare()))?;
        self.copy_into(&source, rows)?;
        Ok(source.sql_name())
    }

    fn copy_into(&self, table: &Table, rows: u64) -> Result<()> {
        let sql = copy_from_stdin(table, Encoding::Csv);
        self.hear(&sql);
        copy_first(self.connector, &sql, self.dataset, rows)
    }

    /// A table that has held its rows for a while: visible to all, and known to the planner.
    fn settle(&mut self) -> Result<()> {
        self.settle_one(&self.table.sql_name())
    }

    fn settle_one(&mut self, table: &str) -> Result<()> {
        if self.table.absent.has(Ability::Vacuum) {
            return self.run(&format!("VACUUM (ANALYZE) {table}"));
        }
        // What plans by its statistics perhaps has this.
        unless_refused(self.run(&format!("ANALYZE {table}"))).map(drop)
    }
}

/// Copies the dataset's first rows by `sql`, a COPY ... FROM STDIN of its csv, over a connection of its own.
pub(super) fn copy_first(connector: &Connector, sql: &str, dataset: &Dataset, rows: u64) -> Result<()> {
    let chunk = dataset.first(Encoding::Csv, rows)?;
    CopyStream::connect(connector)?.copy(sql, &dataset.file(Encoding::Csv), Encoding::Csv, chunk)
}
