//! Dirty data on real servers: outcomes that PostgreSQL's manual states, and a whole run.

mod common;

use std::time::Duration;

use assert_cmd::Command;
use bulkbench::caveat::{self, Bench};
use bulkbench::interrupt::Interrupt;
use bulkbench::method::Catalogue;
use bulkbench::model::findings::{CaveatFacts, Finding, Findings, Verdict};
use bulkbench::record::Document;
use bulkbench::server::local::installations;
use bulkbench::server::{self, Choice, Options, Server};

use Verdict::{AsMeant, Damaged, GoodRows, NotFed, Partial, Refused, Unavailable};

fn examine(server: &dyn Server, id: &str) -> CaveatFacts {
    let dir = common::world_readable_tempdir();
    let catalogue = &Catalogue::built_in();
    let bench = Bench { catalogue, server, dir: dir.path(), loaders: &[], timeout: Duration::from_secs(60) };
    let facts = bench.examine(&caveat::find(id).unwrap()).unwrap();
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    facts
}

fn way<'f>(facts: &'f CaveatFacts, id: &str) -> &'f Finding {
    facts.findings.iter().find(|finding| finding.way == id).unwrap_or_else(|| panic!("no way {id}"))
}

/// Verdict, SQLSTATE and line of a way.
fn end<'f>(facts: &'f CaveatFacts, id: &str) -> (Verdict, &'f str, Option<u64>) {
    let finding = way(facts, id);
    let error = finding.error.as_ref();
    (finding.verdict, error.and_then(|e| e.sqlstate.as_deref()).unwrap_or(""), error.and_then(|e| e.line))
}

/// A local server of this or a later major version, from the binaries that are here.
fn local_from(major: u32) -> Option<Box<dyn Server>> {
    let usable = installations(None).unwrap().into_iter().filter(|one| one.problem.is_none());
    let bin = usable.filter(|one| one.version_num >= major * 10_000).map(|one| one.bin).next()?;
    let options = Options { pg_bin: Some(bin), id: server::new_id(), ..Options::default() };
    Some(server::open(&Choice::Local, &options, &Interrupt::new()).unwrap())
}

#[test]
fn what_copy_refuses_and_what_it_damages_is_found_out() {
    let server = local_from(14).expect("PostgreSQL's binaries: scripts/setup gets them");
    let server = &*server;

    let extra = examine(server, "extra-columns");
    for id in ["copy-csv", "copy-text", "copy-binary", "copy-csv-server-file"] {
        assert_eq!(end(&extra, id), (Refused, "22P04", Some(1)), "{id}");
    }
    assert_eq!(end(&extra, "staging-all-columns").0, AsMeant);
    assert_eq!(end(&extra, "cut-in-the-client").0, AsMeant);

    let delimiters = examine(server, "embedded-delimiters");
    assert_eq!(end(&delimiters, "copy-csv"), (Refused, "22P04", Some(2)));
    assert_eq!(end(&delimiters, "staging-whole-lines").0, AsMeant);

    let backslashes = examine(server, "backslashes");
    assert_eq!(end(&backslashes, "copy-csv").0, AsMeant);
    assert_eq!(end(&backslashes, "copy-binary").0, AsMeant);
    let damage = way(&backslashes, "copy-text");
    assert_eq!(damage.verdict, Damaged);
    let row = |path: &str| Some(vec![Some("1".to_owned()), Some(path.to_owned())]);
    let difference = damage.difference.as_ref().unwrap();
    assert_eq!((&difference.meant, &difference.found), (&row("C:\\temp"), &row("C:\temp")));
    assert_eq!(end(&backslashes, "tabs-as-csv").0, AsMeant);

    let returns = examine(server, "mixed-line-ends");
    assert_eq!(end(&returns, "copy-text"), (Refused, "22P04", Some(2)));
    assert_eq!(end(&returns, "removed-in-the-client").0, AsMeant);
    let first = examine(server, "mixed-line-ends-crlf-first");
    assert_eq!(end(&first, "psql-copy"), (Refused, "22P04", Some(2)));

    let nulls = examine(server, "quoted-empty");
    assert_eq!(end(&nulls, "copy-csv"), (Refused, "22P02", Some(2)));
    assert_eq!(way(&nulls, "copy-csv").error.as_ref().unwrap().column.as_deref(), Some("amount"));
    assert_eq!(end(&nulls, "copy-force-null").0, AsMeant);

    let thousands = examine(server, "thousands-separators");
    assert_eq!(end(&thousands, "copy-csv"), (Refused, "22P02", Some(1)));
    assert_eq!(end(&thousands, "staging-cast").0, AsMeant);
    let python = way(&thousands, "psycopg3-copy-rows");
    let why = python.unavailable.as_deref().unwrap();
    match python.verdict {
        Unavailable => common::skipped(why),
        verdict => {
            assert_eq!(verdict, NotFed);
            assert!(why.ends_with("invalid literal for int() with base 10: '1,203,327'"), "{why}");
        }
    }

    assert_eq!(end(&examine(server, "loaded-twice"), "copy-csv").0, Damaged);
    let twice = examine(server, "written-twice");
    assert_eq!(end(&twice, "copy-to-server-file").0, Damaged);
    assert_eq!(end(&twice, "psql-copy-to").0, Damaged);
    assert_eq!(end(&twice, "psql-copy-to-program").0, AsMeant);

    let duplicate = examine(server, "duplicate-key");
    assert_eq!(end(&duplicate, "copy-csv"), (Refused, "23505", Some(3)));
    assert_eq!(end(&duplicate, "psql-copy"), (Refused, "23505", Some(3)));
    let merged = way(&duplicate, "staging-on-conflict");
    assert_eq!((merged.verdict, merged.rejected), (AsMeant, Some(1)));

    let undone = examine(server, "all-or-nothing");
    assert_eq!(end(&undone, "copy-csv"), (Refused, "22P02", Some(3)));
    assert_eq!(end(&undone, "insert-row"), (Partial, "22P02", Some(3)));
    assert_eq!(way(&undone, "insert-row").rows_found, Some(2));
    // What a server of an earlier version lacks is a finding with its reason.
    if server.facts().version_num < 170_000 {
        let missing = way(&undone, "copy-on-error-ignore");
        assert_eq!(missing.verdict, Unavailable);
        assert!(missing.unavailable.as_ref().unwrap().starts_with("it needs PostgreSQL 17"));
    }
}

#[test]
fn a_loader_that_puts_bad_rows_aside_is_asked_how_many() {
    let server = local_from(14).expect("PostgreSQL's binaries: scripts/setup gets them");
    let facts = examine(&*server, "bad-rows");
    assert_eq!(end(&facts, "copy-csv"), (Refused, "22P02", Some(2)));
    let pgloader = way(&facts, "pgloader");
    match &pgloader.unavailable {
        Some(why) => common::skipped(why),
        None => assert_eq!((pgloader.verdict, pgloader.rejected), (AsMeant, Some(4))),
    }
}

#[test]
fn newer_servers_skip_rows_of_wrong_types_and_count_them() {
    let Some(server) = local_from(18) else {
        return common::skipped("PostgreSQL 18 is not here; scripts/fetch-postgres 18 gets it");
    };
    let thousands = examine(&*server, "thousands-separators");
    for id in ["copy-on-error-ignore", "copy-reject-limit"] {
        let finding = way(&thousands, id);
        assert_eq!(
            (finding.verdict, finding.rejected, finding.rows_found),
            (GoodRows, Some(2), Some(1)),
            "{id}"
        );
    }
    assert_eq!(way(&thousands, "copy-on-error-ignore").notices.len(), 3, "one for each row, and the sum");
    assert_eq!(end(&thousands, "copy-reject-limit-passed"), (Refused, "22P02", Some(3)));
    // ON_ERROR is for data types alone.
    assert_eq!(end(&examine(&*server, "duplicate-key"), "copy-on-error-ignore"), (Refused, "23505", Some(3)));
    assert_eq!(end(&examine(&*server, "extra-columns"), "copy-on-error-ignore"), (Refused, "22P04", Some(1)));
    // From 18 on a line of \. is data in csv.
    assert_eq!(end(&examine(&*server, "end-of-data"), "copy-csv").0, AsMeant);
}

/// The outcomes of a caveat's rows by some of its ways: verdict, SQLSTATE and line, of any version.
type Ends = (&'static str, &'static [(&'static str, Verdict, &'static str, Option<u64>)]);

const ENDS: &[Ends] = &[
    (
        "stray-quote-odd",
        &[
            ("copy-csv", Refused, "22P04", Some(5)),
            ("insert-multirow", AsMeant, "", None),
            ("copy-without-quotes", AsMeant, "", None),
        ],
    ),
    ("stray-quotes-even", &[("copy-csv", Damaged, "", None), ("copy-without-quotes", AsMeant, "", None)]),
    ("text-behind-quotes", &[("copy-csv", Damaged, "", None), ("copy-without-quotes", AsMeant, "", None)]),
    ("backslash-quotes", &[("copy-csv", Damaged, "", None), ("copy-escape", AsMeant, "", None)]),
    (
        "backslash-quotes-comma",
        &[("copy-csv", Refused, "22P04", Some(2)), ("copy-escape", AsMeant, "", None)],
    ),
    (
        "backslash-digits",
        &[
            ("copy-csv", AsMeant, "", None),
            ("copy-text", Damaged, "", None),
            ("doubled-in-the-client", AsMeant, "", None),
            ("tabs-as-csv", AsMeant, "", None),
        ],
    ),
    (
        "backslash-digits-no-character",
        &[("copy-text", Refused, "22021", Some(2)), ("doubled-in-the-client", AsMeant, "", None)],
    ),
    (
        "bytes-without-prefix",
        &[
            ("copy-csv", Damaged, "", None),
            ("copy-text", Damaged, "", None),
            ("insert-row", Damaged, "", None),
            ("staging-decode", AsMeant, "", None),
        ],
    ),
    (
        "json-escapes",
        &[
            ("copy-csv", AsMeant, "", None),
            ("copy-text", Refused, "22P02", Some(2)),
            ("tabs-as-csv", AsMeant, "", None),
        ],
    ),
    (
        "json-escapes-still-json",
        &[("copy-text", Damaged, "", None), ("doubled-in-the-client", AsMeant, "", None)],
    ),
    (
        "array-backslashes",
        &[
            ("copy-csv", Damaged, "", None),
            ("copy-text", Damaged, "", None),
            ("doubled-in-the-client", AsMeant, "", None),
            ("four-in-the-client", AsMeant, "", None),
            ("doubled-text", Damaged, "", None),
        ],
    ),
    (
        "array-quotes",
        &[
            ("copy-csv", Refused, "22P02", Some(2)),
            ("copy-text", Refused, "22P02", Some(2)),
            ("staging-string-to-array", AsMeant, "", None),
            ("insert-row-going-on", GoodRows, "22P02", Some(2)),
        ],
    ),
    (
        "day-before-month",
        &[
            ("copy-csv", Refused, "22008", Some(2)),
            ("copy-dmy", AsMeant, "", None),
            ("staging-to-date", AsMeant, "", None),
        ],
    ),
    (
        "day-taken-for-month",
        &[
            ("copy-csv", Damaged, "", None),
            ("insert-row", Damaged, "", None),
            ("copy-dmy", AsMeant, "", None),
            ("staging-to-date", AsMeant, "", None),
        ],
    ),
    (
        "byte-order-mark-number",
        &[
            ("copy-csv", Refused, "22P02", Some(1)),
            ("copy-text", Refused, "22P02", Some(1)),
            ("removed-in-the-client", AsMeant, "", None),
        ],
    ),
    (
        "byte-order-mark-text",
        &[
            ("copy-csv", Damaged, "", None),
            ("copy-text", Damaged, "", None),
            ("removed-in-the-client", AsMeant, "", None),
        ],
    ),
    (
        "identity-always",
        &[
            ("copy-csv", Damaged, "", None),
            ("insert-multirow", Refused, "428C9", None),
            ("insert-row", Refused, "428C9", Some(1)),
            ("cut-in-the-client", AsMeant, "", None),
            ("staging-overriding", AsMeant, "", None),
        ],
    ),
    (
        "identity-next",
        &[
            ("copy-csv", Damaged, "", None),
            ("insert-row", Damaged, "", None),
            ("setval-afterwards", AsMeant, "", None),
            ("cut-in-the-client", AsMeant, "", None),
        ],
    ),
    (
        "generated-column",
        &[
            ("copy-csv", Refused, "22P04", Some(1)),
            ("insert-multirow", Refused, "428C9", None),
            ("cut-in-the-client", AsMeant, "", None),
            ("staging-all-columns", AsMeant, "", None),
        ],
    ),
    (
        "text-too-long-for-its-index",
        &[
            ("copy-csv", Refused, "54000", Some(2)),
            ("insert-row", Partial, "54000", Some(2)),
            ("unique-digest", AsMeant, "", None),
            ("exclude-hash", AsMeant, "", None),
            ("insert-row-going-on", GoodRows, "54000", Some(2)),
        ],
    ),
    (
        "text-too-long-for-any-index",
        &[("copy-csv", Refused, "54000", Some(2)), ("exclude-hash", AsMeant, "", None)],
    ),
];

/// Holds the outcomes of the new caveats against those above; gives all that was found.
fn each_ends_as_it_should(server: &dyn Server) -> Vec<CaveatFacts> {
    let found: Vec<CaveatFacts> = ENDS.iter().map(|(id, _)| examine(server, id)).collect();
    for (facts, (id, ends)) in found.iter().zip(ENDS) {
        for (way, verdict, state, line) in *ends {
            assert_eq!(end(facts, way), (*verdict, *state, *line), "{id} by {way}");
        }
        // Whether the source is right about this version, where it says anything.
        for finding in facts.findings.iter().filter(|finding| finding.verdict.is_outcome()) {
            assert!(finding.expected.is_none_or(|e| e == finding.verdict), "{id} by {}", finding.way);
        }
    }
    found
}

/// The first row that became another, and what it became.
fn became(facts: &CaveatFacts, id: &str) -> [String; 2] {
    let difference = way(facts, id).difference.as_ref().unwrap();
    [&difference.meant, &difference.found].map(|row| row.as_ref().unwrap()[1].clone().unwrap())
}

#[test]
fn quotes_escapes_marks_and_made_columns_end_as_they_should() {
    let server = local_from(14).expect("PostgreSQL's binaries: scripts/setup gets them");
    let found = each_ends_as_it_should(&*server);
    let facts = |id: &str| found.iter().find(|facts| facts.id == id).unwrap();
    for (id, way, meant, there) in [
        ("stray-quotes-even", "copy-csv", "nail of 5\"", "nail of 5\n3,three\n4,nail of 7"),
        ("text-behind-quotes", "copy-csv", "\"two\" of a kind", "two of a kind"),
        ("backslash-quotes", "copy-csv", "say \"hello you\" to", "say \\hello you\\ to"),
        ("backslash-digits", "copy-text", "C:\\101", "C:A"),
        ("bytes-without-prefix", "copy-csv", "\\xc0ffee", "\\x633066666565"),
        ("json-escapes-still-json", "copy-text", r#"{"a": "C:\\temp"}"#, r#"{"a": "C:\temp"}"#),
        ("array-backslashes", "copy-csv", r#"{"C:\\temp",c}"#, "{C:temp,c}"),
        ("day-taken-for-month", "copy-csv", "2024-01-02", "2024-02-01"),
    ] {
        assert_eq!(became(facts(id), way), [meant, there], "{id}");
    }
    let marked = way(facts("byte-order-mark-text"), "copy-csv").difference.clone().unwrap();
    assert_eq!(marked.found.unwrap()[0].as_deref(), Some("\u{feff}one"));
    // The load kept quiet, and the INSERT after it finds its key taken.
    let next = way(facts("identity-next"), "copy-csv");
    assert_eq!((next.rows_found, next.next.as_ref().unwrap().sqlstate.as_deref()), (Some(3), Some("23505")));
    assert_eq!(way(facts("identity-next"), "setval-afterwards").next, None);

    // What Python makes no value of is not the library's refusal; what it does arrives.
    for (id, verdict) in [
        ("stray-quote-odd", AsMeant),
        ("bytes-without-prefix", NotFed),
        ("json-escapes", AsMeant),
        ("array-quotes", NotFed),
        ("day-before-month", NotFed),
        ("text-too-long-for-its-index", Refused),
    ] {
        for python in ["psycopg3-copy-rows", "asyncpg-copy-records", "adbc-ingest"] {
            let finding = way(facts(id), python);
            match (finding.verdict, &finding.unavailable) {
                (Unavailable, Some(why)) => common::skipped(why),
                (found, why) => assert_eq!(found, verdict, "{id} by {python}: {why:?}"),
            }
        }
    }
}

#[test]
fn newer_servers_treat_them_the_same_way() {
    let Some(server) = local_from(18) else {
        return common::skipped("PostgreSQL 18 is not here; scripts/fetch-postgres 18 gets it");
    };
    let found = each_ends_as_it_should(&*server);
    // What ON_ERROR passes over, and what it does not.
    for (id, ended) in [
        ("stray-quote-odd", (Refused, "22P04", Some(5))),
        ("array-quotes", (GoodRows, "", None)),
        ("day-before-month", (GoodRows, "", None)),
        ("byte-order-mark-number", (GoodRows, "", None)),
        ("text-too-long-for-its-index", (Refused, "54000", Some(2))),
    ] {
        let facts = found.iter().find(|facts| facts.id == id).unwrap();
        assert_eq!(end(facts, "copy-on-error-ignore"), ended, "{id}");
    }
}

#[test]
fn a_run_records_findings_and_leaves_nothing_else() {
    let dir = common::world_readable_tempdir();
    let file = dir.path().join("mine.toml");
    let text = "id = 'mine'\ntitle = 'Mine'\nquestion = 'q'\ncaveats = ['backslashes']\n";
    std::fs::write(&file, text).unwrap();
    let cache = dir.path().join("cache");
    std::fs::create_dir(&cache).unwrap();
    let bulkbench = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bulkbench"));
        command.env("BULKBENCH_CACHE", &cache).env("NO_COLOR", "1").current_dir(dir.path()).args(args);
        command.output().unwrap()
    };
    let words = |output: &[u8]| String::from_utf8_lossy(output).into_owned();

    let refused = bulkbench(&["run", "mine.toml", "--rows", "5"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(words(&refused.stderr).contains("--rows is for experiments that take times"));
    std::fs::write(dir.path().join("typo.toml"), text.replace("backslashes", "backslash")).unwrap();
    let refused = bulkbench(&["run", "typo.toml"]);
    assert!(words(&refused.stderr).contains("did you mean `backslashes`?"), "{}", words(&refused.stderr));

    let ran = bulkbench(&["run", "mine.toml", "--server", "local", "--out", "out"]);
    assert!(ran.status.success(), "{}", words(&ran.stderr));
    let result = std::fs::read_dir(dir.path().join("out")).unwrap().next().unwrap().unwrap().path();
    assert!(result.to_str().unwrap().ends_with("-mine"), "{result:?}");
    let findings = Findings::load(&result).unwrap();
    let repeat = "bulkbench run '{file of the experiment mine}' --server local";
    assert!(findings.provenance.command.starts_with(repeat), "{}", findings.provenance.command);
    assert_eq!(findings.caveats.len(), 1);
    let left = std::fs::read_dir(cache.join("datasets")).unwrap().count();
    assert_eq!(left, 0, "files of the run stay in the cache");

    let result = result.to_str().unwrap();
    let printed = words(&ran.stdout);
    let again = bulkbench(&["report", result]);
    assert!(
        printed.contains("silent damage by copy-text")
            && words(&again.stdout).contains("silent damage by copy-text")
    );
    assert!(words(&bulkbench(&["compare", result, result]).stderr).contains("holds findings and no times"));
    assert!(words(&bulkbench(&["run", "--resume", result]).stderr).contains("holds findings and no times"));
}
