//! Scenarios of pressure: a publisher that is full, and blobs larger than the memory that may be used for them.

use std::time::Duration;

use crate::e2e::scenario::Scenario;
use crate::{
    e2e::{
        check::Checks,
        job::{Job, Seen},
        report::Step,
        stats::Route,
    },
    failure::Result,
};

const MIB: u64 = 1 << 20;

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::job(
            "full-publisher",
            "30 uploads of 2 MiB at once into a publisher that takes 8 + 8 + 1: the others are shed, not broken",
            Job {
                publisher: &["--store-latency", "fixed:3s"],
                run: &["--blobs", "30", "--concurrency", "30", "--size", "2MiB"],
                also: Some(full_publisher),
                ..Job::default()
            },
        ),
        Scenario::job(
            "big-blobs",
            "3 blobs of 256 MiB in less than 64 MiB of memory",
            Job {
                publisher: &["--max-body-size", "300000"],
                run: &["--blobs", "3", "--concurrency", "2", "--size", "256MiB"],
                also: Some(big_blobs),
                ..Job::default()
            },
        )
        .within(Duration::from_secs(300)),
    ]
}

fn full_publisher(seen: &Seen, checks: &mut Checks) -> Result<()> {
    let failures = seen.report.failures(&[Step::Upload])?;
    let shed = failures.get("shed").copied().unwrap_or(0);
    checks.holds("uploads fail for no other reason", failures.len() == 1, &failures);
    checks.holds("some uploads are shed", shed > 0, shed);
    checks.equal("shed uploads, as the publisher counts them", shed, seen.publisher.shed(Route::Store)?);
    checks.equal("shed or stored", seen.report.done(&[Step::Upload])? + shed, 30);
    checks.equal("exit status", seen.status.code(), Some(1));
    checks.note(format!("{shed} of 30 shed"));
    Ok(())
}

fn big_blobs(seen: &Seen, checks: &mut Checks) -> Result<()> {
    checks.equal("bytes uploaded", seen.report.bytes_sent(&[Step::Upload])?, 3 * 256 * MIB);
    match seen.peak_memory {
        Some(peak) => {
            checks.holds("peak memory in MiB is below 64", peak < 64 * MIB, peak / MIB);
            checks.note(format!("peak {} MiB", peak / MIB));
        }
        None => checks.note("peak memory unknown on this system"),
    }
    Ok(())
}
