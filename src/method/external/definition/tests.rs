//! Definitions that are refused, and the words of the refusal.

use super::*;
use crate::fault::Fault;
use crate::method::{Method, resolve_params};
use crate::model::{ParamValue, Params};
use crate::table::Table;

const SMALL: &str = r#"
    id = "mine"
    summary = "s"
    source = "s"
    input = "csv"
    command = ["mine", "{file}", "{batch}"]
    version = ["mine", "--version"]
    install = "i"
    [params.batch]
    help = "rows"
    default = 10
    min = 1
    max = 100
    [[file]]
    name = "a"
    text = "{table}"
"#;

#[track_caller]
fn assert_refused(from: &str, to: &str, words: &[&str]) {
    assert!(SMALL.contains(from), "{from}");
    let text = SMALL.replacen(from, to, 1);
    let error = Loader::parse(&text, "mine.toml", Beside::BuiltIn(&[])).unwrap_err();
    assert_eq!(Fault::find(&error).map(Fault::exit_code), Some(2));
    let text = format!("{error:#}");
    for word in ["mine.toml"].iter().chain(words) {
        assert!(text.contains(word), "`{word}` is not in: {text}");
    }
}

#[test]
fn a_definition_that_is_wrong_is_named_with_key_value_rule_and_next_step() {
    Loader::parse(SMALL, "mine.toml", Beside::BuiltIn(&[])).unwrap();
    assert_refused("summary =", "sumary =", &["line 3", "did you mean `summary`?"]);
    assert_refused("\"csv\"", "\"cvs\"", &["line 5", "unknown variant `cvs`", "`csv`"]);
    assert_refused("version = [\"mine\", \"--version\"]", "", &["missing field `version`"]);
    assert_refused("\"mine\"\n", "\"My loader\"\n", &["id = \"My loader\"", "small letters"]);
    assert_refused("{file}", "{fiel}", &["in command, word `{fiel}`", "did you mean `file`?"]);
    assert_refused("{table}", "{tabel}", &["in the file a", "did you mean `table`?"]);
    assert_refused("--version", "{file}", &["in version", "no placeholder {file}"]);
    assert_refused("[\"mine\", \"{file}\", \"{batch}\"]", "[]", &["command = []", "name a program"]);
    assert_refused("\"i\"", "\"\"", &["install = \"\"", "one line of words"]);
    assert_refused("params.batch", "params.rows", &["params.rows", "none of host, port"]);
    assert_refused("default = 10", "default = 0", &["params.batch", "default = 0", "min = 1 to max = 100"]);
    assert_refused("default = 10", "default = -1", &["line 11", "a whole number from 0"]);
    assert_refused("max = 100", "", &["params.batch", "has `min` and `max`"]);
    assert_refused("default = 10", "default = true", &["params.batch", "leave them out"]);
    assert_refused("default = 10", "default = 'a'", &["params.batch", "has `choices`"]);
    let choices = |default: &str, words: &str| {
        let with = format!("[params.mode]\nhelp = \"how\"\ndefault = {default}\nchoices = {words}\n[params");
        move |expected: &[&str]| assert_refused("[params", &with, expected)
    };
    choices("\"dirct\"", "[\"direct\"]")(&["params.mode", "\"dirct\"", "did you mean `direct`?"]);
    choices("\"a b\"", "[\"a b\"]")(&["params.mode", "\"a b\" cannot stand in a case's id"]);
    assert_refused("name = \"a\"", "name = \"../a\"", &["name = \"../a\"", "within {scratch}"]);
    assert_refused("name = \"a\"", "name = \"stdout\"", &["name = \"stdout\"", "none of", "inserts.sql"]);
    assert_refused("text = \"{table}\"", "path = \"b.py\"", &["b.py", "not compiled in"]);
    assert_refused("text =", "path = \"b\"\ntext =", &["either `text` or `path`"]);
    assert_refused(
        "[params",
        "[exit]\nsuccess = [0]\npartial = [0]\n[params",
        &["0 cannot be success and partial", "one"],
    );
    assert_refused(
        "[params",
        "[exit]\npartial = [65]\nnot-fed = [65]\n[params",
        &["65 cannot be partial and not-fed", "one"],
    );
    let rejected = |rest: &str| format!("[rejected]\nfrom = \"stderr\"\n{rest}\n[params");
    assert_refused("[params", &rejected("pattern = '(a'"), &["rejected.pattern = '(a'", "mend it"]);
    assert_refused("[params", &rejected("pattrn = 'a'"), &["unknown field `pattrn`", "`pattern`"]);
    let twice = "[[file]]\nname = \"a\"\ntext = \"\"\n[[file]]";
    assert_refused("[[file]]", twice, &["the file a is there twice", "another name"]);
    assert_refused("[params", "[exit]\npartial = [256]\n[params", &["256", "u8"]);
    assert_refused("[params", "[env]\n\"A B\" = \"\"\n[params", &["env.A B", "letters, digits and _"]);
}

#[test]
fn parameters_are_numbers_flags_and_choices() {
    let more = "[params.sorted]\nhelp = \"sort\"\ndefault = true\n\
                [params.mode]\nhelp = \"how\"\ndefault = \"direct\"\nchoices = [\"direct\", \"other\"]\n[params.batch]";
    let text = SMALL.replace("[params.batch]", more).replace("{batch}\"", "{batch}{sorted}{mode}\"");
    let loader = Loader::parse(&text, "mine.toml", Beside::BuiltIn(&[])).unwrap();
    let allowed: Vec<_> =
        loader.info().params.iter().map(|p| (p.name.as_str(), p.allowed(), p.default_words())).collect();
    let expected = [
        ("batch", "1 to 100", "10"),
        ("mode", "direct or other", "direct"),
        ("sorted", "true or false", "true"),
    ];
    assert_eq!(allowed, expected.map(|(name, allowed, default)| (name, allowed.into(), default.into())));
    let given = Params::from([
        ("mode".into(), ParamValue::Choice("other".into())),
        ("sorted".into(), ParamValue::Int(0)),
    ]);
    let params = resolve_params(&loader, &given, (2, 1000), &Table::votes(&[])).unwrap();
    let filled = loader.command[2].fill(|name| params.get(name).map(ParamValue::to_string)).unwrap();
    assert_eq!(filled, "100other");
}

#[test]
fn a_program_beside_its_definition_is_found_from_anywhere_and_recorded_without_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mine.toml");
    let read = |program: &str| {
        std::fs::write(
            &file,
            SMALL.replacen("[\"mine\", \"{file}\"", &format!("[\"{program}\", \"{{file}}\""), 1),
        )
        .unwrap();
        Loader::read(&file).unwrap()
    };
    let program = |loader: &Loader| loader.command[0].fill(|_| Some("value".into())).unwrap();
    let beside = read("./bin/mine");
    assert_eq!(Path::new(&program(&beside)), dir.path().join("./bin/mine"));
    assert_eq!(beside.command(), "./bin/mine {file} {batch}");
    let absolute = read("/opt/mine");
    assert_eq!(
        (program(&absolute).as_str(), absolute.command().as_str()),
        ("/opt/mine", "mine {file} {batch}")
    );
    assert_eq!(program(&read("{python}")), "value");
    assert_eq!(program(&read("mine")), "mine");

    let gone = Loader::read(&dir.path().join("gone.toml")).unwrap_err().to_string();
    assert!(
        gone.contains("--loader") && gone.contains("gone.toml") && gone.contains("check the path"),
        "{gone}"
    );
}

#[test]
fn what_would_lead_its_sessions_elsewhere_is_refused() {
    let env = |line: &str| format!("[env]\n{line}\n[params");
    assert_refused("[params", &env("PGDATABASE = 'other'"), &["env.PGDATABASE", "leave it out"]);
    for options in ["-c search_path=public", "-csearch_path=public", "--search-path=public", "-c role=other"]
    {
        let words = ["env.PGOPTIONS", "the setting `"];
        assert_refused("[params", &env(&format!("PGOPTIONS = '{options}'")), &words);
    }
    assert_refused("{batch}\"]", "options=-csearch_path=public\"]", &["command: `search_path`", "{schema}"]);
    let text = "SET search_path = public; COPY votes";
    assert_refused("\"{table}\"", &format!("\"{text}\""), &["the file a: `search_path`", "{table}"]);
    assert_refused("[params", &env("SQL = 'SET ROLE other'"), &["env.SQL: `SET ROLE`"]);
    assert_refused("[params", &env("PGOPTIONS = '-c work_mem={file}'"), &["env.PGOPTIONS", "{file}"]);
    let own = SMALL.replace("[params", &env("PGOPTIONS = '-c work_mem={batch}MB'")).replacen(
        "{table}",
        "SET search_path TO '{schema}'",
        1,
    );
    Loader::parse(&own, "mine.toml", Beside::BuiltIn(&[])).unwrap();
}
