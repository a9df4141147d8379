//! One execution of a loader: its placeholders' values, its files, its program, and what its end means.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::command::{command, filled, python};
use super::environment::{self, PGOPTIONS};
use super::loader::Loader;
use super::options::SettingsSupport;
use super::placeholders::{KEY, PYTHON};
use super::program;
use super::redact::redacted;
use super::rejects::Rejects;
use crate::model::{ParamValue, Params};
use crate::server::Connector;
use crate::session;
use crate::sql::qualified;
use crate::units;

/// The server, table and file of one execution of a loader.
#[derive(Clone, Copy)]
pub struct LoadTarget<'a> {
    /// How to connect to the server.
    pub connector: &'a Connector,
    /// The table's schema, bare.
    pub schema: &'a str,
    /// The table's name, bare.
    pub table: &'a str,
    /// The columns that the file has, quoted, with commas between them.
    pub columns: &'a str,
    /// The key's column, bare.
    pub key: &'a str,
    /// The file to load, as whoever reads it sees its path.
    pub file: &'a Path,
    /// How many rows are in it.
    pub rows: u64,
    /// The loader's parameters, all of them.
    pub params: &'a Params,
    /// A directory for its files and output, in which it runs.
    pub scratch: &'a Path,
}

/// The end of a loader's program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoaderEnd {
    /// Its exit code, or, as shells have it, 128 and the number of the signal that ended it.
    pub exit: i32,
    /// The signal that ended it, where one did.
    pub signal: Option<i32>,
    /// The meaning of exit code and refused rows by its definition.
    pub meaning: Meaning,
    /// Rows that it reported as refused, where it reports a number.
    pub rejected: Option<u64>,
    /// The last lines of its standard output.
    pub stdout_tail: String,
    /// The last lines of its standard error.
    pub stderr_tail: String,
    /// CPU time, user and system, of it and its children.
    pub cpu: Duration,
    /// Peak resident memory in bytes of the largest of them, where it is known.
    pub peak_memory: Option<u64>,
}

/// The meaning of a program's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// It loaded all rows, as far as it knows.
    Success,
    /// It loaded some rows and refused others.
    Partial,
    /// It could not make values of the rows itself, before a library or the server was asked to take them.
    NotFed,
    /// It failed.
    Failure,
}

impl Loader {
    /// Runs its program on a file and a table, from its files to its end, whatever that means.
    ///
    /// # Errors
    /// When it cannot be started, or work has to stop.
    pub fn execute(&self, target: &LoadTarget<'_>) -> Result<LoaderEnd> {
        let command = self.prepare(target)?;
        self.ended(&program::run_to_end(command, target.scratch, target.connector.interrupt())?, target)
    }

    /// Prepares, before the clock starts, the program's files and its command.
    pub(super) fn prepare(&self, target: &LoadTarget<'_>) -> Result<Command> {
        let values = values(target)?;
        let value = |name: &str| values.get(name).cloned();
        for file in &self.files {
            let path = target.scratch.join(&file.name);
            let text = file.template.fill(value).with_context(|| format!("in the file {}", file.name))?;
            OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&path)
                .and_then(|mut out| out.write_all(text.as_bytes()))
                .with_context(|| format!("making {}", path.display()))?;
        }
        let mut command = command(&filled(&self.command, value)?);
        environment::apply(&self.sessions(target.connector, target.params)?, &mut command)?;
        for (name, template) in self.environment.iter().filter(|(name, _)| name != PGOPTIONS) {
            command.env(name, template.fill(value).with_context(|| format!("in env.{name}"))?);
        }
        Ok(command)
    }

    /// The connector of its sessions: as `connector`, with what its definition adds to PGOPTIONS.
    fn sessions(&self, connector: &Connector, params: &Params) -> Result<Connector> {
        let Some((_, options)) = self.environment.iter().find(|(name, _)| name == PGOPTIONS) else {
            return Ok(connector.clone());
        };
        let origin = format!("env.{PGOPTIONS}");
        let options = options
            .fill(|name| params.get(name).map(ParamValue::to_string))
            .with_context(|| format!("in {origin}"))?;
        session::check_options(&options, &origin)?;
        let settings = session::of_options(&options, &origin)?;
        Ok(connector.with_settings(settings.iter().map(|(name, value)| (name, value))))
    }

    /// A connector whose sessions have the settings that its program's have, as far as its definition
    /// says what it makes of them.
    ///
    /// # Errors
    /// As for a load: options that are none.
    pub(crate) fn like_its_own(&self, connector: &Connector, params: &Params) -> Result<Connector> {
        match self.settings {
            SettingsSupport::Taken => self.sessions(connector, params),
            SettingsSupport::Ignored => Ok(connector.without_options()),
        }
    }

    /// Judges how the program ended.
    pub(super) fn ended(&self, exit: &program::ProgramExit, target: &LoadTarget<'_>) -> Result<LoaderEnd> {
        let values = values(target)?;
        let count = |rejects: &Rejects| rejects.count(target.scratch, |name| values.get(name).cloned());
        let rejected = self.rejects.as_ref().map(count).transpose()?;
        let status = exit.status;
        let signal = status.signal();
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        let meaning = match code {
            Some(code) if self.success.contains(&code) => match rejected {
                Some(1..) => Meaning::Partial,
                _ => Meaning::Success,
            },
            Some(code) if self.partial.contains(&code) => Meaning::Partial,
            Some(code) if self.not_fed.contains(&code) => Meaning::NotFed,
            _ => Meaning::Failure,
        };
        let said = |name: &str| -> Result<String> {
            let tail = program::tail_of(&target.scratch.join(name))?;
            let paths = [(target.file, "{file}"), (target.scratch, "{scratch}")];
            Ok(redacted(&tail, target.connector, &paths))
        };
        Ok(LoaderEnd {
            exit: status.code().or(signal.map(|signal| 128 + signal)).unwrap_or(-1),
            signal,
            meaning,
            rejected,
            stdout_tail: said(program::STDOUT)?,
            stderr_tail: said(program::STDERR)?,
            cpu: exit.cpu,
            peak_memory: exit.peak_memory,
        })
    }
}

impl LoaderEnd {
    /// Passes when the program loaded all rows, as far as it knows.
    ///
    /// # Errors
    /// When it did not, with its exit code and the last that it said.
    pub fn check(&self) -> Result<()> {
        let how = match (self.meaning, self.rejected) {
            (Meaning::Success, _) => return Ok(()),
            (Meaning::Partial, None) => "ended with a partial load".to_owned(),
            (Meaning::Partial, Some(1)) => "ended with a partial load: 1 row refused".to_owned(),
            (Meaning::Partial, Some(rows)) => {
                format!("ended with a partial load: {} rows refused", units::count(rows))
            }
            (Meaning::NotFed, _) => "could not feed the rows".to_owned(),
            (Meaning::Failure, _) => "failed".to_owned(),
        };
        let exit = match self.signal {
            Some(signal) => format!("signal {signal}"),
            None => format!("exit code {}", self.exit),
        };
        let (name, said) = match self.stderr_tail.is_empty() {
            true => ("standard output", &self.stdout_tail),
            false => ("standard error", &self.stderr_tail),
        };
        match said.is_empty() {
            true => bail!("the program {how} ({exit}) and said nothing"),
            false => bail!("the program {how} ({exit}); the end of its {name}:{said}"),
        }
    }
}

/// The values of the placeholders.
fn values(target: &LoadTarget<'_>) -> Result<BTreeMap<String, String>> {
    let address = environment::address(target.connector)?;
    let path = |path: &Path| {
        path.to_str().map(str::to_owned).with_context(|| format!("the path {} is not UTF-8", path.display()))
    };
    let fixed = [
        ("host", address.host),
        ("port", address.port.to_string()),
        ("user", address.user),
        ("database", address.database),
        ("sslmode", target.connector.ssl_mode().name().into()),
        ("schema", target.schema.into()),
        ("table", qualified(target.schema, target.table)),
        ("table_name", target.table.into()),
        ("columns", target.columns.into()),
        (KEY, target.key.into()),
        ("file", path(target.file)?),
        ("rows", target.rows.to_string()),
        ("scratch", path(target.scratch)?),
        (PYTHON, python()),
    ];
    let params = target.params.iter().map(|(name, value)| (name.clone(), value.to_string()));
    Ok(fixed.map(|(name, value)| (name.to_owned(), value)).into_iter().chain(params).collect())
}
