//! Reads a table from PostgreSQL's catalogue.

use anyhow::{Context, Result};
use postgres::types::ToSql;
use postgres::{GenericClient, Row};

use super::catalogue::{self, Version};
use super::definition::{
    Bond, ColumnDefinition, Constraint, ConstraintKind, Definition, Index, Partition, Partitioning, Sequence,
    Storage, Trigger, TypeClass, Value,
};
use super::fixed::fixed;
use crate::pg_error::describe;
use crate::sql::{literal, quote};

/// Reads the table of this name, as SQL has it. Texts name no schema where the session works in the table's.
///
/// # Errors
/// The server's error, for instance when there is no such table.
pub fn read(client: &mut impl GenericClient, sql_name: &str) -> Result<Definition> {
    fixed(client, |transaction| {
        let version: i32 = transaction
            .query_one("SELECT current_setting('server_version_num')::int", &[])
            .and_then(|row| row.try_get(0))
            .map_err(describe)
            .context("asking the server for its version")?;
        let oid: u32 = transaction
            .query_one("SELECT $1::text::regclass::oid", &[&sql_name])
            .and_then(|row| row.try_get(0))
            .map_err(describe)
            .with_context(|| format!("looking for the table {sql_name}"))?;
        let mut reader = Reader { client: transaction, version: Version(version) };
        reader.table(oid).with_context(|| format!("reading the definition of {sql_name}"))
    })
}

struct Reader<'a, C> {
    client: &'a mut C,
    version: Version,
}

impl<C: GenericClient> Reader<'_, C> {
    /// What `take` makes of each row that a query of the catalogue finds for a relation.
    fn each<T>(&mut self, sql: &str, oid: u32, take: impl Fn(&Row) -> Result<T>) -> Result<Vec<T>> {
        let params: [&(dyn ToSql + Sync); 1] = [&oid];
        let rows = self.client.query(sql, &params).map_err(describe)?;
        rows.iter().map(take).collect()
    }

    /// The only text that a query finds.
    fn texts(&mut self, sql: &str, oid: u32) -> Result<Vec<String>> {
        self.each(sql, oid, |row| Ok(row.try_get(0)?))
    }

    fn table(&mut self, oid: u32) -> Result<Definition> {
        let columns = self.each(&catalogue::columns(self.version), oid, column)?;
        Ok(Definition { columns, inherits: self.texts(catalogue::INHERITS, oid)?, ..self.part(oid)? })
    }

    /// What a partition has besides what its parent has, and any other table besides its columns.
    fn part(&mut self, oid: u32) -> Result<Definition> {
        let row = self.client.query_one(catalogue::TABLE, &[&oid]).map_err(describe)?;
        let parameters: Vec<String> = row.try_get(3)?;
        let is_own = |parameter: &&String| !parameter.starts_with("autovacuum_enabled=");
        let mut further = self.texts(catalogue::RULES, oid)?;
        let statistics = self.each(catalogue::STATISTICS, oid, |row| {
            let (text, schema): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            Ok(text.replacen(&format!("CREATE STATISTICS {schema}."), "CREATE STATISTICS ", 1))
        })?;
        further.extend(statistics);
        Ok(Definition {
            name: row.try_get(0)?,
            columns: Vec::new(),
            storage: Storage {
                access_method: row.try_get(1)?,
                tablespace: row.try_get(2)?,
                parameters: parameters.iter().filter(is_own).map(|parameter| quoted(parameter)).collect(),
            },
            inherits: Vec::new(),
            sequences: self.each(catalogue::SEQUENCES, oid, sequence)?,
            constraints: self.each(catalogue::CONSTRAINTS, oid, constraint)?,
            indexes: self.each(catalogue::INDEXES, oid, index)?,
            triggers: self.each(catalogue::TRIGGERS, oid, trigger)?,
            further,
            partitioning: self.partitioning(oid)?,
        })
    }

    fn partitioning(&mut self, oid: u32) -> Result<Option<Partitioning>> {
        let keys = self.each(catalogue::PARTITION_KEY, oid, |row| {
            Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
        })?;
        let Some((by, columns, is_expressed)) = keys.into_iter().next() else { return Ok(None) };
        let mut partitions = Vec::new();
        let found =
            self.each(catalogue::PARTITIONS, oid, |row| Ok((row.try_get::<_, u32>(0)?, row.try_get(1)?)))?;
        for (partition, bounds) in found {
            partitions.push(Partition { bounds, table: self.part(partition)? });
        }
        Ok(Some(Partitioning { by, columns, is_expressed, partitions }))
    }
}

/// `fillfactor='70'` of `fillfactor=70`.
fn quoted(parameter: &str) -> String {
    match parameter.split_once('=') {
        Some((name, value)) => format!("{name}={}", literal(value)),
        None => parameter.into(),
    }
}

fn column(row: &Row) -> Result<ColumnDefinition> {
    let expression: Option<String> = row.try_get("expression")?;
    let (identity, generated): (String, String) = (row.try_get("identity")?, row.try_get("generated")?);
    let (class, category): (String, String) = (row.try_get("class")?, row.try_get("category")?);
    Ok(ColumnDefinition {
        name: row.try_get("name")?,
        type_name: row.try_get("type_name")?,
        type_oid: row.try_get("type_oid")?,
        class: match (class.as_str(), category.as_str()) {
            ("e", _) => TypeClass::Enum,
            ("c", _) => TypeClass::Composite,
            ("r" | "m", _) => TypeClass::Range,
            (_, "A") => TypeClass::Array,
            _ => TypeClass::Base,
        },
        is_domain: row.try_get("is_domain")?,
        base_type: row.try_get("base_type")?,
        labels: row.try_get("labels")?,
        made_of: row.try_get("made_of")?,
        collation: row.try_get("collation")?,
        not_null: row.try_get("not_null")?,
        value: match (identity.as_str(), generated.as_str(), expression) {
            ("a" | "d", _, _) => Value::Identity { always: identity == "a" },
            (_, "s", Some(expression)) => Value::Generated { expression, kind: "STORED".into() },
            (_, "v", Some(expression)) => Value::Generated { expression, kind: "VIRTUAL".into() },
            (_, _, Some(expression)) => Value::Default(expression),
            (_, _, None) => Value::Null,
        },
        settings: settings(row)?,
    })
}

fn settings(row: &Row) -> Result<Vec<String>> {
    let (storage, compression): (Option<String>, String) =
        (row.try_get("storage")?, row.try_get("compression")?);
    let (target, options): (Option<i32>, Vec<String>) = (row.try_get("target")?, row.try_get("options")?);
    let storage = storage.as_deref().map(|letter| match letter {
        "p" => "SET STORAGE PLAIN",
        "e" => "SET STORAGE EXTERNAL",
        "m" => "SET STORAGE MAIN",
        _ => "SET STORAGE EXTENDED",
    });
    let compression = match compression.as_str() {
        "p" => Some("SET COMPRESSION pglz"),
        "l" => Some("SET COMPRESSION lz4"),
        _ => None,
    };
    let mut settings: Vec<String> = storage.into_iter().chain(compression).map(str::to_owned).collect();
    settings.extend(target.map(|target| format!("SET STATISTICS {target}")));
    if !options.is_empty() {
        let options: Vec<String> = options.iter().map(|option| quoted(option)).collect();
        settings.push(format!("SET ({})", options.join(", ")));
    }
    Ok(settings)
}

fn sequence(row: &Row) -> Result<Sequence> {
    let (bond, default): (String, Option<String>) = (row.try_get("bond")?, row.try_get("expression")?);
    let name: String = row.try_get("name")?;
    Ok(Sequence {
        drawn: default.is_some_and(|default| default == format!("nextval({}::regclass)", literal(&name))),
        name,
        is_home: row.try_get("is_home")?,
        column: row.try_get("column_name")?,
        bond: match bond.as_str() {
            "i" => Bond::Identity,
            "a" => Bond::Owned,
            _ => Bond::Loose,
        },
        type_name: row.try_get("type_name")?,
        start: row.try_get("start")?,
        increment: row.try_get("increment")?,
        least: row.try_get("least")?,
        greatest: row.try_get("greatest")?,
        cache: row.try_get("cache")?,
        cycles: row.try_get("cycles")?,
    })
}

fn constraint(row: &Row) -> Result<Constraint> {
    let (kind, text): (String, String) = (row.try_get("kind")?, row.try_get("definition")?);
    let kind = match kind.as_str() {
        "p" => ConstraintKind::Primary,
        "u" => ConstraintKind::Unique,
        "x" => ConstraintKind::Exclusion,
        "f" => ConstraintKind::Foreign,
        _ => ConstraintKind::Check,
    };
    let parameters: Vec<String> = row.try_get("parameters")?;
    Ok(Constraint {
        name: row.try_get("name")?,
        text: match kind {
            ConstraintKind::Primary | ConstraintKind::Unique => with_parameters(&text, &parameters),
            _ => text,
        },
        kind,
        columns: row.try_get("columns")?,
        is_valid: row.try_get("is_valid")?,
        is_deferrable: row.try_get("is_deferrable")?,
        refers_to: row.try_get("refers_to")?,
    })
}

/// The text of a constraint with the storage parameters of its index, which the server leaves out.
fn with_parameters(text: &str, parameters: &[String]) -> String {
    if parameters.is_empty() {
        return text.into();
    }
    let parameters: Vec<String> = parameters.iter().map(|parameter| quoted(parameter)).collect();
    let end = text.find(" DEFERRABLE").unwrap_or(text.len());
    format!("{} WITH ({}){}", &text[..end], parameters.join(", "), &text[end..])
}

fn index(row: &Row) -> Result<Index> {
    let name: String = row.try_get("name")?;
    let (text, quoted_name): (String, String) = (row.try_get("definition")?, row.try_get("quoted")?);
    let is_unique: bool = row.try_get("is_unique")?;
    // Of a partitioned table's it is said that the partitions' are made apart, which they need not be.
    let head = format!("CREATE {}INDEX {quoted_name} ON ", if is_unique { "UNIQUE " } else { "" });
    let whole = text.strip_prefix(&head).and_then(|rest| rest.strip_prefix("ONLY "));
    let columns: Vec<Option<String>> = row.try_get("columns")?;
    let leading: Vec<String> = columns.iter().map_while(Clone::clone).collect();
    let parameters: Vec<String> = row.try_get("parameters")?;
    Ok(Index {
        text: whole.map_or_else(|| text.clone(), |rest| format!("{head}{rest}")),
        name,
        method: row.try_get("method")?,
        is_unique,
        is_valid: row.try_get("is_valid")?,
        constraint: row.try_get("constraint")?,
        is_plain: leading.len() == columns.len() && !row.try_get::<_, bool>("is_partial")?,
        leading,
        speaks_of: row.try_get("speaks_of")?,
        parameters: parameters.iter().map(|parameter| quoted(parameter)).collect(),
    })
}

fn trigger(row: &Row) -> Result<Trigger> {
    let state: String = row.try_get("state")?;
    Ok(Trigger {
        name: row.try_get("name")?,
        text: row.try_get("definition")?,
        state: match state.as_str() {
            "D" => Some("DISABLE".into()),
            "A" => Some("ENABLE ALWAYS".into()),
            "R" => Some("ENABLE REPLICA".into()),
            _ => None,
        },
        on_insert: row.try_get("on_insert")?,
    })
}

/// The tables of the session's schema that a DDL may mean: no partitions, and no extension's, by name.
///
/// # Errors
/// The server's error.
pub(crate) fn tables(client: &mut impl GenericClient) -> Result<Vec<String>> {
    let rows = client.query(catalogue::TABLES, &[]).map_err(describe).context("looking for tables")?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Whether the table of this bare name in the session's schema holds a row.
///
/// # Errors
/// The server's error.
pub(crate) fn holds_rows(client: &mut impl GenericClient, name: &str) -> Result<bool> {
    let row = client.query_one(&format!("SELECT EXISTS (SELECT FROM {})", quote(name)), &[]);
    row.and_then(|row| row.try_get(0)).map_err(describe).context("looking for rows")
}
