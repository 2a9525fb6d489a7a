//! A run of the tool whose memory is looked at all the time.

use std::{
    process::Command,
    thread,
    time::{Duration, Instant},
};

use crate::{
    e2e::{
        check::Checks,
        stage::{Servers, Stage},
    },
    failure::{Failure, Result},
};

const MIB: u64 = 1 << 20;
/// What a run may hold at its most.
const MOST: u64 = 64 * MIB;
/// What it holds after this time it should not go beyond.
const EARLY: Duration = Duration::from_secs(60);
/// The kernel counts memory in batches for each thread: less than this is no growth.
const NO_GROWTH: u64 = MIB;

/// The most memory that a run held.
#[derive(Debug)]
pub(super) struct Memory {
    peak: u64,
    /// The same in its first minute; nothing when it took no longer.
    early: Option<u64>,
}

/// `walrus-stress run` with these flags between these servers, and a report on the stage.
pub(super) fn tool(stage: &Stage<'_>, servers: &Servers, flags: &str) -> Result<Command> {
    let mut command = stage.command("walrus-stress")?;
    command.args(["run", "--publisher", &servers.publisher.url, "--aggregator", &servers.aggregator.url]);
    command.args(["--seed", "7", "-q", "--report"]).arg(stage.path("report.json"));
    command.args(flags.split_whitespace());
    Ok(command)
}

/// Runs it to its end, which must be a good one.
pub(super) fn watch(stage: &Stage<'_>, command: Command) -> Result<Memory> {
    let begun = Instant::now();
    let mut tool = stage.start("walrus-stress", command)?;
    let mut memory = Memory { peak: 0, early: None };
    while tool.runs()? {
        memory.peak = memory.peak.max(tool.peak_memory().unwrap_or(0));
        if begun.elapsed() >= EARLY {
            memory.early.get_or_insert(memory.peak);
        }
        thread::sleep(Duration::from_millis(20));
    }
    let status = tool.wait(stage.deadline)?;
    if status.success() {
        Ok(memory)
    } else {
        Err(Failure::new(format!("walrus-stress ended with {status}")))
    }
}

impl Memory {
    /// It was little, and stayed what it was.
    pub(super) fn check(&self, checks: &mut Checks) {
        let mebibytes = |bytes: u64| bytes as f64 / MIB as f64;
        checks.holds("the most memory is below 64 MiB", self.peak < MOST, mebibytes(self.peak));
        checks.note(format!("at most {:.1} MiB", mebibytes(self.peak)));
        match self.early {
            Some(early) => {
                let grown = self.peak.saturating_sub(early);
                checks.holds(
                    "memory grows by less than 1 MiB after a minute",
                    grown < NO_GROWTH,
                    mebibytes(grown),
                );
                checks.note(format!("grown by {:.2} MiB after its first minute", mebibytes(grown)));
            }
            None => checks.note("too short to see growth".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(peak: u64, early: Option<u64>) -> Result<String> {
        let mut checks = Checks::default();
        Memory { peak: peak * MIB, early: early.map(|early| early * MIB) }.check(&mut checks);
        checks.verdict()
    }

    #[test]
    fn memory_must_be_little_and_stay_so() {
        assert_eq!(
            verdict(20, Some(20)).unwrap(),
            "at most 20.0 MiB, grown by 0.00 MiB after its first minute"
        );
        assert_eq!(verdict(20, None).unwrap(), "at most 20.0 MiB, too short to see growth");
        assert!(verdict(64, None).is_err() && verdict(21, Some(20)).is_err());
    }
}
