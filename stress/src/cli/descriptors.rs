//! File descriptors: the soft limit is raised, and what even the hard one cannot hold is refused before the run.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::plan::{Contradiction, Plan, load::Load};

/// What the process needs besides connections: standard streams, timers, runtimes, files.
const BESIDES: u64 = 64;

/// Raises the soft limit when the plan needs that.
///
/// # Errors
/// Names the flag when the hard limit is too low.
pub(super) fn provide(plan: &Plan) -> Result<(), Contradiction> {
    let needed = needed(plan);
    let limits = getrlimit(Resource::Nofile);
    let (current, maximum) = (limits.current.unwrap_or(u64::MAX), limits.maximum.unwrap_or(u64::MAX));
    if needed <= current {
        return Ok(());
    }
    // As far as it goes, so that the run is not a few descriptors from its end; some systems refuse that much.
    let raise = |current| setrlimit(Resource::Nofile, Rlimit { current, ..limits }).is_ok();
    if needed <= maximum && (raise(limits.maximum) || raise(Some(needed))) {
        return Ok(());
    }
    let open = plan.phases.iter().any(|phase| matches!(phase.load, Load::Open { .. }));
    let flag = if open { "--max-in-flight" } else { "--concurrency" };
    let reason = format!(
        "needs {needed} file descriptors, but this process may have {maximum} (ulimit -Hn): \
         choose a smaller number, or raise that limit"
    );
    Err(Contradiction::new(flag, reason))
}

/// How many journeys can be under way with the descriptors that this process may have.
pub(super) fn most_journeys(targets: usize) -> u32 {
    let maximum = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
    let journeys = maximum.saturating_sub(BESIDES) / (targets as u64).max(1);
    u32::try_from(journeys).unwrap_or(u32::MAX)
}

/// A connection to each target for each journey that can be under way.
fn needed(plan: &Plan) -> u64 {
    let targets = (plan.publishers.len() + plan.aggregators.len()) as u64;
    let journeys = plan.phases.iter().enumerate().map(|(position, phase)| {
        let most = u64::from(phase.load.most_in_flight());
        plan.phases[plan.origin(position)].stop.blobs.map_or(most, |blobs| blobs.min(most))
    });
    journeys.max().unwrap_or(0).saturating_mul(targets).saturating_add(BESIDES)
}
