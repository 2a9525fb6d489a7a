//! The same work by this tool and its competitors in turns: cost or speed of each, and the ratios.

use std::{process::Command, time::Duration};

use serde_json::{Map, json};

use super::{
    benchmark::{Benchmark, Outcome},
    competitors::Tool,
    figures::{Figures, three},
    setup::Setup,
    usage::{Usage, run_measured},
};
use crate::failure::{Failure, Result};

/// How many connections each tool has, unless stated otherwise.
const AT_ONCE: u32 = 8;

/// The comparisons.
pub(crate) const BENCHMARKS: &[Benchmark] = &[
    Benchmark {
        name: "read-1k",
        about: "1 KiB reads, 8 connections, contents compared and everything recorded",
        target: "CPU per request ≤ 1.0 × oha's",
        long: false,
        measure: |setup| reads(setup, "1k", 100_000, "full", Quantity::CpuEach, 1.0),
    },
    Benchmark {
        name: "read-100k",
        about: "100 KiB reads, 8 connections, contents compared and everything recorded",
        target: "CPU per request ≤ 1.0 × oha's",
        long: false,
        measure: |setup| reads(setup, "100k", 50_000, "full", Quantity::CpuEach, 1.0),
    },
    // 20 GB a turn: shorter turns of large bodies scatter by a third on a shared machine.
    Benchmark {
        name: "read-10M",
        about: "10 MiB reads, 8 connections, contents compared and everything recorded",
        target: "bytes/s ≥ 0.95 × oha's",
        long: false,
        measure: |setup| reads(setup, "10M", 2_000, "full", Quantity::BytesPerSecond(10 << 20), 0.95),
    },
    Benchmark {
        name: "read-10M-unverified",
        about: "10 MiB reads, 8 connections, contents not compared, as oha does not",
        target: "bytes/s ≥ 0.95 × oha's",
        long: false,
        measure: |setup| reads(setup, "10M", 2_000, "off", Quantity::BytesPerSecond(10 << 20), 0.95),
    },
    Benchmark {
        name: "journey-100k",
        about: "100 KiB of fresh mixed bytes uploaded and read twice, verified; oha: one body sent, two reads",
        target: "CPU per journey ≤ 1.25 × oha's",
        long: false,
        measure: journeys,
    },
    Benchmark {
        name: "large",
        about: "2 GiB up and down twice, against as many bytes in blobs of 10 MiB",
        target: "peak memory < 64 MiB, bytes/s ≥ 0.8 × those of 10 MiB blobs",
        long: false,
        measure: large,
    },
    Benchmark {
        name: "endless",
        about: "5 million exchanges in journeys of 1 KiB",
        target: "peak memory < 64 MiB, no growth after the first minute",
        long: true,
        measure: endless,
    },
];

/// What is compared.
#[derive(Debug, Clone, Copy)]
enum Quantity {
    /// Microseconds of processor time for each unit of work.
    CpuEach,
    /// GB/s of wall time, for units of this many bytes.
    BytesPerSecond(u64),
}

impl Quantity {
    fn of(self, turn: Turn) -> f64 {
        match self {
            Quantity::CpuEach => turn.cpu.as_secs_f64() * 1e6 / turn.units as f64,
            Quantity::BytesPerSecond(bytes) => (turn.units * bytes) as f64 / turn.wall.as_secs_f64() / 1e9,
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Quantity::CpuEach => "µs CPU each",
            Quantity::BytesPerSecond(_) => "GB/s",
        }
    }

    /// Whether our share of theirs is as it should be.
    fn holds(self, ratio: f64, limit: f64) -> bool {
        match self {
            Quantity::CpuEach => ratio <= limit,
            Quantity::BytesPerSecond(_) => ratio >= limit,
        }
    }
}

/// What a tool's turn came to.
#[derive(Debug, Clone, Copy)]
struct Turn {
    cpu: Duration,
    wall: Duration,
    units: u64,
}

impl Turn {
    fn of(tool: Tool, command: Command, asked: u64) -> Result<Self> {
        let spent = run_measured(command)?;
        Ok(Self { cpu: spent.cpu, wall: spent.wall, units: tool.requests(asked, &spent)? })
    }
}

fn reads(
    setup: &Setup<'_>,
    blob: &str,
    usual: u32,
    verify: &str,
    quantity: Quantity,
    limit: f64,
) -> Result<Outcome> {
    let requests = setup.scaled(usual) / 2 * 2;
    compare(setup, quantity, limit, |tool| {
        if tool == Tool::Ours {
            return Turn::of(tool, setup.our_reads(blob, requests, AT_ONCE, verify)?, requests).map(Some);
        }
        let command = setup.their_reads(tool, blob, requests, AT_ONCE, 2);
        command.map(|command| Turn::of(tool, command, requests)).transpose()
    })
}

fn journeys(setup: &Setup<'_>) -> Result<Outcome> {
    let Some(why) = cannot_store(setup) else {
        let count = setup.scaled(8_000);
        let body = setup.path("fixed/100k");
        return compare(setup, Quantity::CpuEach, 1.25, |tool| match tool {
            Tool::Ours => {
                let (count, at_once) = (count.to_string(), AT_ONCE.to_string());
                let url = setup.nginx.url.as_str();
                let targets =
                    ["--publisher", url, "--aggregator", url, "--content", "mixed", "--size", "100KiB"];
                let mut command = setup.ours(&targets);
                command.args(["-n", &count, "-c", &at_once]);
                Turn::of(tool, command, count.parse().unwrap_or(0)).map(Some)
            }
            Tool::Oha => {
                let Some(uploads) = setup.oha_uploads(&body, count, AT_ONCE) else { return Ok(None) };
                let uploads = Turn::of(tool, uploads, count)?;
                let Some(reads) = setup.their_reads(tool, "100k", 2 * count, AT_ONCE, 0) else {
                    return Ok(None);
                };
                let reads = Turn::of(tool, reads, 2 * count)?;
                Ok(Some(Turn { cpu: uploads.cpu + reads.cpu, wall: uploads.wall + reads.wall, units: count }))
            }
            Tool::Wrk => Ok(None),
        });
    };
    Ok(Outcome::Skipped(why))
}

fn cannot_store(setup: &Setup<'_>) -> Option<String> {
    let how = "nginx cannot answer uploads without its perl module (on Debian: apt-get install libnginx-mod-http-perl)";
    (!setup.nginx.stores).then(|| how.to_owned())
}

/// Runs every tool in each round, in rotating order, and compares ours with oha.
fn compare(
    setup: &Setup<'_>,
    quantity: Quantity,
    limit: f64,
    turn: impl Fn(Tool) -> Result<Option<Turn>>,
) -> Result<Outcome> {
    let mut order = [Tool::Ours, Tool::Oha, Tool::Wrk];
    let mut rounds: Vec<Vec<(Tool, f64)>> = Vec::new();
    for _ in 0..setup.rounds {
        let mut round = Vec::new();
        for tool in order {
            round.extend(turn(tool)?.map(|turn| (tool, quantity.of(turn))));
        }
        order.rotate_left(1);
        rounds.push(round);
    }
    let of =
        |round: &Vec<(Tool, f64)>, tool| round.iter().find(|(who, _)| *who == tool).map(|(_, value)| *value);
    let (mut lines, mut data) = (Vec::new(), Map::new());
    let mut reached = None;
    for tool in [Tool::Ours, Tool::Oha, Tool::Wrk] {
        let figures: Figures = rounds.iter().filter_map(|round| of(round, tool)).collect();
        if figures.median().is_none() {
            continue;
        }
        // Ratios are taken within a round, where the load of the machine was about the same for both.
        let ratios = rounds.iter().filter_map(|round| Some(of(round, Tool::Ours)? / of(round, tool)?));
        let ratios: Figures = ratios.collect();
        let ratio =
            if tool == Tool::Ours { String::new() } else { format!("   ours is {} of it", ratios.text()) };
        lines.push(format!("{:<5} {:<22} {}{ratio}", tool.name(), figures.text(), quantity.unit()));
        if tool == Tool::Oha {
            reached = ratios.median().map(|ratio| quantity.holds(ratio, limit));
        }
        data.insert(
            tool.name().to_owned(),
            json!({ "unit": quantity.unit(), "figures": figures.data(), "ratio_of_ours": ratios.data() }),
        );
    }
    Ok(Outcome::Measured { lines, data: data.into(), reached })
}

/// Our own journeys over blobs of this size, one at a time.
fn our_journeys(setup: &Setup<'_>, size: &str, count: u64, at_once: u32) -> Result<Usage> {
    let url = setup.nginx.url.as_str();
    let mut command = setup.ours(&["--publisher", url, "--aggregator", url, "--size", size]);
    command.args(["-n", &count.to_string(), "-c", &at_once.to_string()]);
    run_measured(command)
}

const MIB: u64 = 1 << 20;
/// The most memory that a run may hold.
const MOST_MEMORY: u64 = 64 * MIB;

fn large(setup: &Setup<'_>) -> Result<Outcome> {
    if let Some(why) = cannot_store(setup) {
        return Ok(Outcome::Skipped(why));
    }
    let blobs = (setup.scaled(204)).max(1);
    let size = format!("{}MiB", 10 * blobs);
    let (mut ratios, mut memory) = (Vec::new(), 0);
    // What earlier turns stored would take the memory that nginx stores in from this one.
    let turn = |size: &str, count| {
        setup.empty_the_store()?;
        our_journeys(setup, size, count, 1)
    };
    for round in 0..setup.rounds.min(5) {
        let (small, large) = if round % 2 == 0 {
            let small = turn("10MiB", blobs)?;
            (small, turn(&size, 1)?)
        } else {
            let large = turn(&size, 1)?;
            (turn("10MiB", blobs)?, large)
        };
        ratios.push(small.wall.as_secs_f64() / large.wall.as_secs_f64());
        memory = memory.max(large.memory);
    }
    let ratios: Figures = ratios.into_iter().collect();
    let ratio = ratios.median().ok_or_else(|| Failure::new("there was no turn"))?;
    let lines = vec![
        format!("one blob of {size}: peak memory {} MiB", three(memory as f64 / MIB as f64)),
        format!("bytes/s are {} of those of {blobs} blobs of 10 MiB", ratios.text()),
    ];
    let data = json!({ "size": size, "peak_memory_bytes": memory, "ratio": ratios.data() });
    Ok(Outcome::Measured { lines, data, reached: Some(memory < MOST_MEMORY && ratio >= 0.8) })
}

fn endless(setup: &Setup<'_>) -> Result<Outcome> {
    if let Some(why) = cannot_store(setup) {
        return Ok(Outcome::Skipped(why));
    }
    let journeys = setup.scaled(1_666_667);
    let spent = our_journeys(setup, "1KiB", journeys, AT_ONCE)?;
    let grown = spent.early_memory.map(|early| spent.memory.saturating_sub(early));
    let lines = vec![
        format!("{} exchanges in {} s", 3 * journeys, three(spent.wall.as_secs_f64())),
        format!("peak memory {} MiB", three(spent.memory as f64 / MIB as f64)),
        grown.map_or_else(
            || "it took less than a minute: growth after it was not seen".to_owned(),
            |grown| format!("grown after the first minute by {} MiB", three(grown as f64 / MIB as f64)),
        ),
    ];
    let data = json!({ "exchanges": 3 * journeys, "peak_memory_bytes": spent.memory, "grown_bytes": grown });
    // The kernel's counters of memory are batched per thread: less than a MiB is no growth.
    let reached = grown.map(|grown| spent.memory < MOST_MEMORY && grown < MIB);
    Ok(Outcome::Measured { lines, data, reached })
}
