//! The numbers of a summary of samples whose answers are known.

use super::*;
use crate::{
    fixtures,
    plan::{journey::Step, percentile::Percentile},
    sample::{FailureClass, Sample, StoredKind},
};

fn summary(samples: &[Sample]) -> Summary {
    Summary::of(&fixtures::report(5, samples))
}

/// Values are read back within a thousandth.
fn is_about(bounded: Bounded, milliseconds: u64) -> bool {
    let expected = milliseconds as f64 / 1e3;
    (bounded.value.as_secs_f64() / expected - 1.0).abs() <= 1e-3
}

#[test]
fn a_planned_step_that_was_never_reached_shows_zeros() {
    let summary = summary(&[]);
    let steps: Vec<_> =
        summary.steps.iter().map(|step| (step.step, step.attempted, step.throughput_mib)).collect();
    assert_eq!(steps, [(Step::Upload, 0, None), (Step::FIRST, 0, None), (Step::CACHED, 0, None)]);
    assert_eq!(summary.uploads, Some(Uploads::default()));
    assert_eq!(summary.steps[0].response(), None);
}

#[test]
fn counts_bytes_and_uploads_add_up() {
    let samples: Vec<_> = (0..7).flat_map(fixtures::troubled).collect();
    let summary = summary(&samples);
    let medians = [StoredKind::New, StoredKind::ReuseStorage, StoredKind::Existing];
    let medians = medians.map(|kind| (kind, Duration::from_millis(1_100))).into();
    let expected = Uploads {
        new: 2,
        existing: 2,
        reused: [(StoredKind::ReuseStorage, 1)].into(),
        failed: 2,
        unfinished: 0,
        cost_frost: 264_600,
        cost_is_lower_bound: false,
        medians,
    };
    assert_eq!(summary.uploads, Some(expected));
    assert_eq!((summary.failed(), summary.unfinished()), (5, 1));
    assert_eq!(summary.bytes_sent, samples.iter().map(|sample| sample.exchange.bytes_sent).sum::<u64>());
    assert_eq!(
        summary.bytes_received,
        samples.iter().map(|sample| sample.exchange.bytes_received).sum::<u64>()
    );
    assert_eq!((summary.connections.opened, summary.connections.reused), (7, 8));
    let shed = &summary.steps[0].failures[0];
    assert_eq!((shed.class, shed.count), (FailureClass::Shed, 2));
    assert_eq!((shed.first, shed.last), (Duration::from_millis(1_100), Duration::from_millis(2_600)));
    assert_eq!(shed.examples[1].blob_number, 6);
}

#[test]
fn throughput_is_what_was_done_over_the_time_it_took() {
    let mut samples = vec![fixtures::sample(0, Step::FIRST, 1_000, 500, crate::sample::Outcome::Read)];
    samples.push(fixtures::sample(1, Step::FIRST, 2_500, 500, crate::sample::Outcome::Read));
    samples.iter_mut().for_each(|sample| sample.size = 1 << 20);
    // Two MiB between 1.0 s and 3.0 s.
    assert_eq!(summary(&samples).steps[1].throughput_mib, Some(1.0));
}

#[test]
fn timeouts_and_unfinished_work_are_lower_bounds_where_they_decide() {
    let samples: Vec<_> = (0..7).flat_map(fixtures::troubled).collect();
    let first = summary(&samples).steps[1].response().cloned().unwrap();
    // Three reads of 190 and 200 ms, one given up after 4 s, one timed out after 60 s.
    assert_eq!(first.count, 5);
    assert!(is_about(first.min, 190) && !first.min.lower_bound);
    assert!(is_about(first.median, 200) && !first.median.lower_bound);
    // (200 + 60,000 + 4,000 + 190 + 200) / 5
    assert!(is_about(first.mean, 12_918) && first.mean.lower_bound);
    assert!(is_about(first.max, 60_000) && first.max.lower_bound);
}

#[test]
fn when_nothing_finished_every_number_is_a_lower_bound() {
    let hung = || fixtures::failed(FailureClass::Timeout, None, None, "no answer");
    let samples: Vec<_> =
        (0..8).map(|index| fixtures::sample(index, Step::Upload, 0, 1_001, hung())).collect();
    let upload = summary(&samples).steps[0].response().cloned().unwrap();
    let bounded = [upload.min, upload.mean, upload.median, upload.percentiles[&Percentile::P50], upload.max];
    assert!(bounded.iter().all(|number| number.lower_bound), "{upload:?}");
}

#[test]
fn only_supported_percentiles_are_there() {
    for (blobs, highest) in
        [(5, None), (6, Some(Percentile::P50)), (71, Some(Percentile::P90)), (368, Some(Percentile::P99))]
    {
        let samples: Vec<_> = (0..blobs).flat_map(fixtures::journey).collect();
        let response = summary(&samples).steps[2].response().cloned().unwrap();
        assert_eq!(response.percentiles.keys().max().copied(), highest, "n = {blobs}");
    }
}
