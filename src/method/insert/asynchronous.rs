//! tokio-postgres: one statement after the other, and many in flight.

use anyhow::{Context, Result};
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use tokio_postgres::{Client, Statement};

use super::transaction::InsertTransaction;
use super::values::insert_sql;
use super::{Insert, Inserter, common, nothing, unchecked};
use crate::method::tools::batch::Batch;
use crate::method::tools::feed::{Feed, RowRange};
use crate::method::tools::stream::CopyStream;
use crate::method::{Info, Load, Param};
use crate::pg_error::describe;
use crate::sql::Exec;

/// `insert-row-tokio`: the loop of `insert-row` on the asynchronous driver, to see both drivers
/// side by side. Each job is one future on a runtime of its own thread. Durable.
pub(crate) fn insert_row_tokio() -> Insert {
    Insert {
        info: common().named(
            "insert-row-tokio",
            "one prepared INSERT a row, a commit each (async driver, tokio-postgres)",
        ),
        connect: |load, rows| Ok(Box::new(OneByOne(Connection::open(load, rows)?))),
        check: unchecked,
        lacks: nothing,
    }
}

/// The parameter of [`insert_row_pipelined`].
const DEPTH: &str = "depth";

fn depth_param() -> Param {
    Param::integer(DEPTH, "statements in flight", 1..=10_000, 256)
}

/// `insert-row-pipelined`: up to `depth` statements are under way before the first answer is
/// waited for, so that round trips overlap (PostgreSQL manual, "Pipelining"; tokio-postgres,
/// "Pipelining").
///
/// In one transaction, because the driver ends each statement with a Sync, which commits where no
/// transaction is open: the statements of a pipeline would wait for the disk one after the other
/// then, and those behind one that failed would be carried out all the same. Beside
/// `insert-row-transaction` it shows what the round trips cost. Durable.
pub(crate) fn insert_row_pipelined() -> InsertTransaction {
    InsertTransaction {
        info: Info {
            source: "PostgreSQL manual, Pipelining; documentation of tokio-postgres".into(),
            in_parts: false,
            params: vec![depth_param()],
            ..common().named(
                "insert-row-pipelined",
                "one prepared INSERT a row, many in flight, one transaction (tokio-postgres)",
            )
        },
        connect: |load, rows| {
            let depth = load.integer(DEPTH)? as usize;
            Ok(Box::new(Pipelined { connection: Connection::open(load, rows)?, depth }))
        },
    }
}

struct Connection {
    stream: CopyStream,
    sql: String,
}

impl Connection {
    fn open(load: &Load<'_>, batch_rows: u64) -> Result<Self> {
        Ok(Self { stream: CopyStream::connect(load.connector)?, sql: insert_sql(load.table, batch_rows) })
    }

    async fn prepare(&self, client: &Client) -> Result<Statement> {
        client.prepare(&self.sql).await.map_err(describe).with_context(|| format!("preparing: {}", self.sql))
    }
}

/// Inserts one batch, and hands back its storage.
async fn insert(client: &Client, statement: &Statement, batch: Batch, range: RowRange) -> Result<Batch> {
    client
        .execute_raw(statement, batch.values())
        .await
        .map_err(describe)
        .with_context(|| format!("at {range}"))?;
    Ok(batch)
}

struct OneByOne(Connection);

impl Inserter for OneByOne {
    fn insert_all(&mut self, feed: &mut Feed<'_>) -> Result<()> {
        self.0.stream.with_session(async |client| {
            let statement = self.0.prepare(client).await?;
            let mut batch = Batch::default();
            while let Some(range) = feed.fill(&mut batch)? {
                batch = insert(client, &statement, batch, range).await?;
                feed.confirm();
            }
            Ok(())
        })
    }
}

impl Exec for OneByOne {
    fn run(&mut self, sql: &str) -> Result<()> {
        self.0.stream.run(sql)
    }
}

struct Pipelined {
    connection: Connection,
    depth: usize,
}

impl Inserter for Pipelined {
    fn insert_all(&mut self, feed: &mut Feed<'_>) -> Result<()> {
        self.connection.stream.with_session(async |client| {
            let statement = self.connection.prepare(client).await?;
            let mut in_flight = FuturesOrdered::new();
            let mut batch = Batch::default();
            while let Some(range) = feed.fill(&mut batch)? {
                in_flight.push_back(insert(client, &statement, batch, range));
                // Waiting for the oldest sends all that were added meanwhile.
                batch = match in_flight.len() < self.depth {
                    true => Batch::default(),
                    false => in_flight.next().await.transpose()?.unwrap_or_default(),
                };
            }
            while let Some(done) = in_flight.next().await {
                done?;
            }
            Ok(())
        })
    }
}

impl Exec for Pipelined {
    fn run(&mut self, sql: &str) -> Result<()> {
        self.connection.stream.run(sql)
    }
}
