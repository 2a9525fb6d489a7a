//! Scenarios with weather: in a file at the start of the servers, and replaced while they run.

use std::{collections::BTreeMap, fs};

use crate::e2e::scenario::Scenario;
use crate::{
    e2e::{
        check::Checks,
        harness::{Harness, Servers},
        report::{READS, Report, Step},
    },
    failure::{Context, Result},
};

/// The first weather of both servers; each uses what concerns its own routes.
const FILE: &str = r#"
[store]
latency = "uniform:1ms..5ms"

[[fault]]
kind = "insufficient-funds"
ratio = "100%"
route = "store"
size = "64KiB.."

[[fault]]
kind = "451"
ratio = "100%"
route = "read"
size = "..64KiB"
"#;

/// The weather that later replaces the publisher's.
const GATEWAY: &str = r#"{"fault": [{"kind": "gateway-504", "ratio": 1, "from": "0s", "for": "1h"}]}"#;

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![Scenario::custom(
        "weather-replaced",
        "a weather file, and weather changed while the servers work: each fault where it belongs, and none afterwards",
        weather_results,
    )]
}

fn weather_results(harness: &Harness<'_>) -> Result<String> {
    let file = harness.path("storm.toml");
    fs::write(&file, FILE).context("cannot write the weather file")?;
    let flags = ["--weather-file".to_owned(), file.display().to_string()];
    let servers = harness.servers(&flags, &flags)?;
    let mut checks = Checks::default();
    let rows = [
        ("small blobs", None, "32KiB", [None, Some("legal")]),
        ("large blobs", None, "128KiB", [Some("server-error"), None]),
        ("a gateway", Some(GATEWAY), "32KiB", [Some("gateway"), None]),
        ("fine weather", Some("{}"), "32KiB", [None, None]),
    ];
    for (name, news, size, [uploads, reads]) in rows {
        if let Some(document) = news {
            servers.publisher.weather(document)?;
            servers.aggregator.weather("{}")?;
        }
        let report = run(harness, &servers, size)?;
        let classes = |class: Option<&str>, count| class.map(|class| (class.to_owned(), count)).into_iter();
        let wanted: BTreeMap<_, _> = classes(uploads, BLOBS).collect();
        checks.equal(&format!("failures of uploads, {name}"), report.failures(&[Step::Upload])?, wanted);
        // A blob whose first read fails is not read again.
        let wanted: BTreeMap<_, _> = classes(reads, report.attempts(&READS)?).collect();
        checks.equal(&format!("failures of downloads, {name}"), report.failures(&READS)?, wanted);
        let stored = if uploads.is_some() { 0 } else { BLOBS };
        checks.equal(&format!("uploads done, {name}"), report.done(&[Step::Upload])?, stored);
    }
    let funds = servers.publisher.stats()?.faults("insufficient-funds")?;
    checks.equal("uploads without funds", funds, BLOBS);
    checks.equal("stores that a gateway gave up", servers.publisher.stats()?.faults("gateway-504")?, BLOBS);
    servers.stop()?;
    checks.verdict()
}

const BLOBS: u64 = 6;

/// A run of the tool over a few blobs of this size.
fn run(harness: &Harness<'_>, servers: &Servers, size: &str) -> Result<Report> {
    let flags = ["--blobs", &BLOBS.to_string(), "--size", size];
    let command = harness.tool(&servers.publisher.url, &servers.aggregator.url, &flags)?;
    harness.start("walrus-stress", command)?.wait(harness.deadline)?;
    Report::load(&harness.path("report.json"))
}
