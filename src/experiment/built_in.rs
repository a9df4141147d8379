//! The experiments that are compiled in.

/// Their ids and texts, in the order that lists show them.
pub(super) const BUILT_IN: &[(&str, &str)] = &[
    ("votes", include_str!("../../experiments/votes.toml")),
    ("insert-family", include_str!("../../experiments/insert-family.toml")),
    ("batch-size", include_str!("../../experiments/batch-size.toml")),
    ("commit-interval", include_str!("../../experiments/commit-interval.toml")),
    ("formats", include_str!("../../experiments/formats.toml")),
    ("scale", include_str!("../../experiments/scale.toml")),
    ("parallelism", include_str!("../../experiments/parallelism.toml")),
    ("indexes", include_str!("../../experiments/indexes.toml")),
    ("foreign-keys", include_str!("../../experiments/foreign-keys.toml")),
    ("backfill", include_str!("../../experiments/backfill.toml")),
    ("chunks", include_str!("../../experiments/chunks.toml")),
    ("maintenance-work-mem", include_str!("../../experiments/maintenance-work-mem.toml")),
    ("wal", include_str!("../../experiments/wal.toml")),
    ("collation", include_str!("../../experiments/collation.toml")),
    ("latency", include_str!("../../experiments/latency.toml")),
    ("versions", include_str!("../../experiments/versions.toml")),
    ("populating", include_str!("../../experiments/populating.toml")),
    ("loaders", include_str!("../../experiments/loaders.toml")),
    ("fastest", include_str!("../../experiments/fastest.toml")),
    ("caveats", include_str!("../../experiments/caveats.toml")),
    ("all", include_str!("../../experiments/all.toml")),
];
