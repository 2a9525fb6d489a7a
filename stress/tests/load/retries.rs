//! Retries: every attempt is recorded, `Retry-After` is respected, and no other journey is delayed.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use stress::{
    engine::{RunHooks, RunOutcome},
    metrics::step_metrics::{Span, StepMetrics},
    plan::{
        Plan,
        journey::{Journey, Step},
        load::Load,
        retry::{Backoff, Retries},
    },
    sample::{FailureClass, Outcome, Sample},
};
use tests::{Bottle, GET_BLOB};
use tokio::sync::mpsc;
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::method};

use crate::common::{blobs, metrics, millis, phase, plan, rate, run};

const WAIT: Duration = Duration::from_millis(80);

fn retries(most: u32, wait: Duration) -> Retries {
    Retries { most, backoff: Backoff::Constant { wait }, ..Retries::default() }
}

/// Uploads to a server that answers the `first` ones with this refusal and stores the rest.
async fn refusing(first: u64, refusal: ResponseTemplate, load: Load, count: u64) -> (MockServer, Plan) {
    let server = MockServer::start().await;
    Mock::given(method("PUT")).respond_with(refusal).up_to_n_times(first).mount(&server).await;
    let ids = AtomicU64::new(0);
    let stored = move |_: &Request| {
        let id = format!("{:A>43}", ids.fetch_add(1, Relaxed));
        let stored = format!(r#"{{"newlyCreated":{{"blobObject":{{"blobId":"{id}"}},"cost":1}}}}"#);
        ResponseTemplate::new(200).set_body_string(stored).set_delay(Duration::from_millis(40))
    };
    Mock::given(method("PUT")).respond_with(stored).mount(&server).await;
    let mut main = phase(load, blobs(count));
    main.journey = Journey { steps: vec![Step::Upload] };
    let bottle = Bottle::start();
    let mut plan = plan(&bottle, vec![main]);
    plan.publishers = vec![server.uri().parse().expect("an address")];
    plan.retries = retries(2, WAIT);
    (server, plan)
}

fn unavailable() -> ResponseTemplate {
    ResponseTemplate::new(503).set_delay(Duration::from_millis(60))
}

fn min(upload: &StepMetrics, span: Span) -> Duration {
    upload.span(span).and_then(|latencies| latencies.min()).expect("some were recorded")
}

async fn requests(server: &MockServer) -> usize {
    server.received_requests().await.expect("requests are kept").len()
}

#[tokio::test]
async fn the_times_of_the_failed_attempt_the_successful_one_and_the_step_are_recorded() {
    let (server, plan) = refusing(1, unavailable(), Load::closed(1), 1).await;
    let outcome = run(plan, RunHooks::default()).await;
    let upload = metrics(&outcome.recording, 0, Step::Upload);
    assert_eq!((upload.done, upload.failed(), upload.retried(), requests(&server).await), (1, 0, 1, 2));
    let failed = &upload.retried[&FailureClass::Unavailable];
    assert_eq!((failed.count, failed.own.count(), failed.examples.len()), (1, 1, 1));
    let (own, good, whole) =
        (failed.own.min().unwrap(), min(upload, Span::Service), min(upload, Span::Response));
    assert!(own >= Duration::from_millis(60), "{own:?}");
    assert!(good >= Duration::from_millis(40), "{good:?}");
    // Minima are exact; the wait in between is no shorter than configured.
    assert!(whole >= own + WAIT + good, "{whole:?} of {own:?}, {WAIT:?} and {good:?}");
    assert_eq!(upload.span(Span::Response).unwrap().count(), 1);
    assert_eq!(outcome.recording.connections.opened + outcome.recording.connections.reused, 2);
}

#[tokio::test]
async fn a_step_that_fails_every_attempt_fails_once_and_each_attempt_is_counted() {
    let (server, plan) = refusing(100, unavailable(), Load::closed(2), 4).await;
    let outcome = run(plan, RunHooks::default()).await;
    let upload = metrics(&outcome.recording, 0, Step::Upload);
    assert_eq!((upload.attempted(), upload.failed(), upload.retried()), (4, 4, 8));
    assert_eq!(requests(&server).await, 12);
    let last = &upload.failures[&FailureClass::Unavailable];
    assert_eq!((last.own.count(), last.latencies.count()), (4, 4));
    let (own, whole) = (last.own.min().unwrap(), last.latencies.min().unwrap());
    assert!(
        own >= Duration::from_millis(60) && whole >= 3 * Duration::from_millis(60) + 2 * WAIT,
        "{whole:?}"
    );
    assert_eq!(upload.span(Span::Response), None, "a failure is no response time");
}

#[tokio::test]
async fn a_waiting_retry_delays_no_arrival_of_an_open_loop() {
    let wait = Duration::from_millis(400);
    let (_server, mut plan) = refusing(40, ResponseTemplate::new(503), rate(100.0, 100), 40).await;
    plan.retries = retries(3, wait);
    let outcome = run(plan, RunHooks::default()).await;
    let (upload, arrivals) = (metrics(&outcome.recording, 0, Step::Upload), &outcome.recording.arrivals[&0]);
    assert_eq!((upload.done, upload.failed(), upload.retried()), (40, 0, 40));
    assert_eq!((arrivals.offered(), arrivals.dropped, arrivals.start_delay.count()), (40, 0, 40));
    assert!(min(upload, Span::Response) >= Duration::from_millis(40));
    // Had they waited for one another, the last would have started 16 s late.
    let late = arrivals.start_delay.quantile(0.5).unwrap();
    assert!(late < wait, "{late:?}");
    let longest = upload.span(Span::Response).unwrap().max().unwrap();
    assert!(longest >= wait + Duration::from_millis(40), "{longest:?}");
}

#[tokio::test]
async fn retry_after_is_respected() {
    let date = "Sun, 22 Nov 2026 12:00:00 GMT";
    let asking = |text: &str| ResponseTemplate::new(503).insert_header("retry-after", text);
    for (name, refusal) in [
        ("seconds", asking("1")),
        ("a date", asking("Sun, 22 Nov 2026 12:00:01 GMT").insert_header("date", date)),
    ] {
        let (server, mut plan) = refusing(1, refusal, Load::closed(1), 1).await;
        plan.retries = retries(1, Duration::from_millis(1));
        let outcome = run(plan, RunHooks::default()).await;
        let upload = metrics(&outcome.recording, 0, Step::Upload);
        assert_eq!((upload.done, requests(&server).await), (1, 2), "{name}");
        assert!(min(upload, Span::Response) >= Duration::from_millis(1040), "{name}: {upload:?}");
    }
    // Longer than the timeout of an upload: it is not retried at all.
    let (server, plan) = refusing(1, asking("21"), Load::closed(1), 1).await;
    let outcome = run(plan, RunHooks::default()).await;
    let upload = metrics(&outcome.recording, 0, Step::Upload);
    assert_eq!((upload.failed(), upload.retried(), requests(&server).await), (1, 0, 1));
}

#[tokio::test]
async fn refusals_and_wrong_bytes_are_not_retried() {
    for (status, class) in [
        (400, FailureClass::BadRequest),
        (401, FailureClass::Auth),
        (413, FailureClass::TooLarge),
        (301, FailureClass::Redirect),
    ] {
        let (server, plan) = refusing(9, ResponseTemplate::new(status), Load::closed(1), 1).await;
        let outcome = run(plan, RunHooks::default()).await;
        let upload = metrics(&outcome.recording, 0, Step::Upload);
        assert_eq!((upload.failures[&class].count, upload.retried()), (1, 0), "{status}");
        assert_eq!(requests(&server).await, 1, "{status}");
    }
    let bottle = Bottle::builder().aggregator_faults(&["corrupt=100%"]).start();
    let mut plan = plan(&bottle, vec![phase(Load::closed(2), blobs(3))]);
    plan.retries = retries(5, WAIT);
    let outcome = run(plan, RunHooks::default()).await;
    let first = metrics(&outcome.recording, 0, Step::FIRST);
    assert_eq!((first.failures[&FailureClass::Corrupt].count, first.retried()), (3, 0));
    assert_eq!(bottle.aggregator_stats().route(GET_BLOB).received, 3);
}

/// Runs until an attempt has failed and its step waits for the next one, then calls `end`.
async fn ended(mut plan: Plan, end: fn(&RunHooks)) -> (RunOutcome, Vec<Sample>) {
    plan.retries = retries(9, Duration::from_secs(1000));
    plan.limits.upload_timeout = Duration::from_secs(2000);
    let (sender, mut receiver) = mpsc::channel(8);
    let hooks = RunHooks { samples: Some(sender), ..RunHooks::default() };
    let handle = hooks.clone();
    let collector = tokio::spawn(async move {
        let mut samples: Vec<Sample> = Vec::new();
        while let Some(sample) = receiver.recv().await {
            if matches!(sample.outcome, Outcome::Retried(_)) {
                end(&handle);
            }
            samples.push(sample);
            // These hooks hold a sender, so that the channel would stay open.
            if samples.len() == 3 {
                break;
            }
        }
        samples
    });
    (run(plan, hooks).await, collector.await.expect("the channel closes"))
}

#[tokio::test]
async fn a_wait_ends_with_the_run_and_its_step_is_unfinished() {
    let ends: [fn(&RunHooks); 2] = [|hooks| hooks.stop.cancel(), |hooks| hooks.abort.cancel()];
    for end in ends {
        for load in [Load::closed(1), rate(10.0, 5)] {
            let (server, mut plan) = refusing(9, unavailable(), load, 1).await;
            plan.phases[0].journey = Journey { steps: vec![Step::Upload, Step::FIRST] };
            let (outcome, samples) = ended(plan, end).await;
            let upload = metrics(&outcome.recording, 0, Step::Upload);
            assert_eq!((upload.unfinished, upload.failed(), upload.retried()), (1, 0, 1));
            assert_eq!(metrics(&outcome.recording, 0, Step::FIRST).skipped, 1);
            assert_eq!(requests(&server).await, 1);
            // It had waited at least as long as its only attempt took.
            assert!(upload.least_lower_bound.unwrap() >= Duration::from_millis(60), "{upload:?}");
            assert_eq!(samples.iter().map(|sample| sample.attempt).collect::<Vec<_>>(), [1, 2, 1]);
            assert!(matches!(samples[1].outcome, Outcome::Unfinished), "{samples:?}");
        }
    }
}

#[tokio::test]
async fn the_grace_period_ends_waits_too() {
    let (_server, mut plan) = refusing(9, unavailable(), Load::closed(1), 1).await;
    plan.retries = retries(9, Duration::from_secs(1000));
    (plan.phases[0].stop, plan.phases[0].grace) = (millis(100), Duration::from_millis(200));
    let outcome = run(plan, RunHooks::default()).await;
    let upload = metrics(&outcome.recording, 0, Step::Upload);
    assert_eq!((upload.unfinished, upload.retried()), (1, 1));
}

#[tokio::test]
async fn a_download_that_took_two_attempts_gives_no_pair() {
    let bottle = Bottle::builder().aggregator_faults(&["503=50%"]).start();
    let mut plan = plan(&bottle, vec![phase(Load::closed(1), blobs(20))]);
    plan.retries = retries(50, Duration::from_millis(1));
    for phased in [false, true] {
        let mut plan = plan.clone();
        if phased {
            plan.seed = 8; // new blobs
            plan.phases = plan.phases.remove(0).step_by_step();
        }
        let (sender, mut receiver) = mpsc::channel::<Sample>(8);
        let collector = tokio::spawn(async move {
            let mut retried = std::collections::BTreeSet::new();
            while let Some(sample) = receiver.recv().await {
                if sample.attempt > 1 {
                    retried.insert(sample.index);
                }
            }
            retried
        });
        let outcome = run(plan, RunHooks { samples: Some(sender), ..RunHooks::default() }).await;
        let retried = collector.await.expect("the channel closes");
        assert!(!retried.is_empty() && retried.len() < 20, "{retried:?}");
        let paired: Vec<_> = outcome.recording.pairs.iter().map(|pair| pair.index).collect();
        assert_eq!(paired.len() + retried.len(), 20, "{paired:?} {retried:?}");
        assert!(paired.iter().all(|index| !retried.contains(index)), "{paired:?} {retried:?}");
    }
}
