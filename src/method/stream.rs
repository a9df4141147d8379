//! Streaming a dataset's file, or rows made on the way, into COPY ... FROM STDIN, and COPY ... TO STDOUT
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
use crate::pg_error::describe;
use crate::record::Encoding;
use crate::server::{AsyncSession, Connector};

/// Bytes in one CopyData message.
pub const MESSAGE_BYTES: usize = 64 * 1024;

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
    /// What the server says.
    pub fn run(&self, sql: &str) -> Result<()> {
        self.runtime
            .block_on(self.session.batch_execute(sql))
            .map_err(describe)
            .with_context(|| format!("running: {sql}"))
    }

    /// Streams one chunk of the file through `sql`, a COPY ... FROM STDIN of its encoding.
    ///
    /// # Errors
    /// What the server says (the COPY is undone then), when the file cannot be read, or when the
    /// server took another number of rows than the chunk has.
    pub fn copy(&self, sql: &str, file: &Path, encoding: Encoding, chunk: Chunk) -> Result<()> {
        let taken = self.runtime.block_on(self.copy_async(sql, file, encoding, chunk))?;
        ensure!(taken == chunk.rows, "the server took {taken} rows of {}", chunk.rows);
        Ok(())
    }

    /// Streams rows that are made on the way through `sql`, a COPY ... FROM STDIN; gives the rows
    /// that the server took. `fill` adds a row to the buffer, or says by `false` that there are no more.
    ///
    /// # Errors
    /// What the server says (the COPY is undone then), or what `fill` says.
    pub fn copy_rows(&self, sql: &str, mut fill: impl FnMut(&mut BytesMut) -> Result<bool>) -> Result<u64> {
        self.runtime.block_on(async {
            let sink = self.session.copy_in(sql).await.map_err(describe);
            let mut sink = std::pin::pin!(sink.with_context(|| format!("starting: {sql}"))?);
            let refused = |e| describe(e).context(format!("the server ended the stream of: {sql}"));
            let mut buffer = BytesMut::new();
            let mut more = true;
            while more {
                self.connector.interrupt().check()?;
                // The driver lets go of a message once it is written, so this storage is used again.
                buffer.reserve(2 * MESSAGE_BYTES);
                while more && buffer.len() < MESSAGE_BYTES {
                    more = fill(&mut buffer)?;
                }
                if !buffer.is_empty() {
                    sink.send(buffer.split().freeze()).await.map_err(refused)?;
                }
            }
            sink.finish().await.map_err(refused)
        })
    }

    /// Writes what `sql`, a COPY ... TO STDOUT, gives.
    ///
    /// # Errors
    /// What the server says, or when `out` cannot be written.
    pub fn copy_out(&self, sql: &str, out: &mut impl Write) -> Result<()> {
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

    async fn copy_async(&self, sql: &str, file: &Path, encoding: Encoding, chunk: Chunk) -> Result<u64> {
        let mut input = File::open(file).with_context(|| format!("opening {}", file.display()))?;
        input.seek(SeekFrom::Start(chunk.offset)).with_context(|| format!("reading {}", file.display()))?;
        let sink =
            self.session.copy_in(sql).await.map_err(describe).with_context(|| format!("starting: {sql}"))?;
        let mut sink = std::pin::pin!(sink);
        let refused = |e| describe(e).context(format!("the server ended the stream of: {sql}"));
        if !header(encoding).is_empty() {
            sink.send(Bytes::from_static(header(encoding))).await.map_err(refused)?;
        }
        let mut left = chunk.bytes;
        // The driver lets go of a message once it is written, so this storage is used again.
        let mut buffer = BytesMut::new();
        while left > 0 {
            self.connector.interrupt().check()?;
            buffer.resize(left.min(MESSAGE_BYTES as u64) as usize, 0);
            let read = input.read(&mut buffer).with_context(|| format!("reading {}", file.display()))?;
            if read == 0 {
                bail!("{} ended {left} bytes early; it was changed during the run", file.display());
            }
            left -= read as u64;
            sink.send(buffer.split_to(read).freeze()).await.map_err(refused)?;
            buffer.clear();
        }
        if !trailer(encoding).is_empty() {
            sink.send(Bytes::from_static(trailer(encoding))).await.map_err(refused)?;
        }
        sink.finish().await.map_err(refused)
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
