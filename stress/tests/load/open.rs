//! Open loops: journeys start when they are due, whatever the server or this machine does.

use std::time::Duration;

use stress::{
    engine::RunHooks,
    metrics::step_metrics::Span,
    plan::journey::{Journey, Step},
};
use tests::{Bottle, PUT_BLOB};
use tokio::sync::mpsc;

use crate::common::{blobs, metrics, millis, phase, plan, rate, run};

#[tokio::test]
async fn work_that_never_ends_is_reported_with_the_time_it_has_waited() {
    let bottle = Bottle::builder().publisher_faults(&["hang=100%"]).start();
    let mut main = phase(rate(20.0, 100), millis(500));
    main.grace = Duration::from_millis(300);
    let facts = run(plan(&bottle, vec![main]), RunHooks::default()).await;
    let upload = metrics(&facts.recording, 0, Step::Upload);
    assert_eq!((upload.done, upload.unfinished, upload.failed()), (0, 10, 0));
    let waited = upload.span(Span::Response).unwrap();
    // The first was due at 0, the last at 450 ms; all are given up 300 ms after that.
    assert!(waited.max().unwrap() >= Duration::from_millis(749), "{waited:?}");
    assert!(waited.min().unwrap() >= Duration::from_millis(299), "{waited:?}");
    assert_eq!(upload.least_lower_bound, waited.min());
    assert_eq!(metrics(&facts.recording, 0, Step::FIRST).skipped, 10);
}

#[tokio::test]
async fn arrivals_above_the_limit_are_dropped_and_counted() {
    let bottle = Bottle::builder().publisher_faults(&["hang=100%"]).start();
    let mut main = phase(rate(100.0, 5), blobs(40));
    main.grace = Duration::from_millis(500);
    let facts = run(plan(&bottle, vec![main]), RunHooks::default()).await;
    let arrivals = &facts.recording.arrivals[&0];
    assert_eq!((arrivals.offered(), arrivals.dropped), (40, 35));
    assert_eq!(bottle.publisher_stats().route(PUT_BLOB).received, 5);
}

/// What the machine holds is no matter of the plan, but of how many are dropped.
#[tokio::test]
async fn arrivals_above_what_the_machine_holds_are_dropped_and_counted() {
    let bottle = Bottle::builder().publisher_faults(&["hang=100%"]).start();
    for (places, received) in [(3, 3), (50, 5)] {
        let before = bottle.publisher_stats().route(PUT_BLOB).received;
        let mut main = phase(rate(200.0, 5), blobs(40));
        main.grace = Duration::from_millis(500);
        let hooks = RunHooks { places: Some(places), ..RunHooks::default() };
        let facts = run(plan(&bottle, vec![main]), hooks).await;
        let arrivals = &facts.recording.arrivals[&0];
        assert_eq!((arrivals.offered(), arrivals.dropped), (40, 40 - received), "{places}");
        assert_eq!(bottle.publisher_stats().route(PUT_BLOB).received - before, received, "{places}");
    }
}

/// When the generator itself stands still, response times and start delay say so, and service times do not.
#[tokio::test]
async fn a_generator_that_stands_still_is_seen() {
    const FROZEN: Duration = Duration::from_millis(1500);
    let bottle = Bottle::builder().publisher(|config| config.limits.concurrent = 1000).start();
    let mut main = phase(rate(100.0, 1000), millis(3000));
    main.journey = Journey { steps: vec![Step::Upload] };
    // Nobody takes samples for a while: once the channel is full, no step can start.
    let (sender, mut samples) = mpsc::channel(50);
    let listener = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(500) + FROZEN).await; // sleep: this is the freeze itself
        while samples.recv().await.is_some() {}
    });
    let hooks = RunHooks { samples: Some(sender), ..RunHooks::default() };
    let facts = run(plan(&bottle, vec![main]), hooks).await;
    listener.await.unwrap();
    let arrivals = &facts.recording.arrivals[&0];
    let upload = metrics(&facts.recording, 0, Step::Upload);
    assert_eq!((arrivals.offered(), upload.done), (300, 300), "late is not lost");
    // The 50 places are taken by 0.5 s, and the listener comes at 2 s: about 150 arrivals wait, up to 1.5 s.
    let share = |span: Span, quantile: f64| upload.span(span).unwrap().quantile(quantile).unwrap();
    assert!(arrivals.start_delay.max().unwrap() >= FROZEN.mul_f64(0.9), "{:?}", arrivals.start_delay.max());
    assert!(share(Span::Response, 0.99) >= FROZEN.mul_f64(0.9), "{:?}", share(Span::Response, 0.99));
    assert!(share(Span::Service, 0.25) < FROZEN.mul_f64(0.5), "{:?}", share(Span::Service, 0.25));
}

/// A server of known latency, seen from the instants at which requests were due.
#[tokio::test]
async fn response_time_is_lateness_and_service_time() {
    let bottle =
        Bottle::builder().publisher(|config| config.profile.store.latency = "50ms".parse().unwrap()).start();
    let facts = run(plan(&bottle, vec![phase(rate(50.0, 100), blobs(60))]), RunHooks::default()).await;
    let upload = metrics(&facts.recording, 0, Step::Upload);
    let min = |span: Span| upload.span(span).unwrap().min().unwrap();
    assert!(min(Span::Service) >= Duration::from_millis(50));
    assert!(min(Span::Response) >= min(Span::Service));
    assert_eq!(facts.recording.arrivals[&0].start_delay.count(), 60);
    // A later step is due when the one before it has ended, not when the journey was.
    let first =
        metrics(&facts.recording, 0, Step::FIRST).span(Span::Response).unwrap().quantile(0.5).unwrap();
    assert!(first < Duration::from_millis(50), "{first:?}");
}
