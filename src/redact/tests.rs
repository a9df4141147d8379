use proptest::prelude::*;

use super::*;

/// A connection of Ada's: her password is `hush`.
fn ada() -> Redactor {
    of("host=db.example.org hostaddr=203.0.113.7 user=ada password=hush dbname=votes")
}

fn of(config: &str) -> Redactor {
    let mut redactor = Redactor::default();
    redactor.hide_connection(&config.parse().unwrap());
    redactor
}

#[track_caller]
fn assert_texts(redactor: &Redactor, texts: &[(&str, &str)]) {
    for (text, expected) in texts {
        assert_eq!(redactor.text(text), *expected, "{text}");
    }
}

#[test]
fn a_value_is_taken_out_as_a_word_of_its_own_and_says_what_it_was() {
    assert_texts(
        &ada(),
        &[
            ("user=ada", "user={user}"),
            ("PGUSER=ada PGPASSWORD=hush", "PGUSER={user} PGPASSWORD={password}"),
            (
                "password authentication failed for user \"ada\"",
                "password authentication failed for user \"{user}\"",
            ),
            ("role \"ada\" does not exist", "role \"{user}\" does not exist"),
            (
                "connection to server at \"db.example.org\" (203.0.113.7), port 5432 failed",
                "connection to server at \"{host}\" ({address}), port 5432 failed",
            ),
            ("DB.Example.ORG.", "{host}."),
            ("(hush)", "({password})"),
            ("psql --username=ada -h db.example.org", "psql --username={user} -h {host}"),
            (
                "{\"user\": \"ada\", \"password\": \"hush\"}",
                "{\"user\": \"{user}\", \"password\": \"{password}\"}",
            ),
            (
                "postgres://ada:hush@db.example.org:5432/votes",
                "postgres://{user}:{password}@{host}:5432/votes",
            ),
            ("ada@db.example.org", "{user}@{host}"),
        ],
    );
}

#[test]
fn a_part_of_a_word_is_not_the_value() {
    for text in ["canada, adam, ada_2, _ada, hushed, ada-x, x.ada", "mydb.example.org.uk", "203.0.113.77"] {
        let kept = of("host=db.example.org user=ada password=hush").text(text);
        assert_eq!(kept, text.replace("203.0.113.77", "{address}"));
    }
}

#[test]
fn the_words_before_a_value_say_which_thing_it_is() {
    let same = of("host=sesame.example user=sesame password=sesame dbname=sesame");
    assert_texts(
        &same,
        &[
            ("role \"sesame\" does not exist", "role \"{user}\" does not exist"),
            ("user sesame", "user {user}"),
            ("database \"sesame\" does not exist", "database \"{database}\" does not exist"),
            ("password=sesame", "password={password}"),
            ("relation \"sesame\" does not exist", "relation \"sesame\" does not exist"),
            ("column sesame", "column sesame"),
            ("schema \"sesame\"", "schema \"sesame\""),
            ("opened sesame", "opened {password}"),
        ],
    );
    // A role that is not the user, called like the password, is another's.
    let other = of("host=h.example user=ada password=reader");
    assert_texts(&other, &[("role \"reader\" is not permitted", "role \"reader\" is not permitted")]);
    assert_texts(&other, &[("database \"ada\" does not exist", "database \"{database}\" does not exist")]);
}

#[test]
fn a_word_of_many_messages_is_taken_out_only_where_it_is_said_what_it_is() {
    let postgres = of("host=postgres user=postgres password=postgres dbname=votes");
    assert_texts(
        &postgres,
        &[
            ("PostgreSQL 18.1, the image postgres:18", "PostgreSQL 18.1, the image postgres:18"),
            ("postgres: could not bind", "postgres: could not bind"),
            ("the program postgres", "the program postgres"),
            ("FATAL: role \"postgres\" does not exist", "FATAL: role \"{user}\" does not exist"),
            ("user=postgres", "user={user}"),
            ("password=postgres", "password={password}"),
            ("server at \"postgres\", port 5432", "server at \"{host}\", port 5432"),
            ("postgres://postgres:postgres@postgres/votes", "postgres://{user}:{password}@{host}/votes"),
            ("COPY votes, line 3", "COPY votes, line 3"),
            ("relation \"votes\" and database \"votes\"", "relation \"votes\" and database \"votes\""),
        ],
    );
    let numbers = of("host=h.example user=u1 password=12");
    assert_texts(&numbers, &[("line 12, u1", "line 12, u1"), ("password: 12", "password: {password}")]);
}

#[test]
fn every_way_of_writing_a_value_is_known() {
    let odd = of("host=/run/pg user='ad a' password=x");
    let odd_password = of(r"host=h.example user=x password='a\'b c@d/e'");
    assert_texts(
        &odd_password,
        &[
            ("a'b c@d/e", "{password}"),
            ("a%27b%20c%40d%2Fe", "{password}"),
            ("a%27b%20c%40d%2fe", "{password}"),
            ("'a''b c@d/e'", "'{password}'"),
            (r"'a\'b c@d/e'", "'{password}'"),
        ],
    );
    assert_texts(
        &odd,
        &[("host=%2Frun%2Fpg&user=ad%20a", "host={socket}&user={user}"), ("in /run/pg/x", "in {socket}/x")],
    );
}

#[test]
fn addresses_and_names_of_others_are_taken_out_by_their_form() {
    assert_texts(
        &Redactor::default(),
        &[
            (
                "Get \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io on 192.168.65.5:53: no such host",
                "Get \"https://{host}/v2/\": dial tcp: lookup {host} on {address}:53: no such host",
            ),
            ("dial tcp 10.1.2.3:5000: refused", "dial tcp {address}:5000: refused"),
            ("dial tcp [fe80::1%eth0]:5000", "dial tcp [{address}]:5000"),
            (
                "no pull access for docker.io/library/postgres:18",
                "no pull access for {host}/library/postgres:18",
            ),
            (
                "could not translate host name \"db.example.org\" to address",
                "could not translate host name \"{host}\" to address",
            ),
            ("2001:db8::7.", "{address}."),
            (
                "on 127.0.0.1:5432, ::1, 0.0.0.0 and localhost",
                "on 127.0.0.1:5432, ::1, 0.0.0.0 and localhost",
            ),
            ("http://localhost:2375/v1", "http://localhost:2375/v1"),
            ("postgres://someone:else@[2001:db8::7]:1/x", "postgres://{user}:{password}@[{address}]:1/x"),
            (
                "password='ot her' user=them host=far.example port=1",
                "password={password} user={user} host={host} port=1",
            ),
        ],
    );
}

#[test]
fn what_only_looks_like_an_address_stays() {
    for text in [
        "at 12:00:00.5, 15.18, 1.2.3, 2026-03-01T12:00:00Z",
        "std::io::Error, a::b, '1'::bytea, x::text, 1::int",
        "ERROR 22P02: invalid input syntax; where: COPY votes, line 2, column vote: \"1.5\"",
        "file:///x/y.csv and votes.csv/part, {scratch}/summary.csv",
        "to have it: build it from github.com/ossc-db/pg_bulkload, or see https://pgloader.io/howto",
        "version v1.2.3.4 and user=$PGUSER",
        "loaded 999.999.999.999",
    ] {
        assert_eq!(Redactor::default().text(text), text);
    }
}

#[test]
fn a_longer_value_comes_before_one_in_it() {
    let mut redactor = ada();
    redactor.hide_path("{home}", Path::new("/home/ada"));
    redactor.hide_path("{cache}", Path::new("/home/ada/.cache/bulkbench"));
    assert_texts(
        &redactor,
        &[
            ("/home/ada/.cache/bulkbench/datasets", "{cache}/datasets"),
            ("reading /home/ada/x: ada", "reading {home}/x: {user}"),
            ("/home/adam", "/home/adam"),
        ],
    );
    redactor.hide_path("{relative}", Path::new("x"));
    assert_eq!(redactor.text("x"), "x");
}

#[test]
fn this_machine_is_known() {
    let node = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let redactor = Redactor::of_machine();
    let text = redactor.text(&format!("host {node} in {}", default_cache_dir().unwrap().display()));
    assert_eq!(text, "host {machine} in {cache}");
}

proptest! {
    #[test]
    fn a_secret_never_stays_where_it_is_a_word(
        secret in "[a-zA-Z0-9]{4,8}[0-9][A-Z][!-~]{0,8}[a-z]",
        before in "(user |role \"|password=|at '|: |\\(|=| |[a-z ]{0,20} )",
        behind in "( [a-z ]{0,20}|\"|'|\\)|, |)",
    ) {
        let mut redactor = Redactor::default();
        redactor.hide(Thing::User, &secret);
        let text = redactor.text(&format!("{before}{secret}{behind}"));
        prop_assert!(!text.contains(&secret), "{text}");
        prop_assert!(text.contains("{user}") || text.contains("{password}") || text.contains("{host}"), "{text}");
    }

    #[test]
    fn a_text_without_any_of_it_stays_as_it_is(text in "[a-zäß ,;:()'\"0-9\n]{0,80}") {
        // Times and hexadecimal words may well be addresses.
        prop_assume!(!text.contains(':'));
        prop_assert_eq!(of("host=q.example user=Qq9 password=Zz8!").text(&text), text);
    }

    #[test]
    fn a_second_time_changes_nothing(text in "[ -~]{0,60}", user in "[a-z]{1,8}", password in "[!-~]{1,8}") {
        let mut redactor = Redactor::default();
        redactor.hide(Thing::User, &user);
        redactor.hide(Thing::Password, &password);
        redactor.hide(Thing::Host, "db.example.org");
        let once = redactor.text(&text);
        // What a braced name is made of is no value.
        prop_assume!(!["user", "password", "host", "address", "socket"].contains(&user.as_str()));
        prop_assume!(!password.contains(['{', '}']));
        prop_assert_eq!(redactor.text(&once), once);
    }
}
