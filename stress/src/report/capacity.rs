//! The result of a search for the highest load that holds: each step, and what all of them show together.

use std::{io, time::Duration};

use serde::Serialize;

use super::{
    Ending, Report, Tool,
    distribution::{Bounded, Distribution},
    quality::{Bottleneck, Check, CheckResult, QualityReport, Severity},
    steps::per_second,
    summary::Summary,
    threshold::{self, Measured, ThresholdResult},
};
use crate::{
    metrics::{MAX_COUNT, Recording, concurrency::Reading, step_metrics::StepMetrics},
    plan::{
        Plan,
        journey::Step,
        load::Load,
        search::{Search, SearchResult, StepResult, StepVerdict},
    },
    units::Seconds,
};

/// The version of the document that [`Capacity::save`] writes.
pub const SCHEMA: &str = "walrus-stress/search/1";

/// A search and its result.
#[derive(Debug, Serialize)]
pub struct Capacity {
    /// The program that searched.
    pub tool: Tool,
    /// When it began: RFC 3339, UTC.
    pub started_at: String,
    /// How long it took.
    #[serde(rename = "elapsed_seconds", with = "Seconds")]
    pub elapsed: Duration,
    /// What the upload was charged, in FROST, that went before the first step to learn the price; `None` when none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_upload_frost: Option<u64>,
    /// How it ended.
    pub ending: Ending,
    /// What was searched for.
    #[serde(flatten)]
    pub search: Search,
    /// The step of an iteration whose times and rate are shown: that of the first threshold.
    pub focus: Step,
    /// The result.
    pub answer: SearchResult,
    /// The steps in the order in which they were run.
    pub steps: Vec<SearchStep>,
    /// The plan of each step, at the first level.
    pub plan: Plan,
}

/// One step of a search.
#[derive(Debug, Serialize)]
pub struct SearchStep {
    /// Its level, length and verdict.
    #[serde(flatten)]
    pub result: StepResult,
    /// Successes of the step in focus.
    pub done: u64,
    /// Failures of any step.
    pub failed: u64,
    /// Arrivals that were not started.
    pub dropped: u64,
    /// Successes of the step in focus per second, from its first start to its last finish.
    pub per_second: Option<f64>,
    /// The response times of the step in focus.
    #[serde(rename = "response_seconds")]
    pub response: Option<Distribution>,
    /// Uploads in flight.
    #[serde(flatten)]
    pub uploads: Reading,
    /// The thresholds and whether they hold.
    pub thresholds: Vec<ThresholdResult>,
    /// How far the numbers can be trusted.
    pub quality: QualityReport,
    /// What limited the generator, if that was the limit.
    #[serde(skip)]
    pub bottleneck: Option<Bottleneck>,
    /// What it consumed, its warm-up included.
    pub consumed: Consumption,
}

/// What a search consumed of the servers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Consumption {
    /// Upload requests.
    pub uploads: u64,
    /// Download requests.
    pub downloads: u64,
    /// Bytes of request bodies.
    pub bytes_sent: u64,
    /// Bytes of response bodies.
    pub bytes_received: u64,
    /// What publishers charged, in FROST, where the response has it.
    #[serde(rename = "cost_frost")]
    pub frost: u64,
    /// Whether that is more than can be counted, and only the least that it is.
    #[serde(rename = "cost_is_lower_bound")]
    pub frost_is_lower_bound: bool,
}

/// The knee of the curve of latency over throughput.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Knee {
    /// The level.
    pub level: f64,
    /// Successes per second.
    pub per_second: f64,
    /// The mean response time.
    #[serde(rename = "mean_seconds", with = "Seconds")]
    pub mean: Duration,
}

/// The load shedding of a full publisher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Shedding {
    /// The fewest uploads in flight when one was refused, that one included.
    #[serde(rename = "uploads_at_first_shed")]
    pub began_at: Option<u64>,
    /// The most in flight in a step in which none was refused.
    #[serde(rename = "most_uploads_without_shed")]
    pub most_taken: Option<u64>,
}

/// What the document has besides the search: numbers of all steps together.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    partial: bool,
    advice: Option<&'static str>,
    knee: Option<Knee>,
    shedding: Option<Shedding>,
    consumed: Consumption,
    #[serde(flatten)]
    capacity: &'a Capacity,
}

/// Which thresholds are broken, as far as a slow generator can have a part in that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// None.
    None,
    /// Some, by times or by failures that a slow generator can cause.
    Some,
    /// One of a closed loop, by failures that the server has answered. (At a rate, a generator that is late makes bursts.)
    ByAnswers,
}

impl Broken {
    fn of(report: &Report, thresholds: &[ThresholdResult]) -> Self {
        let closed = report.plan.phases.iter().all(|phase| matches!(phase.load, Load::Closed { .. }));
        match thresholds.iter().any(ThresholdResult::is_broken) {
            false => Broken::None,
            true if closed && threshold::is_broken_by_answers(report) => Broken::ByAnswers,
            true => Broken::Some,
        }
    }
}

/// What limited the generator, when it was the limit: when its own checks make the numbers invalid.
///
/// When the server's answers break a threshold of a closed loop, that is the server's doing, however slow the generator was. A full
/// `--max-in-flight` is a limit when the thresholds hold. When they are broken, the server was slower than the rate with as
/// many requests in flight as it may have: that is an answer, too. Ports are a limit when thresholds are broken and the kernel
/// had none left: connections that it could not open look like a server that refuses them.
pub fn generator_limit(quality: &QualityReport, broken: Broken) -> Option<Bottleneck> {
    let broken = match broken {
        Broken::ByAnswers => return None,
        Broken::Some => true,
        Broken::None => false,
    };
    let any = |check: Check, is: fn(&CheckResult) -> bool| {
        quality.checks.iter().any(|one| one.check == check && is(one))
    };
    let invalid = |check| any(check, |one| one.severity == Severity::Invalid);
    let late = [Check::StartDelayP99, Check::StartDelayMax, Check::Lag].into_iter().any(invalid);
    let dropped = any(Check::Dropped, |one| one.measured > 0.0);
    if invalid(Check::Cpu) {
        Some(Bottleneck::Cpu)
    } else if broken && any(Check::Ports, |one| one.measured >= 1.0) {
        Some(Bottleneck::Ports)
    } else if late || invalid(Check::Achieved) && !dropped {
        Some(Bottleneck::Scheduling)
    } else {
        (invalid(Check::Dropped) && !broken).then_some(Bottleneck::InFlight)
    }
}

impl SearchStep {
    /// The step of this report, whose warm-up was recorded apart. `limit` decides whether the generator was the limit, by
    /// the quality of the numbers and by which thresholds are broken: see [`generator_limit`].
    pub fn of(
        (level, length): (f64, Duration),
        focus: Step,
        report: &Report,
        warm_up: &Recording,
        uploads: Reading,
        limit: impl FnOnce(&QualityReport, Broken) -> Option<Bottleneck>,
    ) -> Self {
        let summary = Summary::of(report);
        let mut metrics = StepMetrics::default();
        for (_, one) in report.recording.groups().filter(|(key, _)| key.step == focus) {
            metrics.merge(one);
        }
        let bottleneck = limit(&summary.quality, Broken::of(report, &summary.thresholds));
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
            per_second: per_second(&metrics, metrics.done),
            response: fresh.and_then(|step| step.response().cloned()),
            thresholds: summary.thresholds,
            quality: summary.quality,
            bottleneck,
            uploads,
            consumed: Consumption::of(&report.recording).plus(Consumption::of(warm_up)),
        }
    }

    /// The thresholds that are broken.
    pub fn broken(&self) -> impl Iterator<Item = &ThresholdResult> {
        self.thresholds.iter().filter(|threshold_result| threshold_result.is_broken())
    }
}

fn verdict(threshold_results: &[ThresholdResult]) -> StepVerdict {
    if threshold_results.iter().any(ThresholdResult::is_broken) {
        return StepVerdict::Breaks;
    }
    let missing = threshold_results.iter().filter_map(|threshold_result| match threshold_result.measured {
        Measured::Unsupported { has, needs } => Some((needs, has)),
        _ => None,
    });
    missing.max().map_or(StepVerdict::Holds, |(needs, has)| StepVerdict::TooFewSamples { has, needs })
}

impl Consumption {
    fn of(recording: &Recording) -> Self {
        recording.groups().fold(Self::default(), |cost, (key, metrics)| {
            let uploads = if key.step.stores() { metrics.attempted() } else { 0 };
            cost.plus(Self {
                uploads,
                downloads: metrics.attempted() - uploads,
                bytes_sent: metrics.bytes_sent,
                bytes_received: metrics.bytes_received,
                frost: metrics.cost_frost,
                frost_is_lower_bound: metrics.cost_frost >= MAX_COUNT,
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
            frost_is_lower_bound: self.frost_is_lower_bound || other.frost_is_lower_bound,
        }
    }
}

impl Capacity {
    /// Writes the search as one JSON document.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn save(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let limited = matches!(self.answer, SearchResult::GeneratorLimited { .. });
        let last = self.steps.last().filter(|_| limited);
        let document = Document {
            schema: SCHEMA,
            partial: self.ending.is_partial(),
            advice: last.and_then(|step| step.bottleneck).map(Bottleneck::advice),
            knee: self.knee(),
            shedding: self.shedding(),
            consumed: self.consumed(),
            capacity: self,
        };
        serde_json::to_writer_pretty(&mut *out, &document)?;
        out.write_all(b"\n")
    }

    /// What the whole search consumed.
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

    /// The publisher's load shedding; `None` when nothing was uploaded.
    pub fn shedding(&self) -> Option<Shedding> {
        let readings = || self.steps.iter().map(|step| step.uploads);
        let calm = readings().filter(|reading| reading.at_first_shed.is_none());
        let shedding = Shedding {
            began_at: readings().filter_map(|reading| reading.at_first_shed).min(),
            most_taken: calm.filter_map(|reading| reading.most).max(),
        };
        (shedding.began_at.is_some() || shedding.most_taken.is_some()).then_some(shedding)
    }

    /// The steps that decide the answer.
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
