//! The worst of many in a sentence, by name, and that there are more.

use crate::model::Sample;

/// Of many so many are named.
const NAMED: usize = 5;

/// A sample, and how far it is from the others.
pub(crate) fn named(sample: &Sample, how_much: &str) -> String {
    format!("{} in {} ({how_much})", sample.case, sample.slot)
}

/// The first of them, which are the worst.
pub(crate) fn worst(all: impl ExactSizeIterator<Item = String>) -> String {
    let more = if all.len() > NAMED { ", and others less" } else { "" };
    format!("{}{more}", all.take(NAMED).collect::<Vec<_>>().join(", "))
}
