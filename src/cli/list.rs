//! `bulkbench list`: the methods and experiments, and which can run here.

use std::process::ExitCode;

use anyhow::Result;
use comfy_table::{ContentArrangement, Table, presets};

use super::print;
use crate::experiment::Experiment;
use crate::interrupt::Interrupt;
use crate::method::{Default, Info, catalogue};
use crate::server;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Say more of each method: source, parameters, what a sample loads
    #[arg(long, short)]
    verbose: bool,
}

pub fn run(args: &Args, _interrupt: &Interrupt) -> Result<ExitCode> {
    let available = server::available();
    let mut methods = table(["method", "family", "what it does", "after a crash", "available here"]);
    for method in catalogue::METHODS {
        let info = method.info();
        let here = match &available {
            Ok(_) if info.server_reads => "yes; on a server of yours if it can read the file".into(),
            Ok(_) => "yes".into(),
            Err(reason) => format!("no: {reason:#}"),
        };
        let what = if args.verbose { verbose(info) } else { info.summary.to_string() };
        methods.add_row([info.id, info.family.name(), &what, info.durability.words(), &here]);
    }
    let mut experiments = table(["experiment", "cases", "the question it answers", "source"]);
    for experiment in Experiment::built_in()? {
        experiments.add_row([
            experiment.id,
            experiment.cases.len().to_string(),
            experiment.question,
            experiment.source.unwrap_or_default(),
        ]);
    }
    let servers = match available {
        Ok(words) => format!("Servers here: {words}. Any other by --server postgres://...\n"),
        Err(_) => "No server here yet: `bulkbench doctor` says what to do. Any other by --server postgres://...\n".into(),
    };
    print(&format!("{methods}\n\n{experiments}\n\n{servers}"))?;
    Ok(ExitCode::SUCCESS)
}

fn verbose(info: &Info) -> String {
    let mut text = format!("{}\nsource: {}", info.summary, info.source);
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
