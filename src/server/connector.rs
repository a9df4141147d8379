//! Connections whose statements end when work has to stop.

use std::ops::{Deref, DerefMut};

use anyhow::{Context, Result};
use tokio_postgres::NoTls;

use crate::interrupt::{Interrupt, OnStop};

/// How to connect to a server. Each connection it makes is cancelled by its [`Interrupt`].
#[derive(Clone)]
pub struct Connector {
    config: tokio_postgres::Config,
    interrupt: Interrupt,
}

/// A blocking connection.
pub struct Session {
    client: postgres::Client,
    _cancel: OnStop,
}

/// An asynchronous connection, driven by the runtime it was made on.
pub struct AsyncSession {
    client: tokio_postgres::Client,
    _cancel: OnStop,
}

impl Connector {
    /// Connects by `config`; every connection ends its statement when `interrupt` says so.
    pub fn new(config: tokio_postgres::Config, interrupt: Interrupt) -> Self {
        Self { config, interrupt }
    }

    /// What ends this connector's statements.
    pub fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// The parameters it connects by. They may hold a password: never print them.
    pub fn config(&self) -> &tokio_postgres::Config {
        &self.config
    }

    /// A blocking connection.
    ///
    /// # Errors
    /// When work has to stop, or the server refuses.
    pub fn connect(&self) -> Result<Session> {
        self.interrupt.check()?;
        let client = postgres::Config::from(self.config.clone())
            .connect(NoTls)
            .map_err(describe)
            .context("connecting to the server")?;
        let token = client.cancel_token();
        let cancel = self.interrupt.on_stop(move || {
            // The server may be gone already; then there is nothing to cancel.
            let _ = token.cancel_query(NoTls);
        });
        Ok(Session { client, _cancel: cancel })
    }

    /// A connection on the current tokio runtime.
    ///
    /// # Errors
    /// When work has to stop, or the server refuses.
    pub async fn connect_async(&self) -> Result<AsyncSession> {
        self.interrupt.check()?;
        let (client, connection) =
            self.config.connect(NoTls).await.map_err(describe).context("connecting to the server")?;
        tokio::spawn(connection);
        let token = client.cancel_token();
        let cancel = self.interrupt.on_stop(move || {
            // Blocking, on the thread that stops the work: its own runtime is enough.
            if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
                let _ = runtime.block_on(token.cancel_query(NoTls));
            }
        });
        Ok(AsyncSession { client, _cancel: cancel })
    }
}

impl Deref for Session {
    type Target = postgres::Client;
    fn deref(&self) -> &postgres::Client {
        &self.client
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut postgres::Client {
        &mut self.client
    }
}

impl Deref for AsyncSession {
    type Target = tokio_postgres::Client;
    fn deref(&self) -> &tokio_postgres::Client {
        &self.client
    }
}

impl DerefMut for AsyncSession {
    fn deref_mut(&mut self) -> &mut tokio_postgres::Client {
        &mut self.client
    }
}

/// The driver's own text is often just "db error": the server's words, its SQLSTATE, detail and
/// place are what a reader needs.
pub fn describe(error: tokio_postgres::Error) -> anyhow::Error {
    let Some(db) = error.as_db_error() else {
        return anyhow::Error::new(error);
    };
    let mut text = format!("{} {}: {}", db.severity(), db.code().code(), db.message());
    for (name, part) in [("detail", db.detail()), ("hint", db.hint()), ("where", db.where_())] {
        if let Some(part) = part {
            text.push_str(&format!("; {name}: {part}"));
        }
    }
    anyhow::Error::new(error).context(text)
}
