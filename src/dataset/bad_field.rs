//! A field or a row of a file that is refused, and where it is.

use super::columns::Column;

/// Why a row is refused.
#[derive(Debug)]
pub(crate) struct BadField {
    /// The field's number from 0; `None` when the row as a whole is wrong.
    pub field: Option<usize>,
    /// The line feeds in the row before it, which has several lines then.
    pub lines_before: u64,
    /// Its text, cut short.
    pub value: String,
    /// The broken rule, and the next step.
    pub rule: String,
}

/// What the rows of a file are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Lines, of which a row may have several.
    Line,
    /// Rows, of a file without lines.
    Row,
}

impl BadField {
    /// Of a field, or of a row where it has no number.
    pub(crate) fn new(field: Option<usize>, value: &str, rule: impl Into<String>) -> Self {
        const SHOWN: usize = 80;
        let mut shown: String = value.chars().take(SHOWN).collect();
        if shown.len() < value.len() {
            shown.push_str("...");
        }
        Self { field, lines_before: 0, value: shown, rule: rule.into() }
    }

    /// The error for the user: where it is, what it is, and the rule. The row begins on `line`.
    pub(crate) fn at(&self, file: &str, line: u64, columns: &[Column]) -> anyhow::Error {
        crate::bad_data!("{}", self.words(file, Unit::Line, line, columns))
    }

    /// As [`BadField::at`], of a file whose rows are counted in either way; without being an error.
    pub(crate) fn words(&self, file: &str, unit: Unit, place: u64, columns: &[Column]) -> String {
        let (value, rule) = (&self.value, &self.rule);
        let unit = match unit {
            Unit::Line => "line",
            Unit::Row => "row",
        };
        let Some(i) = self.field else { return format!("{file}, {unit} {place}: {value:?} {rule}") };
        let begins = match self.lines_before {
            0 => String::new(),
            lines => format!(", which begins on line {}", place + lines),
        };
        let (name, kind) =
            columns.get(i).map_or(("?", "unknown"), |column| (column.name.as_str(), column.kind.sql()));
        format!("{file}, {unit} {place}, field {} ({name}){begins}, of type {kind}: {value:?} {rule}", i + 1)
    }
}
