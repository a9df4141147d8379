//! `bulkbench list`: the methods and experiments, and which can run here.

use std::process::ExitCode;

use anyhow::Result;
use comfy_table::{ContentArrangement, Table, presets};

use super::print;
use crate::experiment::Experiment;
use crate::method::{Default, Info, Need, catalogue};
use crate::server::container::{EngineStatus, engine_status, usable};
use crate::server::local::installations;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Say more of each method: its parameters, and what a sample loads
    #[arg(long, short)]
    verbose: bool,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let servers = servers()?;
    let mut methods =
        table(["method", "family", "what it does", "after a crash", "source", "available here"]);
    for method in catalogue::METHODS {
        let info = method.info();
        let here = match servers.is_empty() {
            true => "no: no PostgreSQL here; on a server of yours",
            false if info.needs.contains(&Need::ReadsFile) => {
                "yes; on a server of yours if it can read the file"
            }
            false => "yes",
        };
        let what = if args.verbose { verbose(info) } else { info.summary.to_string() };
        methods.add_row([info.id, info.family.name(), &what, info.durability.words(), info.source, here]);
    }
    let mut experiments =
        table(["experiment", "cases", "the question it answers", "source", "available here"]);
    for experiment in Experiment::built_in()? {
        experiments.add_row([
            experiment.id,
            experiment.cases.len().to_string(),
            experiment.question,
            experiment.source.unwrap_or_default(),
            if servers.is_empty() { "on a server of yours" } else { "yes" }.into(),
        ]);
    }
    let servers = match servers.is_empty() {
        true => "No throwaway server can run here yet: `bulkbench doctor` says what to do.".into(),
        false => format!("Throwaway servers here: {}.", servers.join("; ")),
    };
    print(&format!(
        "{methods}\n\n{experiments}\n\n{servers}\nA server of yours: --server postgres://user@host/database\n"
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// The throwaway servers that can run here, in words.
fn servers() -> Result<Vec<String>> {
    let local = installations(None)?.into_iter().map(|i| format!("local {}", i.version_text));
    let container = match engine_status() {
        EngineStatus::Answers { version, images } => images
            .iter()
            .filter(|image| usable(image).is_some())
            .map(|image| format!("container {image} (engine {version})"))
            .collect(),
        EngineStatus::Absent(_) | EngineStatus::NoPermission(_) => Vec::new(),
    };
    Ok(local.chain(container).collect())
}

fn verbose(info: &Info) -> String {
    let mut text = info.summary.to_string();
    for param in info.params {
        let default = match param.default {
            Default::Fixed(value) => value.to_string(),
            Default::Cores => "the cores".into(),
        };
        text.push_str(&format!(
            "\nparameter {}: {}, {} to {}, default {default}",
            param.name, param.help, param.min, param.max
        ));
    }
    if info.extent == crate::method::Extent::Budgeted {
        text.push_str("\nloads as many rows as fit --budget");
    }
    text
}

fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header);
    table
}
