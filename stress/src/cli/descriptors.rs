//! File descriptors: the soft limit is raised, and what even the hard one cannot hold is refused before the run.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::pace::DEFAULT_MAX_IN_FLIGHT;
use crate::plan::{ConfigError, Phase, Plan, load::Load};

/// What the process needs besides connections: standard streams, timers, runtimes, files.
const BESIDES: u64 = 64;

/// The machine holds fewer journeys of a rate than a plan allows in which nobody chose how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fewer {
    /// How many at a time.
    pub(super) places: u32,
    /// By how many descriptors.
    limit: u64,
}

impl Fewer {
    /// What that means to the run.
    pub(super) fn notice(self) -> String {
        let Self { places, limit } = self;
        format!(
            "this process may have {limit} file descriptors (ulimit -Hn), enough for {places} journeys at a time, not for \
             the default --max-in-flight of {DEFAULT_MAX_IN_FLIGHT}: arrivals above {places} are dropped and counted"
        )
    }
}

/// Raises the soft limit when the plan needs that. Unless somebody `chose` the default places of a rate, they are as many
/// as there can be: the plan is the same on every machine, and its report tells what was dropped.
///
/// # Errors
/// Names the flag when the hard limit is too low.
pub(super) fn provide(plan: &Plan, chose: bool) -> Result<Option<Fewer>, ConfigError> {
    let limits = getrlimit(Resource::Nofile);
    let current = |limits: &Rlimit| limits.current.unwrap_or(u64::MAX);
    if fit(plan, chose, current(&limits)) == Ok(None) {
        return Ok(None);
    }
    // As far as it goes, so that the run is not a few descriptors from its end; some systems refuse that much.
    let needed = needed(plan, |_| true).min(limits.maximum.unwrap_or(u64::MAX));
    let raise = |current| setrlimit(Resource::Nofile, Rlimit { current, ..limits }).is_ok();
    let _ = raise(limits.maximum) || raise(Some(needed));
    let limit = current(&getrlimit(Resource::Nofile));
    fit(plan, chose, limit).map_err(|needed| {
        let open = plan.phases.iter().any(|phase| matches!(phase.load, Load::Open { .. }));
        let flag = if open { "--max-in-flight" } else { "--concurrency" };
        let reason = format!(
            "needs {needed} file descriptors, but this process may have {limit} (ulimit -Hn): \
             choose a smaller number, or raise that limit"
        );
        ConfigError::new(flag, reason)
    })
}

/// How the plan goes into so many descriptors: whole, or with fewer places; or else how many it needs.
fn fit(plan: &Plan, chose: bool, limit: u64) -> Result<Option<Fewer>, u64> {
    let all = needed(plan, |_| true);
    if all <= limit {
        return Ok(None);
    }
    let firm = |phase: &Phase| {
        chose || !matches!(phase.load, Load::Open { max_in_flight: DEFAULT_MAX_IN_FLIGHT, .. })
    };
    let places = limit.saturating_sub(BESIDES) / targets(plan).max(1);
    if places == 0 || needed(plan, firm) > limit {
        return Err(all);
    }
    Ok(Some(Fewer { places: u32::try_from(places).unwrap_or(u32::MAX), limit }))
}

fn targets(plan: &Plan) -> u64 {
    (plan.publishers.len() + plan.aggregators.len()) as u64
}

/// A connection to each target for each journey of these phases that can be under way in this part of the run.
fn needed(plan: &Plan, counts: impl Fn(&Phase) -> bool) -> u64 {
    let phases = plan.phases.iter().enumerate().filter(|(_, phase)| counts(phase));
    let journeys = phases.map(|(position, phase)| {
        let most = u64::from(plan.shard().portion(phase.load.most_in_flight()));
        plan.phases[plan.origin(position)].stop.blobs.map_or(most, |blobs| blobs.min(most))
    });
    journeys.max().unwrap_or(0).saturating_mul(targets(plan)).saturating_add(BESIDES)
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
        Load::Open { rate: Stages::constant(10.0), arrivals: Arrivals::Uniform, max_in_flight }
    }

    #[test]
    fn places_that_nobody_chose_are_as_many_as_there_can_be() {
        let fewer = |places, limit| Ok(Some(Fewer { places, limit }));
        let (default, closed) = (rate(DEFAULT_MAX_IN_FLIGHT), Load::closed(100));
        for (loads, chose, limit, fits) in [
            (vec![default.clone()], false, 20_064, Ok(None)),
            (vec![default.clone()], false, 20_063, fewer(9_999, 20_063)),
            (vec![default.clone()], false, 1_024, fewer(480, 1_024)),
            (vec![default.clone()], true, 1_024, Err(20_064)),
            (vec![rate(9_999)], false, 1_024, Err(20_062)),
            (vec![rate(480)], false, 1_024, Ok(None)),
            (vec![closed.clone()], false, 263, Err(264)),
            // What somebody did choose must fit beside it.
            (vec![default.clone(), closed.clone()], false, 264, fewer(100, 264)),
            (vec![default.clone(), closed], false, 263, Err(20_064)),
            (vec![default], false, 65, Err(20_064)),
        ] {
            assert_eq!(fit(&plan(&loads), chose, limit), fits, "{loads:?} {chose} {limit}");
        }
    }

    #[test]
    fn a_part_of_a_run_needs_its_part_and_few_blobs_few() {
        let mut whole = plan(&[rate(DEFAULT_MAX_IN_FLIGHT)]);
        whole.shard = Some("1/4".parse::<Shard>().unwrap());
        assert_eq!(fit(&whole, true, 2_500 * 2 + 64), Ok(None));
        whole.phases[0].stop.blobs = Some(20);
        assert_eq!(fit(&whole, true, 20 * 2 + 64), Ok(None));
    }
}
