//! Finding out the dialect of a csv from its first rows: the marks by which they have the same number of
//! fields, and the spelling of NULL among them.

use memchr::memchr;

use super::asked::Asked;
use super::rules::Dialect;
use super::split::Splitter;

/// How much is cut by each dialect that may be the one, in bytes.
const TRIED_BYTES: usize = 256 << 10;

/// The delimiters that are tried, the most common first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The share of rows that have to have the same number of fields, before a delimiter is one.
const ALIKE: f64 = 0.7;

/// The beginning of a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample<'s> {
    /// Its text; bytes that are no UTF-8 may be replaced in it.
    pub text: &'s str,
    /// Whether that is the whole file.
    pub whole: bool,
}

/// A field of the sample, and whether it has quotes around it. As NULL is not known yet, none is one.
pub(crate) type Field = (String, bool);

/// The rows of the sample that could be cut.
pub(crate) type Rows = Vec<Vec<Field>>;

/// The dialect of a sample, but for whether there is a header; `fields` is the number that a row should have,
/// where that is known. With it come the rows of the beginning of the sample.
pub(crate) fn sniff(sample: Sample<'_>, asked: &Asked, fields: Option<usize>) -> (Dialect, Rows) {
    let sample = sample.cut();
    let tried = candidates(sample.text, asked).into_iter().map(|dialect| {
        let tried = Trial::of(&dialect, sample);
        (tried.score(fields), dialect, tried)
    });
    // Of equals the first.
    let best = tried.reduce(|best, next| if next.0 > best.0 { next } else { best });
    let (mut dialect, rows) = match best {
        Some((_, dialect, trial)) => (dialect, trial.rows),
        None => (Dialect::standard(), Vec::new()),
    };
    dialect.null = asked.null.clone().unwrap_or_else(|| null_of(&rows).into());
    (dialect, rows)
}

impl Sample<'_> {
    fn cut(self) -> Self {
        let mut at = TRIED_BYTES;
        if self.text.len() <= at {
            return self;
        }
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        Self { text: &self.text[..at], whole: false }
    }
}

/// The dialects that a text may be in, the likelier first.
fn candidates(text: &str, asked: &Asked) -> Vec<Dialect> {
    let has = |mark: u8| memchr(mark, text.as_bytes()).is_some();
    let delimiters: Vec<u8> = match asked.delimiter {
        Some(delimiter) => vec![delimiter],
        None => DELIMITERS.into_iter().filter(|mark| *mark == DELIMITERS[0] || has(*mark)).collect(),
    };
    let mut quotes = vec![asked.quote.unwrap_or(Some(b'"'))];
    if asked.quote.is_none() {
        quotes.extend(has(b'\'').then_some(Some(b'\'')));
        quotes.extend(has(b'"').then_some(None));
    }
    let mut found = Vec::new();
    for quote in quotes {
        let escapes: Vec<u8> = match (quote, asked.escape) {
            (_, Some(escape)) => vec![escape],
            (Some(quote), None) if has(quote) && has(b'\\') => vec![quote, b'\\'],
            (quote, None) => vec![quote.unwrap_or(b'"')],
        };
        for escape in escapes {
            found.extend(delimiters.iter().map(|delimiter| Dialect {
                delimiter: *delimiter,
                quote,
                escape,
                null: String::new(),
                header: false,
            }));
        }
    }
    found
}

/// What cutting the sample by a dialect gives.
struct Trial {
    rows: Rows,
    /// The number of fields that most rows have.
    fields: usize,
    /// The share of rows that have so many.
    alike: f64,
    /// What the fields say of the quote.
    quote: QuoteIs,
}

/// What fields say of a quote.
#[derive(Clone, Copy, PartialEq, Eq)]
enum QuoteIs {
    Sure,
    Possible,
    Wrong,
}

impl Trial {
    fn of(dialect: &Dialect, sample: Sample<'_>) -> Self {
        let (rows, refused) = cut(dialect, sample);
        let mut counts: Vec<usize> = rows.iter().map(Vec::len).collect();
        counts.sort_unstable();
        let runs = counts.chunk_by(|a, b| a == b);
        let most = runs.max_by_key(|run| run.len()).map_or((0, 0), |run| (run[0], run.len()));
        let quote = match dialect.quote {
            Some(b'\'') => apostrophe_is(&rows),
            Some(_) => QuoteIs::Possible,
            // Text has quotes, as for inches: only where no field begins with one.
            None if rows.iter().flatten().any(|(field, _)| field.starts_with('"')) => QuoteIs::Wrong,
            None => QuoteIs::Possible,
        };
        let all = (rows.len() + refused).max(1);
        Self { rows, fields: most.0, alike: most.1 as f64 / all as f64, quote }
    }

    /// How likely it is the dialect: the greater, the likelier.
    fn score(&self, fields: Option<usize>) -> (f64, usize) {
        let alike = if self.fields > 1 { self.alike } else { ALIKE.min(self.alike) };
        let fits = if fields == Some(self.fields) { 0.6 } else { 0.0 };
        let fields = if self.alike < ALIKE { 0 } else { self.fields };
        match self.quote {
            QuoteIs::Sure => (alike + fits + 0.1, fields),
            QuoteIs::Possible => (alike + fits, fields),
            QuoteIs::Wrong => (-1.0, fields),
        }
    }
}

/// The rows of a sample, and how many are none.
fn cut(dialect: &Dialect, sample: Sample<'_>) -> (Rows, usize) {
    let text = sample.text;
    let (mut at, mut rows, mut refused) = (0, Vec::new(), 0);
    let mut splitter = Splitter::new(dialect, 0);
    while at < text.len() {
        let (row, next) = match splitter.split_all(text, at) {
            Ok(next) => {
                let fields = 0..splitter.len();
                let row = fields.map(|i| (splitter.field(text, i).to_owned(), splitter.is_quoted(i)));
                (Some(row.collect()), next)
            }
            // It goes on with the next line.
            Err(_) => (None, memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len(), |feed| at + feed + 1)),
        };
        // The last row may go on behind the sample.
        if next < text.len() || sample.whole {
            match row {
                Some(row) => rows.push(row),
                None => refused += 1,
            }
        }
        at = next;
    }
    (rows, refused)
}

/// Text has apostrophes: they are quotes only where they stand around fields, and nowhere else; for sure where
/// they stand around each of a column.
fn apostrophe_is(rows: &Rows) -> QuoteIs {
    let bare = |field: &Field| !field.1 && (field.0.starts_with('"') || field.0.contains('\''));
    let mut all = rows.iter().flatten();
    if all.clone().any(bare) || !all.any(|(_, quoted)| *quoted) {
        return QuoteIs::Wrong;
    }
    let fields = rows.first().map_or(0, Vec::len);
    let around = |i: usize| {
        let column = rows.iter().skip(1).filter_map(|row| row.get(i));
        let mut column = column.filter(|(field, quoted)| *quoted || !field.is_empty()).peekable();
        column.peek().is_some() && column.all(|(_, quoted)| *quoted)
    };
    if (0..fields).any(around) { QuoteIs::Sure } else { QuoteIs::Possible }
}

/// The spelling of NULL, by the fields without quotes.
fn null_of(rows: &Rows) -> &'static str {
    let has = |word: &str| rows.iter().flatten().any(|(field, quoted)| !quoted && field == word);
    if has("\\N") {
        "\\N"
    } else if has("NULL") && !has("") {
        "NULL"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, fields: Option<usize>) -> String {
        let (dialect, _) = sniff(Sample { text, whole: true }, &Asked::default(), fields);
        let flags = dialect.to_string();
        flags.strip_prefix("--csv-header no --delimiter ").unwrap().to_owned()
    }

    #[track_caller]
    fn assert_found(text: &str, flags: &str) {
        assert_eq!(found(text, None), flags, "{text}");
    }

    const STANDARD: &str = "',' --quote '\"' --escape '\"' --null ''";

    #[test]
    fn delimiters_are_told_by_rows_of_equal_length() {
        assert_found("a,b\n1,2\n", STANDARD);
        assert_found("", STANDARD);
        assert_found("one\ntwo\n", STANDARD);
        for (mark, flag) in [(";", "';'"), ("\t", "tab"), ("|", "'|'")] {
            let text = "a,x\t1;b c|2\n".replace([',', '\t', ';', '|'], mark).repeat(3);
            assert_found(&text, &STANDARD.replacen("','", flag, 1));
            // What is no delimiter stands in some rows.
            let text = format!("when{mark}what\n2024{mark}a, b and c\n2025{mark}d; or e\n2026{mark}f|g\n");
            assert_found(&text, &STANDARD.replacen("','", flag, 1));
        }
        assert_found("id;price\n1;1,5\n2;2,75\n", &STANDARD.replacen(',', ";", 1));
    }

    #[test]
    fn a_few_bad_rows_do_not_change_the_delimiter() {
        let rows = "a,b;c,1\n".repeat(20);
        assert_found(&format!("{rows}too,short\n{rows}"), STANDARD);
        assert_eq!(found("a,b;c,1\ntoo;short\n", Some(3)), STANDARD);
        assert_eq!(found("a,b\n1,2\n3\n4\n5\n", Some(1)), STANDARD);
    }

    #[test]
    fn quotes_and_escapes_are_told_by_what_parses() {
        assert_found("\"a\"\"b\",1\n\"c,\nd\",2\n", STANDARD);
        assert_found("'a''b',1\n'c,d',2\n'e',3\n", r"',' --quote ''\''' --escape ''\''' --null ''");
        assert_found("it's,1\n'tis,2\n", STANDARD);
        assert_found("\"a \\\"b\\\" c\",1\n\"d, \\\"e\",2\n", "',' --quote '\"' --escape '\\' --null ''");
        assert_found("\"C:\\\",1\n\"D:\\\",2\n", STANDARD);
        assert_found("5\" disk,1\n3.5\" disk,2\n", "',' --quote none --null ''");
        // A quote at a field's beginning is one, closed or not.
        assert_found("\"a,1\nb,2\n", STANDARD);
        assert_found("\"a\"b,1\nc\"d,2\ne,3\n", STANDARD);
    }

    #[test]
    fn null_is_told_by_its_spelling_without_quotes() {
        let null = |text| found(text, None).rsplit("--null ").next().unwrap().to_owned();
        assert_eq!(null("a,\\N\n,1\n"), "'\\N'");
        assert_eq!(null("a,NULL\nb,1\n"), "'NULL'");
        assert_eq!(null("a,NULL\nb,\n"), "''");
        assert_eq!(null("a,\"NULL\"\nb,\"\\N\"\n"), "''");
        let asked = Asked { null: Some("-".into()), delimiter: Some(b'N'), ..Asked::default() };
        let (dialect, rows) = sniff(Sample { text: "a,\\N\n", whole: true }, &asked, None);
        assert_eq!((dialect.null.as_str(), dialect.delimiter, rows[0].len()), ("-", b'N', 2));
    }

    #[test]
    fn what_is_asked_for_is_not_sought() {
        let of = |asked: Asked| {
            let (dialect, _) = sniff(Sample { text: "a;b,'c'\n", whole: true }, &asked, None);
            (dialect.delimiter, dialect.quote, dialect.escape)
        };
        assert_eq!(of(Asked { delimiter: Some(b':'), ..Asked::default() }), (b':', Some(b'"'), b'"'));
        assert_eq!(of(Asked { quote: Some(Some(b'c')), ..Asked::default() }).1, Some(b'c'));
        assert_eq!(of(Asked { quote: Some(None), ..Asked::default() }).1, None);
        assert_eq!(of(Asked { escape: Some(b'!'), ..Asked::default() }).2, b'!');
    }

    #[test]
    fn a_row_that_goes_on_behind_the_sample_does_not_count() {
        let text = format!("a;b\n1;\"{}", "x,".repeat(TRIED_BYTES));
        let (dialect, rows) = sniff(Sample { text: &text, whole: true }, &Asked::default(), None);
        assert_eq!((dialect.delimiter, rows.len()), (b';', 1));
        let long = "é,".repeat(TRIED_BYTES);
        let (_, rows) = sniff(Sample { text: &long, whole: false }, &Asked::default(), None);
        assert!(rows.is_empty());
    }
}
