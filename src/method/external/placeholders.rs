//! Texts with `{names}` in them, which are filled in for each load.

use std::path::Path;

use anyhow::{Context, Result};

use crate::fault::nearest_then;
use crate::usage;

/// The interpreter of the Python that has the drivers in it.
pub(crate) const PYTHON: &str = "python";

/// The columns of the table's key.
pub(crate) const KEY: &str = "key";

/// The placeholders of a definition's texts, beside its own parameters.
pub(crate) const PLACEHOLDERS: [&str; 14] = [
    "host",
    "port",
    "user",
    "database",
    "sslmode",
    "schema",
    "table",
    "table_name",
    "columns",
    KEY,
    "file",
    "rows",
    "scratch",
    PYTHON,
];

/// A text with placeholders, all of them known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    text: String,
    parts: Vec<TemplatePart>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum TemplatePart {
    Text(String),
    Name(String),
}

impl Template {
    /// Reads a text in which `{name}` stands for a value, and `{{` and `}}` for braces.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] for a name that is not `known` (with the nearest), or a brace
    /// without its partner.
    pub(crate) fn parse(text: &str, known: &[&str]) -> Result<Self> {
        let lone = |brace: char| {
            usage!("a `{brace}` without its partner; a brace itself is written twice, `{{{{` or `}}}}`")
        };
        let (mut parts, mut plain) = (Vec::new(), String::new());
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let brace = rest.as_bytes()[at] as char;
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                plain.push(brace);
                rest = after;
                continue;
            }
            let (name, after) = rest.split_once('}').filter(|_| brace == '{').ok_or_else(|| lone(brace))?;
            if !known.contains(&name) {
                let hint = nearest_then(name, known.iter().copied());
                return Err(usage!(
                    "there is no placeholder {{{name}}}{hint} there are {{{}}}, and a brace itself is written twice",
                    known.join("} {")
                ));
            }
            parts.push(TemplatePart::Text(std::mem::take(&mut plain)));
            parts.push(TemplatePart::Name(name.into()));
            rest = after;
        }
        plain.push_str(rest);
        parts.push(TemplatePart::Text(plain));
        Ok(Self { text: text.into(), parts })
    }

    /// A text without placeholders, whatever braces are in it.
    pub(crate) fn plain(text: &str) -> Self {
        Self { text: text.into(), parts: vec![TemplatePart::Text(text.into())] }
    }

    /// As it was written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it has this placeholder.
    pub(crate) fn names(&self, name: &str) -> bool {
        self.parts.iter().any(|part| matches!(part, TemplatePart::Name(other) if other == name))
    }

    /// The path of a program that is meant to be in `dir`: one with a slash in it that does not begin
    /// with one or with a placeholder. What it was written as stays.
    ///
    /// # Errors
    /// When `dir` is not UTF-8.
    pub(crate) fn beside(mut self, dir: &Path) -> Result<Self> {
        if let Some(TemplatePart::Text(first)) = self.parts.first_mut()
            && !first.is_empty()
            && !first.starts_with('/')
            && self.text.contains('/')
        {
            let path = dir.join(&*first);
            *first = path
                .to_str()
                .with_context(|| format!("the path {} is not UTF-8", path.display()))?
                .to_owned();
        }
        Ok(self)
    }

    /// The text with each name's value in its place.
    ///
    /// # Errors
    /// When there is no value for a name.
    pub(crate) fn fill(&self, value: impl Fn(&str) -> Option<String>) -> Result<String> {
        self.parts
            .iter()
            .map(|part| match part {
                TemplatePart::Text(text) => Ok(text.clone()),
                TemplatePart::Name(name) => {
                    value(name).with_context(|| format!("{{{name}}} has no value here"))
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_filled_in_and_doubled_braces_are_braces() {
        let template = Template::parse("a {x}{y} {{z}} }}{{", &["x", "y"]).unwrap();
        assert_eq!(template.fill(|name| Some(format!("<{name}>"))).unwrap(), "a <x><y> {z} }{");
        assert_eq!(Template::parse("plain", &[]).unwrap().fill(|_| None).unwrap(), "plain");
        assert!(template.fill(|_| None).unwrap_err().to_string().contains("{x} has no value"));
    }

    #[test]
    fn an_unknown_name_and_a_lone_brace_are_refused() {
        let error = |text| Template::parse(text, &["file", "table"]).unwrap_err().to_string();
        assert!(
            error("{fil}").contains("no placeholder {fil}; did you mean `file`? there are {file} {table}")
        );
        assert!(error("a } b").contains("`}` without its partner"));
        assert!(error("a {file").contains("`{` without its partner"));
    }
}
