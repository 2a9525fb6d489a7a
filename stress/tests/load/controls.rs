//! Order controls, as the servers counted them: two first reads of different blobs, one right after the other.

use std::time::Duration;

use stress::{
    engine::{RunHooks, RunOutcome},
    metrics::step_metrics::StepMetrics,
    plan::{
        Phase, draw,
        journey::{JourneyKind, Step},
        load::Load,
        repeats::Repeatable,
        sizes::Sizes,
    },
    report::cache::Effect,
};
use tests::{Bottle, GET_BLOB, PUT_BLOB};

use crate::common::{blobs, metrics, phase, plan, rate, run, summary};

/// A phase with this share of order controls, and their number.
fn controlled(load: Load, count: u64, share: f64) -> (Phase, u64) {
    let main =
        Phase { sizes: Sizes { min: 0, max: 200_000 }, order_control: share, ..phase(load, blobs(count)) };
    let repeatable = Repeatable::of([&main], 0);
    let kind = |index| draw::journey_kind(7, index, &main, &repeatable);
    let chosen = (0..count).filter(|&index| kind(index) == JourneyKind::OrderControl).count();
    (main, chosen as u64)
}

/// The metrics of upload, first, cached, and of the upload and the download of control blobs.
fn step_metrics(outcome: &RunOutcome) -> [&StepMetrics; 5] {
    [Step::Upload, Step::FIRST, Step::CACHED, Step::ControlUpload, Step::Control]
        .map(|step| metrics(&outcome.recording, 0, step))
}

#[tokio::test]
async fn controls_are_additional_and_are_what_the_servers_counted() {
    for load in [Load::closed(4), rate(400.0, 64)] {
        // On a busy machine an open loop may have all of them in flight at once.
        let bottle = Bottle::builder().publisher(|config| config.limits.concurrent = 100).start();
        let (main, chosen) = controlled(load, 40, 0.5);
        assert!((10..=30).contains(&chosen), "{chosen}");
        let plan = plan(&bottle, vec![main]);
        let outcome = run(plan.clone(), RunHooks::default()).await;
        let [upload, first, cached, control_upload, control] = step_metrics(&outcome);
        assert_eq!((upload.done, first.done, cached.done), (40, 40, 40));
        assert_eq!((control_upload.done, control.done), (chosen, chosen));
        // As large as the blob that it is compared with, but other bytes: none was stored before.
        assert_eq!(control.bytes_received, control_upload.bytes_done);
        let (publisher, aggregator) = (bottle.publisher_stats(), bottle.aggregator_stats());
        assert_eq!(publisher.route(PUT_BLOB).status(200), 40 + chosen);
        assert_eq!(aggregator.route(GET_BLOB).status(200), 80 + chosen);
        assert_eq!(upload.bytes_done + control_upload.bytes_done, publisher.stores.blob_bytes);
        let of = |metrics: &StepMetrics| metrics.stored().values().sum::<u64>();
        assert_eq!((of(control_upload), control_upload.stored().len()), (chosen, 1));
        // A journey gives a pair of one kind.
        assert_eq!(
            (outcome.recording.controls.seen(), outcome.recording.pairs.seen()),
            (chosen, 40 - chosen)
        );
        let summary = summary(plan, outcome);
        assert_eq!(summary.uploads.unwrap().new, 40 + chosen);
        assert_eq!(summary.cache.unwrap().control.unwrap().pairs, chosen);
    }
}

#[tokio::test]
async fn the_factor_of_a_cache_remains_when_the_order_effect_is_divided_out() {
    let bottle = Bottle::builder()
        .aggregator(|config| {
            config.profile.first_read.latency = "150ms".parse().expect("a latency");
            config.profile.cached_read.latency = "50ms".parse().expect("a latency");
        })
        .start();
    let (main, chosen) = controlled(Load::closed(10), 60, 0.4);
    let plan = plan(&bottle, vec![main]);
    let outcome = run(plan.clone(), RunHooks::default()).await;
    let effect = summary(plan, outcome).cache.unwrap();
    let control = effect.control.unwrap();
    // Both of its downloads are first ones, with the latency of these.
    let order_effect = control.response.unwrap();
    assert_eq!((control.pairs, effect.pairs), (chosen, 60 - chosen));
    assert!((0.7..1.5).contains(&order_effect.median), "{order_effect:?}");
    let response = effect.response.unwrap();
    assert_eq!(response.order_effect, Some(order_effect.median));
    assert!((1.5..4.0).contains(&response.median) && effect.effect == Effect::Faster, "{response:?}");
}

#[tokio::test]
async fn a_failure_of_one_blob_does_not_affect_the_other_and_every_step_is_recorded() {
    let bottle = Bottle::builder().publisher_faults(&["503=30%"]).aggregator_faults(&["503=20%"]).start();
    let (main, chosen) = controlled(Load::closed(6), 60, 1.0);
    assert_eq!(chosen, 60);
    let outcome = run(plan(&bottle, vec![main]), RunHooks::default()).await;
    let all = step_metrics(&outcome);
    for one in all {
        assert_eq!(one.attempted() + one.skipped, 60);
    }
    let [upload, first, cached, control_upload, control] = all;
    assert_eq!((upload.skipped, control_upload.skipped), (0, 0));
    assert_eq!((first.skipped, cached.skipped), (upload.failed(), upload.failed() + first.failed()));
    assert_eq!(control.skipped, control_upload.failed());
    assert!(upload.failed() > 0 && control_upload.failed() > 0 && control.failed() > 0);
    let requests = bottle.publisher_stats().route(PUT_BLOB).received;
    assert_eq!(requests, upload.attempted() + control_upload.attempted());
    assert!(outcome.recording.controls.seen() <= first.done.min(control.done));
    assert_eq!(outcome.recording.pairs.seen(), 0);
}

#[tokio::test]
async fn every_step_of_an_aborted_control_is_recorded() {
    // What is under way when the grace period ends waits for this.
    let bottle = Bottle::builder()
        .aggregator(|config| config.profile.first_read.latency = "30s".parse().expect("a latency"))
        .start();
    let (main, _) = controlled(Load::closed(3), 1_000, 1.0);
    let mut main = Phase { grace: Duration::from_millis(50), ..main };
    main.stop.duration = Some(Duration::from_millis(200));
    let outcome = run(plan(&bottle, vec![main]), RunHooks::default()).await;
    let all = step_metrics(&outcome);
    let [upload, first, cached, control_upload, control] = all;
    assert_eq!(all.map(|one| one.attempted() + one.skipped), [control_upload.attempted(); 5]);
    assert!(control_upload.attempted() >= 3);
    assert_eq!(
        (first.done, first.unfinished, first.skipped),
        (0, first.attempted(), upload.unfinished + upload.skipped)
    );
    assert_eq!((cached.attempted(), control.attempted()), (0, 0));
}
