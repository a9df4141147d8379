//! What becomes of dirty data: small files, each with one thing that goes wrong, loaded by every way
//! that applies, and the table held against what was meant.
//!
//! The files and their descriptions lie in `datasets/caveats/` and are compiled in. An outcome is
//! always measured; a description only says what its source claims.

mod attempt;
mod built_in;
mod definition;
mod failure;
mod input;
mod judge;
mod loaders;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::fault::Fault;
use crate::method::tools::phases::run;
use crate::record::findings::{CaveatFacts, Finding, Verdict};
use crate::runner::scratch::Scratch;
use crate::server::{Server, Session};
use crate::table::ddl::{literal, quote};
use crate::unavailable;

pub use built_in::{find, ids};
pub use definition::Caveat;

use attempt::{Attempt, attempt, describe_way};
use definition::{Load, Way};
use judge::{Ending, Meant, judge};

/// The table that all ways load into.
const TABLE: &str = "caveat";
/// The table that some ways load into first.
const STAGING: &str = "caveat_staging";

/// Where ways are tried.
pub struct Bench<'a> {
    /// The server.
    pub server: &'a dyn Server,
    /// A directory whose files the server may be able to read.
    pub dir: &'a Path,
    /// The ids of further loaders that are tried on every csv file.
    pub loaders: &'a [&'a str],
    /// The longest that one way may take.
    pub timeout: Duration,
}

/// Where one way is tried: the bench, with a directory of the way's own.
struct Site<'a> {
    server: &'a dyn Server,
    scratch: Scratch,
}

impl Site<'_> {
    /// A directory for files, empty before.
    fn dir(&self) -> &Path {
        self.scratch.path()
    }

    /// Puts a caveat's file there, for anybody to read.
    fn file(&self, name: &str) -> Result<PathBuf> {
        let path = self.dir().join(name);
        let making = || format!("making {}", path.display());
        std::fs::write(&path, built_in::file(name)?).with_context(making)?;
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).with_context(making)?;
        Ok(path)
    }
}

impl Bench<'_> {
    /// Tries every way of a caveat.
    ///
    /// # Errors
    /// When work has to stop, or the server is gone. What a way makes of the rows is no error.
    pub fn examine(&self, caveat: &Caveat) -> Result<CaveatFacts> {
        let mut ways = caveat.all_ways();
        if caveat.csv.is_some() {
            ways.extend(self.loaders.iter().map(|id| Way::of_loader(id)));
        }
        let findings = ways.iter().map(|way| {
            self.finding(caveat, way)
                .with_context(|| format!("trying {} of the caveat {}", way.id, caveat.id))
        });
        let findings = findings.collect::<Result<_>>()?;
        drop_table(&mut self.session()?)?;
        Ok(CaveatFacts {
            id: caveat.id.clone(),
            claim: caveat.claim.clone(),
            title: caveat.title.clone(),
            says: caveat.says.clone(),
            source: caveat.source.clone(),
            findings,
        })
    }

    fn finding(&self, caveat: &Caveat, way: &Way) -> Result<Finding> {
        let meant = Meant { before: caveat.before()?, good: caveat.good()?, dirty: caveat.dirty()? };
        let mut finding = Finding {
            way: way.id.clone(),
            what: describe_way(&way.load),
            loader: matches!(way.load, Load::Loader(_)),
            remedy: way.remedy.clone(),
            verdict: Verdict::Unavailable,
            expected: caveat.expected.get(&way.id).copied(),
            rows_meant: meant.rows(),
            rows_found: None,
            rejected: None,
            error: None,
            notices: Vec::new(),
            difference: None,
            unavailable: None,
        };
        let version = self.server.facts().version_num / 10_000;
        if version < way.least {
            finding.unavailable = Some(format!("it needs PostgreSQL {}, and this is {version}", way.least));
            return Ok(finding);
        }
        let made = match self.tried(caveat, &way.load, &meant) {
            Ok(made) => made,
            Err(error) => match Fault::find(&error) {
                Some(Fault::Unavailable(why)) => {
                    finding.unavailable = Some(why.clone());
                    return Ok(finding);
                }
                _ => return Err(error),
            },
        };
        let mut session = self.session()?;
        let found = attempt::rows(&mut *session, caveat)?;
        drop_table(&mut session)?;
        let ending = match (&made.error, &made.met, made.rejected) {
            (Some(_), ..) => Ending::Error,
            (None, None, None | Some(0)) => Ending::Silent,
            _ => Ending::Told,
        };
        (finding.verdict, finding.difference) = judge(&meant, &found, ending);
        finding.rows_found = Some(found.len() as u64);
        finding.what = made.what.unwrap_or(finding.what);
        finding.rejected = made.rejected;
        finding.error = made.error.or(made.met);
        finding.notices = made.notices;
        Ok(finding)
    }

    /// Makes the table and tries the way on it.
    fn tried(&self, caveat: &Caveat, load: &Load, meant: &Meant) -> Result<Attempt> {
        let mut session = self.session()?;
        drop_table(&mut session)?;
        run(&mut *session, &caveat.create(TABLE))?;
        for row in &meant.before {
            let values: Vec<String> =
                row.iter().map(|value| value.as_ref().map_or("NULL".into(), |text| literal(text))).collect();
            run(&mut *session, &format!("INSERT INTO {} VALUES ({})", quote(TABLE), values.join(", ")))?;
        }
        drop(session);
        let scratch = Scratch::create(self.dir)?;
        std::fs::set_permissions(scratch.path(), PermissionsExt::from_mode(0o755))?;
        let site = Site { server: self.server, scratch };
        let interrupt = self.server.connector().interrupt();
        let deadline = interrupt.deadline(self.timeout).context("setting a deadline")?;
        let tried = attempt(&site, caveat, load);
        drop(deadline);
        interrupt.check()?;
        tried.map_err(|error| match Fault::find(&error) {
            // What it left says nothing: it might have gone on.
            Some(Fault::Timeout(_)) => {
                unavailable!("it did not end within {} s", self.timeout.as_secs())
            }
            _ => error,
        })
    }

    fn session(&self) -> Result<Session> {
        self.server.connector().connect()
    }
}

fn drop_table(session: &mut Session) -> Result<()> {
    run(&mut **session, &format!("DROP TABLE IF EXISTS {TABLE}"))
}
