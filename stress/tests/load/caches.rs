//! The cache effect of a run, against aggregators whose caches behave in known ways.

use std::time::SystemTime;

use stress::{
    engine::RunHooks,
    plan::{Plan, journey::Journey, load::Load},
    report::{
        Ending, Report,
        cache::{CacheEffect, Effect, Finding},
        quality::{Check, Severity},
        summary::Summary,
    },
    sample::cache::{CacheStatus, StatusHeader},
};
use tests::{Bottle, CacheConfig};

use crate::common::{blobs, phase, plan, run};

/// A bottle whose cache has this persona, and whose first and cached reads have these latencies.
fn bottle(persona: &str, first: &'static str, cached: &'static str, change: fn(&mut CacheConfig)) -> Bottle {
    let mut cache = CacheConfig::of(persona.parse().expect("a persona"));
    change(&mut cache);
    let builder = Bottle::builder().publisher(|config| config.limits.concurrent = 100);
    let builder = builder.aggregator(move |config| {
        config.cache = cache;
        config.profile.first_read.latency = first.parse().expect("a latency");
        config.profile.cached_read.latency = cached.parse().expect("a latency");
    });
    builder.start()
}

/// 30 blobs, ten at a time, each read `reads` times.
fn thirty(bottle: &Bottle, reads: u8) -> Plan {
    let mut main = phase(Load::closed(10), blobs(30));
    main.journey = Journey::with_reads(true, reads);
    plan(bottle, vec![main])
}

async fn summary(plan: Plan) -> Summary {
    let outcome = run(plan.clone(), RunHooks::default()).await;
    let report = Report::new(plan, SystemTime::now(), outcome.elapsed, Ending::Completed, outcome.recording);
    Summary::of(&report)
}

async fn effect(plan: Plan) -> CacheEffect {
    summary(plan).await.cache.expect("both downloads")
}

fn only_row(effect: &CacheEffect) -> (CacheStatus, u64, Finding) {
    let [row] = effect.status.rows.as_slice() else { panic!("{:?}", effect.status) };
    (row.cache_status, row.downloads, row.finding)
}

#[tokio::test]
async fn the_hits_of_a_real_cache_are_confirmed_and_its_factor_is_measured() {
    let bottle = bottle("nginx", "150ms", "50ms", |_| {});
    let summary = summary(thirty(&bottle, 2)).await;
    let effect = summary.cache.unwrap();
    assert_eq!(only_row(&effect), (CacheStatus::Hit, 30, Finding::Consistent));
    assert_eq!(effect.status.status_headers, [(StatusHeader::X_CACHE_STATUS, 30)].into());
    assert_eq!((effect.status.contaminated, effect.status.firsts, effect.pairs), (0, 30, 30));
    // Three, or less since a busy machine adds to both.
    let response = effect.response.unwrap();
    assert!((1.5..3.2).contains(&response.median), "{response:?}");
    assert!(response.p_value.unwrap() < 1e-6 && effect.effect == Effect::Faster, "{response:?}");
    // All of it is in the time to first byte.
    assert_eq!(effect.first_byte.unwrap().effect(), Effect::Faster);
    let check = summary.quality.checks.iter().find(|check| check.check == Check::Contaminated).unwrap();
    assert_eq!((check.measured, check.severity), (0.0, Severity::Trustworthy));
}

#[tokio::test]
async fn false_hits_are_reported() {
    let bottle = bottle("false-hit", "200ms", "10ms", |_| {});
    let effect = effect(thirty(&bottle, 2)).await;
    assert_eq!(only_row(&effect), (CacheStatus::Hit, 30, Finding::HitsNoFaster));
    assert_ne!(effect.effect, Effect::Faster, "{}", effect.sentence());
}

#[tokio::test]
async fn a_cache_without_headers_is_recognised_by_its_times() {
    let bottle = bottle("none", "150ms", "50ms", |_| {});
    let effect = effect(thirty(&bottle, 2)).await;
    assert_eq!(only_row(&effect), (CacheStatus::Unknown, 30, Finding::SilentFaster));
}

#[tokio::test]
async fn a_cache_that_fills_late_is_recognised_by_third_reads() {
    // The second read is sent before the cache has its copy, the third one well after.
    let bottle =
        bottle("nginx", "200ms", "20ms", |cache| cache.fill_delay = std::time::Duration::from_millis(100));
    let effect = effect(thirty(&bottle, 3)).await;
    let late = effect.fills_late().unwrap();
    assert!(late.median > 2.0, "{late:?}");
    assert_ne!(effect.effect, Effect::Faster, "{}", effect.sentence());
}

#[tokio::test]
async fn blobs_that_were_cached_before_the_run_give_no_pairs_and_make_it_invalid() {
    let bottle = bottle("cloudflare", "1ms", "1ms", |_| {});
    let plan = thirty(&bottle, 2);
    assert_eq!(effect(plan.clone()).await.status.contaminated, 0);
    let again = summary(plan).await;
    let effect = again.cache.unwrap();
    assert_eq!((effect.status.contaminated, effect.status.firsts, effect.pairs_seen), (30, 30, 0));
    assert_eq!(again.quality.severity(), Some(Severity::Invalid));
}
