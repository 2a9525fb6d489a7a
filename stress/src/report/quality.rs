//! Whether a run's numbers can be trusted: checks of the load generator against a table of limits.

use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::{
    Report,
    arrivals::ArrivalSummary,
    cache::cache_statuses,
    distribution::Distribution,
    stationarity::{self, Drift, Stationarity},
    stats::{Percentile, share},
    steps::StepSummary,
    threshold::ThresholdResult,
};
use crate::{
    metrics::{Connections, generator::Generator, step_metrics::Span},
    plan::journey::Step,
};

/// What is checked. Documents name a check with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(strum::VariantArray))]
pub enum Check {
    /// The 99th percentile of the arrivals' start delays, in seconds.
    #[serde(rename = "start_delay_p99_seconds")]
    StartDelayP99,
    /// The longest start delay, in seconds.
    #[serde(rename = "start_delay_max_seconds")]
    StartDelayMax,
    /// The rate at which arrivals were started, as a share of the planned rate.
    #[serde(rename = "achieved_share")]
    Achieved,
    /// Arrivals that were not started because too many iterations were in flight, as a share of those due.
    #[serde(rename = "dropped_share")]
    Dropped,
    /// The processor time of the process, as a share of what it could have used.
    #[serde(rename = "cpu_share")]
    Cpu,
    /// Periods of the CPU quota in which it was used up, as a share of all.
    #[serde(rename = "throttled_share")]
    Throttled,
    /// The 99th percentile of the event loops' lag, in seconds.
    #[serde(rename = "event_loop_lag_p99_seconds")]
    Lag,
    /// Attempts still running at the end, as a share of those tried.
    #[serde(rename = "unfinished_share")]
    Unfinished,
    /// First downloads that were cache hits already by their headers, as a share of all.
    #[serde(rename = "contaminated_share")]
    Contaminated,
    /// Thresholds that the sample is too small for.
    #[serde(rename = "unsupported_thresholds")]
    Samples,
    /// By how much the wall clock moved against the monotonic one, in seconds.
    #[serde(rename = "wall_clock_step_seconds")]
    WallClock,
    /// By what share a step's rate or time changed from its first to its last third, where chance does not explain it.
    #[serde(rename = "stationarity_change_share")]
    Stationarity,
    /// Ports that could not be used for another connection to one target, as a share of those that there are; 1 when the
    /// kernel had none left.
    #[serde(rename = "ports_share")]
    Ports,
    /// File descriptors that were open at a time, as a share of those that the process may have.
    #[serde(rename = "descriptors_share")]
    Descriptors,
}

/// How far the numbers can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr, Serialize)]
#[serde(into = "&'static str")]
#[strum(serialize_all = "kebab-case")]
pub enum Severity {
    /// Without reservation.
    Trustworthy,
    /// With the reservation that a check names.
    #[strum(serialize = "use-with-care")]
    Care,
    /// Not at all.
    Invalid,
}

/// Shorter runs end before a share of the processor means anything, in seconds.
const SHORTEST: f64 = 1.0;

/// A schedule that ended less than this late was kept, in seconds.
const KEPT: f64 = 0.1;

/// A check and what was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckResult {
    /// What was checked.
    pub check: Check,
    /// What the number means.
    pub severity: Severity,
    /// The number, in the check's unit.
    pub measured: f64,
    /// The limit that it exceeds; of a trustworthy number, the first limit.
    pub limit: f64,
}

/// The quality of a run's numbers, and what it rests on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QualityReport {
    /// Whether something succeeded: otherwise there is no number to trust.
    pub is_judged: bool,
    /// What could be checked in this run.
    pub checks: Vec<CheckResult>,
    /// The largest change during the run that chance does not explain.
    pub drift: Option<Drift>,
}

/// What kept the load generator from following its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bottleneck {
    /// Too little processor time.
    Cpu,
    /// The system did not schedule it in time.
    Scheduling,
    /// `--max-in-flight` iterations were running.
    InFlight,
    /// Hardly any ports were left for connections to a target.
    Ports,
    /// Hardly any file descriptors were left.
    Descriptors,
}

impl Check {
    /// The limits beyond which a number needs care, and beyond which it is invalid.
    fn limits(self) -> (f64, Option<f64>) {
        match self {
            // The second grows with the step: it is never less than a tenth of its median.
            Check::StartDelayP99 => (0.005, Some(0.050)),
            Check::StartDelayMax => (0.100, Some(1.0)),
            Check::Achieved => (0.995, Some(0.95)),
            Check::Dropped => (0.0, Some(0.01)),
            Check::Cpu => (0.70, Some(0.90)),
            Check::Throttled => (0.01, None),
            Check::Lag => (0.005, Some(0.100)),
            Check::Unfinished => (0.0, Some(0.05)),
            Check::Contaminated => (0.0, Some(0.5)),
            Check::Samples => (0.0, None),
            Check::WallClock => (1.0, None),
            Check::Stationarity => (0.10, None),
            Check::Ports => (0.70, None),
            Check::Descriptors => (0.80, None),
        }
    }

    /// Compares a number with the limits.
    fn result(self, measured: f64) -> CheckResult {
        self.result_at_least(measured, 0.0)
    }

    /// Compares a number with the limits, of which the second is never less than `least`.
    fn result_at_least(self, measured: f64, least: f64) -> CheckResult {
        let (care, invalid) = self.limits();
        let beyond = |limit: f64| if self == Check::Achieved { measured < limit } else { measured > limit };
        let (severity, limit) = match invalid.map(|invalid| invalid.max(least)).filter(|&limit| beyond(limit))
        {
            Some(invalid) => (Severity::Invalid, invalid),
            None if beyond(care) => (Severity::Care, care),
            None => (Severity::Trustworthy, care),
        };
        CheckResult { check: self, severity, measured, limit }
    }
}

impl Severity {
    /// Its name in documents.
    pub fn label(self) -> &'static str {
        self.into()
    }
}

impl QualityReport {
    pub(super) fn of(
        report: &Report,
        steps: &[StepSummary],
        arrivals: &[ArrivalSummary],
        thresholds: &[ThresholdResult],
    ) -> Self {
        let (recording, elapsed) = (&report.recording, report.elapsed.as_secs_f64());
        let mut checks: Vec<_> =
            arrivals.iter().flat_map(|arrivals| of_arrivals(report, steps, arrivals)).collect();
        checks.extend(of_generator(&recording.generator, elapsed));
        checks.extend(of_limited(&recording.generator, &recording.connections));
        let total = |count: fn(&StepSummary) -> u64| steps.iter().map(count).sum::<u64>();
        let unfinished = share(total(|step| step.unfinished), total(|step| step.attempted));
        checks.extend(unfinished.map(|share| Check::Unfinished.result(share)));
        // Without a header that has a cache status there is nothing to check.
        let mut firsts = cache_statuses(recording, Step::FIRST);
        // Control blobs had not been read before either.
        firsts.merge(&cache_statuses(recording, Step::Control));
        let contaminated =
            share(firsts.from_cache(), firsts.total()).filter(|_| !firsts.by_header.is_empty());
        checks.extend(contaminated.map(|share| Check::Contaminated.result(share)));
        let unsupported = |one: &&ThresholdResult| !one.implicit && one.shortfall().is_some();
        checks.push(Check::Samples.result(thresholds.iter().filter(unsupported).count() as f64));
        let stationarity = stationarity::of(report);
        let change = |found: &Stationarity| found.worst.as_ref().map_or(0.0, Drift::share);
        checks.extend(stationarity.as_ref().map(|found| Check::Stationarity.result(change(found))));
        let is_judged = steps.iter().any(|step| step.done > 0);
        Self { is_judged, checks, drift: stationarity.and_then(|found| found.worst) }
    }

    /// That of the worst check; `None` of a run in which nothing succeeded.
    pub fn severity(&self) -> Option<Severity> {
        let worst = self.checks.iter().map(|check| check.severity).max();
        self.is_judged.then(|| worst.unwrap_or(Severity::Trustworthy))
    }

    /// What limited the generator, when it was the one that was too slow.
    pub fn bottleneck(&self) -> Option<Bottleneck> {
        self.bottleneck_at(Severity::Care)
    }

    /// What limited the generator, by the checks that are at least this severe.
    pub(super) fn bottleneck_at(&self, severity: Severity) -> Option<Bottleneck> {
        let exceeded = |check| self.checks.iter().any(|one| one.check == check && one.severity >= severity);
        [
            (Check::Cpu, Bottleneck::Cpu),
            (Check::Throttled, Bottleneck::Cpu),
            (Check::Ports, Bottleneck::Ports),
            (Check::Descriptors, Bottleneck::Descriptors),
            (Check::Dropped, Bottleneck::InFlight),
            (Check::StartDelayP99, Bottleneck::Scheduling),
            (Check::StartDelayMax, Bottleneck::Scheduling),
            (Check::Achieved, Bottleneck::Scheduling),
            (Check::Lag, Bottleneck::Scheduling),
        ]
        .into_iter()
        .find_map(|(check, bottleneck)| exceeded(check).then_some(bottleneck))
    }
}

impl Serialize for QualityReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_struct("QualityReport", 4)?;
        document.serialize_field("severity", &self.severity())?;
        document.serialize_field("advice", &self.bottleneck().map(Bottleneck::advice))?;
        document.serialize_field("checks", &self.checks)?;
        document.serialize_field("drift", &self.drift)?;
        document.end()
    }
}

impl Bottleneck {
    /// What to do about it.
    pub const fn advice(self) -> &'static str {
        match self {
            Bottleneck::Cpu => {
                "the generator ran short of CPU: give it more cores, a machine of its own, or less to do"
            }
            Bottleneck::Scheduling => {
                "the machine did not run the generator in time: use a quieter one (other programs and CPU quotas do this)"
            }
            Bottleneck::InFlight => {
                "too many blobs were in flight: the server is slower than the rate, or --max-in-flight is too low"
            }
            Bottleneck::Ports => {
                "connections to one target took most of this machine's ports: let the server keep connections open, \
                 or widen net.ipv4.ip_local_port_range"
            }
            Bottleneck::Descriptors => {
                "connections took most of the file descriptors: raise the limit (ulimit -Hn), or have fewer in flight"
            }
        }
    }
}

fn of_arrivals(report: &Report, steps: &[StepSummary], arrivals: &ArrivalSummary) -> Vec<CheckResult> {
    let seconds = |times: &Distribution| times.median.value.as_secs_f64();
    let mut checks = Vec::new();
    if let Some(start_delay) = &arrivals.start_delay {
        let phase = report.plan.phases.iter().find(|phase| phase.name == arrivals.phase);
        let first = phase.and_then(|phase| phase.journey.steps.first());
        let step = steps.iter().find(|step| step.phase == arrivals.phase && first == Some(&step.step));
        let median = step.and_then(|step| step.spans.get(&Span::Service)).map_or(0.0, seconds);
        let p99 = start_delay.percentiles.get(&Percentile::P99).map(|p99| p99.value.as_secs_f64());
        checks.extend(p99.map(|p99| Check::StartDelayP99.result_at_least(p99, median / 10.0)));
        checks.push(Check::StartDelayMax.result(start_delay.max.value.as_secs_f64()));
    }
    let (due, took) = (arrivals.scheduled.as_secs_f64(), arrivals.took.as_secs_f64());
    let pace = if took > due + KEPT { due / took } else { 1.0 };
    let started = share(arrivals.offered - arrivals.dropped, arrivals.offered);
    checks.extend(started.map(|started| Check::Achieved.result(started * pace)));
    // Those that the generator did not get to are a part of the rate that it did not achieve.
    let dropped = share(arrivals.dropped.saturating_sub(arrivals.never_started), arrivals.offered);
    checks.extend(dropped.map(|dropped| Check::Dropped.result(dropped)));
    checks
}

fn of_generator(generator: &Generator, elapsed: f64) -> Vec<CheckResult> {
    let mut checks = Vec::new();
    let available = generator.available.as_secs_f64();
    if available > 0.0 && elapsed >= SHORTEST {
        checks.push(Check::Cpu.result(generator.cpu.as_secs_f64() / available));
    }
    let throttled = share(generator.throttling.throttled, generator.throttling.periods);
    checks.extend(throttled.map(|throttled| Check::Throttled.result(throttled)));
    if Percentile::P99.is_supported_by(generator.lag.count()) {
        let lag = generator.lag.quantile(Percentile::P99.quantile());
        checks.extend(lag.map(|lag| Check::Lag.result(lag.as_secs_f64())));
    }
    if available > 0.0 {
        checks.push(Check::WallClock.result(generator.wall_step.as_secs_f64()));
    }
    checks
}

/// Ports and file descriptors, of which the generator has a limited number.
fn of_limited(generator: &Generator, connections: &Connections) -> Vec<CheckResult> {
    let ports = match connections.port_refusals {
        0 => share(generator.ports.most, generator.ports.limit),
        _ => Some(1.0),
    };
    let descriptors = share(generator.descriptors.most, generator.descriptors.limit);
    let ports = ports.map(|ports| Check::Ports.result(ports));
    ports.into_iter().chain(descriptors.map(|share| Check::Descriptors.result(share))).collect()
}

#[cfg(test)]
mod tests;
