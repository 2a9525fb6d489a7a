//! Cached downloads with and without verification, in turns: response times must not contain the comparison.

use std::time::Duration;

use super::{
    memory,
    report::{of_step, report},
    soak_test::{Outcome, RunLength},
};
use crate::{
    e2e::{check::Checks, harness::Harness},
    failure::Result,
};

/// How often each way has its turn.
const ROUNDS: usize = 5;
/// How long a turn takes.
const TURN: Duration = Duration::from_secs(20);
/// By which share the median of the ratios may be off.
const TOLERANCE: f64 = 0.02;

pub(super) fn run(harness: &Harness<'_>, length: RunLength, checks: &mut Checks) -> Result<Outcome> {
    let servers = harness.servers(
        &[],
        &["--first-read-latency", "20ms", "--cached-read-latency", "20ms"].map(str::to_owned),
    )?;
    let turn = length.of(TURN).as_secs().max(2);
    let median = |verify: &str| -> Result<f64> {
        let flags = format!("-c 2 --duration {turn}s --size 1MiB --duplicates 99% --verify {verify}");
        memory::watch(harness, memory::tool(harness, &servers, &flags)?)?;
        of_step(&report(harness)?, "cached", true, "/service_seconds/median")
    };
    let mut ratios = Vec::new();
    for round in 0..ROUNDS {
        // Who goes first changes.
        let (full, off) = match round % 2 {
            0 => (median("full")?, median("off")?),
            _ => {
                let off = median("off")?;
                (median("full")?, off)
            }
        };
        ratios.push(full / off);
    }
    servers.stop()?;
    ratios.sort_by(f64::total_cmp);
    let middle = ratios[ROUNDS / 2];
    checks.holds("the median of the ratios is 1 within 2 %", (middle - 1.0).abs() <= TOLERANCE, &ratios);
    let (least, most) = (ratios[0], ratios[ROUNDS - 1]);
    checks.note(format!(
        "compared : not compared is {middle:.4} ({least:.4} to {most:.4}) in the median of cached downloads"
    ));
    Ok(Outcome::Done)
}
