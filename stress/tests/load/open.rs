//! Open loops: journeys start when they are due, whatever the server or this machine does.

use std::time::Duration;

use stress::{
    engine::RunHooks,
    metrics::step_metrics::Span,
    plan::{
        journey::{Journey, Step},
        load::Load,
        schedule::{Arrivals, Schedule},
        stages::Stages,
    },
};
use tests::{Bottle, PUT_BLOB};
use tokio::sync::mpsc;

use crate::common::{blobs, metrics, millis, phase, plan, rate, run, uploads};

#[tokio::test]
async fn unfinished_work_is_recorded_with_the_time_it_has_waited() {
    let bottle = Bottle::builder().publisher_faults(&["hang=100%"]).start();
    let mut main = phase(rate(20.0, 100), millis(500));
    main.grace = Duration::from_millis(300);
    let outcome = run(plan(&bottle, vec![main]), RunHooks::default()).await;
    let upload = metrics(&outcome.recording, 0, Step::Upload);
    assert_eq!((upload.done, upload.unfinished, upload.failed()), (0, 10, 0));
    let waited = upload.span(Span::Response).unwrap();
    // The first was due at 0, the last at 450 ms; all are aborted 300 ms after that.
    assert!(waited.max().unwrap() >= Duration::from_millis(749), "{waited:?}");
    assert!(waited.min().unwrap() >= Duration::from_millis(299), "{waited:?}");
    assert_eq!(upload.least_lower_bound, waited.min());
    assert_eq!(metrics(&outcome.recording, 0, Step::FIRST).skipped, 10);
}

#[tokio::test]
async fn arrivals_above_the_limit_are_dropped_and_counted() {
    let bottle = Bottle::builder().publisher_faults(&["hang=100%"]).start();
    let mut main = phase(rate(100.0, 5), blobs(40));
    main.grace = Duration::from_millis(500);
    let outcome = run(plan(&bottle, vec![main]), RunHooks::default()).await;
    let arrivals = &outcome.recording.arrivals[&0];
    assert_eq!((arrivals.offered(), arrivals.dropped), (40, 35));
    assert_eq!(bottle.publisher_stats().route(PUT_BLOB).received, 5);
}

#[tokio::test]
async fn arrivals_above_the_limit_of_the_machine_are_dropped_and_counted() {
    let bottle = Bottle::builder().publisher_faults(&["hang=100%"]).start();
    for (most, received) in [(3, 3), (50, 5)] {
        let before = bottle.publisher_stats().route(PUT_BLOB).received;
        let mut main = phase(rate(200.0, 5), blobs(40));
        main.grace = Duration::from_millis(500);
        let hooks = RunHooks { max_in_flight: Some(most), ..RunHooks::default() };
        let outcome = run(plan(&bottle, vec![main]), hooks).await;
        let arrivals = &outcome.recording.arrivals[&0];
        assert_eq!((arrivals.offered(), arrivals.dropped), (40, 40 - received), "{most}");
        assert_eq!(bottle.publisher_stats().route(PUT_BLOB).received - before, received, "{most}");
    }
}

/// The highest rate: the schedule ends with the grace period, and what was due is counted, whatever became of it.
#[tokio::test]
async fn every_arrival_that_was_due_is_counted_when_the_generator_is_behind() {
    let bottle = Bottle::start();
    for arrivals in [Arrivals::Uniform, Arrivals::Poisson] {
        for stop in [millis(500), blobs(500_000)] {
            let stages = Stages::constant(1e6);
            let mut main = uploads(Load::Open { rate: stages.clone(), arrivals, max_in_flight: 20 }, stop);
            main.grace = Duration::from_millis(100);
            let plan = plan(&bottle, vec![main]);
            let within = |due: Duration| stop.duration.is_none_or(|length| due < length);
            let schedule =
                Schedule::new(&stages, arrivals, plan.seed).take_while(|arrival| within(arrival.due));
            let due = stop.blobs.unwrap_or_else(|| schedule.count() as u64);
            let outcome = run(plan, RunHooks::default()).await;
            let recorded = &outcome.recording.arrivals[&0];
            assert_eq!(recorded.offered(), due, "{arrivals} {stop:?} {recorded:?}");
            assert!(recorded.never_started <= recorded.dropped, "{recorded:?}");
            let upload = metrics(&outcome.recording, 0, Step::Upload);
            assert_eq!(upload.attempted(), recorded.start_delay.count(), "each started one has an outcome");
        }
    }
}

/// The samples are not received, so that no journey but the first can start, until a signal ends the run.
#[tokio::test]
async fn arrivals_that_wait_when_a_signal_comes_were_due_and_never_started() {
    let bottle = Bottle::start();
    let (sender, mut samples) = mpsc::channel(1);
    let hooks = RunHooks { samples: Some(sender), ..RunHooks::default() };
    let (stop, abort) = (hooks.stop.clone(), hooks.abort.clone());
    let receiver = tokio::spawn(async move {
        let first = samples.recv().await;
        stop.cancel();
        abort.cancel();
        while samples.recv().await.is_some() {}
        first
    });
    let load = uploads(rate(1000.0, 10_000), millis(3_600_000));
    let outcome = run(plan(&bottle, vec![load]), hooks).await;
    assert!(receiver.await.unwrap().is_some());
    let arrivals = &outcome.recording.arrivals[&0];
    let upload = metrics(&outcome.recording, 0, Step::Upload);
    assert_eq!(
        (arrivals.dropped, arrivals.start_delay.count()),
        (arrivals.never_started, upload.attempted())
    );
    assert!(arrivals.never_started >= upload.skipped, "{arrivals:?}, {} skipped", upload.skipped);
    // Of the rest of the hour nothing was due.
    let most = 1000 * (outcome.elapsed.as_secs() + 1);
    assert!((1..=most).contains(&arrivals.offered()), "{arrivals:?}");
}

/// A stall of the generator is part of response times and start delays, but not of service times.
#[tokio::test]
async fn a_stalled_generator_is_visible() {
    const STALL: Duration = Duration::from_millis(1500);
    let bottle = Bottle::builder().publisher(|config| config.limits.concurrent = 1000).start();
    let mut main = phase(rate(100.0, 1000), millis(3000));
    main.journey = Journey { steps: vec![Step::Upload] };
    // The samples are not received for a while (backpressure): once the channel is full, no step can start.
    let (sender, mut samples) = mpsc::channel(50);
    let receiver = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(500) + STALL).await; // sleep: this is the stall itself
        while samples.recv().await.is_some() {}
    });
    let hooks = RunHooks { samples: Some(sender), ..RunHooks::default() };
    let outcome = run(plan(&bottle, vec![main]), hooks).await;
    receiver.await.unwrap();
    let arrivals = &outcome.recording.arrivals[&0];
    let upload = metrics(&outcome.recording, 0, Step::Upload);
    assert_eq!((arrivals.offered(), upload.done), (300, 300), "late is not lost");
    // The channel is full at 0.5 s, and the receiver starts at 2 s: about 150 arrivals wait, up to 1.5 s.
    let share = |span: Span, quantile: f64| upload.span(span).unwrap().quantile(quantile).unwrap();
    assert!(arrivals.start_delay.max().unwrap() >= STALL.mul_f64(0.9), "{:?}", arrivals.start_delay.max());
    assert!(share(Span::Response, 0.99) >= STALL.mul_f64(0.9), "{:?}", share(Span::Response, 0.99));
    assert!(share(Span::Service, 0.25) < STALL.mul_f64(0.5), "{:?}", share(Span::Service, 0.25));
}

/// A server of known latency, measured from the instants at which requests were due.
#[tokio::test]
async fn response_time_is_start_delay_and_service_time() {
    let bottle =
        Bottle::builder().publisher(|config| config.profile.store.latency = "50ms".parse().unwrap()).start();
    let outcome = run(plan(&bottle, vec![phase(rate(50.0, 100), blobs(60))]), RunHooks::default()).await;
    let upload = metrics(&outcome.recording, 0, Step::Upload);
    let min = |span: Span| upload.span(span).unwrap().min().unwrap();
    assert!(min(Span::Service) >= Duration::from_millis(50));
    assert!(min(Span::Response) >= min(Span::Service));
    assert_eq!(outcome.recording.arrivals[&0].start_delay.count(), 60);
    // A later step is due when the one before it has ended, not when the journey was.
    let first =
        metrics(&outcome.recording, 0, Step::FIRST).span(Span::Response).unwrap().quantile(0.5).unwrap();
    assert!(first < Duration::from_millis(50), "{first:?}");
}
