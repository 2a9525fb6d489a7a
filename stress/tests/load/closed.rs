//! Closed loops: as many journeys at a time as wanted, and never more.

use std::time::Duration;

use stress::{
    engine::Wires,
    plan::{
        journey::{Journey, Step},
        load::{Load, Stop},
        stages::{Stage, Stages},
    },
    record::ledger::Span,
};
use tests::Bottle;

use crate::common::{blobs, ledger, phase, plan, run};

/// The number of requests under way is what comes through times how long it takes.
#[tokio::test]
async fn littles_law_holds() {
    for workers in [1, 4, 16] {
        let bottle = Bottle::builder()
            .publisher(|config| {
                config.weather.store.latency = "40ms".parse().unwrap();
                config.limits.concurrent = 100;
            })
            .start();
        let mut main = phase(Load::closed(workers), blobs(u64::from(workers) * 20));
        main.journey = Journey { steps: vec![Step::Upload] };
        let facts = run(plan(&bottle, vec![main]), Wires::default()).await;
        let upload = ledger(&facts.recording, 0, Step::Upload);
        let (start, end) = upload.window.unwrap();
        let mean = upload.span(Span::Response).unwrap().mean().unwrap().as_secs_f64();
        let under_way = upload.done as f64 / (end - start).as_secs_f64() * mean;
        let expected = f64::from(workers);
        // Below by the ends of a short run and by what the generator does between two requests.
        assert!((expected * 0.8..=expected * 1.001).contains(&under_way), "{under_way} of {workers}");
    }
}

#[tokio::test]
async fn stages_change_how_many_are_under_way() {
    let bottle = Bottle::builder()
        .publisher(|config| {
            config.weather.store.latency = "50ms".parse().unwrap();
            config.limits.concurrent = 100;
        })
        .start();
    let stage = |workers: f64, millis| Stage {
        from: workers,
        to: workers,
        duration: Some(Duration::from_millis(millis)),
    };
    let workers = Stages(vec![stage(1.0, 600), stage(8.0, 600), stage(2.0, 600)]);
    let mut main = phase(Load::Closed { workers }, Stop { blobs: None, duration: None });
    main.journey = Journey { steps: vec![Step::Upload] };
    let facts = run(plan(&bottle, vec![main]), Wires::default()).await;
    let done = ledger(&facts.recording, 0, Step::Upload).done;
    // At 50 ms each: 12 by one worker, 96 by eight, 24 by two, and a few fewer on a busy machine.
    assert!((60..=143).contains(&done), "{done}");
    assert_eq!(bottle.publisher_stats().stores.newly_created, done);
}

#[tokio::test]
async fn more_workers_than_blobs_are_no_load() {
    let bottle = Bottle::start();
    let facts = run(plan(&bottle, vec![phase(Load::closed(u32::MAX), blobs(3))]), Wires::default()).await;
    assert_eq!(ledger(&facts.recording, 0, Step::CACHED).done, 3);
}
