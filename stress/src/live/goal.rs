//! How much of a run is done and how long the rest may take, by its plan and a snapshot.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    metrics::snapshot::{Snapshot, StepSnapshot},
    plan::{Phase, Plan, journey::Step},
};

/// When a run is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goal {
    /// The steps of its journeys.
    pub steps: BTreeSet<Step>,
    /// After how many blobs it ends.
    pub blobs: Option<u64>,
    /// After how much time it starts no new blobs.
    pub duration: Option<Duration>,
    /// The steps that go once over the blobs of earlier phases, however long that takes.
    pub over_earlier: BTreeSet<Step>,
}

/// The phases that are measured.
fn measured(plan: &Plan) -> impl Iterator<Item = &Phase> {
    plan.phases.iter().filter(|phase| !phase.warm_up)
}

impl Goal {
    /// The goal of `plan`: all its phases together.
    pub fn of(plan: &Plan) -> Self {
        let journeys = measured(plan).flat_map(|phase| phase.journey.steps.iter().copied());
        Self {
            steps: journeys.collect(),
            blobs: plan
                .sources()
                .filter(|phase| !phase.warm_up)
                .map(|phase| phase.stop.blobs.map(|blobs| plan.shard().portion_of_blobs(blobs)))
                .sum(),
            duration: measured(plan).map(|phase| phase.stop.duration.or(phase.load.length())).sum(),
            over_earlier: measured(plan)
                .filter(|phase| phase.source.is_earlier())
                .flat_map(|phase| phase.journey.steps.iter().copied())
                .collect(),
        }
    }

    /// The share of `step`, 0 to 1, that is done: of the blobs or of the time, whichever is further.
    pub fn share(&self, step: Step, snapshot: &Snapshot) -> f64 {
        let of = |step: Step| snapshot.steps.get(&step).map_or(0, ended);
        let share = if self.blobs.is_none() && self.over_earlier.contains(&step) {
            // Of the blobs that the steps before it have given.
            let given = self.steps.iter().map(|&step| of(step)).max().unwrap_or(0);
            of(step) as f64 / given.max(1) as f64
        } else {
            self.blobs_share(of(step) as f64).max(self.time_share(snapshot))
        };
        share.min(1.0)
    }

    /// How long the run may still take, if it goes on as it did; `None` while that is unknown.
    pub fn left(&self, snapshot: &Snapshot) -> Option<Duration> {
        // Order controls belong to some of the journeys, which are counted by their other steps.
        let own = snapshot.steps.iter().filter(|(step, _)| !step.is_of_control());
        let ended: f64 = own.map(|(_, step)| ended(step) as f64).sum();
        let share = self.blobs_share(ended / self.steps.len().max(1) as f64);
        let rest = snapshot.elapsed.as_secs_f64() * (1.0 / share - 1.0).max(0.0);
        // Unknown while nothing is done, and beyond what a duration can hold.
        let by_blobs = if share > 0.0 { Duration::try_from_secs_f64(rest).ok() } else { None };
        let by_time = self.duration.map(|duration| duration.saturating_sub(snapshot.elapsed));
        match (by_blobs, by_time) {
            (Some(blobs), Some(time)) => Some(blobs.min(time)),
            (blobs, time) => blobs.or(time),
        }
    }

    fn blobs_share(&self, ended: f64) -> f64 {
        self.blobs.map_or(0.0, |blobs| ended / blobs.max(1) as f64)
    }

    fn time_share(&self, snapshot: &Snapshot) -> f64 {
        self.duration
            .map_or(0.0, |duration| snapshot.elapsed.as_secs_f64() / duration.as_secs_f64().max(1e-9))
    }
}

/// How often a step ended, in any way.
fn ended(step: &StepSnapshot) -> u64 {
    step.done.saturating_add(step.not_found).saturating_add(step.failed).saturating_add(step.skipped)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(seconds: u64, uploads: u64, reads: u64) -> Snapshot {
        let step = |done| StepSnapshot { done, ..StepSnapshot::default() };
        let steps = [(Step::Upload, step(uploads)), (Step::FIRST, step(reads))].into();
        Snapshot { elapsed: Duration::from_secs(seconds), steps }
    }

    fn goal(blobs: Option<u64>, seconds: Option<u64>) -> Goal {
        let steps = [Step::Upload, Step::FIRST].into();
        Goal { steps, blobs, duration: seconds.map(Duration::from_secs), over_earlier: BTreeSet::new() }
    }

    #[test]
    fn a_counted_run_takes_as_long_for_the_rest_as_it_did_so_far() {
        let goal = goal(Some(10), None);
        // 5 of 20 steps in 6 s leave 15 steps for 18 s.
        assert_eq!(goal.left(&snapshot(6, 4, 1)), Some(Duration::from_secs(18)));
        assert_eq!(goal.share(Step::Upload, &snapshot(6, 4, 1)), 0.4);
        assert_eq!(goal.left(&snapshot(0, 0, 0)), None);
        assert_eq!(goal.left(&snapshot(9, 10, 10)), Some(Duration::ZERO));
    }

    #[test]
    fn a_timed_run_ends_when_its_time_is_over() {
        let goal = goal(None, Some(60));
        assert_eq!(goal.left(&snapshot(15, 4, 1)), Some(Duration::from_secs(45)));
        assert_eq!(goal.share(Step::FIRST, &snapshot(15, 4, 1)), 0.25);
        assert_eq!(goal.share(Step::FIRST, &snapshot(75, 4, 1)), 1.0);
        assert_eq!(goal.left(&snapshot(75, 4, 1)), Some(Duration::ZERO));
    }

    #[test]
    fn a_step_over_earlier_blobs_is_done_when_it_has_ended_as_often() {
        let over_earlier = [Step::FIRST].into();
        let timed = Goal { over_earlier, ..goal(None, None) };
        assert_eq!(timed.share(Step::FIRST, &snapshot(9, 20, 0)), 0.0);
        assert_eq!(timed.share(Step::FIRST, &snapshot(9, 20, 5)), 0.25);
        assert_eq!(timed.share(Step::FIRST, &snapshot(9, 20, 20)), 1.0);
        assert_eq!(timed.left(&snapshot(9, 20, 5)), None);
    }

    #[test]
    fn with_both_limits_the_nearer_one_counts() {
        let goal = goal(Some(10), Some(60));
        assert_eq!(goal.left(&snapshot(6, 4, 1)), Some(Duration::from_secs(18)));
        assert_eq!(goal.left(&snapshot(50, 1, 1)), Some(Duration::from_secs(10)));
        assert_eq!(goal.share(Step::Upload, &snapshot(6, 4, 1)), 0.4);
        assert_eq!(goal.share(Step::Upload, &snapshot(30, 4, 1)), 0.5);
    }
}
