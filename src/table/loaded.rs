//! The table that methods load, as a value: votes, or a user's.

use std::sync::Arc;

use anyhow::Result;

use super::definition::{Definition, Value};
use super::foundation::Foundation;
use super::key::{Key, Surrogate};
use super::statements::Maker;
use crate::dataset::Column;
use crate::fault::nearest;
use crate::model::{Ability, Absent};
use crate::sql::{literal, qualified, quote};
use crate::usage;
use crate::value::SqlType;

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

/// A table and the columns of it that a dataset's rows bring: votes, with a serial key of its own in front of
/// those, all NOT NULL, and an index on some of them; or one of a user's DDL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The schema it lies in, bare; `None` for the current one of whatever session uses it.
    pub schema: Option<String>,
    /// Its name, bare.
    pub name: String,
    /// What its rows are known by.
    pub key: Key,
    /// The dataset's columns.
    pub columns: Vec<Column>,
    /// Columns of votes with an index of their own, built after the load.
    pub indexed: Vec<String>,
    /// The kind of votes beyond columns, key and indexes.
    pub layout: Layout,
    /// The collation of the text columns of votes, as the server names it; `None` for the database's.
    pub collation: Option<String>,
    /// The DDL that it is from; `None` for votes.
    pub foundation: Option<Arc<Foundation>>,
    /// Statements that are run once it is made, before the clock starts.
    pub after: Vec<String>,
    /// Whether they spread its rows over several servers.
    pub is_distributed: bool,
    /// What the server lacks that it is made on.
    pub absent: Absent,
}

impl Table {
    /// The votes table of the article: `voteId serial PRIMARY KEY, username, link, score`, with
    /// indexes on username and link.
    pub fn votes(columns: &[Column]) -> Self {
        Self {
            schema: None,
            name: "votes".into(),
            key: Key::Surrogate(Surrogate {
                column: "vote_id".into(),
                type_name: "integer".into(),
                sequence: None,
                counts_up: true,
                is_always: false,
                last: i32::MAX as u64,
            }),
            columns: columns.to_vec(),
            indexed: vec!["username".into(), "link".into()],
            layout: Layout::Plain,
            collation: None,
            foundation: None,
            after: Vec::new(),
            is_distributed: false,
            absent: Absent::default(),
        }
    }

    /// The table of a user's DDL, for rows that bring these columns.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] for a column that the table does not have (with the nearest), or one that
    /// no row can do without.
    pub fn told(foundation: &Arc<Foundation>, columns: &[Column]) -> Result<Self> {
        let definition = &foundation.definition;
        for column in columns {
            if definition.column(&column.name).is_none() {
                let known = definition.columns.iter().map(|column| column.name.as_str());
                let hint = nearest(&column.name, known.clone());
                return Err(usage!(
                    "the rows bring a column {}, which the table {} does not have{hint}; it has {}",
                    column.name,
                    definition.name,
                    known.collect::<Vec<_>>().join(", ")
                ));
            }
        }
        let brought: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        // A trigger may fill it.
        let filled = definition.triggers.iter().any(|trigger| trigger.on_insert);
        let missing = definition.columns.iter().find(|column| {
            column.not_null && column.value == Value::Null && !brought.contains(&column.name.as_str())
        });
        if let Some(column) = missing.filter(|_| !filled) {
            return Err(usage!(
                "the rows bring no column {} of the table {}, which refuses NULL and has no default; add it to them, or a DEFAULT to the DDL",
                column.name,
                definition.name
            ));
        }
        Ok(Self {
            name: definition.name.clone(),
            key: Key::of(definition, &brought),
            columns: columns.to_vec(),
            indexed: Vec::new(),
            foundation: Some(foundation.clone()),
            ..Self::votes(&[])
        })
    }

    /// The same on a server that lacks so much.
    #[must_use]
    pub(crate) fn on(self, absent: &Absent) -> Self {
        let counts = absent.has(Ability::CountedKeys);
        let key = match self.key {
            Key::Surrogate(key) => Key::Surrogate(Surrogate { counts_up: key.counts_up && counts, ..key }),
            key => key,
        };
        Self { key, absent: absent.clone(), ..self }
    }

    /// The definition that it is made by; `None` for votes, which are made by statements of our own.
    pub(crate) fn definition(&self) -> Option<&Definition> {
        self.foundation.as_deref().map(|foundation| &foundation.definition)
    }

    /// The statements of its definition.
    pub(super) fn maker(&self) -> Option<Maker<'_>> {
        let maker = self.definition().map(|definition| Maker::new(definition, self.schema.as_deref()));
        maker.map(|maker| maker.knowing(&self.absent))
    }

    /// Its key where the server gives it to rows.
    pub(crate) fn surrogate(&self) -> Option<&Surrogate> {
        match &self.key {
            Key::Surrogate(key) => Some(key),
            Key::Natural(_) | Key::None => None,
        }
    }

    /// Its key where rows get 1, 2, 3 ..., so that a method may bring these itself.
    pub(crate) fn counted_key(&self) -> Option<&Surrogate> {
        self.surrogate().filter(|key| key.counts_up)
    }

    /// The columns that a method may know its rows by: the counted key, or those that the rows bring; none where
    /// there is no such key.
    pub(crate) fn key_columns(&self) -> Vec<Column> {
        match &self.key {
            Key::Surrogate(key) if key.counts_up => {
                vec![Column::new(&key.column, SqlType::named(&key.type_name))]
            }
            Key::Natural(key) => {
                let column = |name: &String| self.columns.iter().find(|column| column.name == *name);
                key.columns.iter().filter_map(column).cloned().collect()
            }
            Key::Surrogate(_) | Key::None => Vec::new(),
        }
    }

    /// The quoted name of its surrogate key; of any other table nothing that is a name.
    pub(crate) fn key_name(&self) -> String {
        self.surrogate().map_or(String::new(), |key| quote(&key.column))
    }

    /// Its name as statements have it: quoted, with its schema where that is known.
    pub(crate) fn sql_name(&self) -> String {
        self.beside(&self.name)
    }

    /// The name of something else in the same schema, likewise.
    pub(crate) fn beside(&self, name: &str) -> String {
        self.schema.as_deref().map_or_else(|| quote(name), |schema| qualified(schema, name))
    }

    /// `"link" text COLLATE "C"`: a column as CREATE TABLE has it, with the table's collation where it has one.
    pub(crate) fn column_sql(&self, column: &Column) -> String {
        if let Some(told) = self.definition().and_then(|definition| definition.column(&column.name)) {
            return told.sql();
        }
        let collate = match (&self.collation, column.kind.codec().is_text()) {
            (Some(collation), true) => format!(" COLLATE {}", quote(collation)),
            _ => String::new(),
        };
        format!("{} {}{collate}", quote(&column.name), column.kind.sql())
    }

    /// The sequence that the surrogate key comes from, as SQL names it; where nothing else is said by the name
    /// that `serial` gives by itself.
    pub(crate) fn sequence(&self) -> String {
        let key = self.surrogate();
        key.and_then(|key| key.sequence.clone()).unwrap_or_else(|| {
            let column = key.map_or("", |key| key.column.as_str());
            self.beside(&format!("{}_{column}_seq", self.name))
        })
    }

    /// The table as a load sees it that brings the keys along: a key that the server gives otherwise is the first
    /// of the columns.
    pub(crate) fn with_key_column(&self) -> Self {
        let key = self.surrogate().map(|key| Column::new(&key.column, SqlType::named(&key.type_name)));
        let columns = key.into_iter().chain(self.columns.iter().cloned()).collect();
        Self { columns, ..self.clone() }
    }

    /// As [`Table::with_key_column`] where the server would count the key; else as it is.
    pub(crate) fn with_counted_key(&self) -> Self {
        match self.counted_key() {
            Some(_) => self.with_key_column(),
            None => self.clone(),
        }
    }

    /// `"votes" ("username", "link", "score")`: what COPY names.
    pub fn target(&self) -> String {
        format!("{} ({})", self.sql_name(), self.column_list())
    }

    /// `INSERT INTO "votes" ("username", "link", "score")`: INSERT as far as what it inserts.
    pub(crate) fn insert_into(&self) -> String {
        format!("INSERT INTO {}{}", self.target(), self.overriding())
    }

    /// What INSERT says behind the columns where it brings values of one that is GENERATED ALWAYS AS IDENTITY.
    pub(crate) fn overriding(&self) -> &'static str {
        let is_always = |column: &Column| {
            let told = self.definition().and_then(|definition| definition.column(&column.name));
            told.is_some_and(|column| column.value == Value::Identity { always: true })
        };
        if self.columns.iter().any(is_always) { " OVERRIDING SYSTEM VALUE" } else { "" }
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
            self.key_name(),
            self.sql_name()
        )
    }

    /// The column that updates change: the last one, or of a user's table the last that no key, index that
    /// refuses rows, foreign key of several columns or check of several columns speaks of.
    pub(crate) fn updated_column(&self) -> Option<&Column> {
        let Some(definition) = self.definition() else { return self.columns.last() };
        self.columns.iter().rev().find(|column| definition.is_free(&column.name))
    }

    /// The number of the column, from 0, that rows are sorted by: the last indexed one.
    pub(crate) fn sort_column(&self) -> Option<usize> {
        let place = |name: &str| self.columns.iter().position(|column| column.name == name);
        match self.definition() {
            None => self.indexed.last().and_then(|name| place(name)),
            Some(definition) => definition.sorted_columns().find_map(place),
        }
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
}
