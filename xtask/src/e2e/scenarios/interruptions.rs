//! Scenarios of the tool's own side: no server listens, Ctrl-C, the export read while it is written.

use std::{
    net::TcpListener,
    thread,
    time::{Duration, Instant},
};

use crate::e2e::scenario::Scenario;
use crate::{
    e2e::{
        check::Checks,
        harness::{Harness, Server},
        job::{Seen, compare_counts},
        report::{Report, Step},
        rows,
        stats::Route,
    },
    failure::{Context, Failure, Result},
    output::Stream,
};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::custom(
            "nothing-listening",
            "the preflight reports it in one line and exits with 2",
            nothing_listening,
        ),
        Scenario::custom(
            "nothing-listening-unchecked",
            "without preflight every upload is refused; exit 1",
            unchecked,
        ),
        Scenario::custom("ctrl-c", "what was measured is printed and saved as partial; exit 130", ctrl_c),
        Scenario::custom("ctrl-c-twice", "the second one ends at once, with a valid export", ctrl_c_twice),
        Scenario::custom(
            "export-always-valid",
            "the export is JSON whenever it is read during a run",
            export_always_valid,
        ),
    ]
}

/// An address of this machine at which nothing listens.
fn deserted() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").context("cannot bind")?;
    Ok(format!("http://{}", listener.local_addr().context("cannot bind")?))
}

fn nothing_listening(harness: &Harness<'_>) -> Result<String> {
    let address = deserted()?;
    let mut tool = harness.start("walrus-stress", harness.tool(&address, &address, &[])?)?;
    let status = tool.wait(harness.deadline)?;
    let stderr = tool.output().text(Stream::Stderr);
    let mut checks = Checks::default();
    checks.equal("exit status", status.code(), Some(2));
    checks.equal("lines on stderr", stderr.lines().count(), 1);
    checks.holds("the line names the address", stderr.contains(&address), &stderr);
    checks.equal("stdout", tool.output().text(Stream::Stdout), String::new());
    checks.verdict()
}

fn unchecked(harness: &Harness<'_>) -> Result<String> {
    let address = deserted()?;
    let mut tool =
        harness.start("walrus-stress", harness.tool(&address, &address, &["--no-check", "--blobs", "4"])?)?;
    let status = tool.wait(harness.deadline)?;
    let report = Report::load(&harness.path("report.json"))?;
    let failures = report.failures(&[Step::Upload])?;
    let mut checks = Checks::default();
    checks.equal("exit status", status.code(), Some(1));
    checks.equal("refused uploads", failures.get("refused").copied(), Some(4));
    checks.equal("classes of failures", failures.len(), 1);
    checks.equal("rows of the export", rows::count(&harness.path("export.json"))?, 0);
    checks.verdict()
}

fn flags(flags: &[&str]) -> Vec<String> {
    flags.iter().map(|flag| (*flag).to_owned()).collect()
}

/// Waits until a publisher has seen this many uploads.
fn wait_for_uploads(publisher: &Server, count: u64, harness: &Harness<'_>) -> Result<()> {
    while publisher.stats()?.requests(Route::Store)? < count {
        if harness.deadline.passed() {
            return Err(Failure::new(format!("the publisher never saw {count} uploads")));
        }
        // sleep: the server's counts can only be asked for
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

fn ctrl_c(harness: &Harness<'_>) -> Result<String> {
    let servers = harness.servers(&flags(&["--store-latency", "fixed:50ms"]), &[])?;
    let command = harness.tool(&servers.publisher.url, &servers.aggregator.url, &["--blobs", "100000"])?;
    let mut tool = harness.start("walrus-stress", command)?;
    wait_for_uploads(&servers.publisher, 30, harness)?;
    tool.interrupt()?;
    let status = tool.wait(harness.deadline.at_most(Duration::from_secs(15)))?;
    let seen = Seen::collect(harness, &servers, status)?;
    let mut checks = Checks::default();
    checks.equal("exit status", seen.status.code(), Some(130));
    checks.equal("the report is partial", seen.report.partial()?, true);
    compare_counts(&seen, &mut checks)?;
    let stdout = tool.output().text(Stream::Stdout);
    checks.holds("the summary is marked as partial", stdout.to_lowercase().contains("partial"), &stdout);
    checks.note(format!("{} of 100000 blobs", seen.rows));
    servers.stop()?;
    checks.verdict()
}

fn ctrl_c_twice(harness: &Harness<'_>) -> Result<String> {
    // Some uploads hang, so the first Ctrl-C alone would wait for as long as it may.
    let servers = harness.servers(&flags(&["--fault", "hang=50%"]), &[])?;
    let command = harness.tool(&servers.publisher.url, &servers.aggregator.url, &["--blobs", "100000"])?;
    let mut tool = harness.start("walrus-stress", command)?;
    wait_for_uploads(&servers.publisher, 10, harness)?;
    tool.interrupt()?;
    // sleep: two signals at once would be one; it must still be waiting after this
    thread::sleep(Duration::from_millis(500));
    tool.interrupt().context("the first Ctrl-C did not wait for what was in flight")?;
    let pressed = Instant::now();
    let status = tool.wait(harness.deadline.at_most(Duration::from_secs(15)))?;
    let mut checks = Checks::default();
    checks.holds("it ends at once", pressed.elapsed() < Duration::from_secs(2), pressed.elapsed());
    checks.equal("exit status", status.code(), Some(130));
    checks.note(format!("{} rows saved", rows::count(&harness.path("export.json"))?));
    checks.verdict()
}

fn export_always_valid(harness: &Harness<'_>) -> Result<String> {
    let servers = harness.servers(&flags(&["--store-latency", "uniform:1ms..40ms"]), &[])?;
    let command = harness.tool(&servers.publisher.url, &servers.aggregator.url, &["--blobs", "600"])?;
    let mut tool = harness.start("walrus-stress", command)?;
    let export = harness.path("export.json");
    let mut counts = Vec::new();
    while tool.runs()? && !harness.deadline.passed() {
        // Before its first byte is sent there may be no file yet.
        if export.exists() {
            counts.push(rows::count(&export).context(format!("at look {}", counts.len() + 1))?);
        }
    }
    let status = tool.wait(harness.deadline)?;
    let mut checks = Checks::default();
    checks.equal("exit status", status.code(), Some(0));
    checks.holds("it was read often", counts.len() >= 50, counts.len());
    checks.holds("it only grew", counts.is_sorted(), &counts);
    checks.equal("rows at the end", rows::count(&export)?, 600);
    let looks = counts.len();
    counts.dedup();
    checks.holds("it grew during the run", counts.len() >= 5, counts.len());
    checks.note(format!("read {looks} times at {} lengths", counts.len()));
    servers.stop()?;
    checks.verdict()
}
