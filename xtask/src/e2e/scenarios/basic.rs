//! Scenarios in which all goes well: the main job, existing blobs, and the cache.

use crate::e2e::scenario::Scenario;
use crate::{
    e2e::{
        check::Checks,
        harness::Harness,
        job::{Job, Seen, compare_bytes, compare_counts},
        report::{READS, Step},
    },
    failure::Result,
    process::Process,
};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::custom(
            "main-job",
            "12 blobs stored and read twice, in sight; counts and bytes are the servers'",
            main_job,
        ),
        Scenario::job(
            "all-new",
            "40 blobs, every one new, every byte accounted for",
            Job { run: &["--blobs", "40"], also: Some(all_new), ..Job::default() },
        ),
        Scenario::job(
            "existing-blobs",
            "half repeat stored bytes: existing uploads are what the publisher calls alreadyCertified",
            Job { run: &["--blobs", "60", "--duplicates", "50%"], also: Some(existing), ..Job::default() },
        ),
        Scenario::job(
            "cached-faster",
            "first reads take 150 ms, cached ones 5 ms, and the medians show it",
            Job {
                run: &["--blobs", "24"],
                aggregator: &["--first-read-latency", "fixed:150ms", "--cached-read-latency", "fixed:5ms"],
                also: Some(cached_faster),
                ..Job::default()
            },
        ),
        Scenario::job(
            "phased",
            "all uploads, then all first downloads, then all cached ones: the cache is seen all the same",
            Job {
                run: &["--blobs", "24", "--order", "phased"],
                aggregator: &["--first-read-latency", "fixed:150ms", "--cached-read-latency", "fixed:5ms"],
                also: Some(cached_faster),
                ..Job::default()
            },
        ),
    ]
}

/// What a new user does first, with the tool's own screen.
fn main_job(harness: &Harness<'_>) -> Result<String> {
    let servers = harness.servers(
        &["--store-latency", "lognormal:p50=300ms,p99=900ms"].map(str::to_owned),
        &["--first-read-latency", "uniform:80ms..160ms", "--cached-read-latency", "uniform:8ms..20ms"]
            .map(str::to_owned),
    )?;
    let command = harness.tool(&servers.publisher.url, &servers.aggregator.url, &["--blobs", "12"])?;
    println!(
        "$ walrus-stress run --publisher {} --aggregator {} --blobs 12 --export --report",
        servers.publisher.url, servers.aggregator.url
    );
    let status = Process::start_visibly("walrus-stress", command)?.wait(harness.deadline)?;
    println!();
    let seen = Seen::collect(harness, &servers, status)?;
    let mut checks = Checks::default();
    compare_counts(&seen, &mut checks)?;
    compare_bytes(&seen, &mut checks)?;
    checks.equal("uploads done", seen.report.done(&[Step::Upload])?, 12);
    checks.equal("downloads done", seen.report.done(&READS)?, 24);
    servers.stop()?;
    checks.verdict()
}

fn all_new(seen: &Seen, checks: &mut Checks) -> Result<()> {
    checks.equal("new uploads", seen.report.stored("new")?, 40);
    checks.equal("new uploads, as the publisher counts them", seen.publisher.newly_created()?, 40);
    checks.equal("existing uploads", seen.report.stored("existing")?, 0);
    checks.equal("downloads done", seen.report.done(&READS)?, 80);
    Ok(())
}

fn existing(seen: &Seen, checks: &mut Checks) -> Result<()> {
    let existing = seen.report.stored("existing")?;
    checks.equal(
        "existing uploads, as the publisher counts them",
        existing,
        seen.publisher.already_certified()?,
    );
    checks.equal("all uploads are new or existing", seen.report.stored("new")? + existing, 60);
    checks.holds("about half are existing", (10..=50).contains(&existing), existing);
    checks.note(format!("{existing} of 60"));
    Ok(())
}

fn cached_faster(seen: &Seen, checks: &mut Checks) -> Result<()> {
    let first = seen.report.median(Step::First)?;
    let cached = seen.report.median(Step::Cached)?;
    checks.holds("first reads take at least what the server takes", first >= 0.15, first);
    checks.holds("cached reads take at least what the server takes", cached >= 0.005, cached);
    checks.holds("first reads take more than 3 times as long", first > 3.0 * cached, first / cached);
    checks.note(format!("{:.0} ms and {:.1} ms", first * 1e3, cached * 1e3));
    Ok(())
}
