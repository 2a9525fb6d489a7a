//! The points of timelines of samples whose answers are known.

use super::*;
use crate::{
    fixtures,
    sample::{FailureClass, Outcome},
};

fn timelines(samples: &[crate::sample::Sample]) -> Vec<StepTimeline> {
    StepTimeline::all(&fixtures::report(10, samples))
}

#[test]
fn every_interval_has_its_rate_its_times_and_its_steps_in_flight() {
    let hung = fixtures::failed(FailureClass::Timeout, None, None, "no answer");
    let timelines = timelines(&[
        fixtures::sample(0, Step::CACHED, 0, 100, Outcome::Read),
        fixtures::sample(1, Step::CACHED, 100, 300, Outcome::Read),
        fixtures::sample(2, Step::CACHED, 200, 1_200, Outcome::Read),
        fixtures::sample(3, Step::CACHED, 900, 1_700, hung),
    ]);
    let rows: Vec<_> =
        timelines[0].points.iter().map(|p| (p.started, p.done, p.failed, p.in_flight, p.rate)).collect();
    // The phase ends at 2.6 s: the last interval is full for 0.6 s.
    assert_eq!(rows, [(4, 2, 0, 2, Some(2.0)), (0, 1, 0, 1, Some(1.0)), (0, 0, 1, 0, Some(0.0))]);
    let last = timelines[0].points[2].median.unwrap();
    assert!(last.lower_bound && last.value.abs_diff(Duration::from_millis(1_700)) < Duration::from_millis(7));
    let first = &timelines[0].points[0];
    assert!(first.median.unwrap().value.abs_diff(Duration::from_millis(100)) < Duration::from_micros(400));
    assert!(first.max.unwrap().value.abs_diff(Duration::from_millis(300)) < Duration::from_micros(1_200));
    assert_eq!((first.p99, first.max.unwrap().lower_bound), (None, false));
}

#[test]
fn a_rate_over_less_than_half_an_interval_is_absent() {
    let timelines = timelines(&[fixtures::sample(0, Step::CACHED, 700, 700, Outcome::Read)]);
    let rates: Vec<_> = timelines[0].points.iter().map(|point| point.rate).collect();
    assert_eq!(rates, [None, None], "0.3 s of the first second and 0.4 s of the other");
}

#[test]
fn the_steps_of_a_phase_share_their_intervals() {
    let upload = fixtures::sample(0, Step::Upload, 0, 900_000, Outcome::Read);
    let timelines = timelines(&[upload, fixtures::sample(0, Step::FIRST, 900_000, 100, Outcome::Read)]);
    let shapes: Vec<_> =
        timelines.iter().map(|one| (one.step, one.width.as_secs(), one.points.len())).collect();
    assert_eq!(shapes, [(Step::Upload, 2, 451), (Step::FIRST, 2, 1)]);
    assert_eq!(timelines[1].points[0].begin, Duration::from_secs(900));
}
