//! `boolean`: one byte, 0 or 1; in text `t` or `f`.

use super::Refused;

/// The canonical text of what PostgreSQL takes as a boolean (`src/backend/utils/adt/bool.c`).
pub(super) fn canonical(text: &str) -> Result<&'static str, Refused> {
    Ok(if number(text)? == 1 { "t" } else { "f" })
}

/// 1 for what PostgreSQL takes as true, 0 for what it takes as false: any beginning of `true`, `false`, `yes`
/// and `no`, two letters of `on` and `off` at least, `1` and `0`; in any case, with blanks around it.
#[inline]
pub(super) fn number(text: &str) -> Result<i64, Refused> {
    match text {
        "t" => return Ok(1),
        "f" => return Ok(0),
        _ => {}
    }
    let word = text.trim_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']).to_ascii_lowercase();
    let begins = |whole: &str, least: usize| word.len() >= least && whole.starts_with(&word);
    if begins("true", 1) || begins("yes", 1) || word == "on" || word == "1" {
        Ok(1)
    } else if begins("false", 1) || begins("no", 1) || begins("off", 2) || word == "0" {
        Ok(0)
    } else {
        Err(Refused::wrong("is not a boolean: write t or f"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_postgresql_s() {
        for (word, expected) in
            [("t", 1), ("TRUE", 1), (" y ", 1), ("on", 1), ("1", 1), ("f", 0), ("No", 0), ("of", 0), ("0", 0)]
        {
            assert_eq!(number(word), Ok(expected), "{word}");
        }
        for word in ["", "o", "truee", "2", "tru\u{e9}", "01"] {
            assert!(number(word).unwrap_err().certain, "{word}");
        }
    }
}
