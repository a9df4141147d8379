//! The parts of a report, whatever it is of, before they are Markdown or HTML.

use super::notes::Note;
use super::table::Table;

/// A report.
#[derive(Debug)]
pub(crate) struct Page {
    /// Its title.
    pub title: String,
    /// The question it answers; empty where it answers none.
    pub question: String,
    /// Who made it and when, in a line.
    pub origin: String,
    /// The findings, a sentence each.
    pub headline: Vec<String>,
    /// Its parts.
    pub sections: Vec<Section>,
}

/// A part of a report.
#[derive(Debug, Default)]
pub(crate) struct Section {
    /// Its heading.
    pub title: String,
    /// Paragraphs before all else.
    pub text: Vec<String>,
    /// A table.
    pub table: Option<Table>,
    /// Charts, by the name of their files.
    pub charts: Vec<Picture>,
    /// Notes.
    pub notes: Vec<Note>,
    /// Text to copy, such as a command.
    pub code: Vec<Code>,
    /// Whether a reader wants it at first sight.
    pub prominence: Prominence,
}

/// Text to copy.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    /// The language, as Markdown's fences name it.
    pub language: &'static str,
    /// The text.
    pub text: String,
    /// The line that stands for it until a reader opens it; `None` where it shows at once.
    pub folded: Option<String>,
}

impl Code {
    /// Commands of a shell, which show at once.
    pub(crate) fn shell(text: String) -> Self {
        Self { language: "sh", text, folded: None }
    }
}

/// How much of a section shows at first sight.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Prominence {
    /// All of it.
    #[default]
    Open,
    /// Its heading, where the format can fold.
    Folded,
    /// All of it on a page; nothing where space is dear.
    PageOnly,
}

/// A chart in a report.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    /// The name of its files, without the ending.
    pub name: String,
    /// A description, for those who cannot see it.
    pub alt: String,
}
