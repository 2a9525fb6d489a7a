//! A search for the highest load that holds: what each step came to, and what all of them say together.

use std::time::Duration;

use super::{
    Ending, Report, Tool,
    quality::{Bottleneck, Check, QualityReport, Severity},
    summary::{Bounded, Distribution, Summary},
    threshold::{Measured, ThresholdResult},
};
use crate::{
    metrics::{Recording, concurrency::Reading, step_metrics::StepMetrics},
    plan::{
        Plan,
        journey::Step,
        search::{Search, SearchResult, StepResult, StepVerdict},
    },
};

/// The version of the document that [`Capacity::save`](crate::report::capacity::Capacity::save) writes.
pub const SCHEMA: &str = "walrus-stress/search/1";

/// A search and what it came to.
#[derive(Debug)]
pub struct Capacity {
    /// What made it.
    pub tool: Tool,
    /// When it began: RFC 3339, UTC.
    pub started_at: String,
    /// How long it took.
    pub elapsed: Duration,
    /// How it ended.
    pub ending: Ending,
    /// What each of its steps did, at its first level.
    pub plan: Plan,
    /// What was searched for.
    pub search: Search,
    /// The step of a journey whose times and rate are shown: the one that the first objective speaks of.
    pub focus: Step,
    /// The steps in the order in which they were made.
    pub steps: Vec<SearchStep>,
    /// What it came to.
    pub answer: SearchResult,
}

/// One step of a search.
#[derive(Debug)]
pub struct SearchStep {
    /// Its level, length and verdict.
    pub result: StepResult,
    /// Successes of the step that is in focus.
    pub done: u64,
    /// Failures of any step.
    pub failed: u64,
    /// Arrivals that were not started.
    pub dropped: u64,
    /// Successes of the step in focus per second, from its first start to its last finish.
    pub per_second: Option<f64>,
    /// The response times of the step in focus.
    pub response: Option<Distribution>,
    /// The objectives held against what was measured.
    pub thresholds: Vec<ThresholdResult>,
    /// How far the numbers can be trusted.
    pub quality: QualityReport,
    /// What the generator lacked, if it was the limit.
    pub bottleneck: Option<Bottleneck>,
    /// Uploads under way.
    pub uploads: Reading,
    /// What it took, settling included.
    pub consumed: Consumption,
}

/// What was asked of the servers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Consumption {
    /// Upload requests.
    pub uploads: u64,
    /// Download requests.
    pub downloads: u64,
    /// Bytes of request bodies.
    pub bytes_sent: u64,
    /// Bytes of response bodies.
    pub bytes_received: u64,
    /// What publishers charged, in FROST, where they told.
    pub frost: u64,
}

/// The knee of the curve of latency over throughput.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Knee {
    /// The level.
    pub level: f64,
    /// Successes per second.
    pub per_second: f64,
    /// The mean response time.
    pub mean: Duration,
}

/// What was seen of a publisher that is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shedding {
    /// The fewest uploads under way when one was refused, that one included.
    pub began_at: Option<u64>,
    /// The most under way in a step in which none was refused.
    pub most_taken: Option<u64>,
}

/// Decides whether the generator was the limit, by the trust in a step and by whether an objective broke.
pub type Blame = fn(&QualityReport, bool) -> Option<Bottleneck>;

/// The generator was the limit when its own part makes the numbers invalid.
///
/// A full `--max-in-flight` is one when the objectives hold. When they break, the server was slower than the rate
/// with as many requests at once as it may have: that is an answer. Ports that were nearly used up are one when they
/// break: connections that could not be made look like a server that refuses them.
pub fn blame(quality: &QualityReport, broken: bool) -> Option<Bottleneck> {
    let invalid = |subject: Check| {
        quality.checks.iter().any(|check| check.check == subject && check.severity == Severity::Invalid)
    };
    let dropped = quality.checks.iter().any(|check| check.check == Check::Dropped && check.measured > 0.0);
    let short_of_ports = quality
        .checks
        .iter()
        .any(|check| check.check == Check::Ports && check.severity > Severity::Trustworthy);
    let late = [Check::StartDelayP99, Check::StartDelayMax, Check::Lag].into_iter().any(invalid);
    if invalid(Check::Cpu) {
        Some(Bottleneck::Cpu)
    } else if short_of_ports && broken {
        Some(Bottleneck::Ports)
    } else if late || invalid(Check::Achieved) && !dropped {
        Some(Bottleneck::Scheduling)
    } else {
        (invalid(Check::Dropped) && !broken).then_some(Bottleneck::InFlight)
    }
}

impl SearchStep {
    /// What the step of this report came to; its settling was recorded apart.
    pub fn of(
        (level, length): (f64, Duration),
        focus: Step,
        report: &Report,
        warm_up: &Recording,
        uploads: Reading,
        blame: Blame,
    ) -> Self {
        let summary = Summary::of(report);
        let mut metrics = StepMetrics::default();
        for (key, one) in &report.recording.step_metrics {
            if key.step == focus {
                metrics.merge(one.clone());
            }
        }
        let broken = summary.thresholds.iter().any(is_broken);
        let bottleneck = blame(&summary.quality, broken);
        let verdict = match report.ending {
            Ending::Interrupted { .. } => StepVerdict::Interrupted,
            Ending::Completed if bottleneck.is_some() => StepVerdict::GeneratorLimited,
            Ending::Completed => verdict(&summary.thresholds),
        };
        let fresh = summary.steps.iter().find(|step| step.step == focus && !step.repeats);
        Self {
            result: StepResult { level, length, verdict },
            done: metrics.done,
            failed: summary.failed(),
            dropped: summary.arrivals.iter().map(|arrivals| arrivals.dropped).sum(),
            per_second: per_second(&metrics),
            response: fresh.and_then(|step| step.response().cloned()),
            thresholds: summary.thresholds,
            quality: summary.quality,
            bottleneck,
            uploads,
            consumed: Consumption::of(&report.recording).plus(Consumption::of(warm_up)),
        }
    }

    /// The objectives that were broken.
    pub fn broken(&self) -> impl Iterator<Item = &ThresholdResult> {
        self.thresholds.iter().filter(|threshold_result| is_broken(threshold_result))
    }
}

/// A number that is not there breaks nothing.
fn is_broken(threshold_result: &ThresholdResult) -> bool {
    !threshold_result.holds() && !matches!(threshold_result.measured, Measured::Unsupported { .. })
}

fn verdict(threshold_results: &[ThresholdResult]) -> StepVerdict {
    if threshold_results.iter().any(is_broken) {
        return StepVerdict::Breaks;
    }
    let missing = threshold_results.iter().filter_map(|threshold_result| match threshold_result.measured {
        Measured::Unsupported { has, needs } => Some((needs, has)),
        _ => None,
    });
    missing.max().map_or(StepVerdict::Holds, |(needs, has)| StepVerdict::TooFewSamples { has, needs })
}

fn per_second(metrics: &StepMetrics) -> Option<f64> {
    let (start, end) = metrics.window?;
    let seconds = end.saturating_sub(start).as_secs_f64();
    (metrics.done > 0 && seconds > 0.0).then(|| metrics.done as f64 / seconds)
}

impl Consumption {
    fn of(recording: &Recording) -> Self {
        recording.step_metrics.iter().fold(Self::default(), |cost, (key, metrics)| {
            let uploads = if key.step.stores() { metrics.attempted() } else { 0 };
            cost.plus(Self {
                uploads,
                downloads: metrics.attempted() - uploads,
                bytes_sent: metrics.bytes_sent,
                bytes_received: metrics.bytes_received,
                frost: metrics.cost_frost,
            })
        })
    }

    fn plus(self, other: Self) -> Self {
        Self {
            uploads: self.uploads + other.uploads,
            downloads: self.downloads + other.downloads,
            bytes_sent: self.bytes_sent + other.bytes_sent,
            bytes_received: self.bytes_received + other.bytes_received,
            frost: self.frost.saturating_add(other.frost),
        }
    }
}

impl Capacity {
    /// What the whole search took.
    pub fn consumed(&self) -> Consumption {
        self.steps.iter().fold(Consumption::default(), |cost, step| cost.plus(step.consumed))
    }

    /// The level with the highest power, which is throughput by mean response time (L. Kleinrock, "Power and
    /// deterministic rules of thumb for probabilistic problems in computer communications", ICC 1979). Absent unless
    /// there are levels below and above it: otherwise the true one may lie beyond them.
    pub fn knee(&self) -> Option<Knee> {
        let mut curve: Vec<_> = self.steps.iter().filter_map(SearchStep::knee).collect();
        curve.sort_by(|a, b| a.level.total_cmp(&b.level));
        let power = |knee: &Knee| knee.per_second / knee.mean.as_secs_f64();
        let best = *curve.iter().max_by(|a, b| power(a).total_cmp(&power(b)))?;
        let inside = curve.first()?.level < best.level && best.level < curve.last()?.level;
        inside.then_some(best)
    }

    /// What was seen of a publisher that is full; `None` when nothing was uploaded.
    pub fn shedding(&self) -> Option<Shedding> {
        let readings = || self.steps.iter().map(|step| step.uploads);
        let calm = readings().filter(|reading| reading.at_first_shed.is_none());
        let shedding = Shedding {
            began_at: readings().filter_map(|reading| reading.at_first_shed).min(),
            most_taken: calm.filter_map(|reading| reading.most).max(),
        };
        (shedding.began_at.is_some() || shedding.most_taken.is_some()).then_some(shedding)
    }

    /// The steps on which the answer rests.
    pub fn deciding_steps(&self) -> impl Iterator<Item = &SearchStep> {
        let levels = match self.answer {
            SearchResult::Between { holds, breaks } => [Some(holds), Some(breaks)],
            SearchResult::UpTo { holds } => [Some(holds), None],
            SearchResult::BelowFirst { breaks } => [None, Some(breaks)],
            SearchResult::GeneratorLimited { at } | SearchResult::TooFewSamples { at, .. } => {
                [Some(at), None]
            }
            SearchResult::Incomplete { holds, breaks } => [holds, breaks],
        };
        self.steps.iter().filter(move |step| levels.contains(&Some(step.result.level)))
    }
}

impl SearchStep {
    /// The step as a point of the curve, if its mean is known and not only a lower bound.
    fn knee(&self) -> Option<Knee> {
        let Bounded { value: mean, lower_bound: false } = self.response.as_ref()?.mean else { return None };
        if mean.is_zero()
            || matches!(self.result.verdict, StepVerdict::GeneratorLimited | StepVerdict::Interrupted)
        {
            return None;
        }
        Some(Knee { level: self.result.level, per_second: self.per_second?, mean })
    }
}

#[cfg(test)]
mod tests;
