//! Steps that fail or never end, and what they do to the latencies of the others: nothing, or what they must.

use std::time::Duration;

use stress::{
    engine::RunHooks,
    plan::{
        journey::{Journey, Step},
        load::Load,
        percentile::Percentile,
    },
    sample::FailureClass,
};
use tests::{Bottle, GET_BLOB, PUT_BLOB};
use tokio::sync::mpsc;

use crate::common::{blobs, metrics, plan, run, summary, uploads};

#[tokio::test]
async fn timeouts_are_latencies_of_at_least_their_limit() {
    const LIMIT: Duration = Duration::from_millis(700);
    let bottle = Bottle::builder()
        .publisher_faults(&["hang=5%"])
        .publisher(|config| config.limits.concurrent = 100)
        .start();
    let mut plan = plan(&bottle, vec![uploads(Load::closed(16), blobs(400))]);
    plan.limits.upload_timeout = LIMIT;
    let facts = run(plan.clone(), RunHooks::default()).await;
    let summary = summary(plan, facts);
    let [upload] = summary.steps.as_slice() else { panic!("{summary:?}") };
    let response = upload.response().unwrap();
    let hung = bottle.publisher_stats().fault("hang");
    // On a machine that does nothing for so long, a request may time out that would have been answered.
    assert!(hung > 4 && upload.failed >= hung, "{hung} hung, {} failed", upload.failed);
    assert_eq!((upload.attempted, response.count, upload.done + upload.failed), (400, 400, 400));
    assert!(
        upload.failures.iter().all(|failure| failure.class == FailureClass::Timeout),
        "{:?}",
        upload.failures
    );
    let p99 = response.percentiles[&Percentile::P99];
    assert!(p99.lower_bound && p99.value >= LIMIT.mul_f64(0.999), "{p99:?}");
    assert!(response.max.lower_bound && response.mean.lower_bound);
    assert!(!response.median.lower_bound && response.median.value < LIMIT, "{:?}", response.median);
}

#[tokio::test]
async fn half_of_the_uploads_refused_at_once_make_the_others_no_faster() {
    const LATENCY: Duration = Duration::from_millis(60);
    let bottle = Bottle::builder()
        .publisher_faults(&["shed=50%"])
        .publisher(|config| {
            config.profile.store.latency = "60ms".parse().unwrap();
            config.limits.concurrent = 100;
        })
        .start();
    let plan = plan(&bottle, vec![uploads(Load::closed(8), blobs(200))]);
    let facts = run(plan.clone(), RunHooks::default()).await;
    let shed = bottle.publisher_stats().fault("shed");
    let failed = &metrics(&facts.recording, 0, Step::Upload).failures[&FailureClass::Shed];
    let (refused, fastest) = (failed.count, failed.own.min().unwrap());
    let summary = summary(plan, facts);
    let upload = &summary.steps[0];
    assert!((60..=140).contains(&shed), "{shed} of 200 by the dice");
    assert_eq!((refused, upload.failed, upload.done, upload.attempted), (shed, shed, 200 - shed, 200));
    let response = upload.response().unwrap();
    assert_eq!(response.count, upload.done, "a refusal is no latency");
    assert!(response.min.value >= LATENCY && response.median.value >= LATENCY, "{response:?}");
    assert!(fastest < LATENCY, "they came at once: {fastest:?}");
}

#[tokio::test]
async fn where_everything_is_refused_nothing_is_a_success() {
    let bottle = Bottle::builder().publisher_faults(&["shed=100%"]).start();
    let plan = plan(&bottle, vec![uploads(Load::closed(4), blobs(40))]);
    let facts = run(plan.clone(), RunHooks::default()).await;
    let summary = summary(plan, facts);
    let upload = &summary.steps[0];
    assert_eq!((upload.done, upload.failed, upload.response()), (0, 40, None));
    assert_eq!((upload.throughput_mib, summary.all_well()), (None, false));
    assert_eq!(bottle.publisher_stats().route(PUT_BLOB).status(429), 40);
}

/// A journey that is given up before its third read has its first and its cached one: they are a pair all the same.
#[tokio::test]
async fn a_journey_that_is_given_up_keeps_the_pair_that_it_has() {
    let bottle = Bottle::start();
    let read3 = Step::Read { ordinal: 3 };
    let mut main = uploads(Load::closed(1), blobs(1));
    main.journey = Journey { steps: vec![Step::Upload, Step::FIRST, Step::CACHED, read3] };
    let (sender, mut samples) = mpsc::channel(1);
    let hooks = RunHooks { samples: Some(sender), ..RunHooks::default() };
    let abort = hooks.abort.clone();
    let listener = tokio::spawn(async move {
        samples.recv().await.unwrap();
        samples.recv().await.unwrap();
        // As long as nobody takes the cached one's sample, the third has no place for its own and does not start.
        while samples.is_empty() {
            tokio::task::yield_now().await;
        }
        abort.cancel();
        while samples.recv().await.is_some() {}
    });
    let facts = run(plan(&bottle, vec![main]), hooks).await;
    listener.await.unwrap();
    let told = [Step::FIRST, Step::CACHED, read3].map(|step| {
        let metrics = metrics(&facts.recording, 0, step);
        (metrics.done, metrics.skipped)
    });
    assert_eq!(told, [(1, 0), (1, 0), (0, 1)]);
    assert_eq!((bottle.aggregator_stats().route(GET_BLOB).received, facts.recording.pairs.seen()), (2, 1));
}
