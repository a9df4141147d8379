//! The facts of a run: machine, server and dataset, as tables of field and value.

use super::rounds;
use super::table::{Cell, Column, Table};
use crate::analysis::fact_words;
use crate::disk;
use crate::model::{DatasetFacts, Limits, Machine, Making, Rule, Run, ServerFacts, Tool};
use crate::units;

/// Fields and their values.
pub(crate) fn table(rows: Vec<(impl Into<String>, String)>) -> Table {
    let columns = vec![Column::words("", ""), Column::words("", "")];
    let row = |(field, value)| vec![Cell::Text(field), Cell::Text(value)];
    let rows = rows.into_iter().map(|(field, value)| (field.into(), value));
    Table { columns, rows: rows.map(row).collect() }
}

/// The machine the client ran on.
pub(crate) fn machine(run: &Run) -> Table {
    let mut table = of_machine(&run.provenance.machine);
    let kept = run.provenance.asked.as_ref().and_then(|asked| asked.client_cpus);
    let words = |cpus| Limits { cpus: Some(cpus), memory_bytes: None }.words();
    table.rows.extend(kept.map(|cpus| vec![Cell::Text("client kept to".into()), Cell::Text(words(cpus))]));
    table
}

/// A machine, and its fingerprint where it has one.
pub(crate) fn of_machine(machine: &Machine) -> Table {
    let mut rows = vec![
        ("processor", format!("{}, {} cores usable ({})", machine.cpu, machine.cores, machine.arch)),
        ("memory", units::bytes(machine.memory_bytes)),
    ];
    if let Some(disk) = &machine.disk {
        let flushes = units::count(disk.flushes_per_second);
        rows.push(("disk", format!("{}, {flushes} flushes a second confirmed", disk.filesystem)));
    }
    rows.push(("system", format!("{}, {}", machine.os, machine.kernel)));
    rows.push(("virtual machine", machine.virtualization.clone().unwrap_or_else(|| "none seen".into())));
    let facts = machine.fingerprint.iter().map(|(fact, value)| (fact.title(), fact_words(fact, value)));
    rows.extend(facts);
    table(rows)
}

/// The servers it loaded into, those that cases name by that name.
pub(crate) fn server(run: &Run) -> Table {
    let mut rows = one_server(&run.server);
    for (name, server) in &run.servers {
        rows.extend(one_server(server).into_iter().map(|(field, value)| (format!("{name}: {field}"), value)));
    }
    table(rows)
}

/// A server by itself.
pub(crate) fn of_server(server: &ServerFacts) -> Table {
    table(one_server(server))
}

/// One server, field by field.
pub(super) fn one_server(server: &ServerFacts) -> Vec<(String, String)> {
    let image = server.image.iter().map(|image| ("image", image.clone()));
    let first = [
        ("version", server.version.clone()),
        ("where", format!("{}: {}", server.source.name(), server.reason)),
    ];
    let limits = (!server.limits.is_empty()).then(|| ("held to", server.limits.words()));
    let rows = first.into_iter().chain(image).chain([("reached by", server.transport.clone())]).chain(limits);
    let absent = server.absent.iter().map(|(ability, why)| {
        (format!("without {}", ability.name()), format!("{}: {why}", ability.without()))
    });
    let facts = server.fingerprint.iter().map(|(fact, value)| (fact.title(), fact_words(fact, value)));
    let unmeasured = server.unmeasured.iter().map(|why| ("its disk", format!("not measured: {why}")));
    let disk = server
        .disk
        .iter()
        .map(|disk| ("emulated disk", format!("{} ({})", disk::spelling(disk), disk::figures_of(disk))));
    let rows = rows.chain(disk).chain(facts).chain(unmeasured);
    rows.map(|(field, value)| (field.to_string(), value)).chain(absent).collect()
}

/// The settings that decide a load, as each server shows them, with those bulkbench gave marked.
pub(crate) fn settings(run: &Run) -> Table {
    let servers = || std::iter::once(&run.server).chain(run.servers.values());
    let names: std::collections::BTreeSet<&String> =
        servers().flat_map(|s| s.given.keys().chain(s.settings.keys())).collect();
    let mut columns = vec![
        Column::words("setting", ""),
        Column::words("value", "As the server shows it."),
        Column::words("given", "What bulkbench set, before any setting of a case's own."),
    ];
    for name in run.servers.keys() {
        columns.push(Column::words(format!("{name}: value"), "As that server shows it."));
        columns.push(Column::words(format!("{name}: given"), "What bulkbench set there."));
    }
    let cell = |value: Option<&String>| Cell::optional(value, |v| Cell::Code(v.clone()));
    let row = |name: &String| {
        let values = servers().flat_map(|s| [cell(s.settings.get(name)), cell(s.given.get(name))]);
        std::iter::once(Cell::Code(name.clone())).chain(values).collect()
    };
    Table { columns, rows: names.into_iter().map(row).collect() }.without_empty_columns()
}

/// The datasets, further ones by the name that cases give them.
pub(crate) fn dataset(run: &Run) -> Table {
    // The run's own is one of the others where no case is without a name for it.
    let named = run.datasets.values().any(|dataset| *dataset == run.dataset);
    let mut rows = if named { Vec::new() } else { one_dataset(&run.dataset) };
    for (name, dataset) in &run.datasets {
        rows.extend(
            one_dataset(dataset).into_iter().map(|(field, value)| (format!("{name}: {field}"), value)),
        );
    }
    table(rows)
}

fn one_dataset(dataset: &DatasetFacts) -> Vec<(String, String)> {
    let seed = dataset.seed.map(|seed| format!(" from seed {seed}")).unwrap_or_default();
    let first = [
        ("rows", format!("{}, {}{seed}", units::count(dataset.rows), dataset.origin)),
        ("content", format!("{}{}", dataset.content, by_rule(dataset.content.rule))),
    ];
    let unknown = (!dataset.unknown.is_empty()).then(|| {
        let columns = dataset.unknown.join(", ");
        (
            "only the server knows",
            format!(
                "{columns}: their values are held against the server's own reading of the csv, a weaker proof"
            ),
        )
    });
    let files = dataset.files.iter().map(|(encoding, file)| {
        (encoding.name(), format!("{}, SHA-256 {}", units::bytes(file.bytes), file.sha256))
    });
    first.into_iter().chain(unknown).chain(files).map(|(field, value)| (field.to_string(), value)).collect()
}

/// The rule of a content sum, where it is not the usual one.
fn by_rule(rule: Rule) -> &'static str {
    match rule {
        Rule::RowHashes | Rule::RowHashes2 | Rule::ServersOwn => "",
        Rule::RowMd5 | Rule::ServersOwnMd5 => ", a sum of md5, as the server lacks PostgreSQL's hashes",
    }
}

/// What became of the table right after it was made, a sentence each.
pub(crate) fn making(making: &Making) -> Vec<String> {
    let distribute = making.distribute.iter().map(|column| {
        format!(
            "Citus distributed it by its column {column} whenever it was made. Its sizes are those on all nodes, with \
             the copies that Citus keeps; WAL and the server's other figures are those of the coordinator alone, \
             which the client was connected to."
        )
    });
    let after = (!making.after.is_empty()).then(|| {
        "These statements were run whenever it was made, before the clock started. Where they spread its rows over \
         other servers, WAL is that of the one alone which the client was connected to."
            .to_owned()
    });
    distribute.chain(after).collect()
}

/// The measuring method of the run, in sentences.
pub(crate) fn method(run: &Run) -> Vec<String> {
    let plan = &run.plan;
    let mut lines = vec![
        format!(
            "{} round{}, each running every case once in a shuffled order (seed {}), after one warm-up \
             load that is not counted; the baseline runs twice a round, the second time as the control.",
            plan.rounds,
            if plan.rounds == 1 { "" } else { "s" },
            plan.seed
        ),
        "Timed are the phases between a fresh table and its verification; connecting, creating the table, \
         the checkpoint before and the verification after are not. Every load is verified by row count and \
         by a checksum of its content that the client computes from the dataset."
            .into(),
        "Speeds are taken within rounds: of the logarithms of the ratios in each round the Hodges-Lehmann estimate, with \
         an interval at 95 % by Student's t, whose variance is drawn towards that of all cases of the run (Smyth \
         2004). Where the baseline runs twice a round, the mean of both is what other cases are held against. Faster or \
         slower is said only where five rounds or more have both, and p is 0.05 or less after it was adjusted for all \
         verdicts of the run (Holm). Intervals of times are percentile bootstraps of the median (10 000 resamples, \
         fixed seed) at 95 %."
            .into(),
        format!(
            "A case that would take longer than {} a sample loads fewer rows, and says so.",
            units::seconds(plan.budget_ns)
        ),
    ];
    if let Some(grouping) = &plan.grouping {
        lines.push(format!("Order within a round: {grouping}."));
    }
    lines.extend(rounds::method(plan));
    lines
}

/// Which program made the run, and when.
pub(crate) fn origin(run: &Run) -> String {
    made_by(&run.provenance.tool, &run.provenance.label, &run.provenance.started)
}

/// Which program made a record, and when.
pub(super) fn made_by(tool: &Tool, label: &str, started: &str) -> String {
    let commit = tool.commit.as_ref().map(|c| format!(", commit {c}")).unwrap_or_default();
    let label = if label.is_empty() { String::new() } else { format!("{label}; ") };
    format!("{label}{started} by {} {} ({}{commit})", tool.name, tool.version, tool.profile)
}
