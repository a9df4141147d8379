//! The TOML file that describes a loader: its keys, and what is checked of them before anything runs.

mod files;
mod parameter;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;

use anyhow::{Context, Result};
use ring::digest::{Context as Hasher, SHA256};
use serde::Deserialize;

use super::environment::PGOPTIONS;
use super::loader::{Loader, ScratchFile};
use super::options::{AllowedServers, InputFormat, InputReader, SettingsSupport, TlsSupport};
use super::placeholders::{PLACEHOLDERS, PYTHON, Template};
use super::rejects::Rejected;
use super::table_needs::TableNeed;
use crate::fault::unknown_field;
use crate::method::{Extent, Family, Info, Need, Param, Start};
use crate::model::{Durability, Persistence};
use crate::spelling::Named;
use crate::{session, usage};
pub use files::Beside;
use files::TextFile;
use parameter::Parameter;

/// A loader as its file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Definition {
    id: String,
    summary: String,
    source: String,
    #[serde(default)]
    start: Begin,
    #[serde(default = "durable")]
    durability: Named<Durability>,
    input: InputFormat,
    #[serde(default)]
    extent: HowMany,
    #[serde(default)]
    servers: AllowedServers,
    #[serde(default)]
    reader: InputReader,
    #[serde(default)]
    settings: SettingsSupport,
    #[serde(default)]
    tls: TlsSupport,
    #[serde(default)]
    table: Vec<TableNeed>,
    #[serde(default)]
    types: Vec<String>,
    #[serde(default)]
    extensions: Vec<String>,
    command: Vec<String>,
    version: Vec<String>,
    install: String,
    #[serde(default)]
    exit: ExitCodes,
    rejected: Option<Rejected>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    params: BTreeMap<String, Parameter>,
    #[serde(default, rename = "file")]
    files: Vec<TextFile>,
}

/// The table that a loader begins with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Begin {
    #[default]
    Empty,
    Indexed,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum HowMany {
    #[default]
    Full,
    Budgeted,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ExitCodes {
    #[serde(default = "zero")]
    success: Vec<u8>,
    #[serde(default)]
    partial: Vec<u8>,
    #[serde(default)]
    not_fed: Vec<u8>,
}

impl Default for ExitCodes {
    fn default() -> Self {
        Self { success: zero(), partial: Vec::new(), not_fed: Vec::new() }
    }
}

/// The variables that say where libpq connects to, and as whom.
const LEADING: [&str; 8] =
    ["PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE", "PGSERVICEFILE", "PGSYSCONFDIR"];

fn zero() -> Vec<u8> {
    vec![0]
}

fn durable() -> Named<Durability> {
    Named(Durability::Durable)
}

impl Loader {
    /// The loader that a user's file describes.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] when the file cannot be read, and as [`Loader::parse`].
    pub fn read(path: &Path) -> Result<Self> {
        let text = crate::fs::read_text(path)
            .map_err(|e| usage!("--loader {}: cannot read it: {e}; check the path", path.display()))?;
        // A program is started elsewhere: paths beside the definition have to be absolute.
        let absolute = std::path::absolute(path).with_context(|| format!("finding {}", path.display()))?;
        let dir = absolute.parent().unwrap_or(Path::new("/"));
        Self::parse(&text, &path.display().to_string(), Beside::Directory(dir))
    }

    /// Reads a definition; `origin` names it in messages.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`], naming the file, the key, its value, the rule and the next step.
    pub fn parse(text: &str, origin: &str, beside: Beside<'_>) -> Result<Self> {
        let file: Definition = toml::from_str(text)
            .map_err(|e| usage!("{origin}: {}{}", e.to_string().trim_end(), unknown_field(e.message())))?;
        let mut loader = file.loader(beside).with_context(|| format!("in the loader {origin}"))?;
        loader.definition = sha256(text, &loader.files);
        Ok(loader)
    }
}

/// SHA-256, in hexadecimal, of a definition's text and the files that it makes.
fn sha256(text: &str, files: &[ScratchFile]) -> String {
    let mut hasher = Hasher::new(&SHA256);
    hasher.update(text.as_bytes());
    files.iter().for_each(|file| hasher.update(file.template.text().as_bytes()));
    hasher.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Definition {
    fn loader(self, beside: Beside<'_>) -> Result<Loader> {
        self.check()?;
        let known: Vec<&str> =
            PLACEHOLDERS.iter().copied().chain(self.params.keys().map(String::as_str)).collect();
        let command = words("command", &self.command, &known, beside)?;
        let version = words("version", &self.version, &[PYTHON], beside)?;
        let mut environment = Vec::new();
        for (name, value) in &self.env {
            // What a session has is also read back on a connection that has no file to load.
            let params: Vec<&str> = self.params.keys().map(String::as_str).collect();
            let known = if name == PGOPTIONS { &params } else { &known };
            let value = Template::parse(value, known).with_context(|| format!("in env.{name}"))?;
            environment.push((name.clone(), value));
        }
        let files =
            self.files.iter().map(|file| file.scratch_file(&known, beside)).collect::<Result<Vec<_>>>()?;
        self.check_place(&command, &files)?;
        let rejects = self.rejected.as_ref().map(|rejected| rejected.check(&known)).transpose()?;
        let params =
            self.params.iter().map(|(name, parameter)| parameter.check(name)).collect::<Result<_>>()?;
        let info = self.info(params);
        Ok(Loader {
            info,
            input: self.input,
            servers: self.servers,
            reader: self.reader,
            settings: self.settings,
            tls: self.tls,
            table: self.table,
            types: self.types,
            extensions: self.extensions,
            command,
            version,
            install: self.install,
            success: self.exit.success,
            partial: self.exit.partial,
            not_fed: self.exit.not_fed,
            rejects,
            environment,
            files,
            definition: String::new(),
            presence: OnceLock::new(),
        })
    }

    /// Refuses what would lead its sessions elsewhere, where it can be seen: a program that does so by
    /// itself cannot be kept from it.
    fn check_place(&self, command: &[Template], files: &[ScratchFile]) -> Result<()> {
        if let Some(name) = self.env.keys().find(|name| LEADING.contains(&name.as_str())) {
            return Err(usage!(
                "env.{name}: the run says which server, database and role a loader connects to; leave it out"
            ));
        }
        if let Some(options) = self.env.get(PGOPTIONS) {
            session::check_options(options, &format!("env.{PGOPTIONS}"))?;
        }
        let words = command.iter().map(|word| ("command".to_owned(), word.text()));
        let env = self.env.iter().map(|(name, value)| (format!("env.{name}"), value.as_str()));
        let files = files.iter().map(|file| (format!("the file {}", file.name), file.template.text()));
        for (place, text) in words.chain(env).chain(files) {
            if let Some(moving) = session::moved_in(text) {
                return Err(usage!(
                    "{place}: `{moving}` takes a session out of the run's own schema, or lets it act for another role; leave it out: {{table}} names the table with its schema, and {{schema}} the schema"
                ));
            }
        }
        Ok(())
    }

    /// The method's description for the catalogue.
    fn info(&self, params: Vec<Param>) -> Info {
        Info {
            durability: self.durability.0,
            start: match self.start {
                Begin::Empty => Start::Empty(Persistence::Permanent),
                Begin::Indexed => Start::Indexed,
            },
            extent: match self.extent {
                HowMany::Full => Extent::Full,
                HowMany::Budgeted => Extent::Budgeted,
            },
            input: self.input.encoding(),
            needs: match self.reader {
                InputReader::Client => Vec::new(),
                InputReader::Server => vec![Need::ReadsFile],
            },
            params,
            ..Info::new(Family::External, &self.source).named(&self.id, &self.summary)
        }
    }

    /// Checks the rules beyond the type of a key.
    fn check(&self) -> Result<()> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.id.is_empty() || !self.id.chars().all(plain) {
            return Err(usage!(
                "id = \"{}\": an id is made of small letters, digits and hyphens, and names the method",
                self.id
            ));
        }
        for (key, text) in [("summary", &self.summary), ("source", &self.source), ("install", &self.install)]
        {
            if text.trim().is_empty() || text.contains('\n') {
                return Err(usage!("{key} = {text:?}: it has to be one line of words; tables show it"));
            }
        }
        for name in self.env.keys() {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.is_empty() || !name.chars().all(plain) {
                return Err(usage!("env.{name}: a variable's name is made of letters, digits and _"));
            }
        }
        for name in self.params.keys() {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            if name.is_empty() || !name.chars().all(plain) || PLACEHOLDERS.contains(&name.as_str()) {
                return Err(usage!(
                    "params.{name}: a parameter's name is made of small letters, digits and _, and is none of {}",
                    PLACEHOLDERS.join(", ")
                ));
            }
        }
        let mut names = BTreeSet::new();
        if let Some(twice) =
            self.files.iter().filter_map(TextFile::name).find(|name| !names.insert(name.clone()))
        {
            return Err(usage!("the file {twice} is there twice; give one of them another name"));
        }
        if self.exit.success.is_empty() {
            return Err(usage!(
                "exit.success = []: no end of the program would be a success; list 0 or others"
            ));
        }
        let ExitCodes { success, partial, not_fed } = &self.exit;
        let codes = [("success", success), ("partial", partial), ("not-fed", not_fed)];
        for (place, (name, codes_of_one)) in codes.iter().enumerate() {
            for (other, codes_of_other) in &codes[place + 1..] {
                if let Some(both) = codes_of_one.iter().find(|code| codes_of_other.contains(code)) {
                    return Err(usage!("exit: {both} cannot be {name} and {other}; leave it out of one"));
                }
            }
        }
        Ok(())
    }
}

/// The words of a command. A program given by a relative path with a slash lies beside the definition.
fn words(key: &str, words: &[String], known: &[&str], beside: Beside<'_>) -> Result<Vec<Template>> {
    let [program, arguments @ ..] = words else {
        return Err(usage!(
            "{key} = []: it has to name a program, then its arguments, each in quotes of its own"
        ));
    };
    if program.trim().is_empty() {
        return Err(usage!("{key}: its first word, the program, is empty; name one"));
    }
    let parse = |word: &str| Template::parse(word, known).with_context(|| format!("in {key}, word `{word}`"));
    let mut program = parse(program)?;
    if let Beside::Directory(dir) = beside {
        program = program.beside(dir)?;
    }
    std::iter::once(Ok(program)).chain(arguments.iter().map(|word| parse(word))).collect()
}
