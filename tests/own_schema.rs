//! A run in databases that are full of a user's tables: whatever it is asked to do, they are, to the
//! byte, what they were before.

mod common;

use std::path::PathBuf;
use std::process::{Command, Stdio};

use bulkbench::dataset::Dataset;
use bulkbench::interrupt::Interrupt;
use bulkbench::server::Server;
use bulkbench::server::local::choose;

const ROWS: u64 = 300;

/// Tables by every name that a run uses, in every schema that a session could be led to, and whatever else a
/// database holds.
const USERS: &str = "
CREATE SCHEMA app;
CREATE TABLE public.votes (vote_id serial PRIMARY KEY, username text NOT NULL, link text NOT NULL, score int NOT NULL);
INSERT INTO public.votes (username, link, score) SELECT 'u' || n, 'l' || n, n FROM generate_series(1, 50) n;
CREATE INDEX ON public.votes (username);
CREATE TABLE public.usernames (username text PRIMARY KEY);
INSERT INTO public.usernames SELECT username FROM public.votes;
ALTER TABLE public.votes ADD FOREIGN KEY (username) REFERENCES public.usernames;
CREATE TABLE public.links AS SELECT link FROM public.votes;
CREATE TABLE app.votes AS SELECT * FROM public.votes;
CREATE TABLE public.votes_1 (n int); CREATE TABLE public.caveat (n int); INSERT INTO public.caveat VALUES (7);
CREATE TABLE public.bulkbench_staging AS SELECT 1 AS n; CREATE TABLE public.bulkbench_source AS SELECT 2 AS n;
CREATE VIEW app.best AS SELECT * FROM public.votes WHERE score > 40;
CREATE MATERIALIZED VIEW public.sums AS SELECT sum(score) FROM public.votes;
CREATE SEQUENCE public.votes_keys; CREATE TYPE public.colour AS ENUM ('red', 'blue');
CREATE FUNCTION public.twice(n int) RETURNS int LANGUAGE sql AS 'SELECT 2 * n';
GRANT ALL ON SCHEMA public, app TO loader, owner; GRANT ALL ON ALL TABLES IN SCHEMA public, app TO loader, owner;
";

/// The user's server, with two databases and roles that are led elsewhere by their own settings.
struct Users {
    dir: tempfile::TempDir,
    server: Box<dyn Server>,
    before: Vec<String>,
}

impl Users {
    fn new() -> Self {
        let dir = common::world_readable_tempdir();
        let dataset = Dataset::generated(dir.path(), 10, 1, &Interrupt::new()).unwrap();
        let server = common::local(&dataset);
        let mut session = server.connector().connect().unwrap();
        for sql in [
            "CREATE ROLE owner",
            "CREATE ROLE loader LOGIN IN ROLE owner",
            "ALTER ROLE loader SET search_path = public",
            "ALTER ROLE loader SET role = owner",
            "CREATE DATABASE one",
            "CREATE DATABASE two",
            "ALTER DATABASE two SET search_path = app, public",
            "GRANT CREATE ON DATABASE one, two TO loader, owner",
        ] {
            session.batch_execute(sql).unwrap();
        }
        let mut users = Self { dir, server, before: Vec::new() };
        for database in ["one", "two"] {
            let mut config = users.server.connector().config().clone();
            config.dbname(database).options("");
            postgres::Config::from(config).connect(postgres::NoTls).unwrap().batch_execute(USERS).unwrap();
        }
        users.before = users.dumps();
        assert!(users.before[0].contains("COPY public.votes (") && users.before[0].contains("\tu50\t"));
        users
    }

    /// The output of pg_dump for both databases, without what differs from dump to dump.
    fn dumps(&self) -> Vec<String> {
        let pg_dump = choose(None).unwrap().bin.join("pg_dump");
        let dump = |database: &&str| {
            let dumped = Command::new(&pg_dump)
                .args(["--host", self.socket().to_str().unwrap(), "--username", "postgres", database])
                .output()
                .unwrap();
            assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
            let text = String::from_utf8(dumped.stdout).unwrap();
            // A key against injection, which newer releases make anew each time.
            text.lines().filter(|line| !line.contains("restrict ")).map(|line| format!("{line}\n")).collect()
        };
        ["one", "two"].iter().map(dump).collect()
    }

    fn socket(&self) -> PathBuf {
        match self.server.connector().config().get_hosts() {
            [tokio_postgres::config::Host::Unix(dir), ..] => dir.clone(),
            other => panic!("no socket in {other:?}"),
        }
    }

    fn url(&self, user: &str, database: &str, more: &str) -> String {
        format!("postgres://{user}@/{database}?host={}{more}", self.socket().display())
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Runs the program, which has to end with this code and to leave both databases as they were.
    #[track_caller]
    fn run(&self, exit: i32, url: &str, args: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bulkbench"));
        command.arg("run").args(args).args(["--server", url]);
        command.current_dir(self.dir.path()).env("BULKBENCH_CACHE", self.dir.path().join("cache"));
        let ended = command.stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(exit), "{args:?}: {said}");
        for (before, after) in self.before.iter().zip(self.dumps()) {
            assert!(*before == after, "{args:?} changed a database: {}", first_difference(before, &after));
        }
        said
    }
}

fn first_difference(before: &str, after: &str) -> String {
    let lines = before.lines().zip(after.lines()).find(|(a, b)| a != b);
    lines.map_or("one is longer".into(), |(a, b)| format!("{a} is now {b}"))
}

fn experiment(cases: &str) -> String {
    format!(
        "id = 'x'\ntitle = 't'\nquestion = 'q'\nrounds = 1\nrows = {ROWS}\nbudget = 1\nbaseline = 'copy-csv'\n\
         [[case]]\nmethod = 'copy-csv'\n{cases}"
    )
}

fn loader(command: &str, more: &str) -> String {
    format!(
        "id = 'mine'\nsummary = 's'\nsource = 's'\ninput = 'csv'\ninstall = 'i'\nversion = ['psql', '--version']\n\
         command = {command}\n{more}"
    )
}

#[test]
fn what_would_lead_a_run_to_a_user_s_tables_is_refused() {
    let users = Users::new();
    let url = users.url("postgres", "one", "");
    let plain = users.file("plain.toml", &experiment(""));
    for name in ["search_path", "Search_Path", "role", "session_authorization"] {
        let case =
            experiment(&format!("[[case]]\nmethod = 'copy-csv'\nsettings = {{ {name} = 'public' }}\n"));
        let said = users.run(2, &url, &[&users.file("moving.toml", &case)]);
        assert!(said.contains(&format!("the setting `{name}`")), "{said}");
        users.run(2, &url, &[&plain, "--set", &format!("{name}=public")]);
    }
    users.run(2, &url, &[&plain, "--set", "x.y -c search_path=public"]);
    for options in
        ["-c%20search_path%3Dpublic", "--search-path%3Dpublic", "-csearch_path%3Dpublic", "-ecrole%3Downer"]
    {
        let said = users.run(2, &users.url("postgres", "two", &format!("&options={options}")), &[&plain]);
        assert!(said.contains("--server"), "{said}");
    }
    for (command, more) in [
        ("['psql']", "[env]\nPGOPTIONS = '-c search_path=public'\n"),
        ("['psql']", "[env]\nPGDATABASE = 'two'\n"),
        ("['psql', '-c', 'SET search_path = public']", ""),
        ("['psql', 'options=-csearch_path=public']", ""),
        ("['psql', '-f', 'a.sql']", "[[file]]\nname = 'a.sql'\ntext = 'SET ROLE owner; DROP TABLE votes'\n"),
    ] {
        users.run(2, &url, &[&plain, "--loader", &users.file("mine.toml", &loader(command, more))]);
    }
    users.server.stop().unwrap();
}

#[test]
fn every_method_keeps_to_the_run_s_own_schema() {
    let users = Users::new();
    let url = users.url("postgres", "one", "");
    let all = experiment("[[case]]\nmethod = '*'\n").replacen("[[case]]\nmethod = 'copy-csv'\n", "", 1);
    // Some of the loaders are not here; none may do harm.
    users.run(0, &url, &[&users.file("all.toml", &all)]);
    let caveats =
        "id = 'c'\ntitle = 't'\nquestion = 'q'\ncaveats = ['backslashes', 'loaded-twice', 'bad-rows']\n";
    users.run(0, &url, &[&users.file("caveats.toml", caveats)]);
    users.server.stop().unwrap();
}

#[test]
fn roles_and_databases_that_lead_elsewhere_do_not_lead_a_run_there() {
    let users = Users::new();
    let cases = experiment(
        "[[case]]\nmethod = ['insert-select-temp', 'copy-partitioned', 'fastest-durable', 'psql-copy']\n",
    );
    let some = users.file("some.toml", &cases);
    for (role, database) in [("loader", "one"), ("loader", "two"), ("postgres", "two")] {
        users.run(
            0,
            &users.url(role, database, ""),
            &[&some, "--set", "application_name=a\t-csearch_path=public"],
        );
    }
    // A loader that fails in the middle, and one that has settings of its own.
    let failing = loader("['sh', '-c', 'echo no >&2; exit 1']", "");
    users.run(1, &users.url("loader", "two", ""), &[&some, "--loader", &users.file("mine.toml", &failing)]);
    let own = loader(
        r#"['psql', '-c', "\\copy votes ({columns}) from '{file}' with (format csv)"]"#,
        "[env]\nPGOPTIONS = '-c synchronous_commit=off'\n",
    );
    users.run(0, &users.url("loader", "two", ""), &[&some, "--loader", &users.file("mine.toml", &own)]);
    users.server.stop().unwrap();
}
