//! Scenarios of bad weather: each fault alone and all together, each in its own class and in the servers' counts.

use crate::e2e::scenario::Scenario;
use crate::{
    e2e::{
        check::Checks,
        job::{Fault, Job, Seen, Side},
        report::{READS, Step},
    },
    failure::Result,
};

/// Each fault of each side, and the class of failure that the tool must call it.
#[rustfmt::skip]
const WEATHER: &[Fault] = &[
    fault(Side::Publisher,  "shed",           Some("shed")),
    fault(Side::Publisher,  "500",            Some("server-error")),
    fault(Side::Publisher,  "503",            Some("gateway")), // A publisher has no 503 of its own: a proxy's page.
    fault(Side::Publisher,  "504",            Some("server-error")),
    fault(Side::Publisher,  "reset",          Some("reset")),
    fault(Side::Publisher,  "truncate",       Some("truncated")),
    fault(Side::Publisher,  "drip",           None),
    fault(Side::Publisher,  "malformed-json", Some("malformed")),
    fault(Side::Publisher,  "error-object",   Some("error-object")),
    fault(Side::Publisher,  "hang",           Some("timeout")),
    fault(Side::Aggregator, "shed",           Some("shed")),
    fault(Side::Aggregator, "500",            Some("server-error")),
    fault(Side::Aggregator, "503",            Some("unavailable")),
    fault(Side::Aggregator, "504",            Some("gateway")), // Nor has an aggregator a 504.
    fault(Side::Aggregator, "not-yet",        Some("not-found")),
    fault(Side::Aggregator, "reset",          Some("reset")),
    fault(Side::Aggregator, "truncate",       Some("truncated")),
    fault(Side::Aggregator, "corrupt",        Some("corrupt")),
    fault(Side::Aggregator, "drip",           None),
    fault(Side::Aggregator, "hang",           Some("timeout")),
];

/// What stands in front of a server, or rules over it, answers in its place: many kinds of few classes, tried together.
#[rustfmt::skip]
const PAGES: &[Fault] = &[
    page(Side::Publisher,  "413",                "too-large"),
    page(Side::Publisher,  "insufficient-funds", "server-error"),
    page(Side::Publisher,  "502",                "gateway"),
    page(Side::Publisher,  "gateway-504",        "gateway"),
    page(Side::Publisher,  "520",                "gateway"),
    page(Side::Publisher,  "521",                "gateway"),
    page(Side::Publisher,  "522",                "gateway"),
    page(Side::Publisher,  "523",                "gateway"),
    page(Side::Publisher,  "524",                "gateway"),
    page(Side::Aggregator, "403",                "too-large"), // The blob is larger than this one reads.
    page(Side::Aggregator, "404",                "not-found"),
    page(Side::Aggregator, "451",                "legal"),
    page(Side::Aggregator, "502",                "gateway"),
    page(Side::Aggregator, "gateway-504",        "gateway"),
    page(Side::Aggregator, "520",                "gateway"),
    page(Side::Aggregator, "521",                "gateway"),
    page(Side::Aggregator, "522",                "gateway"),
    page(Side::Aggregator, "523",                "gateway"),
    page(Side::Aggregator, "524",                "gateway"),
];

const fn page(side: Side, kind: &'static str, class: &'static str) -> Fault {
    Fault { side, kind, ratio: "8%", class: Some(class) }
}

const fn fault(side: Side, kind: &'static str, class: Option<&'static str>) -> Fault {
    Fault { side, kind, ratio: "30%", class }
}

/// How long a slow body takes.
const DRIP: &[&str] = &["--drip-for", "300ms"];

/// Enough blobs for a fault to be met.
const RUN: &[&str] = &["--blobs", "24"];

/// A short timeout, for servers that hang.
const IMPATIENT: &[&str] = &["--blobs", "24", "--upload-timeout", "2s", "--download-timeout", "2s"];

/// Enough blobs for all of one side to be met: each request is one of a kind with 8 %.
const MANY: &[&str] = &["--blobs", "250", "--concurrency", "8"];

/// Enough blobs for all faults to be met.
const MIXED: &[&str] = &["--blobs", "400", "--concurrency", "16"];

/// A fault's share of the mixture. Which request comes as which number is chance, so each must be likely enough that it
/// is met for certain; `not-yet` is a share of blobs, and only of those that no other fault has met before.
fn share(fault: &Fault) -> &'static str {
    if fault.kind == "not-yet" { "15%" } else { "4%" }
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut all: Vec<Scenario> = WEATHER.iter().map(alone).collect();
    let job = Job {
        publisher: DRIP,
        aggregator: &["--drip-for", "300ms", "--not-yet-for", "1m"],
        // A server that hangs would only make all others wait.
        faults: WEATHER
            .iter()
            .filter(|f| f.kind != "hang")
            .map(|f| Fault { ratio: share(f), ..*f })
            .collect(),
        run: MIXED,
        also: None,
    };
    all.push(Scenario::job(
        "fault-mixed",
        "every fault at once, on both sides: each failure in its own class",
        job,
    ));
    for (side, name) in [(Side::Publisher, "publisher"), (Side::Aggregator, "aggregator")] {
        let faults = PAGES.iter().filter(|fault| fault.side == side).copied().collect();
        all.push(Scenario::job(
            &format!("fault-{name}-pages"),
            &format!("what proxies, networks and rules answer instead of the {name}: each in its class"),
            Job { faults, run: MANY, ..Job::default() },
        ));
    }
    all
}

/// The scenario of one fault of one side.
fn alone(fault: &Fault) -> Scenario {
    let (side, steps) = match fault.side {
        Side::Publisher => ("publisher", "uploads"),
        Side::Aggregator => ("aggregator", "downloads"),
    };
    let about = match fault.class {
        Some(class) => {
            format!("{} of {steps}: class {class}, as often as the {side} injected it", fault.ratio)
        }
        None => format!("{} of {steps}: slow, but no failure", fault.ratio),
    };
    let job = Job { faults: vec![*fault], run: RUN, ..Job::default() };
    let job = match (fault.kind, fault.side) {
        ("hang", _) => Job { run: IMPATIENT, ..job },
        ("not-yet", _) => Job { aggregator: &["--not-yet-for", "1m"], ..job },
        ("drip", Side::Publisher) => Job { publisher: DRIP, also: Some(slow_uploads), ..job },
        ("drip", Side::Aggregator) => Job { aggregator: DRIP, also: Some(slow_downloads), ..job },
        _ => job,
    };
    Scenario::job(&format!("fault-{side}-{}", fault.kind), &about, job)
}

fn slow_uploads(seen: &Seen, checks: &mut Checks) -> Result<()> {
    slow(&[Step::Upload], seen, checks)
}

fn slow_downloads(seen: &Seen, checks: &mut Checks) -> Result<()> {
    slow(&READS, seen, checks)
}

/// A body that drips takes as long as the server makes it.
fn slow(steps: &[Step], seen: &Seen, checks: &mut Checks) -> Result<()> {
    let longest = seen.report.longest(steps)?;
    checks.holds("the longest takes as long as the server makes it", longest >= 0.3, longest);
    checks.note(format!("longest {longest:.2} s"));
    Ok(())
}
