//! Values written into the statement itself, sent by the simple query protocol.

use std::fmt::Write;

use anyhow::Result;

use super::{Insert, Inserter, common, nothing, unchecked};
use crate::dataset::Spelled;
use crate::method::tools::batch::{Batch, Bound};
use crate::method::tools::feed::Feed;
use crate::method::{Info, Load};
use crate::pg_error::describe;
use crate::server::Session;
use crate::sql::Exec;

/// `insert-row-simple`: the values stand in the text of the statement, as literals, which goes out
/// as one message of the simple query protocol (PostgreSQL manual, "Simple Query"); a commit each.
/// The session has standard_conforming_strings on, whatever the server's default is, so that a
/// backslash is an ordinary character; that is set before the clock starts. Writing the text is
/// timed. Durable.
pub(crate) fn insert_row_simple() -> Insert {
    Insert {
        info: Info {
            source: "PostgreSQL manual, Simple Query".into(),
            ..common().named(
                "insert-row-simple",
                "one INSERT a row with its values as literals, simple protocol, a commit each",
            )
        },
        connect: |load, _| Ok(Box::new(Literals::connect(load)?)),
        check: unchecked,
        lacks: nothing,
    }
}

struct Literals {
    session: Session,
    width: usize,
    /// The statement's text up to the values.
    head: String,
    /// The whole of it; its storage is used again for the next.
    sql: String,
}

impl Literals {
    fn connect(load: &Load<'_>) -> Result<Self> {
        let mut session = load.connector.connect()?;
        session.run("SET standard_conforming_strings = on")?;
        let head = format!("{} VALUES ", load.table.insert_into());
        Ok(Self { session, width: load.table.columns.len(), sql: head.clone(), head })
    }
}

impl Inserter for Literals {
    fn insert_all(&mut self, feed: &mut Feed<'_>) -> Result<()> {
        feed.each(|batch| {
            self.sql.truncate(self.head.len());
            push_rows(&mut self.sql, batch, self.width)?;
            self.session.batch_execute(&self.sql).map_err(describe)
        })
    }
}

impl Exec for Literals {
    fn run(&mut self, sql: &str) -> Result<()> {
        self.session.run(sql)
    }
}

/// `('ada','t3_1',1),('bob','t3_2',-1)`: the rows, of so many columns each.
fn push_rows(sql: &mut String, batch: &Batch, width: usize) -> Result<()> {
    for (i, Bound(value)) in batch.values().enumerate() {
        sql.push_str(match (i, i % width) {
            (0, _) => "(",
            (_, 0) => "),(",
            _ => ",",
        });
        match value.spelled() {
            Spelled::Null => sql.push_str("NULL"),
            Spelled::Bool(value) => write!(sql, "{value}")?,
            Spelled::Number(value) => write!(sql, "{value}")?,
            Spelled::Text(text) => push_text(sql, text),
        }
    }
    sql.push(')');
    Ok(())
}

/// A text as a string constant of the standard: only the quote is doubled (PostgreSQL manual,
/// "String Constants"). There is no NUL in it, as the csv reader refuses them.
fn push_text(sql: &mut String, text: &str) {
    sql.push('\'');
    for (i, part) in text.split('\'').enumerate() {
        if i > 0 {
            sql.push_str("''");
        }
        sql.push_str(part);
    }
    sql.push('\'');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::RowReader;
    use crate::dataset::columns::votes;

    #[test]
    fn quotes_are_doubled_and_backslashes_are_not() {
        let csv = b"O'Brien,\\',-2147483648\n'',a\\nb,1\n".to_vec();
        let mut reader = RowReader::over(csv, &votes(), "test.csv".into());
        let mut batch = Batch::default();
        while let Some(row) = reader.next_row().unwrap() {
            batch.push(&row);
        }
        let mut sql = String::new();
        push_rows(&mut sql, &batch, 3).unwrap();
        assert_eq!(sql, r"('O''Brien','\''',-2147483648),('''''','a\nb',1)");
    }
}
