//! Markdown, ready to paste.

use super::section::{Code, Page, Prominence, Section};
use super::table::{Align, Cell, Table, Tone};

/// A report as Markdown; charts are linked as `charts/NAME.png`.
pub(crate) fn page(page: &Page) -> String {
    let mut out = format!("# {}\n\n", escape(&page.title));
    if !page.question.is_empty() {
        out.push_str(&format!("*{}*\n\n", escape(&page.question)));
    }
    for line in &page.headline {
        out.push_str(&format!("{}\n\n", escape(line)));
    }
    for part in page.sections.iter().filter(|s| s.prominence != Prominence::PageOnly) {
        section(part, &mut out);
    }
    out.push_str(&format!("---\n\n{}\n", escape(&page.origin)));
    out
}

fn section(section: &Section, out: &mut String) {
    let folded = section.prominence == Prominence::Folded;
    if folded {
        out.push_str(&format!("<details>\n<summary>{}</summary>\n\n", escape(&section.title)));
    } else {
        out.push_str(&format!("## {}\n\n", escape(&section.title)));
    }
    for paragraph in &section.text {
        out.push_str(&format!("{}\n\n", escape(paragraph)));
    }
    if let Some(table) = &section.table {
        out.push_str(&self::table(table));
        out.push('\n');
    }
    for note in &section.notes {
        out.push_str(&format!("- {}\n", escape(&note.line())));
    }
    if !section.notes.is_empty() {
        out.push('\n');
    }
    for picture in &section.charts {
        out.push_str(&format!("![{}](charts/{}.png)\n\n", escape(&picture.alt), picture.name));
    }
    for code in &section.code {
        out.push_str(&block(code));
    }
    if folded {
        out.push_str("</details>\n\n");
    }
}

/// A block of code in a fence that is longer than any within it.
fn block(code: &Code) -> String {
    let ticks = code.text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(ticks.max(2) + 1);
    let block = format!("{fence}{}\n{}\n{fence}\n\n", code.language, code.text);
    match &code.folded {
        Some(line) => format!("<details>\n<summary>{}</summary>\n\n{block}</details>\n\n", escape(line)),
        None => block,
    }
}

/// A table as Markdown, its columns aligned in the source as well.
pub(crate) fn table(table: &Table) -> String {
    let titles: Vec<String> = table.columns.iter().map(|c| escape(&c.title)).collect();
    let rows: Vec<Vec<String>> = table.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    let width = |column: usize| {
        let lengths = rows.iter().map(|row| row[column].chars().count());
        lengths.chain([titles[column].chars().count(), 3]).max().unwrap_or(3)
    };
    let widths: Vec<usize> = (0..titles.len()).map(width).collect();
    let line = |cells: &[String]| {
        let padded =
            cells.iter().zip(&widths).zip(&table.columns).map(|((text, &width), column)| {
                match column.align {
                    Align::Left => format!(" {text:<width$} "),
                    Align::Right => format!(" {text:>width$} "),
                }
            });
        format!("|{}|\n", padded.collect::<Vec<_>>().join("|"))
    };
    let rule = table.columns.iter().zip(&widths).map(|(column, width)| match column.align {
        Align::Left => format!(" {} ", "-".repeat(*width)),
        Align::Right => format!(" {}: ", "-".repeat(width - 1)),
    });
    let mut out = line(&titles);
    out.push_str(&format!("|{}|\n", rule.collect::<Vec<_>>().join("|")));
    rows.iter().for_each(|row| out.push_str(&line(row)));
    out
}

fn cell(cell: &Cell) -> String {
    match cell {
        // Within code only the bar of the table has a meaning.
        Cell::Code(text) => code(text).replace('|', "\\|"),
        // There is no colour to see it by.
        Cell::Toned(text, Tone::Alarm) => format!("**{}**", escape(text)),
        other => escape(&other.text()),
    }
}

/// Text as code: within it only the backtick has a meaning.
pub(super) fn code(text: &str) -> String {
    format!("`{}`", one_line(text).replace('`', "'"))
}

/// Text that Markdown shows as it is.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '|' | '*' | '`' | '[' | ']' | '\\' => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    out
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::table::Column;
    use super::*;

    #[test]
    fn a_table_survives_hostile_text() {
        let table = Table {
            columns: vec![Column::words("case", ""), Column::numbers("n", "")],
            rows: vec![
                vec![Cell::Code("a|b".into()), Cell::Count(7_500_000)],
                vec![Cell::Text("<b> *x* | y\nz".into()), Cell::None],
            ],
        };
        let expected = [
            r"| case                |         n |",
            r"| ------------------- | --------: |",
            r"| `a\|b`              | 7 500 000 |",
            r"| &lt;b> \*x\* \| y z |           |",
        ];
        assert_eq!(super::table(&table).lines().collect::<Vec<_>>(), expected);
    }
}
