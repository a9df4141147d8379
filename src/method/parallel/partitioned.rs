//! Several COPYs at once, each into a partition of its own.

use anyhow::Result;

use super::common;
use crate::dataset::Chunk;
use crate::method::copy::copy_from_stdin;
use crate::method::tools::jobs::side_by_side;
use crate::method::tools::stream::CopyStream;
use crate::method::{Info, Load, Method, PhaseClock};
use crate::model::{Encoding, Phase};
use crate::sql::{Exec, literal, quote};
use crate::table::{Layout, Table};

/// `copy-partitioned`: `jobs` tables with the columns of a table that is partitioned by ranges of
/// its key, each filled by a COPY on a connection of its own, indexed there, and attached in the end
/// (PostgreSQL manual, "Table Partitioning", 5.11.2.2). Where `copy-parallel` has one table and one
/// sequence that all jobs contend for, and builds each index over all rows, here each job has its
/// own of both, and the builds run side by side.
///
/// Until it is attached a partition takes its keys from a sequence that starts where its range does;
/// afterwards from the parent's, which then stands past the last key. The first range is open
/// below and the last one above, so that the whole takes any key that an ordinary table does.
///
/// ATTACH would read every row to see whether its key is in the range. It need not where a CHECK
/// says so, and a CHECK that is there from the start is tested row by row while the jobs copy side
/// by side, where ATTACH would read one partition after the other. It is dropped once the
/// range holds by itself. The indexes are not built again either: the parent's are made while it has
/// no rows, and take those of the partitions for theirs.
///
/// Timed: making the tables (prepare), the COPYs with their COMMITs until the last is done, the primary
/// key and CREATE INDEX twice on each side by side until the last is done (indexes), and the
/// parent's indexes, ATTACH, the sequence and COMMIT (attach). Durable; a crash leaves the partitions
/// unattached, or the rows of some of them.
pub(crate) struct CopyPartitioned {
    info: Info,
}

/// See [`CopyPartitioned`].
pub(crate) fn copy_partitioned() -> CopyPartitioned {
    CopyPartitioned {
        info: Info {
            source: "PostgreSQL manual, Table Partitioning".into(),
            layout: Layout::Partitioned,
            ..common().named(
                "copy-partitioned",
                "COPY csv into several partitions at once, their indexes at once, ATTACH",
            )
        },
    }
}

impl Method for CopyPartitioned {
    fn info(&self) -> &Info {
        &self.info
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let file = load.dataset.file(Encoding::Csv);
        let chunks = load.dataset.chunks(Encoding::Csv, load.rows, load.integer("jobs")? as usize)?;
        let partitions = partitions(load.table, &chunks);
        let streams = chunks.iter().map(|_| CopyStream::connect(load.connector));
        let streams = streams.collect::<Result<Vec<_>>>()?;
        let mut session = load.connector.connect()?;
        let interrupt = load.connector.interrupt();

        clock.time(Phase::Prepare, || {
            partitions.iter().try_for_each(|partition| {
                interrupt.check()?;
                session.run(&partition.create())
            })
        })?;
        let jobs = || streams.iter().zip(&partitions).zip(&chunks).collect();
        clock.time(Phase::Load, || {
            side_by_side(jobs(), |((stream, partition), chunk)| {
                let sql = copy_from_stdin(&partition.table, Encoding::Csv);
                stream.copy(&sql, &file, Encoding::Csv, *chunk)
            })
        })?;
        clock.time(Phase::Indexes, || {
            side_by_side(jobs(), |((stream, partition), _)| {
                partition.index().iter().try_for_each(|sql| stream.run(sql))
            })
        })?;
        clock.time(Phase::Attach, || {
            attach(load.table, &partitions, load.rows).iter().try_for_each(|statement| {
                interrupt.check()?;
                session.run(statement)
            })
        })
    }
}

/// A partition, by the keys it takes.
struct Partition {
    /// The partition as a table of its own.
    table: Table,
    /// The key that its rows begin with.
    first: u64,
    /// The least key, unless it is open below.
    from: Option<u64>,
    /// The key past the last, unless it is open above.
    to: Option<u64>,
}

/// A partition for each chunk, with the keys that its rows have in an ordinary table.
fn partitions(parent: &Table, chunks: &[Chunk]) -> Vec<Partition> {
    let mut first = 1;
    let numbered = (1..).zip(chunks).map(|(number, chunk)| {
        let next = first + chunk.rows;
        let partition = Partition {
            table: Table {
                name: format!("{}_{number}", parent.name),
                layout: Layout::Plain,
                ..parent.clone()
            },
            first,
            from: (number > 1).then_some(first),
            to: (number < chunks.len()).then_some(next),
        };
        first = next;
        partition
    });
    numbered.collect()
}

impl Partition {
    fn sequence(&self) -> String {
        self.table.beside(&format!("{}_keys", self.table.name))
    }

    fn constraint(&self) -> String {
        quote(&format!("{}_range", self.table.name))
    }

    /// The range of keys, as a condition; `None` where a key may be any.
    fn range(&self) -> Option<String> {
        let key = self.table.key_name();
        match (self.from, self.to) {
            (None, None) => None,
            (Some(from), None) => Some(format!("{key} >= {from}")),
            (None, Some(to)) => Some(format!("{key} < {to}")),
            (Some(from), Some(to)) => Some(format!("{key} >= {from} AND {key} < {to}")),
        }
    }

    /// CREATE TABLE with a sequence of its own, without key and indexes.
    fn create(&self) -> String {
        let table = &self.table;
        let (name, key, sequence) = (table.sql_name(), table.key_name(), self.sequence());
        let columns: String =
            table.columns.iter().map(|c| format!(", {} NOT NULL", table.column_sql(c))).collect();
        let check = self.range().map(|range| format!(", CONSTRAINT {} CHECK ({range})", self.constraint()));
        format!(
            "CREATE SEQUENCE {sequence} AS integer START WITH {}; \
             CREATE TABLE {name} ({key} integer NOT NULL DEFAULT nextval({}){columns}{}) {}; \
             ALTER SEQUENCE {sequence} OWNED BY {name}.{key}",
            self.first,
            literal(&sequence),
            check.unwrap_or_default(),
            table.autovacuum_off(),
        )
    }

    /// The primary key and the indexes, as the parent has them.
    fn index(&self) -> Vec<String> {
        let table = &self.table;
        let key = format!("ALTER TABLE {} ADD PRIMARY KEY ({})", table.sql_name(), table.key_name());
        std::iter::once(key).chain(table.create_indexes()).collect()
    }

    /// ATTACH PARTITION, and then away with what it needed for itself.
    fn attach(&self, parent: &Table) -> Vec<String> {
        let name = self.table.sql_name();
        let bound = |key: Option<u64>, open: &str| key.map_or(open.to_string(), |key| key.to_string());
        let mut statements = vec![format!(
            "ALTER TABLE {} ATTACH PARTITION {name} FOR VALUES FROM ({}) TO ({})",
            parent.sql_name(),
            bound(self.from, "MINVALUE"),
            bound(self.to, "MAXVALUE")
        )];
        if self.range().is_some() {
            statements.push(format!("ALTER TABLE {name} DROP CONSTRAINT {}", self.constraint()));
        }
        statements.push(format!(
            "ALTER TABLE {name} ALTER COLUMN {} SET DEFAULT nextval({})",
            self.table.key_name(),
            literal(&parent.sequence())
        ));
        statements.push(format!("DROP SEQUENCE {}", self.sequence()));
        statements
    }
}

/// The statements that make one table of all, in one transaction.
fn attach(parent: &Table, partitions: &[Partition], rows: u64) -> Vec<String> {
    let mut statements = vec!["BEGIN".to_string()];
    statements.extend(parent.create_indexes());
    statements.extend(partitions.iter().flat_map(|partition| partition.attach(parent)));
    statements.push(format!("SELECT setval({}, {rows})", literal(&parent.sequence())));
    statements.push("COMMIT".to_string());
    statements
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::columns::votes;

    fn of(rows: &[u64]) -> Vec<Partition> {
        let chunks: Vec<Chunk> = rows.iter().map(|rows| Chunk { offset: 0, bytes: 0, rows: *rows }).collect();
        partitions(&Table::votes(&votes()), &chunks)
    }

    #[test]
    fn ranges_follow_each_other_and_are_open_at_both_ends() {
        let ranges: Vec<_> = of(&[3, 4, 2]).iter().map(|p| (p.first, p.from, p.to)).collect();
        assert_eq!(ranges, [(1, None, Some(4)), (4, Some(4), Some(8)), (8, Some(8), None)]);
        assert_eq!(of(&[5])[0].range(), None);
    }

    #[test]
    fn a_partition_has_its_own_sequence_and_the_check_of_its_range() {
        let partition = &of(&[3, 4, 2])[1];
        assert_eq!(
            partition.create(),
            "CREATE SEQUENCE \"votes_2_keys\" AS integer START WITH 4; \
             CREATE TABLE \"votes_2\" (\"vote_id\" integer NOT NULL DEFAULT nextval('\"votes_2_keys\"'), \
             \"username\" text NOT NULL, \"link\" text NOT NULL, \"score\" integer NOT NULL, \
             CONSTRAINT \"votes_2_range\" CHECK (\"vote_id\" >= 4 AND \"vote_id\" < 8)) \
             WITH (autovacuum_enabled = false); \
             ALTER SEQUENCE \"votes_2_keys\" OWNED BY \"votes_2\".\"vote_id\""
        );
        assert_eq!(
            partition.attach(&Table::votes(&votes()))[0],
            "ALTER TABLE \"votes\" ATTACH PARTITION \"votes_2\" FOR VALUES FROM (4) TO (8)"
        );
    }
}
