//! Raises the soft limit of file descriptors as far as a plan needs, and refuses a plan that needs more than the hard limit.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::resolve::DEFAULT_MAX_IN_FLIGHT;
use crate::plan::{ConfigError, Phase, Plan, journey::Step, load::Load, source::BlobSource};

/// Descriptors that are no connections: standard streams, timers, runtimes, files.
const OTHERS: u64 = 64;

/// A limit on the blobs under way at a rate that is lower than the default, since the process may have too few descriptors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReducedLimit {
    pub(super) max_in_flight: u32,
    /// The limit of file descriptors.
    descriptors: u64,
}

impl ReducedLimit {
    /// What it means for the run.
    pub(super) fn notice(self) -> String {
        let Self { max_in_flight, descriptors } = self;
        format!(
            "this process may have {descriptors} file descriptors (ulimit -Hn), enough for {max_in_flight} blobs at a time, \
             not for the default --max-in-flight of {DEFAULT_MAX_IN_FLIGHT}: further starts are dropped and counted"
        )
    }
}

/// Raises the soft limit when the plan needs that. A default limit of blobs under way at a rate is reduced to what fits,
/// unless it was asked for (`fixed`): so the plan is the same on every machine, and its report counts what was dropped.
///
/// # Errors
/// Names the flag when the hard limit is too low.
pub(super) fn provide(plan: &Plan, fixed: bool) -> Result<Option<ReducedLimit>, ConfigError> {
    let limits = getrlimit(Resource::Nofile);
    let current = |limits: &Rlimit| limits.current.unwrap_or(u64::MAX);
    if fit(plan, fixed, current(&limits)) == Ok(None) {
        return Ok(None);
    }
    // Up to the hard limit, which some systems refuse.
    let needed = needed(plan, |_| true).min(limits.maximum.unwrap_or(u64::MAX));
    let raise = |current| setrlimit(Resource::Nofile, Rlimit { current, ..limits }).is_ok();
    let _ = raise(limits.maximum) || raise(Some(needed));
    let limit = current(&getrlimit(Resource::Nofile));
    fit(plan, fixed, limit).map_err(|needed| {
        let open = plan.phases.iter().any(|phase| matches!(phase.load, Load::Open { .. }));
        let flag = if open { "--max-in-flight" } else { "--concurrency" };
        let reason = format!(
            "needs {needed} file descriptors, but this process may have {limit} (ulimit -Hn): \
             choose a smaller number, or raise that limit"
        );
        ConfigError::new(flag, reason)
    })
}

/// Whether the plan fits into a limit of descriptors, and with which reduced limit; the error is how many it needs.
fn fit(plan: &Plan, fixed: bool, limit: u64) -> Result<Option<ReducedLimit>, u64> {
    let all = needed(plan, |_| true);
    if all <= limit {
        return Ok(None);
    }
    let is_fixed = |phase: &Phase| {
        fixed || !matches!(phase.load, Load::Open { max_in_flight: DEFAULT_MAX_IN_FLIGHT, .. })
    };
    let max_in_flight = limit.saturating_sub(OTHERS) / targets(plan).max(1);
    if max_in_flight == 0 || needed(plan, is_fixed) > limit {
        return Err(all);
    }
    let max_in_flight = u32::try_from(max_in_flight).unwrap_or(u32::MAX);
    Ok(Some(ReducedLimit { max_in_flight, descriptors: limit }))
}

fn targets(plan: &Plan) -> u64 {
    (plan.publishers.len() + plan.aggregators.len()) as u64
}

/// A connection to each target for each journey of these phases that can be under way in this part of the run.
fn needed(plan: &Plan, counts: impl Fn(&Phase) -> bool) -> u64 {
    let phases = plan.phases.iter().enumerate().filter(|(_, phase)| counts(phase));
    let journeys = phases.map(|(position, phase)| {
        let most = u64::from(plan.shard().portion(phase.load.most_in_flight())).min(reachable(plan, phase));
        let source =
            if matches!(phase.source, BlobSource::Phase { .. }) { position } else { plan.origin(position) };
        plan.phases[source].stop.blobs.map_or(most, |blobs| blobs.min(most))
    });
    journeys.max().unwrap_or(0).saturating_mul(targets(plan)).saturating_add(OTHERS)
}

/// How many journeys can be under way at the highest rate of a phase: those that arrive in all, or within the longest time that a
/// journey can take.
fn reachable(plan: &Plan, phase: &Phase) -> u64 {
    let Load::Open { rate, .. } = &phase.load else { return u64::MAX };
    let limits = &plan.limits;
    let longest = |step: &Step| if step.stores() { limits.upload_timeout } else { limits.download_timeout };
    let steps = phase.journey.steps.iter().map(longest).fold(Duration::ZERO, Duration::saturating_add);
    // Retries have waits of their own; then only the number of arrivals bounds.
    let longest = if plan.retries.most == 0 && phase.order_control == 0.0 { steps } else { Duration::MAX };
    let arriving = phase.stop.duration.or(phase.load.length()).unwrap_or(Duration::MAX);
    let peak = rate.0.iter().flat_map(|stage| [stage.from, stage.to]).fold(0.0, f64::max);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let most = (peak * arriving.min(longest).as_secs_f64()).ceil() as u64;
    most.saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fixtures,
        plan::{load::Stop, schedule::Arrivals, shard::Shard, stages::Stages},
    };

    fn plan(loads: &[Load]) -> Plan {
        let mut plan = fixtures::plan(1);
        let phase = plan.phases.remove(0);
        let endless = Stop { blobs: None, duration: None };
        plan.phases =
            loads.iter().map(|load| Phase { load: load.clone(), stop: endless, ..phase.clone() }).collect();
        plan
    }

    fn rate(max_in_flight: u32) -> Load {
        Load::Open { rate: Stages::constant(1e6), arrivals: Arrivals::Uniform, max_in_flight }
    }

    #[test]
    fn a_default_limit_is_reduced_to_what_fits() {
        let fewer = |max_in_flight, descriptors| Ok(Some(ReducedLimit { max_in_flight, descriptors }));
        let (default, closed) = (rate(DEFAULT_MAX_IN_FLIGHT), Load::closed(100));
        for (loads, fixed, limit, fits) in [
            (vec![default.clone()], false, 20_064, Ok(None)),
            (vec![default.clone()], false, 20_063, fewer(9_999, 20_063)),
            (vec![default.clone()], false, 1_024, fewer(480, 1_024)),
            (vec![default.clone()], true, 1_024, Err(20_064)),
            (vec![rate(9_999)], false, 1_024, Err(20_062)),
            (vec![rate(480)], false, 1_024, Ok(None)),
            (vec![closed.clone()], false, 263, Err(264)),
            // A limit that was asked for must fit beside it.
            (vec![default.clone(), closed.clone()], false, 264, fewer(100, 264)),
            (vec![default.clone(), closed], false, 263, Err(20_064)),
            (vec![default], false, 65, Err(20_064)),
        ] {
            assert_eq!(fit(&plan(&loads), fixed, limit), fits, "{loads:?} {fixed} {limit}");
        }
    }

    #[test]
    fn a_default_that_no_arrivals_can_reach_needs_no_descriptors() {
        let of = |per_second: f64, seconds: u64| {
            let rate = Stages::constant(per_second);
            let load = Load::Open { rate, arrivals: Arrivals::Uniform, max_in_flight: DEFAULT_MAX_IN_FLIGHT };
            let mut plan = plan(&[load]);
            plan.phases[0].stop.duration = Some(Duration::from_secs(seconds));
            plan
        };
        // 301 arrivals in all.
        assert_eq!(fit(&of(10.0, 30), false, 1_024), Ok(None));
        assert!(fit(&of(100.0, 30), false, 1_024).unwrap().is_some());
        // An hour at 1/s, of which no more than a journey's longest time is under way.
        let mut slow = of(1.0, 3_600);
        (slow.limits.upload_timeout, slow.limits.download_timeout) =
            (Duration::from_secs(100), Duration::from_secs(50));
        assert_eq!(fit(&slow, false, 1_024), Ok(None));
        slow.retries.most = 1;
        assert!(fit(&slow, false, 1_024).unwrap().is_some());
    }

    #[test]
    fn a_shard_needs_its_part_and_few_blobs_need_few() {
        let mut whole = plan(&[rate(DEFAULT_MAX_IN_FLIGHT)]);
        whole.shard = Some("1/4".parse::<Shard>().unwrap());
        assert_eq!(fit(&whole, true, 2_500 * 2 + 64), Ok(None));
        whole.phases[0].stop.blobs = Some(20);
        assert_eq!(fit(&whole, true, 20 * 2 + 64), Ok(None));
    }
}
