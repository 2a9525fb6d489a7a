//! `--order phased`: each step over all blobs before the next one, with the same blobs and the same counts.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use stress::{
    engine::{List, Listed, RunHooks, RunOutcome},
    metrics::{StepKey, step_metrics::StepMetrics},
    plan::{
        Phase, Plan,
        journey::{Journey, Step},
        load::Load,
        shard::Shard,
        source::{BlobSource, Listing},
    },
    sample::{Novelty, Outcome, Sample},
};
use tests::{Bottle, GET_BLOB, PUT_BLOB};
use tokio::sync::mpsc;

use crate::common::{self, blobs, metrics, millis, phase, plan, rate, run};

/// A plan with a phase for each step.
fn phased(bottle: &Bottle, main: Phase) -> Plan {
    plan(bottle, main.step_by_step())
}

/// Runs the plan and collects every sample.
async fn run_with_samples(plan: Plan) -> (RunOutcome, Vec<Sample>) {
    let (outcome, received) = common::run_with_samples(plan).await;
    (outcome, received.into_iter().map(|received| received.sample).collect())
}

fn window(metrics: &StepMetrics) -> (Duration, Duration) {
    metrics.window.expect("something was tried")
}

#[tokio::test]
async fn each_step_is_done_to_all_blobs_before_the_next_and_reads_are_paired() {
    for load in [Load::closed(4), rate(200.0, 100)] {
        let bottle = Bottle::builder().publisher(|config| config.limits.concurrent = 1000).start();
        let (outcome, samples) = run_with_samples(phased(&bottle, phase(load, blobs(40)))).await;
        let [upload, first, cached] = [(0, Step::Upload), (1, Step::FIRST), (2, Step::CACHED)]
            .map(|(position, step)| metrics(&outcome.recording, position, step));
        assert_eq!((upload.done, first.done, cached.done), (40, 40, 40));
        assert_eq!(outcome.recording.steps.len(), 3);
        assert!(window(upload).1 <= window(first).0 && window(first).1 <= window(cached).0);
        assert_eq!(bottle.publisher_stats().route(PUT_BLOB).received, 40);
        let reads = bottle.aggregator_stats().reads;
        assert_eq!((reads.first, reads.cached), (40, 40), "the servers agree on what was read first");
        let mut times: BTreeMap<(u64, Step), Duration> = BTreeMap::new();
        for sample in &samples {
            // Neither opening a connection nor the start delay is part of what is compared.
            let opening = sample.exchange.link.map(|link| link.opening()).unwrap_or_default();
            times.insert((sample.index, sample.step), sample.exchange.timing.service() - opening);
        }
        assert_eq!((samples.len(), times.len()), (120, 120), "each blob has each step once");
        assert_eq!((outcome.recording.pairs.seen(), outcome.recording.pairs.iter().count()), (40, 40));
        for pair in outcome.recording.pairs.iter() {
            let expected = [Step::FIRST, Step::CACHED].map(|step| times[&(pair.index, step)]);
            assert_eq!([pair.first, pair.cached], expected, "{pair:?}");
        }
    }
}

#[tokio::test]
async fn a_blob_that_was_not_stored_is_skipped_in_later_phases() {
    for load in [Load::closed(4), rate(200.0, 100)] {
        let bottle = Bottle::builder().publisher_faults(&["500=50%"]).start();
        let (outcome, samples) = run_with_samples(phased(&bottle, phase(load, blobs(40)))).await;
        let upload = metrics(&outcome.recording, 0, Step::Upload);
        let (stored, failed) = (upload.done, upload.failed());
        assert!(stored > 0 && failed > 0 && stored + failed == 40, "{stored} and {failed}");
        for (position, step) in [(1, Step::FIRST), (2, Step::CACHED)] {
            let reads = metrics(&outcome.recording, position, step);
            assert_eq!((reads.done, reads.attempted(), reads.skipped), (stored, stored, failed), "{step}");
        }
        let outcome = |step| {
            let of = samples.iter().filter(move |sample| sample.step == step);
            of.map(|sample| (sample.index, &sample.outcome)).collect::<BTreeMap<_, _>>()
        };
        let (uploads, cached) = (outcome(Step::Upload), outcome(Step::CACHED));
        for (index, upload) in uploads {
            assert_eq!(matches!(upload, Outcome::Failed(_)), *cached[&index] == Outcome::Skipped, "{index}");
        }
    }
}

#[tokio::test]
async fn a_blob_whose_arrival_was_dropped_is_skipped_in_later_phases() {
    let bottle = Bottle::builder()
        .aggregator(|config| config.profile.first_read.latency = "150ms".parse().unwrap())
        .start();
    let mut plan = phased(&bottle, phase(Load::closed(4), blobs(30)));
    plan.phases[1].load = rate(200.0, 2);
    let outcome = run(plan, RunHooks::default()).await;
    let (first, cached) =
        (metrics(&outcome.recording, 1, Step::FIRST), metrics(&outcome.recording, 2, Step::CACHED));
    let dropped = outcome.recording.arrivals[&1].dropped;
    assert!(dropped > 0 && first.done > 0, "{dropped}");
    assert_eq!((first.done + dropped, outcome.recording.arrivals[&1].offered()), (30, 30));
    assert_eq!((cached.done, cached.skipped), (first.done, dropped));
    let reads = bottle.aggregator_stats().reads;
    assert_eq!((reads.first, reads.cached), (first.done, cached.done));
}

#[tokio::test]
async fn a_time_limit_ends_the_uploads_and_each_stored_blob_is_read_once() {
    let bottle =
        Bottle::builder().publisher(|config| config.profile.store.latency = "20ms".parse().unwrap()).start();
    let mut main = phase(Load::closed(4), millis(300));
    main.journey = Journey::with_reads(true, 3);
    let outcome = run(phased(&bottle, main), RunHooks::default()).await;
    let done = |position, step| metrics(&outcome.recording, position, step).done;
    let stored = done(0, Step::Upload);
    assert!((1..=64).contains(&stored), "{stored}");
    let reads = [done(1, Step::FIRST), done(2, Step::CACHED), done(3, Step::Read { ordinal: 3 })];
    assert_eq!(reads, [stored; 3]);
    assert_eq!(bottle.aggregator_stats().route(GET_BLOB).received, 3 * stored);
}

#[tokio::test]
async fn repeats_stay_repeats_and_are_still_verified() {
    let bottle = Bottle::start();
    let mut main = phase(Load::closed(2), blobs(60));
    main.duplicates = 0.5;
    let mut plan = phased(&bottle, main);
    plan.store.persistence = Some(stress::plan::store::Persistence::Permanent);
    // The load of a later phase does not change what a blob is.
    plan.phases[1].load = Load::closed(7);
    let outcome = run(plan, RunHooks::default()).await;
    let done = |phase, step, novelty| outcome.recording.steps[&StepKey { phase, step, novelty }].total().done;
    let repeats = done(0, Step::Upload, Novelty::Repeat);
    assert!((10..=50).contains(&repeats), "{repeats}");
    for (position, step) in [(1, Step::FIRST), (2, Step::CACHED)] {
        assert_eq!(done(position, step, Novelty::Repeat), repeats, "{step}");
        assert_eq!(done(position, step, Novelty::Fresh), 60 - repeats, "{step}");
    }
    assert_eq!(outcome.recording.pairs.seen(), 60 - repeats);
}

#[tokio::test]
async fn a_list_is_read_once_for_each_step() {
    let bottle = Bottle::start();
    let mut main = phase(Load::closed(3), blobs(10));
    main.journey = Journey { steps: vec![Step::Upload] };
    let (_, stored) = run_with_samples(plan(&bottle, vec![main])).await;
    let (sender, receiver) = mpsc::channel(20);
    // The last one is listed twice: a repeat, which has no second first download.
    for sample in stored.iter().chain(stored.last()) {
        let id = sample.blob_id.clone().expect("it was stored");
        sender.send(vec![Listed { id, size: Some(sample.size) }]).await.expect("a receiver");
    }
    drop(sender);
    let mut main = phase(Load::closed(3), blobs(11));
    main.journey = Journey::with_reads(false, 2);
    main.source = BlobSource::List { name: "list".to_owned(), round: false, listing: Listing::BlobIds };
    let hooks = RunHooks { list: Some(Arc::new(List::new(receiver, Shard::WHOLE))), ..RunHooks::default() };
    let outcome = run(phased(&bottle, main), hooks).await;
    let done = |phase, step, novelty| outcome.recording.steps[&StepKey { phase, step, novelty }].total().done;
    assert_eq!((done(0, Step::FIRST, Novelty::Fresh), done(0, Step::FIRST, Novelty::Repeat)), (10, 1));
    assert_eq!((done(1, Step::CACHED, Novelty::Fresh), done(1, Step::CACHED, Novelty::Repeat)), (10, 1));
    assert_eq!(outcome.recording.pairs.seen(), 10);
    assert_eq!(bottle.aggregator_stats().route(GET_BLOB).status(200), 22);
}

#[tokio::test]
async fn a_warm_up_before_the_phases_is_not_part_of_them() {
    let bottle = Bottle::start();
    let main = phase(Load::closed(4), blobs(10));
    let warm_up = Phase { warm_up: true, ..phase(Load::closed(4), blobs(6)) };
    let outcome =
        run(plan(&bottle, [vec![warm_up], main.step_by_step()].concat()), RunHooks::default()).await;
    assert_eq!(outcome.recording.steps.keys().map(|key| key.phase).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(metrics(&outcome.recording, 3, Step::CACHED).done, 10);
    assert_eq!(outcome.recording.pairs.seen(), 10);
    assert_eq!(bottle.aggregator_stats().route(GET_BLOB).received, 32);
}
