//! The folders show the design only while imports keep to it: a room uses what lies below it, and no two
//! files use each other.

mod circles;
mod imports;
mod tree;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use circles::circles;
use imports::Graph;
use tree::Tree;

/// The rooms from top to bottom: each uses those after it.
const ROOMS: &[&str] = &[
    "cli",
    "report",
    "analysis",
    "doctor",
    "caveat",
    "runner",
    "method",
    "server",
    "disk",
    "table",
    "dataset",
    "probe",
    "record",
    "claim",
    "experiment",
    "redact",
    "cache_dir",
    "session",
    "cause",
    "sql",
    "pg_error",
    "fs",
    "interrupt",
    "fault",
    "errors",
    "say",
    "stats",
    "units",
    "value",
    "visible",
    "spelling",
    "model",
    "distinct",
];

/// Lines of a file that can still be read as a whole.
const FILE_LINES: usize = 500;

/// The library's files and which of them use which.
struct Library {
    paths: Vec<PathBuf>,
    graph: Graph,
}

static LIBRARY: LazyLock<Library> = LazyLock::new(|| {
    let tree = Tree::read(&sources());
    let graph = imports::graph(&tree);
    Library { paths: tree.files.into_iter().map(|file| file.path).collect(), graph }
});

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// All source files, tests too.
fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The files with those of their lines that are no tests, which come last.
fn codes() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    files(&sources(), &mut found);
    let code = |file: &PathBuf| {
        let text = std::fs::read_to_string(file).unwrap();
        text.split("#[cfg(test)]").next().unwrap_or_default().to_owned()
    };
    found.into_iter().map(|file| (file.clone(), code(&file))).collect()
}

/// The use of one file by another, as a message shows it.
fn shown(from: usize, to: usize) -> String {
    let path = |file: usize| LIBRARY.paths[file].display();
    format!("src/{}:{} uses src/{}", path(from), LIBRARY.graph[&from][&to], path(to))
}

/// The room or leaf that a source file belongs to.
fn room_of(path: &Path) -> String {
    let first = path.components().next().unwrap();
    first.as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned()
}

#[test]
fn imports_point_down() {
    let Library { paths, graph } = &*LIBRARY;
    assert!(paths.len() > 100);
    let depth = |file: usize| {
        let room = room_of(&paths[file]);
        let depth = ROOMS.iter().position(|one| *one == room);
        depth.unwrap_or_else(|| panic!("{room} has no place in the list of rooms"))
    };
    let mut up = Vec::new();
    for (from, uses) in graph {
        if paths[*from] == Path::new("lib.rs") {
            continue;
        }
        up.extend(uses.keys().filter(|to| depth(**to) < depth(*from)).map(|to| shown(*from, *to)));
    }
    assert!(up.is_empty(), "these point up:\n{}", up.join("\n"));
}

#[test]
fn no_files_use_each_other() {
    let mut text = String::new();
    for circle in circles(&LIBRARY.graph) {
        text.push_str("a circle:\n");
        for (i, from) in circle.iter().enumerate() {
            text += &format!("  {}\n", shown(*from, circle[(i + 1) % circle.len()]));
        }
    }
    assert!(text.is_empty(), "{text}");
}

/// Whatever way the name goes: by another module's `pub use`, by `super`, in a macro, in an attribute.
#[test]
fn a_circle_is_found_by_where_items_are_defined() {
    let dir = tempfile::tempdir().unwrap();
    let sources = [
        ("lib.rs", "mod a; mod b; mod d; pub use a::top;"),
        (
            "a/mod.rs",
            "mod c; pub use c::C; mod e; pub fn top() {} #[cfg(test)] mod tests { use crate::b::B; }",
        ),
        ("a/c.rs", "pub struct C; fn f() { println!(\"{}\", crate::b::B::new()) }"),
        ("a/e.rs", "pub fn parse() -> u8 { super::super::d::D }"),
        ("b.rs", "\nuse crate::a::{self, C};\npub(in crate::d) struct B; impl B { fn f() { a::top() } }"),
        ("d.rs", "#[arg(value_parser = crate::a::e::parse)]\npub struct D;"),
    ];
    for (name, text) in sources {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let tree = Tree::read(dir.path());
    let name = |file: usize| tree.files[file].path.to_str().unwrap();
    let graph = imports::graph(&tree);
    let uses: Vec<String> = graph
        .iter()
        .flat_map(|(from, uses)| {
            uses.iter().map(|(to, line)| format!("{}:{line} {}", name(*from), name(*to)))
        })
        .collect();
    assert_eq!(uses, ["a/c.rs:1 b.rs", "a/e.rs:1 d.rs", "b.rs:3 a/mod.rs", "b.rs:2 a/c.rs", "d.rs:1 a/e.rs"]);
    let circles = circles(&graph);
    let mut named: Vec<Vec<&str>> =
        circles.iter().map(|circle| circle.iter().map(|file| name(*file)).collect()).collect();
    named.sort();
    assert_eq!(named, [["a/c.rs", "b.rs"], ["a/e.rs", "d.rs"]]);
}

#[test]
fn no_file_is_too_long_to_read() {
    let mut found = Vec::new();
    files(&sources(), &mut found);
    found.retain(|file| std::fs::read_to_string(file).unwrap().lines().count() > FILE_LINES);
    assert!(found.is_empty(), "more than {FILE_LINES} lines: {found:?}");
}

/// A text that cannot be printed makes the macros of the standard library panic.
#[test]
fn nothing_is_printed_but_by_what_cannot_panic() {
    let mut wrong = codes();
    wrong.retain(|(_, code)| code.contains("println!(") || code.contains("print!("));
    let wrong: Vec<_> = wrong.iter().map(|(file, _)| file.display().to_string()).collect();
    assert!(wrong.is_empty(), "use say! or cli::print: {}", wrong.join(", "));
}
