//! The tables that methods start from, on a real server.

mod common;

use std::path::Path;

use bulkbench::dataset::Dataset;
use bulkbench::interrupt::Interrupt;
use bulkbench::method::{Family, HELD, Info, PRESENT, Start};
use bulkbench::model::{ParamValue, Params, Persistence};
use bulkbench::runner::reset::Reset;
use bulkbench::server::{Connector, RunSchema, Server, Session};
use bulkbench::table::verify::{self, Found};
use bulkbench::table::{Layout, Table};

const ROWS: u64 = 1_001;

fn dataset(dir: &Path) -> Dataset {
    Dataset::generated(dir, ROWS, 1, &Interrupt::new()).unwrap()
}

/// One table after the other on the same server, as a run makes them.
struct Bench<'a> {
    dataset: &'a Dataset,
    connector: Connector,
    run_schema: RunSchema,
    session: Session,
}

impl<'a> Bench<'a> {
    fn new(dataset: &'a Dataset, server: &dyn Server) -> Self {
        let connector = server.connector().clone();
        Self {
            dataset,
            run_schema: server.run_schema().clone(),
            session: connector.connect().unwrap(),
            connector,
        }
    }

    fn reset(&mut self, table: &Table, start: Start, params: &[(&str, u64)], rows: u64) {
        let info = Info { start, ..Info::new(Family::Copy, "") };
        let params: Params =
            params.iter().map(|(name, value)| (name.to_string(), ParamValue::Int(*value))).collect();
        let (session, connector) = (&mut self.session, &self.connector);
        let mut reset = Reset {
            session,
            run_schema: &self.run_schema,
            connector,
            dataset: self.dataset,
            table,
            log: None,
        };
        reset.table_for(&info, &params, rows).unwrap();
    }

    fn state(&mut self, table: &Table) -> Found {
        verify::read(&mut *self.session, table).unwrap()
    }

    fn number(&mut self, sql: &str) -> i64 {
        self.session.query_one(sql, &[]).unwrap().get(0)
    }

    /// Key and columns of all rows, by the key.
    fn rows(&mut self) -> Vec<(i32, String, String, i32)> {
        let rows =
            self.session.query("SELECT vote_id, username, link, score FROM votes ORDER BY vote_id", &[]);
        rows.unwrap().iter().map(|r| (r.get(0), r.get(1), r.get(2), r.get(3))).collect()
    }

    /// The first rows of the dataset under their keys, with `score` in place of theirs.
    fn expected(&self, rows: u64, score: impl Fn(i32) -> i32) -> Vec<(i32, String, String, i32)> {
        let mut reader = self.dataset.reader().unwrap();
        (1..=rows as i32)
            .map(|key| {
                let row = reader.next_row().unwrap().unwrap();
                (key, row.field(0).to_owned(), row.field(1).to_owned(), score(row.int(2) as i32))
            })
            .collect()
    }
}

#[test]
fn each_start_is_the_table_it_promises() {
    let dir = common::world_readable_tempdir();
    let dataset = dataset(dir.path());
    let server = common::local(&dataset);
    let mut bench = Bench::new(&dataset, server.as_ref());
    let table = Table::votes(dataset.columns());
    let bare: Vec<String> =
        table.structure().into_iter().filter(|part| !part.starts_with("index ")).collect();

    for (persistence, words) in [(Persistence::Permanent, "permanent"), (Persistence::Unlogged, "unlogged")] {
        bench.reset(&table, Start::Empty(persistence), &[], ROWS);
        let state = bench.state(&table);
        assert_eq!((state.rows, state.persistence.as_deref()), (0, Some(words)));
        assert_eq!(state.structure.as_ref(), Some(&bare), "without the indexes");
    }
    bench.reset(&table, Start::Absent, &[], ROWS);
    assert_eq!(bench.number("SELECT count(to_regclass('votes'))"), 0);
    bench.reset(&table, Start::Indexed, &[], ROWS);
    let state = bench.state(&table);
    assert_eq!((state.rows, state.structure), (0, Some(table.structure())));

    for rows in [1, 7, ROWS] {
        for held in [0, 1, 3] {
            bench.reset(&table, Start::Holding, &[(HELD, held)], rows);
            let state = bench.state(&table);
            let content = dataset.content(rows).unwrap().times(held);
            assert_eq!(state.rows, held * rows);
            assert_eq!(state.content, content, "{rows} rows {held} times");
            assert_eq!(state.structure, Some(table.structure()));
        }
        for stale in [false, true] {
            // No percentage, as methods without that parameter have it, is all of them.
            for (params, present) in [
                (vec![], rows),
                (vec![(PRESENT, 100)], rows),
                (vec![(PRESENT, 50)], rows / 2),
                (vec![(PRESENT, 0)], 0),
            ] {
                bench.reset(&table, Start::Present { stale }, &params, rows);
                // No vote is its complement, so every row is stale.
                let expected = bench.expected(present, |score| if stale { !score } else { score });
                assert_eq!(bench.rows(), expected, "{rows} rows, {params:?}, stale: {stale}");
                let state = bench.state(&table);
                assert_eq!(state.structure, Some(table.structure()));
                assert_eq!(state.persistence.as_deref(), Some("permanent"));
                let next = bench.number("SELECT nextval(pg_get_serial_sequence('votes', 'vote_id'))");
                assert_eq!(next, present as i64 + 1, "the next row's key");
            }
        }
    }
    let others = "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = \
                  current_schema()::regnamespace AND relname <> 'votes'";
    assert_eq!(bench.number(others), 0, "nothing is left of the way there");
    server.stop().unwrap();
}

#[test]
fn parents_are_made_once_unless_the_collation_is_another() {
    let dir = common::world_readable_tempdir();
    let dataset = dataset(dir.path());
    let server = common::local(&dataset);
    let mut bench = Bench::new(&dataset, server.as_ref());
    let plain = Table::votes(dataset.columns());
    let table = Table { layout: Layout::References, ..plain.clone() };
    let empty = Start::Empty(Persistence::Permanent);
    let parents = |bench: &mut Bench<'_>| {
        ["usernames", "links"].map(|name| bench.number(&format!("SELECT '{name}'::regclass::oid::bigint")))
    };

    bench.reset(&table, empty, &[], ROWS);
    let mut structure = table.structure();
    structure.retain(|part| !part.starts_with("index "));
    assert_eq!(bench.state(&table).structure, Some(structure), "with its foreign keys");
    let missing = "SELECT count(*) FROM links l FULL JOIN (SELECT DISTINCT link FROM votes) v USING (link) \
                   WHERE l.link IS NULL OR v.link IS NULL";
    let made = parents(&mut bench);

    // A load of few rows has the parents of all, and a table without keys leaves them alone.
    bench.reset(&table, empty, &[], 7);
    bench.reset(&plain, Start::Present { stale: false }, &[], ROWS);
    assert_eq!(bench.number(missing), 0, "each value is there");
    bench.reset(&table, Start::Indexed, &[], ROWS);
    assert_eq!(parents(&mut bench), made);

    let other = Table { collation: Some("POSIX".into()), ..table.clone() };
    bench.reset(&other, empty, &[], ROWS);
    let collation = "SELECT count(*) FROM pg_attribute WHERE attrelid = 'links'::regclass AND attname = 'link' \
                     AND attcollation = '\"POSIX\"'::regcollation";
    assert_eq!(bench.number(collation), 1);
    let [usernames, links] = parents(&mut bench);
    assert!(usernames != made[0] && links != made[1]);
    server.stop().unwrap();
}
