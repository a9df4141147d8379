//! The outcome of trying a way: its report of the load, or the reason why there is none.

use anyhow::{Error, Result};

use crate::errors::chain;
use crate::fault::Fault;
use crate::model::findings::{LoadError, Verdict};
use crate::pg_error;

/// The report of a way on its load.
#[derive(Debug, Default)]
pub(crate) struct Attempt {
    /// The program that did it, where one did: its command and version.
    pub what: Option<String>,
    /// The error that ended it.
    pub error: Option<LoadError>,
    /// An error that it met and went on after.
    pub met: Option<LoadError>,
    /// Rows that it says it passed over.
    pub rejected: Option<u64>,
    /// The server's refusal of the statement that came after the load, which itself went well.
    pub next: Option<LoadError>,
    /// Further messages of the server.
    pub notices: Vec<String>,
}

/// Why nothing can be said of a way and these rows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoOutcome {
    /// The program or server is not here, or did not end in time.
    #[error("{0}")]
    Unavailable(String),
    /// The server could take no rows at all.
    #[error("{why}")]
    NotTried {
        /// The SQLSTATE; `None` where there is no connection that could tell one.
        sqlstate: Option<String>,
        /// The reason in words.
        why: String,
    },
    /// The script that drives a library cannot give it such values.
    #[error("{0}")]
    NotFed(String),
    /// This program failed.
    #[error("{0}")]
    Failed(String),
}

impl NoOutcome {
    /// The reason that is behind an error.
    ///
    /// # Errors
    /// The error itself where it says that all work has to stop.
    pub(crate) fn from_error(error: Error) -> Result<Self> {
        if let Some(known) = error.chain().find_map(|cause| cause.downcast_ref::<Self>()) {
            return Ok(known.clone());
        }
        match Fault::find(&error) {
            Some(Fault::Interrupted(_)) => return Err(error),
            Some(Fault::Unavailable(why)) => return Ok(Self::Unavailable(why.clone())),
            _ => {}
        }
        let said = pg_error::of_server(&error);
        if let Some(state) = said.and_then(|said| Self::of_state(said.code().code(), said.message())) {
            return Ok(state);
        }
        let driver = error.chain().find_map(|cause| cause.downcast_ref::<postgres::Error>());
        if driver.is_some_and(|driver| driver.is_closed() || pg_error::io_error(driver).is_some()) {
            let why = "the connection to the server broke off".into();
            return Ok(Self::NotTried { sqlstate: None, why });
        }
        Ok(Self::Failed(chain(error.as_ref())))
    }

    /// The reason, where an error of this SQLSTATE is about the state that the server is in and
    /// says nothing of the rows (PostgreSQL manual, appendix A).
    pub(crate) fn of_state(sqlstate: &str, message: &str) -> Option<Self> {
        // Connection exception, invalid transaction state, transaction rollback, insufficient
        // resources, object not in prerequisite state, operator intervention.
        let of_the_server = ["08", "25", "40", "53", "55", "57"];
        of_the_server.iter().any(|class| sqlstate.starts_with(class)).then(|| Self::NotTried {
            sqlstate: Some(sqlstate.into()),
            why: format!("{sqlstate}: {message}"),
        })
    }

    /// Whether it may be otherwise the next moment: others held a lock or all connections, or the
    /// server was about to start or to stop.
    pub(crate) fn may_pass(&self) -> bool {
        let Self::NotTried { sqlstate, .. } = self else { return false };
        let passing = ["08", "40", "53300", "55006", "55P03", "57P01", "57P02", "57P03"];
        sqlstate.as_ref().is_none_or(|state| passing.iter().any(|start| state.starts_with(start)))
    }

    /// The verdict of a finding that has no outcome.
    pub(crate) fn verdict(&self) -> Verdict {
        match self {
            Self::Unavailable(_) => Verdict::Unavailable,
            Self::NotTried { .. } => Verdict::NotTried,
            Self::NotFed(_) => Verdict::NotFed,
            Self::Failed(_) => Verdict::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unavailable;

    #[test]
    fn states_of_the_server_differ_from_refused_rows() {
        for state in ["57014", "53100", "53300", "40001", "25006", "55P03", "08006"] {
            let found = NoOutcome::of_state(state, "no").unwrap();
            assert_eq!((found.verdict(), found.to_string()), (Verdict::NotTried, format!("{state}: no")));
        }
        for state in ["22P02", "22P04", "23505", "42501", "54000", "0A000", "XX000"] {
            assert_eq!(NoOutcome::of_state(state, "no"), None, "{state}");
        }
    }

    #[test]
    fn only_what_may_pass_is_worth_a_second_try() {
        let may_pass = |state: &str| NoOutcome::of_state(state, "").unwrap().may_pass();
        assert!(["40001", "40P01", "55P03", "53300", "57P03", "08006"].into_iter().all(may_pass));
        assert!(!["25006", "53100", "57014", "55000"].into_iter().any(may_pass));
        assert!(NoOutcome::NotTried { sqlstate: None, why: String::new() }.may_pass());
        assert!(!NoOutcome::Failed(String::new()).may_pass());
    }

    #[test]
    fn a_signal_stops_all_and_any_other_error_is_a_finding() {
        assert!(NoOutcome::from_error(Fault::Interrupted(2).into()).is_err());
        let of = |error| NoOutcome::from_error(error).unwrap();
        assert_eq!(of(unavailable!("no psql").context("x")), NoOutcome::Unavailable("no psql".into()));
        assert_eq!(of(anyhow::anyhow!("b").context("a")), NoOutcome::Failed("a: b".into()));
        let fed = NoOutcome::NotFed("no arrays".into());
        assert_eq!(of(Error::new(fed.clone()).context("x")), fed);
    }
}
