//! The tables of a comparison: what differs, the matrix of cases by run, and what stands behind it.

use crate::analysis::Comparison;
use crate::analysis::comparison::{CaseInRun, ComparedCase, CrossVerdict, RunFacts};
use crate::analysis::differences::RunDifference;
use crate::model::metric::{Aggregate, Better};
use crate::model::{Phase, Reading, Role};
use crate::report::results::{cost_cell, readings_in_order};
use crate::report::table::{Cell, Column, Table, Tone};

/// Characters of a run's name up to which columns are headed by it.
const LONGEST_HEADING: usize = 16;

/// The headings of the runs' columns: their names, or letters where any of these is too long.
pub(crate) fn headings(runs: &[RunFacts]) -> Vec<String> {
    match runs.iter().all(|run| run.name.chars().count() <= LONGEST_HEADING) {
        true => runs.iter().map(|run| run.name.clone()).collect(),
        false => letters(runs),
    }
}

/// A letter for each run.
pub(crate) fn letters(runs: &[RunFacts]) -> Vec<String> {
    (0..runs.len()).map(letter).collect()
}

/// `A`, `B` ..., and behind `Z` the number.
fn letter(index: usize) -> String {
    match u8::try_from(index) {
        Ok(i @ 0..26) => char::from(b'A' + i).to_string(),
        _ => (index + 1).to_string(),
    }
}

/// The differences between the runs, before any result.
pub(crate) fn differences(comparison: &Comparison, headings: &[String]) -> Table {
    let mut columns = vec![Column::words("differs", "")];
    columns.extend(headings.iter().map(|heading| Column::words(heading, "")));
    let rows = comparison.differences.iter().map(|difference| {
        std::iter::once(field(difference)).chain(difference.values.iter().cloned().map(Cell::Text)).collect()
    });
    Table { columns, rows: rows.collect() }
}

/// The name of what differs: a fact of a fingerprint has one in plain words, anything else that of the record.
fn field(difference: &RunDifference) -> Cell {
    match (difference.fact, difference.field.rsplit_once('.')) {
        (Some(fact), Some((place, _))) => Cell::Text(format!("{place}: {}", fact.title())),
        _ => Cell::Code(difference.field.clone()),
    }
}

/// The counts that stand beside figures: of rows where a case loaded fewer than all, of samples where some are lacking.
struct Counts {
    rows: bool,
    samples: bool,
}

impl Counts {
    fn of(comparison: &Comparison) -> Self {
        let all = comparison.runs[0].run.dataset.rows;
        let cells = |case: &ComparedCase, is: &dyn Fn(&CaseInRun, usize) -> bool| {
            case.cells.iter().enumerate().any(|(index, cell)| cell.n > 0 && is(cell, index))
        };
        let any = |is: &dyn Fn(&CaseInRun, usize) -> bool| comparison.cases.iter().any(|c| cells(c, is));
        let rounds = |index: usize| comparison.runs[index].run.plan.rounds as usize;
        Self { rows: any(&|cell, _| cell.rows != all), samples: any(&|cell, index| cell.n != rounds(index)) }
    }

    fn rows(&self, cell: &CaseInRun) -> Cell {
        if self.rows && cell.n > 0 { Cell::Count(cell.rows) } else { Cell::None }
    }

    fn samples(&self, cell: &CaseInRun) -> Cell {
        if self.samples && cell.n > 0 { Cell::Count(cell.n as u64) } else { Cell::None }
    }
}

/// Case by run: a row a case, rows a second in a column a run, then each further run against the first. The rates'
/// intervals are spared as `spare` says.
pub(crate) fn matrix(comparison: &Comparison, headings: &[String], spare: u8) -> Table {
    let two = headings.len() == 2;
    let of_run = |heading: &String, title: &str| match two {
        true => title.to_string(),
        false => format!("{heading}: {title}"),
    };
    let mut columns = vec![
        Column::words("case", "The method, and what differs from its defaults."),
        Column::numbers("rows", "Rows each sample loaded."),
        Column::numbers("n", "Samples that finished and were verified, run by run.").spare(4),
    ];
    for heading in headings {
        columns.push(Column::numbers(heading, &format!("Rows a second in {heading}, from the median.")));
        columns.push(Column::numbers(format!("{heading}: 95 %"), RATE_INTERVAL_HELP).spare(spare));
    }
    for heading in &headings[1..] {
        columns.push(Column::numbers(of_run(heading, "speed"), &speed_help(heading, &headings[0])));
        columns.push(Column::numbers(of_run(heading, "95 %"), INTERVAL_HELP).spare(1));
        columns.push(Column::words(of_run(heading, "verdict"), VERDICT_HELP));
    }
    let counts = Counts::of(comparison);
    let row = |case: &ComparedCase| {
        let mut row = vec![
            Cell::Code(case.id.clone()),
            in_all(case, |cell| counts.rows(cell)),
            in_all(case, |cell| counts.samples(cell)),
        ];
        row.extend(case.cells.iter().flat_map(rate_cells));
        row.extend(case.cells[1..].iter().flat_map(against_first));
        row
    };
    Table { columns, rows: comparison.cases.iter().map(row).collect() }.without_empty_columns()
}

/// The same for where there is little room: a row a case and run.
pub(crate) fn stacked(comparison: &Comparison, headings: &[String]) -> Table {
    let counts = Counts::of(comparison);
    let first = &headings[0];
    let columns = vec![
        Column::words("case", ""),
        Column::words("run", ""),
        Column::numbers("rows", ""),
        Column::numbers("n", "").spare(4),
        Column::numbers("rows/s", "Rows a second, from the median."),
        Column::numbers("rows/s, 95 %", RATE_INTERVAL_HELP).spare(5),
        Column::numbers("speed", &speed_help("this run", first)),
        Column::numbers("95 %", INTERVAL_HELP).spare(1),
        Column::words("verdict", VERDICT_HELP),
    ];
    let rows = comparison.cases.iter().flat_map(|case| {
        case.cells.iter().zip(headings).enumerate().map(|(index, (cell, heading))| {
            let name = if index == 0 { Cell::Code(case.id.clone()) } else { Cell::None };
            let counts = [counts.rows(cell), counts.samples(cell)];
            let figures = counts.into_iter().chain(rate_cells(cell)).chain(against_first(cell));
            [name, Cell::Text(heading.clone())].into_iter().chain(figures).collect()
        })
    });
    Table { columns, rows: rows.collect() }.without_empty_columns()
}

const RATE_INTERVAL_HELP: &str = "Where the true rate lies, by a bootstrap of the median.";
const INTERVAL_HELP: &str = "Where the true ratio lies, by a bootstrap of both sides.";
const VERDICT_HELP: &str = "Against the first run: faster or slower only where the interval lies beyond the noise of \
                            both runs, a rank test agrees, and both have five samples; undecided where that is not \
                            so and the interval goes beyond a tenth.";

fn speed_help(run: &str, first: &str) -> String {
    format!(
        "The case's time in {first} divided by its time in {run}: 2.00x is twice as fast. By time a row where the rows \
         differ."
    )
}

/// A count of all runs that have the case: once where it is the same.
fn in_all(case: &ComparedCase, count: impl Fn(&CaseInRun) -> Cell) -> Cell {
    let counts: Vec<Cell> = case.cells.iter().filter(|cell| cell.n > 0).map(count).collect();
    match counts.split_first() {
        None => Cell::None,
        Some((first, others)) if others.iter().all(|other| other == first) => first.clone(),
        Some(_) => Cell::Text(counts.iter().map(Cell::text).collect::<Vec<_>>().join(" / ")),
    }
}

/// The rate and its interval.
fn rate_cells(cell: &CaseInRun) -> [Cell; 2] {
    let rate = cell.rows_per_second;
    [
        Cell::optional(rate, |e| Cell::Rate(e.point)),
        Cell::optional(rate.and_then(|e| e.interval), Cell::RateRange),
    ]
}

/// The speed, its interval and the verdict.
fn against_first(cell: &CaseInRun) -> [Cell; 3] {
    let words = if cell.n == 0 { cell.verdict.in_place_of_figure() } else { cell.verdict.words() };
    let tone = match cell.verdict {
        CrossVerdict::Faster | CrossVerdict::FasterByRate => Tone::Good,
        CrossVerdict::Slower | CrossVerdict::SlowerByRate => Tone::Bad,
        _ => Tone::Muted,
    };
    [
        Cell::optional(cell.to_first, |r| Cell::Ratio(r.point)),
        Cell::optional(cell.to_first.and_then(|r| r.interval), Cell::RatioRange),
        Cell::Toned(words.to_string(), tone),
    ]
}

/// Each case against the baseline of its own run, in a column a run, and beside it against the first run.
pub(crate) fn own_baselines(comparison: &Comparison, headings: &[String]) -> Table {
    let mut columns = vec![Column::words("case", "")];
    let own = |heading: &String| {
        let help = format!("The speed in {heading} relative to that run's own baseline.");
        Column::numbers(format!("in {heading}"), &help)
    };
    columns.extend(headings.iter().map(own));
    let across = |heading: &String| {
        let first = &headings[0];
        Column::numbers(format!("{heading} to {first}"), &speed_help(heading, first))
    };
    columns.extend(headings[1..].iter().map(across));
    let own = |cell: &CaseInRun| match cell.role {
        Some(Role::Baseline) => Cell::Toned("baseline".into(), Tone::Muted),
        _ => Cell::optional(cell.to_own_baseline, |r| Cell::Ratio(r.point)),
    };
    let row = |case: &ComparedCase| {
        let to_first = |cell: &CaseInRun| Cell::optional(cell.to_first, |r| Cell::Ratio(r.point));
        let cells = case.cells.iter().map(own).chain(case.cells[1..].iter().map(to_first));
        std::iter::once(Cell::Code(case.id.clone())).chain(cells).collect()
    };
    let ran = comparison.cases.iter().filter(|case| case.cells.iter().any(|cell| cell.n > 0));
    Table { columns, rows: ran.map(row).collect() }
}

/// The total and the phases of each case, in a column a run.
pub(crate) fn phases(comparison: &Comparison, headings: &[String]) -> Table {
    side_by_side(comparison, headings, "phase", |case| {
        let total = |cell: &CaseInRun| Cell::optional(cell.total_ns, |e| Cell::Time(e.point));
        let of_phase = |phase: Phase| {
            let median = |cell: &CaseInRun| Cell::optional(cell.phases_ns.get(&phase).copied(), Cell::Time);
            (phase.words().to_string(), case.cells.iter().map(median).collect())
        };
        let total = ("total".to_string(), case.cells.iter().map(total).collect());
        std::iter::once(total).chain(Phase::ALL.into_iter().map(of_phase)).collect()
    })
}

/// What each case cost besides time, in a column a run. What a load made, neither good nor bad, is there only where it
/// is not the same in all runs, and what most samples have none of only where one has.
pub(crate) fn costs(comparison: &Comparison, headings: &[String]) -> Table {
    let readings: Vec<Reading> = readings_in_order().into_iter().filter(|r| r.phase.is_none()).collect();
    side_by_side(comparison, headings, "cost", |case| {
        let of_reading = |reading: &Reading| {
            let about = reading.metric.about();
            let cell = |cell: &CaseInRun| cost_cell(*reading, &cell.readings, cell.rows, cell.n);
            let cells: Vec<Cell> = case.cells.iter().map(cell).collect();
            let known: Vec<String> =
                cells.iter().filter(|cell| **cell != Cell::None).map(Cell::text).collect();
            let tells = match (about.aggregate, about.better) {
                (Aggregate::Sum, _) => case.cells.iter().any(|c| c.readings.get(*reading) > Some(0.0)),
                (Aggregate::Median, Better::Less) => true,
                (Aggregate::Median, Better::Neither) => known.windows(2).any(|pair| pair[0] != pair[1]),
            };
            tells.then(|| (about.title.to_string(), cells))
        };
        readings.iter().filter_map(of_reading).collect()
    })
}

/// A row for each of the lines of each case that any run has a figure in.
fn side_by_side(
    comparison: &Comparison,
    headings: &[String],
    what: &str,
    lines: impl Fn(&ComparedCase) -> Vec<(String, Vec<Cell>)>,
) -> Table {
    let mut columns = vec![Column::words("case", ""), Column::words(what, "")];
    columns.extend(headings.iter().map(|heading| Column::numbers(heading, "")));
    let mut rows = Vec::new();
    for case in &comparison.cases {
        let known = lines(case).into_iter().filter(|(_, cells)| cells.iter().any(|cell| *cell != Cell::None));
        for (index, (line, cells)) in known.enumerate() {
            let name = if index == 0 { Cell::Code(case.id.clone()) } else { Cell::None };
            rows.push([name, Cell::Text(line)].into_iter().chain(cells).collect());
        }
    }
    Table { columns, rows }
}
