//! `cargo xtask bench`: what the generator itself costs, compared with other tools on one machine in turns.

pub(crate) mod args;
mod benchmark;
mod comparisons;
mod setup;
mod figures;
mod micro;
mod mocks;
mod nginx;
mod open_loop;
mod competitors;
mod usage;

use std::fs;

use serde_json::json;

use crate::{
    failure::{Context, Result},
    workspace,
};
use args::Args;
use benchmark::{Benchmark, Outcome};
use setup::Setup;

/// Measures what was asked for and prints it, a table a benchmark.
pub(crate) fn run(args: &Args) -> Result<()> {
    let benchmarks: Vec<&Benchmark> =
        BENCHMARKS.iter().copied().flatten().filter(|benchmark| args.selects(benchmark)).collect();
    if benchmarks.is_empty() {
        return None.context("no such benchmark; `cargo xtask bench --list` shows what there is");
    }
    if args.list {
        benchmarks.iter().for_each(|benchmark| {
            println!("{:<12} {}\n{:<12} target: {}", benchmark.name, benchmark.about, "", benchmark.target)
        });
        return Ok(());
    }
    let programs = workspace::build(true)?;
    let setup = Setup::new(&programs, args.rounds, args.scale)?;
    setup.tools.print_versions();
    let mut documents = Vec::new();
    for benchmark in benchmarks {
        println!("\n━━ {}: {}", benchmark.name, benchmark.about);
        let (document, verdict) = match (benchmark.measure)(&setup).context(benchmark.name)? {
            Outcome::Skipped(why) => {
                (json!({ "benchmark": benchmark.name, "skipped": why }), format!("SKIPPED: {why}"))
            }
            Outcome::Measured { lines, data, reached } => {
                lines.iter().for_each(|line| println!("{line}"));
                let verdict = match reached {
                    Some(true) => "reached",
                    Some(false) => "MISSED",
                    None => "not compared: no competitor is installed",
                };
                let data = json!({ "benchmark": benchmark.name, "target": benchmark.target, "reached": reached, "data": data });
                (data, format!("target {}: {verdict}", benchmark.target))
            }
        };
        println!("{verdict}");
        documents.push(document);
    }
    if let Some(path) = &args.json {
        let document = json!({ "schema": "walrus-stress/bench/1", "rounds": args.rounds, "scale": args.scale, "benchmarks": documents });
        fs::write(path, format!("{document:#}\n")).context(format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

impl Args {
    fn selects(&self, benchmark: &Benchmark) -> bool {
        let named = self.names.iter().any(|name| benchmark.name.starts_with(name.as_str()));
        named || self.names.is_empty() && (self.long || self.list || !benchmark.long)
    }
}

/// Every benchmark in the order of measurement.
const BENCHMARKS: [&[Benchmark]; 4] =
    [comparisons::BENCHMARKS, open_loop::BENCHMARKS, mocks::BENCHMARKS, micro::BENCHMARKS];
