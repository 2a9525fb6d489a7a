//! The estimate of simulated runs whose truth is known: no cache but slow starts, a known factor, a cache that
//! fills late, and headers that lie.

use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

use super::*;
use crate::{
    fixtures,
    metrics::{pairs::Freshness, step_metrics::CacheStatusCounts},
    report::summary::Summary,
    sample::cache::{CacheEvidence, CacheStatus, StatusHeader},
};

/// Seeded times, skewed as those of networks are.
struct World(ChaCha8Rng);

impl World {
    fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// About this many seconds, times a lognormal number whose logarithm has a standard deviation of about 0.4.
    fn about(&mut self, seconds: f64) -> Duration {
        let uniform: f64 = (0..12).map(|_| self.0.random::<f64>()).sum();
        Duration::from_secs_f64(seconds * ((uniform - 6.0) * 0.4).exp())
    }

    /// A blob's reads that take about these seconds; the blob itself is slow or quick for all of them.
    fn pair(&mut self, index: u64, seconds: [f64; 3], cache_status: CacheStatus) -> Pair {
        let blob = self.about(1.0).as_secs_f64();
        let [first, cached, third] = seconds.map(|seconds| self.about(seconds * blob));
        Pair {
            index,
            size: 1 << 20,
            target: 0,
            first,
            cached,
            third: Some(third),
            first_ttfb: first / 2,
            first_transfer: first / 2,
            cached_ttfb: cached / 2,
            cached_transfer: cached / 2,
            cache_status,
            freshness: Freshness::Unknown,
        }
    }
}

/// The effect of these pairs and control pairs.
fn effect(pairs: &[Pair], controls: &[Pair]) -> CacheEffect {
    let mut report = fixtures::report(5, &[]);
    report.plan.phases[0].order_control = 0.3;
    pairs.iter().for_each(|pair| report.recording.record_pair(*pair));
    controls.iter().for_each(|pair| report.recording.record_control(*pair));
    Summary::of(&report).cache.unwrap()
}

/// In how many of 400 runs the interval contains the truth: 60 pairs whose cached read is really `factor` times faster,
/// and 30 control pairs. On every connection the first of two reads is 1.5 times slower than the second.
fn contained(factor: f64) -> usize {
    let run = |seed: u64| {
        let mut world = World::new(seed);
        let of = |world: &mut World, index, factor: f64| {
            world.pair(index, [0.15, 0.1 / factor, 0.1 / factor], CacheStatus::Unknown)
        };
        let pairs: Vec<_> = (0..60).map(|index| of(&mut world, index, factor)).collect();
        let controls: Vec<_> = (0..30).map(|index| of(&mut world, index, 1.0)).collect();
        let (low, high) = effect(&pairs, &controls).response.unwrap().interval.unwrap();
        low <= factor && factor <= high
    };
    (0..400).filter(|seed| run(*seed)).count()
}

#[test]
fn without_a_cache_slow_starts_are_not_taken_for_one_in_19_of_20_runs() {
    let contained = contained(1.0);
    assert!(contained >= 380, "{contained} of 400");
}

#[test]
fn a_known_factor_is_found_in_19_of_20_runs() {
    let contained = contained(3.0);
    assert!(contained >= 380, "{contained} of 400");
}

#[test]
fn without_the_control_slow_starts_look_like_a_cache() {
    let mut world = World::new(1);
    let pairs: Vec<_> =
        (0..800).map(|index| world.pair(index, [0.15, 0.1, 0.1], CacheStatus::Unknown)).collect();
    let controls: Vec<_> =
        (0..400).map(|index| world.pair(index, [0.15, 0.1, 0.1], CacheStatus::Unknown)).collect();
    assert_eq!(effect(&pairs, &[]).effect, Effect::Faster);
    let controlled = effect(&pairs, &controls);
    assert_eq!(controlled.effect, Effect::NoDifference, "{}", controlled.sentence());
    let control = controlled.control.unwrap();
    let order_effect = control.response.unwrap();
    assert_eq!((order_effect.effect(), control.pairs), (Effect::Faster, 400));
    assert_eq!(controlled.response.unwrap().order_effect, Some(order_effect.median));
    assert_eq!(
        controlled.first_byte.unwrap().order_effect,
        control.first_byte.map(|first_byte| first_byte.median)
    );
    assert!(controlled.sentence().starts_with("no evidence of caching (0."), "{}", controlled.sentence());
}

#[test]
fn five_control_pairs_are_too_few_to_take_anything_out() {
    let mut world = World::new(7);
    let pairs: Vec<_> =
        (0..40).map(|index| world.pair(index, [0.3, 0.1, 0.1], CacheStatus::Unknown)).collect();
    let (few, none) = (effect(&pairs, &pairs[..5]), effect(&pairs, &[]));
    assert_eq!((few.response, few.groups.clone()), (none.response, none.groups.clone()));
    assert_eq!(
        few.control.unwrap().words(),
        "order control: too few pairs of first downloads (n = 5, at least 6 needed), nothing taken out"
    );
}

#[test]
fn a_cache_that_fills_late_is_recognised_by_its_third_reads() {
    let mut world = World::new(2);
    let late: Vec<_> = (0..40).map(|index| world.pair(index, [0.1, 0.1, 0.025], CacheStatus::Miss)).collect();
    let effect_of_late = effect(&late, &[]);
    let (low, high) = effect_of_late.fills_late().unwrap().interval.unwrap();
    assert!(low <= 4.0 && 4.0 <= high, "{low} {high}");
    let at_once: Vec<_> =
        (0..40).map(|index| world.pair(index, [0.1, 0.025, 0.025], CacheStatus::Hit)).collect();
    assert_eq!(effect(&at_once, &[]).fills_late(), None);
}

#[test]
fn headers_that_lie_are_found_out_and_honest_ones_borne_out() {
    let finding = |seconds: [f64; 3], cache_status: CacheStatus, status_header: Option<StatusHeader>| {
        let mut world = World::new(3);
        let mut report = fixtures::report(100, &(0..100).flat_map(fixtures::journey).collect::<Vec<_>>());
        report.recording.pairs = crate::metrics::pairs::Pairs::default();
        for index in 0..100 {
            report.recording.record_pair(world.pair(index, seconds, cache_status));
        }
        let mut cache_statuses = CacheStatusCounts::default();
        if let Some(status_header) = status_header {
            cache_statuses.by_header.entry(status_header).or_default().insert(cache_status, 100);
        } else {
            cache_statuses.unknown = 100;
        }
        for (key, recording) in &mut report.recording.steps {
            if key.step == Step::CACHED {
                let only = recording.groups.values_mut().next().unwrap();
                only.cache_statuses = cache_statuses.clone();
            }
        }
        let rows = Summary::of(&report).cache.unwrap().status.rows;
        assert_eq!((rows.len(), rows[0].cache_status, rows[0].downloads), (1, cache_status, 100));
        rows[0].finding
    };
    let (fast, slow) = ([0.1, 0.02, 0.02], [0.1, 0.1, 0.1]);
    let nginx = Some(StatusHeader::X_CACHE_STATUS);
    assert_eq!(finding(fast, CacheStatus::Hit, nginx), Finding::Consistent);
    assert_eq!(finding(slow, CacheStatus::Hit, nginx), Finding::HitsNoFaster);
    assert_eq!(finding(slow, CacheStatus::Miss, nginx), Finding::Consistent);
    assert_eq!(finding(fast, CacheStatus::Bypass, nginx), Finding::MissesFaster);
    assert_eq!(finding(fast, CacheStatus::Unknown, None), Finding::SilentFaster);
    assert_eq!(finding(slow, CacheStatus::Unknown, None), Finding::Consistent);
}

#[test]
fn first_downloads_that_were_cached_already_are_counted_and_left_out() {
    let evidence = |cache_status| CacheEvidence {
        cache_status,
        status_header: Some(StatusHeader::X_CACHE),
        ..CacheEvidence::default()
    };
    let mut samples: Vec<_> = (0..40).flat_map(fixtures::journey).collect();
    for sample in &mut samples {
        // Of every fourth blob some cache has a copy before this run reads it.
        let warm = sample.index % 4 == 0 || sample.step == Step::CACHED;
        sample.exchange.cache = evidence(if warm { CacheStatus::Hit } else { CacheStatus::Miss });
    }
    let report = fixtures::report(40, &samples);
    let cache = Summary::of(&report).cache.unwrap();
    assert_eq!((cache.status.contaminated, cache.status.firsts, cache.pairs), (10, 40, 30));
    assert_eq!(cache.status.status_headers, [(StatusHeader::X_CACHE, 40)].into());
}

#[test]
fn sizes_and_aggregators_are_distinguished_where_each_has_enough() {
    let mut world = World::new(4);
    let pair = |world: &mut World, index: u64| {
        let small = index.is_multiple_of(2);
        let times = if small { [0.1, 0.05, 0.05] } else { [0.1, 0.01, 0.01] };
        let (size, target) = (if small { 100 << 10 } else { 10 << 20 }, usize::from(index >= 58));
        Pair { size, target, ..world.pair(index, times, CacheStatus::Unknown) }
    };
    let pairs: Vec<_> = (0..60).map(|index| pair(&mut world, index)).collect();
    let groups = effect(&pairs, &[]).groups;
    let sizes: Vec<_> = groups.iter().map(|group| (group.key.clone(), group.response.pairs)).collect();
    // The second aggregator has two pairs only: then the first one's are no group of their own either.
    let key = |from_bytes, below_bytes| GroupKey::Sizes { from_bytes, below_bytes };
    assert_eq!(sizes, [(key(64 << 10, 256 << 10), 30), (key(4 << 20, 16 << 20), 30)]);
    let between = |at: usize, from: f64, to: f64| (from..to).contains(&groups[at].response.median);
    assert!(between(0, 1.5, 2.7) && between(1, 7.5, 13.3), "{groups:?}");
}
