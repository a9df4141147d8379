//! The end of a run, new or gone on with: the samples that are missing, and the reports.

use std::process::ExitCode;

use anyhow::{Context, Result};

use super::journal::RunJournal;
use super::output::print;
use super::unfinished::Unfinished;
use crate::analysis::{Chain, judge, summarize};
use crate::fault::Fault;
use crate::model::{Case, Run, Sample};
use crate::record::Store;
use crate::redact::Redactor;
use crate::report::{self, Look};
use crate::runner::RunSession;
use crate::runner::progress::Terminal;
use crate::visible::visible;

/// Takes the samples that are missing, and writes the reports, also after an interruption.
pub(crate) fn finish(
    store: Store,
    run: Run,
    done: Vec<Sample>,
    mut session: RunSession<'_>,
    redactor: &Redactor,
) -> Result<ExitCode> {
    let dir = store.dir().to_path_buf();
    let plan = run.plan.clone();
    let mut progress = Terminal::new(&plan);
    let further = session.further_rounds(&plan);
    let mut journal = RunJournal::new(store, run, done.clone(), redactor, further);
    let executed = session.execute(&plan, &done, &mut journal, &mut progress);
    drop(progress);
    let RunJournal { store, mut run, samples, .. } = journal;
    let executed = executed.and_then(|ended| {
        describe_winners(&store, &mut run, &samples, &mut session, redactor)?;
        Ok(ended)
    });
    drop(session);
    let reported = report::write_all(&dir);
    let ended = executed.with_context(|| Unfinished::Samples { number: samples.len(), dir: dir.clone() })?;
    print(&report::terminal_table(&run, &samples, Look::of_stdout())?)?;
    reported.with_context(|| Unfinished::Reports { dir: dir.clone() })?;
    let place = dir.display().to_string();
    print(&format!("\nEverything is in {}; report.html is the page to read first.\n", visible(&place)))?;
    if ended.failed > 0 {
        crate::say!("{} samples or trials failed; the reports say which and why", ended.failed);
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Adds the statements of the cases that a reader asks for first to the record, where it does not have them.
/// An error that keeps one from being heard is printed, and takes nothing from the samples.
fn describe_winners(
    store: &Store,
    run: &mut Run,
    samples: &[Sample],
    session: &mut RunSession<'_>,
    redactor: &Redactor,
) -> Result<()> {
    let standings = judge(summarize(run, samples));
    let winners = standings.winners(Chain::of_run(&standings).as_ref());
    let winners: Vec<Case> = winners.iter().map(|s| s.summary.case.clone()).collect();
    let mut described = false;
    for case in winners {
        if run.statements.contains_key(&case.id) {
            continue;
        }
        match session.statements(&case) {
            Ok(statements) => {
                let statements =
                    statements.into_iter().map(|statement| statement.redacted(redactor)).collect();
                run.statements.insert(case.id, statements);
                described = true;
            }
            Err(error) if matches!(Fault::find(&error), Some(Fault::Interrupted(_))) => return Err(error),
            Err(error) => crate::say!("the statements of {} are left out of the report: {error:#}", case.id),
        }
    }
    if described { store.describe(run) } else { Ok(()) }
}
