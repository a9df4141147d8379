//! The tables of one run: results, published figures, phases, costs, samples.

use anyhow::Result;

use super::table::{Cell, Column, Table, Tone};
use crate::analysis::machine_speed::MachineSpeed;
use crate::analysis::residuals::{outliers, residuals};
use crate::analysis::summary::CaseReadings;
use crate::analysis::{Standing, Standings, Summary, Verdict};
use crate::fault::nearest;
use crate::model::metric::{About, Better, Unit, Within};
use crate::model::{Outcome, Phase, Reading, Sample};
use crate::usage;

/// The baseline's name in headings.
pub(crate) fn baseline_name(standings: &Standings) -> String {
    standings.baseline().map_or("the baseline".into(), |s| s.summary.case.id.clone())
}

/// A column of the table of results, and how it reads the standing of a case.
type Field = (Column, fn(&Standing) -> Cell);

/// The table a run is made for: what decides between the cases first.
pub fn results(standings: &Standings) -> Table {
    // Where cases differ in rows, no figure stands without them.
    let rows_differ = standings.cases.windows(2).any(|pair| pair[0].summary.rows != pair[1].summary.rows);
    let mut fields = result_fields(standings);
    let spare = if rows_differ { 1 } else { 7 };
    let rows: Field = (Column::numbers("rows", "Rows each sample of the case loaded.").spare(spare), |s| {
        Cell::Count(s.summary.rows)
    });
    fields.insert(if rows_differ { BEHIND_CASE } else { fields.len() - 1 }, rows);
    let widths = || standings.cases.iter().filter_map(|s| s.summary.bytes_per_row);
    if widths().any(|bytes| Some(bytes) != widths().next()) {
        let help = "Bytes of its rows as csv, a second: rows of one dataset are wider than those of another.";
        let bytes: Field = (Column::numbers("csv/s", help), |s| {
            Cell::optional(s.summary.csv_bytes_per_second(), Cell::Bytes)
        });
        let rate = fields.iter().position(|(column, _)| column.title == RATE).unwrap_or(BEHIND_CASE);
        fields.insert(rate + 1, bytes);
    }
    if standings.has_references() {
        let against: Field =
            (Column::words("held against", "The case that speed and verdict refer to."), |s| {
                Cell::optional(s.against, |id| Cell::Code(id.into()))
            });
        // Behind what a crash leaves, which decides more: a narrow window shows what comes first.
        let crash = fields.iter().position(|(column, _)| column.title == CRASH).unwrap_or(fields.len() - 1);
        fields.insert(crash + 1, against);
    }
    let row = |standing| fields.iter().map(|(_, cell)| cell(standing)).collect();
    let rows = standings.sorted().into_iter().map(row).collect();
    Table { columns: fields.into_iter().map(|(column, _)| column).collect(), rows }.without_empty_columns()
}

/// The table of results for a page that has little room: of these cases, or of all where none is named, what
/// decides between them.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] for a case that the run does not have.
pub(crate) fn excerpt(standings: &Standings, cases: &[String]) -> Result<Table> {
    let ids: Vec<&str> = standings.cases.iter().map(|s| s.summary.case.id.as_str()).collect();
    if let Some(lost) = cases.iter().find(|id| !ids.contains(&id.as_str())) {
        return Err(usage!("there is no case `{lost}` in this run{}", nearest(lost, ids.iter().copied())));
    }
    let mut table = results(standings).without_spare(MOST_OF_EXCERPT);
    let is_chosen =
        |row: &Vec<Cell>| cases.is_empty() || cases.iter().any(|id| row[0] == Cell::Code(id.clone()));
    table.rows.retain(is_chosen);
    Ok(table.without_empty_columns())
}

/// The most spare column that an excerpt has: the interval of the speed.
const MOST_OF_EXCERPT: u8 = 2;

/// The title of the column that says what a crash leaves.
const CRASH: &str = "after a crash";

/// The title of the column of rows a second.
const RATE: &str = "rows/s";

/// The position of the second column.
const BEHIND_CASE: usize = 1;

fn result_fields(standings: &Standings) -> Vec<Field> {
    let baseline = baseline_name(standings);
    let other = if standings.has_references() { "what it is held against" } else { &baseline };
    let speed = format!(
        "Speed relative to {other}: its time divided by the case's in the same round, over all rounds; 2.00x is twice as \
         fast. By time a row where the rows differ."
    );
    vec![
        (Column::words("case", "The method, and what differs from its defaults."), |s| {
            Cell::Code(s.summary.case.id.clone())
        }),
        (Column::numbers(RATE, "Rows a second, from the median."), |s| {
            Cell::optional(s.summary.rows_per_second(), |e| Cell::Rate(e.point))
        }),
        (Column::numbers("speed", &speed), |s| match s.verdict {
            Verdict::Baseline | Verdict::Reference => Cell::Ratio(1.0),
            // Its distance is the noise, and no speed.
            Verdict::Control => Cell::optional(s.ratio, |r| Cell::Difference(r.point)),
            _ => Cell::optional(s.ratio, |r| Cell::Ratio(r.point)),
        }),
        (
            Column::numbers(
                "speed, 95 %",
                "Where the true relative speed lies, by a t-test within rounds; empty below five rounds.",
            )
            .spare(2),
            |s| Cell::optional(s.ratio.and_then(|r| r.interval), Cell::RatioRange),
        ),
        (
            Column::words(
                "verdict",
                "Faster or slower only where five rounds or more show it by a test that counts all verdicts of the run \
                 (p of 0.05 or less, adjusted by Holm); by rate where the case loads other rows, which is against it.",
            ),
            |s| verdict_cell(&s.verdict),
        ),
        (Column::words(CRASH, "What a crash leaves of rows whose load was reported as done."), |s| {
            Cell::Text(s.summary.after_a_crash())
        }),
        (
            Column::numbers("median", "The median of the samples' totals: every timed phase together.")
                .spare(3),
            |s| Cell::optional(s.summary.total_ns, |e| Cell::Time(e.point)),
        ),
        (
            Column::numbers(
                "median, 95 %",
                "Where the true median lies, by a bootstrap of the samples; empty below five samples.",
            )
            .spare(6),
            |s| Cell::optional(s.summary.total_ns.and_then(|e| e.interval), Cell::TimeRange),
        ),
        (Column::numbers("best", "The shortest total.").spare(5), |s| {
            Cell::optional(s.summary.min_ns, |ns| Cell::Time(ns as f64))
        }),
        (Column::numbers("n", "Samples that finished and were verified.").spare(4), |s| {
            Cell::Count(s.summary.n() as u64)
        }),
        (
            Column::words(
                "program",
                "The external program that each sample starts; its start-up is in the time.",
            )
            .spare(8),
            |s| Cell::optional(s.summary.case.program_version(), |v| Cell::Text(v.into())),
        ),
    ]
}

/// The verdict in words, in the colour of its meaning.
pub(crate) fn verdict_cell(verdict: &Verdict) -> Cell {
    let words = verdict.words().to_string();
    match verdict {
        Verdict::Faster | Verdict::FasterByRate => Cell::Toned(words, Tone::Good),
        Verdict::Slower | Verdict::SlowerByRate => Cell::Toned(words, Tone::Bad),
        Verdict::Failed(_) => Cell::Toned(words, Tone::Alarm),
        Verdict::Baseline | Verdict::Reference => Cell::Text(words),
        _ => Cell::Toned(words, Tone::Muted),
    }
}

/// The published ratios beside the measured ones; `None` where the plan has none.
pub(crate) fn published(standings: &Standings) -> Option<Table> {
    let baseline = baseline_name(standings);
    let rows: Vec<Vec<Cell>> = standings
        .cases
        .iter()
        .filter_map(|s| {
            let published = s.published?;
            Some(vec![
                Cell::Code(s.summary.case.id.clone()),
                Cell::optional(s.summary.case.published_seconds, |t| Cell::Time(t * 1e9)),
                Cell::Ratio(published.ratio),
                Cell::optional(published.measured, |r| Cell::Ratio(r.point)),
                Cell::optional(published.measured.and_then(|r| r.interval), Cell::RatioRange),
                Cell::Text(published.agreement.words().into()),
            ])
        })
        .collect();
    let columns = vec![
        Column::words("case", ""),
        Column::numbers(
            "published time",
            "As the source has it, on its machine; never compared with times measured here.",
        )
        .spare(1),
        Column::numbers(
            "published speed",
            &format!("The source's time for {baseline} divided by its time for the case."),
        ),
        Column::numbers(
            "measured speed",
            &format!("The same ratio, measured in this run against {baseline}."),
        ),
        Column::numbers("measured, 95 %", "Where the true ratio lies.").spare(1),
        Column::words("direction", "Whether the measured ratio points where the published one does."),
    ];
    (!rows.is_empty()).then_some(Table { columns, rows })
}

/// The medians of the phases.
pub(crate) fn phases(standings: &Standings) -> Table {
    let mut columns = vec![Column::words("case", "")];
    columns.extend(Phase::ALL.map(|phase| Column::numbers(phase.words(), phase_help(phase))));
    let row = |s: &Standing| {
        let phase = |p: &Phase| Cell::optional(s.summary.phases_ns.get(p).copied(), Cell::Time);
        std::iter::once(Cell::Code(s.summary.case.id.clone())).chain(Phase::ALL.iter().map(phase)).collect()
    };
    let rows = standings.sorted().into_iter().filter(|s| s.summary.n() > 0).map(row).collect();
    Table { columns, rows }.without_empty_columns()
}

fn phase_help(phase: Phase) -> &'static str {
    match phase {
        Phase::Prepare => "Work on the data or the table before the first row goes in.",
        Phase::Load => "The rows going in.",
        Phase::Commit => "COMMIT, where it is a step of its own.",
        Phase::SetLogged => "ALTER TABLE ... SET LOGGED.",
        Phase::Constraints => "Adding keys and constraints.",
        Phase::Validate => "VALIDATE CONSTRAINT: holding the rows that are there against it.",
        Phase::Indexes => "Building the indexes.",
        Phase::Attach => "ATTACH PARTITION.",
        Phase::Analyze => "ANALYZE.",
    }
}

/// The costs of the loads besides time.
pub(crate) fn costs(standings: &Standings) -> Table {
    let readings = readings_in_order();
    let columns = std::iter::once(Column::words("case", "")).chain(readings.iter().map(|r| cost_column(*r)));
    let row = |s: &Standing| {
        let (figures, rows) = (&s.summary.readings, s.summary.rows);
        let cells = readings.iter().map(|reading| cost_cell(*reading, figures, rows, s.summary.n()));
        std::iter::once(Cell::Code(s.summary.case.id.clone())).chain(cells).collect()
    };
    let rows = standings.sorted().into_iter().filter(|s| s.summary.n() > 0).map(row).collect();
    Table { columns: columns.collect(), rows }.without_empty_columns()
}

/// The readings of the table of costs, in the order of its columns.
pub(crate) fn readings_in_order() -> Vec<Reading> {
    let is_column = |reading: &Reading| {
        let About { column, within, .. } = reading.metric.about();
        column.is_some() && (reading.phase.is_none() || matches!(within, Within::Only(_)))
    };
    let mut readings: Vec<Reading> = Reading::all().filter(is_column).collect();
    readings.sort_by_key(|reading| (reading.metric.about().column, reading.phase));
    readings
}

fn cost_column(reading: Reading) -> Column {
    let about = reading.metric.about();
    let help = match about.better {
        Better::Less => format!("{} Less is better.", about.help),
        Better::Neither => about.help.to_owned(),
    };
    match (reading.phase, about.unit) {
        // What one row takes is what a phase is read for.
        (Some(phase), _) => Column::numbers(
            format!("{}/row", about.title),
            &format!("CPU time of bulkbench in the {} phase, a row.", phase.words()),
        ),
        (None, Unit::Count) => Column::words(about.title, &help),
        (None, _) => Column::numbers(about.title, &help),
    }
}

/// A reading of a case with so many rows and finished samples.
pub(crate) fn cost_cell(reading: Reading, figures: &CaseReadings, rows: u64, n: usize) -> Cell {
    Cell::optional(figures.get(reading), |value| match (reading.phase, reading.metric.about().unit) {
        (Some(_), _) => Cell::TimePerRow(value / rows.max(1) as f64),
        (None, Unit::Count) => match figures.with_checkpoint {
            0 => Cell::Text("none".into()),
            some => Cell::Toned(format!("{value} in {some} of {n} samples"), Tone::Alarm),
        },
        (None, unit) => Cell::of_unit(unit, value),
    })
}

/// Every sample, as it ran.
pub(crate) fn samples(samples: &[Sample], standings: &Standings) -> Table {
    let speed = MachineSpeed::of(samples);
    let summaries: Vec<Summary> = standings.cases.iter().map(|standing| standing.summary.clone()).collect();
    let far = outliers(&residuals(&summaries));
    let far_out = |s: &Sample| {
        let found = far.iter().find(|one| one.sample.slot == s.slot && one.sample.case == s.case)?;
        Some(found.factor)
    };
    let columns = vec![
        Column::numbers("round", "0 is the warm-up, which no figure is made of."),
        Column::numbers("place", "The place in the round."),
        Column::words("case", ""),
        Column::numbers("rows", ""),
        Column::numbers("total", "The sum of the timed phases."),
        Column::numbers(
            "machine",
            "What a fixed piece of arithmetic, or of memory traffic, took around the sample as a factor of what it took \
             around the median one, whichever is larger: above 1 the machine was slower.",
        ),
        Column::numbers(
            "far out",
            "Its time as a factor of what case and round would have it take, where it lies far from that (modified z beyond \
             3.5). It counts as all others do.",
        ),
        Column::words("outcome", ""),
    ];
    let row = |s: &Sample| {
        let outcome = match (s.outcome, &s.error) {
            (Outcome::Ok, _) => Cell::Text("ok".into()),
            (outcome, error) => Cell::Toned(
                format!("{}: {}", outcome.words(), error.as_deref().unwrap_or("no reason was recorded")),
                Tone::Alarm,
            ),
        };
        vec![
            Cell::Count(s.slot.round().into()),
            Cell::Count(u64::from(s.position) + 1),
            Cell::Code(s.case.clone()),
            Cell::Count(s.rows),
            Cell::optional(s.total_ns, |ns| Cell::Time(ns as f64)),
            Cell::optional(speed.factor(s), Cell::Ratio),
            Cell::optional(far_out(s), Cell::Ratio),
            outcome,
        ]
    };
    Table { columns, rows: samples.iter().map(row).collect() }.without_empty_columns()
}

impl Outcome {
    fn words(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Failed => "failed",
            Outcome::Timeout => "timed out",
        }
    }
}
