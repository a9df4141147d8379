//! INSERT ... SELECT ... ON CONFLICT into a table that has a part of the rows already.

use anyhow::Result;

use super::{Kind, Staging, common};
use crate::method::tools::stream::CopyStream;
use crate::method::{Info, Load, Method, PRESENT, Param, PhaseClock, Start, committed, lacks};
use crate::model::{Encoding, Params, Phase};
use crate::sql::quote;
use crate::table::{Key, Table};

/// COPY into an UNLOGGED staging table that numbers the rows, then one INSERT ... SELECT with the
/// number as the key: the upsert of many rows (PostgreSQL manual, INSERT, "ON CONFLICT Clause").
///
/// The indexes are in place, as they are where there are rows to conflict with, and stay.
///
/// Timed: CREATE TABLE and COPY of the staging table (prepare); INSERT ... SELECT, the key's
/// sequence set past the largest key, and DROP TABLE, in one transaction (load); COMMIT. Durable:
/// a crash before the COMMIT leaves the table as it was and an empty staging table. Each row that
/// an UPDATE replaced stays behind as a dead one until VACUUM, which is not timed.
pub(crate) struct InsertOnConflict {
    info: Info,
    action: Action,
}

/// The treatment of a row whose key is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    /// The old row stays.
    Nothing,
    /// A column of the row that is there is updated.
    Update,
}

fn conflict() -> Info {
    Info {
        source: "PostgreSQL manual, INSERT, ON CONFLICT Clause".into(),
        params: vec![Param::integer(PRESENT, "percent of the rows that are there already", 0..=100, 50)],
        ..common()
    }
}

/// `insert-on-conflict-nothing`: rows that are there are right, and stay.
pub(crate) fn insert_on_conflict_nothing() -> InsertOnConflict {
    InsertOnConflict {
        info: Info {
            start: Start::Present { stale: false },
            ..conflict().named(
                "insert-on-conflict-nothing",
                "INSERT ... SELECT from staging, ON CONFLICT DO NOTHING, indexes in place",
            )
        },
        action: Action::Nothing,
    }
}

/// `insert-on-conflict-update`: rows that are there have a stale column, which is updated.
pub(crate) fn insert_on_conflict_update() -> InsertOnConflict {
    InsertOnConflict {
        info: Info {
            start: Start::Present { stale: true },
            ..conflict().named(
                "insert-on-conflict-update",
                "INSERT ... SELECT from staging, ON CONFLICT DO UPDATE, indexes in place",
            )
        },
        action: Action::Update,
    }
}

impl InsertOnConflict {
    fn sql(&self, table: &Table, staging: &Staging) -> String {
        let bringing = table.with_counted_key();
        let key: Vec<String> = table.key_columns().iter().map(|column| quote(&column.name)).collect();
        let action = match (self.action, table.updated_column()) {
            (Action::Update, Some(column)) => {
                let column = quote(&column.name);
                format!("DO UPDATE SET {column} = EXCLUDED.{column}")
            }
            (Action::Update, None) | (Action::Nothing, _) => "DO NOTHING".into(),
        };
        format!(
            "{} SELECT {} FROM {} ON CONFLICT ({}) {action}",
            bringing.insert_into(),
            bringing.column_list(),
            staging.name(),
            key.join(", ")
        )
    }
}

impl Method for InsertOnConflict {
    fn info(&self) -> &Info {
        &self.info
    }

    fn lacks(&self, _params: &Params, table: &Table) -> Option<String> {
        let late = match &table.key {
            Key::Natural(key) => !key.arbitrates,
            Key::Surrogate(_) | Key::None => false,
        };
        let late = late.then(|| {
            "ON CONFLICT cannot go by its key, which is deferrable or of more than equal values".into()
        });
        late.or_else(|| lacks::no_rules(table))
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let chunk = load.dataset.first(Encoding::Csv, load.rows)?;
        let counted = load.table.counted_key();
        let staging = Staging::like(load.table, Kind::Unlogged);
        let staging = if counted.is_some() { staging.with_key("serial") } else { staging };
        let insert = self.sql(load.table, &staging);
        let mut stream = CopyStream::connect(load.connector)?;

        clock.time(Phase::Prepare, || staging.fill(&stream, load, chunk))?;
        committed(&mut stream, clock, |stream| {
            stream.run(&insert)?;
            if counted.is_some() {
                stream.run(&load.table.advance_key())?;
            }
            stream.run(&staging.drop())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::columns::votes;
    use crate::method::resolve_params;
    use crate::model::{ParamValue, Params};

    #[test]
    fn the_key_decides_what_conflicts_and_one_column_is_updated() {
        let table = Table::votes(&votes());
        let staging = Staging::like(&table, Kind::Unlogged).with_key("serial");
        assert_eq!(
            insert_on_conflict_update().sql(&table, &staging),
            "INSERT INTO \"votes\" (\"vote_id\", \"username\", \"link\", \"score\") \
             SELECT \"vote_id\", \"username\", \"link\", \"score\" FROM \"bulkbench_staging\" \
             ON CONFLICT (\"vote_id\") DO UPDATE SET \"score\" = EXCLUDED.\"score\""
        );
        let nothing = insert_on_conflict_nothing().sql(&table, &staging);
        assert!(nothing.ends_with("ON CONFLICT (\"vote_id\") DO NOTHING"), "{nothing}");
    }

    #[test]
    fn more_rows_than_all_cannot_be_present() {
        let table = Table::votes(&votes());
        let with = |percent| {
            let given = Params::from([(PRESENT.into(), ParamValue::Int(percent))]);
            resolve_params(&insert_on_conflict_nothing(), &given, (2, 1000), &table)
        };
        assert_eq!(with(100).unwrap()[PRESENT], ParamValue::Int(100));
        let text = with(101).unwrap_err().to_string();
        assert!(text.contains("percent of the rows") && text.contains("may be 0 to 100"), "{text}");
    }
}
