//! Tables for a terminal: as wide as it is, coloured where it wants colours.

use comfy_table::{CellAlignment, Color, ColumnConstraint, ContentArrangement, Width, presets};

use super::notes::Note;
use super::table::{Align, Cell, Table, Tone, unbroken};
use crate::visible::visible_lines;

/// The width and colours of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Columns of the terminal.
    pub width: u16,
    /// Whether to colour.
    pub colour: Colour,
}

/// Whether to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// With ANSI sequences.
    On,
    /// Plain text.
    Off,
}

/// The narrowest table that is still worth drawing.
const NARROWEST: u16 = 60;
/// As wide as a table gets where nothing limits it.
const WIDEST: u16 = 120;
/// Characters of a column of words below which its lines no longer read well.
const WORDS: usize = 14;

impl Look {
    /// The look of standard output: its width, and colours where it is a terminal and NO_COLOR is not
    /// set.
    pub(crate) fn of_stdout() -> Self {
        let stdout = std::io::stdout();
        let colour = match anstream::AutoStream::choice(&stdout) {
            anstream::ColorChoice::Never => Colour::Off,
            _ => Colour::On,
        };
        // Asks the terminal; there is none to ask where the output goes to a file.
        let width = comfy_table::Table::new().width().unwrap_or(WIDEST);
        Self { width, colour }
    }

    /// The columns that text may take: neither too narrow to read nor wider than the eye follows.
    pub(crate) fn room(&self) -> u16 {
        self.width.clamp(NARROWEST, WIDEST)
    }
}

/// A table; columns that a narrow terminal has no room for are left out, the least needed first.
pub(crate) fn table(table: &Table, look: Look) -> String {
    let width = look.room();
    let most = table.columns.iter().map(|c| c.spare).max().unwrap_or(0);
    let fitting =
        (0..=most).rev().map(|spare| table.without_spare(spare)).find(|t| needed(t) <= width.into());
    draw(&fitting.unwrap_or_else(|| table.without_spare(0)), width, look.colour)
}

/// Whether a table fits with all columns that are spared no more readily than `most`.
pub(crate) fn fits(table: &Table, most: u8, look: Look) -> bool {
    needed(&table.without_spare(most)) <= look.room().into()
}

/// A table whose first column names what a row, and those below it without a name, are of. Where it is too wide with
/// the columns that are spared no more readily than `most`, each name has a line of its own, with its rows below.
pub(crate) fn grouped(table: &Table, most: u8, look: Look) -> String {
    if fits(table, most, look) {
        return self::table(table, look);
    }
    let mut below = without_names(table);
    let mut names: Vec<(String, String)> = Vec::new();
    let rows = std::mem::take(&mut below.rows);
    for (row, rest) in table.rows.iter().zip(rows) {
        if row[0] != Cell::None {
            // Holds the place of the name, which would widen the column.
            let place = format!("<{}>", names.len());
            let empty = std::iter::repeat_n(Cell::None, below.columns.len() - 1);
            below.rows.push(std::iter::once(Cell::Text(place.clone())).chain(empty).collect());
            names.push((place, row[0].text()));
        }
        below.rows.push(rest);
    }
    let lines = self::table(&below, indented_look(look));
    let line = |line: &str| match names.iter().find(|(place, _)| line.trim() == place) {
        Some((_, name)) => format!(" {}\n", visible_lines(name)),
        None => format!("{}{line}\n", " ".repeat(INDENT)),
    };
    lines.lines().map(line).collect()
}

/// Whether such a table fits in either form.
pub(crate) fn fits_grouped(table: &Table, most: u8, look: Look) -> bool {
    fits(table, most, look) || fits(&without_names(table), most, indented_look(look))
}

fn without_names(table: &Table) -> Table {
    let rows = table.rows.iter().map(|row| row[1..].to_vec()).collect();
    Table { columns: table.columns[1..].to_vec(), rows }
}

fn indented_look(look: Look) -> Look {
    Look { width: look.room() - INDENT as u16, ..look }
}

/// Blanks before what stands below a name.
const INDENT: usize = 2;

/// The width without breaking a number or a short word.
fn needed(table: &Table) -> usize {
    let columns = table.columns.iter().enumerate().map(|(index, column)| {
        let longest = longest(table, index);
        match column.align {
            Align::Right => longest,
            // A case's name is what the reader types: it is broken last.
            Align::Left if index == 0 => longest,
            Align::Left => longest.min(WORDS.max(column.title.chars().count())),
        }
    });
    columns.map(|width| width + 2).sum()
}

/// Characters of the longest cell of a column, its title among them.
fn longest(table: &Table, column: usize) -> usize {
    let cells = table.rows.iter().map(|row| row[column].text().chars().count());
    cells.chain([table.columns[column].title.chars().count()]).max().unwrap_or(0)
}

fn draw(table: &Table, width: u16, colour: Colour) -> String {
    let mut text = comfy_table::Table::new();
    text.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    match colour {
        Colour::On => text.enforce_styling(),
        Colour::Off => text.force_no_tty(),
    };
    text.set_header(table.columns.iter().map(|c| {
        let cell = comfy_table::Cell::new(&c.title).add_attribute(comfy_table::Attribute::Bold);
        cell.set_alignment(alignment(c.align))
    }));
    for row in &table.rows {
        text.add_row(row.iter().zip(&table.columns).map(|(c, column)| cell(c, column.align)));
    }
    let has_room = needed(table) <= width.into();
    for (index, column) in text.column_iter_mut().enumerate() {
        if table.columns[index].align == Align::Right {
            column.set_constraint(ColumnConstraint::ContentWidth);
        } else {
            // A word is not broken while others have spaces to break at.
            let least = match index {
                0 if has_room => longest(table, 0) + 2,
                0 => longest_word(table) + 2,
                _ => WORDS.min(longest(table, index) + 2),
            };
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least as u16)));
        }
    }
    let lines = text.to_string();
    lines.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// The width of the longest word of the names in the first column.
fn longest_word(table: &Table) -> usize {
    let names = table.rows.iter().map(|row| row[0].text());
    names.filter_map(|name| name.split(' ').map(|word| word.chars().count()).max()).max().unwrap_or(0)
}

fn alignment(align: Align) -> CellAlignment {
    match align {
        Align::Left => CellAlignment::Left,
        Align::Right => CellAlignment::Right,
    }
}

fn cell(cell: &Cell, align: Align) -> comfy_table::Cell {
    let text = comfy_table::Cell::new(visible_lines(&cell.text())).set_alignment(alignment(align));
    match cell.tone() {
        Some(Tone::Good) => text.fg(Color::Green),
        Some(Tone::Bad) => text.fg(Color::Yellow),
        Some(Tone::Alarm) => text.fg(Color::Red).add_attribute(comfy_table::Attribute::Bold),
        Some(Tone::Muted) => text.fg(Color::DarkGrey),
        None => text,
    }
}

/// A heading on a line of its own.
pub(crate) fn heading(text: &str, look: Look) -> String {
    styled(text, anstyle::Style::new().bold(), look.colour) + "\n"
}

/// A sentence in bold, broken at words.
pub(crate) fn headline(text: &str, look: Look) -> String {
    styled(paragraph(text, look).trim_end(), anstyle::Style::new().bold(), look.colour) + "\n"
}

/// Text with a word in bold wherever it stands, whatever its case; given in small letters.
pub(crate) fn marked(text: &str, word: &str, look: Look) -> String {
    let small = text.to_lowercase();
    // Where small letters take other room, their places are none of the text's.
    if look.colour == Colour::Off || word.is_empty() || small.len() != text.len() {
        return text.to_owned();
    }
    let (mut out, mut end) = (String::new(), 0);
    for (at, found) in small.match_indices(word) {
        if let (Some(before), Some(found)) = (text.get(end..at), text.get(at..at + found.len())) {
            out.push_str(before);
            out.push_str(&styled(found, anstyle::Style::new().bold(), look.colour));
            end = at + found.len();
        }
    }
    out + text.get(end..).unwrap_or_default()
}

/// A paragraph, broken at words.
pub(crate) fn paragraph(text: &str, look: Look) -> String {
    wrapped(text, "", look.room())
}

/// A paragraph whose lines all stand in by so many blanks, broken at words.
pub(crate) fn indented(text: &str, blanks: usize, look: Look) -> String {
    let indent = " ".repeat(blanks);
    format!("{indent}{}", wrapped(text, &indent, look.room().saturating_sub(blanks as u16)))
}

/// Notes as a list, warnings marked.
pub(crate) fn notes(notes: &[Note], look: Look) -> String {
    let width = look.room();
    let warning = anstyle::AnsiColor::Yellow.on_default().bold();
    let note = |note: &Note| {
        let lines = wrapped(&note.line(), "  ", width - 2);
        match note {
            Note::Warning(_) => {
                format!("- {}", lines.replacen("Warning:", &styled("Warning:", warning, look.colour), 1))
            }
            Note::Remark(_) => format!("- {lines}"),
        }
    };
    notes.iter().map(note).collect()
}

fn styled(text: &str, style: anstyle::Style, colour: Colour) -> String {
    match colour {
        Colour::On => format!("{style}{text}{style:#}"),
        Colour::Off => text.to_string(),
    }
}

fn wrapped(text: &str, indent: &str, width: u16) -> String {
    let (mut out, mut column) = (String::new(), 0);
    // What a program says of itself has not always been through a record.
    let text = unbroken(&visible_lines(text));
    for word in text.split([' ', '\n', '\t']).filter(|word| !word.is_empty()) {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width.into() {
            out.push('\n');
            out.push_str(indent);
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out.push('\n');
    // Only the line ends had to stay away from them.
    out.replace('\u{a0}', " ")
}
