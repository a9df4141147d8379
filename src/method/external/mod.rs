//! Programs of others that load the table: each is a method like any other, described by a TOML file.
//!
//! Those in `loaders/` are compiled in, a user's own are given by path (docs/add-a-loader.md).
//! [`Loader::execute`] runs one on any file and table; what a sample is, [`Method::load`] adds: the
//! file, what its end means, and the indexes.

mod built_in;
mod definition;
mod environment;
mod execute;
mod extensions;
mod input;
mod placeholders;
mod program;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, OnceLock};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::interrupt::Interrupt;
use crate::method::tools::phases::run;
use crate::method::{Info, Load, Method, PhaseClock, Start, build_indexes};
use crate::pg_error::describe;
use crate::record::{Phase, Source};
use crate::server::{Server, Session};
use crate::table::ddl::quote;
pub use definition::{Beside, Input};
use definition::{Reader, Servers};
pub use execute::{Ended, Meaning, Target};
use execute::{command, filled, python};
use extensions::Extensions;
use placeholders::Template;

/// The interpreter of the Python that has the drivers in it.
const PYTHON: &str = "python";

/// What a definition's texts can have filled in, beside its own parameters.
const PLACEHOLDERS: [&str; 13] = [
    "host",
    "port",
    "user",
    "database",
    "schema",
    "table",
    "table_name",
    "columns",
    "key",
    "file",
    "rows",
    "scratch",
    PYTHON,
];

/// How long a program may take to say its version.
const VERSION_LIMIT: Duration = Duration::from_secs(30);

/// A program of somebody else's that loads the table.
///
/// Timed: the program from its start to its end (load), CREATE INDEX twice where it starts from a
/// table without them. Making the file that it reads, those of its own, and extensions is not. What a
/// crash leaves, and who recommends it, its definition says.
#[derive(Debug)]
pub struct Loader {
    info: Info,
    input: Input,
    servers: Servers,
    reader: Reader,
    extensions: Vec<String>,
    command: Vec<Template>,
    version: Vec<Template>,
    install: String,
    success: Vec<u8>,
    partial: Vec<u8>,
    environment: Vec<(String, Template)>,
    files: Vec<ScratchFile>,
    /// What its program says of its version, or why it cannot be run; found out once.
    presence: OnceLock<Result<String, String>>,
}

/// A file that is made in the sample's directory for the program.
#[derive(Debug)]
struct ScratchFile {
    name: String,
    template: Template,
}

/// The loaders that are compiled in.
pub fn built_in() -> &'static [Loader] {
    static LOADERS: LazyLock<Vec<Loader>> = LazyLock::new(built_in::built_in);
    &LOADERS
}

impl Loader {
    /// Its command as the definition has it: nothing of this machine is in it but what a user wrote
    /// there, and of an absolute path only its last part.
    pub fn command(&self) -> String {
        let shown = |word: &Template| match word.text().strip_prefix('/') {
            Some(path) => path.rsplit('/').next().unwrap_or(path).to_owned(),
            None => word.text().to_owned(),
        };
        self.command.iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    /// The first line that its program says of its version; or why it cannot be run here and where to
    /// get it.
    pub fn presence(&self) -> Result<&str, &str> {
        let found = self.presence.get_or_init(|| {
            self.ask_version().map_err(|why| format!("{why:#}; to have it: {}", self.install))
        });
        found.as_deref().map_err(String::as_str)
    }

    fn ask_version(&self) -> Result<String> {
        let dir = tempfile::tempdir().context("making a directory for the program's output")?;
        let interrupt = Interrupt::new();
        let _deadline = interrupt.deadline(VERSION_LIMIT)?;
        let words = filled(&self.version, |name| (name == PYTHON).then(python))?;
        let exit = program::run(command(&words), dir.path(), &interrupt)?;
        let said = |name| -> Result<String> {
            Ok(String::from_utf8_lossy(&std::fs::read(dir.path().join(name))?).into_owned())
        };
        let (stdout, stderr) = (said(program::STDOUT)?, said(program::STDERR)?);
        if !exit.status.success() {
            let mut lines = stdout.lines().chain(stderr.lines()).rev().map(str::trim);
            let last = lines.find(|line| !line.is_empty());
            bail!("`{}` failed ({}): {}", words.join(" "), exit.status, last.unwrap_or("it said nothing"));
        }
        // Some print it on standard error.
        let first = stdout.lines().chain(stderr.lines()).map(str::trim).find(|line| !line.is_empty());
        Ok(first.with_context(|| format!("`{}` said nothing", words.join(" ")))?.to_owned())
    }

    /// Why it cannot load into this server, in words; `None` when it can.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub fn lacks(&self, server: &dyn Server, session: &mut Session) -> Result<Option<String>> {
        if self.servers == Servers::Disposable && server.facts().source == Source::External {
            return Ok(Some("it only loads into throwaway servers: it could harm one of yours".into()));
        }
        if let Err(why) = self.presence() {
            return Ok(Some(why.to_owned()));
        }
        let lacks = extensions::lacks(&self.extensions, session)?;
        Ok(lacks.map(|why| format!("{why}; to have it: {}", self.install)))
    }
}

impl Method for Loader {
    fn info(&self) -> &Info {
        &self.info
    }

    fn loader(&self) -> Option<&Loader> {
        Some(self)
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let mut session = load.connector.connect()?;
        let schema: String = session
            .query_one("SELECT current_schema()::text", &[])
            .map_err(describe)
            .context("asking the server for the schema")?
            .get(0);
        let _extensions = Extensions::create(&self.extensions, load.server.connector(), &mut session)?;
        let columns = load.table.column_list();
        let table = format!("{}.{}", quote(&schema), quote(&load.table.name));
        let mut file = input::file(self.input, load, &table)?;
        if self.reader == Reader::Server {
            file = seen_by_server(&file, load)?;
        }
        let target = Target {
            connector: load.connector,
            schema: &schema,
            table: &load.table.name,
            columns: &columns,
            key: &load.table.key,
            file: &file,
            rows: load.rows,
            params: load.params,
            scratch: load.scratch,
        };
        let command = self.prepare(&target)?;

        let ended = clock.time(Phase::Load, || {
            let ended = self.run(command, &target)?;
            ended.check()?;
            Ok(ended)
        })?;
        clock.add_program(ended.cpu, ended.peak_memory);
        match self.info.start {
            Start::Empty(_) => build_indexes(load, clock, |sql| run(&mut *session, sql)),
            _ => Ok(()),
        }
    }
}

/// The path under which the server reads the file; one of the sample's own is opened to it.
fn seen_by_server(file: &Path, load: &Load<'_>) -> Result<PathBuf> {
    if file.starts_with(load.scratch) {
        let opening = || format!("opening {} to the server", file.display());
        std::fs::set_permissions(load.scratch, Permissions::from_mode(0o711)).with_context(opening)?;
        std::fs::set_permissions(file, Permissions::from_mode(0o644)).with_context(opening)?;
    }
    load.server.visible_path(file)
}
