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
mod redact;
mod rejects;
mod search;
mod version;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result};

use crate::method::tools::phases::run;
use crate::method::{Info, Load, Method, PhaseClock, Start, build_indexes};
use crate::model::{Phase, ProgramFacts, Source};
use crate::pg_error::describe;
use crate::server::{self, Connector, Server, Session};
use crate::sql::qualified;
use crate::table::verify::Keys;
pub use built_in::built_in;
pub use definition::{Beside, Input};
use definition::{Reader, Servers, Settings, Tls};
pub use execute::{Ended, Meaning, Target};
use execute::{filled, python};
pub use extensions::Extensions;
use placeholders::Template;
pub use redact::redacted;
use rejects::Rejects;

/// The interpreter of the Python that has the drivers in it.
const PYTHON: &str = "python";

/// What a definition's texts can have filled in, beside its own parameters.
const PLACEHOLDERS: [&str; 14] = [
    "host",
    "port",
    "user",
    "database",
    "sslmode",
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

/// A program of somebody else's that loads the table.
///
/// Timed: the program from its start to its end (load), CREATE INDEX twice where it starts from a
/// table without them; and before it the keys, where it wants them in its file (prepare). Otherwise making
/// the file that it reads is not, nor are those of its own, and extensions. What a crash leaves, and
/// who recommends it, its definition says.
#[derive(Debug)]
pub struct Loader {
    info: Info,
    input: Input,
    servers: Servers,
    reader: Reader,
    settings: Settings,
    extensions: Vec<String>,
    command: Vec<Template>,
    version: Vec<Template>,
    install: String,
    tls: Tls,
    success: Vec<u8>,
    partial: Vec<u8>,
    not_fed: Vec<u8>,
    rejects: Option<Rejects>,
    environment: Vec<(String, Template)>,
    files: Vec<ScratchFile>,
    /// SHA-256 of the definition and its files, in hexadecimal.
    definition: String,
    /// What its program says of its version, or why it cannot be run; found out once.
    presence: OnceLock<Result<String, String>>,
}

/// A file that is made in the sample's directory for the program.
#[derive(Debug)]
struct ScratchFile {
    name: String,
    template: Template,
}

impl Loader {
    /// What it reads.
    pub fn input(&self) -> Input {
        self.input
    }

    /// Its command as the definition has it: nothing of this machine is in it but what a user wrote
    /// there, and of an absolute path only its last part.
    pub fn command(&self) -> String {
        let shown = |word: &Template| match word.text().strip_prefix('/') {
            Some(path) => path.rsplit('/').next().unwrap_or(path).to_owned(),
            None => word.text().to_owned(),
        };
        self.command.iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    /// What a record says of it, but for the version of its program.
    pub fn facts(&self) -> ProgramFacts {
        ProgramFacts { command: self.command(), version: None, definition: Some(self.definition.clone()) }
    }

    /// The first line that its program says of its version; or why it cannot be run here and where to
    /// get it.
    pub fn presence(&self) -> Result<&str, &str> {
        let found = self.presence.get_or_init(|| {
            filled(&self.version, |name| (name == PYTHON).then(python))
                .map_err(|why| format!("{why:#}"))
                .and_then(|words| version::said(&words))
                .map_err(|why| format!("{why}; to have it: {}", self.install))
        });
        found.as_deref().map_err(String::as_str)
    }

    /// Why it cannot load into this server under a case's settings, in words; `None` when it can.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub fn lacks(
        &self,
        server: &dyn Server,
        settings: &server::Settings,
        session: &mut Session,
    ) -> Result<Option<String>> {
        if self.servers == Servers::Disposable && server.facts().source == Source::External {
            return Ok(Some("it only loads into throwaway servers: it could harm one of yours".into()));
        }
        if let Err(why) = self.presence() {
            return Ok(Some(why.to_owned()));
        }
        if self.tls == Tls::Unverified && server.connector().ssl_mode().verifies() {
            return Ok(Some("it cannot verify the server's certificate, as this connection demands".into()));
        }
        if self.settings == Settings::Ignored
            && let Some(name) = lost(settings, server, session)?
        {
            return Ok(Some(format!("its sessions cannot be given settings, and the case sets {name}")));
        }
        let lacks = extensions::lacks(&self.extensions, session)?;
        Ok(lacks.map(|why| format!("{why}; to have it: {}", self.install)))
    }

    /// The last that the program said in the sample's directory, which is `scratch`, as errors have it;
    /// `None` where it said nothing, or none ran.
    pub fn last_words(connector: &Connector, scratch: &Path) -> Option<String> {
        let said = |name| program::tail_of(&scratch.join(name)).ok().filter(|text| !text.is_empty());
        let (name, text) = [("standard error", program::STDERR), ("standard output", program::STDOUT)]
            .into_iter()
            .find_map(|(name, file)| Some((name, said(file)?)))?;
        let text = redact::redacted(&text, connector, &[(scratch, "{scratch}")]);
        Some(format!("the end of the program's {name}:{text}\nand then"))
    }

    /// All that the program said in the directory `scratch`, errors first, as records have it.
    ///
    /// # Errors
    /// When it cannot be read, as where none ran.
    pub fn printed(connector: &Connector, scratch: &Path) -> Result<String> {
        let mut printed = String::new();
        for name in [program::STDERR, program::STDOUT] {
            let path = scratch.join(name);
            let bytes = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
            printed.push_str(&String::from_utf8_lossy(&bytes));
        }
        Ok(redact::redacted(&printed, connector, &[(scratch, "{scratch}")]))
    }

    /// Makes the server's extensions that it needs, for as long as what is returned lives.
    ///
    /// # Errors
    /// What the server says.
    pub fn extensions<'a>(&self, connector: &'a Connector, session: &mut Session) -> Result<Extensions<'a>> {
        Extensions::create(&self.extensions, connector, session)
    }
}

impl Method for Loader {
    fn info(&self) -> &Info {
        &self.info
    }

    fn loader(&self) -> Option<&Loader> {
        Some(self)
    }

    fn keys(&self) -> Keys {
        match self.input {
            Input::KeyedCsv => Keys::Counted,
            _ => Keys::Unique,
        }
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let mut session = load.connector.connect()?;
        let home = load.server.home();
        let _extensions = self.extensions(load.server.connector(), &mut session)?;
        let keyed = self.input == Input::KeyedCsv;
        let columns = match keyed {
            true => load.table.with_key_column().column_list(),
            false => load.table.column_list(),
        };
        let table = qualified(&home.name, &load.table.name);
        let mut file = input::file(self.input, load, &table, clock)?;
        if self.reader == Reader::Server {
            file = seen_by_server(&file, load)?;
        }
        let target = Target {
            connector: load.connector,
            schema: &home.name,
            table: &load.table.name,
            columns: &columns,
            key: &load.table.key,
            file: &file,
            rows: load.rows,
            params: load.params,
            scratch: load.scratch,
        };
        let command = self.prepare(&target)?;

        let exit =
            clock.time(Phase::Load, || program::run(command, load.scratch, load.connector.interrupt()))?;
        clock.add_program(exit.cpu, exit.peak_memory);
        self.ended(&exit, &target)?.check()?;
        if keyed {
            clock.time(Phase::Load, || run(&mut *session, &load.table.advance_key()))?;
        }
        match self.info.start {
            Start::Empty(_) => build_indexes(load, clock, |sql| run(&mut *session, sql)),
            _ => Ok(()),
        }
    }
}

/// The first of a case's settings that only its sessions would have.
fn lost(settings: &server::Settings, server: &dyn Server, session: &mut Session) -> Result<Option<String>> {
    let restarted = server.restarts_for(settings);
    for (name, value) in settings.iter().filter(|(name, _)| !restarted.contains_key(*name)) {
        let has: Option<String> = session
            .query_one("SELECT current_setting($1, true)", &[name])
            .map_err(describe)
            .with_context(|| format!("asking the server for {name}"))?
            .get(0);
        if !has.is_some_and(|has| has.eq_ignore_ascii_case(value)) {
            return Ok(Some(name.clone()));
        }
    }
    Ok(None)
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
