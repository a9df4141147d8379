//! A loader: what its definition says of it, and what can be said of its program.

use std::path::Path;
use std::sync::OnceLock;

use anyhow::{Context, Result};

use super::command::{filled, python};
use super::extensions::{self, Extensions};
use super::options::{AllowedServers, InputFormat, InputReader, SettingsSupport, TlsSupport};
use super::placeholders::{KEY, PYTHON, Template};
use super::redact::redacted;
use super::rejects::Rejects;
use super::table_needs::TableNeed;
use super::{program, version};
use crate::method::Info;
use crate::model::{ProgramFacts, Source};
use crate::pg_error::describe;
use crate::server::{self, Connector, Server, Session};

/// An external program that loads the table, as its definition describes it.
///
/// Timed: the program from its start to its end (load), CREATE INDEX twice where it starts from a
/// table without them; and before it the keys, where it wants them in its file (prepare). Otherwise making
/// the file that it reads is not, nor are those of its own, and extensions. What a crash leaves, and
/// who recommends it, its definition says.
#[derive(Debug)]
pub struct Loader {
    pub(super) info: Info,
    pub(super) input: InputFormat,
    pub(super) servers: AllowedServers,
    pub(super) reader: InputReader,
    pub(super) settings: SettingsSupport,
    pub(super) table: Vec<TableNeed>,
    /// The types that its program makes values of; none where it makes those of any.
    pub(super) types: Vec<String>,
    pub(super) extensions: Vec<String>,
    pub(super) command: Vec<Template>,
    pub(super) version: Vec<Template>,
    pub(super) install: String,
    pub(super) tls: TlsSupport,
    pub(super) success: Vec<u8>,
    pub(super) partial: Vec<u8>,
    pub(super) not_fed: Vec<u8>,
    pub(super) rejects: Option<Rejects>,
    pub(super) environment: Vec<(String, Template)>,
    pub(super) files: Vec<ScratchFile>,
    /// SHA-256 of the definition and its files, in hexadecimal.
    pub(super) definition: String,
    /// The version that its program reports, or why it cannot be run; found out once.
    pub(super) presence: OnceLock<Result<String, String>>,
}

/// A file that is made in the sample's directory for the program.
#[derive(Debug)]
pub(crate) struct ScratchFile {
    pub(super) name: String,
    pub(super) template: Template,
}

impl Loader {
    /// The form of the rows that it reads.
    pub(crate) fn input(&self) -> InputFormat {
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

    /// The program that it needs by name; `None` where a script of its own does the work.
    pub(crate) fn program(&self) -> Option<&str> {
        self.command.first().map(Template::text).filter(|name| !name.contains('{'))
    }

    /// How to have its program, in words.
    pub(crate) fn install(&self) -> &str {
        &self.install
    }

    /// Whether its texts name the table's key.
    pub(super) fn names_key(&self) -> bool {
        let environment = self.environment.iter().map(|(_, text)| text);
        let files = self.files.iter().map(|file| &file.template);
        self.command.iter().chain(environment).chain(files).any(|text| text.names(KEY))
    }

    /// Its entry in the record, but for the version of its program.
    pub(crate) fn facts(&self) -> ProgramFacts {
        ProgramFacts { command: self.command(), version: None, definition: Some(self.definition.clone()) }
    }

    /// The first line that its program says of its version.
    ///
    /// # Errors
    /// Why it cannot be run here, and where to get it.
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
    pub(crate) fn lacks(
        &self,
        server: &dyn Server,
        settings: &server::Settings,
        session: &mut Session,
    ) -> Result<Option<String>> {
        if self.servers == AllowedServers::Disposable && server.facts().source == Source::External {
            return Ok(Some("it only loads into throwaway servers: it could harm one of yours".into()));
        }
        if let Err(why) = self.presence() {
            return Ok(Some(why.to_owned()));
        }
        if self.tls == TlsSupport::Unverified && server.connector().ssl_mode().verifies() {
            return Ok(Some("it cannot verify the server's certificate, as this connection demands".into()));
        }
        if self.settings == SettingsSupport::Ignored
            && let Some(name) = lost(settings, server, session)?
        {
            return Ok(Some(format!("its sessions cannot be given settings, and the case sets {name}")));
        }
        let lacks = extensions::lacks(&self.extensions, session)?;
        Ok(lacks.map(|why| format!("{why}; to have it: {}", self.install)))
    }

    /// The last that the program said in the sample's directory, which is `scratch`, as errors have it;
    /// `None` where it said nothing, or none ran.
    pub(crate) fn last_words(connector: &Connector, scratch: &Path) -> Option<String> {
        let said = |name| program::tail_of(&scratch.join(name)).ok().filter(|text| !text.is_empty());
        let (name, text) = [("standard error", program::STDERR), ("standard output", program::STDOUT)]
            .into_iter()
            .find_map(|(name, file)| Some((name, said(file)?)))?;
        let text = redacted(&text, connector, &[(scratch, "{scratch}")]);
        Some(format!("the end of the program's {name}:{text}\nand then"))
    }

    /// All output of the program in the directory `scratch`, errors first, as records have it.
    ///
    /// # Errors
    /// When it cannot be read, as where none ran.
    pub(crate) fn printed(connector: &Connector, scratch: &Path) -> Result<String> {
        let mut printed = String::new();
        for name in [program::STDERR, program::STDOUT] {
            let path = scratch.join(name);
            let bytes = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
            printed.push_str(&String::from_utf8_lossy(&bytes));
        }
        Ok(redacted(&printed, connector, &[(scratch, "{scratch}")]))
    }

    /// Makes the server's extensions that it needs, for as long as what is returned lives.
    ///
    /// # Errors
    /// The server's error.
    pub(crate) fn extensions<'a>(
        &self,
        connector: &'a Connector,
        session: &mut Session,
    ) -> Result<Extensions<'a>> {
        Extensions::create(&self.extensions, connector, session)
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
