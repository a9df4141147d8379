//! Records which commit the program is built from, so that a result says what made it; and packs what
//! debuggers read.

use std::process::Command;

/// What decides how the program behaves: a change elsewhere does not make it another program.
const SOURCES: [&str; 11] = [
    "src",
    "assets",
    "claims",
    "datasets/caveats",
    "datasets/tables",
    "experiments",
    "loaders",
    "scripts/peers",
    "build.rs",
    "Cargo.toml",
    "Cargo.lock",
];

fn main() {
    // The line tables that backtraces read are a third as large packed, and backtraces unpack them.
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|has| has == value);
    if is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux") {
        println!("cargo:rustc-link-arg-bins=-Wl,--compress-debug-sections=zlib");
    }
    // Not .git/index, which any `git status` may write anew: that is no reason to build again.
    for path in SOURCES.iter().chain(&[".git/HEAD", ".git/logs/HEAD"]) {
        if std::path::Path::new(path).exists() {
            println!("cargo:rerun-if-changed={path}");
        }
    }
    // Outside a checkout, or without git, the commit is simply not known.
    if let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) {
        let mut status = vec!["--no-optional-locks", "status", "--porcelain", "--"];
        status.extend(SOURCES);
        let changes = git(&status).is_none_or(|changes| !changes.is_empty());
        println!("cargo:rustc-env=BULKBENCH_COMMIT={commit}{}", if changes { "+changes" } else { "" });
    }
}

fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_string())
}
