//! A dataset as it is recorded, and held against a record.

use anyhow::Result;

use super::manifest::DatasetOrigin;
use super::{Dataset, content};
use crate::model::{Content, DatasetFacts, Encoding, Rule};

impl Dataset {
    /// As [`Dataset::content`], by the rule of the server that is to have them.
    ///
    /// # Errors
    /// As [`Dataset::content`].
    pub fn content_by(&self, rule: Rule, rows: u64) -> Result<Content> {
        if rule == self.manifest.content.rule {
            return self.content(rows);
        }
        let chunk = self.first(Encoding::Csv, rows)?;
        let name = self.file(Encoding::Csv).display().to_string();
        Ok(content::sum_of_file(self.open_chunk(chunk)?, name, self.columns(), rule)?.content_by(rule))
    }

    /// The columns whose content only the server knows.
    pub(crate) fn unknown(&self) -> impl Iterator<Item = &str> {
        self.columns().iter().filter(|column| !column.is_known()).map(|column| column.name.as_str())
    }

    /// Its entry in the record; of the files, those of the encodings that were ensured.
    pub(crate) fn facts(&self) -> DatasetFacts {
        let encodings = self.manifest.encodings.iter();
        DatasetFacts {
            origin: self.manifest.origin.name().into(),
            rows: self.rows(),
            seed: match self.manifest.origin {
                DatasetOrigin::Generated { seed, .. } => Some(seed),
                DatasetOrigin::Imported { .. }
                | DatasetOrigin::Downloaded { .. }
                | DatasetOrigin::Numbered { .. } => None,
            },
            content: self.manifest.content,
            unknown: self.unknown().map(str::to_owned).collect(),
            files: encodings
                .filter(|(encoding, _)| self.ensured.contains_key(encoding))
                .map(|(encoding, encoded)| (*encoding, encoded.facts()))
                .collect(),
        }
    }

    /// Its entry in the record, with its content by the rule of the server that is to have it.
    ///
    /// # Errors
    /// As [`Dataset::content_by`].
    pub(crate) fn facts_by(&self, rule: Rule) -> Result<DatasetFacts> {
        Ok(DatasetFacts { content: self.content_by(rule, self.rows())?, ..self.facts() })
    }

    /// Whether these are the rows of a record, by the record's own rule.
    ///
    /// # Errors
    /// As [`Dataset::content_by`].
    pub(crate) fn has_rows_of(&self, facts: &DatasetFacts) -> Result<bool> {
        match facts.content.rule {
            Rule::RowMd5 if self.rows() != facts.rows => Ok(false),
            Rule::RowMd5 => Ok(self.content_by(Rule::RowMd5, facts.rows)? == facts.content),
            Rule::RowHashes | Rule::RowHashes2 | Rule::ServersOwn | Rule::ServersOwnMd5 => {
                Ok(self.facts().has_rows_of(facts))
            }
        }
    }
}
