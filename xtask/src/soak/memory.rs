//! A run of the tool whose memory is sampled all the time.

use std::{
    process::Command,
    thread,
    time::{Duration, Instant},
};

use crate::{
    e2e::{
        check::Checks,
        harness::{Harness, Servers},
    },
    failure::{Failure, Result},
};

const MIB: u64 = 1 << 20;
/// The most memory that a run may take.
const MOST: u64 = 64 * MIB;
/// What it holds after this time it should not go beyond.
const EARLY: Duration = Duration::from_secs(60);
/// So long before its end at the latest a run is measuring, not yet being evaluated and written, which takes memory of its own.
const CLOSING: Duration = Duration::from_secs(2);
/// The kernel counts memory in batches for each thread: less than this is no growth.
const NO_GROWTH: u64 = MIB;

/// The most memory that a run held.
#[derive(Debug)]
pub(super) struct Memory {
    peak: u64,
    /// The same in its first minute, and up to its closing; nothing when it took no longer.
    measuring: Option<(u64, u64)>,
}

/// `walrus-stress run` with these flags between these servers, and a report on the harness.
pub(super) fn tool(harness: &Harness<'_>, servers: &Servers, flags: &str) -> Result<Command> {
    let mut command = harness.command("walrus-stress")?;
    command.args(["run", "--publisher", &servers.publisher.url, "--aggregator", &servers.aggregator.url]);
    command.args(["--seed", "7", "-q", "--report"]).arg(harness.path("report.json"));
    command.args(flags.split_whitespace());
    Ok(command)
}

/// Runs it to its end, which must be a good one.
pub(super) fn watch(harness: &Harness<'_>, command: Command) -> Result<Memory> {
    let begun = Instant::now();
    let mut tool = harness.start("walrus-stress", command)?;
    // Each new peak and when it was seen.
    let mut peaks: Vec<(Duration, u64)> = vec![(Duration::ZERO, 0)];
    while tool.runs()? {
        let peak = tool.peak_memory().unwrap_or(0);
        if peaks.last().is_some_and(|(_, before)| peak > *before) {
            peaks.push((begun.elapsed(), peak));
        }
        thread::sleep(Duration::from_millis(20));
    }
    let took = begun.elapsed();
    let status = tool.wait(harness.deadline)?;
    if status.success() {
        Ok(Memory::of(&peaks, took))
    } else {
        Err(Failure::new(format!("walrus-stress ended with {status}")))
    }
}

impl Memory {
    /// Of a run that took so long and had these peaks, each with the time when it was seen.
    fn of(peaks: &[(Duration, u64)], took: Duration) -> Self {
        let until = |end| peaks.iter().rev().find(|(at, _)| *at <= end).map_or(0, |(_, peak)| *peak);
        let closing = took.saturating_sub(CLOSING);
        Self { peak: until(took), measuring: (closing > EARLY).then(|| (until(EARLY), until(closing))) }
    }

    /// It was little.
    pub(super) fn is_little(&self, checks: &mut Checks) {
        checks.holds("the most memory is below 64 MiB", self.peak < MOST, mebibytes(self.peak));
        checks.note(format!("at most {:.1} MiB", mebibytes(self.peak)));
    }

    /// It stayed what it was: for runs with as much under way all the time, since every connection has its buffers.
    pub(super) fn stays(&self, checks: &mut Checks) {
        let Some((early, late)) = self.measuring else {
            checks.note("too short to see growth");
            return;
        };
        let (grown, closing) = (late.saturating_sub(early), self.peak.saturating_sub(late));
        checks.holds("memory grows by less than 1 MiB after a minute", grown < NO_GROWTH, mebibytes(grown));
        checks.note(format!("grown by {:.2} MiB after its first minute", mebibytes(grown)));
        checks.note(format!("{:.2} MiB more to evaluate and write it", mebibytes(closing)));
    }
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / MIB as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(peaks: &[(u64, u64)], took: u64) -> Result<String> {
        let mut checks = Checks::default();
        let peaks: Vec<_> = peaks.iter().map(|(at, peak)| (Duration::from_secs(*at), peak * MIB)).collect();
        let memory = Memory::of(&peaks, Duration::from_secs(took));
        memory.is_little(&mut checks);
        memory.stays(&mut checks);
        checks.verdict()
    }

    #[test]
    fn memory_must_be_little_and_stay_so() {
        assert_eq!(
            verdict(&[(0, 0), (1, 20), (119, 23)], 120).unwrap(),
            "at most 23.0 MiB, grown by 0.00 MiB after its first minute, 3.00 MiB more to evaluate and write it"
        );
        assert_eq!(verdict(&[(0, 0), (1, 20)], 61).unwrap(), "at most 20.0 MiB, too short to see growth");
        assert!(verdict(&[(0, 0), (1, 64)], 61).is_err());
        assert!(verdict(&[(0, 0), (1, 20), (70, 21)], 120).is_err());
    }
}
