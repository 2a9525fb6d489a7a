//! Steps that fail or never end, and their effect on the latencies of the others.

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
    let outcome = run(plan.clone(), RunHooks::default()).await;
    let summary = summary(plan, outcome);
    let [upload] = summary.steps.as_slice() else { panic!("{summary:?}") };
    let response = upload.response().unwrap();
    let hung = bottle.publisher_stats().fault("hang");
    // On a machine that stalls, a request may time out that would have been answered.
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
async fn early_refusals_do_not_lower_the_latency_of_successes() {
    const LATENCY: Duration = Duration::from_millis(60);
    let bottle = Bottle::builder()
        .publisher_faults(&["shed=50%"])
        .publisher(|config| {
            config.profile.store.latency = "60ms".parse().unwrap();
            config.limits.concurrent = 100;
        })
        .start();
    let plan = plan(&bottle, vec![uploads(Load::closed(8), blobs(200))]);
    let outcome = run(plan.clone(), RunHooks::default()).await;
    let shed = bottle.publisher_stats().fault("shed");
    let failed = &metrics(&outcome.recording, 0, Step::Upload).failures[&FailureClass::Shed];
    let (refused, fastest) = (failed.count, failed.own.min().unwrap());
    let summary = summary(plan, outcome);
    let upload = &summary.steps[0];
    assert!((60..=140).contains(&shed), "{shed} of 200 by chance");
    assert_eq!((refused, upload.failed, upload.done, upload.attempted), (shed, shed, 200 - shed, 200));
    let response = upload.response().unwrap();
    assert_eq!(response.count, upload.done, "a refusal is not a response time");
    assert!(response.min.value >= LATENCY && response.median.value >= LATENCY, "{response:?}");
    assert!(fastest < LATENCY, "refusals are immediate: {fastest:?}");
}

#[tokio::test]
async fn a_run_in_which_everything_is_refused_has_no_success() {
    let bottle = Bottle::builder().publisher_faults(&["shed=100%"]).start();
    let plan = plan(&bottle, vec![uploads(Load::closed(4), blobs(40))]);
    let outcome = run(plan.clone(), RunHooks::default()).await;
    let summary = summary(plan, outcome);
    let upload = &summary.steps[0];
    assert_eq!((upload.done, upload.failed, upload.response()), (0, 40, None));
    assert_eq!((upload.throughput_mib, summary.all_well()), (None, false));
    assert_eq!(bottle.publisher_stats().route(PUT_BLOB).status(429), 40);
}

#[tokio::test]
async fn a_journey_that_is_aborted_before_its_third_read_has_its_pair() {
    let bottle = Bottle::start();
    let read3 = Step::Read { ordinal: 3 };
    let mut main = uploads(Load::closed(1), blobs(1));
    main.journey = Journey { steps: vec![Step::Upload, Step::FIRST, Step::CACHED, read3] };
    let (sender, mut samples) = mpsc::channel(1);
    let hooks = RunHooks { samples: Some(sender), ..RunHooks::default() };
    let abort = hooks.abort.clone();
    let receiver = tokio::spawn(async move {
        samples.recv().await.unwrap();
        samples.recv().await.unwrap();
        // Until the sample of the cached read is received no capacity is left, and the third read does not start.
        while samples.is_empty() {
            tokio::task::yield_now().await;
        }
        abort.cancel();
        while samples.recv().await.is_some() {}
    });
    let outcome = run(plan(&bottle, vec![main]), hooks).await;
    receiver.await.unwrap();
    let counts = [Step::FIRST, Step::CACHED, read3].map(|step| {
        let metrics = metrics(&outcome.recording, 0, step);
        (metrics.done, metrics.skipped)
    });
    assert_eq!(counts, [(1, 0), (1, 0), (0, 1)]);
    assert_eq!((bottle.aggregator_stats().route(GET_BLOB).received, outcome.recording.pairs.seen()), (2, 1));
}
