//! Streaming a dataset's file, or what is made on the way, into COPY ... FROM STDIN, and COPY ... TO STDOUT
//! into a file.
//!
//! The driver's sink gathers small items into messages of about 4 KiB but passes larger ones on
//! as they are, through a channel of one slot. So the size of a chunk is a parameter of the
//! result: it has to be large enough that the cost of a message (a wake-up, a system call) is
//! spread over thousands of rows, and small enough that it stays in the processor's cache
//! between the read and the write.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use tokio::runtime::Runtime;

use crate::dataset::{Chunk, header, trailer};
use crate::model::Encoding;
use crate::pg_error::describe;
use crate::server::{AsyncSession, Connector};
use crate::sql::Exec;

/// Bytes in one CopyData message.
pub(crate) const MESSAGE_BYTES: usize = 64 * 1024;

/// Room for the row that fills a message up, in bytes; a longer one makes the message grow.
const LAST_ROW_BYTES: usize = 1024;

/// A connection that rows are streamed through, driven by the calling thread.
pub struct CopyStream {
    session: AsyncSession,
    runtime: Runtime,
    connector: Connector,
}

impl CopyStream {
    /// Connects.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn connect(connector: &Connector) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("making a runtime for the connection")?;
        let session = runtime.block_on(connector.connect_async())?;
        Ok(Self { session, runtime, connector: connector.clone() })
    }

    /// Runs statements that return nothing.
    ///
    /// # Errors
    /// The server's error, or that work has to stop: a stop between two statements finds none to cancel.
    pub(crate) fn run(&self, sql: &str) -> Result<()> {
        self.connector.interrupt().check()?;
        self.runtime
            .block_on(self.session.batch_execute(sql))
            .map_err(describe)
            .with_context(|| format!("running: {sql}"))
    }

    /// Does `work` with the session, on the calling thread.
    ///
    /// # Errors
    /// The error of the work.
    pub(crate) fn with_session<T>(&self, work: impl AsyncFnOnce(&AsyncSession) -> Result<T>) -> Result<T> {
        self.runtime.block_on(work(&self.session))
    }

    /// Streams one chunk of the file through `sql`, a COPY ... FROM STDIN of its encoding.
    ///
    /// # Errors
    /// The server's error (the COPY is undone then), when the file cannot be read, or when the
    /// server took another number of rows than the chunk has.
    pub fn copy(&self, sql: &str, file: &Path, encoding: Encoding, chunk: Chunk) -> Result<()> {
        let mut input = File::open(file).with_context(|| format!("opening {}", file.display()))?;
        input.seek(SeekFrom::Start(chunk.offset)).with_context(|| format!("reading {}", file.display()))?;
        let mut left = chunk.bytes;
        self.copy_from(sql, encoding, chunk.rows, |message| {
            if left == 0 {
                return Ok(());
            }
            message.resize(left.min(MESSAGE_BYTES as u64) as usize, 0);
            let read = input.read(message).with_context(|| format!("reading {}", file.display()))?;
            if read == 0 {
                bail!("{} ended {left} bytes early; it was changed during the run", file.display());
            }
            message.truncate(read);
            left -= read as u64;
            Ok(())
        })
    }

    /// Streams `rows` rows through `sql`, a COPY ... FROM STDIN of their encoding: `fill` puts whole
    /// rows or parts of them, about [`MESSAGE_BYTES`] of them, into an empty message, and leaves it
    /// empty past the last. Header and trailer are not its business.
    ///
    /// # Errors
    /// An error of the server or of `fill` (the COPY is undone then), or when the server took another
    /// number of rows.
    pub(crate) fn copy_from(
        &self,
        sql: &str,
        encoding: Encoding,
        rows: u64,
        fill: impl FnMut(&mut BytesMut) -> Result<()>,
    ) -> Result<()> {
        let taken = self.copy_all(sql, encoding, fill)?;
        ensure!(taken == rows, "the server took {taken} rows of {rows}");
        Ok(())
    }

    /// As [`CopyStream::copy_from`], of as many rows as there are: returns how many the server took.
    ///
    /// # Errors
    /// An error of the server or of `fill` (the COPY is undone then).
    pub(crate) fn copy_all(
        &self,
        sql: &str,
        encoding: Encoding,
        fill: impl FnMut(&mut BytesMut) -> Result<()>,
    ) -> Result<u64> {
        self.runtime.block_on(self.send(sql, encoding, fill))
    }

    /// Writes what `sql`, a COPY ... TO STDOUT, gives.
    ///
    /// # Errors
    /// The server's error, or when `out` cannot be written.
    pub(crate) fn copy_out(&self, sql: &str, out: &mut impl Write) -> Result<()> {
        self.runtime.block_on(async {
            let rows = self.session.copy_out(sql).await.map_err(describe);
            let mut rows = std::pin::pin!(rows.with_context(|| format!("starting: {sql}"))?);
            let mut unchecked = 0;
            // The server sends a message a row.
            while let Some(row) = rows.next().await {
                let row = row.map_err(|e| describe(e).context(format!("receiving the rows of: {sql}")))?;
                out.write_all(&row).context("writing the rows")?;
                unchecked += row.len();
                if unchecked >= MESSAGE_BYTES {
                    self.connector.interrupt().check()?;
                    unchecked = 0;
                }
            }
            Ok(())
        })
    }

    async fn send(
        &self,
        sql: &str,
        encoding: Encoding,
        mut fill: impl FnMut(&mut BytesMut) -> Result<()>,
    ) -> Result<u64> {
        let sink =
            self.session.copy_in(sql).await.map_err(describe).with_context(|| format!("starting: {sql}"))?;
        let mut sink = std::pin::pin!(sink);
        let refused = |e| describe(e).context(format!("the server ended the stream of: {sql}"));
        if !header(encoding).is_empty() {
            sink.send(Bytes::from_static(header(encoding))).await.map_err(refused)?;
        }
        // The driver lets go of a message once it is written, so this storage is used again.
        let mut buffer = BytesMut::new();
        loop {
            self.connector.interrupt().check()?;
            buffer.reserve(MESSAGE_BYTES + LAST_ROW_BYTES);
            fill(&mut buffer)?;
            if buffer.is_empty() {
                break;
            }
            sink.send(buffer.split().freeze()).await.map_err(refused)?;
        }
        if !trailer(encoding).is_empty() {
            sink.send(Bytes::from_static(trailer(encoding))).await.map_err(refused)?;
        }
        sink.finish().await.map_err(refused)
    }
}

impl Exec for CopyStream {
    fn run(&mut self, statement: &str) -> Result<()> {
        CopyStream::run(self, statement)
    }
}

impl Drop for CopyStream {
    fn drop(&mut self) {
        // A COPY that was given up is ended by the driver's CopyFail, which has to reach the
        // server before its connection goes away with the runtime.
        let _ = self.runtime.block_on(async {
            tokio::time::timeout(std::time::Duration::from_secs(1), self.session.batch_execute("")).await
        });
    }
}
