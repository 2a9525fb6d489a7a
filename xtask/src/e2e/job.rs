//! A scenario as data: the servers' flags and faults and the tool's flags in, and what must come out of it.

use std::{collections::BTreeMap, process::ExitStatus, time::Duration};

use super::{
    check::Checks,
    harness::{Harness, Servers},
    report::{READS, Report, Step},
    rows,
    stats::{Route, Stats},
};
use crate::{failure::Result, process::Process};

/// The server that injects a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Publisher,
    Aggregator,
}

/// A fault that a server injects, and the failure class that the tool must report.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault {
    pub(crate) side: Side,
    /// The mock's name of it.
    pub(crate) kind: &'static str,
    /// The share of requests that meet it.
    pub(crate) ratio: &'static str,
    /// The tool's name of what it makes of it; none if it succeeds all the same.
    pub(crate) class: Option<&'static str>,
}

/// A run of the tool against both servers.
#[derive(Default)]
pub(crate) struct Job {
    pub(crate) publisher: &'static [&'static str],
    pub(crate) aggregator: &'static [&'static str],
    pub(crate) faults: Vec<Fault>,
    pub(crate) run: &'static [&'static str],
    /// What must be true beside what must be true of every job.
    pub(crate) also: Option<fn(&Seen, &mut Checks) -> Result<()>>,
}

/// What is known after a job.
pub(crate) struct Seen {
    pub(crate) status: ExitStatus,
    pub(crate) report: Report,
    pub(crate) rows: usize,
    pub(crate) publisher: Stats,
    pub(crate) aggregator: Stats,
    /// The most memory that the tool held, in bytes, where the system measures it.
    pub(crate) peak_memory: Option<u64>,
}

impl Seen {
    /// Collects it once the tool has ended.
    pub(crate) fn collect(harness: &Harness<'_>, servers: &Servers, status: ExitStatus) -> Result<Self> {
        Ok(Self {
            status,
            report: Report::load(&harness.path("report.json"))?,
            rows: rows::count(&harness.path("export.json"))?,
            publisher: servers.publisher.stats()?,
            aggregator: servers.aggregator.stats()?,
            peak_memory: None,
        })
    }
}

impl Job {
    /// Runs it and checks everything.
    pub(crate) fn run(&self, harness: &Harness<'_>) -> Result<String> {
        let servers = harness.servers(&self.flags(Side::Publisher), &self.flags(Side::Aggregator))?;
        let mut command = harness.tool(&servers.publisher.url, &servers.aggregator.url, self.run)?;
        command.args(["--seed", "7"]);
        let mut tool = harness.start("walrus-stress", command)?;
        let peak_memory = watch_memory(&mut tool, harness)?;
        let status = tool.wait(harness.deadline)?;
        let seen = Seen { peak_memory, ..Seen::collect(harness, &servers, status)? };
        let mut checks = Checks::default();
        compare_counts(&seen, &mut checks)?;
        self.compare_failures(&seen, &mut checks)?;
        if self.faults.is_empty()
            && seen.report.failures(&[Step::Upload, Step::First, Step::Cached])?.is_empty()
        {
            compare_bytes(&seen, &mut checks)?;
        }
        if let Some(also) = self.also {
            also(&seen, &mut checks)?;
        }
        servers.stop()?;
        checks.verdict()
    }

    fn flags(&self, side: Side) -> Vec<String> {
        let own = if side == Side::Publisher { self.publisher } else { self.aggregator };
        let faults = self.faults.iter().filter(|fault| fault.side == side);
        let faults =
            faults.flat_map(|fault| ["--fault".to_owned(), format!("{}={}", fault.kind, fault.ratio)]);
        own.iter().map(|flag| (*flag).to_owned()).chain(faults).collect()
    }

    /// Each injected fault is one failure of its class, and there are no others.
    fn compare_failures(&self, seen: &Seen, checks: &mut Checks) -> Result<()> {
        if self.faults.is_empty() {
            return Ok(());
        }
        let mut wanted = [BTreeMap::new(), BTreeMap::new()];
        for fault in &self.faults {
            let stats = if fault.side == Side::Publisher { &seen.publisher } else { &seen.aggregator };
            let injected = stats.faults(fault.kind)?;
            checks.holds(&format!("`{}` was injected", fault.kind), injected > 0, injected);
            // A read over a kept-open connection that breaks before its response is repeated, and counted apart.
            let injected = match (fault.side, fault.kind) {
                (Side::Aggregator, "reset") => injected.saturating_sub(seen.report.stale()?),
                _ => injected,
            };
            if let Some(class) = fault.class {
                *wanted[usize::from(fault.side == Side::Aggregator)].entry(class.to_owned()).or_default() +=
                    injected;
            }
        }
        let [uploads, reads] = wanted;
        let failed: u64 = uploads.values().chain(reads.values()).sum();
        checks.note(format!("{failed} failures"));
        checks.equal("failures of uploads", seen.report.failures(&[Step::Upload])?, uploads);
        checks.equal("failures of downloads", seen.report.failures(&READS)?, reads);
        checks.equal("exit status", seen.status.code(), Some(i32::from(failed > 0)));
        Ok(())
    }
}

/// What must be true of every run that has ended: the tool's counts are the servers'.
pub(crate) fn compare_counts(seen: &Seen, checks: &mut Checks) -> Result<()> {
    let uploads = seen.report.attempts(&[Step::Upload])?;
    let reads = seen.report.attempts(&READS)? + seen.report.stale()?;
    checks.equal(
        "uploads tried, as the publisher counts them",
        uploads,
        seen.publisher.requests(Route::Store)?,
    );
    checks.equal(
        "downloads tried, as the aggregator counts them",
        reads,
        seen.aggregator.requests(Route::Read)?,
    );
    checks.equal("rows of the export, as uploads done", seen.rows as u64, seen.report.done(&[Step::Upload])?);
    Ok(())
}

/// What must be true of a run in which nothing failed.
pub(crate) fn compare_bytes(seen: &Seen, checks: &mut Checks) -> Result<()> {
    checks.equal(
        "bytes uploaded",
        seen.report.bytes_sent(&[Step::Upload])?,
        seen.publisher.bytes_in(Route::Store)?,
    );
    checks.equal(
        "bytes downloaded",
        seen.report.bytes_received(&READS)?,
        seen.aggregator.bytes_out(Route::Read)?,
    );
    checks.equal("uploads done", seen.report.done(&[Step::Upload])?, seen.report.attempts(&[Step::Upload])?);
    checks.equal("downloads done", seen.report.done(&READS)?, seen.report.attempts(&READS)?);
    checks.equal("exit status", seen.status.code(), Some(0));
    checks.equal("the report is partial", seen.report.partial()?, false);
    Ok(())
}

/// The most memory that the tool holds before it ends.
pub(crate) fn watch_memory(tool: &mut Process, harness: &Harness<'_>) -> Result<Option<u64>> {
    let mut peak = None;
    while tool.runs()? && !harness.deadline.passed() {
        peak = tool.peak_memory().or(peak);
        // sleep: the kernel keeps the peak; it only has to be read before the process ends
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(peak)
}
