//! The label of what was measured on an emulated disk: no result is without it.

use crate::analysis::emulation::{Aimed, TOLERANCE, emulated, spellings};
use crate::disk::{figures_of, spelling};
use crate::model::{EmulatedDisk, Run};
use crate::units;

/// The title of a run, with the disk where that is emulated: a result of it is never without this word.
pub(super) fn title(run: &Run) -> String {
    let disks = spellings(run);
    let title = &run.plan.title;
    match &disks[..] {
        [] => title.clone(),
        [disk] => format!("{title} (emulated disk: {disk})"),
        _ => format!("{title} (emulated disks)"),
    }
}

/// The disk beneath the data in a few words: that it was emulated, or the file system of a real one.
pub(super) fn disk(run: &Run) -> String {
    let disks = spellings(run);
    match (&disks[..], &run.provenance.machine.disk) {
        ([], None) => "disk unknown".into(),
        ([], Some(disk)) => disk.filesystem.clone(),
        ([disk], _) => format!("emulated disk {disk}"),
        (disks, _) => format!("emulated disks {}", disks.join(", ")),
    }
}

/// What a reader has to know of the disks: that they are emulated, and which of their figures were missed.
pub(super) fn warnings(run: &Run) -> Vec<String> {
    let all = emulated(run);
    if all.is_empty() {
        return Vec::new();
    }
    let mut disks: Vec<String> = all.iter().map(|one| words(one.disk)).collect();
    disks.dedup();
    let mut found = vec![format!(
        "the disk was emulated ({}): these are times of this machine's processors and memory with such a disk, by a model \
         of one queue, and not those of any machine that has one",
        disks.join("; ")
    )];
    for one in &all {
        let missed: Vec<String> =
            one.figures.iter().filter(|figure| figure.is_missed()).map(missed).collect();
        if !missed.is_empty() {
            found.push(format!(
                "the emulated disk{} is off by more than {} of what was aimed at: {}",
                one.server.map(|name| format!(" of {name}")).unwrap_or_default(),
                units::percent(TOLERANCE),
                missed.join("; ")
            ));
        }
    }
    found
}

/// A disk and its figures.
pub(super) fn words(disk: &EmulatedDisk) -> String {
    match figures_of(disk) {
        figures if figures.is_empty() => format!("{}, without any delay", spelling(disk)),
        figures if disk.class.is_some() => format!("{}: {figures}", spelling(disk)),
        figures => figures,
    }
}

fn missed(figure: &Aimed) -> String {
    let found = figure.achieved.map(|achieved| figure.words(achieved)).unwrap_or_default();
    format!("{} {found} for {}", figure.fact.title(), figure.words(figure.target))
}
