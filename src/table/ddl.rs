//! The table as a value, and the statements that make it.

use crate::dataset::Column;
pub use crate::dataset::checksum::quoted as quote;

/// Whether a table's changes are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Persistence {
    /// An ordinary table.
    Permanent,
    /// UNLOGGED: no WAL, and empty after a crash.
    Unlogged,
}

/// A table with a serial key of its own in front of a dataset's columns, all NOT NULL, and an
/// index on some of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name, unqualified: the connection's search_path decides the schema.
    pub name: String,
    /// The serial primary key.
    pub key: String,
    /// The dataset's columns.
    pub columns: Vec<Column>,
    /// Columns with an index of their own, built after the load.
    pub indexed: Vec<String>,
}

impl Table {
    /// The votes table of the article: `voteId serial PRIMARY KEY, username, link, score`, with
    /// indexes on username and link.
    pub fn votes(columns: &[Column]) -> Self {
        Self {
            name: "votes".into(),
            key: "vote_id".into(),
            columns: columns.to_vec(),
            indexed: vec!["username".into(), "link".into()],
        }
    }

    /// CREATE TABLE, without the indexes. Autovacuum is off on it: it would read and freeze a
    /// freshly loaded table in the middle of the next sample.
    pub fn create(&self, persistence: Persistence) -> String {
        let columns: String =
            self.columns.iter().map(|c| format!(", {} {} NOT NULL", quote(&c.name), c.kind.sql())).collect();
        format!(
            "CREATE {}TABLE {} ({} serial PRIMARY KEY{columns}) WITH (autovacuum_enabled = false)",
            match persistence {
                Persistence::Permanent => "",
                Persistence::Unlogged => "UNLOGGED ",
            },
            quote(&self.name),
            quote(&self.key),
        )
    }

    /// DROP TABLE, whether it is there or not.
    pub fn drop(&self) -> String {
        format!("DROP TABLE IF EXISTS {}", quote(&self.name))
    }

    /// CREATE INDEX, one statement an index.
    pub fn create_indexes(&self) -> Vec<String> {
        self.indexed.iter().map(|c| format!("CREATE INDEX ON {} ({})", quote(&self.name), quote(c))).collect()
    }

    /// `"votes" ("username", "link", "score")`: what INSERT and COPY name.
    pub fn target(&self) -> String {
        let columns: Vec<String> = self.columns.iter().map(|c| quote(&c.name)).collect();
        format!("{} ({})", quote(&self.name), columns.join(", "))
    }

    /// What [`verify`](super::verify) has to find, in its words and order.
    pub fn structure(&self) -> Vec<String> {
        let mut structure: Vec<String> = self.indexed.iter().map(|c| format!("index btree ({c})")).collect();
        structure.extend(self.columns.iter().map(|c| format!("not null ({})", c.name)));
        structure.push(format!("not null ({})", self.key));
        structure.push(format!("primary key btree ({})", self.key));
        structure.sort();
        structure
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::columns::votes;

    #[test]
    fn the_statements_are_the_article_s() {
        let table = Table::votes(&votes());
        assert_eq!(
            table.create(Persistence::Unlogged),
            "CREATE UNLOGGED TABLE \"votes\" (\"vote_id\" serial PRIMARY KEY, \"username\" text NOT NULL, \
             \"link\" text NOT NULL, \"score\" integer NOT NULL) WITH (autovacuum_enabled = false)"
        );
        assert_eq!(table.target(), "\"votes\" (\"username\", \"link\", \"score\")");
        assert_eq!(
            table.create_indexes(),
            ["CREATE INDEX ON \"votes\" (\"username\")", "CREATE INDEX ON \"votes\" (\"link\")"]
        );
        assert_eq!(quote("a\"b"), "\"a\"\"b\"");
    }
}
