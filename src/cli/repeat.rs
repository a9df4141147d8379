//! The command that repeats a run elsewhere, made from its record.
//!
//! All that decides the result is in it, defaults included: those of a later version may be others. What
//! a record does not hold (paths, addresses) stands as a text in braces that says what to put there.

use crate::caveat;
use crate::disk;
use crate::model::findings::Findings;
use crate::model::{Asked, CrashKind, EmulatedDisk, OwnTable, Run, ServerFacts, Source, Until, size_words};

/// The command that repeats this run.
pub(crate) fn run_command(run: &Run, asked: &Asked) -> String {
    let plan = &run.plan;
    let mut command = RepeatCommand::new(&plan.experiment, asked, &run.making.after);
    match (&asked.dataset, &run.table) {
        (Some(name), table) => {
            command.flag("dataset", name);
            table.iter().for_each(|table| command.own(table));
        }
        (None, Some(table)) if !table.listed => match &table.invented {
            Some(invented) => command.flag("data", invented),
            None => {
                command.flag("csv", "{file of the rows}");
                command.own(table);
            }
        },
        (None, _) => {}
    }
    let mut datasets = std::iter::once(&run.dataset).chain(run.datasets.values());
    let invented = datasets.find(|dataset| dataset.seed.is_some()).filter(|_| asked.dataset.is_none());
    if let Some(invented) = invented {
        command.flag("rows", &invented.rows.to_string());
    }
    run.making.distribute.iter().for_each(|column| command.flag("distribute", column));
    let rounds = plan.until.as_ref().map_or(plan.rounds, |until| until.fewest_rounds);
    command.flag("rounds", &rounds.to_string());
    plan.until.iter().for_each(|until| command.until(until));
    if !asked.methods.is_empty() {
        command.flag("methods", &asked.methods.join(","));
    }
    if invented.is_some() || asked.dataset.is_some() {
        command.flag("seed", &plan.seed.to_string());
    }
    command.flag("budget", &(plan.budget_ns / 1_000_000_000).to_string());
    if plan.any_build {
        command.words.push("--any-build".into());
    }
    if let Some(crash) = &plan.crash {
        command.words.push(match crash.kind {
            CrashKind::Kill => "--crash".into(),
            CrashKind::Power => format!("--crash={}", crash.kind.name()),
        });
        command.flag("crash-rows", &crash.rows.to_string());
    }
    command.rest(&run.servers_in_order(), asked, &run.provenance.label)
}

/// The command that finds these findings again.
pub(crate) fn findings_command(findings: &Findings, asked: &Asked) -> String {
    RepeatCommand::new(&findings.experiment, asked, &[]).rest(
        &[&findings.server],
        asked,
        &findings.provenance.label,
    )
}

/// A command, word by word.
struct RepeatCommand {
    words: Vec<String>,
}

impl RepeatCommand {
    fn new(experiment: &str, asked: &Asked, after: &[String]) -> Self {
        let experiment = match (asked.own_experiment, after) {
            (true, []) => format!("{{file of the experiment {experiment}}}"),
            (true, after) => format!(
                "{{file of the experiment {experiment}, once its table is made: {}}}",
                after.join("; ")
            ),
            (false, _) => experiment.to_owned(),
        };
        Self { words: ["bulkbench", "run", &experiment].map(String::from).to_vec() }
    }

    fn flag(&mut self, name: &str, value: &str) {
        self.words.extend([format!("--{name}"), value.to_owned()]);
    }

    /// The rule by which the rounds went on.
    fn until(&mut self, until: &Until) {
        self.flag("until", &format!("{}%", until.percent));
        if !until.cases.is_empty() {
            self.flag("until-cases", &until.cases.join(","));
        }
        self.flag("max-rounds", &until.most_rounds.to_string());
        self.flag("max-time", &(until.most_ns / 1_000_000_000).to_string());
    }

    /// A table of the user's, and what was said of its rows.
    fn own(&mut self, table: &OwnTable) {
        self.flag("ddl", &format!("{{file of the DDL of the table {}}}", table.name));
        self.flag("table", &table.name);
        table.csv.iter().for_each(|(name, value)| self.flag(name, value));
        for parent in &table.parents {
            self.flag("parent", &format!("{parent}={{file of the rows of {parent}}}"));
        }
    }

    /// With what every experiment has, as a shell reads it.
    fn rest(mut self, servers: &[&ServerFacts], asked: &Asked, label: &str) -> String {
        asked.claim.iter().for_each(|id| self.flag("claim", id));
        self.servers(servers);
        // Those of all are the same.
        let limits = servers.first().map(|server| server.limits).unwrap_or_default();
        limits.cpus.iter().for_each(|cpus| self.flag("cpus", &cpus.to_string()));
        limits.memory_bytes.iter().for_each(|bytes| self.flag("memory", &size_words(*bytes)));
        asked.client_cpus.iter().for_each(|cpus| self.flag("client-cpus", &cpus.to_string()));
        if asked.data_dir {
            self.flag("data-dir", "{directory for the data of the server}");
        }
        asked.settings.iter().for_each(|(name, value)| self.flag("set", &format!("{name}={value}")));
        for id in &asked.caveats {
            let built_in = caveat::ids().any(|known| known == id);
            self.flag("caveat", &if built_in { id.clone() } else { format!("{{file of the caveat {id}}}") });
        }
        asked.loaders.iter().for_each(|id| self.flag("loader", &format!("{{file of the loader {id}}}")));
        self.flag("timeout", &asked.timeout_seconds.to_string());
        if !label.is_empty() {
            self.flag("label", label);
        }
        // No word of a record holds a NUL, which is all that cannot be quoted.
        shlex::try_join(self.words.iter().map(String::as_str)).unwrap_or_else(|_| self.words.join(" "))
    }

    /// The kind of the servers, where all are of one, and each of them.
    fn servers(&mut self, servers: &[&ServerFacts]) {
        let only = |source| servers.iter().all(|server| server.source == source);
        if only(Source::Local) {
            self.flag("server", "local");
        } else if only(Source::Container) {
            self.flag("server", "container");
        }
        // Each disk has a server of each build.
        let mut disks: Vec<&EmulatedDisk> =
            servers.iter().filter_map(|server| server.disk.as_ref()).collect();
        disks.dedup();
        disks.iter().for_each(|disk| self.flag("disk", &disk::spelling(disk)));
        let on_first = |server: &&&ServerFacts| server.disk.as_ref() == disks.first().copied();
        let servers: Vec<&ServerFacts> = servers.iter().filter(on_first).copied().collect();
        for (at, server) in servers.iter().enumerate() {
            let version = version(server);
            match (server.source, &server.image) {
                (Source::Local, _) => {
                    let like = |other: &&&ServerFacts| {
                        other.source == Source::Local && self::version(other) == version
                    };
                    let which = match servers[..at].iter().filter(like).count() {
                        0 => String::new(),
                        before => format!(", build {}", before + 1),
                    };
                    self.flag(
                        "pg-bin",
                        &format!("{{directory of the binaries of PostgreSQL {version}{which}}}"),
                    );
                }
                (Source::Container, Some(image)) => self.flag("image", image),
                (Source::Container, None) => {}
                (Source::External, _) => {
                    let version = match server.is_postgres() {
                        true => format!("PostgreSQL {version}"),
                        false => server.version.clone(),
                    };
                    self.flag("server", &format!("{{URL of the server: {version}, {}}}", server.transport));
                }
            }
        }
    }
}

/// The version of its build, e.g. `15.18`.
fn version(server: &ServerFacts) -> &str {
    server.version.split_whitespace().nth(1).unwrap_or("?")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;
    use crate::model::{CrashPlan, Limits, Making};
    use crate::record::Document;

    const GOLDEN: &str = include_str!("../../tests/fixtures/schema-1/run.json");

    /// Flags that the command need not have, each with the reason.
    const DECIDE_NOTHING: [(&str, &str); 5] = [
        ("dry-run", "it runs nothing"),
        ("quick", "it stands for rows, rounds and a budget, which are in the command"),
        ("out", "where the results lie"),
        ("resume", "a run that went on is repeated from its start"),
        ("help", "it runs nothing"),
    ];

    fn golden() -> Run {
        Run::read(GOLDEN.as_bytes()).unwrap()
    }

    fn asked() -> Asked {
        Asked { timeout_seconds: 1800, ..Asked::default() }
    }

    #[test]
    fn a_plain_run_says_all_that_it_took() {
        assert_eq!(
            run_command(&golden(), &asked()),
            "bulkbench run votes --rows 1000 --rounds 1 --seed 7 --budget 20 --server local --pg-bin \
             '{directory of the binaries of PostgreSQL 15.18}' --timeout 1800 --label golden"
        );
    }

    #[test]
    fn every_flag_of_run_is_in_the_command_or_decides_nothing() {
        let mut record = golden();
        record.plan.any_build = true;
        record.server.limits = Limits { cpus: Some(2), memory_bytes: Some(4 << 30) };
        record.plan.crash = Some(CrashPlan { kind: CrashKind::Kill, rows: 10, order: Vec::new() });
        record.plan.until = Some(Until {
            percent: 0.7,
            cases: vec!["copy-csv".into(), "copy-text jobs=2".into()],
            fewest_rounds: 6,
            most_rounds: 30,
            most_ns: 3_600_000_000_000,
            spent_ns: 1,
            wider: BTreeMap::new(),
            ended: None,
        });
        record.making =
            Making { after: vec!["ALTER TABLE {table} SET".into()], distribute: Some("link".into()) };
        let asked = Asked {
            own_experiment: true,
            loaders: vec!["mine".into()],
            caveats: vec!["backslashes".into(), "mine".into()],
            methods: vec!["copy-text".into()],
            claim: Some("A1".into()),
            dataset: None,
            settings: BTreeMap::from([("work_mem".into(), "8 MB".into())]),
            client_cpus: Some(1),
            data_dir: true,
            ..asked()
        };
        let on_image = |run: &mut Run| {
            run.server.source = Source::Container;
            run.server.image = Some("postgres:18".into());
        };
        record.server.disk = Some(disk::parse("hdd-5400").unwrap());
        let local = run_command(&record, &asked);
        record.server.disk = None;
        on_image(&mut record);
        let on_dataset = Asked { dataset: Some("imported-0a".into()), ..asked.clone() };
        let on_dataset = run_command(&record, &on_dataset);
        let dialect = ["csv-header", "csv-columns", "delimiter", "quote", "escape", "null"];
        let own = OwnTable {
            name: "events".into(),
            ddl: "CREATE TABLE events ()".into(),
            parents: vec!["customers".into()],
            csv: dialect.map(|name| (String::from(name), ";".into())).into(),
            invented: None,
            listed: false,
            notes: Vec::new(),
        };
        record.table = Some(OwnTable { invented: Some("events".into()), ..own.clone() });
        let built_in = run_command(&record, &asked);
        record.table = Some(own);
        let commands = [local, on_dataset, built_in, run_command(&record, &asked)].join(" ");
        let words = shlex::split(&commands).unwrap();
        let cli = Cli::command();
        for flag in cli.find_subcommand("run").unwrap().get_arguments() {
            let Some(name) = flag.get_long() else { continue };
            let has_flag = words.contains(&format!("--{name}"));
            let decides = !DECIDE_NOTHING.iter().any(|(known, _)| *known == name);
            assert_eq!(has_flag, decides, "--{name}: {commands}");
        }
        let experiment = "{file of the experiment votes, once its table is made: ALTER TABLE {table} SET}";
        assert!(words.contains(&experiment.into()), "{commands}");
        assert!(words.contains(&"work_mem=8 MB".into()), "{commands}");
        assert!(commands.contains("--cpus 2 --memory 4GB --client-cpus 1"), "{commands}");
        let until = "--rounds 6 --until '0.7%' --until-cases 'copy-csv,copy-text jobs=2' --max-rounds 30 --max-time 3600";
        assert!(commands.contains(until), "{commands}");
        assert!(words.contains(&"{file of the loader mine}".into()), "{commands}");
        assert!(commands.contains("--caveat backslashes --caveat '{file of the caveat mine}'"), "{commands}");
    }

    #[test]
    fn several_servers_are_named_in_the_order_of_the_run() {
        let mut record = golden();
        let mut newer = record.server.clone();
        newer.version = "PostgreSQL 18.1 on x86_64-pc-linux-gnu".into();
        let mut image = newer.clone();
        (image.source, image.image) = (Source::Container, Some("postgres:18".into()));
        record.servers = [("18.1", newer), ("15.18", record.server.clone())]
            .map(|(name, facts)| (name.to_owned(), facts))
            .into();
        record.plan.cases[0].key.server = Some("18.1".into());
        record.plan.cases[1].key.server = Some("15.18".into());
        let place = |record: &Run| {
            let words = shlex::split(&run_command(record, &asked())).unwrap();
            let from = words.iter().position(|word| word == "20").unwrap();
            words[from + 1..words.len() - 4].join(" ")
        };
        let binaries = |version| format!("--pg-bin {{directory of the binaries of PostgreSQL {version}}}");
        assert_eq!(place(&record), format!("--server local {} {}", binaries("18.1"), binaries("15.18")));
        let of_both = record.servers["15.18"].version.clone();
        let other = std::mem::replace(&mut record.servers.get_mut("18.1").unwrap().version, of_both);
        let two = format!("--server local {} {}", binaries("15.18"), binaries("15.18, build 2"));
        assert_eq!(place(&record), two, "two builds of one version");
        record.servers.get_mut("18.1").unwrap().version = other;
        record.servers.insert("15.18".into(), image);
        assert_eq!(place(&record), format!("{} --image postgres:18", binaries("18.1")), "neither kind alone");
        record.servers.clear();
        record.plan.cases.iter_mut().for_each(|case| case.key.server = None);
        (record.server.source, record.server.transport) = (Source::External, "tcp, another host".into());
        assert_eq!(place(&record), "--server {URL of the server: PostgreSQL 15.18, tcp, another host}");
    }

    #[test]
    fn disks_are_named_beside_the_builds_that_lie_on_each_of_them() {
        let mut record = golden();
        let on = |text: &str, version: &str| {
            let version = format!("PostgreSQL {version} on x86_64-pc-linux-gnu");
            ServerFacts { disk: Some(disk::parse(text).unwrap()), version, ..golden().server }
        };
        let servers = [
            ("a", "none", "17.1"),
            ("b", "none", "18.1"),
            ("c", "flush=1ms", "17.1"),
            ("d", "flush=1ms", "18.1"),
        ];
        let mut cases = record.plan.cases.iter().cycle().take(4).cloned().collect::<Vec<_>>();
        for (case, (name, disk, version)) in cases.iter_mut().zip(servers) {
            record.servers.insert(name.into(), on(disk, version));
            case.key.server = Some(name.into());
        }
        record.plan.cases = cases;
        let words = shlex::split(&run_command(&record, &asked())).unwrap();
        let flags = words.windows(2).filter(|pair| ["--disk", "--pg-bin"].contains(&pair[0].as_str()));
        let values: Vec<&str> = flags.map(|pair| pair[1].as_str()).collect();
        let binaries = ["17.1", "18.1"].map(|v| format!("{{directory of the binaries of PostgreSQL {v}}}"));
        assert_eq!(values, ["none", "flush=1ms", &binaries[0], &binaries[1]]);
    }

    #[test]
    fn words_are_quoted_as_a_shell_reads_them() {
        let settings = [("search", "it's \"$x\" `y`"), ("a", "1GB")];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let words = shlex::split(&run_command(&golden(), &Asked { settings, ..asked() })).unwrap();
        assert!(words.contains(&"search=it's \"$x\" `y`".into()), "{words:?}");
        assert!(words.contains(&"a=1GB".into()), "{words:?}");
    }
}
