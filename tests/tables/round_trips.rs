//! What is read of a table, and that it is made again alike.

use bulkbench::dataset::Column;
use bulkbench::model::Persistence;
use bulkbench::table::definition::{Definition, TypeClass, Value};
use bulkbench::table::{Extent, Maker};
use bulkbench::value::SqlType;

use crate::Bench;
use crate::ddls::{DDLS, NEWER};

/// The ways that a table is made again by.
fn again(definition: &Definition, schema: Option<&str>, way: usize) -> Vec<String> {
    let maker = Maker::new(definition, schema);
    let mut statements = vec![maker.drop()];
    let mut add = |more: Vec<String>| statements.extend(more);
    match way {
        0 => {
            add(maker.create(Extent::Guarded, Persistence::Permanent));
            add(maker.create_indexes());
            add(maker.add_references(false));
        }
        1 => {
            add(maker.create(Extent::Bare, Persistence::Permanent));
            add(maker.create_indexes());
            add(maker.key_indexes());
            add(maker.add_keys());
            add(maker.add_references(false));
            add(maker.drop_indexes());
            add(maker.create_indexes());
        }
        2 => {
            add(maker.create(Extent::Bare, Persistence::Permanent));
            add(maker.add_whole_keys());
            add(maker.add_references(false));
            add(maker.drop_references());
            add(maker.create_indexes());
            if definition.partitioning.is_none() {
                add(maker.add_references(true));
                add(maker.validate_references());
            } else {
                add(maker.add_references(false));
            }
        }
        _ => {
            add(maker.create(Extent::Guarded, Persistence::Unlogged));
            add(maker.create_indexes());
            add(maker.add_references(false));
            add(maker.set_logged());
        }
    }
    statements
}

#[test]
fn tables_are_made_again_alike() {
    let mut bench = Bench::new();
    let schema = bench.server.run_schema().name.clone();
    let version = bench.version();
    let newer = NEWER.iter().filter(|(from, _)| *from <= version).map(|(_, text)| (*text, Some("t")));
    for (text, table) in DDLS.iter().copied().chain(newer) {
        let definition = bench.definition(text, table);
        let structure = definition.structure();
        for way in 0..4 {
            let schema = (way % 2 == 0).then_some(schema.as_str());
            bench.run(&again(&definition, schema, way));
            assert_eq!(bench.read(&definition.name).structure(), structure, "way {way} of {text}");
        }
        let permanent = "SELECT count(*) FROM pg_class WHERE relpersistence <> 'p' AND relkind IN ('r', 'i') AND \
                         relnamespace = current_schema()::regnamespace";
        assert_eq!(bench.number(permanent), 0, "{text}");
        assert!(!structure.iter().any(|line| line.contains(&schema)), "{structure:?}");
    }
    bench.stop();
}

#[test]
fn a_definition_says_what_the_catalogue_has() {
    let mut bench = Bench::new();
    let (text, table) = DDLS.iter().find(|(text, _)| text.contains("t_2025_rest")).unwrap();
    let structure = bench.definition(text, *table).structure();
    for line in [
        "column at date not null",
        "partitioned by RANGE (at)",
        "partition t_2024 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
        "partition t_2024: CREATE INDEX own ON t_2024 USING btree (a)",
        "partition t_2024: constraint only_here UNIQUE (id)",
        "partition t_2025: partition t_2025_rest DEFAULT",
        "partition t_2025: partition t_2025_x: stored with fillfactor='50'",
        "CREATE INDEX t_id_idx ON t USING btree (id)",
    ] {
        assert!(structure.contains(&line.to_owned()), "{line}: {structure:#?}");
    }
    let definition = bench.definition(
        "CREATE TYPE mood AS ENUM ('sad'); CREATE DOMAIN moods AS mood[]; CREATE TYPE pair AS (x int, y mood); \
         CREATE DOMAIN cents AS numeric(12,2) CHECK (VALUE > 0); CREATE DOMAIN price AS cents; \
         CREATE TABLE t (m mood, l moods, c pair, r int4range, v varchar(10) COLLATE \"C\" NOT NULL DEFAULT 'x', p price)",
        None,
    );
    let classes: Vec<_> = definition.columns.iter().map(|column| (column.class, column.is_domain)).collect();
    assert_eq!(
        classes,
        [
            (TypeClass::Enum, false),
            (TypeClass::Array, true),
            (TypeClass::Composite, false),
            (TypeClass::Range, false),
            (TypeClass::Base, false),
            (TypeClass::Base, true)
        ]
    );
    let below: Vec<&str> = definition.columns.iter().map(|column| column.base_type.as_str()).collect();
    assert_eq!(below, ["mood", "mood[]", "pair", "int4range", "character varying(10)", "numeric(12,2)"]);
    assert_eq!(
        (&definition.columns[0].labels[..], definition.columns[1].labels.len()),
        (&["sad".to_owned()][..], 0)
    );
    let column = definition.column("v").unwrap();
    assert_eq!((column.type_name.as_str(), column.type_oid), ("character varying(10)", 1043));
    assert_eq!(column.value, Value::Default("'x'::character varying".into()));
    assert_eq!(column.collation.as_deref(), Some("\"C\""));
    bench.stop();
}

/// The statements that make votes are those that a user would write.
#[test]
fn a_plain_table_is_made_by_plain_statements() {
    let mut bench = Bench::new();
    let definition = bench.definition(
        "CREATE TABLE votes (vote_id serial PRIMARY KEY, username text NOT NULL, score int NOT NULL); \
         CREATE INDEX ON votes (username)",
        None,
    );
    let maker = Maker::new(&definition, None);
    assert_eq!(
        maker.create(Extent::Guarded, Persistence::Unlogged),
        [
            "CREATE UNLOGGED TABLE \"votes\" (\"vote_id\" serial, \"username\" text NOT NULL, \"score\" integer NOT NULL, \
          CONSTRAINT \"votes_pkey\" PRIMARY KEY (vote_id)) WITH (autovacuum_enabled = false)"
        ]
    );
    assert_eq!(maker.create_indexes(), ["CREATE INDEX votes_username_idx ON votes USING btree (username)"]);
    assert_eq!(maker.key_indexes(), ["CREATE UNIQUE INDEX votes_pkey ON votes USING btree (vote_id)"]);
    assert_eq!(
        maker.add_keys(),
        ["ALTER TABLE \"votes\" ADD CONSTRAINT \"votes_pkey\" PRIMARY KEY USING INDEX \"votes_pkey\""]
    );
    bench.stop();
}

/// A table with a type, a function, a sequence and a parent of its own.
const STAYING: &str = "CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE parent (id int PRIMARY KEY); INSERT INTO parent VALUES (1); \
             CREATE FUNCTION f() RETURNS mood LANGUAGE sql AS $$ SELECT 'sad'::mood $$; CREATE SEQUENCE mine; \
             CREATE TABLE t (id int DEFAULT nextval('mine'), m mood DEFAULT f(), p int REFERENCES parent, s serial); \
             COMMENT ON COLUMN t.m IS 'how it is'; GRANT SELECT ON t TO public";

#[test]
fn what_a_ddl_makes_besides_stays() {
    let mut bench = Bench::new();
    let laid = bench.lay(STAYING, Some("T")).unwrap();
    assert_eq!(laid.stays.tables, ["mine", "parent"]);
    assert_eq!(laid.stays.objects.len(), 4, "{:?}", laid.stays);
    assert_eq!(laid.lost, ["comments", "grants"]);
    assert!(
        laid.notes(&[])[0].contains("The table t is made anew")
            && laid.notes(&[])[0].ends_with("comments, grants")
    );
    let (text, table) = DDLS.iter().find(|(text, _)| text.contains("set b")).unwrap();
    let notes = bench.lay(text, *table).unwrap().notes(&[]);
    assert_eq!(notes.len(), 1);
    assert!(notes[0].ends_with("in all methods: held, seen, set b"), "{notes:?}");
    let laid = bench.lay(STAYING, Some("t")).unwrap();
    let number = [Column::new("s", SqlType::int4())];
    let notes = laid.notes(&number);
    assert!(notes.len() == 2 && notes[1].contains("no load moves its sequence t_s_seq"), "{notes:?}");
    // A sequence that stays begins again with each table.
    bench.run(&again(&laid.definition, None, 0));
    bench.run(&["INSERT INTO t (p) VALUES (1), (1)".into()]);
    bench.run(&again(&laid.definition, None, 0));
    assert_eq!(bench.number("SELECT nextval('mine')"), 1);
    bench.stop();
}

#[test]
fn a_table_may_have_as_many_columns_as_postgresql_allows() {
    let mut bench = Bench::new();
    let columns: Vec<String> = (1..=1600).map(|i| format!("\"c {i}\" int NOT NULL DEFAULT {i}")).collect();
    let definition = bench.definition(&format!("CREATE TABLE t ({})", columns.join(", ")), None);
    assert_eq!(definition.columns.len(), 1600);
    bench.run(&again(&definition, None, 0));
    assert_eq!(bench.read("t"), definition);
    bench.stop();
}
