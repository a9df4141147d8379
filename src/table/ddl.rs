//! The statements that make a table: votes by those here, a user's by those of its definition.

use super::loaded::{Layout, Table};
use super::statements::Extent;
use crate::model::{Ability, Persistence};
use crate::sql::quote;

/// The storage parameter that keeps autovacuum away from a table that holds rows itself.
const AUTOVACUUM_OFF: &str = "WITH (autovacuum_enabled = false)";

/// `UNLOGGED ` as CREATE TABLE has it.
pub(crate) fn unlogged(persistence: Persistence) -> &'static str {
    match persistence {
        Persistence::Permanent => "",
        Persistence::Unlogged => "UNLOGGED ",
    }
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
    /// The clause of CREATE TABLE that keeps autovacuum away from a table that holds rows itself; nothing where the
    /// server does not know it.
    pub(crate) fn autovacuum_off(&self) -> &'static str {
        if self.absent.has(Ability::Autovacuum) { AUTOVACUUM_OFF } else { "" }
    }

    /// UNLOGGED, or nothing where the server has no such tables: for one that is gone before the clock starts.
    pub(crate) fn spare(&self) -> Persistence {
        match self.absent.has(Ability::Unlogged) {
            true => Persistence::Unlogged,
            false => Persistence::Permanent,
        }
    }

    /// CREATE TABLE, without the indexes, foreign keys and partitions. Autovacuum is off on it: it
    /// would read and freeze a freshly loaded table in the middle of the next sample.
    pub fn create(&self, persistence: Persistence) -> String {
        match self.maker() {
            Some(maker) => maker.create(Extent::Guarded, persistence).join("; "),
            None => self.create_with("serial PRIMARY KEY", persistence),
        }
    }

    /// As [`Table::create`], without the primary key and the other constraints that need an index; see
    /// [`Table::key_indexes`].
    pub(crate) fn create_without_keys(&self, persistence: Persistence) -> String {
        match self.maker() {
            Some(maker) => maker.create(Extent::Bare, persistence).join("; "),
            None => self.create_with("serial", persistence),
        }
    }

    fn create_with(&self, key_type: &str, persistence: Persistence) -> String {
        let columns: String =
            self.columns.iter().map(|c| format!(", {} NOT NULL", self.column_sql(c))).collect();
        let text = format!(
            "CREATE {}TABLE {} ({} {key_type}{columns}) {}",
            unlogged(persistence),
            self.sql_name(),
            self.key_name(),
            match self.layout {
                Layout::Plain | Layout::References => self.autovacuum_off().to_owned(),
                Layout::Partitioned => format!("PARTITION BY RANGE ({})", self.key_name()),
            }
        );
        text.trim_end().to_owned()
    }

    /// DROP TABLE, whether it is there or not.
    pub fn drop(&self) -> String {
        format!("DROP TABLE IF EXISTS {}", self.sql_name())
    }

    /// CREATE INDEX, one statement an index; of those alone that serve no constraint.
    pub(crate) fn create_indexes(&self) -> Vec<String> {
        if let Some(maker) = self.maker() {
            return maker.create_indexes();
        }
        self.indexed.iter().map(|c| format!("CREATE INDEX ON {} ({})", self.sql_name(), quote(c))).collect()
    }

    /// CREATE UNIQUE INDEX for the primary key and unique constraints: unlike ADD PRIMARY KEY, it lets other
    /// indexes be built at the same time.
    pub(crate) fn key_indexes(&self) -> Vec<String> {
        match self.maker() {
            Some(maker) => maker.key_indexes(),
            None => vec![format!(
                "CREATE UNIQUE INDEX {} ON {} ({})",
                self.key_index_name(),
                self.sql_name(),
                self.key_name()
            )],
        }
    }

    /// ALTER TABLE for what [`Table::create_without_keys`] leaves out, by the indexes of
    /// [`Table::key_indexes`] where these can be taken.
    pub(crate) fn add_keys(&self) -> Vec<String> {
        match self.maker() {
            Some(maker) => maker.add_keys(),
            None => {
                let (name, index) = (self.sql_name(), self.key_index_name());
                vec![format!("ALTER TABLE {name} ADD CONSTRAINT {index} PRIMARY KEY USING INDEX {index}")]
            }
        }
    }

    fn key_index_name(&self) -> String {
        quote(&format!("{}_pkey", self.name))
    }

    /// As [`Table::add_keys`], where no index is there.
    pub(crate) fn add_whole_keys(&self) -> Vec<String> {
        match self.maker() {
            Some(maker) => maker.add_whole_keys(),
            None => vec![format!("ALTER TABLE {} ADD PRIMARY KEY ({})", self.sql_name(), self.key_name())],
        }
    }

    /// DROP INDEX, one statement an index, by the names that it was made by.
    pub(crate) fn drop_indexes(&self) -> Vec<String> {
        if let Some(maker) = self.maker() {
            return maker.drop_indexes();
        }
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
        if let Some(maker) = self.maker() {
            return maker.add_references(not_valid);
        }
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
        if let Some(maker) = self.maker() {
            return maker.validate_references();
        }
        self.each_reference("VALIDATE CONSTRAINT")
    }

    /// ALTER TABLE ... DROP CONSTRAINT, one statement a foreign key.
    pub(crate) fn drop_references(&self) -> Vec<String> {
        if let Some(maker) = self.maker() {
            return maker.drop_references();
        }
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

    /// ALTER TABLE ... SET LOGGED, one statement a table that holds rows itself.
    pub(crate) fn set_logged(&self) -> Vec<String> {
        match self.maker() {
            Some(maker) => maker.set_logged(),
            None => vec![format!("ALTER TABLE {} SET LOGGED", self.sql_name())],
        }
    }

    /// The structure that [`verify`](super::verify) has to find, in its words and order.
    pub fn structure(&self) -> Vec<String> {
        if let Some(definition) = self.definition() {
            return definition.structure();
        }
        let key = self.surrogate().map_or("", |key| key.column.as_str());
        let mut structure: Vec<String> = self.indexed.iter().map(|c| format!("index btree ({c})")).collect();
        structure.extend(self.columns.iter().map(|c| format!("not null ({})", c.name)));
        structure.push(format!("not null ({key})"));
        structure.push(format!("primary key btree ({key})"));
        structure.extend(
            self.references()
                .iter()
                .map(|r| format!("foreign key ({}) references {} ({})", r.column, r.parent, r.column)),
        );
        if self.layout == Layout::Partitioned {
            structure.push(format!("partitioned by range ({key})"));
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
