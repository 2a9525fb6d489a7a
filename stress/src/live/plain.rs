//! The line that tells how far a run is where there is no terminal to draw on.

use super::goal::Goal;
use crate::{
    export::units,
    metrics::snapshot::{Snapshot, StepSnapshot},
};

/// `snapshot` in one line, without a line break.
pub fn line(snapshot: &Snapshot, goal: &Goal) -> String {
    let nothing = StepSnapshot::default();
    let steps: Vec<_> = goal
        .steps
        .iter()
        .map(|step| {
            let totals = snapshot.steps.get(step).unwrap_or(&nothing);
            let of = goal.blobs.map(|blobs| format!("/{}", units::short_count(blobs))).unwrap_or_default();
            let median = totals.response.quantile(0.5).map(|p50| format!(" p50 {}", units::duration(p50)));
            let failed =
                (totals.failed > 0).then(|| format!(" {} failed", units::short_count(totals.failed)));
            let done = units::short_count(totals.done);
            format!("{step} {done}{of}{}{}", median.unwrap_or_default(), failed.unwrap_or_default())
        })
        .collect();
    format!("{:>7}: {}", units::duration(snapshot.elapsed), steps.join(", "))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::plan::journey::Step;

    #[test]
    fn a_line_tells_how_far_each_step_is() {
        let mut upload = StepSnapshot { done: 34, failed: 2, ..StepSnapshot::default() };
        upload.response.record(Duration::from_millis(1_234));
        let snapshot =
            Snapshot { elapsed: Duration::from_millis(12_300), steps: [(Step::Upload, upload)].into() };
        let goal = Goal {
            steps: [Step::Upload, Step::FIRST].into(),
            blobs: Some(100),
            duration: None,
            behind: Default::default(),
        };
        assert_eq!(line(&snapshot, &goal), " 12.3 s: upload 34/100 p50 1.23 s 2 failed, first 0/100");
        let timed = Goal { blobs: None, ..goal };
        assert_eq!(line(&snapshot, &timed), " 12.3 s: upload 34 p50 1.23 s 2 failed, first 0");
    }
}
