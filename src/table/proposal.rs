//! A table to start from, for the rows of a file: each column with the narrowest type that holds its values, and
//! why.

use std::path::Path;

use crate::dataset::infer::{Different, Form, Found, Inferred, Kind};
use crate::sql::{literal, quote};
use crate::units;
use crate::visible::visible;

/// Words in the names of columns whose digits count nothing.
const NO_NUMBERS: [&str; 14] = [
    "phone",
    "telephone",
    "tel",
    "fax",
    "mobile",
    "zip",
    "zipcode",
    "postcode",
    "postal",
    "plz",
    "iban",
    "ssn",
    "isbn",
    "ean",
];

/// The longest text that is proposed as a key, in bytes: an index takes no longer ones than a third of a page.
const LONGEST_KEY: usize = 200;

/// A column as it is proposed.
struct Proposed<'f> {
    found: &'f Found,
    sql: String,
    reason: String,
}

/// CREATE TABLE for the rows of a file, with the reasons as comments, and the `\copy` that reads the file.
pub(crate) fn propose(inferred: &Inferred, table: &str, file: &Path) -> String {
    let columns: Vec<Proposed<'_>> = inferred.columns.iter().flatten().map(Proposed::of).collect();
    let key = key(&columns, inferred.rows);
    let mut sql = format!(
        "-- {}: {} rows, {}\nCREATE TABLE {} (\n",
        visible(&file.display().to_string()),
        units::count(inferred.rows),
        visible(&inferred.form.to_string()),
        quote(table)
    );
    for (i, column) in columns.iter().enumerate() {
        let is_key = key == Some(i);
        let rule = match (is_key, column.found.nulls) {
            (true, _) => " PRIMARY KEY",
            (false, 0) => " NOT NULL",
            (false, _) => "",
        };
        let comma = if i + 1 < columns.len() { "," } else { "" };
        sql.push_str(&format!(
            "    -- {}{}\n    {} {}{rule}{comma}\n",
            visible(&column.reason),
            if is_key { ": a key" } else { "" },
            quote(&column.found.name.name),
            column.sql,
        ));
    }
    sql.push_str(");\n");
    for (name, reason) in &inferred.left_out {
        sql.push_str(&format!("-- left out: {}, {}\n", visible(&quote(name)), visible(reason)));
    }
    if key.is_none() {
        sql.push_str("-- no column alone is a key\n");
    }
    if let Some(copy) = copy(inferred, table, file) {
        sql.push_str(&format!("-- {copy}\n"));
    }
    sql
}

/// What psql reads the file by; `None` where it cannot: Parquet, a column that is passed over, a name of two
/// lines.
fn copy(inferred: &Inferred, table: &str, file: &Path) -> Option<String> {
    let Form::Csv(csv) = &inferred.form else { return None };
    let names: Option<Vec<String>> =
        inferred.columns.iter().map(|column| Some(quote(&column.as_ref()?.name.name))).collect();
    let file = file.to_str()?;
    let source = match csv.packed {
        // A name without a NUL byte, as those of files are, can always be quoted.
        Some(packer) => {
            format!("PROGRAM {}", literal(&format!("{} {}", packer.unpack(), shlex::try_quote(file).ok()?)))
        }
        None => literal(file),
    };
    let options = csv.dialect.copy_options();
    let copy = format!("\\copy {} ({}) FROM {source} WITH ({options})", quote(table), names?.join(", "));
    (!copy.contains(['\n', '\r'])).then_some(copy)
}

/// The number of the column that is proposed as the primary key.
fn key(columns: &[Proposed<'_>], rows: u64) -> Option<usize> {
    // One row says nothing.
    if rows < 2 {
        return None;
    }
    let rank = |column: &Proposed<'_>| {
        let found = column.found;
        if found.nulls > 0 || found.different != Different::All {
            return None;
        }
        let name = found.name.name.to_lowercase();
        let called = if name == "id" || name == "key" || name == "uuid" { 0 } else { 1 };
        match column.sql.as_str() {
            "smallint" | "integer" | "bigint" => Some((called, 0)),
            "uuid" => Some((called, 1)),
            "text" if found.kinds.longest <= LONGEST_KEY => Some((called, 2)),
            _ => None,
        }
    };
    let ranked = columns.iter().enumerate().filter_map(|(i, column)| Some((rank(column)?, i)));
    ranked.min().map(|(_, i)| i)
}

impl<'f> Proposed<'f> {
    fn of(found: &'f Found) -> Self {
        let is_number = matches!(found.kind, Kind::Smallint | Kind::Integer | Kind::Bigint);
        let no_number = is_number && is_called_no_number(&found.name.name);
        let (sql, mut reason) = match &found.declared {
            Some(declared) => (declared.clone(), format!("{declared}: as the file's schema says")),
            None if no_number => ("text".into(), "text: digits, but by its name no number".into()),
            None => (found.kind.sql(), of_kind(found)),
        };
        reason.push_str(&of_nulls(found));
        if found.kinds.values > 0 {
            reason.push_str(match found.different {
                Different::All => ", all different",
                Different::Not => ", some values twice",
                Different::Unknown => ", too many to check whether all are different",
            });
        }
        if let Some(changed) = found.name.changed {
            reason.push_str(&format!(" (its name is not the file's: {changed})"));
        }
        Self { found, sql, reason }
    }
}

fn of_nulls(found: &Found) -> String {
    match (found.nulls, found.kinds.values) {
        (0, _) => ", no NULL".into(),
        (_, 0) => ", nothing but NULL".into(),
        (1, _) => ", 1 NULL".into(),
        (nulls, _) => format!(", {} NULLs", units::count(nulls)),
    }
}

/// The type, and what of the values it follows from.
fn of_kind(found: &Found) -> String {
    let kinds = &found.kinds;
    match found.kind {
        Kind::Smallint | Kind::Integer | Kind::Bigint => {
            let kind = found.kind.sql();
            format!("{kind}: {} to {}", kinds.least, kinds.greatest)
        }
        Kind::Numeric { precision, scale } => {
            format!("numeric: at most {precision} digits, of them {scale} behind the point")
        }
        Kind::Double => "double precision: numbers with exponents or without end".into(),
        Kind::Text if kinds.values == 0 => "text: no value to tell by".into(),
        Kind::Text => {
            let why = match &kinds.end {
                _ if kinds.padded => ", digits with leading zeros or a plus among them".into(),
                Some(end) => format!(", {:?} is no {}, as those before it are", end.value, end.of.sql()),
                None => String::new(),
            };
            format!("text: at most {} bytes{why}", kinds.longest)
        }
        kind => format!("{}: each value is one", kind.sql()),
    }
}

fn is_called_no_number(name: &str) -> bool {
    let words = name.split(|c: char| !c.is_alphabetic());
    words
        .flat_map(|word| [word.to_lowercase(), capital(word)])
        .any(|word| NO_NUMBERS.contains(&word.as_str()))
}

/// The last word of `homePhone`.
fn capital(word: &str) -> String {
    let start = word.rfind(char::is_uppercase).unwrap_or(0);
    word[start..].to_lowercase()
}
