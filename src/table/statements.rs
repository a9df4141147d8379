//! The statements that make a table again from its definition.

use super::definition::{
    Bond, ColumnDefinition, Constraint, ConstraintKind, Definition, Index, Partition, Sequence, Value,
};
use crate::model::{Ability, Absent, Persistence};
use crate::sql::{qualified, quote};

/// What of a table is there from the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Its columns with what refuses rows, but for foreign keys: NOT NULL, CHECK, the primary key, unique and
    /// exclusion constraints; and what acts on rows, triggers and rules.
    Guarded,
    /// The same without what needs an index: the primary key, unique and exclusion constraints.
    Bare,
}

/// The statements that make a table in a schema; a session has to work in that.
pub struct Maker<'a> {
    table: &'a Definition,
    /// The schema, bare; `None` for the session's own.
    schema: Option<&'a str>,
    /// Whether the server knows autovacuum.
    autovacuums: bool,
}

impl<'a> Maker<'a> {
    /// Those that make `table` in this schema.
    pub fn new(table: &'a Definition, schema: Option<&'a str>) -> Self {
        Self { table, schema, autovacuums: true }
    }

    /// The same on a server that lacks so much.
    #[must_use]
    pub fn knowing(self, absent: &Absent) -> Self {
        Self { autovacuums: absent.has(Ability::Autovacuum), ..self }
    }

    /// The maker of a partition.
    fn of(&self, table: &'a Definition) -> Self {
        Self { table, ..*self }
    }

    fn name(&self, bare: &str) -> String {
        self.schema.map_or_else(|| quote(bare), |schema| qualified(schema, bare))
    }

    /// CREATE TABLE with all that belongs to it but indexes and foreign keys, in this extent.
    pub fn create(&self, extent: Extent, persistence: Persistence) -> Vec<String> {
        let mut statements = Vec::new();
        let made = || self.table.sequences.iter().filter(|sequence| self.is_made_apart(sequence));
        statements.extend(made().map(Sequence::create));
        statements.extend(self.table.sequences.iter().filter_map(Sequence::restart));
        statements.push(self.create_table(extent, persistence));
        statements.extend(made().map(|sequence| {
            let column = quote(&sequence.column);
            format!("ALTER SEQUENCE {} OWNED BY {}.{column}", sequence.name, self.name(&self.table.name))
        }));
        statements.extend(self.settings());
        self.within(extent, persistence, &mut statements);
        statements
    }

    /// What comes behind CREATE TABLE: partitions, and what takes statements of its own.
    fn within(&self, extent: Extent, persistence: Persistence, statements: &mut Vec<String>) {
        let table = self.table;
        for partition in table.partitioning.iter().flat_map(|partitioning| &partitioning.partitions) {
            let maker = self.of(&partition.table);
            statements.push(maker.create_partition(&self.name(&table.name), partition, extent, persistence));
            maker.within(extent, persistence, statements);
        }
        let unchecked =
            |constraint: &&Constraint| constraint.kind == ConstraintKind::Check && !constraint.is_valid;
        statements.extend(table.constraints.iter().filter(unchecked).map(|constraint| self.add(constraint)));
        if extent == Extent::Guarded {
            statements.extend(self.index_parameters());
        }
        for trigger in &table.triggers {
            statements.push(trigger.text.clone());
            let state = trigger.state.iter();
            statements.extend(state.map(|state| {
                format!("ALTER TABLE {} {state} TRIGGER {}", self.name(&table.name), quote(&trigger.name))
            }));
        }
        statements.extend(table.further.iter().cloned());
    }

    fn create_table(&self, extent: Extent, persistence: Persistence) -> String {
        let table = self.table;
        let columns = table.columns.iter().map(|column| self.column(column));
        let parts: Vec<String> = columns.chain(self.inline(extent)).collect();
        let inherits = match &table.inherits[..] {
            [] => String::new(),
            parents => format!(" INHERITS ({})", parents.join(", ")),
        };
        format!(
            "CREATE {}TABLE {} ({}){inherits}{}",
            self.unlogged(persistence),
            self.name(&table.name),
            parts.join(", "),
            self.storage()
        )
    }

    fn create_partition(
        &self,
        parent: &str,
        partition: &Partition,
        extent: Extent,
        persistence: Persistence,
    ) -> String {
        let parts = self.inline(extent).collect::<Vec<_>>().join(", ");
        let parts = if parts.is_empty() { parts } else { format!(" ({parts})") };
        format!(
            "CREATE {}TABLE {} PARTITION OF {parent}{parts} {}{}",
            self.unlogged(persistence),
            self.name(&self.table.name),
            partition.bounds,
            self.storage()
        )
    }

    /// `UNLOGGED ` where rows lie in the table itself: a partitioned one has none, and PostgreSQL 18 refuses it.
    fn unlogged(&self, persistence: Persistence) -> &'static str {
        match persistence {
            Persistence::Unlogged if self.table.partitioning.is_none() => "UNLOGGED ",
            Persistence::Unlogged | Persistence::Permanent => "",
        }
    }

    /// What CREATE TABLE says behind the columns. Autovacuum is off: it would read and freeze a freshly loaded
    /// table in the middle of the next sample.
    fn storage(&self) -> String {
        let mut text = String::new();
        let storage = &self.table.storage;
        let partitioning = self.table.partitioning.as_ref();
        partitioning.iter().for_each(|partitioning| text += &format!(" PARTITION BY {}", partitioning.by));
        storage.access_method.iter().for_each(|method| text += &format!(" USING {}", quote(method)));
        let off = self.autovacuums && partitioning.is_none();
        let off = off.then(|| "autovacuum_enabled = false".to_owned());
        let parameters: Vec<String> = off.into_iter().chain(storage.parameters.iter().cloned()).collect();
        if !parameters.is_empty() {
            text += &format!(" WITH ({})", parameters.join(", "));
        }
        storage.tablespace.iter().for_each(|space| text += &format!(" TABLESPACE {}", quote(space)));
        text
    }

    /// A column as CREATE TABLE has it.
    fn column(&self, column: &ColumnDefinition) -> String {
        let sequence = self.table.sequences.iter().find(|sequence| sequence.column == column.name);
        if let Some(serial) = sequence.and_then(|sequence| self.serial(column, sequence)) {
            return format!("{} {serial}", quote(&column.name));
        }
        let mut text = column.sql();
        match &column.value {
            Value::Null => {}
            Value::Default(expression) => text += &format!(" DEFAULT {expression}"),
            Value::Generated { expression, kind } => {
                text += &format!(" GENERATED ALWAYS AS ({expression}) {kind}");
            }
            Value::Identity { always } => {
                let when = if *always { "ALWAYS" } else { "BY DEFAULT" };
                let options = sequence.map_or(String::new(), |sequence| {
                    format!(" (SEQUENCE NAME {} {})", sequence.name, sequence.options())
                });
                text += &format!(" GENERATED {when} AS IDENTITY{options}");
            }
        }
        if column.not_null {
            text += " NOT NULL";
        }
        text
    }

    /// `serial` and its kin, where that alone makes the column and its sequence: of an UNLOGGED table it is not
    /// logged either.
    fn serial(&self, column: &ColumnDefinition, sequence: &Sequence) -> Option<&'static str> {
        let (word, greatest) = match column.type_name.as_str() {
            "smallint" => ("smallserial", i64::from(i16::MAX)),
            "integer" => ("serial", i64::from(i32::MAX)),
            "bigint" => ("bigserial", i64::MAX),
            _ => return None,
        };
        let name = format!("{}_{}_seq", self.table.name, column.name);
        let alone = self.table.sequences.iter().filter(|other| other.column == column.name).count() == 1;
        let plain = column.not_null
            && alone
            && sequence.drawn
            && sequence.bond == Bond::Owned
            && sequence.type_name == column.type_name
            && sequence.counts_up()
            && (sequence.least, sequence.greatest, sequence.cycles) == (1, greatest, false)
            && (sequence.name == name || sequence.name == quote(&name))
            // A longer name is cut.
            && name.len() < 64;
        plain.then_some(word)
    }

    /// Whether a sequence is made and given to its column by statements of its own.
    fn is_made_apart(&self, sequence: &Sequence) -> bool {
        let column = self.table.column(&sequence.column);
        sequence.bond == Bond::Owned && column.is_none_or(|column| self.serial(column, sequence).is_none())
    }

    /// The constraints that stand in CREATE TABLE.
    fn inline(&self, extent: Extent) -> impl Iterator<Item = String> {
        let stands = move |constraint: &&Constraint| match constraint.kind {
            ConstraintKind::Primary | ConstraintKind::Unique | ConstraintKind::Exclusion => {
                extent == Extent::Guarded
            }
            ConstraintKind::Check => constraint.is_valid,
            ConstraintKind::Foreign => false,
        };
        self.table.constraints.iter().filter(stands).map(Constraint::sql)
    }

    /// What ALTER TABLE has to say of columns.
    fn settings(&self) -> impl Iterator<Item = String> {
        self.table.columns.iter().flat_map(|column| {
            column.settings.iter().map(|setting| {
                let table = self.name(&self.table.name);
                format!("ALTER TABLE {table} ALTER COLUMN {} {setting}", quote(&column.name))
            })
        })
    }

    /// Storage parameters of the constraints' indexes, which the constraints' texts leave out.
    fn index_parameters(&self) -> impl Iterator<Item = String> {
        let of_constraints = self.table.indexes.iter().filter(|index| index.constraint.is_some());
        of_constraints.filter(|index| !index.parameters.is_empty()).map(|index| {
            format!("ALTER INDEX {} SET ({})", self.name(&index.name), index.parameters.join(", "))
        })
    }

    fn add(&self, constraint: &Constraint) -> String {
        format!("ALTER TABLE {} ADD {}", self.name(&self.table.name), constraint.sql())
    }

    /// All makers of the table and its partitions, each behind its parent's.
    fn tree(&self) -> impl Iterator<Item = Maker<'a>> {
        let whole = self.of(self.table);
        self.table.tree().into_iter().map(move |table| whole.of(table))
    }

    /// DROP TABLE, whether it is there or not; its partitions go with it.
    pub fn drop(&self) -> String {
        format!("DROP TABLE IF EXISTS {}", self.name(&self.table.name))
    }

    /// CREATE INDEX for the indexes that serve no constraint, one statement an index.
    pub fn create_indexes(&self) -> Vec<String> {
        self.tree().flat_map(|maker| maker.free().map(|index| index.text.clone())).collect()
    }

    /// DROP INDEX for the same.
    pub fn drop_indexes(&self) -> Vec<String> {
        let drop = |maker: Maker<'a>| {
            maker.free().map(|index| format!("DROP INDEX {}", maker.name(&index.name))).collect::<Vec<_>>()
        };
        self.tree().flat_map(drop).collect()
    }

    fn free(&self) -> impl Iterator<Item = &'a Index> + use<'a> {
        self.table.indexes.iter().filter(|index| index.constraint.is_none() && index.is_valid)
    }

    /// CREATE UNIQUE INDEX for the constraints that take an index which is there.
    pub fn key_indexes(&self) -> Vec<String> {
        self.tree()
            .flat_map(|maker| maker.takers().map(|(_, index)| index.text.clone()).collect::<Vec<_>>())
            .collect()
    }

    /// ALTER TABLE for the constraints that [`Extent::Bare`] leaves out: they take the indexes of
    /// [`Maker::key_indexes`] where there are such.
    pub fn add_keys(&self) -> Vec<String> {
        let mut statements = Vec::new();
        for maker in self.tree() {
            let takers: Vec<_> = maker.takers().collect();
            let taking = takers.iter().map(|(constraint, index)| maker.add_taking(constraint, index));
            statements.extend(taking);
            let whole = maker.index_backed().filter(|own| !takers.iter().any(|(other, _)| other == own));
            statements.extend(whole.map(|constraint| maker.add(constraint)));
        }
        statements
    }

    /// As [`Maker::add_keys`], where no index is there.
    pub fn add_whole_keys(&self) -> Vec<String> {
        self.tree()
            .flat_map(|maker| {
                maker.index_backed().map(|constraint| maker.add(constraint)).collect::<Vec<_>>()
            })
            .collect()
    }

    fn index_backed(&self) -> impl Iterator<Item = &'a Constraint> + use<'a> {
        self.table.constraints.iter().filter(|constraint| {
            matches!(
                constraint.kind,
                ConstraintKind::Primary | ConstraintKind::Unique | ConstraintKind::Exclusion
            )
        })
    }

    /// The constraints that take an index which is there, and the indexes: not those of partitioned tables
    /// (PostgreSQL manual, ALTER TABLE), nor what is more than a btree.
    fn takers(&self) -> impl Iterator<Item = (&'a Constraint, &'a Index)> + use<'a> {
        let table = self.table;
        let backed = self.index_backed().filter(|constraint| {
            table.partitioning.is_none() && constraint.kind != ConstraintKind::Exclusion
        });
        backed.filter_map(|constraint| {
            let index = table.index_of(constraint).filter(|index| index.method == "btree")?;
            Some((constraint, index))
        })
    }

    fn add_taking(&self, constraint: &Constraint, index: &Index) -> String {
        let kind = match constraint.kind {
            ConstraintKind::Primary => "PRIMARY KEY",
            _ => "UNIQUE",
        };
        let when = constraint.when();
        format!(
            "ALTER TABLE {} ADD CONSTRAINT {} {kind} USING INDEX {}{when}",
            self.name(&self.table.name),
            quote(&constraint.name),
            quote(&index.name)
        )
    }

    /// ALTER TABLE ... ADD FOREIGN KEY, one statement a key; `not_valid` leaves the rows that are there unchecked.
    pub fn add_references(&self, not_valid: bool) -> Vec<String> {
        let statement = |maker: &Maker<'a>, constraint: &Constraint| {
            let ending = if not_valid && constraint.is_valid { " NOT VALID" } else { "" };
            format!("{}{ending}", maker.add(constraint))
        };
        self.each_reference(statement)
    }

    /// ALTER TABLE ... VALIDATE CONSTRAINT for the foreign keys that all rows were held against.
    pub fn validate_references(&self) -> Vec<String> {
        let mut statements = self.each_reference(|maker, constraint| match constraint.is_valid {
            true => maker.alter("VALIDATE CONSTRAINT", constraint),
            false => String::new(),
        });
        statements.retain(|statement| !statement.is_empty());
        statements
    }

    /// ALTER TABLE ... DROP CONSTRAINT, one statement a foreign key.
    pub fn drop_references(&self) -> Vec<String> {
        self.each_reference(|maker, constraint| maker.alter("DROP CONSTRAINT", constraint))
    }

    fn alter(&self, action: &str, constraint: &Constraint) -> String {
        format!("ALTER TABLE {} {action} {}", self.name(&self.table.name), quote(&constraint.name))
    }

    fn each_reference(&self, statement: impl Fn(&Maker<'a>, &Constraint) -> String) -> Vec<String> {
        let of = |maker: Maker<'a>| {
            let keys = maker.table.constraints_of(ConstraintKind::Foreign);
            keys.map(|constraint| statement(&maker, constraint)).collect::<Vec<_>>()
        };
        self.tree().flat_map(of).collect()
    }

    /// ALTER TABLE ... SET LOGGED, one statement a table that holds rows itself.
    pub fn set_logged(&self) -> Vec<String> {
        let leaves = self.tree().filter(|maker| maker.table.partitioning.is_none());
        leaves.map(|maker| format!("ALTER TABLE {} SET LOGGED", maker.name(&maker.table.name))).collect()
    }
}

impl ColumnDefinition {
    /// `"link" text COLLATE "C"`: its name, type and collation.
    pub(crate) fn sql(&self) -> String {
        let collation = self.collation.as_ref().map_or(String::new(), |name| format!(" COLLATE {name}"));
        format!("{} {}{collation}", quote(&self.name), self.type_name)
    }
}

impl Sequence {
    fn create(&self) -> String {
        format!("CREATE SEQUENCE {} AS {} {}", self.name, self.type_name, self.options())
    }

    /// ALTER SEQUENCE that has one that stays begin again, where it lies in the schema.
    fn restart(&self) -> Option<String> {
        (self.bond == Bond::Loose && self.is_home).then(|| format!("ALTER SEQUENCE {} RESTART", self.name))
    }
}

impl Constraint {
    /// `CONSTRAINT "name" UNIQUE (a)`.
    fn sql(&self) -> String {
        format!("CONSTRAINT {} {}", quote(&self.name), self.text)
    }

    /// When it is checked, as its text ends.
    fn when(&self) -> &'static str {
        [" DEFERRABLE INITIALLY DEFERRED", " DEFERRABLE"]
            .into_iter()
            .find(|ending| self.text.ends_with(ending))
            .unwrap_or_default()
    }
}
