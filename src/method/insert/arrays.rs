//! Many rows in few parameters: an array for each column, or one document for all of them.

use std::mem::take;

use anyhow::{Context, Result};
use postgres::types::ToSql;

use super::{BATCH, Insert, Inserter, common, jobs_param, nothing, unchecked};
use crate::dataset::{Column, Spelled, Value};
use crate::method::tools::batch::{Batch, Bound, emptied};
use crate::method::tools::feed::Feed;
use crate::method::{Info, Load, Param, lacks};
use crate::pg_error::describe;
use crate::server::Session;
use crate::sql::{Exec, quote};
use crate::table::Table;

/// The number of parameters does not grow with the rows, so neither does the protocol limit them.
fn batch_param() -> Param {
    Param::integer(BATCH, "rows a statement", 1..=1_000_000, 1000)
}

/// `insert-unnest`: `batch` rows a statement, which binds an array for each column and has
/// unnest put them side by side again (PostgreSQL manual, "Table Functions", ROWS FROM and
/// UNNEST; recommended by the documentation of sqlx, "How can I bind an array to a VALUES()
/// clause?"). Prepared once for any number of rows; a commit each. Durable.
pub(crate) fn insert_unnest() -> Insert {
    Insert {
        info: Info {
            source: "PostgreSQL manual, Table Functions; FAQ of sqlx".into(),
            params: vec![batch_param(), jobs_param()],
            ..common()
                .named("insert-unnest", "one prepared INSERT ... SELECT FROM unnest(arrays), a commit each")
        },
        connect: |load, _| Ok(Box::new(Unnest::connect(load)?)),
        check: unchecked,
        lacks: lacks::arrays,
    }
}

/// `insert-json`: `batch` rows a statement, as one JSON array of objects that
/// jsonb_to_recordset takes apart (PostgreSQL manual, "JSON Functions"), as services do that are
/// handed JSON. Prepared once for any number of rows; a commit each. Writing the JSON is timed. Durable.
pub(crate) fn insert_json() -> Insert {
    Insert {
        info: Info {
            source: "PostgreSQL manual, JSON Functions".into(),
            params: vec![batch_param(), jobs_param()],
            ..common().named(
                "insert-json",
                "one prepared INSERT ... SELECT FROM jsonb_to_recordset(text), a commit each",
            )
        },
        connect: |load, _| Ok(Box::new(Json::connect(load)?)),
        check: unchecked,
        lacks: nothing,
    }
}

struct Unnest {
    session: Session,
    sql: String,
    /// The values column by column: storage that is used again for the next batch.
    columns: Vec<Vec<Bound<'static>>>,
}

/// `INSERT INTO "votes" (...) SELECT * FROM unnest($1::text[], $2::text[], $3::integer[])`.
fn unnest_sql(table: &Table) -> String {
    let array = |(number, column): (usize, &Column)| {
        // What only the server knows the binary form of goes there as text.
        // A domain's are sent as those of the type that it is over.
        let sent = match (column.codec().bind_type(), column.kind.below()) {
            (None, _) => "::text[]".to_owned(),
            (Some(_), Some(base)) => format!("::{base}[]"),
            (Some(_), None) => String::new(),
        };
        format!("${number}{sent}::{}[]", column.kind.sql())
    };
    let arrays: Vec<String> = (1..).zip(&table.columns).map(array).collect();
    format!("{} SELECT * FROM unnest({})", table.insert_into(), arrays.join(", "))
}

impl Unnest {
    fn connect(load: &Load<'_>) -> Result<Self> {
        Ok(Self {
            session: load.connector.connect()?,
            sql: unnest_sql(load.table),
            columns: load.table.columns.iter().map(|_| Vec::new()).collect(),
        })
    }
}

impl Inserter for Unnest {
    fn insert_all(&mut self, feed: &mut Feed<'_>) -> Result<()> {
        let Self { session, sql, columns: storage } = self;
        let statement = session.prepare(sql).map_err(describe)?;
        let width = storage.len();
        feed.each(|batch| {
            let columns: Vec<Vec<Bound<'_>>> = storage
                .iter_mut()
                .enumerate()
                .map(|(i, storage)| {
                    let mut column = emptied(take(storage));
                    column.extend(batch.column(i, width));
                    column
                })
                .collect();
            let binds: Vec<&(dyn ToSql + Sync)> = columns.iter().map(|column| column as _).collect();
            let done = session.execute(&statement, &binds);
            for (storage, column) in storage.iter_mut().zip(columns) {
                *storage = emptied(column);
            }
            done.map(drop).map_err(describe)
        })
    }
}

impl Exec for Unnest {
    fn run(&mut self, sql: &str) -> Result<()> {
        self.session.run(sql)
    }
}

struct Json {
    session: Session,
    sql: String,
    /// The texts before each value of a row: `{"username":`, `,"link":`.
    keys: Vec<Vec<u8>>,
    /// The document; its storage is used again for the next.
    document: Vec<u8>,
}

/// `INSERT INTO "votes" (...) SELECT ... FROM jsonb_to_recordset($1::text::jsonb) AS r("username" text, ...)`.
fn json_sql(table: &Table) -> String {
    let columns: Vec<String> =
        table.columns.iter().map(|c| format!("{} {}", quote(&c.name), c.kind.sql())).collect();
    format!(
        "{} SELECT {} FROM jsonb_to_recordset($1::text::jsonb) AS r({})",
        table.insert_into(),
        table.column_list(),
        columns.join(", ")
    )
}

fn json_keys(table: &Table) -> Result<Vec<Vec<u8>>> {
    let key = |(i, name): (usize, &String)| {
        let mut key = vec![if i == 0 { b'{' } else { b',' }];
        serde_json::to_writer(&mut key, name).with_context(|| format!("writing {name} as JSON"))?;
        key.push(b':');
        Ok(key)
    };
    table.columns.iter().map(|c| &c.name).enumerate().map(key).collect()
}

/// The rows as a JSON array of objects, in place of what `document` holds.
fn write_json(document: &mut Vec<u8>, keys: &[Vec<u8>], batch: &Batch) -> Result<()> {
    document.clear();
    document.push(b'[');
    for (i, Bound(value)) in batch.values().enumerate() {
        let column = i % keys.len();
        if column == 0 && i > 0 {
            document.push(b',');
        }
        document.extend_from_slice(&keys[column]);
        if let Value::Other(codec, text) = value
            && codec.is_json()
        {
            // A document within the document, not a text of one.
            document.extend_from_slice(text.as_bytes());
        } else {
            match value.spelled() {
                Spelled::Null => serde_json::to_writer(&mut *document, &()),
                Spelled::Bool(value) => serde_json::to_writer(&mut *document, &value),
                Spelled::Number(value) => serde_json::to_writer(&mut *document, &value),
                Spelled::Text(text) => serde_json::to_writer(&mut *document, text),
            }
            .context("writing a value as JSON")?;
        }
        if column + 1 == keys.len() {
            document.push(b'}');
        }
    }
    document.push(b']');
    Ok(())
}

impl Json {
    fn connect(load: &Load<'_>) -> Result<Self> {
        Ok(Self {
            session: load.connector.connect()?,
            sql: json_sql(load.table),
            keys: json_keys(load.table)?,
            document: Vec::new(),
        })
    }
}

impl Inserter for Json {
    fn insert_all(&mut self, feed: &mut Feed<'_>) -> Result<()> {
        let Self { session, sql, keys, document } = self;
        let statement = session.prepare(sql).map_err(describe)?;
        feed.each(|batch| {
            write_json(document, keys, batch)?;
            let text = std::str::from_utf8(document).context("the JSON that was written is not UTF-8")?;
            session.execute(&statement, &[&text]).map(drop).map_err(describe)
        })
    }
}

impl Exec for Json {
    fn run(&mut self, sql: &str) -> Result<()> {
        self.session.run(sql)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::RowReader;
    use crate::dataset::columns::votes;

    #[test]
    fn the_statements_name_each_column_with_its_type() {
        let table = Table::votes(&votes());
        assert_eq!(
            unnest_sql(&table),
            "INSERT INTO \"votes\" (\"username\", \"link\", \"score\") \
             SELECT * FROM unnest($1::text[], $2::text[], $3::integer[])"
        );
        assert_eq!(
            json_sql(&table),
            "INSERT INTO \"votes\" (\"username\", \"link\", \"score\") \
             SELECT \"username\", \"link\", \"score\" FROM jsonb_to_recordset($1::text::jsonb) \
             AS r(\"username\" text, \"link\" text, \"score\" integer)"
        );
    }

    #[test]
    fn json_is_escaped() {
        let csv = b"\"a \"\"b\"\"\\\",\"x\n\x01\",-1\nbob,\xc3\xa9,1\n".to_vec();
        let mut reader = RowReader::over(csv, &votes(), "test.csv".into());
        let mut batch = Batch::default();
        while let Some(row) = reader.next_row().unwrap() {
            batch.push(&row);
        }
        let mut document = b"of the last batch".to_vec();
        write_json(&mut document, &json_keys(&Table::votes(&votes())).unwrap(), &batch).unwrap();
        assert_eq!(
            String::from_utf8(document).unwrap(),
            "[{\"username\":\"a \\\"b\\\"\\\\\",\"link\":\"x\\n\\u0001\",\"score\":-1},\
             {\"username\":\"bob\",\"link\":\"é\",\"score\":1}]"
        );
    }
}
