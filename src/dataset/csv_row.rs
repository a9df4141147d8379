//! Taking one csv row apart, as COPY ... (FORMAT csv) would.

use bytes::BufMut;

use super::blocks::{Block, newlines};
use super::columns::Column;
use crate::value::Codec;

/// The features of csv that a block may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// No quotes, carriage returns or NUL anywhere: commas and line feeds are all there is.
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

/// Why a row is refused.
#[derive(Debug)]
pub(crate) struct BadField {
    /// The field's number from 0; `None` when the row as a whole is wrong.
    field: Option<usize>,
    /// The line feeds in the row before it, which has several lines then.
    lines_before: u64,
    /// Its text, cut short.
    value: String,
    /// The broken rule, and the next step.
    rule: String,
}

impl BadField {
    fn new(field: Option<usize>, value: &str, rule: impl Into<String>) -> Self {
        const SHOWN: usize = 80;
        let mut value: String = value.to_owned();
        if let Some((cut, _)) = value.char_indices().nth(SHOWN) {
            value.replace_range(cut.., "...");
        }
        Self { field, lines_before: 0, value, rule: rule.into() }
    }

    /// The error for the user: where it is, what it is, and the rule. The row begins on `line`.
    pub(crate) fn at(&self, file: &str, line: u64, columns: &[Column]) -> anyhow::Error {
        let (value, rule) = (&self.value, &self.rule);
        match self.field {
            Some(i) => {
                let column = columns.get(i).map_or("?", |column| &column.name);
                let begins = match self.lines_before {
                    0 => String::new(),
                    lines => format!(", which begins on line {}", line + lines),
                };
                crate::bad_data!("{file}, line {line}, field {} ({column}){begins}: {value:?} {rule}", i + 1)
            }
            None => crate::bad_data!("{file}, line {line}: {value:?} {rule}"),
        }
    }
}

/// The span of a field's text: in the block, or, when quotes had to be taken out, in the scratch.
#[derive(Debug, Clone, Copy, Default)]
struct Span {
    start: usize,
    end: usize,
    unquoted: bool,
}

/// Parses rows of given columns, one at a time.
#[derive(Debug, Clone)]
pub(crate) struct RowParser {
    codecs: Vec<Codec>,
    nullable: Vec<bool>,
    spans: Vec<Span>,
    nulls: Vec<bool>,
    ints: Vec<i64>,
    scratch: String,
}

impl RowParser {
    /// A parser of rows with these columns.
    pub(crate) fn new(columns: &[Column]) -> Self {
        Self {
            spans: vec![Span::default(); columns.len()],
            nulls: vec![false; columns.len()],
            ints: vec![0; columns.len()],
            scratch: String::new(),
            codecs: columns.iter().map(|column| column.kind.codec()).collect(),
            nullable: columns.iter().map(|column| column.nullable).collect(),
        }
    }

    /// What is done with the columns' values.
    #[inline]
    pub(crate) fn codecs(&self) -> &[Codec] {
        &self.codecs
    }

    /// Whether a field of the row last parsed is NULL.
    #[inline]
    pub(crate) fn is_null(&self, i: usize) -> bool {
        self.nulls[i]
    }

    /// The text of a field of the row last parsed out of `text`; none of a NULL.
    #[inline]
    pub(crate) fn field<'a>(&'a self, text: &'a str, i: usize) -> &'a str {
        let span = self.spans[i];
        if span.unquoted { &self.scratch[span.start..span.end] } else { &text[span.start..span.end] }
    }

    /// The value of a number of the row last parsed; 0 for a NULL and any other field.
    #[inline]
    pub(crate) fn int(&self, i: usize) -> i64 {
        self.ints[i]
    }

    /// Parses the row that begins at byte `at` of `text` (which ends with a row's end), and
    /// returns where the next begins.
    #[inline]
    pub(crate) fn parse(&mut self, text: &str, at: usize, style: Style) -> Result<usize, BadField> {
        let end = match style {
            Style::Plain => self.split_plain(text, at)?,
            Style::General => self.split_general(text, at).map_err(|bad| self.placed(text, bad))?,
        };
        for i in 0..self.codecs.len() {
            let codec = self.codecs[i];
            if !codec.is_number() {
                continue;
            }
            self.ints[i] = match self.nulls[i] {
                true => 0,
                false => match codec.number(self.field(text, i)) {
                    Ok(value) => value,
                    Err(refused) => {
                        let bad = BadField::new(Some(i), self.field(text, i), refused.rule);
                        return Err(self.placed(text, bad));
                    }
                },
            };
        }
        Ok(end)
    }

    #[inline]
    fn split_plain(&mut self, text: &str, at: usize) -> Result<usize, BadField> {
        let bytes = text.as_bytes();
        let count = self.spans.len();
        let mut start = at;
        for (i, span) in self.spans.iter_mut().enumerate() {
            let rest = &bytes[start..];
            let end = start + rest.iter().position(|b| matches!(b, b',' | b'\n')).unwrap_or(rest.len());
            *span = Span { start, end, unquoted: false };
            self.nulls[i] = start == end;
            if start == end && !self.nullable[i] {
                return Err(null(i));
            }
            let comma = bytes.get(end) == Some(&b',');
            if comma != (i + 1 < count) {
                return Err(wrong_count(text, at, i + 1, count, comma));
            }
            start = (end + 1).min(bytes.len());
        }
        Ok(start)
    }

    fn split_general(&mut self, text: &str, at: usize) -> Result<usize, BadField> {
        let bytes = text.as_bytes();
        let count = self.spans.len();
        self.scratch.clear();
        let mut start = at;
        for i in 0..count {
            let (span, end) = if bytes.get(start) == Some(&b'"') {
                self.unquote(text, start, i)?
            } else {
                plain_field(text, start, i)?
            };
            self.spans[i] = span;
            self.nulls[i] = span.start == span.end && !span.unquoted;
            if self.nulls[i] && !self.nullable[i] {
                return Err(null(i));
            }
            if memchr::memchr(0, self.field(text, i).as_bytes()).is_some() {
                let rule = "holds a NUL, which PostgreSQL's text cannot; take it out";
                return Err(BadField::new(Some(i), self.field(text, i), rule));
            }
            let comma = bytes.get(end) == Some(&b',');
            if comma != (i + 1 < count) {
                return Err(wrong_count(text, at, i + 1, count, comma));
            }
            start = match bytes.get(end) {
                None => end,
                Some(b'\r') if bytes.get(end + 1) == Some(&b'\n') => end + 2,
                Some(_) => end + 1,
            };
        }
        Ok(start)
    }

    /// Takes the quotes out of the field that begins with one at `start`.
    fn unquote(&mut self, text: &str, start: usize, i: usize) -> Result<(Span, usize), BadField> {
        let bytes = text.as_bytes();
        let begin = self.scratch.len();
        let mut from = start + 1;
        loop {
            let Some(quote) = memchr::memchr(b'"', &bytes[from..]).map(|at| from + at) else {
                return Err(BadField::new(
                    Some(i),
                    &text[start..],
                    "opens a quote that is not closed; close it",
                ));
            };
            self.scratch.push_str(&text[from..quote]);
            match bytes.get(quote + 1) {
                Some(b'"') => {
                    self.scratch.push('"');
                    from = quote + 2;
                }
                None | Some(b',' | b'\n') => {
                    return Ok((Span { start: begin, end: self.scratch.len(), unquoted: true }, quote + 1));
                }
                Some(b'\r') if bytes.get(quote + 2) == Some(&b'\n') => {
                    return Ok((Span { start: begin, end: self.scratch.len(), unquoted: true }, quote + 1));
                }
                Some(_) => {
                    let end = field_end(text, quote);
                    let rule = "goes on after its closing quote; write a quote inside a field as \"\", or close \
                                the quote that it begins with earlier";
                    return Err(BadField::new(Some(i), &text[start..end], rule));
                }
            }
        }
    }

    /// The error with the line of the bad field, which the fields before it move on.
    #[cold]
    fn placed(&self, text: &str, bad: BadField) -> BadField {
        let before = 0..bad.field.unwrap_or(0);
        BadField { lines_before: before.map(|i| newlines(self.field(text, i).as_bytes())).sum(), ..bad }
    }
}

fn field_end(text: &str, start: usize) -> usize {
    start + memchr::memchr2(b',', b'\n', &text.as_bytes()[start..]).unwrap_or(text.len() - start)
}

/// A field without quotes around it, and where it ends.
fn plain_field(text: &str, start: usize, i: usize) -> Result<(Span, usize), BadField> {
    let mut end = field_end(text, start);
    // The carriage return of a line's end belongs to the end.
    if text.as_bytes().get(end) != Some(&b',') && text[start..end].ends_with('\r') {
        end -= 1;
    }
    let field = &text[start..end];
    if field.contains('"') {
        let rule =
            "has a quote but does not begin with one; write it as \"...\", with \"\" for each quote inside";
        return Err(BadField::new(Some(i), field, rule));
    }
    if field.contains('\r') {
        return Err(BadField::new(Some(i), field, "has a carriage return outside quotes; quote the field"));
    }
    Ok((Span { start, end, unquoted: false }, end))
}

#[cold]
fn null(i: usize) -> BadField {
    let rule = "is empty without quotes, which COPY reads as NULL, and this column takes none; \
                write \"\" for an empty text";
    BadField::new(Some(i), "", rule)
}

#[cold]
fn wrong_count(text: &str, at: usize, found: usize, count: usize, more: bool) -> BadField {
    let line = text[at..].lines().next().unwrap_or_default();
    let fields = if found == 1 { "field" } else { "fields" };
    let what = if more { format!("has more than {count} fields") } else { format!("has {found} {fields}") };
    BadField::new(None, line, format!("{what}, and a row here has {count}; check its commas and quotes"))
}

/// Adds one text field to a csv row, quoted where COPY needs it: an empty one would be NULL,
/// and `\.` alone on a line the end of the data.
#[inline]
pub(crate) fn push_text(out: &mut impl BufMut, field: &str) {
    let bytes = field.as_bytes();
    let plain = !bytes.is_empty()
        && bytes != b"\\."
        && !bytes.iter().any(|b| matches!(b, b'"' | b',' | b'\n' | b'\r'));
    if plain {
        out.put_slice(bytes);
        return;
    }
    out.put_u8(b'"');
    for byte in bytes {
        if *byte == b'"' {
            out.put_u8(b'"');
        }
        out.put_u8(*byte);
    }
    out.put_u8(b'"');
}
