//! Streaming a dataset's file into COPY ... FROM STDIN.
//!
//! The driver's sink gathers small items into messages of about 4 KiB but passes larger ones on
//! as they are, through a channel of one slot. So the size of a chunk is a parameter of the
//! result: it has to be large enough that the cost of a message (a wake-up, a system call) is
//! spread over thousands of rows, and small enough that it stays in the processor's cache
//! between the read and the write.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use bytes::{Bytes, BytesMut};
use futures_util::SinkExt;
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

    /// Does `work` with the connection to its end, on the calling thread.
    pub fn drive<T>(&self, work: impl AsyncFnOnce(&tokio_postgres::Client) -> T) -> T {
        self.runtime.block_on(work(&self.session))
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
