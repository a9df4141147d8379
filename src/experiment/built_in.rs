//! The experiments that are compiled in.

/// Their ids and texts, in the order that lists show them.
pub(super) const BUILT_IN: &[(&str, &str)] = &[
    ("votes", include_str!("../../experiments/votes.toml")),
    ("all", include_str!("../../experiments/all.toml")),
];
