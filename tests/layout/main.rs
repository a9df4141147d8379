//! The folders show the design only while imports keep to it: a room uses what lies below it.

use std::path::{Path, PathBuf};

/// The rooms from top to bottom. The leaves at the end use nothing but each other.
const ROOMS: [&str; 12] = [
    "cli", "report", "analysis", "doctor", "caveat", "runner", "method", "server", "table", "dataset",
    "probe", "record",
];
const LEAVES: [&str; 15] = [
    "cache_dir",
    "cause",
    "errors",
    "experiment",
    "fault",
    "fs",
    "interrupt",
    "pg_error",
    "redact",
    "say",
    "session",
    "sql",
    "stats",
    "units",
    "visible",
];

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The room or leaf that a source file belongs to.
fn room_of(path: &Path) -> String {
    let below_src = path.components().skip_while(|c| c.as_os_str() != "src").nth(1).unwrap();
    below_src.as_os_str().to_str().unwrap().trim_end_matches(".rs").to_string()
}

/// Every `crate::room` that a text names, in code or in a list of imports.
fn named(text: &str) -> Vec<String> {
    let name = |s: &str| s.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    text.split("crate::")
        .skip(1)
        .flat_map(|rest| match rest.strip_prefix('{') {
            Some(list) => list[..list.find('}').unwrap()].split(',').map(|s| name(s.trim())).collect(),
            None => vec![name(rest)],
        })
        .collect()
}

#[test]
fn imports_point_down() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    assert!(files.len() > 50);
    let depth = |room: &str| ROOMS.iter().position(|r| *r == room);
    let mut wrong = Vec::new();
    for file in files {
        let room = room_of(&file);
        if room == "main" || room == "lib" {
            continue;
        }
        assert!(
            depth(&room).is_some() || LEAVES.contains(&room.as_str()),
            "{room} has no place in this list"
        );
        for used in named(&std::fs::read_to_string(&file).unwrap()) {
            let up = match (depth(&room), depth(&used)) {
                (Some(own), Some(other)) => other < own,
                (None, Some(_)) => true,
                (_, None) => false,
            };
            if up {
                wrong.push(format!("{}: {room} uses {used}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What cannot be printed makes the macros of the standard library panic.
#[test]
fn nothing_is_printed_but_by_what_cannot_panic() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut wrong = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        // The tests come last in a file.
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        if code.contains("println!(") || code.contains("print!(") {
            wrong.push(file.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "use say! or cli::print: {}", wrong.join(", "));
}
