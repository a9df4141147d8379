//! What the command line says of a csv.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};

use crate::dataset::Asked;

/// How a csv is written; what is not given is found out.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Csv")]
pub(crate) struct CsvArgs {
    /// Whether the csv's first line has the columns' names [default: found out]
    #[arg(long, value_name = "yes|no", value_enum, hide_possible_values = true)]
    csv_header: Option<YesNo>,
    /// The csv's columns in its order, as a line of csv; an empty name passes one over [default: the header, or
    /// the table's columns]
    #[arg(long, value_name = "NAMES")]
    csv_columns: Option<String>,
    /// The character between the csv's fields, or tab [default: found out]
    #[arg(long, value_name = "CHAR", value_parser = mark)]
    delimiter: Option<u8>,
    /// The character around the csv's fields, or none [default: found out]
    #[arg(long, value_name = "CHAR", value_parser = quote)]
    quote: Option<Quote>,
    /// The character before a quote inside quotes [default: found out]
    #[arg(long, value_name = "CHAR", value_parser = mark)]
    escape: Option<u8>,
    /// The csv's spelling of NULL, without quotes [default: found out, one of nothing, \N and NULL]
    #[arg(long, value_name = "TEXT")]
    null: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum YesNo {
    Yes,
    No,
}

/// A quote, or that there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Quote(Option<u8>);

impl CsvArgs {
    /// What is said.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] when the columns' names are no line of csv.
    pub(crate) fn asked(&self) -> Result<Asked> {
        Ok(Asked {
            header: self.csv_header.map(|said| said == YesNo::Yes),
            columns: self.csv_columns.as_deref().map(names).transpose()?,
            delimiter: self.delimiter,
            quote: self.quote.map(|quote| quote.0),
            escape: self.escape,
            null: self.null.clone(),
        })
    }
}

/// The flags alone, as if they were a command line.
#[derive(Debug, Parser)]
#[command(no_binary_name = true, disable_help_flag = true)]
struct Line {
    #[command(flatten)]
    csv: CsvArgs,
}

impl CsvArgs {
    /// What is said by the names of the flags, as [`CsvArgs::given`] has it.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] for a name that is no flag, or a value that it does not take.
    pub(crate) fn of(given: &BTreeMap<String, String>) -> Result<Self> {
        let words = given.iter().map(|(name, value)| format!("--{name}={value}"));
        match Line::try_parse_from(words) {
            Ok(line) => Ok(line.csv),
            Err(error) => {
                let text = error.to_string();
                let first = text.lines().next().unwrap_or_default();
                Err(crate::usage!("csv_options: {}", first.trim_start_matches("error: ")))
            }
        }
    }
}

impl CsvArgs {
    /// What is said, by the names of the flags.
    pub(crate) fn given(&self) -> BTreeMap<String, String> {
        let yes_no = |said: YesNo| if said == YesNo::Yes { "yes" } else { "no" }.to_owned();
        let mark = |mark: u8| if mark == b'\t' { "tab".into() } else { char::from(mark).to_string() };
        let quote = |quote: Quote| quote.0.map_or("none".into(), mark);
        [
            ("csv-header", self.csv_header.map(yes_no)),
            ("csv-columns", self.csv_columns.clone()),
            ("delimiter", self.delimiter.map(mark)),
            ("quote", self.quote.map(quote)),
            ("escape", self.escape.map(mark)),
            ("null", self.null.clone()),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
    }
}

/// The names in a line of csv.
fn names(line: &str) -> Result<Vec<String>> {
    let wrong = || {
        crate::usage!("--csv-columns {line:?}: give a line of csv, as a,b,c; a name with a comma in quotes")
    };
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
    let mut records = reader.records();
    let names = records.next().with_context(wrong)?.with_context(wrong)?;
    match records.next() {
        None => Ok(names.iter().map(str::to_owned).collect()),
        Some(_) => Err(wrong()),
    }
}

fn quote(text: &str) -> Result<Quote, String> {
    match text {
        "none" => Ok(Quote(None)),
        text => Ok(Quote(Some(mark(text).map_err(|rule| format!("{rule}, or none"))?))),
    }
}

fn mark(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"tab" | b"\\t" => Ok(b'\t'),
        [mark] if mark.is_ascii() => Ok(*mark),
        _ => Err("give one character of ASCII, or tab".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(flags: &[&str]) -> Result<Asked> {
        Line::try_parse_from(flags)?.csv.asked()
    }

    #[test]
    fn what_is_given_is_heard_again() {
        let flags = ["--delimiter", "tab", "--quote", "none", "--null", "\\N", "--csv-header", "no"];
        let given = Line::try_parse_from(flags).unwrap().csv.given();
        assert_eq!(CsvArgs::of(&given).unwrap().given(), given);
        let wrong = BTreeMap::from([("delimeter".to_owned(), ";".to_owned())]);
        let error = CsvArgs::of(&wrong).unwrap_err().to_string();
        assert!(error.contains("csv_options") && error.contains("--delimeter"), "{error}");
    }

    #[test]
    fn each_flag_is_heard() {
        assert!(asked(&[]).unwrap().is_empty());
        let flags = ["--csv-header", "yes", "--csv-columns", "a,\"b,c\",,d", "--delimiter", "tab"];
        let more = ["--quote", "'", "--escape", "\\", "--null", "\\N"];
        let all = asked(&[&flags[..], &more[..]].concat()).unwrap();
        assert_eq!(
            all,
            Asked {
                header: Some(true),
                columns: Some(["a", "b,c", "", "d"].map(str::to_owned).to_vec()),
                delimiter: Some(b'\t'),
                quote: Some(Some(b'\'')),
                escape: Some(b'\\'),
                null: Some("\\N".into()),
            }
        );
        let none = asked(&["--quote", "none", "--csv-header", "no", "--null", ""]).unwrap();
        assert_eq!((none.quote, none.header, none.null.as_deref()), (Some(None), Some(false), Some("")));
    }

    #[test]
    fn what_is_no_mark_is_refused() {
        for flags in [["--delimiter", ";;"], ["--quote", "é"], ["--escape", ""], ["--csv-columns", "a\nb"]] {
            let error = asked(&flags).unwrap_err().to_string();
            assert!(error.contains(flags[0]), "{error}");
        }
    }
}
