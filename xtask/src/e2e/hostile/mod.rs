//! Hostile servers: each manner is a line of data that says what a server does, and what the tool must make of it.

mod manner;
mod manners;
mod server;

use std::time::{Duration, Instant};

use super::{
    check::Checks,
    harness::Harness,
    job::watch_memory,
    report::{READS, Report, Step},
    scenario::Scenario,
};
use crate::failure::{Context, Result};
use manner::{Manner, Side, Size};
use server::Server;

/// The most memory that the tool may hold, in bytes, whatever a server sends.
const MOST_MEMORY: u64 = 64 << 20;
/// The timeout of each exchange.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How much longer than its timeouts a run may take on a machine that does other things, too.
const SLACK: Duration = Duration::from_secs(20);
/// How many blobs each run has.
const BLOBS: u64 = 2;

/// A scenario for each group of manners.
pub(super) fn scenarios() -> Vec<Scenario> {
    let group = |name: &str, about: &str, run| {
        Scenario::custom(&format!("hostile-{name}"), about, run).within(Duration::from_secs(300))
    };
    vec![
        group("ends", "connections that end at every point of an exchange", |harness| {
            run(harness, manners::ENDS)
        }),
        group(
            "framings",
            "bodies framed in every way that HTTP/1 knows, and in some that it does not",
            |harness| run(harness, manners::FRAMINGS),
        ),
        group("statuses", "statuses and answers that no Walrus server gives", |harness| {
            run(harness, manners::STATUSES)
        }),
        group("early", "answers before the request was sent", |harness| run(harness, manners::EARLY)),
        group("drips", "answers a byte at a time, and none at all", |harness| run(harness, manners::DRIPS)),
        group("floods", "heads, bodies and chunks without an end, in bounded memory", |harness| {
            run(harness, manners::FLOODS)
        }),
        group("lies", "other bytes, other lengths and other IDs than the right ones", |harness| {
            run(harness, manners::LIES)
        }),
    ]
}

fn run(harness: &Harness<'_>, manners: &'static [Manner]) -> Result<String> {
    let mut checks = Checks::default();
    let mut highest = None;
    for manner in manners {
        highest = highest.max(meet(harness, manner, &mut checks)?);
    }
    let memory = highest.map(|peak| format!(", peak {} MiB", peak >> 20)).unwrap_or_default();
    checks.note(format!("{} manners{memory}", manners.len()));
    checks.verdict()
}

/// Runs the tool against a server of this manner. Gives back the most memory that it held, where the system measures it.
fn meet(harness: &Harness<'_>, manner: &'static Manner, checks: &mut Checks) -> Result<Option<u64>> {
    let server = Server::start(manner).context("cannot start a server")?;
    let (steps, failing): (&str, &[Step]) = match manner.side {
        Side::Store => ("upload", &[Step::Upload]),
        Side::Read => ("upload,first", &[Step::First]),
        Side::ReadTwice => ("upload,first,cached", &READS),
    };
    let size = if manner.size == Size::Large { "64MiB" } else { "20KiB" };
    let timeout = format!("{}s", TIMEOUT.as_secs());
    let blobs = BLOBS.to_string();
    let flags = [
        "--no-check",
        "--blobs",
        &blobs,
        "--concurrency",
        "1",
        "--size",
        size,
        "--steps",
        steps,
        "--seed",
        "7",
        "--upload-timeout",
        &timeout,
        "--download-timeout",
        &timeout,
        "--progress",
        "never",
    ];
    let mut tool = harness.start("walrus-stress", harness.tool(&server.url(), &server.url(), &flags)?)?;
    let begun = Instant::now();
    let peak = watch_memory(&mut tool, harness)?;
    tool.wait(harness.deadline)?;
    let took = begun.elapsed();
    let report = Report::load(&harness.path("report.json"))?;
    let what = |part: &str| format!("{}: {part}", manner.name);
    let wanted = manner.class.map(|class| (class.to_owned(), manner.failures(BLOBS)));
    checks.equal(&what("failures"), report.failures(failing)?, wanted.into_iter().collect());
    checks.equal(&what("stale connections"), report.stale()? > 0, manner.side == Side::ReadTwice);
    let most = TIMEOUT * 2 * u32::try_from(BLOBS).unwrap_or(1) + SLACK;
    checks.holds(&what("it ends in time"), took < most, took);
    let most = format!("memory in MiB is below {}", MOST_MEMORY >> 20);
    checks.holds(&what(&most), peak.is_none_or(|peak| peak < MOST_MEMORY), peak.map(|peak| peak >> 20));
    Ok(peak)
}
