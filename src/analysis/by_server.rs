//! A run that loaded into several servers, taken apart: a run for each, so that its servers can be compared as runs are.

use std::collections::BTreeMap;

use crate::model::{
    Axis, Case, CaseKey, Disk, Fact, FactValue, Machine, Plan, Role, Run, Sample, ServerFacts, Slot,
};

/// The parts of a run by their servers' names, in the order in which its cases name them; none of a run on one server.
/// Crashes are in none of them.
pub(crate) fn parts(run: &Run, samples: &[Sample]) -> Vec<(String, Run, Vec<Sample>)> {
    let names = run.server_names();
    let of_server = |name: &String| {
        let (run, samples) = part(run, samples, name)?;
        Some((name.clone(), run, samples))
    };
    match names.len() {
        0 | 1 => Vec::new(),
        _ => names.into_iter().filter_map(of_server).collect(),
    }
}

/// What loaded into the server of this name; `None` where the record has nothing of it.
fn part(run: &Run, samples: &[Sample], name: &str) -> Option<(Run, Vec<Sample>)> {
    let server = run.servers.get(name)?;
    let is_baseline = |case: &&Case| case.role == Role::Baseline;
    let baseline: Option<CaseKey> =
        run.plan.cases.iter().find(is_baseline).map(|case| case.key.without(&Axis::Server));
    let mut cases = Vec::new();
    // The place of each case among those of the server, and its id there.
    let mut places: BTreeMap<usize, usize> = BTreeMap::new();
    let mut ids: BTreeMap<&str, String> = BTreeMap::new();
    for (index, case) in run.plan.cases.iter().enumerate() {
        if case.key.server.as_deref() != Some(name) {
            continue;
        }
        let key = case.key.without(&Axis::Server);
        // The baseline is that on the first server; here it is the same case.
        let role = match case.role {
            Role::Case if Some(&key) == baseline.as_ref() => Role::Baseline,
            role => role,
        };
        let id = key.id(role);
        places.insert(index, cases.len());
        ids.insert(&case.id, id.clone());
        cases.push(Case { id, key, role, against: None, step: None, ..case.clone() });
    }
    let order = run.plan.order.iter();
    let order = order
        .map(|round| round.iter().filter_map(|index| places.get(index).copied()).collect::<Vec<usize>>());
    let plan = Plan { cases, order: order.collect(), crash: None, ..run.plan.clone() };
    let mut part = Run { server: server.clone(), servers: BTreeMap::new(), plan, ..run.clone() };
    part.provenance.machine = on_disk_of(server, part.provenance.machine);
    let renamed = |sample: &Sample| Some(Sample { case: ids.get(&*sample.case)?.clone(), ..sample.clone() });
    let samples = samples.iter().filter(|sample| !matches!(sample.slot, Slot::Crash(_)));
    Some((part, samples.filter_map(renamed).collect()))
}

/// The machine with the disk of this server's data, where that has one of its own.
fn on_disk_of(server: &ServerFacts, mut machine: Machine) -> Machine {
    let (filesystem, flushes) =
        (server.fingerprint.get(Fact::FileSystem), server.fingerprint.get(Fact::Flushes));
    if let (Some(FactValue::Words(filesystem)), Some(FactValue::Number(flushes))) = (filesystem, flushes) {
        machine.disk = Some(Disk { filesystem: filesystem.clone(), flushes_per_second: *flushes });
    }
    machine
}
