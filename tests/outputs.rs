//! A destination that a user names keeps its kind, and one that cannot be written ends as the README says.

mod common;

use std::fs::{self, File, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A cache with a dataset of 500 rows, and a directory for what is written.
struct TestDir {
    dir: tempfile::TempDir,
    csv: Vec<u8>,
}

impl TestDir {
    fn new() -> Self {
        let dir = common::world_readable_tempdir();
        fs::create_dir(dir.path().join("out")).unwrap();
        let place = Self { dir, csv: Vec::new() };
        let made = place.export("-");
        assert_eq!(code(&made), 0);
        Self { csv: made.stdout, ..place }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join("out").join(name)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bulkbench"));
        command.env("BULKBENCH_CACHE", self.dir.path().join("cache")).env("NO_COLOR", "1");
        command.current_dir(self.dir.path().join("out")).stdin(Stdio::null());
        command
    }

    fn export(&self, to: impl AsRef<Path>) -> Output {
        self.command().args(["dataset", "export", "--rows", "500"]).arg(to.as_ref()).output().unwrap()
    }

    /// The same by the shell, after `before` and with `redirect`.
    fn shell(&self, before: &str, args: &str, redirect: &str) -> Output {
        let line = format!("{before} exec {} {args} {redirect}", env!("CARGO_BIN_EXE_bulkbench"));
        let mut command = Command::new("bash");
        command.env("BULKBENCH_CACHE", self.dir.path().join("cache")).env("NO_COLOR", "1");
        command.current_dir(self.dir.path().join("out")).args(["-c", &line]).output().unwrap()
    }

    /// The names in the directory, sorted.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir.path().join("out")).unwrap();
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("{output:?}"))
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[track_caller]
fn assert_refused(output: &Output, expected: i32, words: &[&str]) {
    let text = said(output);
    assert_eq!(code(output), expected, "{text}");
    for word in words {
        assert!(text.contains(word), "{word:?} is not in: {text}");
    }
}

#[test]
fn a_file_keeps_its_owner_mode_and_attributes() {
    let place = TestDir::new();
    let file = place.at("votes.csv");
    fs::write(&file, "old").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
    let root = rustix::process::geteuid().is_root();
    if root {
        std::os::unix::fs::chown(&file, Some(12), Some(13)).unwrap();
    }
    // Not every file system has them.
    let marked = rustix::fs::setxattr(&file, "user.mark", b"x", rustix::fs::XattrFlags::empty()).is_ok();
    let before = fs::metadata(&file).unwrap();
    let done = place.export(&file);
    assert_eq!((code(&done), said(&done)), (0, String::new()));
    let after = fs::metadata(&file).unwrap();
    assert_eq!(fs::read(&file).unwrap(), place.csv);
    let of = |meta: &fs::Metadata| (meta.uid(), meta.gid(), meta.mode());
    assert_eq!(of(&after), of(&before));
    assert_ne!(after.ino(), before.ino(), "it is replaced as a whole");
    let mut value = [0_u8; 8];
    let length = rustix::fs::getxattr(&file, "user.mark", &mut value[..]);
    assert_eq!(length.is_ok_and(|length| value[..length] == *b"x"), marked);
    assert_eq!(place.names(), ["votes.csv"]);
}

#[test]
fn a_new_file_has_the_permissions_that_the_umask_leaves() {
    let place = TestDir::new();
    assert_eq!(code(&place.shell("umask 027;", "dataset export new.csv --rows 500", "")), 0);
    assert_eq!(fs::read(place.at("new.csv")).unwrap(), place.csv);
    assert_eq!(fs::metadata(place.at("new.csv")).unwrap().mode() & 0o7777, 0o640);
}

#[test]
fn links_are_followed_and_stay() {
    let place = TestDir::new();
    fs::create_dir(place.at("there")).unwrap();
    fs::write(place.at("there/votes.csv"), "old").unwrap();
    symlink("there/votes.csv", place.at("link")).unwrap();
    symlink("link", place.at("link to it")).unwrap();
    symlink("there/new.csv", place.at("dangling")).unwrap();
    symlink("round", place.at("round")).unwrap();
    symlink("nowhere/new.csv", place.at("astray")).unwrap();
    for (link, target) in [("link to it", "there/votes.csv"), ("dangling", "there/new.csv")] {
        assert_eq!(code(&place.export(place.at(link))), 0);
        assert!(fs::symlink_metadata(place.at(link)).unwrap().is_symlink());
        assert!(!fs::symlink_metadata(place.at(target)).unwrap().is_symlink());
        assert_eq!(fs::read(place.at(target)).unwrap(), place.csv);
    }
    assert_refused(&place.export(place.at("round")), 3, &["round"]);
    assert_refused(&place.export(place.at("astray")), 3, &["astray", "make it first"]);
    assert_eq!(place.names(), ["astray", "dangling", "link", "link to it", "round", "there"]);
}

#[test]
fn a_file_with_other_names_keeps_them_and_the_user_is_warned() {
    let place = TestDir::new();
    fs::write(place.at("one"), "x".repeat(100_000)).unwrap();
    fs::hard_link(place.at("one"), place.at("two")).unwrap();
    assert_refused(&place.export(place.at("one")), 0, &["one was written in place", "hard links"]);
    assert_eq!(fs::read(place.at("two")).unwrap(), place.csv);
    assert_eq!(fs::metadata(place.at("two")).unwrap().nlink(), 2);
}

#[test]
fn devices_and_pipes_take_the_rows_and_stay() {
    let place = TestDir::new();
    assert_eq!(code(&place.export("/dev/null")), 0);
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    assert_refused(&place.export("/dev/full"), 3, &["/dev/full", "the disk is full"]);
    assert!(fs::metadata("/dev/full").unwrap().file_type().is_char_device());

    let fifo = place.at("fifo");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let reader = std::thread::spawn({
        let fifo = fifo.clone();
        move || fs::read(fifo).unwrap()
    });
    assert_eq!(code(&place.export(&fifo)), 0);
    assert_eq!(reader.join().unwrap(), place.csv);
    assert!(fs::metadata(&fifo).unwrap().file_type().is_fifo());

    // Nobody reads it, and then only a part.
    let child = |args: &[&str]| {
        place.command().args(args).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap()
    };
    let export = ["dataset", "export", fifo.to_str().unwrap(), "--rows", "50000"];
    for reads in [false, true] {
        let waiting = child(&export);
        let reader = reads.then(|| {
            let mut fifo = File::open(&fifo).unwrap();
            fifo.read_exact(&mut [0; 100]).unwrap();
            fifo
        });
        std::thread::sleep(std::time::Duration::from_millis(500));
        let pid = rustix::process::Pid::from_child(&waiting);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        assert_refused(&waiting.wait_with_output().unwrap(), 143, &["SIGTERM"]);
        drop(reader);
    }
    assert_eq!(place.names(), ["fifo"]);
}

#[test]
fn the_standard_output_is_itself_by_any_name() {
    let place = TestDir::new();
    for name in ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        assert_eq!(place.export(name).stdout, place.csv, "{name}");
        // Where it is a file that has something already.
        fs::write(place.at("log"), "first\n").unwrap();
        let done = place.shell("", &format!("dataset export {name} --rows 500"), ">> log");
        assert_eq!(code(&done), 0, "{name}: {}", said(&done));
        assert_eq!(fs::read(place.at("log")).unwrap(), [b"first\n", &place.csv[..]].concat(), "{name}");
    }
    assert_eq!(place.shell("", "dataset export /dev/stderr --rows 500", "").stderr, place.csv);
    // Other names of it, and of what the shell opened besides, whether it was emptied or not.
    std::os::unix::fs::symlink("/dev/stdout", place.at("link")).unwrap();
    for (name, redirect) in
        [("link", ">> log"), ("/dev/./stdout", ">> log"), ("log", ">> log"), ("/dev/fd/3", "3>> log")]
    {
        fs::write(place.at("log"), "first\n").unwrap();
        let done = place.shell("", &format!("dataset export {name} --rows 500"), redirect);
        assert_eq!(code(&done), 0, "{name}: {}", said(&done));
        assert_eq!(fs::read(place.at("log")).unwrap(), [b"first\n", &place.csv[..]].concat(), "{name}");
    }
    fs::remove_file(place.at("link")).unwrap();
    assert_eq!(place.names(), ["log"]);
}

#[test]
fn what_cannot_be_written_to_is_refused_and_left() {
    let place = TestDir::new();
    fs::create_dir(place.at("directory")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(place.at("socket")).unwrap();
    fs::write(place.at("file"), "").unwrap();
    assert_refused(&place.export(place.at("directory")), 2, &["is a directory"]);
    assert_refused(&place.export(place.at("socket")), 2, &["is a socket"]);
    assert!(fs::metadata(place.at("socket")).unwrap().file_type().is_socket());
    assert_refused(&place.export(place.at("new/")), 2, &["not the name of a file"]);
    assert_refused(&place.export(place.at("file/x")), 3, &["a file lies where a directory should"]);
    assert_refused(&place.export(place.at("none/x")), 3, &["its directory is not there"]);
    assert_eq!(place.names(), ["directory", "file", "socket"]);
}

/// As another user than root, who may write anything.
#[test]
fn a_file_without_the_right_to_write_is_refused_and_one_in_a_closed_directory_written_in_place() {
    let place = TestDir::new();
    let export = |name: &str| {
        let mut command = place.command();
        command.args(["dataset", "export", name, "--rows", "500"]);
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(place.at(name), Some(65534), Some(65534)).unwrap();
            std::os::unix::fs::chown(place.at(""), Some(65534), Some(65534)).unwrap();
            command.uid(65534).gid(65534);
        }
        command.output().unwrap()
    };
    fs::write(place.at("closed"), "old").unwrap();
    fs::set_permissions(place.at("closed"), Permissions::from_mode(0o444)).unwrap();
    assert_refused(&export("closed"), 3, &["closed", "no permission"]);
    assert_eq!(fs::read(place.at("closed")).unwrap(), b"old");

    fs::write(place.at("open"), "old").unwrap();
    fs::set_permissions(place.at(""), Permissions::from_mode(0o555)).unwrap();
    assert_refused(&export("open"), 0, &["open was written in place", "beside it"]);
    assert_eq!(fs::read(place.at("open")).unwrap(), place.csv);
    fs::set_permissions(place.at(""), Permissions::from_mode(0o755)).unwrap();
    assert_eq!(place.names(), ["closed", "open"]);
}

#[test]
fn where_there_is_no_room_the_old_file_stays_and_nothing_half_made() {
    let place = TestDir::new();
    fs::write(place.at("votes.csv"), "old").unwrap();
    // 4 KiB in bash's blocks: the rows need more.
    let export = place.shell("ulimit -f 4;", "dataset export votes.csv --rows 500", "");
    assert_refused(&export, 3, &["votes.csv", "ulimit -f"]);
    assert_eq!(
        (fs::read(place.at("votes.csv")).unwrap(), place.names()),
        (b"old".to_vec(), vec!["votes.csv".into()])
    );

    let cache = || {
        let entries = fs::read_dir(place.dir.path().join("cache/datasets")).unwrap();
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
    };
    let before = cache();
    assert_refused(&place.shell("ulimit -f 4;", "dataset generate --rows 700", ""), 3, &["ulimit -f"]);
    fs::write(place.at("mine.csv"), &place.csv).unwrap();
    assert_refused(&place.shell("ulimit -f 4;", "dataset import mine.csv", ""), 3, &["ulimit -f"]);
    assert_eq!(cache(), before);
}

#[test]
fn damaged_gzip_data_is_a_fault_of_the_data() {
    let place = TestDir::new();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&place.csv).unwrap();
    let whole = gzip.finish().unwrap();
    let mut corrupt = whole.clone();
    corrupt[whole.len() / 2] ^= 0xff;
    let mut wrong_sum = whole.clone();
    wrong_sum[whole.len() - 6] ^= 0xff;
    let cases = [&whole[..whole.len() / 2], &whole[..5], &whole[..whole.len() - 4], &corrupt, &wrong_sum];
    for (i, bytes) in cases.into_iter().enumerate() {
        fs::write(place.at("votes.csv.gz"), bytes).unwrap();
        let done = place.command().args(["dataset", "import", "votes.csv.gz"]).output().unwrap();
        assert_eq!(code(&done), 4, "{i}: {}", said(&done));
        assert!(said(&done).contains("votes.csv.gz"), "{i}: {}", said(&done));
        assert!(said(&done).contains("the gzip data is damaged"), "{i}: {}", said(&done));
    }
    let datasets = fs::read_dir(place.dir.path().join("cache/datasets")).unwrap().count();
    assert_eq!(datasets, 1, "the one that was exported");
}

#[test]
fn nothing_panics_where_nothing_can_be_printed() {
    let place = TestDir::new();
    for (args, redirect, expected) in [
        ("list", "> /dev/full", 3),
        ("list", "| head -1", 0),
        ("list", ">&-", 0),
        ("--help", "> /dev/full", 3),
        ("dataset export - --rows 50000", "| head -1", 0),
        ("dataset export - --rows 500", "> /dev/full", 3),
        ("dataset generate --rows 600", "2> /dev/full", 0),
        ("dataset generate --rows 600", "2>&-", 0),
        ("run nothing", "2> /dev/full", 2),
        ("run --nothing", "2> /dev/full", 2),
        ("run nothing", "2>&-", 2),
        ("run nothing", "2>&1 | true", 2),
        ("run --rows 100 --rounds 1 --methods copy-csv --server local", "> /dev/null 2> /dev/full", 0),
    ] {
        let before = "set -o pipefail;";
        // `exec` would replace the shell, which has the pipe to look at.
        let line = format!("{before} {} {args} {redirect}", env!("CARGO_BIN_EXE_bulkbench"));
        let mut command = Command::new("bash");
        command.env("BULKBENCH_CACHE", place.dir.path().join("cache")).current_dir(place.at(""));
        let done = command.args(["-c", &line]).output().unwrap();
        assert_eq!(code(&done), expected, "{args} {redirect}: {}", said(&done));
        assert!(!said(&done).contains("panicked"), "{args} {redirect}: {}", said(&done));
    }
    let full = place.shell("", "list", "> /dev/full");
    assert_refused(&full, 3, &["the disk is full", "the standard output"]);
}

#[test]
fn a_path_is_printed_with_the_names_of_what_cannot_be_seen() {
    let place = TestDir::new();
    let cache = place.dir.path().join("ca\u{202e}che\nx");
    let mut command = Command::new(env!("CARGO_BIN_EXE_bulkbench"));
    let done = command.env("BULKBENCH_CACHE", &cache).args(["dataset", "info"]).output().unwrap();
    assert_eq!(code(&done), 0, "{}", said(&done));
    let shown = "/ca<RIGHT-TO-LEFT OVERRIDE U+202E>che<LF>x";
    assert!(String::from_utf8(done.stdout).unwrap().contains(shown));
}

/// Figures are shown and kept although there was no room for the reports.
#[test]
fn a_run_without_room_for_its_reports_says_how_to_make_them() {
    let place = TestDir::new();
    let cache = place.dir.path().join("cache/datasets");
    let dataset =
        bulkbench::dataset::Dataset::generated(&cache, 100, 1, &bulkbench::interrupt::Interrupt::new());
    let server = common::local(&dataset.unwrap());
    let run = "run --rows 100 --rounds 1 --methods copy-csv --server";
    // In bash's blocks of 1 KiB: the records need less, the page more.
    let done = place.shell("ulimit -f 20;", &format!("{run} '{}'", common::url(&*server)), "");
    server.stop().unwrap();
    assert_eq!(code(&done), 3, "{}", said(&done));
    let words = said(&done);
    let (_, way) = words.split_once("all samples are kept; make the reports of them by `bulkbench ").unwrap();
    assert!(String::from_utf8(done.stdout).unwrap().contains("Fastest here"), "{words}");
    let again = place.shell("", way.split('`').next().unwrap(), "");
    assert_eq!(code(&again), 0, "{}", said(&again));
}

/// A full disk for temporary files, or none, does not turn a program that is here into one that is not.
#[test]
fn a_version_is_asked_for_without_temporary_files() {
    let place = TestDir::new();
    let listed = place.shell("TMPDIR=/nonexistent", "list --family external", "");
    assert_eq!(code(&listed), 0, "{}", said(&listed));
    let text = String::from_utf8(listed.stdout).unwrap();
    assert!(text.contains("psql-copy") && !text.contains("making a file"), "{text}");
}

#[test]
fn a_server_that_takes_no_writes_is_refused_with_the_next_step() {
    let place = TestDir::new();
    let dataset = bulkbench::dataset::Dataset::generated(
        place.dir.path(),
        10,
        1,
        &bulkbench::interrupt::Interrupt::new(),
    )
    .unwrap();
    let mut server = common::local(&dataset);
    let url = common::url(&*server);
    let run = || {
        for (url, said) in [
            (url.clone(), "25006"),
            (format!("{url}&target_session_attrs=read-write"), "does not allow writes"),
        ] {
            let args = ["run", "--rows", "100", "--rounds", "1", "--methods", "copy-csv", "--server", &url];
            let done = place.command().args(args).output().unwrap();
            let advice = ["the server takes no writes", "standby", "default_transaction_read_only"];
            assert_refused(&done, 3, &[&advice[..], &[said]].concat());
        }
    };
    let control = server.connector().connect();
    control.unwrap().batch_execute("ALTER ROLE CURRENT_USER SET default_transaction_read_only = on").unwrap();
    run();
    let mut control = server.connector().connect().unwrap();
    for sql in ["SET default_transaction_read_only = off", "ALTER ROLE CURRENT_USER RESET ALL"] {
        control.batch_execute(sql).unwrap();
    }
    drop(control);

    fs::write(server.data_dir().unwrap().join("data/standby.signal"), "").unwrap();
    server.apply(&[("max_connections".to_owned(), "300".to_owned())].into()).unwrap();
    let recovers = "SELECT pg_is_in_recovery()";
    assert!(server.connector().connect().unwrap().query_one(recovers, &[]).unwrap().get::<_, bool>(0));
    run();
    server.stop().unwrap();
    assert_eq!(fs::read_dir(place.at("results")).unwrap().count(), 0, "no run was begun");
}
