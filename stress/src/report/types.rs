//! A report, where it came from, and how its run ended.

use std::{
    fmt::Write as _,
    str::FromStr,
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};
use serde_with::{DeserializeFromStr, SerializeDisplay};

use super::part::{Part, VantageRecording};
use crate::{
    metrics::Recording,
    plan::{Plan, run_key::RunKey, shard::Shard},
    units::Seconds,
};

/// What a run was meant to do and what it recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The program that made the recording.
    pub tool: Tool,
    /// The run's ID; of a merged report, those of all its shards.
    pub runs: Vec<RunId>,
    /// The name that the parts of a divided run have in common; `None` when it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<RunKey>,
    /// The part that this is, or those that were merged; empty when the run was not divided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// Parts that a merged report lacks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Shard>,
    /// How it ended.
    pub ending: Ending,
    /// When the run began: RFC 3339, UTC. Durations come from the monotonic clock alone.
    pub started_at: String,
    /// How long the run took on the monotonic clock.
    #[serde(rename = "elapsed_seconds", with = "Seconds")]
    pub elapsed: Duration,
    /// Warnings for readers, a sentence each.
    pub notices: Vec<String>,
    /// What the run was meant to do; secrets are redacted once it was saved.
    pub plan: Plan,
    /// What was measured. A document has it last, behind the summary: see [`Report::save`].
    #[serde(skip_serializing)]
    pub recording: Recording,
    /// Of merged vantage points, what each measured. `recording` is their sum, without pairs of reads: each vantage point has
    /// one of the same blob.
    #[serde(default, rename = "vantage_recordings", skip_serializing)]
    pub vantages: Vec<VantageRecording>,
}

/// A report and what the user calls it.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// A path.
    pub name: String,
    /// What was read from it.
    pub report: Report,
}

/// A program and its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// The program's name.
    pub name: String,
    /// The program's version.
    pub version: String,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Ending {
    /// It followed its plan to the end.
    Completed,
    /// A signal stopped it; everything measured until then is there.
    Interrupted {
        /// The signal.
        signal: Signal,
    },
}

/// A signal that stops a run.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::EnumString, SerializeDisplay, DeserializeFromStr,
)]
pub enum Signal {
    /// Ctrl-C.
    #[strum(serialize = "SIGINT")]
    Interrupt,
    /// The default of `kill`.
    #[strum(serialize = "SIGTERM")]
    Terminate,
    /// The terminal was closed, or a remote session lost.
    #[strum(serialize = "SIGHUP")]
    HangUp,
}

/// What reports of systems other than Linux say about their times.
const SENT_TO_KERNEL: &str = "on this system the sending of an upload ends when the kernel has accepted its last byte: over a \
                              slow link most of the time that it takes is in waiting";

/// A run's ID: 128 random bits, written as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, SerializeDisplay, DeserializeFromStr)]
pub struct RunId(u128);

impl Report {
    /// The report of a run that began at `started_at` and took `elapsed`.
    pub fn new(
        plan: Plan,
        started_at: SystemTime,
        elapsed: Duration,
        ending: Ending,
        recording: Recording,
    ) -> Self {
        let (runs, started_at) = (vec![RunId(rand::random())], rfc3339(started_at));
        // Elsewhere the kernel is not asked what it still holds.
        let notices = if cfg!(target_os = "linux") { Vec::new() } else { vec![SENT_TO_KERNEL.to_owned()] };
        Self {
            tool: Tool::this(),
            runs,
            run_id: None,
            parts: Vec::new(),
            missing: Vec::new(),
            ending,
            started_at,
            elapsed,
            notices,
            plan,
            recording,
            vantages: Vec::new(),
        }
    }

    /// Whether it was stopped before the end of its plan, or lacks parts.
    pub fn is_partial(&self) -> bool {
        self.ending.is_partial() || !self.missing.is_empty()
    }

    /// The parts that it lacks, in words: `shard 1/3 is missing`; `None` when it is whole.
    pub fn missing_parts(&self) -> Option<String> {
        missing_parts(&self.missing, !self.vantages.is_empty())
    }

    /// Whether both are of the same run, or have a shard in common.
    pub fn is_same_run_as(&self, other: &Report) -> bool {
        self.runs.iter().any(|run| other.runs.contains(run))
    }

    /// The name of the phase at this position of the plan; its number when the plan has none there.
    pub fn phase_name(&self, position: usize) -> String {
        self.plan.phases.get(position).map_or_else(|| position.to_string(), |phase| phase.name.clone())
    }
}

impl Tool {
    /// This program.
    pub fn this() -> Self {
        Self { name: "walrus-stress".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

impl Ending {
    /// Whether the run was stopped before the end of its plan.
    pub fn is_partial(self) -> bool {
        matches!(self, Ending::Interrupted { .. })
    }
}

impl std::fmt::Display for RunId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for RunId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number =
            u128::from_str_radix(text, 16).ok().filter(|_| text.len() == 32 && !text.starts_with('+'));
        number.map(Self).ok_or_else(|| format!("`{text}` is no run ID: it has 32 hexadecimal digits"))
    }
}

impl Report {
    /// The wall clock `at` this time since the run's origin, as [`rfc3339`] and within a second; `None` when the report has no
    /// start that can be read, or no clock goes that far.
    pub(super) fn wall_clock(&self, at: Duration) -> Option<String> {
        let time = humantime::parse_rfc3339(&self.started_at).ok()?.checked_add(at)?;
        let mut text = String::new();
        write!(text, "{}", humantime::format_rfc3339_seconds(time)).ok()?;
        Some(text)
    }
}

/// That these parts are missing, in words.
pub(super) fn missing_parts(missing: &[Shard], of_vantage_points: bool) -> Option<String> {
    let names: Vec<_> = missing.iter().map(ToString::to_string).collect();
    let noun = if of_vantage_points { "vantage point" } else { "shard" };
    match names.as_slice() {
        [] => None,
        [one] => Some(format!("{noun} {one} is missing")),
        _ => Some(format!("{noun}s {} are missing", names.join(", "))),
    }
}

/// A time as documents have it: RFC 3339, UTC, to the second.
pub fn rfc3339(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn two_runs_differ_even_if_they_measured_the_same() {
        let (one, other) = (fixtures::report(1, &[]), fixtures::report(1, &[]));
        assert_eq!(one.recording, other.recording);
        assert!(one.is_same_run_as(&one.clone()) && !one.is_same_run_as(&other));
    }

    #[test]
    fn the_wall_clock_is_absent_where_there_is_none() {
        let at = |started_at: &str, seconds| {
            let report = Report { started_at: started_at.to_owned(), ..fixtures::report(1, &[]) };
            report.wall_clock(Duration::from_secs(seconds))
        };
        assert_eq!(at("2026-11-26T23:59:58Z", 3).as_deref(), Some("2026-11-27T00:00:01Z"));
        for (started_at, seconds) in
            [("soon", 0), ("9999-12-31T23:59:59Z", 1), ("2026-11-26T00:00:00Z", u64::MAX)]
        {
            assert_eq!(at(started_at, seconds), None, "{started_at}");
        }
    }

    #[test]
    fn a_run_id_is_written_with_all_its_digits() {
        let small = RunId(0xbeef);
        assert_eq!(small.to_string(), "0000000000000000000000000000beef");
        assert_eq!(small.to_string().parse(), Ok(small));
        for wrong in ["", "beef", "0000000000000000000000000000beeg", "+000000000000000000000000000beef"] {
            assert!(wrong.parse::<RunId>().is_err(), "{wrong}");
        }
    }
}
