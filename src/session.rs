//! Settings that a session may be given: none that would take it out of the run's own schema or let it act as
//! another role, wherever they come from.
//!
//! The rule is by name, as PostgreSQL has no mark for such settings (manual, "Client Connection
//! Defaults"): where unqualified names are looked up and made, and who looks and makes. Not among them are
//! those that only say how or where the rows of the run's own tables are stored (`default_tablespace`,
//! `temp_tablespaces`, `default_table_access_method`), and libraries (`session_preload_libraries` and its
//! kin), which only load what the server's administrator has put there.

use std::sync::LazyLock;

use anyhow::{Context, Result};
use regex::Regex;

use crate::usage;

/// The effect for which a setting is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moves {
    /// Statements land in another schema.
    Schema,
    /// Statements are run by another role.
    Role,
}

/// The settings that move a session, by the names that servers show them by. `schema` is what
/// `SET SCHEMA` calls search_path.
const MOVING: [(&str, Moves); 4] = [
    ("search_path", Moves::Schema),
    ("schema", Moves::Schema),
    ("role", Moves::Role),
    ("session_authorization", Moves::Role),
];

impl Moves {
    /// The effect of the setting of this name, in whatever case and with whatever quotes it is written;
    /// `None` for one that leaves a session where it is.
    pub(crate) fn by(name: &str) -> Option<Self> {
        let name = canonical(name);
        MOVING.iter().find(|(known, _)| *known == name).map(|(_, moves)| *moves)
    }

    fn words(self) -> &'static str {
        match self {
            Moves::Schema => {
                "would take its sessions out of the run's own schema, to tables that are not its own"
            }
            Moves::Role => "would let its sessions act for another role",
        }
    }
}

/// A setting's name as servers have it. In an option `-` stands for `_` (src/backend/utils/misc/guc.c,
/// ParseLongOption).
fn canonical(name: &str) -> String {
    name.trim().trim_matches(['"', '\'']).trim().to_ascii_lowercase().replace('-', "_")
}

/// Passes when a session may be given all of these settings; `origin` says where they come from.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] with the first that moves it, or whose name is no setting's: in
/// the options of a connection one with a blank in it would be several.
pub(crate) fn check<'n>(names: impl IntoIterator<Item = &'n String>, origin: &str) -> Result<()> {
    for name in names {
        if let Some(moves) = Moves::by(name) {
            return Err(usage!(
                "{origin}: the setting `{name}` {}; a run works in a schema that it makes and drops: leave the setting out",
                moves.words()
            ));
        }
        let plain = |c: char| c.is_alphanumeric() || "_.$".contains(c);
        if name.is_empty() || !name.chars().all(plain) {
            return Err(usage!(
                "{origin}: `{name}` is no name of a setting, which is made of letters, digits, `_` and `.`, e.g. work_mem"
            ));
        }
    }
    Ok(())
}

/// The first place in a text (SQL, a command's word) where it says what moves a session; `{schema}`, for
/// which the run's own schema is filled in, is no other place.
pub(crate) fn moved_in(text: &str) -> Option<&str> {
    static MOVING: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = r#"(?ix)
            search (?: [_-] | %5f | %2d ) path \b | session (?: [_-] | %5f | %2d ) authorization \b
            | \b set (?: \s | /\* .*? \*/ )+ (?: (?:session|local) (?: \s | /\* .*? \*/ )+ )?
              (?: session (?: \s | /\* .*? \*/ )+ authorization | "? (?: role | schema ) ) \b
            | (?: -c (?: \s | %20 | \+ )* | -- ) role \s* (?: = | %3d )
            | \b set_config \s* \( \s* (?: e | u& | n )? (?: ' | \$ \w* \$ ) role \b"#;
        Regex::new(pattern).expect("a pattern that a test uses is well formed")
    });
    static HOME: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?i)^['"]?\s*(?:=|\bto\b|,|%3d|)\s*[\\'"]*\{schema\}(?:[^\w$]|$)"#)
            .expect("a pattern that a test uses is well formed")
    });
    let stays = |end: usize| HOME.is_match(&text[end..]);
    let named = MOVING.find_iter(text).find(|found| !stays(found.end())).map(|found| found.as_str());
    named.or_else(|| hidden_in(text))
}

/// The first place where a text can do so without a word of it to be found: names and constants with
/// escapes (`U&"search\005fpath"`), a setting whose name is put together, the settings as a table, psql's
/// `\connect`, or an environment that is made anew.
fn hidden_in(text: &str) -> Option<&str> {
    static HIDING: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = r#"(?ix)
            \bu& (?: "[^"]*\\[^"]*" | '[^']*\\[^']*' )
            | \b update (?: \s | /\* .*? \*/ )+ (?: pg_catalog \s* \. \s* )? "? pg_settings \b
            | (?: ^ | [\s;'"] ) \\c (?: onnect )? (?: \s | $ )
            | \b (?: PGOPTIONS | PGHOST | PGHOSTADDR | PGPORT | PGDATABASE | PGUSER | PGSERVICE
                | PGSERVICEFILE | PGSYSCONFDIR ) =
            | \b unset \s+ (?: \w+ \s+ )* PG (?: OPTIONS | HOST | HOSTADDR | PORT | DATABASE | USER ) \b"#;
        Regex::new(pattern).expect("a pattern that a test uses is well formed")
    });
    static SET_CONFIG: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\bset_config\s*\(").expect("a pattern that a test uses is well formed")
    });
    static PLAIN: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^\s*'[\w.]+'\s*,").expect("a pattern that a test uses is well formed"));
    let put_together = || SET_CONFIG.find_iter(text).find(|found| !PLAIN.is_match(&text[found.end()..]));
    HIDING.find(text).or_else(put_together).map(|found| found.as_str().trim())
}

/// As PostgreSQL splits the options of a connection, which is at blanks of all kinds: those of a value
/// get a backslash before them, and so do backslashes.
pub(crate) fn escape(value: &str) -> String {
    value.chars().flat_map(|c| (is_blank(c) || c == '\\').then_some('\\').into_iter().chain([c])).collect()
}

/// A space by C's isspace.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\x0b' | '\x0c' | '\r')
}

/// The settings that the options of a connection (`options` in a URL, PGOPTIONS) give a session, in
/// their order. PostgreSQL reads them as a command line.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] with the first word that is neither `-c name=value` nor
/// `--name=value`; `origin` says where it is.
pub(crate) fn of_options(options: &str, origin: &str) -> Result<Vec<(String, String)>> {
    let mut settings = Vec::new();
    let mut words = split(options).into_iter();
    while let Some(word) = words.next() {
        let setting = match (word.strip_prefix("--"), word.strip_prefix("-c")) {
            (Some(long), _) => Some(long.to_owned()),
            (None, Some("")) => words.next(),
            (None, Some(joined)) => Some(joined.to_owned()),
            (None, None) => None,
        };
        let (name, value) = setting
            .as_deref()
            .and_then(|setting| setting.split_once('='))
            .ok_or_else(|| usage!("{origin}: `{word}` is no setting; write -c name=value"))?;
        settings.push((canonical(name), value.to_owned()));
    }
    Ok(settings)
}

/// The words of a connection's options (src/backend/utils/init/postinit.c, pg_split_opts).
fn split(options: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut letters = options.chars().peekable();
    loop {
        while letters.next_if(|c| is_blank(*c)).is_some() {}
        if letters.peek().is_none() {
            return words;
        }
        let mut word = String::new();
        while let Some(letter) = letters.next_if(|c| !is_blank(*c)) {
            match letter {
                '\\' => word.extend(letters.next()),
                letter => word.push(letter),
            }
        }
        words.push(word);
    }
}

/// Passes when the options of a connection move no session.
///
/// # Errors
/// As [`check`] and [`of_options`].
pub(crate) fn check_options(options: &str, origin: &str) -> Result<()> {
    let settings = of_options(options, origin)?;
    check(settings.iter().map(|(name, _)| name), origin).context("in the options of the connection")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(options: &str) -> bool {
        check_options(options, "the URL").is_err()
    }

    #[test]
    fn a_setting_that_moves_a_session_is_refused_however_it_is_written() {
        let moving = [
            "search_path",
            "Search_Path",
            "search-path",
            "\"search_path\"",
            " ROLE ",
            "session_authorization",
        ];
        for name in moving {
            let error = check([&name.to_owned()], "--set").unwrap_err().to_string();
            assert!(error.starts_with("--set: the setting `"), "{error}");
        }
        assert!(check([&"x.y -c search_path".to_owned()], "--set").is_err(), "more than a name");
        for name in ["work_mem", "default_tablespace", "auto_explain.log_nested_statements"] {
            check([&name.to_owned()], "--set").unwrap();
        }
    }

    #[test]
    fn options_are_read_as_the_server_reads_them() {
        assert_eq!(
            of_options(r"-c jit=off --work-mem=9\ MB -ccommit_delay=1 -c Enable_Sort=off", "x").unwrap(),
            [("jit", "off"), ("work_mem", "9 MB"), ("commit_delay", "1"), ("enable_sort", "off")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        for options in [
            "-c search_path=public",
            "-csearch_path=public",
            "--search-path=public",
            "--Search_Path=public",
            "-c\tsearch_path=public",
            "-e -csearch_path=public",
            "-ecsearch_path=public",
            r"-c s\earch_path=public",
            "-c jit=off -c role=postgres",
            "-c session_authorization=postgres",
        ] {
            assert!(refused(options), "{options}");
        }
        for options in ["-c", "-c jit", "-e", "jit=off"] {
            assert!(of_options(options, "x").is_err(), "{options}");
        }
        for options in ["", "-c jit=off", r"-c application_name=-c\ search_path=public"] {
            assert!(!refused(options), "{options}");
        }
    }

    #[test]
    fn a_text_that_moves_a_session_is_found_unless_it_stays_in_the_run_s_schema() {
        for text in [
            "SET search_path = public;",
            "set search_path to public, {schema}",
            "SELECT set_config('search_path', 'public', false)",
            "dbname=d options=-csearch_path=public",
            "postgresql:///d?options=-csearch-path%3Dpublic",
            "SET SESSION AUTHORIZATION other",
            "set local role other",
            "SET SCHEMA 'public'",
            "-c role=other",
            "SELECT set_config( 'role', 'other', false)",
            "SELECT set_config(E'role', 'other', false), set_config($$role$$, 'other', false)",
            "SET/**/role other",
            "SET LOCAL \"role\" TO other",
            "postgresql:///d?options=-c%20role%3Dother",
            "postgresql:///d?options=-csearch%5Fpath%3Dpublic",
            "SET search_path = {schema}_old",
            r#"SET U&"search\005fpath" = public"#,
            r"SELECT set_config(U&'r\006fle', 'other', false)",
            r"SELECT set_config(E'search\x5fpath', 'public', false)",
            "SELECT set_config('search' || '_path', 'public', false)",
            "SELECT pg_catalog.set_config(concat('ro', 'le'), 'other', false)",
            "UPDATE pg_catalog.pg_settings SET setting = 'public' WHERE name LIKE 'search%'",
            r"\c two",
            "SELECT 1;\n\\connect two",
            "PGOPTIONS=",
            "env PGDATABASE=two psql",
            "unset PGOPTIONS; psql",
        ] {
            assert!(moved_in(text).is_some(), "{text}");
        }
        for text in [
            "COPY {table} FROM STDIN",
            "SET search_path TO '{schema}'",
            "SELECT set_config('search_path', '{schema}', false)",
            "options=-csearch_path={schema}",
            "CREATE ROLE",
            "SET synchronous_commit = off",
            "SELECT set_config('work_mem', '64MB', false)",
            r"\copy votes from stdin",
            r#"psql -c "\copy votes from 'a'""#,
            "echo $PGOPTIONS ${PGDATABASE} os.environ['PGHOST']",
            "SELECT * FROM pg_settings",
        ] {
            assert_eq!(moved_in(text), None, "{text}");
        }
    }

    #[test]
    fn a_value_stays_one_word() {
        for value in ["a b", "a\t-csearch_path=public", "a\\", "a\r\n\x0b\x0cb", ""] {
            let options = format!("-c x={}", escape(value));
            assert_eq!(of_options(&options, "x").unwrap(), [("x".to_owned(), value.to_owned())]);
        }
    }
}
