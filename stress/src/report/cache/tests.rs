//! The cache effect of pairs whose effect is known.

use super::*;
use crate::{
    fixtures,
    metrics::pairs::{Freshness, Pair},
    report::summary::Summary,
    sample::cache::CacheStatus,
};

/// The effect seen in pairs of these response times, in milliseconds.
fn effect(pairs: &[(u64, u64)]) -> CacheEffect {
    let mut report = fixtures::report(5, &[]);
    for (index, (first, cached)) in (0..).zip(pairs) {
        let (first, cached) = (Duration::from_millis(*first), Duration::from_millis(*cached));
        report.recording.record_pair(Pair {
            index,
            size: 1,
            target: 0,
            first,
            cached,
            third: None,
            first_ttfb: first,
            first_transfer: Duration::ZERO,
            cached_ttfb: cached,
            cached_transfer: Duration::ZERO,
            cache_status: CacheStatus::Unknown,
            freshness: Freshness::Unknown,
        });
    }
    Summary::of(&report).cache.unwrap()
}

#[test]
fn faster_slower_and_no_difference_are_distinguished() {
    let faster: Vec<_> = (0..40).map(|n| (600 + n, 100)).collect();
    assert_eq!(effect(&faster).sentence(), "cached downloads are 6.2 times faster (6.1–6.3, n = 40)");
    let slower: Vec<_> = (0..40).map(|n| (100, 150 + n)).collect();
    assert_eq!(effect(&slower).sentence(), "cached downloads are 1.70 times slower (1.63–1.76, n = 40)");
    let equal: Vec<_> = (0..40).map(|n| (980 + n, 1_000)).collect();
    let sentence = "no evidence of caching (0.99–1.01, n = 40)";
    assert_eq!(effect(&equal).sentence(), sentence);
}

#[test]
fn a_transfer_that_is_no_part_of_the_time_is_not_compared() {
    let of = |transfer: Duration| {
        let mut report = fixtures::report(5, &[]);
        let (first, cached) = (Duration::from_millis(10), Duration::from_millis(5));
        for index in 0..40 {
            // One of the two bodies came with its head.
            report.recording.record_pair(Pair {
                index,
                size: 1,
                target: 0,
                first,
                cached,
                third: None,
                first_ttfb: first - transfer,
                first_transfer: transfer,
                cached_ttfb: cached,
                cached_transfer: Duration::ZERO,
                cache_status: CacheStatus::Unknown,
                freshness: Freshness::Unknown,
            });
        }
        let cache = Summary::of(&report).cache.unwrap();
        (cache.first_byte.is_some(), cache.transfer.is_some())
    };
    assert_eq!(of(Duration::from_micros(20)), (true, false));
    assert_eq!(of(Duration::from_millis(1)), (true, true));
}

#[test]
fn the_interval_is_that_of_the_ranks() {
    let effect = effect(&(1..=40).map(|n| (n * 100, 100)).collect::<Vec<_>>());
    let response = effect.response.unwrap();
    // Ranks 14 and 27 of 40 enclose the median with 95 %; each ratio is its rank.
    let (low, high) = response.interval.unwrap();
    assert_eq!((response.median, low.round(), high.round()), (20.0, 14.0, 27.0));
    assert_eq!(effect.median_first, Some(Duration::from_secs(2)));
    assert_eq!(effect.median_cached, Some(Duration::from_millis(100)));
}

#[test]
fn the_ratio_is_taken_blob_by_blob() {
    // Large and small blobs: the medians of both sides are equal, each pair's ratio is 10.
    let pairs: Vec<_> = (0..10).map(|n| if n % 2 == 0 { (1_000, 100) } else { (100, 10) }).collect();
    assert_eq!(effect(&pairs).response.unwrap().median, 10.0);
}

#[test]
fn few_pairs_prove_nothing_however_far_apart_they_are() {
    let few = effect(&[(1_000, 1); 5]);
    let response = few.response.unwrap();
    assert_eq!((few.effect, response.median, response.interval), (Effect::TooFew, 1_000.0, None));
    assert_eq!(
        (response.p_value, few.sentence().as_str()),
        (None, "not enough data (n = 5): at least 6 blobs needed")
    );
    let six = effect(&[(1_000, 1); 6]);
    assert_eq!((six.effect, six.response.unwrap().p_value), (Effect::Faster, Some(2.0 / 64.0)));
    assert_eq!(effect(&[]).response, None);
    let wide = effect(&[(50, 100), (60, 100), (90, 100), (110, 100), (200, 100), (300, 100)]);
    assert_eq!(wide.sentence(), "not enough data (0.50–3.0, n = 6): about 434 blobs needed");
}

#[test]
fn a_run_without_both_downloads_has_no_effect_to_show() {
    let mut report = fixtures::report(5, &[]);
    report.plan.phases[0].journey.steps.retain(|step| *step != Step::CACHED);
    assert_eq!(Summary::of(&report).cache, None);
}

#[test]
fn equal_downloads_are_called_different_in_at_most_one_of_twenty_runs() {
    // A small generator of its own keeps the test the same for ever.
    let mut state = 42_u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        100 + (state >> 33) % 900
    };
    let different = (0..1_000)
        .filter(|_| {
            let pairs: Vec<_> = (0..30).map(|_| (random(), random())).collect();
            matches!(effect(&pairs).effect, Effect::Faster | Effect::Slower)
        })
        .count();
    assert!(different <= 60, "{different} of 1,000");
}
