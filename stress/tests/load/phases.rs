//! Phases and warm-ups: one after the other, each with blobs of its own.

use stress::{
    engine::RunHooks,
    plan::{journey::Step, load::Load},
};
use tests::{Bottle, GET_BLOB, PUT_BLOB};

use crate::common::{blobs, metrics, phase, plan, rate, run};

#[tokio::test]
async fn phases_follow_one_another_and_share_connections_but_no_blob() {
    let bottle = Bottle::start();
    let phases = vec![
        phase(Load::closed(4), blobs(10)),
        phase(rate(200.0, 100), blobs(12)),
        phase(Load::closed(2), blobs(5)),
    ];
    let outcome = run(plan(&bottle, phases), RunHooks::default()).await;
    for (position, count) in [(0, 10), (1, 12), (2, 5)] {
        assert_eq!(metrics(&outcome.recording, position, Step::CACHED).done, count, "phase {position}");
    }
    let stats = bottle.publisher_stats();
    assert_eq!((stats.stores.newly_created, stats.route(PUT_BLOB).received), (27, 27));
    assert_eq!(outcome.recording.pairs.seen(), 27);
    let ends = |position| metrics(&outcome.recording, position, Step::CACHED).window.unwrap().1;
    let starts = |position| metrics(&outcome.recording, position, Step::Upload).window.unwrap().0;
    assert!(ends(0) <= starts(1) && ends(1) <= starts(2), "phases do not overlap");
}

#[tokio::test]
async fn a_warm_up_opens_the_connections_and_is_not_part_of_the_numbers() {
    let bottle = Bottle::start();
    let mut warm_up = phase(Load::closed(4), blobs(20));
    warm_up.warm_up = true;
    let outcome =
        run(plan(&bottle, vec![warm_up, phase(Load::closed(4), blobs(10))]), RunHooks::default()).await;
    assert_eq!(outcome.recording.steps.keys().map(|key| key.phase).collect::<Vec<_>>(), [1, 1, 1]);
    assert_eq!(metrics(&outcome.recording, 1, Step::Upload).done, 10);
    assert_eq!(metrics(&outcome.warm_up, 0, Step::Upload).done, 20);
    assert_eq!((outcome.recording.connections.opened, outcome.recording.connections.reused), (0, 30));
    assert_eq!(bottle.aggregator_stats().route(GET_BLOB).received, 60);
}
