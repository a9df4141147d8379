//! Which field of a file is which column of a table.

use anyhow::Result;

use super::super::columns::Column;
use super::header::named_alike;
use crate::fault::nearest_then;
use crate::value::SqlType;

/// Names that a message has before it leaves the others out.
const NAMED: usize = 20;

/// The fields of a file as columns of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fit {
    /// The table's columns that the file has, in the table's order.
    pub columns: Vec<Column>,
    /// The number of each one's field.
    pub sources: Vec<usize>,
    /// All fields as messages name them, in the file's order; those that are passed over as text.
    pub fields: Vec<Column>,
}

/// Who names the fields of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NamedBy {
    /// Its first line.
    Header,
    /// Its schema.
    Schema,
    /// The user.
    Flag,
}

impl Fit {
    /// By names, of which an empty one is passed over.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Data`], or [`crate::fault::Fault::Usage`] where the user gave the names, for one
    /// that the table has not, with the nearest that it has; for one that is there twice; for none.
    pub(crate) fn by_name(names: &[String], by: NamedBy, file: &str, columns: &[Column]) -> Result<Self> {
        let (refuse, names_it): (fn(String) -> anyhow::Error, _) = match by {
            NamedBy::Header => (|text| crate::bad_data!("{text}"), format!("{file}: its header names")),
            NamedBy::Schema => (|text| crate::bad_data!("{text}"), format!("{file}: its schema names")),
            NamedBy::Flag => (|text| crate::usage!("{text}"), "--csv-columns names".to_owned()),
        };
        let mut sources = vec![None; columns.len()];
        let mut fields = Vec::with_capacity(names.len());
        for (i, name) in names.iter().enumerate() {
            if name.is_empty() {
                fields.push(Column::new("passed over", SqlType::text()));
                continue;
            }
            let Some(at) = position(name, columns) else {
                let hint = nearest_then(name, columns.iter().map(|column| column.name.as_str()));
                return Err(refuse(format!(
                    "{names_it} the column {name:?}, which the table does not have{hint} it has {}. {}",
                    list(columns),
                    match by {
                        NamedBy::Header =>
                            "Correct the header, or name the file's columns by --csv-columns, with nothing \
                             between two commas for one to pass over",
                        NamedBy::Schema =>
                            "Name the file's columns by --csv-columns, with nothing between two commas for one \
                             to pass over",
                        NamedBy::Flag => "Leave the name between the commas empty to pass a column over",
                    }
                )));
            };
            if sources[at].replace(i).is_some() {
                return Err(refuse(format!("{names_it} the column {:?} twice", columns[at].name)));
            }
            fields.push(columns[at].clone());
        }
        let (columns, sources): (Vec<Column>, Vec<usize>) = columns
            .iter()
            .zip(sources)
            .filter_map(|(column, source)| Some((column.clone(), source?)))
            .unzip();
        if columns.is_empty() {
            return Err(refuse(format!("{names_it} no column of the table")));
        }
        Ok(Self { columns, sources, fields })
    }

    /// By places: all columns in the table's order.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Data`] where a row has another number of fields than the table has columns.
    pub(crate) fn by_place(fields: usize, file: &str, columns: &[Column]) -> Result<Self> {
        if fields != columns.len() {
            let (count, fields) = (columns.len(), plural(fields, "field"));
            return Err(crate::bad_data!(
                "{file}: a row has {fields}, and the table has {} ({}); name the file's columns by \
                 --csv-columns, with nothing between two commas for one to pass over",
                plural(count, "column"),
                list(columns)
            ));
        }
        Ok(Self {
            columns: columns.to_vec(),
            sources: (0..columns.len()).collect(),
            fields: columns.to_vec(),
        })
    }

    /// Whether the fields are the columns, each in its place.
    pub(crate) fn is_in_order(&self) -> bool {
        self.sources.len() == self.fields.len() && self.sources.is_sorted()
    }
}

/// The column of this name; without regard to case where no other is meant.
fn position(name: &str, columns: &[Column]) -> Option<usize> {
    columns.iter().position(|column| column.name == name).or_else(|| {
        let mut alike = columns.iter().enumerate().filter(|(_, column)| named_alike(name, &column.name));
        alike.next().filter(|_| alike.next().is_none()).map(|(at, _)| at)
    })
}

fn list(columns: &[Column]) -> String {
    let mut names: Vec<&str> = columns.iter().take(NAMED).map(|column| column.name.as_str()).collect();
    if columns.len() > NAMED {
        names.push("...");
    }
    names.join(", ")
}

fn plural(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::columns::votes;
    use crate::fault::Fault;

    fn named(names: &[&str], by: NamedBy) -> Result<Fit> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Fit::by_name(&names, by, "a.csv", &votes())
    }

    #[test]
    fn columns_are_found_by_name_in_any_order_and_some_passed_over() {
        let fit = named(&["SCORE", "", "username"], NamedBy::Header).unwrap();
        let names: Vec<&str> = fit.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!((names, &fit.sources[..]), (vec!["username", "score"], &[2, 0][..]));
        assert_eq!(fit.fields.len(), 3);
        assert!(!fit.is_in_order());
        assert!(named(&["username", "link", "score"], NamedBy::Flag).unwrap().is_in_order());
    }

    #[test]
    fn names_that_do_not_fit_are_told_with_the_nearest() {
        let error = named(&["username", "lnik", "score"], NamedBy::Header).unwrap_err();
        assert!(matches!(Fault::find(&error), Some(Fault::Data(_))));
        let text = error.to_string();
        for word in ["a.csv", "\"lnik\"", "did you mean `link`?", "username, link, score", "--csv-columns"] {
            assert!(text.contains(word), "{word} is not in {text}");
        }
        for (names, word) in [
            (&["link", "Link", "score"][..], "\"link\" twice"),
            (&["", "", ""], "no column"),
            (&["user"], "\"user\""),
        ] {
            let error = named(names, NamedBy::Flag).unwrap_err();
            assert!(matches!(Fault::find(&error), Some(Fault::Usage(_))));
            assert!(error.to_string().contains(word), "{error}");
        }
    }

    #[test]
    fn without_names_the_number_of_fields_has_to_be_that_of_the_columns() {
        assert!(Fit::by_place(3, "a.csv", &votes()).unwrap().is_in_order());
        let error = Fit::by_place(1, "a.csv", &votes()).unwrap_err().to_string();
        assert!(error.contains("1 field,") && error.contains("3 columns (username, link, score)"), "{error}");
    }
}
