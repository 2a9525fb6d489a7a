//! Thresholds held against what was measured: pure judgement, and no benefit of the doubt.

use std::{collections::BTreeMap, time::Duration};

use super::{
    Report,
    stats::Percentile,
    summary::{Bounded, Distribution},
};
use crate::{
    metrics::{
        arrivals::ArrivalMetrics,
        histogram::Latencies,
        step_metrics::{FailureTally, Span, StepMetrics},
    },
    plan::{
        Phase,
        journey::Step,
        threshold::{Limit, Metric, Operator, Scope, Statistic, Threshold, TimeSpan},
    },
    sample::{FailureClass, Novelty},
};

/// A threshold and what became of it in one step.
#[derive(Debug, Clone, PartialEq)]
pub struct ThresholdResult {
    /// The threshold; of one for each step, the part that speaks of this one.
    pub threshold: Threshold,
    /// Whether nobody asked for it: a step without a threshold on failures or unfinished work must have none.
    pub implicit: bool,
    /// What was measured.
    pub measured: Measured,
}

/// The number that a threshold speaks of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Measured {
    /// A duration, or the least that it can be.
    Time(Bounded),
    /// So many of all that were tried, or that were due.
    Count {
        /// How many.
        count: u64,
        /// Of how many.
        of: u64,
    },
    /// So many per second.
    PerSecond(f64),
    /// So many bytes per second.
    BytesPerSecond(f64),
    /// Nothing: the sample does not support it.
    Unsupported {
        /// How large the sample is.
        has: u64,
        /// How large it would have to be.
        needs: u64,
    },
}

impl ThresholdResult {
    /// Whether the threshold holds. What the sample does not support does not hold.
    pub fn holds(&self) -> bool {
        let Threshold { operator, limit, .. } = &self.threshold;
        match (self.measured, *limit) {
            (Measured::Time(time), Limit::Time(limit)) => {
                // A time of which only the least is known is not known to be short.
                let may_be_longer =
                    time.lower_bound && !matches!(operator, Operator::Above | Operator::AtLeast);
                !may_be_longer && operator.holds(time.value, limit)
            }
            (Measured::Count { count, .. }, Limit::Count(limit)) => operator.holds(count, limit),
            (Measured::Count { count, of }, Limit::Percent(limit)) => {
                operator.holds(percent(count, of), limit)
            }
            (Measured::PerSecond(rate), Limit::PerSecond(limit)) => operator.holds(rate, limit),
            (Measured::BytesPerSecond(rate), Limit::BytesPerSecond(limit)) => {
                operator.holds(rate, limit as f64)
            }
            _ => false,
        }
    }
}

/// The share in percent; of nothing, none.
pub fn percent(count: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { count as f64 * 100.0 / of as f64 }
}

/// Holds every threshold of the plan, and then those that every run has, against what was measured.
pub(super) fn judge(report: &Report) -> Vec<ThresholdResult> {
    let thresholds = &report.plan.thresholds;
    let asked = thresholds.iter().flat_map(|threshold| {
        steps(report, threshold).into_iter().map(|step| {
            let facts = Facts::gather(report, |phase, one| one == step && threshold.scope.covers(phase, one));
            let threshold = Threshold {
                scope: Scope { step: Some(step), ..threshold.scope.clone() },
                ..threshold.clone()
            };
            ThresholdResult { measured: facts.measure(threshold.metric), threshold, implicit: false }
        })
    });
    let phases: Vec<_> = report.plan.phases.iter().filter(|phase| !phase.warm_up).collect();
    let several = report.plan.repeats_steps();
    let implied = phases.into_iter().flat_map(|phase| {
        phase.steps().into_iter().flat_map(move |step| implicit(report, phase, step, several))
    });
    asked.chain(implied).collect()
}

/// The planned steps that an objective speaks of, in their order.
fn steps(report: &Report, threshold: &Threshold) -> Vec<Step> {
    let measured = report.plan.phases.iter().filter(|phase| !phase.warm_up);
    let mut steps: Vec<_> = measured
        .flat_map(|phase| phase.steps().into_iter().filter(|&step| threshold.scope.covers(&phase.name, step)))
        .collect();
    steps.sort_unstable();
    steps.dedup();
    steps
}

/// That nothing fails and nothing is unfinished, unless a threshold says how much may.
fn implicit(report: &Report, phase: &Phase, step: Step, several: bool) -> Vec<ThresholdResult> {
    let covering: Vec<_> =
        report.plan.thresholds.iter().filter(|one| one.scope.covers(&phase.name, step)).collect();
    let classes: Vec<_> = covering
        .iter()
        .filter_map(|one| if let Metric::Failures(class) = one.metric { class } else { None })
        .collect();
    let mut facts = Facts::gather(report, |name, one| name == phase.name && one == step);
    // A class with a threshold of its own is left to that.
    facts.left_out = classes;
    [Metric::Failures(None), Metric::Unfinished]
        .into_iter()
        .filter(|metric| covering.iter().all(|one| one.metric != *metric))
        .map(|metric| ThresholdResult {
            threshold: Threshold::none(several.then(|| phase.name.clone()), step, metric),
            implicit: true,
            measured: facts.measure(metric),
        })
        .collect()
}

/// What was recorded of the steps and phases that an objective speaks of.
#[derive(Debug, Default)]
struct Facts<'a> {
    /// Of blobs that were new to the run: times are theirs alone.
    fresh: Vec<&'a StepMetrics>,
    /// Of repeats as well.
    all: Vec<&'a StepMetrics>,
    /// Classes of failures that are no failures here.
    left_out: Vec<FailureClass>,
    arrivals: ArrivalMetrics,
}

impl<'a> Facts<'a> {
    fn gather(report: &'a Report, covers: impl Fn(&str, Step) -> bool) -> Self {
        let mut facts = Facts::default();
        let name = |phase: usize| report.plan.phases.get(phase).map(|phase| phase.name.as_str());
        for (key, metrics) in &report.recording.step_metrics {
            if name(key.phase).is_some_and(|phase| covers(phase, key.step)) {
                facts.fresh.extend((key.novelty == Novelty::Fresh).then_some(metrics));
                facts.all.push(metrics);
            }
        }
        let phases = report.plan.phases.iter().enumerate();
        for (position, _) in phases.filter(|(_, p)| p.steps().into_iter().any(|step| covers(&p.name, step))) {
            if let Some(arrivals) = report.recording.arrivals.get(&position) {
                facts.arrivals.merge(arrivals);
            }
        }
        facts
    }

    fn measure(&self, metric: Metric) -> Measured {
        let attempted = self.sum(StepMetrics::attempted);
        match metric {
            Metric::Time(part, statistic) => self.time(part, statistic),
            Metric::Failures(class) => self.share(self.failures(class), attempted),
            Metric::AttemptFailures(class) => {
                let failed =
                    self.failures(class) + self.sum(|metrics| count(&metrics.retried, |one| of(class, one)));
                self.share(failed, attempted + self.sum(StepMetrics::retried))
            }
            Metric::Unfinished => self.share(self.sum(|metrics| metrics.unfinished), attempted),
            Metric::Dropped => self.share(self.arrivals.dropped, self.arrivals.offered()),
            Metric::Count => Measured::Count { count: self.sum(|metrics| metrics.done), of: attempted },
            Metric::Rate => {
                self.per_second(self.sum(|metrics| metrics.done)).map_or_else(nothing, Measured::PerSecond)
            }
            Metric::Throughput => self
                .per_second(self.sum(|metrics| metrics.bytes_done))
                .map_or_else(nothing, Measured::BytesPerSecond),
        }
    }

    fn sum(&self, what: impl Fn(&StepMetrics) -> u64) -> u64 {
        self.all.iter().copied().map(what).sum()
    }

    /// How often something failed for good, like this or in any way.
    fn failures(&self, class: Option<FailureClass>) -> u64 {
        let counts = |one| of(class, one) && !self.left_out.contains(&one);
        self.sum(|metrics| count(&metrics.failures, counts))
    }

    fn time(&self, part: TimeSpan, statistic: Statistic) -> Measured {
        let span = |span: Span| {
            let mut latencies = Latencies::default();
            self.fresh.iter().filter_map(|metrics| metrics.span(span)).for_each(|one| latencies.merge(one));
            let bounds = self.fresh.iter().filter_map(|metrics| metrics.least_lower_bound);
            let bound = if span == Span::Response { bounds.min() } else { None };
            Distribution::of(&latencies, bound)
        };
        let distribution = match part {
            TimeSpan::Response => span(Span::Response),
            TimeSpan::Service => span(Span::Service),
            TimeSpan::StartDelay => Distribution::of(&self.arrivals.start_delay, None),
            TimeSpan::FirstByte => span(Span::FirstByte),
            TimeSpan::Send => span(Span::Send),
            TimeSpan::Wait => span(Span::Wait),
            TimeSpan::Receive => span(Span::Receive),
        };
        let has = distribution.as_ref().map_or(0, |distribution| distribution.count);
        let needs =
            if let Statistic::Percentile(percentile) = statistic { Percentile::needs(percentile) } else { 1 };
        distribution
            .and_then(|distribution| number(&distribution, statistic))
            .map_or(Measured::Unsupported { has, needs }, Measured::Time)
    }

    fn share(&self, count: u64, of: u64) -> Measured {
        if of == 0 { nothing() } else { Measured::Count { count, of } }
    }

    /// Per second from the first start to the last finish; absent when nothing took any time.
    fn per_second(&self, amount: u64) -> Option<f64> {
        let windows = || self.all.iter().filter_map(|metrics| metrics.window);
        let (start, end) = (windows().map(|(start, _)| start).min()?, windows().map(|(_, end)| end).max()?);
        let took = end.saturating_sub(start);
        (took > Duration::ZERO).then(|| amount as f64 / took.as_secs_f64())
    }
}

/// How often something failed in ways that count.
fn count(failures: &BTreeMap<FailureClass, FailureTally>, counts: impl Fn(FailureClass) -> bool) -> u64 {
    failures.iter().filter(|(class, _)| counts(**class)).map(|(_, tally)| tally.count).sum()
}

/// Whether one class is the one that is meant, or any.
fn of(meant: Option<FailureClass>, class: FailureClass) -> bool {
    meant.is_none_or(|meant| meant == class)
}

/// What no sample is.
fn nothing() -> Measured {
    Measured::Unsupported { has: 0, needs: 1 }
}

fn number(distribution: &Distribution, statistic: Statistic) -> Option<Bounded> {
    match statistic {
        Statistic::Min => Some(distribution.min),
        Statistic::Mean => Some(distribution.mean),
        Statistic::Max => Some(distribution.max),
        Statistic::Percentile(percentile) => distribution.percentiles.get(&percentile).copied(),
    }
}

#[cfg(test)]
mod tests;
