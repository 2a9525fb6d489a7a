//! Whether a run can have as many samples as its thresholds take, known before it starts.

use std::fmt;

use super::{
    Plan,
    forecast::{self, Forecast, Range},
    journey::Step,
    load::Load,
    percentile::UnsupportedPercentiles,
    threshold::{Limit, Metric, Operator, Statistic, Threshold, TimeSpan},
};

/// A threshold that takes more samples than the run can have.
#[derive(Debug, Clone, PartialEq)]
pub struct Shortfall {
    /// The threshold; of one for every step, the part about this one.
    pub threshold: Threshold,
    /// The most samples that the run can have.
    pub most: u64,
    /// How many the threshold takes.
    pub needs: u64,
    /// Whether the percentile of the sample itself is judged instead: the threshold may hold all the same.
    pub is_judged: bool,
}

/// The thresholds of `plan` that take more samples than the run can have. Of a shard, those of the undivided run: the
/// merged report has its sample.
pub fn shortfalls(plan: &Plan) -> Vec<Shortfall> {
    if plan.thresholds.iter().all(|threshold| needs(threshold).is_none()) {
        return Vec::new();
    }
    let forecasts = forecast::forecast(&Plan { shard: None, ..plan.clone() });
    let of_step = |threshold: &Threshold, step: Step| {
        let (most, needs) = (most(plan, &forecasts, threshold, step)?, needs(threshold)?);
        let is_judged = plan.unsupported_percentiles == UnsupportedPercentiles::Judge
            && matches!(threshold.metric, Metric::Time(..));
        let threshold = threshold.of_step(step);
        (most < needs).then_some(Shortfall { threshold, most, needs, is_judged })
    };
    let of = |threshold: &Threshold| {
        let steps = threshold.steps(&plan.phases).into_iter();
        steps.filter_map(|step| of_step(threshold, step)).collect::<Vec<_>>()
    };
    plan.thresholds.iter().flat_map(of).collect()
}

/// How many samples a threshold takes; `None` where any number is enough, or none at all.
fn needs(threshold: &Threshold) -> Option<u64> {
    match (threshold.metric, threshold.operator, threshold.limit) {
        (Metric::Time(_, Statistic::Percentile(percentile)), ..) => Some(percentile.needs()),
        (Metric::Count, Operator::AtLeast | Operator::Equal, Limit::Count(limit)) => Some(limit),
        (Metric::Count, Operator::Above, Limit::Count(limit)) => Some(limit.saturating_add(1)),
        _ => None,
    }
}

/// The most samples of a step in the phases that the threshold covers; `None` where nothing bounds them.
fn most(plan: &Plan, forecasts: &[Forecast], threshold: &Threshold, step: Step) -> Option<u64> {
    let phases = plan.phases.iter().zip(forecasts).filter(|(phase, _)| {
        !phase.warm_up && threshold.scope.covers(&phase.name, step) && phase.steps().contains(&step)
    });
    let samples = |(phase, forecast): (&super::Phase, &Forecast)| match threshold.metric {
        Metric::Time(TimeSpan::StartDelay, _) if matches!(phase.load, Load::Closed { .. }) => {
            Range::exactly(0)
        }
        Metric::Time(TimeSpan::StartDelay, _) => forecast.journeys,
        _ if step.is_of_control() => forecast.controls,
        _ => forecast.journeys,
    };
    phases.map(samples).sum::<Range<u64>>().most
}

impl Shortfall {
    /// What the run will do about it.
    pub fn notice(&self) -> String {
        let what = if self.is_judged { "the sample's own percentile is judged" } else { "it cannot hold" };
        format!("{self}: {what}")
    }
}

/// `upload.p95<20s: at most 20 samples, p95 takes 72`.
impl fmt::Display for Shortfall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { threshold, most, needs, .. } = self;
        let samples = if *most == 1 { "sample" } else { "samples" };
        let what = match threshold.metric {
            Metric::Time(_, Statistic::Percentile(percentile)) => percentile.label(),
            _ => "this limit",
        };
        write!(f, "{threshold}: at most {most} {samples}, {what} takes {needs}")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        fixtures,
        plan::{Phase, load::Stop, schedule::Arrivals, shard::Shard, stages::Stages},
    };

    fn found(plan: &Plan) -> Vec<String> {
        shortfalls(plan).iter().map(ToString::to_string).collect()
    }

    fn plan(blobs: u64, thresholds: &[&str]) -> Plan {
        let thresholds = thresholds.iter().map(|text| text.parse().unwrap()).collect();
        Plan { thresholds, ..fixtures::plan(blobs) }
    }

    #[test]
    fn a_percentile_that_the_run_is_too_small_for_is_found_in_each_step() {
        let thresholds = ["upload.p95<20s", "*.p50<1s", "cached.service.p90<1s", "first.max<1s"];
        assert_eq!(
            found(&plan(20, &thresholds)),
            [
                "upload.p95<20s: at most 20 samples, p95 takes 72",
                "cached.service.p90<1s: at most 20 samples, p90 takes 36"
            ]
        );
        assert_eq!(found(&plan(72, &thresholds)), Vec::<String>::new());
        assert_eq!(found(&plan(1, &["upload.p50>1s"])), ["upload.p50>1s: at most 1 sample, p50 takes 6"]);
    }

    #[test]
    fn a_count_that_the_run_cannot_reach_is_found() {
        for (threshold, needs) in [
            ("upload.count>=21", Some(21)),
            ("upload.count>20", Some(21)),
            ("upload.count==21", Some(21)),
            ("upload.count>=20", None),
            ("upload.count<1000", None),
            ("upload.failures>=21", None),
        ] {
            let found = shortfalls(&plan(20, &[threshold]));
            assert_eq!(found.first().map(|one| one.needs), needs, "{threshold}");
        }
        let judged =
            Plan { unsupported_percentiles: UnsupportedPercentiles::Judge, ..plan(20, &["*.count>20"]) };
        assert!(shortfalls(&judged).iter().all(|one| !one.is_judged));
    }

    #[test]
    fn equal_steps_of_several_phases_add_up_unless_one_is_named() {
        let mut plan = plan(40, &["upload.p95<1s", "peak:upload.p95<1s"]);
        let peak = Phase { name: "peak".to_owned(), ..plan.phases[0].clone() };
        plan.phases.push(peak);
        assert_eq!(found(&plan), ["peak:upload.p95<1s: at most 40 samples, p95 takes 72"]);
        // A warm-up has no sample.
        plan.phases[0].warm_up = true;
        assert_eq!(found(&plan).len(), 2);
    }

    #[test]
    fn a_rate_has_as_many_samples_as_arrivals_and_an_open_end_any_number() {
        let mut plan = plan(5, &["upload.p99<1s", "upload.start_delay.p90<1s"]);
        let phase = &mut plan.phases[0];
        phase.stop = Stop { blobs: None, duration: Some(Duration::from_secs(10)) };
        assert_eq!(found(&plan), ["upload.start_delay.p90<1s: at most 0 samples, p90 takes 36"]);
        let arrivals = Arrivals::Uniform;
        plan.phases[0].load = Load::Open { rate: Stages::constant(20.0), arrivals, max_in_flight: 10 };
        assert_eq!(found(&plan), ["upload.p99<1s: at most 200 samples, p99 takes 368"]);
    }

    #[test]
    fn a_shard_is_a_part_of_the_sample_of_the_whole_run() {
        let plan = Plan { shard: Some("0/4".parse::<Shard>().unwrap()), ..plan(80, &["upload.p95<1s"]) };
        assert_eq!(found(&plan), Vec::<String>::new());
    }
}
