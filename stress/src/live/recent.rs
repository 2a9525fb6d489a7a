//! What a run did in its last seconds, as the difference of two snapshots: a stall is seen while it lasts.

use std::{collections::VecDeque, time::Duration};

use crate::{
    metrics::snapshot::{Snapshot, StepSnapshot},
    plan::journey::Step,
};

/// The seconds that count as recent.
const WINDOW: Duration = Duration::from_secs(5);

/// From this many samples on, the 95th percentile is another one than the maximum.
const ENOUGH_FOR_P95: u64 = 20;

/// The snapshots of the last seconds.
#[derive(Debug, Default)]
pub(super) struct Recent {
    snapshots: VecDeque<Snapshot>,
}

/// A step in the last seconds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct RecentStep {
    /// Successes per second.
    pub(super) per_second: f64,
    /// Bytes of their blobs per second.
    pub(super) bytes_per_second: f64,
    /// The name and value of a high percentile of the response time; `None` when nothing has ended.
    pub(super) slow: Option<(&'static str, Duration)>,
}

impl Recent {
    /// Takes the newest snapshot.
    pub(super) fn update(&mut self, snapshot: &Snapshot) {
        self.snapshots.push_back(snapshot.clone());
        // The newest one before the window stays: the window begins there.
        while self.snapshots.get(1).is_some_and(|next| next.elapsed + WINDOW <= snapshot.elapsed) {
            self.snapshots.pop_front();
        }
    }

    /// What `step` did.
    pub(super) fn of(&self, step: Step) -> RecentStep {
        let Some(newest) = self.snapshots.back() else { return RecentStep::default() };
        let origin = Snapshot::default();
        // Until the window is full, it begins with the run.
        let oldest = self.snapshots.front().filter(|_| newest.elapsed > WINDOW).unwrap_or(&origin);
        let nothing = StepSnapshot::default();
        let [before, now] = [oldest, newest].map(|snapshot| snapshot.steps.get(&step).unwrap_or(&nothing));
        let seconds = newest.elapsed.saturating_sub(oldest.elapsed).as_secs_f64();
        let per_second = |before: u64, now: u64| {
            if seconds > 0.0 { now.saturating_sub(before) as f64 / seconds } else { 0.0 }
        };
        let response = now.response.since(&before.response);
        let (name, quantile) = if response.count() < ENOUGH_FOR_P95 { ("max", 1.0) } else { ("p95", 0.95) };
        RecentStep {
            per_second: per_second(before.done, now.done),
            bytes_per_second: per_second(before.bytes, now.bytes),
            slow: response.quantile(quantile).map(|time| (name, time)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(seconds: u64, times: &[u64]) -> Snapshot {
        let done = times.len() as u64;
        let mut step = StepSnapshot { done, bytes: 10 * done, ..StepSnapshot::default() };
        times.iter().for_each(|millis| step.response.record(Duration::from_millis(*millis)));
        Snapshot { elapsed: Duration::from_secs(seconds), steps: [(Step::Upload, step)].into() }
    }

    #[test]
    fn the_rate_is_that_of_the_last_five_seconds() {
        let mut recent = Recent::default();
        let rates = [(0, 0), (1, 1), (5, 5), (6, 6), (10, 6), (11, 6)].map(|(seconds, done)| {
            recent.update(&snapshot(seconds, &vec![7; done]));
            let RecentStep { per_second, bytes_per_second, .. } = recent.of(Step::Upload);
            (per_second, bytes_per_second)
        });
        assert_eq!(rates, [(0.0, 0.0), (1.0, 10.0), (1.0, 10.0), (1.0, 10.0), (0.2, 2.0), (0.0, 0.0)]);
    }

    #[test]
    fn times_before_the_window_do_not_count() {
        let mut recent = Recent::default();
        let mut times = vec![5_000; 30];
        recent.update(&snapshot(1, &times));
        assert_eq!(recent.of(Step::Upload).slow.map(|(name, _)| name), Some("p95"));
        times.extend(vec![10; 19]);
        recent.update(&snapshot(8, &times));
        let (name, time) = recent.of(Step::Upload).slow.unwrap();
        assert!(name == "max" && time < Duration::from_millis(11), "{name} {time:?}");
        times.push(10);
        recent.update(&snapshot(9, &times));
        assert_eq!(recent.of(Step::Upload).slow.map(|(name, _)| name), Some("p95"));
        recent.update(&snapshot(20, &times));
        assert_eq!(recent.of(Step::Upload).slow, None);
        assert_eq!(recent.of(Step::FIRST), RecentStep::default());
    }
}
