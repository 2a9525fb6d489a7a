//! What is shown of the arrivals of open loops.

use std::time::Duration;

use serde::Serialize;

use super::{Report, distribution::Distribution};

/// The arrivals of a phase with an open loop.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArrivalSummary {
    /// The phase's name.
    pub phase: String,
    /// Arrivals that were due.
    pub offered: u64,
    /// Those of them that were not started.
    pub dropped: u64,
    /// Those of the dropped ones that were overdue until the phase ended: the generator was behind its schedule, or was
    /// stopped. At the others, `--max-in-flight` iterations were running.
    pub never_started: u64,
    /// When the last arrival was due, from the phase's start.
    #[serde(skip)]
    pub scheduled: Duration,
    /// When it was started.
    #[serde(skip)]
    pub took: Duration,
    /// How late the others were started by the generator. Response times include it, which corrects them for coordinated
    /// omission. `None` when none was started.
    #[serde(rename = "start_delay_seconds")]
    pub start_delay: Option<Distribution>,
}

impl ArrivalSummary {
    pub(super) fn all(report: &Report) -> Vec<Self> {
        let phases = report.plan.phases.iter().enumerate();
        phases
            .filter(|(_, phase)| !phase.warm_up && phase.load.is_open())
            .map(|(position, phase)| {
                let arrivals = report.recording.arrivals.get(&position).cloned().unwrap_or_default();
                Self {
                    phase: phase.name.clone(),
                    offered: arrivals.offered(),
                    dropped: arrivals.dropped,
                    never_started: arrivals.never_started,
                    scheduled: arrivals.scheduled,
                    took: arrivals.took,
                    start_delay: Distribution::of(&arrivals.start_delay, None),
                }
            })
            .collect()
    }
}
