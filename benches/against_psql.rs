//! Is the client what is measured? `copy-csv`'s stream against `psql \copy` of the same file, side
//! by side on one server in one run: the ratio of their medians, and what our client costs.
//!
//! `BULKBENCH_ROWS` (default 7 500 000) and `BULKBENCH_ROUNDS` (default 7) set the size. Both are
//! timed from before they connect to after the rows are committed, into a fresh table each time;
//! psql's own start is timed too and shown, as it is part of its figure.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bulkbench::cache_dir::default_cache_dir;
use bulkbench::dataset::{DEFAULT_ROWS, DEFAULT_SEED, Dataset};
use bulkbench::interrupt::Interrupt;
use bulkbench::method::tools::stream::CopyStream;
use bulkbench::model::{Encoding, Persistence};
use bulkbench::probe::{cpu, memory};
use bulkbench::server::{self, Choice, Connector, Options};
use bulkbench::stats;
use bulkbench::table::Table;
use bulkbench::units;
use tokio_postgres::config::Host;

fn main() -> Result<()> {
    if std::env::args().any(|arg| arg == "--test" || arg == "--list") {
        return Ok(()); // `cargo test --benches` and test runners only ask whether it builds.
    }
    let (rows, rounds) = (number("BULKBENCH_ROWS", DEFAULT_ROWS)?, number("BULKBENCH_ROUNDS", 7)?);
    let interrupt = Interrupt::install()?;
    let mut dataset =
        Dataset::generated(&default_cache_dir()?.join("datasets"), rows, DEFAULT_SEED, &interrupt)?;
    Encoding::ALL.into_iter().try_for_each(|encoding| dataset.ensure(encoding, &interrupt))?;
    let table = Table::votes(dataset.columns());
    let server =
        server::open(&Choice::Local, &Options { id: server::new_id(), ..Options::default() }, &interrupt)?;
    let connector = server.connector();

    println!("{} rows, {rounds} rounds, {}", units::count(rows), server.facts().version);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        // Turn and turn about, so that neither is always the one after a checkpoint.
        for first in [round % 2 == 0, round % 2 != 0] {
            fresh(connector, &table)?;
            let file = dataset.file(Encoding::Csv);
            if first {
                ours.push(stream(connector, &table, &dataset, Encoding::Csv)?.0.as_nanos() as f64);
            } else {
                theirs.push(psql(connector, &copy_command(&table, &file))?.as_nanos() as f64);
            }
        }
    }
    let idle = psql(connector, "SELECT 1")?;
    let median = |times: &[f64]| stats::median(times).context("BULKBENCH_ROUNDS is 0");
    let (ours, theirs) = (median(&ours)?, median(&theirs)?);
    println!("copy-csv     {}", units::seconds(ours as u64));
    println!(
        "psql \\copy   {}  (of which start and connect: {})",
        units::seconds(theirs as u64),
        units::seconds(idle.as_nanos() as u64)
    );
    println!("ratio of medians, copy-csv / psql: {:.3}", ours / theirs);

    for encoding in Encoding::ALL {
        fresh(connector, &table)?;
        let (_, cpu_ns, peak) = stream(connector, &table, &dataset, encoding)?;
        println!(
            "client of COPY {:<6} {:.1} ns of CPU a row, peak memory {}",
            encoding.name(),
            cpu_ns as f64 / rows as f64,
            peak.map_or("unknown".into(), units::bytes)
        );
    }
    server.stop()
}

fn number(name: &str, default: u64) -> Result<u64> {
    std::env::var(name)
        .map_or(Ok(default), |text| text.parse().with_context(|| format!("{name} is `{text}`, not a number")))
}

fn fresh(connector: &Connector, table: &Table) -> Result<()> {
    let mut session = connector.connect()?;
    session.batch_execute(&format!("{}; {}", table.drop(), table.create(Persistence::Permanent)))?;
    Ok(session.batch_execute("CHECKPOINT")?)
}

/// Our own stream: its time, its CPU time in nanoseconds, its peak memory.
fn stream(
    connector: &Connector,
    table: &Table,
    dataset: &Dataset,
    encoding: Encoding,
) -> Result<(Duration, u64, Option<u64>)> {
    memory::reset_peak();
    let (cpu_before, start) = (cpu::process_ns(), Instant::now());
    let stream = CopyStream::connect(connector)?;
    let sql = format!("COPY {} FROM STDIN WITH (FORMAT {})", table.target(), encoding.name());
    let chunk = dataset.chunks(encoding, dataset.rows(), 1)?[0];
    stream.copy(&sql, &dataset.file(encoding), encoding, chunk)?;
    let time = start.elapsed();
    Ok((time, cpu::process_ns() - cpu_before, memory::peak_bytes()))
}

fn copy_command(table: &Table, file: &Path) -> String {
    format!("\\copy {} FROM '{}' WITH (FORMAT csv)", table.target(), file.display())
}

fn psql(connector: &Connector, command: &str) -> Result<Duration> {
    let config = connector.config();
    let Some(Host::Unix(socket)) = config.get_hosts().first() else {
        anyhow::bail!("the local server has no socket")
    };
    let start = Instant::now();
    let output = Command::new("psql")
        .args([
            "-X",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            command,
            "-U",
            config.get_user().unwrap_or("postgres"),
        ])
        .args(["-h", &socket.to_string_lossy(), "-d", config.get_dbname().unwrap_or("postgres")])
        .args(["-p", &config.get_ports().first().unwrap_or(&5432).to_string()])
        .output()
        .context("running psql; it comes with the postgresql-client package")?;
    ensure!(output.status.success(), "psql failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(start.elapsed())
}
