//! Emulated disks in reports: what was aimed at stands beside what was found.

use super::emulated_label::words;
use super::section::Section;
use super::table::{Cell, Column, Table, Tone};
use crate::analysis::emulation::{Aimed, Emulated, emulated};
use crate::model::{EmulatedDisk, Fingerprint, Run};

/// Target and achieved, side by side; nothing where no disk is emulated.
pub(super) fn section(run: &Run) -> Option<Section> {
    let all = emulated(run);
    let first = all.first()?;
    let text = vec![
        format!(
            "{}. The figures that were found are those of the same probes as for any disk, through the emulation.",
            match &all[..] {
                [one] => format!("The server's data lay on an emulated disk, {}", words(one.disk)),
                _ => "Each server's data lay on an emulated disk of its own".into(),
            }
        ),
        "Writes are taken at once, as the kernel's page cache above a disk does, and done while nobody waits; reads and \
         flushes wait for the device. docs/disks.md says what the model leaves out."
            .into(),
    ];
    let table = match all.iter().all(|one| one.figures.is_empty()) {
        true => None,
        false => Some(table(&all, first.server.is_some())),
    };
    Some(Section { title: "Emulated disk".into(), text, table, ..Section::default() })
}

/// The figures of one disk, which were measured so.
pub(crate) fn of_disk(disk: &EmulatedDisk, measured: &Fingerprint) -> Table {
    table(&[Emulated::measured(disk, measured)], false)
}

fn table(all: &[Emulated<'_>], are_named: bool) -> Table {
    let mut columns = vec![
        Column::words("figure", ""),
        Column::numbers("target", "What the emulated disk has."),
        Column::numbers("achieved", "What was found through it."),
        Column::numbers("off by", "How far that is from the target."),
    ];
    if are_named {
        columns.insert(0, Column::words("server", ""));
    }
    let row = |one: &Emulated<'_>, figure: &Aimed| {
        let off = figure.off().map(|off| format!("{:+.1} %", off * 100.0));
        let tone = if figure.is_missed() { Tone::Alarm } else { Tone::Good };
        let mut cells = vec![
            Cell::Text(figure.fact.title().into()),
            Cell::Text(figure.words(figure.target)),
            Cell::optional(figure.achieved, |achieved| Cell::Text(figure.words(achieved))),
            Cell::optional(off, |off| Cell::Toned(off, tone)),
        ];
        if are_named {
            cells.insert(0, Cell::Code(one.server.unwrap_or_default().into()));
        }
        cells
    };
    let rows = all.iter().flat_map(|one| one.figures.iter().map(move |figure| row(one, figure))).collect();
    Table { columns, rows }
}
