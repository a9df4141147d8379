//! Servers of the user's: here a local one that plays the part.

use std::io::{Read, Write};
use std::net::TcpListener;

use bulkbench::fault::Fault;
use bulkbench::interrupt::Interrupt;
use bulkbench::model::Source;
use bulkbench::server::{Choice, Options, Server, Settings, Sweep, open};

use super::support::*;

fn url(host: &dyn Server, user: &str, database: &str) -> String {
    let dir = socket_dir(host).display().to_string().replace('/', "%2F");
    format!("postgres://{user}@{dir}/{database}")
}

fn external(url: &str, set: &[(&str, &str)]) -> anyhow::Result<Box<dyn Server>> {
    let options = Options { id: id(), settings: settings(set), ..Options::default() };
    open(&Choice::External(url.into()), &options, &Interrupt::new())
}

fn failure(url: &str) -> String {
    let error = external(url, &[]).map(|_| ()).unwrap_err();
    assert!(Fault::find(&error).is_some(), "{error:#}");
    format!("{error:#}")
}

fn schemas(host: &dyn Server) -> String {
    ask(host, "SELECT count(*)::text FROM pg_namespace WHERE nspname LIKE 'bulkbench%'")
}

#[test]
fn it_works_in_a_schema_of_its_own_and_drops_it() {
    let base = base();
    let host = local(base.path());
    let (one, two) = (
        external(&url(host.as_ref(), "postgres", "postgres"), &[("work_mem", "9 MB")]).unwrap(),
        external(&url(host.as_ref(), "postgres", "postgres"), &[]).unwrap(),
    );
    assert_eq!(one.facts().source, Source::External);
    assert_eq!(one.facts().transport, "unix socket");
    assert!(two.warnings().iter().any(|warning| warning.contains("schema of another run")));
    assert_eq!(ask(one.as_ref(), "SHOW work_mem"), "9MB");
    assert_eq!(one.facts().settings["work_mem"], "9MB");
    assert_eq!(one.cpu_time().unwrap(), None);
    for server in [&one, &two] {
        server.connector().connect().unwrap().batch_execute("CREATE TABLE votes AS SELECT 1 AS n").unwrap();
    }
    assert_eq!(schemas(host.as_ref()), "2");
    assert_eq!(ask(host.as_ref(), "SELECT count(*)::text FROM pg_tables WHERE schemaname = 'public'"), "0");
    one.stop().unwrap();
    assert_eq!(ask(two.as_ref(), "SELECT n::text FROM votes"), "1");
    drop(two);
    assert_eq!(schemas(host.as_ref()), "0");
    host.stop().unwrap();
}

#[test]
fn it_takes_session_settings_and_refuses_those_of_the_system() {
    let base = base();
    let host = local(base.path());
    let target = url(host.as_ref(), "postgres", "postgres");
    let mut server = external(&target, &[]).unwrap();
    let reason = server.refuses(&settings(&[("wal_level", "minimal")])).unwrap();
    assert!(reason.contains("`wal_level`") && reason.contains("replica"), "{reason}");
    assert!(server.apply(&settings(&[("wal_level", "minimal")])).is_err());
    assert_eq!(server.refuses(&settings(&[("wal_level", "replica")])), None, "it has that anyway");
    server.apply(&settings(&[("wal_level", "replica"), ("synchronous_commit", "off")])).unwrap();
    assert_eq!(ask(server.as_ref(), "SHOW synchronous_commit"), "off");
    server.apply(&Settings::new()).unwrap();
    assert_eq!(ask(server.as_ref(), "SHOW synchronous_commit"), "on");
    let reason = server.refuses(&settings(&[("synchronous_comit", "off")])).unwrap();
    assert!(reason.contains("did you mean `synchronous_commit`?"), "{reason}");
    let reason = server.refuses(&settings(&[("work_mem", "lots")])).unwrap();
    assert!(reason.contains("invalid value"), "{reason}");
    server.stop().unwrap();

    let error = external(&target, &[("shared_buffers", "1TB")]).map(|_| ()).unwrap_err();
    assert_eq!(Fault::find(&error).map(Fault::exit_code), Some(2), "{error:#}");
    assert_eq!(schemas(host.as_ref()), "0");
    host.stop().unwrap();
}

#[test]
fn it_reads_the_same_file_only() {
    let base = base();
    let host = local(base.path());
    let server = external(&url(host.as_ref(), "postgres", "postgres"), &[]).unwrap();
    let file = base.path().join("rows.csv");
    std::fs::write(&file, "1\n").unwrap();
    assert_eq!(server.visible_path(&file).unwrap(), std::fs::canonicalize(&file).unwrap());
    let error = server.visible_path(&base.path().join("none")).unwrap_err().to_string();
    assert!(error.contains("none"), "{error}");
    server.stop().unwrap();
    host.connector()
        .connect()
        .unwrap()
        .batch_execute("CREATE ROLE plain LOGIN; GRANT CREATE ON DATABASE postgres TO plain")
        .unwrap();
    let server = external(&url(host.as_ref(), "plain", "postgres"), &[]).unwrap();
    let error = server.visible_path(&file).unwrap_err().to_string();
    assert!(error.contains("superuser"), "{error}");
    let reason =
        server.refuses(&settings(&[("wal_compression", "on"), ("session_replication_role", "replica")]));
    assert!(reason.unwrap().contains("superuser"));
    server.stop().unwrap();
    host.stop().unwrap();
}

#[test]
fn each_refused_connection_has_its_next_step() {
    let base = base();
    let host = local(base.path());
    let mut session = host.connector().connect().unwrap();
    session.batch_execute("CREATE ROLE guarded LOGIN PASSWORD 'right'; CREATE ROLE plain LOGIN").unwrap();
    let rules = "local all guarded scram-sha-256\nlocal all all trust\n";
    let data = ask(host.as_ref(), "SHOW data_directory");
    let lines: Vec<String> = rules.lines().map(|line| format!("('{line}')")).collect();
    session
        .batch_execute(&format!(
            "COPY (VALUES {}) TO '{data}/pg_hba.conf'; SELECT pg_reload_conf()",
            lines.join(", ")
        ))
        .unwrap();
    let guarded = url(host.as_ref(), "guarded:wrong", "postgres");
    let mut words = String::new();
    wait_until("the reload", || {
        words = external(&guarded, &[]).map_or_else(|error| format!("{error:#}"), |_| String::new());
        words.contains("28P01")
    });
    assert!(words.contains("check the password of user `guarded`") && !words.contains("wrong"), "{words}");
    let none = failure(&url(host.as_ref(), "guarded", "postgres"));
    assert!(none.contains("PGPASSWORD"), "{none}");
    let missing = failure(&url(host.as_ref(), "postgres", "nowhere"));
    assert!(missing.contains("createdb nowhere"), "{missing}");
    let nobody = failure(&url(host.as_ref(), "nobody", "postgres"));
    assert!(nobody.contains("check that user `nobody` exists"), "{nobody}");
    let unprivileged = failure(&url(host.as_ref(), "plain", "postgres"));
    assert!(unprivileged.contains("GRANT CREATE ON DATABASE"), "{unprivileged}");
    host.stop().unwrap();

    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let refused = failure(&format!("postgres://u:hush@127.0.0.1:{port}/d"));
    assert!(refused.contains("nothing listens there") && !refused.contains("hush"), "{refused}");
    let unknown = failure("postgres://u@no-such-host.invalid/d");
    assert!(unknown.contains("check the host's name"), "{unknown}");
}

/// The objects made in the run's schema go, whatever the schema is called by then; those that another user
/// made of them, or that have its name by then, stay.
#[test]
fn only_its_own_schema_is_swept_and_dropped_by_whatever_name() {
    let base = base();
    let host = local(base.path());
    let server = external(&url(host.as_ref(), "postgres", "postgres"), &[]).unwrap();
    let mut session = server.connector().connect().unwrap();
    session
        .batch_execute(
            "CREATE TABLE votes (id serial PRIMARY KEY, n int); CREATE TABLE kept (n int UNIQUE); \
             ALTER TABLE votes ADD FOREIGN KEY (n) REFERENCES kept (n); \
             CREATE TABLE parts (n int) PARTITION BY RANGE (n); \
             CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (9); \
             CREATE VIEW a AS SELECT n FROM votes; CREATE VIEW b AS SELECT n FROM a; \
             CREATE MATERIALIZED VIEW c AS SELECT n FROM b; CREATE SEQUENCE s; \
             CREATE TYPE pair AS (x int, y int); CREATE TYPE colour AS ENUM ('red'); \
             CREATE DOMAIN small AS int CHECK (value < 10); CREATE TABLE typed (p pair, q small); \
             CREATE FUNCTION f(int) RETURNS pair LANGUAGE sql AS 'SELECT $1, $1'; \
             CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1'; \
             CREATE AGGREGATE total (int) (SFUNC = int4pl, STYPE = int); \
             CREATE OPERATOR <#> (LEFTARG = int, RIGHTARG = int, FUNCTION = int4pl); \
             CREATE COLLATION plain FROM \"C\"; CREATE STATISTICS stats ON id, n FROM votes; \
             CREATE TEXT SEARCH CONFIGURATION words (COPY = simple)",
        )
        .unwrap();
    let run_schema = server.run_schema().clone();
    let left = || {
        let sql = format!(
            "SELECT coalesce(string_agg(relname, ' ' ORDER BY relname), '') FROM pg_class \
             WHERE relnamespace = {} AND relkind <> 'i'",
            run_schema.oid
        );
        ask(host.as_ref(), &sql)
    };
    let keep = ["kept".to_owned()];
    run_schema.sweep(&mut session, Sweep::BetweenSamples { keep: &keep, stays: None }).unwrap();
    assert_eq!(left(), "kept");
    run_schema.sweep(&mut session, Sweep::All).unwrap();
    assert_eq!(left(), "");

    // A user's view of one of the run's tables is the user's.
    session.batch_execute("CREATE TABLE votes AS SELECT 1 AS n").unwrap();
    let mut user = host.connector().connect().unwrap();
    user.batch_execute(&format!("CREATE VIEW mine AS SELECT n FROM \"{}\".votes", run_schema.name)).unwrap();
    let error = run_schema.sweep(&mut session, Sweep::All).unwrap_err();
    assert!(format!("{error:#}").contains("mine depends on table votes"), "{error:#}");
    assert_eq!(ask(host.as_ref(), "SELECT n::text FROM mine"), "1");
    user.batch_execute("DROP VIEW mine").unwrap();

    // The name is somebody else's by now.
    user.batch_execute(&format!(
        "ALTER SCHEMA \"{0}\" RENAME TO renamed; CREATE SCHEMA \"{0}\"; CREATE TABLE \"{0}\".votes (n int)",
        run_schema.name
    ))
    .unwrap();
    let error = server.connector().connect().map(|_| ()).unwrap_err();
    assert_eq!(Fault::find(&error).map(Fault::exit_code), Some(3), "{error:#}");
    server.stop().unwrap();
    assert_eq!(left(), "");
    assert_eq!(ask(host.as_ref(), "SELECT count(*)::text FROM pg_namespace WHERE nspname = 'renamed'"), "0");
    assert_eq!(ask(host.as_ref(), &format!("SELECT count(*)::text FROM \"{}\".votes", run_schema.name)), "0");
    host.stop().unwrap();
}

/// Whatever the role's and the database's own settings say, and however a value is written.
#[test]
fn its_connections_work_in_its_schema_for_the_role_that_connects() {
    let base = base();
    let host = local(base.path());
    host.connector()
        .connect()
        .unwrap()
        .batch_execute(
            "CREATE ROLE owner; CREATE ROLE plain LOGIN IN ROLE owner; ALTER ROLE plain SET role = owner; \
             ALTER ROLE plain SET search_path = public; ALTER DATABASE postgres SET search_path = pg_catalog; \
             GRANT CREATE ON DATABASE postgres TO plain, owner",
        )
        .unwrap();
    let target = url(host.as_ref(), "plain", "postgres");
    let mut server =
        external(&target, &[("application_name", "x\t-csearch_path=public -c role=owner")]).unwrap();
    let place = "SELECT current_schema() || ' ' || current_user";
    let own = format!("{} plain", server.run_schema().name);
    assert_eq!(ask(server.as_ref(), place), own);
    server.apply(&settings(&[("application_name", "y\n--search-path=public")])).unwrap();
    assert_eq!(ask(server.as_ref(), place), own);
    for name in ["search_path", "Search_Path", "search-path", "ROLE", "session_authorization"] {
        let reason = server.refuses(&settings(&[(name, "public")])).unwrap();
        assert!(reason.contains(&format!("the setting `{name}`")), "{reason}");
        let error = server.apply(&settings(&[(name, "public")])).unwrap_err();
        assert!(Fault::find(&error).is_some(), "{error:#}");
    }
    server.stop().unwrap();

    for options in
        ["-c%20search_path=public", "--search-path%3Dpublic", "-csearch_path=public", "-c%20role=owner"]
    {
        let error = failure(&format!("{target}?options={options}"));
        assert!(error.contains("--server: the setting `"), "{error}");
    }
    for set in [("search_path", "public"), ("ROLE", "owner")] {
        let error = external(&target, &[set]).map(|_| ()).unwrap_err();
        assert_eq!(Fault::find(&error).map(Fault::exit_code), Some(2), "{error:#}");
        let options = Options { settings: settings(&[set]), ..options(base.path()) };
        let error = open(&Choice::Local, &options, &Interrupt::new()).map(|_| ()).unwrap_err();
        assert_eq!(Fault::find(&error).map(Fault::exit_code), Some(2), "{error:#}");
    }
    assert_eq!(schemas(host.as_ref()), "0");
    host.stop().unwrap();
}

/// Speaks just enough of the protocol to be an old server.
fn old_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let message = |kind: u8, body: &[u8]| {
        let mut all = vec![kind];
        all.extend((body.len() as u32 + 4).to_be_bytes());
        all.extend(body);
        all
    };
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut buffer = [0; 4096];
        // The driver asks for TLS first, where it can; the startup message is what has a version of 3.
        loop {
            let read = stream.read(&mut buffer).unwrap();
            if buffer[4..8] == [0, 3, 0, 0] {
                break;
            }
            assert!(read > 0);
            stream.write_all(b"N").unwrap();
        }
        stream
            .write_all(
                &[message(b'R', &[0; 4]), message(b'S', b"server_version\x009.6.24\0"), message(b'Z', b"I")]
                    .concat(),
            )
            .unwrap();
        // Parse, Describe, Sync: no parameters, two text columns.
        let column = |name: &str| {
            [name.as_bytes(), &[0], &[0; 6], &25u32.to_be_bytes(), &[255, 255], &[255; 4], &[0, 1]].concat()
        };
        let columns = [&[0, 2][..], &column("number"), &column("version")].concat();
        let _ = stream.read(&mut buffer).unwrap();
        stream
            .write_all(
                &[message(b'1', b""), message(b't', &[0, 0]), message(b'T', &columns), message(b'Z', b"I")]
                    .concat(),
            )
            .unwrap();
        // Bind, Execute, Sync: one row.
        let value = |text: &str| [&(text.len() as u32).to_be_bytes()[..], text.as_bytes()].concat();
        let row = [&[0, 2][..], &value("90624"), &value("PostgreSQL 9.6.24")].concat();
        let _ = stream.read(&mut buffer).unwrap();
        stream
            .write_all(
                &[message(b'2', b""), message(b'D', &row), message(b'C', b"SELECT 1\0"), message(b'Z', b"I")]
                    .concat(),
            )
            .unwrap();
        let _ = stream.read(&mut buffer);
    });
    port
}

#[test]
fn a_server_that_is_too_old_is_named() {
    let error = failure(&format!("postgres://u@127.0.0.1:{}/d", old_server()));
    assert!(error.contains("the server is PostgreSQL 9.6, and 13 is the oldest"), "{error}");
}
