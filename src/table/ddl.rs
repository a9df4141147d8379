//! The table as a value, and the statements that make it.

use crate::dataset::Column;
use crate::model::Persistence;
use crate::sql::{literal, qualified, quote};
use crate::value::SqlType;

/// The storage parameter that keeps autovacuum away from a table that holds rows itself.
pub(crate) const AUTOVACUUM_OFF: &str = "WITH (autovacuum_enabled = false)";

/// The kind of a table beyond its columns, key and indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    /// An ordinary table.
    #[default]
    Plain,
    /// Each indexed column refers to a table that holds its values once.
    References,
    /// Partitioned by ranges of the key.
    Partitioned,
}

/// A table with a serial key of its own in front of a dataset's columns, all NOT NULL, and an
/// index on some of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The schema it lies in, bare; `None` for the current one of whatever session uses it.
    pub schema: Option<String>,
    /// Its name, bare.
    pub name: String,
    /// The serial primary key.
    pub key: String,
    /// The dataset's columns.
    pub columns: Vec<Column>,
    /// Columns with an index of their own, built after the load.
    pub indexed: Vec<String>,
    /// Its kind beyond columns, key and indexes.
    pub layout: Layout,
    /// The collation of its text columns, as the server names it; `None` for the database's.
    pub collation: Option<String>,
}

/// A column's values, each once, in a table of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    /// The column that refers.
    pub column: String,
    /// The table it refers to, by the column of the same name there.
    pub parent: String,
}

/// The table that a column refers to where it refers to one: `links` for `link`.
pub(crate) fn parent_of(column: &str) -> String {
    format!("{column}s")
}

impl Table {
    /// The votes table of the article: `voteId serial PRIMARY KEY, username, link, score`, with
    /// indexes on username and link.
    pub fn votes(columns: &[Column]) -> Self {
        Self {
            schema: None,
            name: "votes".into(),
            key: "vote_id".into(),
            columns: columns.to_vec(),
            indexed: vec!["username".into(), "link".into()],
            layout: Layout::Plain,
            collation: None,
        }
    }

    /// Its name as statements have it: quoted, with its schema where that is known.
    pub(crate) fn sql_name(&self) -> String {
        self.beside(&self.name)
    }

    /// The name of something else in the same schema, likewise.
    pub(crate) fn beside(&self, name: &str) -> String {
        self.schema.as_deref().map_or_else(|| quote(name), |schema| qualified(schema, name))
    }

    /// CREATE TABLE, without the indexes, foreign keys and partitions. Autovacuum is off on it: it
    /// would read and freeze a freshly loaded table in the middle of the next sample.
    pub fn create(&self, persistence: Persistence) -> String {
        self.create_with("serial PRIMARY KEY", persistence)
    }

    /// As [`Table::create`], without the primary key's index; see [`Table::key_index`].
    pub(crate) fn create_without_key(&self, persistence: Persistence) -> String {
        self.create_with("serial", persistence)
    }

    fn create_with(&self, key_type: &str, persistence: Persistence) -> String {
        let columns: String =
            self.columns.iter().map(|c| format!(", {} NOT NULL", self.column_sql(c))).collect();
        format!(
            "CREATE {}TABLE {} ({} {key_type}{columns}) {}",
            match persistence {
                Persistence::Permanent => "",
                Persistence::Unlogged => "UNLOGGED ",
            },
            self.sql_name(),
            quote(&self.key),
            match self.layout {
                Layout::Plain | Layout::References => AUTOVACUUM_OFF.to_owned(),
                Layout::Partitioned => format!("PARTITION BY RANGE ({})", quote(&self.key)),
            }
        )
    }

    /// `"link" text COLLATE "C"`: a column as CREATE TABLE has it, with the table's collation where it has one.
    pub(crate) fn column_sql(&self, column: &Column) -> String {
        let collate = match (&self.collation, column.kind.codec().is_text()) {
            (Some(collation), true) => format!(" COLLATE {}", quote(collation)),
            _ => String::new(),
        };
        format!("{} {}{collate}", quote(&column.name), column.kind.sql())
    }

    /// DROP TABLE, whether it is there or not.
    pub fn drop(&self) -> String {
        format!("DROP TABLE IF EXISTS {}", self.sql_name())
    }

    /// The sequence that the key comes from, quoted, by the name that `serial` gives by itself.
    pub(crate) fn sequence(&self) -> String {
        self.beside(&format!("{}_{}_seq", self.name, self.key))
    }

    /// CREATE INDEX, one statement an index.
    pub(crate) fn create_indexes(&self) -> Vec<String> {
        self.indexed.iter().map(|c| format!("CREATE INDEX ON {} ({})", self.sql_name(), quote(c))).collect()
    }

    /// The statement that builds the primary key's index, and the one that makes it the primary key:
    /// unlike ADD PRIMARY KEY, the first lets other indexes be built at the same time.
    pub(crate) fn key_index(&self) -> [String; 2] {
        let (name, key) = (self.sql_name(), quote(&self.key));
        let index = quote(&format!("{}_pkey", self.name));
        [
            format!("CREATE UNIQUE INDEX {index} ON {name} ({key})"),
            format!("ALTER TABLE {name} ADD CONSTRAINT {index} PRIMARY KEY USING INDEX {index}"),
        ]
    }

    /// ADD PRIMARY KEY to a table of [`Table::create_without_key`].
    pub(crate) fn add_key(&self) -> String {
        format!("ALTER TABLE {} ADD PRIMARY KEY ({})", self.sql_name(), quote(&self.key))
    }

    /// The table as a load sees it that brings the keys along: the key is the first of the columns.
    pub(crate) fn with_key_column(&self) -> Self {
        let key = Column::new(&self.key, SqlType::int4());
        let columns = std::iter::once(key).chain(self.columns.iter().cloned()).collect();
        Self { columns, ..self.clone() }
    }

    /// DROP INDEX, one statement an index, by the names that CREATE INDEX gives by itself.
    pub(crate) fn drop_indexes(&self) -> Vec<String> {
        self.indexed
            .iter()
            .map(|c| format!("DROP INDEX {}", self.beside(&format!("{}_{c}_idx", self.name))))
            .collect()
    }

    /// The tables that the columns refer to; none unless the layout is [`Layout::References`].
    pub(crate) fn references(&self) -> Vec<Reference> {
        match self.layout {
            Layout::Plain | Layout::Partitioned => Vec::new(),
            Layout::References => self
                .indexed
                .iter()
                .map(|column| Reference { column: column.clone(), parent: parent_of(column) })
                .collect(),
        }
    }

    /// ALTER TABLE ... ADD FOREIGN KEY, one statement a key; `not_valid` leaves the rows that are there unchecked.
    pub(crate) fn add_references(&self, not_valid: bool) -> Vec<String> {
        let ending = if not_valid { " NOT VALID" } else { "" };
        self.references()
            .iter()
            .map(|r| {
                format!(
                    "ALTER TABLE {} ADD CONSTRAINT {} FOREIGN KEY ({column}) REFERENCES {} ({column}){ending}",
                    self.sql_name(),
                    quote(&self.reference_name(r)),
                    self.beside(&r.parent),
                    column = quote(&r.column),
                )
            })
            .collect()
    }

    /// ALTER TABLE ... VALIDATE CONSTRAINT, one statement a foreign key.
    pub(crate) fn validate_references(&self) -> Vec<String> {
        self.each_reference("VALIDATE CONSTRAINT")
    }

    /// ALTER TABLE ... DROP CONSTRAINT, one statement a foreign key.
    pub(crate) fn drop_references(&self) -> Vec<String> {
        self.each_reference("DROP CONSTRAINT")
    }

    fn each_reference(&self, action: &str) -> Vec<String> {
        self.references()
            .iter()
            .map(|r| format!("ALTER TABLE {} {action} {}", self.sql_name(), quote(&self.reference_name(r))))
            .collect()
    }

    fn reference_name(&self, reference: &Reference) -> String {
        format!("{}_{}_fkey", self.name, reference.column)
    }

    /// `"votes" ("username", "link", "score")`: what INSERT and COPY name.
    pub fn target(&self) -> String {
        format!("{} ({})", self.sql_name(), self.column_list())
    }

    /// `"username", "link", "score"`.
    pub fn column_list(&self) -> String {
        self.columns.iter().map(|c| quote(&c.name)).collect::<Vec<_>>().join(", ")
    }

    /// A SELECT that lets the key's sequence go on after the largest key, as rows with keys of their
    /// own do not move it. The table must hold a row.
    pub(crate) fn advance_key(&self) -> String {
        format!(
            "SELECT setval({}, max({})) FROM {}",
            literal(&self.sequence()),
            quote(&self.key),
            self.sql_name()
        )
    }

    /// The column that updates change: the last one.
    pub(crate) fn updated_column(&self) -> Option<&Column> {
        self.columns.last()
    }

    /// An SQL expression of the column that is no row's value of it: what stands there before an update.
    pub(crate) fn stale(column: &Column) -> String {
        let name = quote(&column.name);
        match column.kind.codec() {
            // No integer is its own complement, and no complement overflows.
            codec if codec.is_number() => format!("~{name}"),
            _ => format!("{name} || '~'"),
        }
    }

    /// The structure that [`verify`](super::verify) has to find, in its words and order.
    pub fn structure(&self) -> Vec<String> {
        let mut structure: Vec<String> = self.indexed.iter().map(|c| format!("index btree ({c})")).collect();
        structure.extend(self.columns.iter().map(|c| format!("not null ({})", c.name)));
        structure.push(format!("not null ({})", self.key));
        structure.push(format!("primary key btree ({})", self.key));
        structure.extend(
            self.references()
                .iter()
                .map(|r| format!("foreign key ({}) references {} ({})", r.column, r.parent, r.column)),
        );
        if self.layout == Layout::Partitioned {
            structure.push(format!("partitioned by range ({})", self.key));
        }
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
        let there = Table { schema: Some("Run".into()), ..table };
        assert_eq!(there.drop(), "DROP TABLE IF EXISTS \"Run\".\"votes\"");
        assert_eq!(there.drop_indexes()[1], "DROP INDEX \"Run\".\"votes_link_idx\"");
        assert_eq!(there.sequence(), "\"Run\".\"votes_vote_id_seq\"");
    }

    #[test]
    fn foreign_keys_are_added_unchecked_validated_and_dropped_by_name() {
        let table = Table { layout: Layout::References, ..Table::votes(&votes()) };
        assert_eq!(
            table.add_references(true)[0],
            "ALTER TABLE \"votes\" ADD CONSTRAINT \"votes_username_fkey\" FOREIGN KEY (\"username\") \
             REFERENCES \"usernames\" (\"username\") NOT VALID"
        );
        assert_eq!(table.drop_references()[1], "ALTER TABLE \"votes\" DROP CONSTRAINT \"votes_link_fkey\"");
        assert!(table.structure().contains(&"foreign key (link) references links (link)".into()));
        assert_eq!(Table::votes(&votes()).add_references(false), [""; 0]);
    }

    #[test]
    fn a_collation_is_that_of_the_text_columns_alone() {
        let table = Table { collation: Some("und-x-icu".into()), ..Table::votes(&votes()) };
        let sql = table.create(Persistence::Permanent);
        assert!(
            sql.contains("\"link\" text COLLATE \"und-x-icu\" NOT NULL, \"score\" integer NOT NULL"),
            "{sql}"
        );
    }

    #[test]
    fn a_partitioned_table_has_no_storage_of_its_own() {
        let table = Table { layout: Layout::Partitioned, ..Table::votes(&votes()) };
        let sql = table.create(Persistence::Permanent);
        assert!(sql.ends_with(") PARTITION BY RANGE (\"vote_id\")"), "{sql}");
    }
}
