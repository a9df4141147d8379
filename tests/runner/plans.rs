//! Small plans, made as those of an experiment are.

use std::collections::BTreeMap;
use std::time::Duration;

use bulkbench::dataset::columns::votes;
use bulkbench::experiment::Experiment;
use bulkbench::method::Catalogue;
use bulkbench::model::{Case, CrashKind, CrashPlan, Moment, Plan, Until};
use bulkbench::runner::plan::{self, Request, Tables};
use bulkbench::table::Table;

/// Two cases and the control, over so many rounds.
pub(crate) fn small_plan(rounds: u32) -> Plan {
    plan_of("copy-csv", "copy-text", rounds, |_| {})
}

/// A baseline with its control and one case more, whatever is done to them before they are planned.
pub(crate) fn plan_of(baseline: &str, other: &str, rounds: u32, prepare: impl FnOnce(&mut [Case])) -> Plan {
    let experiment = Experiment::parse(
        &format!(
            "id = 'small'\ntitle = 't'\nquestion = 'q'\nrounds = 2\nbaseline = '{baseline}'\n\
             [[case]]\nmethod = '{baseline}'\n[[case]]\nmethod = '{other}'\n"
        ),
        "small.toml",
    )
    .unwrap();
    let request = Request {
        rounds,
        rows: 10,
        seed: 3,
        budget: Duration::from_secs(1),
        methods: vec![],
        cores: 2,
        any_build: false,
        crash: None,
        until: None,
    };
    let tables = Tables::of(Table::votes(&votes()), request.rows);
    let mut cases = plan::cases(&Catalogue::built_in(), &experiment, &request, &tables).unwrap();
    prepare(&mut cases);
    plan::plan(&experiment, &request, cases, Clone::clone)
}

/// Two cases and the control over one round, and behind it a crash of the first case after its end and in its middle.
pub(crate) fn crashing_plan() -> Plan {
    let plan = small_plan(1);
    let order = vec![(0, Moment::End), (0, Moment::Middle)];
    Plan { crash: Some(CrashPlan { kind: CrashKind::Kill, rows: 4, order }), ..plan }
}

/// Two cases and the control, over five rounds and up to eight.
pub(crate) fn open_plan() -> Plan {
    let until = Until {
        percent: 2.0,
        cases: vec![],
        fewest_rounds: 5,
        most_rounds: 8,
        most_ns: u64::MAX,
        spent_ns: 0,
        wider: BTreeMap::new(),
        ended: None,
    };
    Plan { until: Some(until), ..small_plan(5) }
}
