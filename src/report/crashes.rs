//! What a crash left of each case's load: by experiment, beside what the case promises.

use super::section::Section;
use super::table::{Cell, Column, Table, Tone};
use crate::analysis::{Standing, Standings};
use crate::model::{Crash, CrashKind, Durability, Moment, Run, Sample, Slot};
use crate::units::{count, seconds};

/// A line a case, and a column a moment; nothing where nothing has crashed.
pub(crate) fn section(run: &Run, samples: &[Sample], standings: &Standings) -> Option<Section> {
    let plan = run.plan.crash.as_ref()?;
    let crashes = crashed(samples);
    let has_crashed = |s: &&Standing| crashes.iter().any(|crash| crash.case == s.summary.case.id);
    let cases: Vec<&Standing> = standings.sorted().into_iter().filter(has_crashed).collect();
    if cases.is_empty() {
        return None;
    }
    let mut columns = vec![
        Column::words("case", ""),
        Column::words("promised", "What the method says a crash leaves of rows whose commit was confirmed."),
    ];
    let how = happened(plan.kind);
    columns
        .extend(Moment::ALL.map(|moment| Column::words(format!("{how} {}", moment.words()), about(moment))));
    columns.push(Column::numbers(
        "up again in",
        "The longest that the server took to recover and let somebody in.",
    ));
    let row = |s: &&Standing| {
        let id = &s.summary.case.id;
        let of = |moment| crashes.iter().find(|c| c.case == *id && c.slot == Slot::Crash(moment));
        let mut cells = vec![Cell::Code(id.clone()), Cell::Text(s.summary.after_a_crash())];
        cells.extend(
            Moment::ALL
                .map(|moment| of(moment).map_or(Cell::None, |sample| cell(sample, s.summary.durability))),
        );
        let recoveries =
            Moment::ALL.iter().filter_map(|moment| Some(of(*moment)?.crash.as_ref()?.recovery_ns));
        cells.push(Cell::optional(recoveries.max(), |ns| Cell::Time(ns as f64)));
        cells
    };
    let table = Table { columns, rows: cases.iter().map(row).collect() }.without_empty_columns();
    let text = vec![
        kind(plan.kind).into(),
        format!(
            "Each load was of {} rows, or those of the case where it has fewer. Rows were counted after the recovery by \
         their whole content: those whose commit the server had confirmed to the client, and the others.",
            count(plan.rows)
        ),
    ];
    Some(Section { title: "What a crash left".into(), text, table: Some(table), ..Section::default() })
}

/// The samples that a crash ended.
fn crashed(samples: &[Sample]) -> Vec<&Sample> {
    samples.iter().filter(|sample| matches!(sample.slot, Slot::Crash(_))).collect()
}

fn about(moment: Moment) -> &'static str {
    match moment {
        Moment::End => "Right after the last phase had ended.",
        Moment::Middle => "When half the time of its load phase was over.",
        Moment::Half => {
            "As soon as the commits of half the rows were confirmed, of a load that commits part by part."
        }
    }
}

fn kind(kind: CrashKind) -> &'static str {
    match kind {
        CrashKind::Kill => {
            "The crash: all processes of the server were killed at once (SIGKILL), and it was started again. The \
             operating system and its page cache survived. This proves nothing about a loss of power: not about fsync, \
             full_page_writes or the cache of a drive."
        }
        CrashKind::Power => {
            "The crash: the power of the emulated disk was turned off, and all processes of the server were killed. Of \
             what was not flushed half of the blocks of 4 KiB were there afterwards, chosen by a seed, and the others as \
             they were when they were flushed last; so pages are torn, and later writes are there without earlier ones. \
             Names of files are as they were at the last flush of anything. The server was started again on that. This \
             proves nothing about a drive that confirms flushes which it has not made."
        }
    }
}

/// What happened, as the heading of a column has it.
fn happened(kind: CrashKind) -> &'static str {
    match kind {
        CrashKind::Kill => "killed",
        CrashKind::Power => "power lost",
    }
}

/// How many crashes left what was promised; `None` where nothing has crashed.
pub(crate) fn finding(samples: &[Sample]) -> Option<String> {
    let crashes = crashed(samples);
    let counted = crashes.iter().filter(|sample| sample.crash.is_some()).count();
    let kept = crashes.iter().filter(|sample| sample.crash.is_some() && sample.error.is_none()).count();
    let failed = match crashes.len() - counted {
        0 => String::new(),
        failed => format!(" {} more failed before anything could be counted.", count(failed as u64)),
    };
    let kept = format!(
        "{} of {} crashes left what the case promises.{failed}",
        count(kept as u64),
        count(counted as u64)
    );
    (!crashes.is_empty()).then_some(kept)
}

fn cell(sample: &Sample, promised: Durability) -> Cell {
    match (&sample.crash, &sample.error) {
        (Some(crash), None) => Cell::Text(words(crash, sample.rows, promised)),
        (Some(crash), Some(error)) => {
            Cell::Toned(format!("{}: {error}", words(crash, sample.rows, promised)), Tone::Alarm)
        }
        (None, error) => Cell::Toned(
            format!("failed: {}", error.as_deref().unwrap_or("no reason was recorded")),
            Tone::Alarm,
        ),
    }
}

/// `all 50 000 confirmed; of 50 000 others none`.
fn words(crash: &Crash, rows: u64, promised: Durability) -> String {
    if let Some(damage) = &crash.damage {
        let first = damage.lines().next().unwrap_or_default();
        return format!("damaged, {} confirmed: {first}", count(crash.confirmed));
    }
    let mut words = match (crash.confirmed, crash.confirmed_there) {
        (0, _) => "none was confirmed".into(),
        (confirmed, there) if confirmed == there => format!("all {} confirmed", count(confirmed)),
        (confirmed, 0) => format!("none of {} confirmed", count(confirmed)),
        (confirmed, there) => format!("{} of {} confirmed", count(there), count(confirmed)),
    };
    // Where nothing is to stay it is no tail that is gone.
    if let Some(ns) = crash.lost_ns.filter(|_| promised != Durability::LostOnCrash) {
        let when = match ns {
            0 => "while it was killed".into(),
            ns => format!("in the last {}", seconds(ns)),
        };
        words.push_str(&format!(" (gone: what was confirmed {when})"));
    }
    match (rows.saturating_sub(crash.confirmed), crash.others_there) {
        (0, _) => {}
        (others, 0) => words.push_str(&format!("; of {} others none", count(others))),
        (others, there) => words.push_str(&format!("; of {} others {}", count(others), count(there))),
    }
    if crash.hung {
        words.push_str("; the client never noticed");
    }
    if let Some(foreign) = crash.foreign.filter(|foreign| *foreign > 0) {
        words.push_str(&format!("; {} that were never loaded", count(foreign)));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_said_by_what_was_confirmed() {
        let crash = |confirmed, confirmed_there, others_there| Crash {
            phase: None,
            confirmed,
            confirmed_there,
            others_there,
            foreign: Some(0),
            lost_ns: (confirmed > confirmed_there).then_some(120_000_000),
            hung: false,
            damage: None,
            recovery_ns: 1,
        };
        for (left, expected) in [
            (crash(1000, 1000, 0), "all 1 000 confirmed"),
            (crash(0, 0, 0), "none was confirmed; of 1 000 others none"),
            (crash(500, 500, 12), "all 500 confirmed; of 500 others 12"),
            (
                crash(500, 480, 0),
                "480 of 500 confirmed (gone: what was confirmed in the last 120 ms); of 500 others none",
            ),
            (crash(1000, 0, 0), "none of 1 000 confirmed (gone: what was confirmed in the last 120 ms)"),
        ] {
            assert_eq!(words(&left, 1000, Durability::MayLoseLastCommits), expected);
        }
        let hung = Crash { hung: true, ..crash(1000, 1000, 0) };
        assert_eq!(words(&hung, 1000, Durability::Durable), "all 1 000 confirmed; the client never noticed");
        assert_eq!(words(&crash(1000, 0, 0), 1000, Durability::LostOnCrash), "none of 1 000 confirmed");
    }
}
