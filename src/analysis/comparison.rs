//! Two or more runs side by side: what differs between them first, then case by case.

use anyhow::Result;

use super::summary::{Summary, summarize};
use super::verdict::{Claim, Standing, Standings, claim, judge};
use crate::model::{Case, ParamValue, Params, Role, Run, Sample, ServerFacts};
use crate::stats::{self, Estimate, MIN_SAMPLES};
use crate::{units, usage};

/// Two or more runs of one dataset.
#[derive(Debug)]
pub struct Comparison<'a> {
    /// The runs, the first being what the others are held against.
    pub runs: Vec<RunFacts<'a>>,
    /// Differences between the runs besides their results.
    pub differences: Vec<RunDifference>,
    /// Case by case, in the order of the runs' plans.
    pub cases: Vec<ComparedCase>,
}

/// A run within a comparison.
#[derive(Debug)]
pub struct RunFacts<'a> {
    /// Its name in tables and charts.
    pub name: String,
    /// Its record.
    pub run: &'a Run,
    /// Its noise as a factor, where it has a control.
    pub noise_floor: Option<f64>,
}

/// A field that is not the same in all runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDifference {
    /// Which field, as the record names it.
    pub field: String,
    /// Its value in each run; `-` where a run lacks it.
    pub values: Vec<String>,
}

/// A case in each of the runs.
#[derive(Debug)]
pub struct ComparedCase {
    /// Its id.
    pub id: String,
    /// Its figures in each run, in the order of the runs.
    pub cells: Vec<CaseInRun>,
}

/// A case in one of the runs.
#[derive(Debug)]
pub struct CaseInRun {
    /// Finished samples.
    pub n: usize,
    /// Rows it loaded.
    pub rows: u64,
    /// The median total in nanoseconds.
    pub total_ns: Option<Estimate>,
    /// Rows a second.
    pub rows_per_second: Option<Estimate>,
    /// Speed relative to the first run: its time / this run's time. `None` in the first run and
    /// where the two cannot be compared.
    pub to_first: Option<Estimate>,
    /// Speed relative to what it is held against in its own run.
    pub to_own_baseline: Option<Estimate>,
    /// The verdict on this run against the first.
    pub verdict: CrossVerdict,
    /// Differences of the case itself between the runs, in words.
    pub notes: Vec<String>,
}

/// The verdict on a case in a run against the same case in the first run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CrossVerdict {
    /// This is the first run itself.
    First,
    /// Faster than in the first run.
    Faster,
    /// Slower than in the first run.
    Slower,
    /// The difference is not larger than the noise of either run, or not certain.
    WithinNoise,
    /// Fewer than [`MIN_SAMPLES`] samples in one of the two.
    TooFewSamples,
    /// Not the same load; why, in words.
    NotComparable(String),
}

impl CrossVerdict {
    /// As a table cell shows it.
    pub(crate) fn words(&self) -> &'static str {
        match self {
            CrossVerdict::First => "first run",
            CrossVerdict::Faster => "faster",
            CrossVerdict::Slower => "slower",
            CrossVerdict::WithinNoise => "within noise",
            CrossVerdict::TooFewSamples => "too few samples",
            CrossVerdict::NotComparable(_) => "not comparable",
        }
    }
}

/// Sets runs side by side. `runs` are names with records; the names are unique.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] for fewer than two runs, and for runs of another number of rows
/// or other content, with the field and both values.
pub(crate) fn compare<'a>(runs: &'a [(String, Run, Vec<Sample>)]) -> Result<Comparison<'a>> {
    if runs.len() < 2 {
        return Err(usage!(
            "a comparison needs two runs or more, not {}: name their directories",
            runs.len()
        ));
    }
    let (first_name, first, _) = &runs[0];
    for (name, run, _) in &runs[1..] {
        let (here, there) = (&first.dataset, &run.dataset);
        for (field, same, here, there) in [
            ("dataset.rows", here.rows == there.rows, here.rows.to_string(), there.rows.to_string()),
            ("dataset.content", here.has_rows_of(there), here.content.to_string(), there.content.to_string()),
        ] {
            if !same {
                return Err(usage!(
                    "{field} is {here} in {first_name} and {there} in {name}: their times cannot be compared; \
                     compare runs of the same dataset (--rows and --seed)"
                ));
            }
        }
    }
    let standings: Vec<Standings> =
        runs.iter().map(|(_, run, samples)| judge(summarize(run, samples))).collect();
    let floors: Vec<Option<f64>> = standings.iter().map(|s| s.noise.map(|n| n.floor)).collect();
    let mut all: Vec<&Case> = Vec::new();
    for case in runs.iter().flat_map(|(_, run, _)| &run.plan.cases) {
        if !all.iter().any(|known| is_same(known, case)) {
            all.push(case);
        }
    }
    let cases = all.into_iter().map(|case| compare_case(case, &standings, &floors)).collect();
    let facts = |((name, run, _), noise_floor): (&'a (String, Run, Vec<Sample>), Option<f64>)| RunFacts {
        name: name.clone(),
        run,
        noise_floor,
    };
    Ok(Comparison {
        differences: differences(runs),
        cases,
        runs: runs.iter().zip(floors).map(facts).collect(),
    })
}

/// Whether a case of one run is that of another; the control is no other case than the baseline by its key.
fn is_same(case: &Case, other: &Case) -> bool {
    let is_control = |case: &Case| case.role == Role::Control;
    case.key == other.key && is_control(case) == is_control(other)
}

fn compare_case(case: &Case, standings: &[Standings], floors: &[Option<f64>]) -> ComparedCase {
    let in_run = |s: &'_ Standings| s.cases.iter().position(|c| is_same(c.summary.case, case));
    let found: Vec<Option<&Standing>> = standings.iter().map(|s| in_run(s).map(|i| &s.cases[i])).collect();
    let cells = (0..found.len()).map(|i| {
        let floor = floors[i].unwrap_or(1.0).max(floors[0].unwrap_or(1.0));
        compare_cell(found[i], (i > 0).then_some(found[0]), floor)
    });
    ComparedCase { id: case.id.clone(), cells: cells.collect() }
}

/// `first` is `None` when this is the first run itself, `Some(None)` when that lacks the case.
fn compare_cell(here: Option<&Standing>, first: Option<Option<&Standing>>, floor: f64) -> CaseInRun {
    let Some(here) = here else {
        return CaseInRun {
            n: 0,
            rows: 0,
            total_ns: None,
            rows_per_second: None,
            to_first: None,
            to_own_baseline: None,
            verdict: CrossVerdict::NotComparable("not in this run".into()),
            notes: Vec::new(),
        };
    };
    let case = &here.summary;
    let (to_first, verdict) = match first {
        None => (None, why_empty(here).map_or(CrossVerdict::First, CrossVerdict::NotComparable)),
        Some(None) => (None, CrossVerdict::NotComparable("not in the first run".into())),
        Some(Some(first)) => against_first(here, first, floor),
    };
    let notes = match first {
        Some(Some(first)) => case_differences(case, &first.summary)
            .into_iter()
            // The verdict says it already.
            .filter(|note| !matches!(&verdict, CrossVerdict::NotComparable(why) if why == note))
            .collect(),
        _ => Vec::new(),
    };
    CaseInRun {
        n: case.n(),
        rows: case.rows,
        total_ns: case.total_ns,
        rows_per_second: case.rows_per_second(),
        to_first,
        to_own_baseline: here.ratio,
        verdict,
        notes,
    }
}

fn against_first(here: &Standing, first: &Standing, floor: f64) -> (Option<Estimate>, CrossVerdict) {
    if let Some(why) = unlike(here, first) {
        return (None, CrossVerdict::NotComparable(why));
    }
    let (mine, theirs) = (here.summary.totals_ns(), first.summary.totals_ns());
    let ratio = stats::ratio_estimate(&theirs, &mine);
    if mine.len() < MIN_SAMPLES || theirs.len() < MIN_SAMPLES {
        return (ratio, CrossVerdict::TooFewSamples);
    }
    let p = stats::mann_whitney(&mine, &theirs).map(|test| test.p);
    let verdict = match ratio.and_then(|r| claim(r, p, floor)) {
        Some(Claim::Faster) => CrossVerdict::Faster,
        Some(Claim::Slower) => CrossVerdict::Slower,
        None => CrossVerdict::WithinNoise,
    };
    (ratio, verdict)
}

fn why_empty(standing: &Standing) -> Option<String> {
    (standing.summary.n() == 0).then(|| match standing.verdict.reason() {
        Some(reason) => format!("{}: {reason}", standing.verdict.words()),
        None => standing.verdict.words().to_string(),
    })
}

fn unlike(here: &Standing, first: &Standing) -> Option<String> {
    if let Some(why) = why_empty(here) {
        return Some(why);
    }
    if let Some(why) = why_empty(first) {
        return Some(format!("in the first run {why}"));
    }
    let (a, b) = (&here.summary, &first.summary);
    if let Some(why) = a.mixed.as_ref().or(b.mixed.as_ref()) {
        return Some(why.clone());
    }
    if a.rows != b.rows {
        return Some(format!("rows: {} against {}", units::count(a.rows), units::count(b.rows)));
    }
    if a.durability != b.durability {
        return Some(format!("{} against {}", a.durability.words(), b.durability.words()));
    }
    let (off, first_off) = (a.switched_off(), b.switched_off());
    if off != first_off && [a, b].iter().all(|s| s.samples.iter().any(|sample| sample.session.is_some())) {
        let words = |off: &[String]| if off.is_empty() { "nothing".into() } else { off.join(", ") };
        return Some(format!("switched off: {} against {}", words(&off), words(&first_off)));
    }
    let field = a.end_state?.differs_in(b.end_state?)?;
    Some(format!("its tables differ in {field}"))
}

fn case_differences(here: &Summary, first: &Summary) -> Vec<String> {
    let (a, b) = (here.case, first.case);
    let mut notes = Vec::new();
    for key in keys(&[a.params.keys(), b.params.keys()]) {
        let value = |params: &Params| params.get(key).map_or("-".to_string(), ParamValue::to_string);
        if a.params.get(key) != b.params.get(key) {
            notes.push(format!("{key} {} against {}", value(&a.params), value(&b.params)));
        }
    }
    for key in keys(&[a.key.axes.settings.keys(), b.key.axes.settings.keys()]) {
        let (mine, theirs) = (a.key.axes.settings.get(key), b.key.axes.settings.get(key));
        if mine != theirs {
            let or_dash = |v: Option<&String>| v.map_or("-".to_string(), Clone::clone);
            notes.push(format!("{key} {} against {}", or_dash(mine), or_dash(theirs)));
        }
    }
    if here.durability != first.durability {
        notes.push(format!("{} against {}", here.durability.words(), first.durability.words()));
    }
    if let (Some(mine), Some(theirs)) = (a.program_version(), b.program_version())
        && mine != theirs
    {
        notes.push(format!("{mine} against {theirs}"));
    }
    if a.key.axes.collation != b.key.axes.collation {
        let or_own = |c: &Option<String>| c.clone().unwrap_or_else(|| "the database's".into());
        notes.push(format!(
            "collation {} against {}",
            or_own(&a.key.axes.collation),
            or_own(&b.key.axes.collation)
        ));
    }
    notes
}

fn keys<'k, V: 'k>(
    maps: &[std::collections::btree_map::Keys<'k, String, V>],
) -> std::collections::BTreeSet<&'k String> {
    maps.iter().flat_map(|keys| keys.clone()).collect()
}

/// The facts that explain results, field by field, where they are not all the same.
fn differences(runs: &[(String, Run, Vec<Sample>)]) -> Vec<RunDifference> {
    let facts: Vec<Vec<(String, String)>> = runs.iter().map(|(_, run, _)| facts(run)).collect();
    let mut fields: Vec<&String> = Vec::new();
    for (field, _) in facts.iter().flatten() {
        if !fields.contains(&field) {
            fields.push(field);
        }
    }
    let value = |run: &[(String, String)], field: &str| {
        run.iter().find(|(name, _)| name == field).map_or("-".to_string(), |(_, value)| value.clone())
    };
    fields
        .into_iter()
        .map(|field| RunDifference {
            field: field.clone(),
            values: facts.iter().map(|run| value(run, field)).collect(),
        })
        .filter(|difference| difference.values.iter().any(|v| *v != difference.values[0]))
        .collect()
}

fn facts(run: &Run) -> Vec<(String, String)> {
    let (machine, server, plan) = (&run.provenance.machine, &run.server, &run.plan);
    let or_none = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".into());
    let disk = |f: fn(&crate::model::Disk) -> String| machine.disk.as_ref().map_or("-".to_string(), f);
    let mut facts: Vec<(String, String)> = [
        ("machine.cpu", machine.cpu.clone()),
        ("machine.cores", machine.cores.to_string()),
        ("machine.memory", units::bytes(machine.memory_bytes)),
        ("machine.disk.filesystem", disk(|d| d.filesystem.clone())),
        ("machine.disk.flushes_per_second", disk(|d| units::count(d.flushes_per_second))),
        ("machine.os", machine.os.clone()),
        ("machine.kernel", machine.kernel.clone()),
        ("machine.arch", machine.arch.clone()),
        ("machine.virtualization", or_none(&machine.virtualization)),
        ("server.source", server.source.name().to_string()),
        ("server.version", server.version.clone()),
        ("server.image", or_none(&server.image)),
        ("server.transport", server.transport.clone()),
        ("plan.experiment", plan.experiment.clone()),
        ("plan.rounds", plan.rounds.to_string()),
        ("plan.budget", units::seconds(plan.budget_ns)),
        ("tool.version", run.provenance.tool.version.clone()),
        ("tool.commit", or_none(&run.provenance.tool.commit)),
        ("tool.profile", run.provenance.tool.profile.clone()),
        ("dataset.origin", run.dataset.origin.clone()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_string(), value))
    .collect();
    extend_with_server(&mut facts, "server", server);
    for (name, server) in &run.servers {
        let place = format!("servers.{name}");
        facts.push((format!("{place}.version"), server.version.clone()));
        extend_with_server(&mut facts, &place, server);
    }
    let others = run.datasets.iter().map(|(name, dataset)| (format!("datasets.{name}"), dataset));
    for (place, dataset) in [("dataset".to_string(), &run.dataset)].into_iter().chain(others) {
        for (encoding, file) in &dataset.files {
            facts.push((format!("{place}.files.{}.sha256", encoding.name()), file.sha256.clone()));
        }
    }
    facts
}

fn extend_with_server(facts: &mut Vec<(String, String)>, place: &str, server: &ServerFacts) {
    facts.extend(server.given.iter().map(|(k, v)| (format!("{place}.given.{k}"), v.clone())));
    facts.extend(server.settings.iter().map(|(k, v)| (format!("{place}.settings.{k}"), v.clone())));
}
