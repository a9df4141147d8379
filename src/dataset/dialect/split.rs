//! Taking one row of a csv apart, as COPY ... (FORMAT csv) would; what COPY takes although it is nearly
//! always a mistake (a quote in the middle of a field) is refused.

use super::super::bad_field::BadField;
use super::super::blocks::{Block, newlines};
use super::marks::{Marks, next_mark};
use super::near::first_of;

/// The features of csv that a block may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// No quotes, carriage returns or NUL anywhere: delimiters and line feeds are all there is.
    Plain,
    /// Any valid csv.
    General,
}

impl Style {
    /// The style of a block.
    pub(crate) fn of_block(block: &Block) -> Self {
        if block.quoted || memchr::memchr2(b'\r', 0, &block.bytes).is_some() {
            Style::General
        } else {
            Style::Plain
        }
    }
}

/// The span of a field's text: in the block, or, when escapes had to be taken out, in the scratch.
#[derive(Debug, Clone, Copy, Default)]
struct Span {
    start: usize,
    end: usize,
    /// Whether quotes are around it.
    quoted: bool,
    /// Whether it is in the scratch.
    apart: bool,
}

/// Takes rows of a fixed number of fields apart, one at a time.
#[derive(Debug, Clone)]
pub(crate) struct Splitter<M> {
    marks: M,
    spans: Vec<Span>,
    nulls: Vec<bool>,
    /// Whether any of these is set.
    has_nulls: bool,
    scratch: String,
}

impl<M: Marks> Splitter<M> {
    /// Of rows with so many fields.
    pub(crate) fn new(marks: M, fields: usize) -> Self {
        Self {
            marks,
            spans: vec![Span::default(); fields],
            nulls: vec![false; fields],
            has_nulls: false,
            scratch: String::new(),
        }
    }

    /// The fields of a row.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether a field of the row last split is NULL.
    #[inline]
    pub(crate) fn is_null(&self, i: usize) -> bool {
        self.nulls[i]
    }

    /// Whether any field of the row last split is NULL.
    #[inline]
    pub(crate) fn has_nulls(&self) -> bool {
        self.has_nulls
    }

    /// Whether a field of the row last split had quotes around it.
    pub(crate) fn is_quoted(&self, i: usize) -> bool {
        self.spans[i].quoted
    }

    /// The text of a field of the row last split out of `text`; that of a NULL means nothing.
    #[inline]
    pub(crate) fn field<'a>(&'a self, text: &'a str, i: usize) -> &'a str {
        let span = self.spans[i];
        if span.apart { &self.scratch[span.start..span.end] } else { &text[span.start..span.end] }
    }

    /// Splits the row that begins at byte `at` of `text` (which ends with a row's end), and
    /// returns where the next begins.
    #[inline]
    pub(crate) fn split(&mut self, text: &str, at: usize, style: Style) -> Result<usize, BadField> {
        match style {
            Style::Plain => self.split_plain(text, at),
            Style::General => self.split_general(text, at).map_err(|bad| self.placed(text, bad)),
        }
    }

    /// As [`Splitter::split`], for a row of as many fields as it has: [`Splitter::len`] says how many.
    pub(crate) fn split_all(&mut self, text: &str, at: usize) -> Result<usize, BadField> {
        self.scratch.clear();
        self.spans.clear();
        self.nulls.clear();
        self.has_nulls = false;
        let mut start = at;
        loop {
            let i = self.spans.len();
            let (span, end) = self.next_field(text, start, i).map_err(|bad| self.placed(text, bad))?;
            self.spans.push(span);
            let null = self.null_at(text, span);
            self.nulls.push(null);
            self.has_nulls |= null;
            let more = text.as_bytes().get(end) == Some(&self.marks.delimiter());
            start = past(text, end);
            if !more {
                return Ok(start);
            }
        }
    }

    /// The error of a NULL in a column that takes none.
    #[cold]
    pub(crate) fn refused_null(&self, text: &str, i: usize) -> BadField {
        let span = self.spans[i];
        let rule = format!(
            "is {}, and this column takes none; {}",
            self.marks.null_in_words(),
            if span.start == span.end {
                "write \"\" for an empty text"
            } else {
                "quote it where it is a text"
            }
        );
        self.placed(text, BadField::new(Some(i), self.field(text, i), rule))
    }

    /// The error with the line of the bad field, which the fields before it move on.
    #[cold]
    pub(crate) fn placed(&self, text: &str, bad: BadField) -> BadField {
        let before = 0..bad.field.unwrap_or(0);
        let lines_before = before.map(|i| newlines(self.field(text, i).as_bytes())).sum();
        BadField { lines_before, ..bad }
    }

    #[inline]
    fn split_plain(&mut self, text: &str, at: usize) -> Result<usize, BadField> {
        let bytes = text.as_bytes();
        let (count, delimiter) = (self.spans.len(), self.marks.delimiter());
        self.forget_nulls();
        let mut start = at;
        for (i, span) in self.spans.iter_mut().enumerate() {
            let rest = &bytes[start..];
            let length = first_of(rest, [delimiter, b'\n'], |rest| {
                memchr::memchr2(delimiter, b'\n', rest).unwrap_or(rest.len())
            });
            let end = start + length;
            *span = Span { start, end, quoted: false, apart: false };
            if self.marks.is_null(&rest[..length]) {
                self.nulls[i] = true;
                self.has_nulls = true;
            }
            let more = bytes.get(end) == Some(&delimiter);
            if more != (i + 1 < count) {
                return Err(wrong_count(text, at, i + 1, count, more));
            }
            start = (end + 1).min(bytes.len());
        }
        Ok(start)
    }

    fn split_general(&mut self, text: &str, at: usize) -> Result<usize, BadField> {
        let (count, delimiter) = (self.spans.len(), self.marks.delimiter());
        self.scratch.clear();
        self.forget_nulls();
        let mut start = at;
        for i in 0..count {
            let (span, end) = self.next_field(text, start, i)?;
            self.spans[i] = span;
            if self.null_at(text, span) {
                self.nulls[i] = true;
                self.has_nulls = true;
            }
            let more = text.as_bytes().get(end) == Some(&delimiter);
            if more != (i + 1 < count) {
                return Err(wrong_count(text, at, i + 1, count, more));
            }
            start = past(text, end);
        }
        Ok(start)
    }

    /// Most rows have none, so that most need nothing to be forgotten.
    #[inline]
    fn forget_nulls(&mut self) {
        if self.has_nulls {
            self.nulls.fill(false);
            self.has_nulls = false;
        }
    }

    /// The field that begins at `start`, and where it ends.
    #[inline]
    fn next_field(&mut self, text: &str, start: usize, i: usize) -> Result<(Span, usize), BadField> {
        match self.marks.quote() {
            Some(quote) if text.as_bytes().get(start) == Some(&quote) => self.unquote(text, start, i, quote),
            quote => self.plain_field(text, start, i, quote),
        }
    }

    #[inline]
    fn null_at(&self, text: &str, span: Span) -> bool {
        !span.quoted && self.marks.is_null(&text.as_bytes()[span.start..span.end])
    }

    /// Takes the quotes off the field that begins with one at `start`.
    fn unquote(&mut self, text: &str, start: usize, i: usize, quote: u8) -> Result<(Span, usize), BadField> {
        let bytes = text.as_bytes();
        let escape = self.marks.escape();
        let begin = self.scratch.len();
        // What of the field is not yet in the scratch, and what was not yet looked at.
        let (mut copied, mut from) = (start + 1, start + 1);
        loop {
            let Some(at) = next_mark(&bytes[from..], quote, escape).map(|at| from + at) else {
                return Err(BadField::new(
                    Some(i),
                    &text[start..],
                    "opens a quote that is not closed; close it",
                ));
            };
            let next = bytes.get(at + 1).copied();
            if bytes[at] == escape && next.is_some_and(|next| next == quote || next == escape) {
                self.scratch.push_str(&text[copied..at]);
                (copied, from) = (at + 1, at + 2);
                continue;
            }
            if bytes[at] == 0 {
                return Err(nul(i, &text[start..self.field_end(text, at)]));
            }
            if bytes[at] != quote {
                from = at + 1;
                continue;
            }
            let ends = match next {
                None | Some(b'\n') => true,
                Some(b'\r') => bytes.get(at + 2) == Some(&b'\n'),
                Some(next) => next == self.marks.delimiter(),
            };
            if !ends {
                let rule = format!(
                    "goes on after its closing quote; write a quote inside a field as {}{}, or close the \
                     quote that it begins with earlier",
                    char::from(escape),
                    char::from(quote)
                );
                return Err(BadField::new(Some(i), &text[start..self.field_end(text, at)], rule));
            }
            if copied == start + 1 {
                return Ok((Span { start: copied, end: at, quoted: true, apart: false }, at + 1));
            }
            self.scratch.push_str(&text[copied..at]);
            return Ok((Span { start: begin, end: self.scratch.len(), quoted: true, apart: true }, at + 1));
        }
    }

    /// A field without quotes around it, and where it ends.
    #[inline]
    fn plain_field(
        &self,
        text: &str,
        start: usize,
        i: usize,
        quote: Option<u8>,
    ) -> Result<(Span, usize), BadField> {
        let (bytes, delimiter) = (text.as_bytes(), self.marks.delimiter());
        let wanted = [delimiter, b'\n', b'\r', 0, quote.unwrap_or(0)];
        let end = start + first_of(&bytes[start..], wanted, |rest| end_of_long(rest, delimiter, quote));
        let ends = match bytes.get(end) {
            None | Some(b'\n') => true,
            // The carriage return of a line's end belongs to the end.
            Some(b'\r') => matches!(bytes.get(end + 1), None | Some(b'\n')),
            Some(byte) => *byte == delimiter,
        };
        match ends {
            true => Ok((Span { start, end, quoted: false, apart: false }, end)),
            false => Err(self.stray(text, start, end, i)),
        }
    }

    /// The error of a field with a character at `at` that it may not have without quotes.
    #[cold]
    fn stray(&self, text: &str, start: usize, at: usize, i: usize) -> BadField {
        let field = &text[start..self.field_end(text, at)];
        let rule = match text.as_bytes()[at] {
            0 => return nul(i, field),
            b'\r' => "has a carriage return outside quotes; quote the field".into(),
            quote => {
                let (quote, escape) = (char::from(quote), char::from(self.marks.escape()));
                format!(
                    "has a quote but does not begin with one; write it as {quote}...{quote}, with {escape}{quote} \
                     for each quote inside"
                )
            }
        };
        BadField::new(Some(i), field, rule)
    }

    #[inline]
    fn field_end(&self, text: &str, start: usize) -> usize {
        let rest = &text.as_bytes()[start..];
        start + memchr::memchr2(self.marks.delimiter(), b'\n', rest).unwrap_or(rest.len())
    }
}

/// The place of what ends a field without quotes, or has no place in one, in what is left of a long one.
fn end_of_long(rest: &[u8], delimiter: u8, quote: Option<u8>) -> usize {
    let end = memchr::memchr2(delimiter, b'\n', rest).unwrap_or(rest.len());
    memchr::memchr3(quote.unwrap_or(0), b'\r', 0, &rest[..end]).unwrap_or(end)
}

/// Where the next field begins, behind the mark at `end`.
#[inline]
fn past(text: &str, end: usize) -> usize {
    match text.as_bytes().get(end) {
        None => end,
        Some(b'\r') if text.as_bytes().get(end + 1) == Some(&b'\n') => end + 2,
        Some(_) => end + 1,
    }
}

#[cold]
fn nul(i: usize, field: &str) -> BadField {
    BadField::new(Some(i), field, "holds a NUL, which PostgreSQL's text cannot; take it out")
}

#[cold]
fn wrong_count(text: &str, at: usize, found: usize, count: usize, more: bool) -> BadField {
    let line = text[at..].lines().next().unwrap_or_default();
    let fields = if found == 1 { "field" } else { "fields" };
    let what = if more { format!("has more than {count} fields") } else { format!("has {found} {fields}") };
    BadField::new(None, line, format!("{what}, and a row here has {count}; check its delimiters and quotes"))
}
