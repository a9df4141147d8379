//! A table as PostgreSQL's catalogue describes it: a value, made of the server's own texts.
//!
//! What it leaves out says [`super::foundation::Foundation::lost`].

/// A table, or a partition of one.
///
/// The texts name nothing of the schema that they were read in: they hold for a session that works in the
/// table's schema.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Definition {
    /// Its name, bare.
    pub name: String,
    /// Its columns in order; of a partition none, as they are the parent's.
    pub columns: Vec<ColumnDefinition>,
    /// How its rows are kept.
    pub storage: Storage,
    /// The tables it inherits from, as SQL names them; a partition's parent is none of them.
    pub inherits: Vec<String>,
    /// The sequences that its columns own or draw from.
    pub sequences: Vec<Sequence>,
    /// Its own constraints but for NOT NULL, by name; of a partition those that the parent does not have.
    pub constraints: Vec<Constraint>,
    /// Its own indexes, those of constraints among them, by name; likewise.
    pub indexes: Vec<Index>,
    /// Its own triggers, by name; likewise.
    pub triggers: Vec<Trigger>,
    /// CREATE RULE and CREATE STATISTICS.
    pub further: Vec<String>,
    /// How it is partitioned, if it is.
    pub partitioning: Option<Partitioning>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnDefinition {
    /// Its name, bare.
    pub name: String,
    /// Its type with its modifiers, as `format_type` writes it.
    pub type_name: String,
    /// The oid of its type.
    pub type_oid: u32,
    /// What its type is made of; of a domain what that is over.
    pub class: TypeClass,
    /// Whether its type is a domain.
    pub is_domain: bool,
    /// The type that a domain is over at last, with its modifiers; of any other type itself.
    pub base_type: String,
    /// The labels of an enum, in their order; of any other type none.
    pub labels: Vec<String>,
    /// The type that its values or, of an array, their elements are of at last, without modifiers; `enum` where
    /// those are words.
    pub made_of: String,
    /// Its collation as SQL names it, where that is not the type's own.
    pub collation: Option<String>,
    /// Whether it refuses NULL.
    pub not_null: bool,
    /// What stands in it where a row brings nothing.
    pub value: Value,
    /// `SET STORAGE main`, `SET STATISTICS 500` ...: what ALTER COLUMN has to say of it besides.
    pub settings: Vec<String>,
}

/// What a type is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeClass {
    /// One value.
    Base,
    /// One of several words.
    Enum,
    /// An array.
    Array,
    /// Several fields.
    Composite,
    /// A range, or several.
    Range,
}

/// What stands in a column where a row brings nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// NULL.
    Null,
    /// A default expression.
    Default(String),
    /// The next number of a sequence of its own.
    Identity {
        /// Whether INSERT refuses other values unless it says OVERRIDING SYSTEM VALUE.
        always: bool,
    },
    /// Always the value of an expression: no row may bring one.
    Generated {
        /// The expression.
        expression: String,
        /// `STORED`, or `VIRTUAL` (PostgreSQL 18).
        kind: String,
    },
}

/// How rows are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Storage {
    /// The table access method, where it is not `heap`.
    pub access_method: Option<String>,
    /// Storage parameters, `fillfactor='70'`; without `autovacuum_enabled`, which every load turns off.
    pub parameters: Vec<String>,
    /// The tablespace, where it is not the database's.
    pub tablespace: Option<String>,
}

/// A sequence that a column owns or draws from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// As SQL names it: with its schema where that is another one.
    pub name: String,
    /// Whether it lies in the table's schema.
    pub is_home: bool,
    /// The column.
    pub column: String,
    /// What it is to the column.
    pub bond: Bond,
    /// Whether the column's default is the next number of it, as it is.
    pub drawn: bool,
    /// Its type.
    pub type_name: String,
    /// The first number.
    pub start: i64,
    /// The distance to the next.
    pub increment: i64,
    /// The least number.
    pub least: i64,
    /// The greatest number.
    pub greatest: i64,
    /// Numbers that a session takes at once.
    pub cache: i64,
    /// Whether it begins again past the greatest.
    pub cycles: bool,
}

/// What a sequence is to a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bond {
    /// That of an identity column: it comes and goes with the column.
    Identity,
    /// The column owns it: it goes with the column.
    Owned,
    /// The column only draws from it.
    Loose,
}

/// The kind of a constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConstraintKind {
    /// PRIMARY KEY.
    Primary,
    /// UNIQUE.
    Unique,
    /// EXCLUDE.
    Exclusion,
    /// CHECK.
    Check,
    /// FOREIGN KEY.
    Foreign,
}

/// A constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// Its name, bare.
    pub name: String,
    /// Its kind.
    pub kind: ConstraintKind,
    /// Its text behind `CONSTRAINT name`.
    pub text: String,
    /// The columns that it speaks of.
    pub columns: Vec<String>,
    /// Whether all rows were held against it.
    pub is_valid: bool,
    /// Whether it may be checked at the end of a transaction.
    pub is_deferrable: bool,
    /// The table that a foreign key refers to, as SQL names it.
    pub refers_to: Option<String>,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its name, bare.
    pub name: String,
    /// CREATE INDEX.
    pub text: String,
    /// Its access method.
    pub method: String,
    /// Whether it refuses a second row of the same.
    pub is_unique: bool,
    /// Whether it is whole: what failed half-way is not.
    pub is_valid: bool,
    /// The constraint that it serves.
    pub constraint: Option<String>,
    /// Its key columns, as long as they are plain ones: empty where the first is an expression.
    pub leading: Vec<String>,
    /// All columns that it has anything to do with.
    pub speaks_of: Vec<String>,
    /// Whether the leading ones are all of its key, and it is over all rows.
    pub is_plain: bool,
    /// Storage parameters, `fillfactor='70'`.
    pub parameters: Vec<String>,
}

/// A trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// Its name, bare.
    pub name: String,
    /// CREATE TRIGGER.
    pub text: String,
    /// `DISABLE`, `ENABLE ALWAYS` or `ENABLE REPLICA` where it is not enabled as usual.
    pub state: Option<String>,
    /// Whether it fires for INSERT or COPY.
    pub on_insert: bool,
}

/// How a table is partitioned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partitioning {
    /// `RANGE (a, lower(b))`.
    pub by: String,
    /// The plain columns of that.
    pub columns: Vec<String>,
    /// Whether there are expressions in it too.
    pub is_expressed: bool,
    /// The partitions, by name.
    pub partitions: Vec<Partition>,
}

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// `FOR VALUES FROM (1) TO (10)`, or `DEFAULT`.
    pub bounds: String,
    /// What it has besides what its parent has.
    pub table: Definition,
}

impl Definition {
    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&ColumnDefinition> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The constraints of this kind.
    pub(crate) fn constraints_of(&self, kind: ConstraintKind) -> impl Iterator<Item = &Constraint> {
        self.constraints.iter().filter(move |constraint| constraint.kind == kind)
    }

    /// The index that serves this constraint.
    pub(crate) fn index_of(&self, constraint: &Constraint) -> Option<&Index> {
        self.indexes.iter().find(|index| index.constraint.as_deref() == Some(&constraint.name))
    }

    /// The table itself and all partitions below it, each behind its parent.
    pub(crate) fn tree(&self) -> Vec<&Definition> {
        let below = self.partitioning.iter().flat_map(|partitioning| &partitioning.partitions);
        std::iter::once(self).chain(below.flat_map(|partition| partition.table.tree())).collect()
    }

    /// Whether a column's values may change without a word from the rest of the row: no key, index that refuses
    /// rows, partitioning or constraint of several columns speaks of it, and it takes values at all.
    pub(crate) fn is_free(&self, name: &str) -> bool {
        let takes = |column: &ColumnDefinition| {
            !matches!(column.value, Value::Generated { .. } | Value::Identity { always: true })
        };
        let bound = |constraint: &Constraint| {
            constraint.columns.iter().any(|column| column == name)
                && match constraint.kind {
                    ConstraintKind::Primary | ConstraintKind::Unique | ConstraintKind::Exclusion => true,
                    ConstraintKind::Check | ConstraintKind::Foreign => constraint.columns.len() > 1,
                }
        };
        let refused = |index: &Index| index.is_unique && index.speaks_of.iter().any(|column| column == name);
        let tree = self.tree();
        self.column(name).is_some_and(takes)
            && tree.iter().all(|table| {
                !table.constraints.iter().any(bound)
                    && !table.indexes.iter().filter(|index| index.constraint.is_none()).any(refused)
                    && !table
                        .partitioning
                        .iter()
                        .any(|by| by.is_expressed || by.columns.iter().any(|c| c == name))
            })
    }

    /// The leading columns of its btree indexes, those that serve no constraint first, the last of each by name
    /// first.
    pub(crate) fn sorted_columns(&self) -> impl Iterator<Item = &str> {
        let of = |serving: bool| {
            let indexes = self
                .indexes
                .iter()
                .rev()
                .filter(move |index| index.constraint.is_some() == serving && index.method == "btree");
            indexes.filter_map(|index| index.leading.first().map(String::as_str))
        };
        of(false).chain(of(true))
    }

    /// What refuses a second row like one that is there whatever number the server gives it, in words.
    pub(crate) fn refuses_twice(&self, given: Option<&str>) -> Option<String> {
        let is_given = |columns: &[String]| columns.iter().any(|column| Some(column.as_str()) == given);
        self.tree().into_iter().find_map(|table| {
            let constraint = table.constraints.iter().find(|constraint| {
                matches!(
                    constraint.kind,
                    ConstraintKind::Primary | ConstraintKind::Unique | ConstraintKind::Exclusion
                ) && !is_given(&constraint.columns)
            });
            let index = || {
                table
                    .indexes
                    .iter()
                    .find(|index| index.is_unique && index.constraint.is_none() && !is_given(&index.leading))
            };
            constraint
                .map(|constraint| format!("its constraint {}", constraint.name))
                .or_else(|| index().map(|index| format!("its unique index {}", index.name)))
        })
    }

    /// What it is, a line a part, sorted: equal for two tables that were made alike. Names are in it where
    /// the texts have them.
    pub fn structure(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.columns.iter().map(ColumnDefinition::line).collect();
        let storage = &self.storage;
        let storage = storage.access_method.iter().chain(&storage.parameters).chain(&storage.tablespace);
        lines.extend(storage.map(|part| format!("stored with {part}")));
        lines.extend(self.inherits.iter().map(|parent| format!("inherits from {parent}")));
        lines.extend(self.sequences.iter().map(Sequence::line));
        lines.extend(
            self.constraints
                .iter()
                .map(|constraint| format!("constraint {} {}", constraint.name, constraint.text)),
        );
        lines.extend(
            self.indexes
                .iter()
                .filter(|index| index.constraint.is_none())
                .map(|index| format!("{}{}", if index.is_valid { "" } else { "invalid: " }, index.text)),
        );
        for trigger in &self.triggers {
            lines.push(format!(
                "{}{}",
                trigger.text,
                trigger.state.as_deref().map_or(String::new(), |s| format!(" ({s})"))
            ));
        }
        lines.extend(self.further.iter().cloned());
        if let Some(partitioning) = &self.partitioning {
            lines.push(format!("partitioned by {}", partitioning.by));
            for Partition { bounds, table } in &partitioning.partitions {
                lines.push(format!("partition {} {bounds}", table.name));
                lines.extend(
                    table.structure().into_iter().map(|line| format!("partition {}: {line}", table.name)),
                );
            }
        }
        lines.sort();
        lines
    }
}

/// The beginning of the lines of [`Definition::structure`] that say of a column what it is: no load changes
/// them.
pub(crate) const COLUMN_LINE: &str = "column ";

impl ColumnDefinition {
    fn line(&self) -> String {
        let mut line = format!("{COLUMN_LINE}{} {}", self.name, self.type_name);
        if let Some(collation) = &self.collation {
            line += &format!(" collate {collation}");
        }
        if self.not_null {
            line += " not null";
        }
        match &self.value {
            Value::Null => {}
            Value::Default(expression) => line += &format!(" default {expression}"),
            Value::Identity { always } => line += if *always { " identity always" } else { " identity" },
            Value::Generated { expression, kind } => line += &format!(" always {expression} {kind}"),
        }
        self.settings.iter().for_each(|setting| line += &format!(", {setting}"));
        line
    }
}

impl Sequence {
    fn line(&self) -> String {
        let bond = match self.bond {
            Bond::Identity => "is the identity of",
            Bond::Owned => "belongs to",
            Bond::Loose => "is drawn from by",
        };
        format!("sequence {} {} {bond} {}", self.name, self.options(), self.column)
    }

    /// What CREATE SEQUENCE says of it behind its name, but for the type.
    pub(crate) fn options(&self) -> String {
        format!(
            "START WITH {} INCREMENT BY {} MINVALUE {} MAXVALUE {} CACHE {}{}",
            self.start,
            self.increment,
            self.least,
            self.greatest,
            self.cache,
            if self.cycles { " CYCLE" } else { "" }
        )
    }

    /// Whether it gives 1, 2, 3 ..., to however many sessions, and skips none.
    pub(crate) fn counts_up(&self) -> bool {
        (self.start, self.increment, self.cache) == (1, 1, 1)
    }
}
