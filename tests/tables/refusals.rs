//! DDLs that are refused, and what is said of them.

use crate::Bench;

/// DDLs that are no use, and parts of what is said of each.
const WRONG: &[(&str, Option<&str>, &[&str])] = &[
    (
        "CREATE TABLE t (a int);\n\nCREAT TABLE u (a int)",
        None,
        &["--ddl table.sql, line 3", "42601", "\"CREAT\"", "the statement: CREAT TABLE u (a int)"],
    ),
    (
        "CREATE TABLE t (\n  a int,\n  b nothing\n)",
        None,
        &["line 3", "42704", "\"nothing\" does not exist", "name the schema"],
    ),
    ("CREATE TABLE t ('żółw' text)", None, &["line 1", "42601"]),
    ("CREATE TABLE t (a int);\nCREATE TABLE t (a int)", None, &["line 2", "42P07", "already exists"]),
    (
        "CREATE TABLE t (a int); CREATE INDEX CONCURRENTLY ON t (a)",
        None,
        &["25001", "leave CONCURRENTLY out"],
    ),
    ("-- nothing", None, &["makes no table"]),
    ("CREATE VIEW v AS SELECT 1", None, &["makes no table"]),
    (
        "CREATE TABLE \"A\" (a int); CREATE TABLE b (a int)",
        None,
        &["makes 2 tables", "--table", "\"A\", \"b\""],
    ),
    (
        "CREATE TABLE votes (a int); CREATE TABLE b (a int)",
        Some("vote"),
        &["--table vote", "did you mean `votes`?"],
    ),
    ("CREATE VIEW v AS SELECT 1 AS a", Some("v"), &["makes no such table", "it makes none"]),
    ("CREATE TABLE t (a int); INSERT INTO t VALUES (1)", None, &["holds rows already"]),
    (
        "CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t",
        None,
        &["cannot be dropped between samples", "view v depends"],
    ),
    (
        "CREATE TABLE t (a int PRIMARY KEY); CREATE TABLE u (a int REFERENCES t)",
        Some("t"),
        &["cannot be dropped", "u_a_fkey"],
    ),
    (
        "CREATE TABLE t (a int); CREATE TABLE u () INHERITS (t)",
        Some("t"),
        &["cannot be dropped", "table u depends"],
    ),
    (
        "CREATE SCHEMA other; CREATE TABLE t (a int)",
        None,
        &["not in the run's own schema", "schema other", "leave the schema out"],
    ),
    ("CREATE TABLE elsewhere.t (a int)", None, &["not in the run's own schema", "table elsewhere.t"]),
    (
        "CREATE TABLE t (a int); CREATE FUNCTION elsewhere.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        None,
        &["function elsewhere.f()"],
    ),
    (
        "CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE elsewhere.p PARTITION OF t DEFAULT",
        None,
        &["table elsewhere.p"],
    ),
    (
        "\nSET search_path = public; CREATE TABLE t (a int)",
        None,
        &["line 2", "`search_path`", "out of the run's own schema"],
    ),
    ("CREATE TABLE t (a int); SET ROLE pg_monitor", None, &["line 1", "`SET ROLE`"]),
    ("CREATE TABLE t (a int); ROLLBACK", None, &["line 1", "ROLLBACK"]),
];

#[test]
fn a_ddl_that_is_no_use_is_refused_with_the_next_step() {
    let mut bench = Bench::new();
    bench.run(&["CREATE SCHEMA elsewhere".into()]);
    let long = format!("CREATE TABLE t ({} int, b nothing)", "a".repeat(300));
    let long = (long.as_str(), None, &["line 1", " ..."][..]);
    for (text, table, parts) in WRONG.iter().copied().chain([long]) {
        let error = bench.error(text, table);
        for part in parts {
            assert!(error.contains(part), "{text}: no {part:?} in: {error}");
        }
        assert!(error.len() < 700, "{error}");
        assert_eq!(
            bench.number("SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace"),
            0,
            "{text}"
        );
        assert_eq!(bench.number("SELECT count(*) FROM pg_namespace WHERE nspname = 'other'"), 0);
        assert_eq!(
            bench.number("SELECT count(*) FROM pg_class WHERE relnamespace = 'elsewhere'::regnamespace"),
            0
        );
    }
    bench.stop();
}
