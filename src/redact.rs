//! Takes out of a text what is this machine's or this user's alone, as records may be published: secrets,
//! addresses, names and paths, each by the value that the run knows, or by a form that only they have.
//!
//! A value is taken out where it stands as a word of its own, and a name in braces says which thing it was.
//! The words before it count for more than the value: `role "x"` names a user, also where x is the password,
//! and `relation "x"` names neither. A value that is a word of many messages (`postgres`) is taken out only
//! where the words before it say what it is.

mod label;
mod pattern;
mod thing;

use std::net::IpAddr;
use std::path::Path;

use tokio_postgres::config::Host;

pub(crate) use thing::Thing;

use crate::cache_dir::default_cache_dir;
use label::Label;

/// A value in one of the ways in which texts write it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    thing: Thing,
    written: String,
    /// Whether it may be taken out where nothing says what it is.
    telling: bool,
}

/// The values and forms that are taken out of texts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Redactor {
    /// The longest first: a value may be a part of another.
    known: Vec<Known>,
}

impl Redactor {
    /// A redactor of this machine's facts: its name, this user's name and home, the cache, and the
    /// current directory.
    pub(crate) fn of_machine() -> Self {
        let mut new = Self::default();
        let uname = rustix::system::uname();
        let node = uname.nodename().to_string_lossy();
        new.hide(Thing::Machine, &node);
        new.hide(Thing::Machine, node.split('.').next().unwrap_or_default());
        for name in ["USER", "LOGNAME"] {
            new.hide(Thing::User, &std::env::var(name).unwrap_or_default());
        }
        if let Ok(cache) = default_cache_dir() {
            new.hide_path("{cache}", &cache);
        }
        if let Some(home) = std::env::home_dir() {
            new.hide_path("{home}", &home);
        }
        if let Ok(current) = std::env::current_dir() {
            new.hide_path("{directory}", &current);
        }
        new
    }

    /// A value of this kind; nothing for an empty one, or one that says nothing of anybody (`localhost`).
    pub(crate) fn hide(&mut self, thing: Thing, value: &str) {
        let is_loopback = |value: &str| value.parse().is_ok_and(|ip: IpAddr| !pattern::is_telling(ip));
        if value.is_empty() || value == "/" || value.eq_ignore_ascii_case("localhost") || is_loopback(value) {
            return;
        }
        let telling = is_telling(value);
        for written in ways_to_write(value) {
            let known = Known { thing, written, telling };
            if !self.known.contains(&known) {
                self.known.push(known);
            }
        }
        self.known.sort_by_key(|known| (std::cmp::Reverse(known.written.len()), known.thing));
    }

    /// An absolute path, also in the form without links.
    pub(crate) fn hide_path(&mut self, name: &'static str, path: &Path) {
        if !path.is_absolute() {
            return;
        }
        let real = std::fs::canonicalize(path);
        for path in [Some(path), real.as_deref().ok()].into_iter().flatten() {
            self.hide(Thing::Path(name), path.display().to_string().trim_end_matches('/'));
        }
    }

    /// Adds where a connection leads to, and as which user.
    pub(crate) fn hide_connection(&mut self, config: &tokio_postgres::Config) {
        if let Some(password) = config.get_password() {
            self.hide(Thing::Password, &String::from_utf8_lossy(password));
        }
        for host in config.get_hosts() {
            match host {
                Host::Unix(dir) => self.hide(Thing::Socket, &dir.display().to_string()),
                Host::Tcp(name) if name.parse::<IpAddr>().is_ok() => self.hide(Thing::Address, name),
                Host::Tcp(name) => self.hide(Thing::Host, name),
            }
        }
        for address in config.get_hostaddrs() {
            self.hide(Thing::Address, &address.to_string());
        }
        let Some(user) = config.get_user() else { return };
        self.hide(Thing::User, user);
        let database = config.get_dbname().unwrap_or(user);
        if names(database, user) {
            self.hide(Thing::Database, database);
        }
    }

    /// Takes all of it out of this text.
    pub(crate) fn within(&self, text: &mut String) {
        *text = self.text(text);
    }

    /// The text without any of it.
    pub(crate) fn text(&self, text: &str) -> String {
        let text = pattern::urls(text);
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        while let Some(next) = text[at..].chars().next() {
            match self.found(&text, at) {
                Some((known, thing)) => {
                    out.push_str(thing.placeholder());
                    at += known.written.len();
                }
                None => {
                    out.push(next);
                    at += next.len_utf8();
                }
            }
        }
        pattern::addresses(&pattern::hosts(&pattern::assignments(&out)))
    }

    /// The value that stands at this place, and what it is there.
    fn found(&self, text: &str, at: usize) -> Option<(&Known, Thing)> {
        if !starts_word(text, at) {
            return None;
        }
        let mut here = self.known.iter().filter(|known| stands(text, at, known)).peekable();
        // Of the longest that is there: a shorter one would leave its rest.
        let length = here.peek()?.written.len();
        let things: Vec<&Known> = here.take_while(|known| known.written.len() == length).collect();
        let label = Label::before(&text[..at]);
        let named = label.things().iter().find_map(|thing| things.iter().find(|known| known.thing == *thing));
        let known =
            named.or_else(|| things.iter().find(|known| known.telling && label.allows(known.thing)))?;
        Some((known, known.thing))
    }
}

/// Whether a text has a name in braces in place of something that was taken out.
pub(crate) fn names_a_thing(text: &str) -> bool {
    let things = [
        Thing::Password,
        Thing::Path("{cache}"),
        Thing::Path("{home}"),
        Thing::Path("{directory}"),
        Thing::Path("{data}"),
        Thing::Socket,
        Thing::Host,
        Thing::Address,
        Thing::Machine,
        Thing::User,
        Thing::Database,
    ];
    things.iter().any(|thing| text.contains(thing.placeholder()))
}

/// Whether a value stands at this place of the text, and ends there.
fn stands(text: &str, at: usize, known: &Known) -> bool {
    let Some(here) = text.get(at..at + known.written.len()) else { return false };
    let same = match known.thing {
        Thing::Host | Thing::Machine => here.eq_ignore_ascii_case(&known.written),
        _ => here == known.written,
    };
    same && ends_word(text, at + known.written.len())
}

/// Whether no word goes on over the start of this place.
fn starts_word(text: &str, at: usize) -> bool {
    let mut before = text[..at].chars().rev();
    match (before.next(), before.next()) {
        (Some('-' | '.'), Some(further)) => !further.is_alphanumeric(),
        (Some(c), _) => !is_word(c),
        (None, _) => true,
    }
}

/// Whether no word goes on over the end of this place.
fn ends_word(text: &str, at: usize) -> bool {
    let mut behind = text[at..].chars();
    match (behind.next(), behind.next()) {
        (Some('-' | '.'), Some(further)) => !further.is_alphanumeric(),
        (Some(c), _) => !is_word(c),
        (None, _) => true,
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether nobody writes the value for another reason.
fn is_telling(value: &str) -> bool {
    let well_known = include_str!("redact/well_known.txt").split_whitespace();
    let digits_only = value.chars().all(|c| c.is_ascii_digit());
    let least = if digits_only { 6 } else { 3 };
    value.chars().count() >= least && !well_known.into_iter().any(|word| word.eq_ignore_ascii_case(value))
}

/// Whether a database is called after a user.
fn names(database: &str, user: &str) -> bool {
    database.split(['_', '-', '.']).chain([database]).any(|part| part.eq_ignore_ascii_case(user))
}

/// As it is, percent-encoded, and with its quotes doubled or escaped.
fn ways_to_write(value: &str) -> Vec<String> {
    let encoded = |keep: &str, upper: bool| {
        let byte = |b: &u8| match char::from(*b) {
            c if c.is_ascii_alphanumeric() || keep.contains(c) => c.to_string(),
            _ if upper => format!("%{b:02X}"),
            _ => format!("%{b:02x}"),
        };
        value.as_bytes().iter().map(byte).collect::<String>()
    };
    let escaped =
        |c: char| ['\\', c].iter().fold(value.to_owned(), |text, c| text.replace(*c, &format!("\\{c}")));
    let mut ways = vec![
        value.to_owned(),
        encoded("-._~", true),
        encoded("-._~", false),
        encoded("-._~/:!$&'()*+,;=", true),
        value.replace('"', "\"\""),
        value.replace('\'', "''"),
        escaped('\''),
        escaped('"'),
    ];
    ways.sort();
    ways.dedup();
    ways
}

#[cfg(test)]
#[path = "redact/tests.rs"]
mod tests;
