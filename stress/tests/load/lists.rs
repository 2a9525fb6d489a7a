//! Phases over a list of stored blobs, which is streamed.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use stress::{
    engine::{List, Listed, RunHooks},
    plan::{
        Phase,
        journey::{Journey, Step},
        load::Load,
        shard::Shard,
        source::{BlobSource, Listing},
    },
    sample::FailureClass,
};
use tests::{Bottle, GET_BLOB};
use tokio::sync::mpsc;

use crate::common::{metrics, millis, phase, plan, rate, run};

/// A list of `count` blobs that are not stored, and how many of its entries were sent.
fn list(count: usize, capacity: usize) -> (Arc<List>, Arc<AtomicUsize>) {
    let (sender, receiver) = mpsc::channel(capacity);
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = sent.clone();
    tokio::spawn(async move {
        for number in 0..count {
            let listed = Listed { id: format!("{number:0>5}{:A>38}", "").into(), size: None };
            if sender.send(vec![listed]).await.is_err() {
                break;
            }
            counter.fetch_add(1, Ordering::Relaxed);
        }
    });
    (Arc::new(List::new(receiver, Shard::WHOLE)), sent)
}

fn first_downloads(load: Load, time: u64) -> Phase {
    Phase {
        journey: Journey { steps: vec![Step::FIRST] },
        source: BlobSource::List { name: "list".to_owned(), round: false, listing: Listing::BlobIds },
        ..phase(load, millis(time))
    }
}

#[tokio::test]
async fn a_phase_ends_with_its_list() {
    for load in [Load::closed(4), rate(400.0, 1000)] {
        let bottle = Bottle::start();
        let (list, _) = list(100, 8);
        let plan = plan(&bottle, vec![first_downloads(load, 60_000)]);
        let outcome = run(plan, RunHooks { list: Some(list), ..RunHooks::default() }).await;
        let first = metrics(&outcome.recording, 0, Step::FIRST);
        assert_eq!((first.attempted(), first.failures[&FailureClass::NotFound].count), (100, 100));
        assert_eq!(bottle.aggregator_stats().route(GET_BLOB).received, 100);
    }
}

#[tokio::test]
async fn a_list_is_read_no_further_than_it_is_used() {
    let bottle = Bottle::builder().aggregator_faults(&["hang=100%"]).start();
    let (list, sent) = list(10_000, 8);
    let mut main = first_downloads(Load::closed(4), 200);
    main.grace = std::time::Duration::from_millis(100);
    let outcome = run(plan(&bottle, vec![main]), RunHooks { list: Some(list), ..RunHooks::default() }).await;
    assert_eq!(metrics(&outcome.recording, 0, Step::FIRST).unfinished, 4);
    assert!(sent.load(Ordering::Relaxed) <= 4 + 8 + 1, "{sent:?}");
}
