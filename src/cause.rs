//! The fault behind an error that names none: what the system or a server said decides it.

use std::error::Error as StdError;
use std::io;

use anyhow::Error;
use tokio_postgres::error::SqlState;

use crate::fault::Fault;
use crate::{fs, pg_error};

/// An error with the fault that its causes amount to in front; as it is where it names one, or where
/// they amount to none.
pub fn explained(error: Error) -> Error {
    if Fault::find(&error).is_some() {
        return error;
    }
    match said_by_server(&error).or_else(|| error.chain().find_map(said_by_system)) {
        Some(fault) => error.context(fault),
        None => error,
    }
}

fn said_by_server(error: &Error) -> Option<Fault> {
    let code = pg_error::of_server(error)?.code();
    SERVER.iter().find(|(state, _)| state == code).map(|(_, advice)| Fault::Unavailable((*advice).into()))
}

fn said_by_system(cause: &(dyn StdError + 'static)) -> Option<Fault> {
    let error = cause.downcast_ref::<io::Error>()?;
    Some(Fault::Unavailable(fs::advice(error.kind())?.into()))
}

/// Conditions in which a server cannot take rows, and advice for each.
static SERVER: [(SqlState, &str); 3] = [
    (SqlState::READ_ONLY_SQL_TRANSACTION, pg_error::TAKES_NO_WRITES),
    (SqlState::DISK_FULL, "the server's disk is full: free some space there"),
    (SqlState::INSUFFICIENT_PRIVILEGE, "the server's user lacks a right: have it granted"),
];

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    fn code(error: Error) -> Option<i32> {
        Fault::find(&explained(error)).map(Fault::exit_code)
    }

    #[test]
    fn what_the_system_said_decides_where_no_fault_is_named() {
        let failed =
            |kind: io::ErrorKind| Err::<(), _>(io::Error::from(kind)).context("writing x").unwrap_err();
        for kind in [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded, io::ErrorKind::FileTooLarge] {
            assert_eq!(code(failed(kind)), Some(3), "{kind}");
        }
        let text = format!("{:#}", explained(failed(io::ErrorKind::StorageFull)));
        assert!(
            text.starts_with("the disk is full: free some space") && text.contains("writing x"),
            "{text}"
        );
        assert_eq!(code(failed(io::ErrorKind::NotFound)), None);
        let inner = io::Error::new(io::ErrorKind::InvalidInput, Fault::Data("gzip".into()));
        assert_eq!(code(Error::new(inner).context("importing x")), Some(4));
        let named = Error::new(io::Error::from(io::ErrorKind::StorageFull)).context(Fault::Usage("u".into()));
        assert_eq!(code(named.context("above")), Some(2), "a fault that is named stays");
    }
}
