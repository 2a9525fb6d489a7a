//! Whether a run's numbers can be trusted: what the generator went through, held against one table of limits.

use super::{
    Report,
    cache::cache_statuses,
    stationarity,
    stationarity::{Drift, Stationarity},
    stats::Percentile,
    summary::{ArrivalSummary, StepSummary},
    threshold::{Measured, ThresholdResult},
};
use crate::{
    metrics::{
        Connections,
        generator::{Generator, Used},
        step_metrics::Span,
    },
    plan::journey::Step,
};

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// How late 99 % of the arrivals were started at most, in seconds.
    StartDelayP99,
    /// How late the latest arrival was started, in seconds.
    StartDelayMax,
    /// The rate at which arrivals were started, as a share of the rate that was asked for.
    Achieved,
    /// Arrivals that were not started, as a share of those due.
    Dropped,
    /// The processor time that the process used, as a share of what it could have used.
    Cpu,
    /// Periods of the CPU quota in which it was used up, as a share of all.
    Throttled,
    /// How late 99 % of the event loops' beats came at most, in seconds.
    Lag,
    /// Attempts still running at the end, as a share of those tried.
    Unfinished,
    /// First downloads that came from a cache already, as a share of all, if their headers are true.
    Contaminated,
    /// Thresholds that the sample is too small for.
    Samples,
    /// By how much the wall clock moved against the monotonic one, in seconds.
    WallClock,
    /// By what share a step's rate or time changed from its first to its last third, where chance does not explain it.
    Stationarity,
    /// Ports that connections to one target can have taken at a time, as a share of those that there are.
    Ports,
    /// File descriptors that were open at a time, as a share of those that the process may have.
    Descriptors,
}

/// How far the numbers can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Without reservation.
    Trustworthy,
    /// With the reservation that a check names.
    Care,
    /// Not at all.
    Invalid,
}

impl Severity {
    /// Its name in documents.
    pub const fn label(self) -> &'static str {
        match self {
            Severity::Trustworthy => "trustworthy",
            Severity::Care => "use-with-care",
            Severity::Invalid => "invalid",
        }
    }
}

/// A check's limits: beyond the first its numbers need care, beyond the second they are invalid.
type Limits = (Check, f64, Option<f64>);

/// The limits. That of p99 start delay grows with the step: it is never less than a tenth of its median.
const LIMITS: [Limits; 14] = [
    (Check::StartDelayP99, 0.005, Some(0.050)),
    (Check::StartDelayMax, 0.100, Some(1.0)),
    (Check::Achieved, 0.995, Some(0.95)),
    (Check::Dropped, 0.0, Some(0.01)),
    (Check::Cpu, 0.70, Some(0.90)),
    (Check::Throttled, 0.01, None),
    (Check::Lag, 0.005, Some(0.100)),
    (Check::Unfinished, 0.0, Some(0.05)),
    (Check::Contaminated, 0.0, Some(0.5)),
    (Check::Samples, 0.0, None),
    (Check::WallClock, 1.0, None),
    (Check::Stationarity, 0.10, None),
    (Check::Ports, 0.70, None),
    (Check::Descriptors, 0.80, None),
];

/// Shorter runs are over before a share of the processor says anything, in seconds.
const SHORTEST: f64 = 1.0;

/// How long a port stays taken after its connection, in seconds: TIME_WAIT as Linux has it.
const LINGERING: f64 = 60.0;

/// A schedule that ended less than this late was kept, in seconds.
const KEPT: f64 = 0.1;

/// A check and what was measured of it.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckResult {
    /// What was looked at.
    pub check: Check,
    /// The number, in the check's unit.
    pub measured: f64,
    /// What it means.
    pub severity: Severity,
    /// The limit that it went beyond; of a trustworthy number, the first that it keeps.
    pub limit: f64,
}

/// The verdict on a run and what it rests on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QualityReport {
    /// What could be looked at in this run.
    pub checks: Vec<CheckResult>,
    /// What changed most in the course of the run, where chance does not explain it.
    pub drift: Option<Drift>,
}

/// What kept the generator from doing as it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bottleneck {
    /// It had too little processor.
    Cpu,
    /// It was not run when it was due.
    Scheduling,
    /// It had no place for another journey.
    InFlight,
    /// It had hardly any ports left for connections to a target.
    Ports,
    /// It had hardly any file descriptors left.
    Descriptors,
}

impl QualityReport {
    pub(super) fn of(
        report: &Report,
        steps: &[StepSummary],
        arrivals: &[ArrivalSummary],
        judged: &[ThresholdResult],
    ) -> Self {
        let mut checks: Vec<_> =
            arrivals.iter().flat_map(|arrivals| of_arrivals(report, steps, arrivals)).collect();
        let (generator, elapsed) = (&report.recording.generator, report.elapsed.as_secs_f64());
        checks.extend(of_generator(generator, elapsed));
        checks.extend(of_supplies(generator, &report.recording.connections, elapsed));
        let total = |count: fn(&StepSummary) -> u64| steps.iter().map(count).sum::<u64>();
        let unfinished = share(total(|step| step.unfinished), total(|step| step.attempted));
        checks.extend(unfinished.map(|share| check(Check::Unfinished, share, 0.0)));
        // Where no header says anything there is nothing to look at.
        let firsts = cache_statuses(&report.recording, Step::FIRST);
        let contaminated = share(firsts.from_cache(), firsts.total()).filter(|_| !firsts.told.is_empty());
        checks.extend(contaminated.map(|share| check(Check::Contaminated, share, 0.0)));
        let asked = judged.iter().filter(|threshold_result| !threshold_result.implicit);
        let unsupported = asked
            .filter(|threshold_result| matches!(threshold_result.measured, Measured::Unsupported { .. }))
            .count();
        checks.push(check(Check::Samples, unsupported as f64, 0.0));
        let stationarity = stationarity::of(report);
        let change = |found: &Stationarity| found.worst.as_ref().map_or(0.0, Drift::share);
        checks.extend(stationarity.as_ref().map(|found| check(Check::Stationarity, change(found), 0.0)));
        Self { checks, drift: stationarity.and_then(|found| found.worst) }
    }

    /// The verdict: that of the worst check.
    pub fn severity(&self) -> Severity {
        self.checks.iter().map(|check| check.severity).max().unwrap_or(Severity::Trustworthy)
    }

    /// What the generator lacked, when it was the one that was too slow.
    pub fn bottleneck(&self) -> Option<Bottleneck> {
        let exceeded = |subjects: &[Check]| {
            self.checks
                .iter()
                .any(|check| check.severity > Severity::Trustworthy && subjects.contains(&check.check))
        };
        let late = [Check::StartDelayP99, Check::StartDelayMax, Check::Achieved, Check::Lag];
        if exceeded(&[Check::Cpu, Check::Throttled]) {
            Some(Bottleneck::Cpu)
        } else if exceeded(&[Check::Ports]) {
            Some(Bottleneck::Ports)
        } else if exceeded(&[Check::Descriptors]) {
            Some(Bottleneck::Descriptors)
        } else if exceeded(&[Check::Dropped]) {
            Some(Bottleneck::InFlight)
        } else {
            exceeded(&late).then_some(Bottleneck::Scheduling)
        }
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
                "too many blobs were under way: the server is slower than the rate, or --max-in-flight is too low"
            }
            Bottleneck::Ports => {
                "connections to one target took most of this machine's ports: let the server keep connections open, \
                 or widen net.ipv4.ip_local_port_range"
            }
            Bottleneck::Descriptors => {
                "connections took most of the file descriptors: raise the limit (ulimit -Hn), or have fewer under way"
            }
        }
    }
}

fn of_arrivals(report: &Report, steps: &[StepSummary], arrivals: &ArrivalSummary) -> Vec<CheckResult> {
    let mut checks = Vec::new();
    if let Some(start_delay) = &arrivals.start_delay {
        let phase = report.plan.phases.iter().find(|phase| phase.name == arrivals.phase);
        let first = phase.and_then(|phase| phase.journey.steps.first());
        let step = steps.iter().find(|step| step.phase == arrivals.phase && first == Some(&step.step));
        let median = step.and_then(|step| Some(step.spans.get(&Span::Service)?.median.value.as_secs_f64()));
        let p99 = start_delay.percentiles.get(&Percentile::P99).map(|p99| p99.value.as_secs_f64());
        checks.extend(p99.map(|p99| check(Check::StartDelayP99, p99, median.unwrap_or(0.0) / 10.0)));
        checks.push(check(Check::StartDelayMax, start_delay.max.value.as_secs_f64(), 0.0));
    }
    let (due, took) = (arrivals.scheduled.as_secs_f64(), arrivals.took.as_secs_f64());
    let pace = if took > due + KEPT { due / took } else { 1.0 };
    let started = share(arrivals.offered - arrivals.dropped, arrivals.offered);
    checks.extend(started.map(|started| check(Check::Achieved, started * pace, 0.0)));
    let dropped = share(arrivals.dropped, arrivals.offered);
    checks.extend(dropped.map(|dropped| check(Check::Dropped, dropped, 0.0)));
    checks
}

fn of_generator(generator: &Generator, elapsed: f64) -> Vec<CheckResult> {
    let mut checks = Vec::new();
    let available = generator.available.as_secs_f64();
    if available > 0.0 && elapsed >= SHORTEST {
        checks.push(check(Check::Cpu, generator.cpu.as_secs_f64() / available, 0.0));
    }
    let throttled = share(generator.throttling.throttled, generator.throttling.periods);
    checks.extend(throttled.map(|throttled| check(Check::Throttled, throttled, 0.0)));
    if Percentile::P99.is_supported_by(generator.lag.count()) {
        let lag = generator.lag.quantile(Percentile::P99.quantile());
        checks.extend(lag.map(|lag| check(Check::Lag, lag.as_secs_f64(), 0.0)));
    }
    if available > 0.0 {
        checks.push(check(Check::WallClock, generator.wall_step.as_secs_f64(), 0.0));
    }
    checks
}

/// What the generator has only so much of.
fn of_supplies(generator: &Generator, connections: &Connections, elapsed: f64) -> Vec<CheckResult> {
    // Connections that were opened longer ago, on average, no longer hold their port.
    let lingering = (LINGERING / elapsed).min(1.0);
    let ports = match connections.ports {
        // A document of an earlier version.
        Used { limit: 0, .. } => Used { most: connections.most_to_one(), limit: generator.ports },
        ports => ports,
    };
    let ports = share(ports.most, ports.limit).map(|share| share * lingering);
    let descriptors = share(generator.descriptors.most, generator.descriptors.limit);
    let ports = ports.map(|share| check(Check::Ports, share, 0.0));
    ports.into_iter().chain(descriptors.map(|share| check(Check::Descriptors, share, 0.0))).collect()
}

/// Absent of nothing.
fn share(part: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

/// Holds a number against its limits, of which the second is never less than `least`.
fn check(check: Check, measured: f64, least: f64) -> CheckResult {
    let (_, care, invalid) =
        LIMITS.into_iter().find(|(one, ..)| *one == check).expect("every check has its limits");
    let invalid = invalid.map(|invalid| invalid.max(least));
    let beyond = |limit: f64| if check == Check::Achieved { measured < limit } else { measured > limit };
    let (severity, limit) = match invalid.filter(|&invalid| beyond(invalid)) {
        Some(invalid) => (Severity::Invalid, invalid),
        None if beyond(care) => (Severity::Care, care),
        None => (Severity::Trustworthy, care),
    };
    CheckResult { check, measured, severity, limit }
}

#[cfg(test)]
mod tests;
