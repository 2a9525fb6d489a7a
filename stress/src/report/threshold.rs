//! Evaluates thresholds against what was measured: what the sample does not support does not hold.

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use serde::{Serialize, Serializer, ser::SerializeMap};
use strum::IntoEnumIterator;

use super::{
    Report,
    distribution::{Bounded, Distribution},
    stats::{self, Percentile},
};
use crate::{
    metrics::{
        generator::ArrivalMetrics,
        histogram::Latencies,
        step_metrics::{FailureTally, Span, StepMetrics},
    },
    plan::{
        Phase,
        journey::Step,
        percentile::UnsupportedPercentiles,
        threshold::{Limit, Metric, Operator, Statistic, Threshold, TimeSpan},
    },
    sample::{FailureClass, Novelty},
};

/// A threshold and its result for one step.
#[derive(Debug, Clone, PartialEq)]
pub struct ThresholdResult {
    /// The threshold; of one for every step, the part about this one.
    pub threshold: Threshold,
    /// Whether it is not the user's: a step without a threshold on failures or unfinished attempts must have none.
    pub implicit: bool,
    /// What was measured.
    pub measured: Measured,
}

/// The measured number that a threshold limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Measured {
    /// A duration, or its lower bound.
    Time(Bounded),
    /// A count, of all that were tried or that were due.
    Count {
        /// The count.
        count: u64,
        /// Of how many.
        of: u64,
    },
    /// Successes per second.
    PerSecond(f64),
    /// Bytes of successes per second.
    BytesPerSecond(f64),
    /// The percentile of a sample that is too small to support it, which the run was asked to judge all the same.
    Judged {
        /// The percentile by nearest rank.
        time: Bounded,
        /// How large the sample is.
        has: u64,
        /// How large it would have to be.
        needs: u64,
    },
    /// Nothing: the sample does not support it.
    Unsupported {
        /// How large the sample is.
        has: u64,
        /// How large it would have to be.
        needs: u64,
    },
}

impl ThresholdResult {
    /// Whether it is broken; what the sample does not support is not.
    pub fn is_broken(&self) -> bool {
        !self.holds() && !matches!(self.measured, Measured::Unsupported { .. })
    }

    /// How large the sample is and how large it would have to be, where it is too small for the threshold.
    pub fn shortfall(&self) -> Option<(u64, u64)> {
        match self.measured {
            Measured::Judged { has, needs, .. } | Measured::Unsupported { has, needs } => Some((has, needs)),
            _ => None,
        }
    }

    /// Whether the threshold holds. What the sample does not support does not hold, unless it was to be judged all the same.
    pub fn holds(&self) -> bool {
        let Threshold { operator, limit, .. } = &self.threshold;
        match (self.measured, *limit) {
            (Measured::Time(time) | Measured::Judged { time, .. }, Limit::Time(limit)) => {
                // A censored time is not known to be short.
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

/// The measured number's key has its unit.
impl Serialize for ThresholdResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("threshold", &self.threshold)?;
        map.serialize_entry("implicit", &self.implicit)?;
        map.serialize_entry("holds", &self.holds())?;
        match self.measured {
            Measured::Time(time) | Measured::Judged { time, .. } => {
                map.serialize_entry("measured_seconds", &time.value.as_secs_f64())?;
                map.serialize_entry("lower_bound", &time.lower_bound)?;
            }
            Measured::Count { count, of } => {
                map.serialize_entry("measured", &count)?;
                map.serialize_entry("of", &of)?;
            }
            Measured::PerSecond(rate) => map.serialize_entry("measured_per_second", &rate)?,
            Measured::BytesPerSecond(rate) => map.serialize_entry("measured_bytes_per_second", &rate)?,
            Measured::Unsupported { .. } => {}
        }
        if let Some((has, needs)) = self.shortfall() {
            map.serialize_entry("samples", &has)?;
            map.serialize_entry("samples_needed", &needs)?;
        }
        map.end()
    }
}

/// The share in percent, 0 of nothing. Multiplied before it is divided: 29 of 100 are 29 and not a little less.
pub fn percent(count: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { count as f64 * 100.0 / of as f64 }
}

/// The results of every threshold of the plan, and then of those that every run has.
pub(super) fn evaluate(report: &Report) -> Vec<ThresholdResult> {
    evaluate_without(report, &[])
}

/// Whether a threshold on failures is broken even by those alone that a server has answered.
pub(super) fn is_broken_by_answers(report: &Report) -> bool {
    let others: Vec<_> = FailureClass::iter().filter(|class| !class.is_answer()).collect();
    evaluate_without(report, &others).iter().any(|result| {
        matches!(result.threshold.metric, Metric::Failures(_) | Metric::AttemptFailures(_))
            && result.is_broken()
    })
}

/// The results where failures of these classes do not count.
fn evaluate_without(report: &Report, excluded: &[FailureClass]) -> Vec<ThresholdResult> {
    let thresholds = &report.plan.thresholds;
    let asked = thresholds.iter().flat_map(|threshold| {
        threshold.steps(&report.plan.phases).into_iter().map(|step| {
            let covers = |phase: &str, one| one == step && threshold.scope.covers(phase, one);
            let covered = Covered { excluded: excluded.to_vec(), ..Covered::of(report, covers) };
            let measured = covered.measure(threshold.metric);
            ThresholdResult { threshold: threshold.of_step(step), measured, implicit: false }
        })
    });
    let phases: Vec<_> = report.plan.phases.iter().filter(|phase| !phase.warm_up).collect();
    let several = report.plan.repeats_steps();
    let implied = phases.into_iter().flat_map(|phase| {
        phase.steps().into_iter().flat_map(move |step| implicit(report, phase, step, several, excluded))
    });
    asked.chain(implied).collect()
}

/// That nothing fails and nothing is unfinished, unless a threshold limits it.
fn implicit(
    report: &Report,
    phase: &Phase,
    step: Step,
    several: bool,
    excluded: &[FailureClass],
) -> Vec<ThresholdResult> {
    let covering: Vec<_> =
        report.plan.thresholds.iter().filter(|one| one.scope.covers(&phase.name, step)).collect();
    let classes = covering
        .iter()
        .filter_map(|one| if let Metric::Failures(class) = one.metric { class } else { None })
        .chain(excluded.iter().copied())
        .collect();
    // A class with a threshold of its own is left to that.
    let covered =
        Covered { excluded: classes, ..Covered::of(report, |name, one| name == phase.name && one == step) };
    if step == Step::Again && covered.sum(StepMetrics::attempted) == 0 {
        // Every blob was found the first time.
        return Vec::new();
    }
    [Metric::Failures(None), Metric::Unfinished]
        .into_iter()
        .filter(|metric| covering.iter().all(|one| one.metric != *metric))
        .map(|metric| ThresholdResult {
            threshold: Threshold::none(several.then(|| phase.name.clone()), step, metric),
            implicit: true,
            measured: covered.measure(metric),
        })
        .collect()
}

/// The recording of the steps and phases that a threshold covers.
#[derive(Debug, Default)]
struct Covered<'a> {
    /// Of blobs that were new to the run: times are theirs alone.
    fresh: Vec<Cow<'a, StepMetrics>>,
    /// Of repeats as well.
    all: Vec<Cow<'a, StepMetrics>>,
    /// Failures of these classes do not count.
    excluded: Vec<FailureClass>,
    arrivals: ArrivalMetrics,
    unsupported: UnsupportedPercentiles,
}

impl<'a> Covered<'a> {
    fn of(report: &'a Report, covers: impl Fn(&str, Step) -> bool) -> Self {
        let mut covered = Covered { unsupported: report.plan.unsupported_percentiles, ..Covered::default() };
        let name = |phase: usize| report.plan.phases.get(phase).map(|phase| phase.name.as_str());
        for (key, step) in &report.recording.steps {
            if name(key.phase).is_some_and(|phase| covers(phase, key.step)) {
                covered.fresh.extend((key.novelty == Novelty::Fresh).then(|| step.total()));
                covered.all.push(step.total());
            }
        }
        let phases = report.plan.phases.iter().enumerate();
        for (position, _) in phases.filter(|(_, p)| p.steps().into_iter().any(|step| covers(&p.name, step))) {
            if let Some(arrivals) = report.recording.arrivals.get(&position) {
                covered.arrivals.merge(arrivals);
            }
        }
        covered
    }

    fn measure(&self, metric: Metric) -> Measured {
        let attempted = self.sum(StepMetrics::attempted);
        match metric {
            Metric::Time(part, statistic) => self.time(part, statistic),
            Metric::Failures(class) => self.count_of(self.failures(class), attempted),
            Metric::AttemptFailures(class) => {
                let retried = |metrics: &StepMetrics| count(&metrics.retried, |one| self.counts(one, class));
                self.count_of(
                    self.failures(class) + self.sum(retried),
                    attempted + self.sum(StepMetrics::retried),
                )
            }
            Metric::Unfinished => self.count_of(self.sum(|metrics| metrics.unfinished), attempted),
            Metric::Dropped => self.count_of(self.arrivals.dropped, self.arrivals.offered()),
            Metric::Count => Measured::Count { count: self.sum(|metrics| metrics.done), of: attempted },
            Metric::Rate => self.per_second(|metrics| metrics.done).map_or(NOTHING, Measured::PerSecond),
            Metric::Throughput => {
                self.per_second(|metrics| metrics.bytes_done).map_or(NOTHING, Measured::BytesPerSecond)
            }
        }
    }

    fn sum(&self, what: impl Fn(&StepMetrics) -> u64) -> u64 {
        self.all.iter().map(|metrics| what(metrics)).sum()
    }

    /// Steps that failed for good, of this class or of any.
    fn failures(&self, class: Option<FailureClass>) -> u64 {
        self.sum(|metrics| count(&metrics.failures, |one| self.counts(one, class)))
    }

    /// Whether failures of class `one` count as those of `class`, or of any.
    fn counts(&self, one: FailureClass, class: Option<FailureClass>) -> bool {
        class.is_none_or(|class| class == one) && !self.excluded.contains(&one)
    }

    fn time(&self, part: TimeSpan, statistic: Statistic) -> Measured {
        let span = |span: Span| {
            let mut latencies = Latencies::default();
            self.fresh.iter().filter_map(|metrics| metrics.span(span)).for_each(|one| latencies.merge(one));
            let bounds = self.fresh.iter().filter_map(|metrics| metrics.least_lower_bound);
            (latencies, if span == Span::Response { bounds.min() } else { None })
        };
        let (latencies, bound) = match part {
            TimeSpan::Response => span(Span::Response),
            TimeSpan::Service => span(Span::Service),
            TimeSpan::StartDelay => (self.arrivals.start_delay.clone(), None),
            TimeSpan::FirstByte => span(Span::FirstByte),
            TimeSpan::Send => span(Span::Send),
            TimeSpan::Wait => span(Span::Wait),
            TimeSpan::Receive => span(Span::Receive),
        };
        let number = |of: fn(&Distribution) -> Bounded| {
            Distribution::of(&latencies, bound).map_or(NOTHING, |times| Measured::Time(of(&times)))
        };
        match statistic {
            Statistic::Min => number(|times| times.min),
            Statistic::Mean => number(|times| times.mean),
            Statistic::Max => number(|times| times.max),
            Statistic::Percentile(percentile) => self.percentile(&latencies, bound, percentile),
        }
    }

    fn percentile(&self, latencies: &Latencies, bound: Option<Duration>, percentile: Percentile) -> Measured {
        let (has, needs) = (latencies.count(), percentile.needs());
        match Distribution::percentile(latencies, bound, percentile) {
            Some(time) if percentile.is_supported_by(has) => Measured::Time(time),
            Some(time) if self.unsupported == UnsupportedPercentiles::Judge => {
                Measured::Judged { time, has, needs }
            }
            _ => Measured::Unsupported { has, needs },
        }
    }

    fn count_of(&self, count: u64, of: u64) -> Measured {
        if of == 0 { NOTHING } else { Measured::Count { count, of } }
    }

    /// Per second from the first start to the last finish; `None` when nothing took any time.
    fn per_second(&self, amount: impl Fn(&StepMetrics) -> u64) -> Option<f64> {
        let windows = || self.all.iter().filter_map(|metrics| metrics.window);
        let (start, end) = (windows().map(|(start, _)| start).min()?, windows().map(|(_, end)| end).max()?);
        stats::per_second(self.sum(amount), end.saturating_sub(start))
    }
}

/// What an empty sample supports.
const NOTHING: Measured = Measured::Unsupported { has: 0, needs: 1 };

/// The failures of the classes that count.
fn count(failures: &BTreeMap<FailureClass, FailureTally>, counts: impl Fn(FailureClass) -> bool) -> u64 {
    failures.iter().filter(|(class, _)| counts(**class)).map(|(_, tally)| tally.count).sum()
}

#[cfg(test)]
mod tests;
