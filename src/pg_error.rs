//! Errors of the PostgreSQL driver in words: the server's own, with SQLSTATE, detail and place.

use tokio_postgres::error::{DbError, SqlState};

use crate::errors::chain;

/// The advice about a server, or a database of it, that is read-only.
pub const TAKES_NO_WRITES: &str = "the server takes no writes: of a standby (pg_is_in_recovery) give the primary's address; else turn \
     default_transaction_read_only off for this role and database";

/// An error that the server itself reported, in its words: all that there is to say, so that it has no
/// causes.
#[derive(Debug, thiserror::Error)]
#[error("{words}")]
pub(crate) struct ServerError {
    words: String,
    driver: tokio_postgres::Error,
}

/// With what a server takes leave of a client whose connection was good (PostgreSQL manual, "PostgreSQL Error Codes",
/// classes 25 and 57).
static PARTING: [SqlState; 5] = [
    SqlState::ADMIN_SHUTDOWN,
    SqlState::CRASH_SHUTDOWN,
    SqlState::DATABASE_DROPPED,
    SqlState::IDLE_SESSION_TIMEOUT,
    SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
];

/// The driver's own text is often just "db error": the server's words, its SQLSTATE, detail and
/// place are what a reader needs.
pub fn describe(error: tokio_postgres::Error) -> anyhow::Error {
    if let Some(db) = error.as_db_error() {
        let ended = PARTING.contains(db.code());
        let said = anyhow::Error::new(ServerError { words: words(&error), driver: error });
        return if ended { said.context("the server has ended the connection") } else { said };
    }
    if error.is_closed() || io_error(&error).is_some() {
        return anyhow::Error::new(error).context(
            "the connection to the server broke off: the server, or what is in between, has ended it",
        );
    }
    anyhow::Error::new(error)
}

/// The first error in a chain of causes that the server itself reported.
pub(crate) fn of_server(error: &anyhow::Error) -> Option<&DbError> {
    error.chain().find_map(|cause| match cause.downcast_ref::<ServerError>() {
        Some(server) => server.driver.as_db_error(),
        None => cause.downcast_ref::<tokio_postgres::Error>()?.as_db_error(),
    })
}

/// The server's words on one line, or the driver's chain of causes where the server said nothing.
pub(crate) fn words(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(|| chain(error), db_words)
}

/// The same, of what the server said.
pub(crate) fn db_words(db: &DbError) -> String {
    let mut text = format!("{} {}: {}", db.severity(), db.code().code(), db.message());
    for (name, part) in [("detail", db.detail()), ("hint", db.hint()), ("where", db.where_())] {
        if let Some(part) = part {
            text.push_str(&format!("; {name}: {part}"));
        }
    }
    text
}

/// The input/output error below a driver's error, if there is one.
pub(crate) fn io_error(error: &tokio_postgres::Error) -> Option<&std::io::Error> {
    std::error::Error::source(error)?.downcast_ref()
}

/// The server's words where it refuses what it was asked because it does not know, have or allow that: the classes of
/// SQLSTATE for features that are not supported (0A), syntax, names and rights (42), and values that are none (22,
/// such as that of a setting; PostgreSQL manual, "PostgreSQL Error Codes"). `None` for any other error: that says
/// nothing of what the server can.
pub(crate) fn refusal(error: &anyhow::Error) -> Option<String> {
    let db = of_server(error)?;
    let class = db.code().code().get(..2)?;
    ["0A", "42", "22"].contains(&class).then(|| db_words(db))
}

/// What came of asking the server for what it may lack: the answer, or its words where it refused.
///
/// # Errors
/// Any other error.
pub(crate) fn unless_refused<T>(asked: anyhow::Result<T>) -> anyhow::Result<Result<T, String>> {
    match asked {
        Ok(answer) => Ok(Ok(answer)),
        Err(error) => refusal(&error).map(Err).ok_or(error),
    }
}
