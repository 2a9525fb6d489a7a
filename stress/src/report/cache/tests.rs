//! The cache effect of pairs whose effect is known.

use super::*;
use crate::{
    fixtures,
    metrics::pairs::{Freshness, Pair},
    plan::{Phase, journey::Journey},
    report::summary::Summary,
    sample::{
        Outcome,
        cache::{CacheEvidence, CacheStatus, StatusHeader},
    },
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

/// The cache effect of 40 pairs of these transfers, in microseconds, within downloads of 10 ms and of 500 µs.
fn transferred(first: u64, cached: u64) -> CacheEffect {
    let mut report = fixtures::report(5, &[]);
    let micros = Duration::from_micros;
    for index in 0..40 {
        report.recording.record_pair(Pair {
            first: micros(10_000),
            cached: micros(500),
            first_ttfb: micros(10_000).saturating_sub(micros(first)),
            first_transfer: micros(first),
            cached_ttfb: micros(500).saturating_sub(micros(cached)),
            cached_transfer: micros(cached),
            ..pair(index, CacheStatus::Unknown)
        });
    }
    Summary::of(&report).cache.unwrap()
}

#[test]
fn a_transfer_that_cannot_be_measured_or_does_not_matter_is_not_compared() {
    for (first, cached, compared) in [
        // One of the two bodies came with its head; the next read took as long as the event loop.
        (0, 50, false),
        (2_000, 0, false),
        (2_000, 50, false),
        (50, 400, false),
        // A fiftieth of the one time and a fifth of the other.
        (200, 100, true),
        (2_000, 200, true),
    ] {
        let cache = transferred(first, cached);
        assert_eq!(
            (cache.first_byte.is_some(), cache.transfer.is_some()),
            (true, compared),
            "{first} {cached}"
        );
    }
    let ratio = transferred(2_000, 200).transfer.unwrap();
    assert!((ratio.median - 10.0).abs() < 1e-9, "{ratio:?}");
    let mut report = fixtures::report(5, &[]);
    let short = Duration::from_micros(150);
    let whole = Duration::from_millis(10);
    for index in 0..40 {
        let transfers =
            Pair { first_transfer: short, cached_transfer: short, ..pair(index, CacheStatus::Unknown) };
        report.recording.record_pair(Pair { first: whole, cached: whole, ..transfers });
    }
    assert_eq!(Summary::of(&report).cache.unwrap().transfer, None, "a hundredth of both");
}

/// Two downloads of a second each.
fn pair(index: u64, cache_status: CacheStatus) -> Pair {
    let second = Duration::from_secs(1);
    Pair {
        index,
        size: 1,
        target: 0,
        first: second,
        cached: second,
        third: None,
        first_ttfb: second,
        first_transfer: Duration::ZERO,
        cached_ttfb: second,
        cached_transfer: Duration::ZERO,
        cache_status,
        freshness: Freshness::Unknown,
    }
}

/// A run whose first and cached downloads have these statuses in their headers; hits take a sixth of the time.
fn with_statuses(statuses: &[(CacheStatus, CacheStatus)]) -> CacheEffect {
    let mut samples = Vec::new();
    for (index, (first, cached)) in (0..).zip(statuses) {
        for (step, status) in [(Step::FIRST, *first), (Step::CACHED, *cached)] {
            let took = if status == CacheStatus::Hit { 100 + index } else { 600 + index };
            let mut sample = fixtures::sample(index, step, index * 2_000, took, Outcome::Read);
            let status_header = (status != CacheStatus::Unknown).then_some(StatusHeader::X_CACHE_STATUS);
            sample.exchange.cache =
                CacheEvidence { cache_status: status, status_header, ..CacheEvidence::default() };
            samples.push(sample);
        }
    }
    Summary::of(&fixtures::report(40, &samples)).cache.unwrap()
}

#[test]
fn hits_and_others_are_compared_apart_where_the_headers_tell_them_from_each_other() {
    use CacheStatus::{Bypass, Hit, Miss, Stale, Unknown};
    for other in [Miss, Bypass, Unknown] {
        let statuses: Vec<_> = (0..40).map(|n| (Miss, if n < 19 { Hit } else { other })).collect();
        let cache = with_statuses(&statuses);
        let sentence = cache.sentence();
        assert!(
            sentence.starts_with("19 of 40 cached downloads were hits: 5.6 times faster ("),
            "{sentence}"
        );
        assert!(sentence.contains("n = 19); the others: as fast ("), "{sentence}");
        assert!(sentence.ends_with("n = 21)"), "{sentence}");
        let mixture = cache.status.mixture.unwrap();
        assert_eq!((mixture.hits, mixture.of), (19, 40));
    }
    // A stale copy came from a cache, too; and where all came from one, nothing is mixed.
    let all: Vec<_> = (0..40).map(|n| (Miss, if n < 19 { Hit } else { Stale })).collect();
    assert_eq!(with_statuses(&all).status.mixture, None);
}

#[test]
fn misses_alone_ask_for_a_third_download() {
    let remedy = "none was a hit: --reads 3 shows a cache that fills at the second request";
    let misses = with_statuses(&[(CacheStatus::Miss, CacheStatus::Miss); 40]);
    assert!(misses.sentence().starts_with("no evidence of caching ("), "{}", misses.sentence());
    assert!(misses.sentence().ends_with(remedy), "{}", misses.sentence());
    // A cache that is passed by does not fill at the second request, and one without headers says nothing.
    for status in [CacheStatus::Bypass, CacheStatus::Unknown] {
        let sentence = with_statuses(&[(CacheStatus::Miss, status); 40]).sentence();
        assert!(!sentence.contains("--reads 3"), "{sentence}");
    }
}

#[test]
fn first_downloads_that_were_cached_already_are_named_with_the_remedy() {
    let sentence = with_statuses(&[(CacheStatus::Hit, CacheStatus::Hit); 40]).sentence();
    assert!(
        sentence.starts_with(
            "40 of 40 first downloads were already cached, so there is nothing to compare: use blobs"
        ),
        "{sentence}"
    );
    let statuses: Vec<_> = (0..40)
        .map(|n| (if n < 37 { CacheStatus::Hit } else { CacheStatus::Miss }, CacheStatus::Hit))
        .collect();
    let sentence = with_statuses(&statuses).sentence();
    assert!(sentence.starts_with("not enough data (n = 3)"), "{sentence}");
    assert!(sentence.ends_with("; 37 of 40 first downloads were already cached"), "{sentence}");
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

#[test]
fn downloads_of_different_blobs_by_phase_are_no_cache_effect() {
    let mut report = fixtures::report(4, &(0..4).flat_map(fixtures::journey).collect::<Vec<_>>());
    let of = |report: &Report| Summary::of(report).cache.is_some();
    assert!(of(&report));
    let main = report.plan.phases[0].clone();
    let reads = |step| Phase {
        source: BlobSource::Phase { name: "main".to_owned(), round: false },
        journey: Journey { steps: vec![step] },
        ..main.clone()
    };
    report.recording = crate::metrics::Recording::default();
    report.plan.phases = vec![
        Phase { journey: Journey { steps: vec![Step::Upload] }, ..main.clone() },
        reads(Step::FIRST),
        reads(Step::CACHED),
    ];
    assert!(!of(&report));
    report
        .plan
        .phases
        .push(Phase { journey: Journey { steps: vec![Step::FIRST, Step::CACHED] }, ..reads(Step::FIRST) });
    assert!(of(&report));
}
