//! Whether the first line of a csv has the columns' names.

use super::super::columns::Column;
use super::super::infer::Kinds;
use super::sniff::Rows;

/// Whether there is a header, and how that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// Whether there is one.
    pub there: bool,
    /// How it is known, in words.
    pub because: &'static str,
}

const fn yes(because: &'static str) -> Header {
    Header { there: true, because }
}

const fn no(because: &'static str) -> Header {
    Header { there: false, because }
}

/// Whether a name in a file is that of a column: PostgreSQL folds names that are not quoted.
pub(crate) fn named_alike(name: &str, column: &str) -> bool {
    name.trim().eq_ignore_ascii_case(column)
}

impl Header {
    /// By the rows at the file's beginning: against the columns of a table, or by themselves.
    pub(crate) fn of(rows: &Rows, null: &str, columns: Option<&[Column]>) -> Self {
        let Some((first, rest)) = rows.split_first() else { return no("there are no rows") };
        match columns {
            Some(columns) => against(first, rest, null, columns),
            None => by_itself(first, rest, null),
        }
    }
}

type Fields = [(String, bool)];

fn against(first: &Fields, rest: &[Vec<(String, bool)>], null: &str, columns: &[Column]) -> Header {
    let named = |field: &str| columns.iter().any(|column| named_alike(field, &column.name));
    let names = first.iter().filter(|(field, _)| named(field)).count();
    if 2 * names >= first.len() && names > 0 {
        return yes("the first line has names of the table's columns");
    }
    let by_place = first.len() == columns.len();
    let is_name = |i: usize| {
        let takes = |row: &Fields| {
            row.get(i).is_none_or(|(field, quoted)| (!quoted && field == null) || takes(&columns[i], field))
        };
        !takes(first) && !rest.is_empty() && rest.iter().all(|row| takes(row))
    };
    if by_place && (0..columns.len()).any(is_name) {
        return yes("the first line does not fit the table's types, and those after it do");
    }
    no("the first line has no names of the table's columns")
}

/// Whether a column may take a field, for all that the client knows.
fn takes(column: &Column, field: &str) -> bool {
    let refused = match column.codec().is_number() {
        true => column.codec().number(field).err(),
        false => column.codec().push_canonical(field, &mut String::new()).err(),
    };
    !refused.is_some_and(|refused| refused.certain)
}

fn by_itself(first: &Fields, rest: &[Vec<(String, bool)>], null: &str) -> Header {
    let distinct = first.iter().enumerate().all(|(i, one)| !first[..i].iter().any(|other| other.0 == one.0));
    let names = first.iter().filter(|(field, _)| !field.trim().is_empty()).count();
    if 2 * names < first.len() || rest.is_empty() {
        return no("the first line has no names in it");
    }
    let mut is_text = distinct;
    for (i, (name, _)) in first.iter().enumerate() {
        let column = rest.iter().filter_map(|row| row.get(i));
        let mut column =
            column.filter(|(field, quoted)| *quoted || field != null).map(|(field, _)| field.as_str());
        let (own, of_rows) = (Kinds::of([name.as_str()]), Kinds::of(column.clone()));
        if of_rows.values > 0 && !of_rows.is_text() && !of_rows.holds(&own) {
            return yes("the first line has words where the others have values of a type");
        }
        is_text &= own.is_text() && looks_like_a_name(name) && !column.any(|field| field == name);
    }
    match is_text {
        true => yes("the first line has words that look like names, and no other has them"),
        false => no("the first line is like the others"),
    }
}

fn looks_like_a_name(word: &str) -> bool {
    let begins = word.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
    begins
        && word.len() <= 63
        && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | ' ' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::super::asked::Asked;
    use super::super::sniff::{Sample, sniff};
    use super::*;
    use crate::value::SqlType;

    fn header(text: &str, columns: Option<&[Column]>) -> bool {
        let (dialect, rows) = sniff(Sample { text, whole: true }, &Asked::default(), columns.map(<[_]>::len));
        Header::of(&rows, &dialect.null, columns).there
    }

    #[test]
    fn a_header_has_names_of_the_table_or_does_not_fit_its_types() {
        let table = [
            Column::new("Id", SqlType::int4()),
            Column::new("user name", SqlType::text()),
            Column::new("note", SqlType::text()).nullable(),
        ];
        for (text, there) in [
            ("Id,user name,note\n1,ada,x\n", true),
            ("note,id,user name\n", true),
            ("note,id\n", true),
            ("id,user,text\n1,ada,x\n", true),
            ("number,user,text\n1,ada,x\n2,bob,\n", true),
            ("1,ada,x\n2,bob,y\n", false),
            ("1,note,x\n", false),
            ("number,user,text\n", false),
            ("n/a,ada,x\n1,bob,y\nn/a,eve,z\n", false),
            ("", false),
        ] {
            assert_eq!(header(text, Some(&table)), there, "{text}");
        }
    }

    #[test]
    fn without_a_table_a_header_is_what_the_rows_are_not() {
        for (text, there) in [
            ("id,name\n1,ada\n2,bob\n", true),
            ("name,when\nada,2024-01-01\nbob,\n", true),
            ("1,2\n3,4\n", false),
            ("ada,1\nbob,2\n", false),
            ("name,town\nada,London\nbob,York\n", true),
            ("ada,London\nbob,York\nada,Leeds\n", false),
            ("a,b\na,c\n", false),
            ("name,name\nada,bob\n", false),
            ("name,town\n", false),
            ("what is it?,1st\nada,London\n", false),
            ("2023,2024\n1.5,x\n", false),
            ("id,\n1,\n2,\n", true),
        ] {
            assert_eq!(header(text, None), there, "{text}");
        }
    }
}
