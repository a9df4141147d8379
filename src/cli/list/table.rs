//! The tables of lists.

use comfy_table::{Attribute, Cell, ColumnConstraint, ContentArrangement, Table, Width, presets};

use crate::report::{Colour, Look};

/// A blank on each side of a cell.
pub(crate) const PADDING: usize = 2;

/// A table as wide as the terminal at most, whose first column is never broken.
pub(crate) fn table(header: &[&str], look: Look, first: usize) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(look.room());
    match look.colour {
        Colour::On => table.enforce_styling(),
        Colour::Off => table.force_no_tty(),
    };
    table.set_header(header.iter().map(|title| Cell::new(title).add_attribute(Attribute::Bold)));
    let first = first.max(header[0].len()) + PADDING;
    if let Some(column) = table.column_mut(0) {
        column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(first as u16)));
    }
    for (index, title) in header.iter().enumerate().skip(2) {
        // Beside what it is stand short words only, none longer than the heading.
        if let Some(column) = table.column_mut(index) {
            let least = Width::Fixed((title.len() + PADDING) as u16);
            column.set_constraint(ColumnConstraint::LowerBoundary(least));
        }
    }
    table
}

/// The table as text, without blanks at the ends of lines.
pub(crate) fn trimmed(table: &Table) -> String {
    table.to_string().lines().map(|line| format!("{}\n", line.trim_end())).collect()
}
