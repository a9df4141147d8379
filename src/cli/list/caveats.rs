//! The caveats, and each by itself.

use super::sources::Sources;
use super::table::{table, trimmed};
use crate::caveat::Caveat;
use crate::report::{Look, terminal};

/// The caveats with their titles; with `sources`, those, too.
pub(crate) fn all(caveats: &[Caveat], mut sources: Option<&mut Sources>, look: Look) -> String {
    let longest = caveats.iter().map(|caveat| caveat.id.len()).max().unwrap_or(0);
    let header: &[&str] = match sources {
        None => &["caveat", "what goes wrong"],
        Some(_) => &["caveat", "what goes wrong", "source"],
    };
    let mut table = table(header, look, longest);
    for caveat in caveats {
        let mut row = vec![caveat.id.clone(), caveat.title.clone()];
        row.extend(sources.as_deref_mut().map(|sources| sources.numbers(&caveat.source)));
        table.add_row(row);
    }
    trimmed(&table)
}

/// A caveat by itself; `verbose` with its source and all its ways.
pub(crate) fn one(caveat: &Caveat, verbose: bool, look: Look) -> String {
    let mut text = terminal::heading(&format!("{}, a caveat", caveat.id), look);
    let mut lines = vec![caveat.title.clone(), format!("its source says: {}", caveat.says)];
    let remedies = caveat.ways.iter().filter_map(|way| Some(format!("{}: {}", way.id, way.remedy.as_ref()?)));
    lines.extend(remedies.map(|remedy| format!("may help: {remedy}")));
    if verbose {
        let ways: Vec<String> = caveat.all_ways().into_iter().map(|way| way.id).collect();
        lines.push(format!("loaded by {}", ways.join(", ")));
        lines.push(format!("source: {}", caveat.source));
    }
    lines.iter().for_each(|line| text.push_str(&terminal::indented(line, 2, look)));
    text.push_str(&format!("  bulkbench run caveats --caveat {}\n", caveat.id));
    text
}
