//! Labels: the words before a value that say its kind.

use super::thing::Thing;

/// The kind of a value by the words before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    /// Nothing says what it is.
    None,
    /// These things; another known value there is taken out as what it is, but for a password.
    Things(&'static [Thing]),
    /// Perhaps these things.
    Perhaps(&'static [Thing]),
    /// Something of the database's that is none of these things: a table, a column.
    Object,
}

/// Words and what follows them.
const THINGS: [(&[&str], &[Thing]); 4] = [
    (
        &["user", "role", "login", "username", "owner", "pguser", "account", "principal", "uid", "-u"],
        &[Thing::User],
    ),
    (&["password", "passwd", "pass", "pwd", "pgpassword"], &[Thing::Password]),
    (&["database", "dbname", "db", "pgdatabase", "-d"], &[Thing::Database, Thing::User]),
    (
        &["host", "hostname", "hostaddr", "server", "pghost", "pghostaddr", "lookup", "-h"],
        &[Thing::Host, Thing::Address, Thing::Socket, Thing::Machine],
    ),
];

/// Words that are often before a host.
const PERHAPS_HOST: [&str; 5] = ["at", "to", "reach", "resolve", "dial"];

/// Words before what is the database's.
const OBJECTS: [&str; 26] = [
    "table",
    "relation",
    "column",
    "constraint",
    "schema",
    "index",
    "function",
    "type",
    "extension",
    "view",
    "sequence",
    "parameter",
    "setting",
    "trigger",
    "domain",
    "operator",
    "collation",
    "language",
    "tablespace",
    "publication",
    "policy",
    "rule",
    "attribute",
    "field",
    "method",
    "program",
];

impl Label {
    /// The label in the text before a value: its last word, past quotes, brackets, `=` and `:`.
    pub(crate) fn before(text: &str) -> Self {
        let text = text.trim_end_matches(['"', '\'', '`', '(', '[', '«', '“', '‘', '\\']);
        let text = text.trim_end_matches([' ', '\t', '=', ':', '"', '\'', '`']);
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        let start = text.char_indices().rev().take_while(|(_, c)| is_word(*c)).last();
        let Some((start, _)) = start else { return Label::None };
        let word = text[start..].trim_start_matches("--").to_lowercase();
        if OBJECTS.contains(&word.as_str()) {
            return Label::Object;
        }
        let things = THINGS.iter().find(|(words, _)| words.contains(&word.as_str()));
        match things {
            Some((_, things)) => Label::Things(things),
            None if PERHAPS_HOST.contains(&word.as_str()) => Label::Perhaps(THINGS[3].1),
            None => Label::None,
        }
    }

    /// The kinds that the value may be.
    pub(crate) fn things(self) -> &'static [Thing] {
        match self {
            Label::Things(things) | Label::Perhaps(things) => things,
            Label::None | Label::Object => &[],
        }
    }

    /// Whether a value may be this here although the words do not say so.
    pub(crate) fn allows(self, thing: Thing) -> bool {
        match self {
            Label::None | Label::Perhaps(_) => true,
            Label::Things(_) => thing != Thing::Password,
            Label::Object => matches!(thing, Thing::Path(_) | Thing::Socket),
        }
    }
}
