//! The server's refusal of rows, told by the row of the file that they are of.

use anyhow::{Error, Result};
use tokio_postgres::error::DbError;

use crate::bad_data;
use crate::dataset::{Dataset, RowsFile};
use crate::pg_error::of_server;

/// Rows on their way into a table.
#[derive(Debug, Clone, Copy)]
pub struct Offered<'o> {
    /// The table, bare.
    pub table: &'o str,
    /// The rows.
    pub dataset: &'o Dataset,
    /// The file that they were taken from, where it is at hand.
    pub file: Option<&'o RowsFile<'o>>,
}

impl Offered<'_> {
    /// An error of loading these rows: where it is the server that refuses one of them,
    /// [`crate::fault::Fault::Data`] with the row's place, column, value and type as far as the server says
    /// which it is; any other as it is.
    pub(super) fn told(&self, error: Error) -> Error {
        let Some(db) = of_server(&error).filter(|db| is_of_rows(db)) else { return error };
        match self.words(db) {
            Ok(words) => bad_data!("{words}"),
            Err(other) => error.context(other),
        }
    }

    fn words(&self, db: &DbError) -> Result<String> {
        let Self { table, dataset, file } = *self;
        let says = words(db);
        let names: Vec<&str> = dataset.columns().iter().map(|column| column.name.as_str()).collect();
        let (line, named) = db.where_().map_or((None, None), |text| place(text, table, &names));
        let column = named.or_else(|| names.iter().find(|name| Some(**name) == db.column()).copied());
        let refuses = format!("is refused by the table {table}: {says}");
        match (line, file) {
            (Some(line), Some(file)) => file.words(dataset.row_of_line(line)?, column, &refuses),
            (Some(line), None) => {
                let row = dataset.row_of_line(line)?;
                let of = column.map_or(String::new(), |column| format!(", column {column}"));
                Ok(format!("row {row} of the dataset {}{of}, {refuses}", dataset.name()))
            }
            (None, Some(file)) => {
                Ok(format!("{}: the table {table} refuses its rows: {says}", file.path.display()))
            }
            (None, None) => {
                Ok(format!("the table {table} refuses the rows of the dataset {}: {says}", dataset.name()))
            }
        }
    }
}

/// Whether an error is about values and rows, by the class of its SQLSTATE: data exceptions, integrity
/// constraints, views with a check, what a trigger raises, and what is too large for an index or a page.
fn is_of_rows(db: &DbError) -> bool {
    ["22", "23", "44", "P0", "54"].iter().any(|class| db.code().code().starts_with(class))
}

/// The server's words without those that name the place.
fn words(db: &DbError) -> String {
    let mut text = format!("{} {}", db.code().code(), db.message());
    for (name, part) in [("detail", db.detail()), ("hint", db.hint())] {
        if let Some(part) = part {
            text.push_str(&format!("; {name}: {part}"));
        }
    }
    text
}

/// The line of the csv and the column that the server names where it reads rows for this table: `COPY t, line 3,
/// column total: "much"`, in whatever language it speaks.
fn place<'c>(context: &str, table: &str, columns: &[&'c str]) -> (Option<u64>, Option<&'c str>) {
    let head = format!("COPY {table}, ");
    let Some(rest) = context.lines().find_map(|line| line.strip_prefix(&head)) else { return (None, None) };
    let Some(from) = rest.find(|c: char| c.is_ascii_digit()) else { return (None, None) };
    let rest = &rest[from..];
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (line, rest) = rest.split_at(end);
    // The longest of several that end alike.
    let named = |name: &&&str| rest.starts_with(", ") && rest.contains(&format!(" {name}: "));
    let column = columns.iter().filter(named).max_by_key(|name| name.len());
    (line.parse().ok(), column.copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_names_line_and_column() {
        let columns = ["id", "total", "grand total", "3"];
        for (context, expected) in [
            ("COPY my, t 7, line 301, column total: \"much\"", (Some(301), Some("total"))),
            ("COPY my, t 7, line 1, column grand total: \"x\"", (Some(1), Some("grand total"))),
            ("COPY my, t 7, line 12: \"1,column id: 3\"", (Some(12), None)),
            ("COPY my, t 7, line 12", (Some(12), None)),
            ("COPY my, t 7, Zeile 5, Spalte 3: NULL-Eingabe", (Some(5), Some("3"))),
            ("PL/pgSQL function f() line 3 at RAISE\nCOPY my, t 7, line 9: \"x\"", (Some(9), None)),
            ("COPY other, line 9", (None, None)),
            ("", (None, None)),
        ] {
            assert_eq!(place(context, "my, t 7", &columns), expected, "{context}");
        }
    }
}
