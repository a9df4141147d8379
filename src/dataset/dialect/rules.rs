//! A dialect as a value.

use std::fmt;

use anyhow::Result;

use super::marks::Marks;
use crate::sql::literal;

/// How a csv is written. The marks are characters of ASCII, as COPY's options are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialect {
    /// Between fields.
    pub delimiter: u8,
    /// Around fields; `None` where a quote is a character like any other.
    pub quote: Option<u8>,
    /// Before a quote inside quotes, and before itself there; of no meaning without a quote.
    pub escape: u8,
    /// The spelling of NULL, without quotes.
    pub null: String,
    /// Whether the first line has the columns' names.
    pub header: bool,
}

impl Dialect {
    /// The csv that datasets are kept in.
    pub fn standard() -> Self {
        Self { delimiter: b',', quote: Some(b'"'), escape: b'"', null: String::new(), header: false }
    }

    /// Itself, where its marks can be told apart.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] for marks that cannot be, by the flag that sets one.
    pub(crate) fn checked(self) -> Result<Self> {
        let marks = [("--delimiter", Some(self.delimiter)), ("--quote", self.quote)];
        let marks = marks.into_iter().filter_map(|(flag, mark)| Some((flag, mark?)));
        for (flag, mark) in marks.chain(self.quote.map(|_| ("--escape", self.escape))) {
            if !mark.is_ascii() || matches!(mark, 0 | b'\r' | b'\n') {
                return Err(crate::usage!("{flag}: give one character of ASCII, and no end of a line"));
            }
        }
        if self.quote == Some(self.delimiter) || (self.quote.is_some() && self.escape == self.delimiter) {
            let mark = spelled(self.delimiter);
            return Err(crate::usage!(
                "--delimiter {mark}: the quote or the escape is the same character; give another"
            ));
        }
        let marks = [Some(self.delimiter), self.quote, Some(b'\r'), Some(b'\n'), Some(0)];
        if self.null.bytes().any(|byte| marks.contains(&Some(byte))) {
            return Err(crate::usage!(
                "--null {:?}: it may have neither the delimiter nor the quote in it, nor the end of a line",
                self.null
            ));
        }
        Ok(self)
    }

    /// The options of a COPY that reads it.
    pub fn copy_options(&self) -> String {
        let mark = |mark: u8| literal(&char::from(mark).to_string());
        // COPY always has a quote: a character that no text has.
        let quote = self.quote.map_or_else(|| "E'\\x01'".into(), mark);
        let escape = if self.quote.is_some() { mark(self.escape) } else { quote.clone() };
        format!(
            "FORMAT csv, HEADER {}, DELIMITER {}, QUOTE {quote}, ESCAPE {escape}, NULL {}",
            self.header,
            mark(self.delimiter),
            literal(&self.null)
        )
    }
}

/// As the flags that set it.
impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = if self.header { "yes" } else { "no" };
        write!(f, "--csv-header {header} --delimiter {}", spelled(self.delimiter))?;
        match self.quote {
            Some(quote) => write!(f, " --quote {} --escape {}", spelled(quote), spelled(self.escape))?,
            None => write!(f, " --quote none")?,
        }
        write!(f, " --null {}", quoted(&self.null))
    }
}

/// A mark as a flag has it on a shell's command line.
fn spelled(mark: u8) -> String {
    match mark {
        b'\t' => "tab".into(),
        mark => quoted(&char::from(mark).to_string()),
    }
}

/// A text as a shell reads it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

impl Marks for &Dialect {
    #[inline]
    fn delimiter(self) -> u8 {
        self.delimiter
    }

    #[inline]
    fn quote(self) -> Option<u8> {
        self.quote
    }

    #[inline]
    fn escape(self) -> u8 {
        self.escape
    }

    #[inline]
    fn is_null(self, field: &[u8]) -> bool {
        field == self.null.as_bytes()
    }

    fn null_in_words(self) -> String {
        match self.null.as_str() {
            "" => "empty without quotes, which COPY reads as NULL".into(),
            null => format!("NULL, which --null spells {null:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialect_is_said_as_the_flags_that_set_it_and_as_options_of_copy() {
        let standard = Dialect::standard();
        assert_eq!(
            standard.to_string(),
            "--csv-header no --delimiter ',' --quote '\"' --escape '\"' --null ''"
        );
        let other =
            Dialect { delimiter: b'\t', quote: Some(b'\''), escape: b'\\', null: "\\N".into(), header: true };
        assert_eq!(
            other.to_string(),
            r"--csv-header yes --delimiter tab --quote ''\''' --escape '\' --null '\N'"
        );
        assert_eq!(
            other.copy_options(),
            "FORMAT csv, HEADER true, DELIMITER '\t', QUOTE '''', ESCAPE E'\\\\', NULL E'\\\\N'"
        );
        let bare = Dialect { quote: None, ..standard };
        assert!(bare.to_string().contains("--quote none --null"), "{bare}");
        assert!(bare.copy_options().contains("QUOTE E'\\x01', ESCAPE E'\\x01'"));
    }

    #[test]
    fn marks_that_cannot_be_told_apart_are_refused() {
        let of = |delimiter, quote, escape, null: &str| {
            let dialect = Dialect { delimiter, quote, escape, null: null.into(), header: false };
            dialect.checked().map_err(|error| error.to_string())
        };
        assert!(of(b';', Some(b'"'), b'\\', "NULL").is_ok() && of(b';', None, b';', "").is_ok());
        for (refused, flag) in [
            (of(b'"', Some(b'"'), b'"', ""), "--delimiter"),
            (of(b',', Some(b'"'), b',', ""), "--delimiter"),
            (of(b'\n', Some(b'"'), b'"', ""), "--delimiter"),
            (of(b',', Some(0xe9), b'"', ""), "--quote"),
            (of(b',', Some(b'"'), b'\r', ""), "--escape"),
            (of(b',', Some(b'"'), b'"', "a,b"), "--null"),
        ] {
            assert!(refused.unwrap_err().starts_with(flag));
        }
    }
}
