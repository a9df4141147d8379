//! The position of an error in the data, from the server's CONTEXT: `COPY t, line 2, column n: "x"`. That
//! text is translated, so that it is read by where its parts stand and not by its words.

use std::sync::LazyLock;

use regex::Regex;

use super::site::{STAGING, TABLE};

/// Line and column, as far as they are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DataPosition {
    /// The line, from 1.
    pub line: Option<u64>,
    /// The column of the table.
    pub column: Option<String>,
    /// The line's or the value's beginning that the server quotes.
    pub quoted: Option<String>,
}

/// The place that a context names in a COPY into one of our tables, whose columns these are; of any
/// other table where there is none into ours. A line of JSON or of a function within is another thing.
pub(crate) fn data_position(context: &str, columns: &[&str]) -> DataPosition {
    // A value that is quoted may have a line of its own that looks like a context: the first one counts
    // for our tables, whose names are known. What is within a COPY comes before it, so that of others
    // the last one does.
    let ours = context.lines().find_map(|line| OURS.captures(line));
    let Some(found) = ours.or_else(|| context.lines().filter_map(|line| ANY.captures(line)).next_back())
    else {
        return DataPosition::default();
    };
    // Up to the colon: behind it is data.
    let behind = found.get(2).map_or("", |rest| rest.as_str());
    let (named, quoted) = behind.split_once(':').unwrap_or((behind, ""));
    let quotes = ['"', '»', '«', '„', '“', '”', '\u{a0}', '\u{202f}', ' '];
    DataPosition {
        line: found[1].parse().ok(),
        column: columns
            .iter()
            .filter_map(|name| Some((end_in(named, name)?, name.len(), name)))
            .max()
            .map(|(.., name)| (*name).to_owned()),
        quoted: Some(quoted.trim_matches(quotes).to_owned()).filter(|text| !text.is_empty()),
    }
}

/// The position behind a name that stands in a text as a word of its own.
fn end_in(text: &str, name: &str) -> Option<usize> {
    let is_of_a_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    let alone = |(at, _): &(usize, &str)| {
        !text[..*at].ends_with(is_of_a_name) && !text[at + name.len()..].starts_with(is_of_a_name)
    };
    text.match_indices(name).filter(alone).map(|(at, _)| at + name.len()).last()
}

/// `COPY caveat, line 2`, with a program's own label before it or without. In some languages the name comes first.
static OURS: LazyLock<Regex> = LazyLock::new(|| context(&format!("(?:{TABLE}|{STAGING})")));
static ANY: LazyLock<Regex> = LazyLock::new(|| context("[^\\s,:、]+?"));

fn context(table: &str) -> Regex {
    let copy = format!("(?:COPY {table}|{table}のCOPY|{table} 복사)");
    let pattern = format!(r#"^\s*(?:[^\s:"]+:\s+)?{copy}[,、]\s?[^"«»:\d]{{0,24}}?(\d+)(.*)$"#);
    Regex::new(&pattern).unwrap_or_else(|error| panic!("a pattern of this program's: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(context: &str) -> (Option<u64>, Option<String>) {
        let place = data_position(context, &["id", "score", "line"]);
        (place.line, place.column)
    }

    #[test]
    fn the_place_is_read_in_any_language() {
        // As the message catalogues of PostgreSQL 15 have them.
        for context in [
            "COPY caveat, line 12, column score: \"1,203\"",
            "COPY caveat, Zeile 12, Spalte score: »1,203«",
            "COPY caveat, línea 12, columna score: «1,203»",
            "COPY caveat, ligne 12, colonne score\u{a0}: «\u{a0}1,203\u{a0}»",
            "COPY caveat, ligne 12, colonne score : « 1,203 »",
            "COPY caveat, riga 12, colonna score: \"1,203\"",
            "caveatのCOPY、行 12、列 score: \"1,203\"",
            "COPY caveat, ხაზი 12, სვეტი score: \"1,203\"",
            "caveat 복사, 12번째 줄, score 열: \"1,203\"",
            "COPY caveat, 12행, score 열: null 입력",
            "COPY caveat, строка 12, столбец score: \"1,203\"",
            "COPY caveat, rad 12, kolumn score: \"1,203\"",
            "COPY caveat, рядок 12, стовпець score: \"1,203\"",
            "CONTEXT:  COPY caveat, line 12, column score: null input",
            "ZUSAMMENHANG:  COPY caveat_staging, Zeile 12, Spalte score: »1,203«",
        ] {
            assert_eq!(place(context), (Some(12), Some("score".into())), "{context}");
        }
        for context in
            ["COPY caveat, line 3", "COPY caveat, Zeile 3: »x, line 7, column id«", "caveatのCOPY、行 3"]
        {
            assert_eq!(place(context), (Some(3), None), "{context}");
        }
    }

    #[test]
    fn only_the_line_of_a_copy_counts() {
        let json = "JSON data, line 1: {\"a\": nope...\nCOPY caveat, line 2, column score: \"{\"a\": nope}\"";
        assert_eq!(place(json), (Some(2), Some("score".into())));
        let json = "JSON-Daten, Zeile 1: {x\nCOPY caveat, Zeile 2, Spalte score: »{x«";
        assert_eq!(place(json), (Some(2), Some("score".into())));
        let nested =
            "COPY log, line 1\nSQL statement \"COPY log FROM '/x'\"\nCOPY orders, line 5, column id: \"x\"";
        assert_eq!(place(nested), (Some(5), Some("id".into())));
        let data = "COPY caveat, line 2, column score: \"a\nCOPY caveat, line 9, column id: x\"";
        assert_eq!(place(data), (Some(2), Some("score".into())));
        for none in [
            "SQL statement",
            "JSON data, line 1: x",
            "duplicate key value violates unique constraint \"caveat_pkey\" 3",
            "caveat_pkey 3",
            "PL/pgSQL function f() line 3 at RAISE",
            "",
        ] {
            assert_eq!(place(none), (None, None), "{none}");
        }
    }

    #[test]
    fn a_column_may_be_called_as_the_words_around_it() {
        let column = |context| data_position(context, &["column", "id", "first id"]).column;
        assert_eq!(column("COPY caveat, line 2, column id: \"x\"").as_deref(), Some("id"));
        assert_eq!(column("COPY caveat, line 2, column first id: \"x\"").as_deref(), Some("first id"));
        assert_eq!(column("COPY caveat, line 2, column column: \"x\"").as_deref(), Some("column"));
    }

    #[test]
    fn what_the_server_quotes_is_known() {
        let quoted = |context| data_position(context, &["score"]).quoted;
        assert_eq!(quoted("COPY caveat, line 12, column score: \"1,203\"").as_deref(), Some("1,203"));
        assert_eq!(quoted("COPY caveat, Zeile 2: »a:b«").as_deref(), Some("a:b"));
        assert_eq!(quoted("COPY caveat, line 12"), None);
    }
}
