//! How fast bytes move at the moment: over the last few seconds, so that a stall is seen while it lasts.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use crate::{metrics::snapshot::Snapshot, plan::journey::Step};

/// How far back the speed looks.
const WINDOW: Duration = Duration::from_secs(5);

/// The bytes of each step at recent instants.
#[derive(Debug, Default)]
pub(super) struct Speed {
    recent: VecDeque<(Duration, BTreeMap<Step, u64>)>,
}

impl Speed {
    pub(super) fn update(&mut self, snapshot: &Snapshot) {
        let bytes = snapshot.steps.iter().map(|(step, totals)| (*step, totals.bytes)).collect();
        self.recent.push_back((snapshot.elapsed, bytes));
        // The one before the window stays: the window reaches back to it.
        while self.recent.get(1).is_some_and(|(at, _)| *at + WINDOW <= snapshot.elapsed) {
            self.recent.pop_front();
        }
    }

    /// Bytes per second of `step`.
    pub(super) fn of(&self, step: Step) -> f64 {
        let Some((newest, bytes)) = self.recent.back() else { return 0.0 };
        let at = |bytes: &BTreeMap<Step, u64>| bytes.get(&step).copied().unwrap_or(0);
        let origin = (Duration::ZERO, BTreeMap::new());
        // Until the window is full, it reaches back to the run's origin.
        let (oldest, before) = self.recent.front().filter(|_| *newest > WINDOW).unwrap_or(&origin);
        let seconds = newest.saturating_sub(*oldest).as_secs_f64();
        if seconds > 0.0 { at(bytes).saturating_sub(at(before)) as f64 / seconds } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::snapshot::StepSnapshot;

    fn speeds(totals: &[(u64, u64)]) -> Vec<f64> {
        let mut speed = Speed::default();
        let mut after = |&(seconds, bytes): &(u64, u64)| {
            let step = StepSnapshot { bytes, ..StepSnapshot::default() };
            speed.update(&Snapshot {
                elapsed: Duration::from_secs(seconds),
                steps: [(Step::Upload, step)].into(),
            });
            speed.of(Step::Upload)
        };
        totals.iter().map(&mut after).collect()
    }

    #[test]
    fn the_speed_is_that_of_the_last_five_seconds() {
        let stalled = [(0, 0), (1, 10), (5, 50), (6, 60), (10, 60), (11, 60)];
        assert_eq!(speeds(&stalled), [0.0, 10.0, 10.0, 10.0, 2.0, 0.0]);
    }
}
