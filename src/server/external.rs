//! A server of the user's: reached by URL, touched only inside a schema of the run's own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::error::SqlState;

use super::connector::{Connector, Session};
use super::rehearsal::Rehearsal;
use super::settings::{self, Catalog, Change};
use super::target::{self, Target};
use super::{Options, RunSchema, Server, Settings};
use crate::interrupt::Interrupt;
use crate::model::{Ability, Absent, Fingerprint, Limits, ServerFacts, Source};
use crate::pg_error::{describe, unless_refused};
use crate::sql::quote;
use crate::{session, unavailable, usage};

/// As for the run's own sessions, the role that connects is the one that acts, whatever ALTER ROLE ... SET role says.
const AS_ITSELF: &str = "SET role = none";

/// A user's server, with the run's schema in it.
pub(crate) struct External {
    schema: SchemaGuard,
    /// As the user gave it, with what every connection needs.
    target: Target,
    given: Settings,
    connector: Connector,
    catalog: Catalog,
    superuser: bool,
    facts: ServerFacts,
    warnings: Vec<String>,
}

/// The run's schema. Dropping it drops it in the server, with all that is in it.
struct SchemaGuard {
    run_schema: Arc<RunSchema>,
    target: Target,
    dropped: bool,
}

impl SchemaGuard {
    fn create(name: String, target: &Target, session: &mut postgres::Client) -> Result<Self> {
        let quoted = quote(&name);
        session.batch_execute(&format!("CREATE SCHEMA {quoted}")).map_err(|error| match error.code() {
            Some(&SqlState::INSUFFICIENT_PRIVILEGE) => unavailable!(
                "the user of {target} may not create a schema to load into; a superuser can allow it: GRANT CREATE ON DATABASE {} TO {}",
                quote(target.database()),
                quote(target.user()),
            ),
            _ => describe(error).context(format!("creating the run's schema {name}")),
        })?;
        // From here on its oid identifies it.
        let run_schema = session.batch_execute(&format!("SET search_path = {quoted}")).map_err(describe);
        let run_schema = run_schema.and_then(|()| RunSchema::read(session)).with_context(|| {
            format!("making the run's schema in {target}, where it may be left; remove it by: DROP SCHEMA {quoted} CASCADE")
        })?;
        Ok(Self { run_schema: Arc::new(run_schema), target: target.clone(), dropped: false })
    }

    fn drop_in_server(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.dropped, true) {
            return Ok(());
        }
        let drop = || -> Result<()> {
            // With an interrupt of its own: the run's may have been raised, and this has to be done.
            let cleaner = self.target.connector(Interrupt::new())?;
            let mut session = cleaner.connect()?;
            cleaner.asking(|| {
                // What holds a lock that long may be a session that hangs, as the one that was given up did.
                session.batch_execute(&format!("{AS_ITSELF}; SET lock_timeout = '10s'")).map_err(describe)?;
                self.run_schema.drop_schema(&mut session)
            })
        };
        drop().with_context(|| {
            format!(
                "the run's schema is left in {}; remove it there by: DROP SCHEMA {} CASCADE",
                self.target,
                quote(&self.run_schema.name)
            )
        })
    }
}

impl Drop for SchemaGuard {
    fn drop(&mut self) {
        if let Err(error) = self.drop_in_server() {
            crate::say!("bulkbench: {error:#}");
        }
    }
}

impl External {
    /// Connects, and makes the run's schema.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] for a URL that is none, or a setting a connection cannot
    /// have; [`crate::fault::Fault::Unavailable`] for a server that is not there, refuses, or is too old.
    pub(crate) fn start(url: &str, options: &Options, interrupt: &Interrupt) -> Result<Self> {
        let target = target::parse(url)?;
        session::check(target.settings()?.keys(), "--server")?;
        let connector = target.connector(interrupt.clone())?;
        let mut session = connector.connect().map_err(|error| match target.warnings() {
            [] => error,
            // The password that is missing may stand in a file that was not used.
            warnings => error.context(warnings.join("; ")),
        })?;
        connector.asking(|| {
            let mut absent = Absent::default();
            let mut rehearsal = Rehearsal { session: &mut session, absent: &mut absent };
            let version = rehearsal.version()?;
            // What it says of its processes is none of the run's where it has another way.
            if let Err(words) = unless_refused(own_backend(rehearsal.session, &connector, &target))? {
                rehearsal.absent.add(Ability::Backend, words);
            }
            Self::begin(target, session, (version, absent), options, interrupt)
        })
    }

    fn begin(
        target: Target,
        mut session: Session,
        ((version_num, version), mut absent): ((u32, String), Absent),
        options: &Options,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        session.batch_execute(AS_ITSELF).map_err(describe)?;
        let mut rehearsal = Rehearsal { session: &mut session, absent: &mut absent };
        let catalog = rehearsal.catalog()?;
        let superuser = rehearsal.ask(Ability::Superuser, is_superuser)?.unwrap_or(false);
        let mut warnings = target.warnings().to_vec();
        warnings.extend(rehearsal.ask(Ability::OtherRuns, leftovers)?.unwrap_or_default());
        if absent.has(Ability::Settings) {
            catalog.check(&options.settings)?;
        }
        if let Some(reason) = refusal(&catalog, &absent, superuser, &options.settings, &mut session) {
            return Err(usage!("--set: {reason}"));
        }
        let schema = SchemaGuard::create(format!("bulkbench_{}", options.id), &target, &mut session)?;
        let connector = connector(&target, &schema.run_schema, &options.settings, interrupt)?;
        let facts = ServerFacts {
            source: Source::External,
            reason: "asked for".into(),
            version_num,
            version,
            image: None,
            transport: target.transport(),
            limits: Limits::default(),
            given: options.settings.clone(),
            settings: Settings::new(),
            absent,
            fingerprint: Fingerprint::default(),
            unmeasured: None,
            disk: None,
        };
        let given = options.settings.clone();
        let mut external = Self { schema, target, given, connector, catalog, superuser, facts, warnings };
        let mut session = external.connector.connect()?;
        let mut rehearsal = Rehearsal { session: &mut session, absent: &mut external.facts.absent };
        if rehearsal.absent.has(Ability::Settings) {
            let shown = rehearsal.ask(Ability::Settings, settings::read_load_settings)?;
            external.facts.settings.extend(shown.unwrap_or_default());
        }
        let locale = rehearsal.ask(Ability::Locale, settings::read_locale)?;
        external.facts.settings.extend(locale.unwrap_or_default());
        if rehearsal.ask(Ability::Encryption, is_encrypted)? == Some(true) {
            external.facts.transport.push_str(", TLS");
        }
        rehearsal.run(&external.connector, &external.schema.run_schema)?;
        let schema = format!("{}.", quote(&external.schema.run_schema.name));
        // Whatever run comes next, its schema has another name.
        external.facts.absent.reasons_mut().for_each(|why| *why = why.replace(&schema, ""));
        Ok(external)
    }
}

fn is_superuser(client: &mut postgres::Client) -> Result<bool> {
    client
        .query_one("SELECT rolsuper FROM pg_roles WHERE rolname = current_user", &[])
        .and_then(|row| row.try_get(0))
        .map_err(describe)
        .context("asking the server whether its user is a superuser")
}

fn is_encrypted(client: &mut postgres::Client) -> Result<bool> {
    client
        .query_one("SELECT coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false)", &[])
        .and_then(|row| row.try_get(0))
        .map_err(describe)
        .context("asking the server whether the connection is encrypted")
}

/// Passes when each connection has a backend of its own. Before anything is set: what a session sets
/// would stay in a backend that a pooler gives to others.
fn own_backend(session: &mut Session, connector: &Connector, target: &Target) -> Result<()> {
    let mut other = connector.connect()?;
    let first = backend(session)?;
    if first.is_none() || first != backend(&mut other)? {
        return Ok(());
    }
    Err(unavailable!(
        "two connections to {target} share a backend: a pooler with transaction or statement pooling, such as PgBouncer, is in front of the server, and a session has no settings of its own there; connect to PostgreSQL itself, at its own port"
    ))
}

/// The process that answers, and on which host. Without a prepared statement, which a pooler may lose.
fn backend(session: &mut Session) -> Result<Option<String>> {
    let said = session
        .simple_query(
            "SELECT concat_ws(' ', pg_catalog.pg_backend_pid(), pg_catalog.inet_server_addr(), pg_catalog.inet_server_port())",
        )
        .map_err(describe)
        .context("asking which of the server's processes answers")?;
    Ok(said.iter().find_map(|message| match message {
        // Some engines have no processes, and give all sessions one number.
        SimpleQueryMessage::Row(row) => {
            row.get(0).filter(|words| !words.starts_with(['-', '0'])).map(str::to_owned)
        }
        _ => None,
    }))
}

/// Schemas of other runs: perhaps they run now, perhaps they were killed. Only named, never touched.
fn leftovers(session: &mut postgres::Client) -> Result<Vec<String>> {
    let rows = session
        .query("SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'bulkbench\\_%' ORDER BY 1", &[])
        .map_err(describe)
        .context("asking the server for its schemas")?;
    rows.iter()
        .map(|row| {
            let name: String = row.try_get(0)?;
            Ok(format!(
                "the server holds a schema of another run: {name}; if that run is over: DROP SCHEMA {} CASCADE",
                quote(&name)
            ))
        })
        .collect()
}

fn connector(
    target: &Target,
    run_schema: &Arc<RunSchema>,
    settings: &Settings,
    interrupt: &Interrupt,
) -> Result<Connector> {
    Ok(target.connector(interrupt.clone())?.with_settings(settings).in_run_schema(run_schema))
}

/// Why connections cannot have these settings; `None` when they can, or the server has them anyway.
fn refusal(
    catalog: &Catalog,
    absent: &Absent,
    superuser: bool,
    settings: &Settings,
    session: &mut postgres::Client,
) -> Option<String> {
    if let Err(moving) = session::check(settings.keys(), "a case's settings") {
        return Some(moving.to_string());
    }
    if let Some(words) = absent.why(Ability::Settings).filter(|_| !settings.is_empty()) {
        return Some(format!("the server does not tell which settings it has: {words}"));
    }
    if let Err(unknown) = catalog.check(settings) {
        return Some(unknown.to_string());
    }
    settings.iter().find_map(|(name, value)| {
        if catalog.value(name).is_some_and(|has| has.eq_ignore_ascii_case(value)) {
            return None;
        }
        match catalog.change(name) {
            Some(Change::Configuration) => Some(format!(
                "`{name}` = {value} needs the configuration of the server changed, which is the user's own (it has {name} = {})",
                catalog.value(name).unwrap_or_default()
            )),
            Some(Change::SuperuserSession) if !superuser => {
                Some(format!("`{name}` can only be set by a superuser of this server"))
            }
            // The server knows its values best.
            _ => session
                .execute("SELECT set_config($1, $2, false)", &[name, value])
                .err()
                .map(|error| format!("`{name}` = {value}: {:#}", describe(error))),
        }
    })
}

impl Server for External {
    fn facts(&self) -> &ServerFacts {
        &self.facts
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn connector(&self) -> &Connector {
        &self.connector
    }

    fn run_schema(&self) -> &RunSchema {
        &self.schema.run_schema
    }

    fn refuses(&self, settings: &Settings) -> Option<String> {
        if settings.is_empty() {
            return None;
        }
        let asked = self.connector.asking(|| {
            let mut session = self.connector.connect()?;
            let absent = &self.facts.absent;
            Ok(refusal(&self.catalog, absent, self.superuser, settings, &mut session))
        });
        match asked {
            Ok(refusal) => refusal,
            Err(error) => Some(format!("the server could not be asked about its settings: {error:#}")),
        }
    }

    /// No settings: an external server is never restarted.
    fn restarts_for(&self, _settings: &Settings) -> Settings {
        Settings::new()
    }

    fn apply_within(&mut self, settings: &Settings, limits: Limits) -> Result<()> {
        let refused = self.refuses(settings).or_else(|| self.cannot_limit(settings, limits));
        if let Some(reason) = refused {
            return Err(unavailable!("not available on this server: {reason}"));
        }
        // What the server has by its configuration need not, and often cannot, be set again.
        let mut wanted = settings::merge(&self.given, settings);
        wanted.retain(|name, value| {
            self.catalog.change(name) != Some(Change::Configuration)
                || !self.catalog.value(name).is_some_and(|has| has.eq_ignore_ascii_case(value))
        });
        self.connector =
            connector(&self.target, &self.schema.run_schema, &wanted, self.connector.interrupt())?;
        Ok(())
    }

    /// Not to be seen from outside.
    fn cpu_time(&self) -> Result<Option<Duration>> {
        Ok(None)
    }

    fn visible_path(&self, file: &Path) -> Result<PathBuf> {
        let path = std::fs::canonicalize(file)
            .map_err(|error| unavailable!("the server cannot read {}: {error}", file.display()))?;
        let meta = std::fs::metadata(&path)?;
        let name =
            path.to_str().ok_or_else(|| unavailable!("{path:?} is not UTF-8, and COPY needs it to be"))?;
        let mut session = self.connector.connect()?;
        let row = session
            .query_one(
                "SELECT size, extract(epoch FROM modification)::bigint, pg_read_binary_file($1, 0, 1) IS NOT NULL FROM pg_stat_file($1)",
                &[&name],
            )
            .map_err(|error| match error.code() {
                Some(&SqlState::INSUFFICIENT_PRIVILEGE) => unavailable!(
                    "the server does not read files for this user (only for a superuser, or with EXECUTE on pg_stat_file and pg_read_binary_file)"
                ),
                _ => unavailable!("the server cannot read {name}: {:#}", describe(error)),
            })?;
        let (size, modified): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        // On another machine, another file can have that path.
        use std::os::unix::fs::MetadataExt;
        if u64::try_from(size).ok() != Some(meta.len()) || modified != meta.mtime() {
            return Err(unavailable!(
                "the server sees another file as {name}: it runs on another machine or in a container"
            ));
        }
        Ok(path)
    }

    fn stop(mut self: Box<Self>) -> Result<()> {
        self.schema.drop_in_server()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_survive_how_postgres_splits_them() {
        let target = target::parse("postgres://u@h/d?options=-c%20jit%3Doff").unwrap();
        let settings: Settings = [("work_mem".to_owned(), "64 MB".to_owned())].into();
        let run_schema = Arc::new(RunSchema { oid: 1, name: "bulkbench_x".into(), role: "u".into() });
        let connector = connector(&target, &run_schema, &settings, &Interrupt::new()).unwrap();
        assert_eq!(
            connector.config().get_options(),
            Some("-c jit=off -c work_mem=64\\ MB -c search_path=\"bulkbench_x\" -c role=none")
        );
    }
}
