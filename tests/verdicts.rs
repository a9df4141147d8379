//! Verdicts on dirty data that hold anywhere: whatever the role, the database and the server have set,
//! whatever language they speak, whatever bytes are stored, and wherever a run ends.

mod common;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use bulkbench::caveat::{self, Bench, Beside, Caveat};
use bulkbench::interrupt::Interrupt;
use bulkbench::method::Catalogue;
use bulkbench::method::external::Loader;
use bulkbench::model::findings::{CaveatFacts, Finding, Findings, Verdict};
use bulkbench::record::Document;
use bulkbench::server::local::installations;
use bulkbench::server::{self, Choice, Options, Server};

use Verdict::{AsMeant, Damaged, NotTried, Refused};
use rustix::process::{Pid, Signal, kill_process};

/// The files that the caveats here load.
const CAVEATS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/datasets/caveats");

const HEAD: &str = "title = 't'\nsays = 's'\nsource = 's'\n";

fn local() -> Box<dyn Server> {
    local_from(None)
}

fn local_from(pg_bin: Option<PathBuf>) -> Box<dyn Server> {
    let options = Options { id: server::new_id(), pg_bin, ..Options::default() };
    server::open(&Choice::Local, &options, &Interrupt::new()).expect("PostgreSQL's binaries: scripts/setup")
}

fn run_sql(server: &dyn Server, sql: &str) {
    server.connector().connect().unwrap().batch_execute(sql).unwrap();
}

/// The same server as one of a user's, as this role and in this database.
fn as_role(own: &dyn Server, role: &str, database: &str) -> Box<dyn Server> {
    let url = common::url(own);
    let (_, behind) = url.split_once('@').unwrap();
    let (_, place) = behind.split_once('?').unwrap();
    let options = Options { id: server::new_id(), ..Options::default() };
    let url = Choice::External(format!("postgres://{role}@/{database}?{place}"));
    server::open(&url, &options, &Interrupt::new()).unwrap()
}

fn examine(server: &dyn Server, caveat: &Caveat) -> CaveatFacts {
    examine_by(&Catalogue::built_in(), server, caveat, &[])
}

/// Also by these loaders of the catalogue.
fn examine_by(
    catalogue: &Catalogue,
    server: &dyn Server,
    caveat: &Caveat,
    loaders: &[String],
) -> CaveatFacts {
    let dir = common::world_readable_tempdir();
    let bench = Bench { catalogue, server, dir: dir.path(), loaders, timeout: Duration::from_secs(60) };
    bench.examine(caveat).unwrap()
}

fn way<'f>(facts: &'f CaveatFacts, id: &str) -> &'f Finding {
    facts.findings.iter().find(|finding| finding.way == id).unwrap_or_else(|| panic!("no way {id}"))
}

/// Verdict, SQLSTATE, line and column of a way.
fn end<'f>(facts: &'f CaveatFacts, id: &str) -> (Verdict, &'f str, Option<u64>, &'f str) {
    let finding = way(facts, id);
    let error = finding.error.as_ref();
    (
        finding.verdict,
        error.and_then(|e| e.sqlstate.as_deref()).unwrap_or(""),
        error.and_then(|e| e.line),
        error.and_then(|e| e.column.as_deref()).unwrap_or(""),
    )
}

/// A caveat of ways that are statements, each with its id and its SQL.
fn statements(columns: &str, good: &str, ways: &[(&str, Vec<&str>)]) -> Caveat {
    let mut text = format!("id = 'own'\n{HEAD}columns = [{columns}]\ngood = '''\n{good}\n'''\n");
    for (id, sql) in ways {
        text.push_str(&format!("[[way]]\nid = '{id}'\nload.sql = {sql:?}\n"));
    }
    Caveat::parse(&text, "a test", Beside::Directory(Path::new(CAVEATS))).unwrap()
}

/// Loads a word for a JSON value in the second line of a csv.
fn json() -> Caveat {
    let text = format!(
        "id = 'json'\n{HEAD}csv = 'null-markers-number.csv'\ngood = '''\n[1, 10]\n[3, 30]\n'''\n\
         columns = [{{ name = 'id', type = 'integer' }}, {{ name = 'amount', type = 'json' }}]\n"
    );
    Caveat::parse(&text, "a test", Beside::Directory(Path::new(CAVEATS))).unwrap()
}

#[test]
fn output_settings_of_the_role_change_no_verdict() {
    let own = local();
    let kinds =
        ["date", "timestamptz", "bytea", "double precision", "interval", "money", "text", "integer[]"];
    let columns: Vec<String> =
        kinds.iter().enumerate().map(|(n, kind)| format!("{{ name = 'c{n}', type = '{kind}' }}")).collect();
    let row = r#"["2024-02-01", "2024-02-01 12:00:00+00", "\\x00ff", 0.30000000000000004, "1 day 02:03:04", "$1,234.50", "C:\\temp", "{1,NULL}"]"#;
    // As anybody writes it, with a date that day-month order reads otherwise, and a backslash.
    let sql = r"INSERT INTO {table} VALUES ('02/01/2024', '2024-02-01 12:00:00', '\x00ff', 0.30000000000000004, '1 day 02:03:04', '$1,234.50', 'C:\temp', '{1,NULL}')";
    let typed = statements(&columns.join(", "), row, &[("insert", vec![sql])]);
    let bad = caveat::find("thousands-separators").unwrap();

    let plain = examine(&*own, &typed);
    assert_eq!(way(&plain, "insert").verdict, AsMeant, "{:?}", way(&plain, "insert"));
    let settings = [
        "datestyle = 'German, DMY'",
        "timezone = 'Asia/Kolkata'",
        "bytea_output = 'escape'",
        "extra_float_digits = -5",
        "intervalstyle = 'iso_8601'",
        "quote_all_identifiers = on",
        "standard_conforming_strings = off",
        "array_nulls = off",
        "client_min_messages = error",
        "lc_monetary = 'C.UTF-8'",
    ];
    for setting in settings {
        run_sql(&*own, &format!("ALTER ROLE CURRENT_USER SET {setting}"));
        run_sql(&*own, &format!("ALTER DATABASE postgres SET {setting}"));
    }
    let role: String = own.connector().connect().unwrap().query_one("SHOW datestyle", &[]).unwrap().get(0);
    assert_eq!(role, "German, DMY", "the settings are in force");
    let set = examine(&*own, &typed);
    assert_eq!(set, plain);
    assert_eq!(end(&examine(&*own, &bad), "copy-csv"), (Refused, "22P02", Some(1), "amount"));
    own.stop().unwrap();
}

/// On a server that speaks German. The language is that of the server's environment, so that the test
/// runs itself again in one of its own.
#[test]
fn messages_in_another_language_change_no_verdict() {
    if std::env::var_os("LANGUAGE").is_none_or(|language| language != "de") {
        let own = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "messages_in_another_language_change_no_verdict", "--nocapture"])
            .env("LANGUAGE", "de")
            .status();
        assert!(own.unwrap().success());
        return;
    }
    // Not every build has the catalogues of messages.
    let mut builds = installations(None).unwrap().into_iter().filter(|one| one.problem.is_none());
    let german = builds.find_map(|build| {
        let own = local_from(Some(build.bin));
        // C itself is never translated.
        run_sql(&*own, "ALTER DATABASE postgres SET lc_messages = 'C.UTF-8'");
        let mut session = own.connector().connect().unwrap();
        let said = session.batch_execute("SELECT 'x'::integer").unwrap_err();
        drop(session);
        said.as_db_error().unwrap().message().starts_with("ungültige Eingabesyntax").then_some(own)
    });
    let Some(own) = german else { return common::skipped("no PostgreSQL here has its German messages") };
    run_sql(&*own, "CREATE ROLE plain LOGIN; GRANT CREATE ON DATABASE postgres TO plain");
    let thousands = caveat::find("thousands-separators").unwrap();
    let duplicate = caveat::find("duplicate-key").unwrap();
    let not_null = caveat::find("not-null").unwrap();

    // A role that may not ask for another language.
    let german = as_role(&*own, "plain", "postgres");
    let facts = examine(&*german, &thousands);
    let message = &way(&facts, "copy-csv").error.as_ref().unwrap().message;
    assert_eq!(message, "ungültige Eingabesyntax für Typ integer: »1,203,327«");
    let ways = if common::psql() { &["copy-csv", "psql-copy"][..] } else { &["copy-csv"] };
    let (twice, in_json) = (examine(&*german, &duplicate), examine(&*german, &json()));
    for id in ways {
        assert_eq!(end(&facts, id), (Refused, "22P02", Some(1), "amount"), "{id}");
        assert_eq!(end(&twice, id), (Refused, "23505", Some(3), ""), "{id}");
        // The first context is that of JSON: "JSON-Daten, Zeile 1".
        assert_eq!(end(&in_json, id), (Refused, "22P02", Some(2), "amount"), "{id}");
    }
    assert_eq!(end(&examine(&*german, &not_null), "copy-csv"), (Refused, "23502", Some(2), "word"));
    german.stop().unwrap();

    // One that may.
    let english = as_role(&*own, "postgres", "postgres");
    let facts = examine(&*english, &thousands);
    for id in ways {
        let said = way(&facts, id).error.as_ref().unwrap();
        assert_eq!(said.message, "invalid input syntax for type integer: \"1,203,327\"", "{id}");
        assert_eq!(end(&facts, id), (Refused, "22P02", Some(1), "amount"), "{id}");
    }
    english.stop().unwrap();
    own.stop().unwrap();
}

#[test]
fn the_line_of_a_json_value_is_that_of_the_file() {
    let own = local();
    let facts = examine(&*own, &json());
    assert_eq!(end(&facts, "copy-csv"), (Refused, "22P02", Some(2), "amount"));
    if common::psql() {
        assert_eq!(end(&facts, "psql-copy"), (Refused, "22P02", Some(2), "amount"));
    }
    own.stop().unwrap();
}

/// They keep it beside the text that Python prints.
#[test]
fn libraries_pass_the_sqlstate_on() {
    let own = local();
    let facts = examine(&*own, &caveat::find("duplicate-key").unwrap());
    for id in ["psycopg3-copy-rows", "asyncpg-copy-records", "adbc-ingest"] {
        match &way(&facts, id).unavailable {
            Some(why) => common::skipped(why),
            None => assert_eq!(end(&facts, id), (Refused, "23505", Some(3), ""), "{id}"),
        }
    }
    own.stop().unwrap();
}

fn raising(state: &str) -> String {
    format!("DO $$ BEGIN RAISE EXCEPTION 'because' USING ERRCODE = '{state}'; END $$")
}

#[test]
fn a_state_of_the_server_is_no_refusal_of_the_rows() {
    let own = local();
    run_sql(&*own, "CREATE SEQUENCE tries");
    let states = ["57014", "53100", "40001", "25006", "55P03", "08006"];
    let raised: Vec<(&str, String)> =
        states.iter().chain(&["22000"]).map(|state| (*state, raising(state))).collect();
    let mut ways: Vec<(&str, Vec<&str>)> =
        raised.iter().map(|(state, sql)| (*state, vec![sql.as_str()])).collect();
    let once = "DO $$ BEGIN IF nextval('tries') = 1 THEN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END IF; END $$";
    ways.push(("passing", vec![once, "INSERT INTO {table} VALUES (1)"]));
    ways.push(("ended", vec!["SELECT pg_terminate_backend(pg_backend_pid())"]));
    let caveat = statements("{ name = 'id', type = 'integer' }", "[1]", &ways);
    let facts = examine(&*own, &caveat);
    for state in states {
        let finding = way(&facts, state);
        let why = finding.unavailable.as_deref().unwrap();
        assert_eq!((finding.verdict, why), (NotTried, format!("{state}: because").as_str()));
        assert_eq!((&finding.error, finding.rows_found), (&None, None));
    }
    assert_eq!(end(&facts, "22000"), (Refused, "22000", None, ""));
    assert_eq!(way(&facts, "passing").verdict, AsMeant, "a second try");
    let ended = way(&facts, "ended");
    // The server's last words may or may not be read before its connection closes.
    let why = ended.unavailable.as_deref().unwrap();
    let broke_off = why == "the connection to the server broke off";
    assert_eq!(ended.verdict, NotTried);
    assert!(broke_off || why.starts_with("57P01: terminating connection"), "{why}");

    // The server's own state, and a program that meets it.
    if !common::psql() {
        return;
    }
    let dir = common::world_readable_tempdir();
    let full = dir.path().join("full.toml");
    let text = "id = 'full'\nsummary = 's'\nsource = 's'\ninput = 'csv'\nversion = ['psql', '--version']\ninstall = 'i'\n\
                command = ['psql', '-X', '-q', '-v', 'VERBOSITY=verbose', '-v', 'ON_ERROR_STOP=1', '-c', \"RAISING\"]\n";
    std::fs::write(&full, text.replace("RAISING", &raising("53100"))).unwrap();
    let mut catalogue = Catalogue::built_in();
    catalogue.add(Loader::read(&full).unwrap()).unwrap();
    let facts = examine_by(&catalogue, &*own, &json(), &["full".into()]);
    let found = way(&facts, "full");
    assert_eq!((found.verdict, found.unavailable.as_deref()), (NotTried, Some("53100: because")));

    run_sql(&*own, "CREATE ROLE reader LOGIN; GRANT CREATE ON DATABASE postgres TO reader");
    let reader = as_role(&*own, "reader", "postgres");
    run_sql(&*own, "ALTER ROLE reader SET default_transaction_read_only = on");
    let facts = examine(&*reader, &json());
    let outcome = facts.findings.iter().find(|finding| finding.verdict.is_outcome());
    assert!(outcome.is_none(), "an outcome of a server that takes no rows: {outcome:?}");
    assert!(way(&facts, "copy-csv").unavailable.as_deref().unwrap().starts_with("25006: "));
    run_sql(&*own, "ALTER ROLE reader SET default_transaction_read_only = off");
    run_sql(&*own, "ALTER ROLE reader CONNECTION LIMIT 0");
    let facts = examine(&*reader, &json());
    let copy = way(&facts, "copy-csv");
    let why = copy.unavailable.as_deref().unwrap();
    assert_eq!(copy.verdict, NotTried, "{copy:?}");
    // A record names no place.
    assert!(why.starts_with("cannot connect to the server at {socket}") && why.contains("53300"), "{why}");
    run_sql(&*own, "ALTER ROLE reader CONNECTION LIMIT -1");
    reader.stop().unwrap();
    own.stop().unwrap();
}

#[test]
fn bytes_that_are_no_text_are_silent_damage() {
    let own = local();
    let wrong = caveat::find("wrong-encoding").unwrap();
    let dir = common::world_readable_tempdir();
    let unchecked = "STAND_IN_UNCHECKED = \"true\"\n";
    let mut catalogue = Catalogue::built_in();
    common::add_stand_in(
        &mut catalogue,
        "loaders/pg-bulkload.toml",
        "stand-in-unchecked",
        unchecked,
        dir.path(),
    );
    let facts = examine_by(&catalogue, &*own, &wrong, &["stand-in-unchecked".into()]);
    let stored = way(&facts, "stand-in-unchecked");
    assert_shows_the_byte(stored);
    assert_eq!((&stored.error, stored.rejected, stored.rows_found), (&None, Some(0), Some(3)));
    assert_eq!(end(&facts, "copy-csv").0, Refused, "the others are there all the same");

    // A database that takes any bytes gives back what is no UTF-8, too.
    run_sql(&*own, "CREATE DATABASE bytes ENCODING 'SQL_ASCII' TEMPLATE template0");
    let bytes = as_role(&*own, "postgres", "bytes");
    assert_shows_the_byte(way(&examine(&*bytes, &wrong), "copy-encoding"));
    bytes.stop().unwrap();
    run_sql(&*own, "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
    let latin = as_role(&*own, "postgres", "latin");
    assert_eq!(way(&examine(&*latin, &wrong), "copy-encoding").verdict, AsMeant);
    latin.stop().unwrap();
    own.stop().unwrap();
}

fn assert_shows_the_byte(finding: &Finding) {
    let row = |word: &str| Some(vec![Some("2".to_owned()), Some(word.to_owned())]);
    let difference = finding.difference.as_ref().unwrap_or_else(|| panic!("{finding:?}"));
    assert_eq!(finding.verdict, Damaged);
    assert_eq!((&difference.meant, &difference.found), (&row("café"), &row("caf\\xe9")));
    assert_eq!(difference.not_utf8, ["word"]);
}

/// A directory in which the program is run on `server`, with an experiment `mine` of these caveats and
/// a loader of this shell script.
struct RunDir {
    dir: tempfile::TempDir,
    url: String,
}

impl RunDir {
    fn new(server: &dyn Server, caveats: &[&str], script: &str) -> Self {
        let dir = common::world_readable_tempdir();
        std::fs::create_dir(dir.path().join("cache")).unwrap();
        let text = format!("id = 'mine'\ntitle = 'Mine'\nquestion = 'q'\ncaveats = {caveats:?}\n");
        std::fs::write(dir.path().join("mine.toml"), text).unwrap();
        let text = format!(
            "id = 'own'\nsummary = 's'\nsource = 's'\ninput = 'csv'\nversion = ['psql', '--version']\ninstall = 'i'\n\
             command = ['sh', '-c', '''{script}''']\n"
        );
        std::fs::write(dir.path().join("own.toml"), text).unwrap();
        Self { dir, url: common::url(server) }
    }

    fn bulkbench(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bulkbench"));
        command.env("BULKBENCH_CACHE", self.dir.path().join("cache")).env("NO_COLOR", "1");
        command.current_dir(self.dir.path()).args(args);
        command
    }

    fn run(&self, out: &str) -> Command {
        let mut command = self.bulkbench(&[
            "run",
            "mine.toml",
            "--server",
            &self.url,
            "--loader",
            "own.toml",
            "--out",
            out,
        ]);
        command.env("SLEEPS", self.sleeps(out));
        command
    }

    /// The file that a loader makes which is about to sleep.
    fn sleeps(&self, out: &str) -> PathBuf {
        self.dir.path().join(format!("{out}.sleeps"))
    }

    /// The one result directory in `out`, once it is there.
    fn result(&self, out: &str) -> Option<PathBuf> {
        let mut entries = std::fs::read_dir(self.dir.path().join(out)).ok()?;
        Some(entries.next()?.unwrap().path())
    }

    /// Starts a run into `out` whose loader sleeps, and gives it once that is what it waits for.
    fn sleeping(&self, out: &str) -> Child {
        let mut child = self.run(out).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let end = Instant::now() + Duration::from_secs(120);
        while !self.sleeps(out).exists() {
            assert!(child.try_wait().unwrap().is_none(), "it ended too early");
            assert!(Instant::now() < end, "the loader is not reached");
            std::thread::sleep(Duration::from_millis(50));
        }
        child
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn assert_keeps_what_it_found(place: &RunDir, result: &Path) {
    let findings = Findings::load(result).unwrap();
    assert_eq!(findings.pending, ["duplicate-key", "backslashes"]);
    assert_eq!(findings.caveats.len(), 2, "one that is whole, and a part of the next");
    assert_eq!(end(&findings.caveats[0], "copy-csv"), (Refused, "22P02", Some(1), "amount"));
    assert_eq!(end(&findings.caveats[1], "copy-csv"), (Refused, "23505", Some(3), ""));
    assert!(findings.caveats[1].findings.iter().all(|finding| finding.way != "own"));
    let reported = place.bulkbench(&["report", result.to_str().unwrap()]).output().unwrap();
    assert!(reported.status.success(), "{}", text(&reported));
    let words = text(&reported).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("the rest is missing, which is duplicate-key (in part), backslashes."), "{words}");
    let page = std::fs::read_to_string(result.join("report.md")).unwrap();
    assert!(page.contains("the rest is missing, which is duplicate-key (in part), backslashes."), "{page}");
}

#[test]
fn a_run_that_is_killed_or_stopped_keeps_what_it_found() {
    if !common::psql() {
        return;
    }
    let own = local();
    // It sleeps over the second file.
    let script = "case '{columns}' in *amount*) exit 1;; esac; touch $SLEEPS; exec sleep 300";
    let place = RunDir::new(&*own, &["thousands-separators", "duplicate-key", "backslashes"], script);
    for (out, signal, code) in [("killed", Signal::KILL, None), ("stopped", Signal::TERM, Some(143))] {
        let mut child = place.sleeping(out);
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), code);
        assert_keeps_what_it_found(&place, &place.result(out).unwrap());
    }
    own.stop().unwrap();
}

#[test]
fn two_runs_of_the_same_thing_agree() {
    if !common::psql() {
        return;
    }
    let own = local();
    // What is another each time: a log line and its time, an address, numbers, a file, a duration.
    let script = "made=$(mktemp); rm $made; now=$(date -u +%FT%T.%NZ); echo $now LOG ERROR is the next word of process $$ >&2; \
                  echo $now ERROR at [object at 0x7f$(printf %010x $$)], pid $$ from 127.0.0.1:$((20000 + $$ % 9999)) in $made after 0.$$ s: row 2 >&2; exit 1";
    let place = RunDir::new(&*own, &["thousands-separators", "wrong-encoding"], script);
    let found = ["one", "other"].map(|out| {
        let ran = place.run(out).output().unwrap();
        assert!(ran.status.success(), "{}", text(&ran));
        Findings::load(&place.result(out).unwrap()).unwrap()
    });
    assert_eq!(found[0].caveats, found[1].caveats);
    assert!(found[0].pending.is_empty());
    let said = &way(&found[0].caveats[0], "own").error.as_ref().unwrap().message;
    assert_eq!(
        said,
        "ERROR at [object at {address}], pid {id} from 127.0.0.1:{port} in {temporary} after {duration}: row 2"
    );
    own.stop().unwrap();
}
