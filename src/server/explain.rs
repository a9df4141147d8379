//! Why there is no connection, and what to do about it.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::time::Duration;

use tokio_postgres::error::SqlState;

use super::wire::DialError;
use crate::errors::chain;
use crate::pg_error::{TAKES_NO_WRITES, io_error, words};
use crate::unavailable;

/// A connection that was not made.
pub(crate) struct Refused<'e> {
    /// The driver's error.
    pub error: &'e tokio_postgres::Error,
    /// The limit that was over before the server had let it in.
    pub expired: Option<Duration>,
}

/// Names that connection poolers give themselves in their messages.
const POOLERS: [&str; 5] = ["bouncer", "odyssey", "pgcat", "pooler", "unsupported startup parameter"];

/// The error of the socket, where the connection failed by that.
pub(crate) fn dial_error(error: &tokio_postgres::Error) -> Option<&DialError> {
    error.source()?.downcast_ref()
}

/// Whether a refused connection means: not yet.
pub(crate) fn describes_not_yet(error: &tokio_postgres::Error) -> bool {
    match error.code() {
        Some(code) => *code == SqlState::CANNOT_CONNECT_NOW,
        // No socket yet, or nobody behind it.
        None => true,
    }
}

/// Why there is no connection to the server at `at`, and what to do about it. Names no password.
/// `behind` is what a proxy in between met.
pub(crate) fn explain(
    refused: &Refused<'_>,
    at: &str,
    config: &tokio_postgres::Config,
    behind: Option<(ErrorKind, String)>,
) -> anyhow::Error {
    let error = refused.error;
    let dialled = dial_error(error);
    // What the server itself said counts more than what the proxy met.
    let failure = behind.filter(|_| error.code().is_none());
    let said = match (&failure, dialled, refused.expired) {
        (Some((_, failure)), ..) => format!("the proxy in front of it cannot reach it: {failure}"),
        (None, Some(dialled), _) => dialled.to_string(),
        (None, None, Some(limit)) => DialError::Expired(limit).to_string(),
        (None, None, None) => words(error),
    };
    let kind = match (&failure, dialled) {
        (Some((kind, _)), _) => Some(*kind),
        (None, Some(DialError::Io(error))) => Some(error.kind()),
        (None, Some(DialError::Expired(_))) => Some(ErrorKind::TimedOut),
        (None, _) if refused.expired.is_some() => Some(ErrorKind::TimedOut),
        (None, _) => io_error(error).map(io::Error::kind),
    };
    let user = config.get_user().unwrap_or("?");
    let database = config.get_dbname().unwrap_or(user);
    let next = match (error.code(), kind, dialled) {
        (Some(code), ..) if is_pooler(code, error) => {
            "this is a connection pooler such as PgBouncer, which does not pass on what a run needs: connect to PostgreSQL itself, at its own port".into()
        }
        (Some(&SqlState::INVALID_PASSWORD), ..) => {
            format!("check the password of user `{user}` in the URL, in PGPASSWORD or in the password file")
        }
        (Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION), ..) => {
            format!("check that user `{user}` exists, and that the server's pg_hba.conf lets it in from here")
        }
        (Some(&SqlState::INVALID_CATALOG_NAME), ..) => {
            format!("make the database with `createdb {database}`, or name another at the end of the URL")
        }
        (Some(&SqlState::TOO_MANY_CONNECTIONS), ..) => {
            "close other connections, raise the server's max_connections, or use fewer jobs".into()
        }
        (_, Some(ErrorKind::ConnectionRefused | ErrorKind::NotFound), _) => {
            "nothing listens there: check that the server runs, its port, and for TCP its listen_addresses".into()
        }
        (_, Some(ErrorKind::TimedOut), _) => {
            "there is no answer: check that it is PostgreSQL that listens there, the host, the port, and the firewalls in between".into()
        }
        (None, _, Some(DialError::NotPostgres(_))) => "check the port: PostgreSQL's is mostly 5432".into(),
        (None, _, Some(DialError::NoTls)) => {
            "turn the server's `ssl` on, or ask for less by sslmode=prefer or disable".into()
        }
        (None, _, Some(DialError::Handshake(_))) => {
            "check the server's certificate, sslmode (disable, allow, prefer, require, verify-ca, verify-full) and sslrootcert".into()
        }
        (None, ..) if chain(error).contains("password missing") => {
            format!("the server wants a password for user `{user}`: put it into PGPASSWORD, the password file or the URL")
        }
        // The driver's words where target_session_attrs asks for a server that takes some.
        (None, ..) if chain(error).contains("does not allow writes") => TAKES_NO_WRITES.into(),
        _ => "check the URL and the server".into(),
    };
    unavailable!("cannot connect to the server at {at}: {said}; {next}")
}

/// PgBouncer has one SQLSTATE for all that it refuses by itself, which a server has for none of it.
fn is_pooler(code: &SqlState, error: &tokio_postgres::Error) -> bool {
    let said = error.as_db_error().map(|db| db.message().to_lowercase()).unwrap_or_default();
    *code == SqlState::PROTOCOL_VIOLATION || POOLERS.iter().any(|name| said.contains(name))
}
