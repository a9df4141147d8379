//! Loads of a few rows on servers that may refuse what PostgreSQL takes: which of a run's cases they refuse.
//!
//! No list of what such a server can do is complete. So each case is tried there once; one whose statements the
//! server refuses cannot run, and the reason is in the server's words. What else goes wrong says nothing of the
//! server, and is left to the samples.

use anyhow::{Context, Result};

use crate::errors::chain;
use crate::fault::Fault;
use crate::model::{Case, Role};
use crate::pg_error::{db_words, of_server};
use crate::runner::sample::{Applied, Loaded, Ready, Stage};
use crate::runner::stage::ServerStage;
use crate::unavailable;

/// Rows of a trial: more than one batch of most methods, and soon done.
const ROWS: u64 = 100;

/// Classes of SQLSTATE that say nothing of what the server can: those of rows (22, 23), connections (08),
/// transactions that got into each other's way (40), resources (53), an administrator's doing (57), the system's
/// errors (58).
const OTHERS: [&str; 7] = ["08", "22", "23", "40", "53", "57", "58"];

/// Marks the cases that their server refuses. Tried are those alone on servers that are not PostgreSQL itself, lack
/// statements of its, or load a table that was made in a way of its own.
///
/// # Errors
/// When work has to stop, or the server does not recover from a failed trial.
pub(super) fn mark(stage: &mut ServerStage<'_>, cases: &mut [Case]) -> Result<()> {
    let (mut taken, mut refusals) = (0, Vec::new());
    for case in cases.iter_mut().filter(|case| case.unavailable.is_none() && case.role != Role::Control) {
        if !stage.is_tried(case)? {
            continue;
        }
        let Some(words) = tried(stage, case)? else {
            taken += 1;
            continue;
        };
        crate::say!("{}: not available, as the server refuses it: {words}", case.id);
        case.unavailable = Some(format!("the server refuses it: {words}"));
        refusals.push(words);
    }
    if let Some(first) = refusals.first().filter(|_| taken == 0) {
        return Err(unavailable!(
            "the server refuses every case that was tried on it ({}), the first with: {first}",
            refusals.len()
        ));
    }
    // The control is its twin.
    let baseline = cases.iter().find(|case| case.role == Role::Baseline).map(|case| case.unavailable.clone());
    if let (Some(refused), Some(control)) = (baseline, cases.iter_mut().find(|c| c.role == Role::Control)) {
        control.unavailable = refused;
    }
    Ok(())
}

/// The server's words where it refuses the case.
fn tried(stage: &mut ServerStage<'_>, case: &Case) -> Result<Option<String>> {
    let rows = case.rows.min(ROWS);
    let Err(error) = load(stage, case, rows) else { return Ok(None) };
    if matches!(Fault::find(&error), Some(Fault::Interrupted(_))) {
        return Err(error);
    }
    // What failed may have been a statement that was cancelled.
    stage.check()?;
    stage.recover().with_context(|| {
        let words = chain(error.as_ref());
        format!("the server did not recover after a load of {rows} rows by {} failed: {words}", case.id)
    })?;
    let said = of_server(&error).filter(|db| !OTHERS.iter().any(|class| db.code().code().starts_with(class)));
    Ok(said.map(db_words))
}

fn load(stage: &mut ServerStage<'_>, case: &Case, rows: u64) -> Result<()> {
    let (mut loaded, _) = stage.apply(case)?.reset(rows)?.load()?;
    loaded.verify()?;
    Ok(())
}
