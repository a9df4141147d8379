//! Sources, each named once and referred to by its number.

use crate::report::{Look, terminal};

/// Sources, each named once and referred to by its number.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    named: Vec<String>,
}

impl Sources {
    /// The numbers of these sources, as tables have them: separate ones have semicolons between them.
    pub(crate) fn numbers(&mut self, sources: &str) -> String {
        let numbers: Vec<String> =
            sources.split("; ").map(|source| self.number(source).to_string()).collect();
        format!("[{}]", numbers.join(", "))
    }

    /// The number of a source, from 1.
    fn number(&mut self, source: &str) -> usize {
        if let Some(index) = self.named.iter().position(|s| s == source) {
            return index + 1;
        }
        self.named.push(source.to_string());
        self.named.len()
    }

    /// Whether there are any.
    pub(crate) fn any(&self) -> bool {
        !self.named.is_empty()
    }

    /// The list that the numbers refer to.
    pub(crate) fn text(&self, look: Look) -> String {
        let line = |(index, source): (usize, &String)| {
            terminal::paragraph(&format!("[{}] {source}", index + 1), look)
        };
        let list: String = self.named.iter().enumerate().map(line).collect();
        terminal::heading("Sources", look) + &list
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Colour;

    #[test]
    fn a_source_is_named_once() {
        let mut sources = Sources::default();
        assert_eq!(sources.numbers("a book; a page"), "[1, 2]");
        assert_eq!((sources.numbers("a page"), sources.numbers("a film")), ("[2]".into(), "[3]".into()));
        let text = sources.text(Look { width: 80, colour: Colour::Off });
        assert_eq!(text, "Sources\n[1] a book\n[2] a page\n[3] a film\n");
    }
}
