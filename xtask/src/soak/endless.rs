//! Millions of exchanges in journeys: whether memory stays what it was.

use std::{fs, io, os::unix::fs::MetadataExt, path::Path};

use super::{
    memory,
    report::{of_step, report},
    soak_test::{Outcome, RunLength},
};
use crate::{
    e2e::{check::Checks, harness::Harness, stats::Route},
    failure::{Context, Result},
};

/// Journeys of three exchanges each: five million.
const JOURNEYS: u64 = 1_666_667;

pub(super) fn run(harness: &Harness<'_>, length: RunLength, checks: &mut Checks) -> Result<Outcome> {
    let servers = harness.servers(&["--publisher-max-concurrent-requests", "100"].map(str::to_owned), &[])?;
    let stop = length.limit().map_or_else(
        || format!("-n {JOURNEYS}"),
        |limit| format!("-n {JOURNEYS} --duration {}s", limit.as_secs()),
    );
    // Repeats are known to the publisher and take no place on its disk.
    let flags = format!("{stop} -c 8 --size 1KiB --duplicates 99.9%");
    let memory = memory::watch(harness, memory::tool(harness, &servers, &flags)?)?;
    memory.is_little(checks);
    memory.stays(checks);
    let report = report(harness)?;
    let done = |step| Ok(of_step(&report, step, false, "/done")? + of_step(&report, step, true, "/done")?);
    let (uploads, reads) = (done("upload")?, done("first")? + done("cached")?);
    let (stored, read) = (servers.publisher.stats()?, servers.aggregator.stats()?);
    servers.stop()?;
    checks.equal("uploads, as the publisher counts them", uploads, stored.requests(Route::Store)? as f64);
    checks.equal("downloads, as the aggregator counts them", reads, read.requests(Route::Read)? as f64);
    if length.limit().is_none() {
        checks.equal("journeys", uploads, JOURNEYS as f64);
    }
    checks.note(format!("{} exchanges", uploads + reads));
    let (files, bytes) = taken(&harness.path("store")).context("cannot read the store")?;
    checks.note(format!("{files} files, {:.1} MiB of disk", bytes as f64 / 1_048_576.0));
    Ok(Outcome::Done)
}

/// The files in a folder and those below, and what they take of the disk in bytes.
fn taken(folder: &Path) -> io::Result<(u64, u64)> {
    let mut taken = (0, 0);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (files, bytes) = match entry.file_type()?.is_dir() {
            true => self::taken(&entry.path())?,
            // Of 512 bytes each, whatever the disk's own are (stat(2)).
            false => (1, entry.metadata()?.blocks() * 512),
        };
        taken = (taken.0 + files, taken.1 + bytes);
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_counted_at_every_depth() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("a/b")).unwrap();
        fs::write(folder.path().join("one"), "1").unwrap();
        fs::write(folder.path().join("a/b/two"), "2").unwrap();
        assert_eq!(taken(folder.path()).unwrap().0, 2);
        assert!(taken(&folder.path().join("none")).is_err());
    }
}
