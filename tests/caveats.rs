//! Dirty data on real servers: outcomes that PostgreSQL's manual states, and a whole run.

mod common;

use std::time::Duration;

use assert_cmd::Command;
use bulkbench::caveat::{self, Bench};
use bulkbench::interrupt::Interrupt;
use bulkbench::record::findings::{CaveatFacts, Finding, Findings, Verdict};
use bulkbench::server::local::installations;
use bulkbench::server::{self, Choice, Options, Server};

use Verdict::{AsMeant, Damaged, GoodRows, Partial, Refused, Unavailable};

fn examine(server: &dyn Server, id: &str) -> CaveatFacts {
    let dir = common::world_readable_tempdir();
    let bench = Bench { server, dir: dir.path(), loaders: &[], timeout: Duration::from_secs(60) };
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
    match &python.unavailable {
        Some(why) => common::skipped(why),
        None => {
            let message = &python.error.as_ref().unwrap().message;
            assert!(message.ends_with("invalid literal for int() with base 10: '1,203,327'"), "{message}");
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
    assert_eq!(findings.command, "bulkbench run mine.toml --server local");
    assert_eq!(findings.caveats.len(), 1);
    let left = std::fs::read_dir(cache.join("datasets")).unwrap().count();
    assert_eq!(left, 0, "files of the run stay in the cache");

    let result = result.to_str().unwrap();
    let told = words(&ran.stdout);
    let again = bulkbench(&["report", result]);
    assert!(
        told.contains("silent damage by copy-text")
            && words(&again.stdout).contains("silent damage by copy-text")
    );
    assert!(words(&bulkbench(&["compare", result, result]).stderr).contains("holds findings and no times"));
    assert!(words(&bulkbench(&["run", "--resume", result]).stderr).contains("holds findings and no times"));
}
