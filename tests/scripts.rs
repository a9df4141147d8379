//! The scripts that a newcomer begins with: that asking for help does nothing else.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// What `scripts/run` says of an argument on standard output, with an empty cache and programs built here.
fn said_of(argument: &str, target: &Path) -> String {
    let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/run"));
    command.env("BULKBENCH_CACHE", target.join("cache")).env("CARGO_TARGET_DIR", target);
    let done = command.args(["votes", argument]).output().unwrap();
    let error = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && error.is_empty(), "{error}");
    String::from_utf8(done.stdout).unwrap()
}

#[test]
fn help_sets_nothing_up_and_builds_nothing() {
    let target = tempfile::tempdir().unwrap();
    for flag in ["-h", "--help"] {
        let text = said_of(flag, target.path());
        assert!(text.starts_with("usage: scripts/run [EXPERIMENT]") && text.contains("--quick"), "{text}");
    }
    assert_eq!(fs::read_dir(target.path()).unwrap().count(), 0, "nothing is made");

    // Where a program is built, it has the word.
    let program = target.path().join("release/bulkbench");
    fs::create_dir(target.path().join("release")).unwrap();
    fs::write(&program, "#!/bin/sh\necho \"the program: $*\"\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(said_of("--help", target.path()), "the program: run --help\n");
}
