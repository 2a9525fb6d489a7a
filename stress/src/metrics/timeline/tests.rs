//! Timelines hold what went in, in whatever order and parts it came.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    plan::{class::FailureClass, journey::Step},
    sample::{ExchangeRecord, Failure, Novelty, Timing},
};

/// An attempt from one millisecond to another since the origin.
fn sample(started: u64, finished: u64, outcome: Outcome) -> Sample {
    let (started, finished) = (Duration::from_millis(started), Duration::from_millis(finished));
    Sample {
        phase: 0,
        index: 0,
        step: Step::CACHED,
        attempt: 1,
        delay: None,
        novelty: Novelty::Fresh,
        target: 0,
        blob_id: None,
        size: 1_000,
        exchange: ExchangeRecord {
            timing: Timing { due: started, started, sent: None, first_byte: None, finished },
            bytes_sent: 7,
            bytes_received: 1_000,
            ..ExchangeRecord::default()
        },
        outcome,
    }
}

fn of(samples: &[Sample]) -> Timeline {
    let mut timeline = Timeline::default();
    samples.iter().for_each(|sample| timeline.record(sample));
    timeline
}

fn merged(parts: impl IntoIterator<Item = Timeline>) -> Timeline {
    parts.into_iter().fold(Timeline::default(), |mut sum, part| {
        sum.merge(part);
        sum
    })
}

fn failed(class: FailureClass) -> Outcome {
    Outcome::Failed(Failure::new(class, "as the test wants it"))
}

#[test]
fn an_attempt_counts_where_it_started_and_where_it_ended() {
    let timeline = of(&[
        sample(2_100, 2_300, Outcome::Read),
        sample(2_900, 4_900, failed(FailureClass::Timeout)),
        sample(2_000, 4_000, failed(FailureClass::Shed)),
        sample(3_500, 4_999, Outcome::Unfinished),
    ]);
    let counts: Vec<_> = timeline
        .intervals()
        .map(|(begin, Interval { tally, response })| {
            let Tally { started, done, failed, unfinished, .. } = tally;
            (begin.as_secs(), started, done, failed, unfinished, response.count())
        })
        .collect();
    assert_eq!(counts, [(2, 3, 1, 0, 0, 1), (3, 1, 0, 0, 0, 0), (4, 0, 0, 2, 1, 2)]);
    let (_, Interval { tally: last, .. }) = timeline.intervals().last().unwrap();
    assert_eq!((last.ended(), last.bytes_sent, last.bytes_received), (3, 21, 3_000));
    assert_eq!(last.least_lower_bound, Some(Duration::from_millis(1_499)));
    assert_eq!(timeline.width(), Duration::from_secs(1));
}

#[test]
fn intervals_double_when_they_run_out_and_nothing_is_lost() {
    for (seconds, width, intervals) in [(600, 1, 600), (601, 2, 301), (1_201, 4, 301), (86_400, 256, 338)] {
        let samples: Vec<_> = (0..seconds).map(|s| sample(s * 1_000, s * 1_000 + 9, Outcome::Read)).collect();
        let timeline = of(&samples);
        assert_eq!(timeline.width(), Duration::from_secs(width), "{seconds} s");
        assert_eq!(timeline.intervals().count(), intervals, "{seconds} s");
        let done = timeline.intervals().map(|(_, interval)| interval.tally.done);
        assert_eq!(done.sum::<u64>(), seconds);
    }
}

#[test]
fn a_late_phase_is_as_fine_as_an_early_one() {
    let timeline = of(&[sample(7_200_500, 7_201_500, Outcome::Read)]);
    let begins: Vec<_> = timeline.intervals().map(|(begin, _)| begin.as_secs()).collect();
    assert_eq!((timeline.width().as_secs(), begins), (1, vec![7_200, 7_201]));
}

#[test]
fn the_end_of_time_has_its_interval() {
    let mut timeline = of(&[sample(0, 0, Outcome::Read)]);
    let mut never = sample(0, 0, Outcome::Read);
    never.exchange.timing.finished = Duration::MAX;
    timeline.record(&never);
    let done: Vec<_> = timeline.intervals().map(|(_, i)| i.tally.done).filter(|&done| done > 0).collect();
    assert_eq!((done, timeline.intervals().count()), (vec![1, 1], 512));
}

#[test]
fn wider_intervals_lie_on_the_same_grid() {
    let narrow = of(&[sample(1_000, 3_000, Outcome::Read), sample(4_000, 5_000, Outcome::Read)]);
    let wide = narrow.at_least(Duration::from_secs(3));
    let rows: Vec<_> =
        wide.intervals().map(|(begin, i)| (begin.as_secs(), i.tally.started, i.tally.done)).collect();
    assert_eq!((wide.width().as_secs(), rows), (4, vec![(0, 1, 1), (4, 1, 1)]));
    assert!(Timeline::default().at_least(Duration::MAX).is_empty());
}

/// Steps that ended in each second of `seconds`, `rate` of them, and took times evenly spread in their logarithm from
/// `shortest` to 2 to the power of `octaves` times that.
fn record_spread(
    timeline: &mut Timeline,
    seconds: std::ops::Range<u64>,
    rate: u64,
    shortest: f64,
    octaves: f64,
) {
    let mut row = sample(0, 0, Outcome::Read);
    for number in seconds.start * rate..seconds.end * rate {
        // Multiples of the golden ratio, less their whole part, are spread evenly however many there are.
        let took = shortest * (octaves * (number as f64 * 0.618_033_988_749_895).fract()).exp2();
        let finished = Duration::from_secs_f64(100.0 + number as f64 / rate as f64);
        let started = finished - Duration::from_secs_f64(took);
        row.exchange.timing = Timing { due: started, started, finished, ..Timing::default() };
        timeline.record(&row);
    }
}

#[test]
fn an_hour_of_widely_spread_times_takes_less_than_a_megabyte() {
    let mut timeline = Timeline::default();
    record_spread(&mut timeline, 0..3_600, 100, 1e-5, 20.0);
    let buckets: usize = timeline.intervals().map(|(_, interval)| interval.response.raw().len()).sum();
    assert_eq!(timeline.intervals().map(|(_, interval)| interval.tally.done).sum::<u64>(), 360_000);
    assert!(buckets > 200_000, "{buckets} buckets are not widely spread");
    assert!(timeline.size() < 1_000_000, "{} bytes for {buckets} buckets", timeline.size());
}

#[test]
fn what_it_takes_after_a_minute_it_takes_for_ever() {
    let mut timeline = Timeline::default();
    record_spread(&mut timeline, 0..60, 300, 1e-3, 1.0);
    let after_a_minute = timeline.size();
    for seconds in [60..590, 590..610, 610..1_300] {
        record_spread(&mut timeline, seconds.clone(), 300, 1e-3, 1.0);
        assert_eq!(timeline.size(), after_a_minute, "{seconds:?}");
    }
    assert_eq!(timeline.width(), Duration::from_secs(4));
}

#[test]
fn damaged_documents_are_refused() {
    let sound = serde_json::to_value(of(&[sample(0, 10, Outcome::Read)])).unwrap();
    assert!(serde_json::from_value::<Timeline>(sound.clone()).is_ok());
    for (field, wrong, reason) in [
        ("interval_seconds", json!(3), "not what a run records"),
        ("interval_seconds", json!(0), "not what a run records"),
        ("first_interval", json!(u64::MAX), "after the end of time"),
        ("intervals", json!(601), "not what a run records"),
        ("intervals", json!(2), "make no intervals"),
        ("intervals", json!(0), "left over"),
        ("packed", json!("????"), "Invalid"),
        ("packed", json!("AAAA"), "corrupt"),
    ] {
        let mut document = sound.clone();
        document[field] = wrong;
        let error = serde_json::from_value::<Timeline>(document).unwrap_err().to_string();
        assert!(error.contains("a timeline is damaged") && error.contains(reason), "{field}: {error}");
    }
}

fn any_sample() -> impl Strategy<Value = Sample> {
    let outcome = prop_oneof![
        Just(Outcome::Read),
        Just(Outcome::Unfinished),
        Just(failed(FailureClass::Timeout)),
        Just(failed(FailureClass::Corrupt)),
    ];
    // Up to minutes, hours, or days, so that widths differ.
    let begin = prop_oneof![0_u64..300_000, 0_u64..9_000_000, 0_u64..400_000_000];
    (begin, 0_u64..90_000, outcome).prop_map(|(begin, took, outcome)| sample(begin, begin + took, outcome))
}

proptest! {
    #[test]
    fn parts_make_the_whole_in_any_order_and_after_a_file(
        parts in prop::collection::vec(prop::collection::vec(any_sample(), 0..12), 3),
    ) {
        let whole = of(&parts.concat());
        let [a, b, c] = [0, 1, 2].map(|part: usize| of(&parts[part]));
        prop_assert_eq!(&merged([a.clone(), b.clone(), c.clone()]), &whole);
        prop_assert_eq!(&merged([c.clone(), merged([b.clone(), a.clone()])]), &whole);
        let backwards: Vec<_> = parts.concat().into_iter().rev().collect();
        prop_assert_eq!(&of(&backwards), &whole);
        let text = serde_json::to_string(&whole).unwrap();
        prop_assert_eq!(serde_json::from_str::<Timeline>(&text).unwrap(), whole);
    }
}
