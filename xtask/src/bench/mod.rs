//! `cargo xtask bench`: what the generator itself costs, against the tools that people use, on one machine in turns.

pub(crate) mod args;
mod contest;
mod field;
mod figures;
mod micro;
mod mocks;
mod nginx;
mod open_loop;
mod tools;
mod usage;

use std::fs;

use serde_json::{Value, json};

use crate::{
    failure::{Context, Result},
    workspace,
};
use args::Args;
use field::Field;

/// One thing to measure.
struct Work {
    name: &'static str,
    /// What is measured, in a line.
    what: &'static str,
    /// What it is held against, in a line.
    target: &'static str,
    /// Whether it takes many minutes.
    long: bool,
    measure: fn(&Field<'_>) -> Result<Outcome>,
}

/// What came of a work.
enum Outcome {
    /// Lines for a person, the same as data, and whether the target was reached.
    Measured { lines: Vec<String>, data: Value, reached: Option<bool> },
    /// It could not be measured here.
    Skipped(String),
}

/// Measures what was asked for and prints it, a table a work.
pub(crate) fn run(args: &Args) -> Result<()> {
    let works: Vec<&Work> = WORKS.iter().copied().flatten().filter(|work| args.wants(work)).collect();
    if works.is_empty() {
        return None.context("no such work; `cargo xtask bench --list` shows what there is");
    }
    if args.list {
        works
            .iter()
            .for_each(|work| println!("{:<12} {}\n{:<12} target: {}", work.name, work.what, "", work.target));
        return Ok(());
    }
    let programs = workspace::build(true)?;
    let field = Field::lay_out(&programs, args.rounds, args.scale)?;
    field.tools.introduce();
    let mut documents = Vec::new();
    for work in works {
        println!("\n━━ {}: {}", work.name, work.what);
        let (document, verdict) = match (work.measure)(&field).context(work.name)? {
            Outcome::Skipped(why) => {
                (json!({ "work": work.name, "skipped": why }), format!("SKIPPED: {why}"))
            }
            Outcome::Measured { lines, data, reached } => {
                lines.iter().for_each(|line| println!("{line}"));
                let verdict = match reached {
                    Some(true) => "reached",
                    Some(false) => "MISSED",
                    None => "not judged: nothing to hold it against is installed",
                };
                let data =
                    json!({ "work": work.name, "target": work.target, "reached": reached, "data": data });
                (data, format!("target {}: {verdict}", work.target))
            }
        };
        println!("{verdict}");
        documents.push(document);
    }
    if let Some(path) = &args.json {
        let document = json!({ "schema": "walrus-stress/bench/1", "rounds": args.rounds, "scale": args.scale, "works": documents });
        fs::write(path, format!("{document:#}\n")).context(format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

impl Args {
    fn wants(&self, work: &Work) -> bool {
        let named = self.names.iter().any(|name| work.name.starts_with(name.as_str()));
        named || self.names.is_empty() && (self.long || self.list || !work.long)
    }
}

/// All there is, in the order in which it is measured.
const WORKS: [&[Work]; 4] = [contest::WORKS, open_loop::WORKS, mocks::WORKS, micro::WORKS];
