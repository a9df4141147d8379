//! The characters that a csv is cut by.

use memchr::{memchr2, memchr3};

/// The characters by which a csv is cut into rows and fields. All are of ASCII.
pub(crate) trait Marks: Copy {
    /// Between fields.
    fn delimiter(self) -> u8;

    /// Around fields; `None` where nothing is.
    fn quote(self) -> Option<u8>;

    /// Before a quote inside a quoted field, and before itself there.
    fn escape(self) -> u8;

    /// Whether an unquoted field of these bytes is NULL.
    fn is_null(self, field: &[u8]) -> bool;

    /// How a NULL is spelled, in words.
    fn null_in_words(self) -> String;
}

/// The csv that datasets are kept in: commas, quotes doubled inside quotes, NULL as nothing at all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standard;

impl Marks for Standard {
    #[inline(always)]
    fn delimiter(self) -> u8 {
        b','
    }

    #[inline(always)]
    fn quote(self) -> Option<u8> {
        Some(b'"')
    }

    #[inline(always)]
    fn escape(self) -> u8 {
        b'"'
    }

    #[inline(always)]
    fn is_null(self, field: &[u8]) -> bool {
        field.is_empty()
    }

    fn null_in_words(self) -> String {
        "empty without quotes, which COPY reads as NULL".into()
    }
}

/// The marks that decide where rows end: a line feed inside quotes ends none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    /// The quote.
    pub quote: Option<u8>,
    /// The escape, where it is another character than the quote.
    pub escape: Option<u8>,
}

impl Cut {
    /// That of these marks.
    pub(crate) fn by(marks: impl Marks) -> Self {
        let quote = marks.quote();
        Self { quote, escape: quote.map(|_| marks.escape()).filter(|escape| Some(*escape) != quote) }
    }
}

/// The first quote, escape or NUL in these bytes.
#[inline]
pub(super) fn next_mark(bytes: &[u8], quote: u8, escape: u8) -> Option<usize> {
    if quote == escape { memchr2(quote, 0, bytes) } else { memchr3(quote, escape, 0, bytes) }
}
