//! The experiments that are compiled in.

use include_dir::{Dir, include_dir};

static DIR: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/experiments");

/// Their ids, in the order that lists show them.
pub(crate) const IDS: [&str; 32] = [
    "votes",
    "insert-family",
    "batch-size",
    "batches",
    "commit-interval",
    "formats",
    "types",
    "wide",
    "scale",
    "parallelism",
    "indexes",
    "indexes-kinds",
    "foreign-keys",
    "backfill",
    "chunks",
    "maintenance-work-mem",
    "cores",
    "memory",
    "wal",
    "collation",
    "latency",
    "versions",
    "populating",
    "loaders",
    "fastest",
    "durability",
    "power",
    "disks",
    "flush-time",
    "article",
    "caveats",
    "all",
];

/// The text of the one of this id.
pub(crate) fn text(id: &str) -> Option<&'static str> {
    let listed = IDS.contains(&id);
    listed.then(|| DIR.get_file(format!("{id}.toml")))?.and_then(|file| file.contents_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_are_listed_are_compiled_in_and_the_other_way_round() {
        assert!(IDS.iter().all(|id| text(id).is_some()));
        assert_eq!(DIR.files().count(), IDS.len());
    }
}
