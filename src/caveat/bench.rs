//! The bench: a way is tried on it, and what the table holds then is judged.

use std::any::Any;
use std::os::unix::fs::PermissionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::attempt::{attempt, describe_way, next};
use super::definition::{Caveat, Load, Way};
use super::judge::{Ending, Meant, judge};
use super::mask;
use super::outcome::{Attempt, NoOutcome};
use super::site::{Site, TABLE};
use super::table_rows::{self, RowBytes};
use crate::fault::Fault;
use crate::method::Catalogue;
use crate::method::external::redacted;
use crate::model::findings::{CaveatFacts, Finding, LoadError, Verdict};
use crate::runner::scratch::Scratch;
use crate::server::plain_settings::plain;
use crate::server::{Connector, Server, Session};
use crate::sql::{Exec, literal, qualified, quote};

/// The way's own report and the rows of the table then; or why there is neither.
type Tried = Result<(Attempt, Vec<RowBytes>), NoOutcome>;

/// How long to wait before a second try.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// The bench: catalogue, server and directory with which ways are tried.
pub struct Bench<'a> {
    /// The methods that ways name loaders of.
    pub catalogue: &'a Catalogue,
    /// The server.
    pub server: &'a dyn Server,
    /// A directory whose files the server may be able to read.
    pub dir: &'a Path,
    /// The ids of further loaders that are tried on every csv file.
    pub loaders: &'a [String],
    /// The longest that one way may take.
    pub timeout: Duration,
}

impl Bench<'_> {
    /// Tries every way of a caveat.
    ///
    /// # Errors
    /// As [`Bench::examine_each`].
    pub fn examine(&self, caveat: &Caveat) -> Result<CaveatFacts> {
        let mut findings = Vec::new();
        self.examine_each(caveat, &mut |finding| {
            findings.push(finding);
            Ok(())
        })?;
        Ok(CaveatFacts { findings, ..facts(caveat) })
    }

    /// Tries every way of a caveat, and hands out each finding as it is there.
    ///
    /// # Errors
    /// When work has to stop, the server is gone, or `keep` fails. What a way makes of the rows is no
    /// error, and whatever else goes wrong is a finding that says so.
    pub(crate) fn examine_each(
        &self,
        caveat: &Caveat,
        keep: &mut dyn FnMut(Finding) -> Result<()>,
    ) -> Result<()> {
        let mut ways = caveat.all_ways();
        if caveat.csv.is_some() {
            ways.extend(self.loaders.iter().map(|id| Way::of_loader(id)));
        }
        for way in &ways {
            let found = self.finding(caveat, way);
            keep(found.with_context(|| format!("trying {} of the caveat {}", way.id, caveat.id))?)?;
        }
        Ok(())
    }

    /// The finding of one way; of a panic, that this program failed.
    fn finding(&self, caveat: &Caveat, way: &Way) -> Result<Finding> {
        let meant = Meant { before: caveat.before()?, good: caveat.good()?, dirty: caveat.dirty()? };
        let finding = Finding {
            way: way.id.clone(),
            what: describe_way(&way.load),
            loader: matches!(way.load, Load::Loader(_)),
            remedy: way.remedy.clone(),
            verdict: Verdict::Unavailable,
            expected: caveat.expected.get(&way.id).map(|expected| expected.0),
            rows_meant: meant.rows(),
            rows_found: None,
            rejected: None,
            error: None,
            next: None,
            notices: Vec::new(),
            difference: None,
            unavailable: None,
        };
        caught(|| self.found(caveat, way, &meant, finding.clone()))
            .unwrap_or_else(|panic| Ok(self.without(finding, &panic)))
    }

    /// The finding with what was found.
    fn found(&self, caveat: &Caveat, way: &Way, meant: &Meant, mut finding: Finding) -> Result<Finding> {
        let version = self.server.facts().version_num / 10_000;
        if version < way.least {
            finding.unavailable = Some(format!("it needs PostgreSQL {}, and this is {version}", way.least));
            return Ok(finding);
        }
        let data = caveat.data(&way.load)?;
        let steady = |text: &str| mask::steady(text, data);
        let (made, held) = match self.outcome(caveat, way, meant)? {
            Ok(outcome) => outcome,
            Err(none) => return Ok(self.without(finding, &none)),
        };
        let ending = match (&made.error, &made.met, made.rejected) {
            (Some(_), ..) => Ending::Error,
            (None, _, Some(rejected @ 1..)) => Ending::Counted(rejected),
            (None, Some(_), _) => Ending::Reported,
            (None, None, _) => Ending::Silent,
        };
        (finding.verdict, finding.difference) = judge(meant, &held, ending, &caveat.column_names());
        finding.rows_found = Some(held.len() as u64);
        finding.what = made.what.unwrap_or(finding.what);
        finding.rejected = made.rejected;
        let error = made.error.or(made.met);
        finding.error = error.map(|said| LoadError { message: steady(&said.message), ..said });
        finding.next = made.next.map(|said| LoadError { message: steady(&said.message), ..said });
        finding.notices = made.notices.iter().map(|notice| steady(notice)).collect();
        Ok(finding)
    }

    /// The finding with the reason why there is no outcome.
    fn without(&self, finding: Finding, none: &NoOutcome) -> Finding {
        let why = redacted(&none.to_string(), self.server.connector(), &[]);
        Finding { verdict: none.verdict(), unavailable: Some(mask::steady(&why, &[])), ..finding }
    }

    /// Tries the way: its own report and the rows of the table then, or why there is neither. Tried a
    /// second time where the server was in a state that may have passed.
    ///
    /// # Errors
    /// When work has to stop, or the server is gone.
    fn outcome(&self, caveat: &Caveat, way: &Way, meant: &Meant) -> Result<Tried> {
        let mut tried = self.once(caveat, way, meant)?;
        if tried.as_ref().is_err_and(NoOutcome::may_pass) {
            self.server.connector().interrupt().sleep(AGAIN_AFTER)?;
            tried = self.once(caveat, way, meant)?;
        }
        Ok(tried)
    }

    fn once(&self, caveat: &Caveat, way: &Way, meant: &Meant) -> Result<Tried> {
        let interrupt = self.server.connector().interrupt();
        let deadline = interrupt.deadline(self.timeout).context("setting a deadline")?;
        let tried = (|| {
            let connector = plain(self.server.connector()).map_err(unreachable)?;
            let made = self.attempt_on_table(&connector, caveat, &way.load, meant)?;
            let mut session = connector.connect().map_err(unreachable)?;
            let next = match made.error {
                Some(_) => None,
                None => next(&mut session, caveat)?,
            };
            let made = Attempt { next, ..made };
            let found = table_rows::rows(&mut *session, caveat)?;
            self.drop_table(&mut session)?;
            Ok((made, found))
        })();
        let stopped = interrupt.check();
        drop(deadline);
        let error = match (tried, stopped) {
            (_, Err(signal @ Fault::Interrupted(_))) => return Err(signal.into()),
            (Ok(outcome), _) => return Ok(Ok(outcome)),
            // What it left says nothing: it might have gone on.
            (Err(_), Err(_)) => {
                let limit = self.timeout.as_secs();
                return Ok(Err(NoOutcome::Unavailable(format!("it did not end within {limit} s"))));
            }
            (Err(error), Ok(())) => error,
        };
        match self.server.died() {
            Some(why) => bail!("the server is gone: {why}"),
            None => NoOutcome::from_error(error).map(Err),
        }
    }

    fn drop_table(&self, session: &mut Session) -> Result<()> {
        let table = qualified(&self.server.run_schema().name, TABLE);
        session.run(&format!("DROP TABLE IF EXISTS {table}"))
    }

    /// Makes the table and tries the way on it.
    fn attempt_on_table(
        &self,
        connector: &Connector,
        caveat: &Caveat,
        load: &Load,
        meant: &Meant,
    ) -> Result<Attempt> {
        let mut session = connector.connect().map_err(unreachable)?;
        self.drop_table(&mut session)?;
        session.run(&caveat.create(TABLE))?;
        for row in &meant.before {
            let values: Vec<String> =
                row.iter().map(|value| value.as_ref().map_or("NULL".into(), |text| literal(text))).collect();
            session.run(&format!("INSERT INTO {} VALUES ({})", quote(TABLE), values.join(", ")))?;
        }
        drop(session);
        let scratch = Scratch::beside(self.dir)?;
        std::fs::set_permissions(scratch.path(), PermissionsExt::from_mode(0o755))?;
        let site = Site { catalogue: self.catalogue, server: self.server, connector, scratch };
        attempt(&site, caveat, load)
    }
}

/// A caveat's entry in the record, without findings.
pub(crate) fn facts(caveat: &Caveat) -> CaveatFacts {
    CaveatFacts {
        id: caveat.id.clone(),
        claim: caveat.claim.clone(),
        title: caveat.title.clone(),
        says: caveat.says.clone(),
        source: caveat.source.clone(),
        findings: Vec::new(),
    }
}

/// The reason of an error that says the server cannot be reached: that is about the server, and not about the
/// way.
fn unreachable(error: anyhow::Error) -> anyhow::Error {
    match Fault::find(&error) {
        Some(Fault::Unavailable(why)) => NoOutcome::NotTried { sqlstate: None, why: why.clone() }.into(),
        _ => error,
    }
}

/// Does `work`; a panic in it is a fault of this program, in words.
fn caught<T>(work: impl FnOnce() -> T) -> Result<T, NoOutcome> {
    // What the work was in the middle of is not looked at again: it has a table and a directory of its own.
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let said = said(&*panic);
        NoOutcome::Failed(format!("a fault of this program, which should be reported: {said}"))
    })
}

/// The message of a panic.
fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref().copied()).unwrap_or("it gives no reason")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_no_outcome_and_says_why() {
        let panics: [fn(i32); 2] = [|n| panic!("no row {n}"), |_| panic!("no rows")];
        for (panics, words) in panics.into_iter().zip(["no row 7", "no rows"]) {
            let none = caught(|| panics(7)).unwrap_err();
            assert_eq!(none.verdict(), Verdict::Failed);
            assert!(none.to_string().ends_with(words), "{none}");
        }
        assert_eq!(caught(|| 1), Ok(1));
    }
}
