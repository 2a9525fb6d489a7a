//! Closed loops: as many journeys at a time as there are workers, and never more.

use std::time::Duration;

use stress::{
    engine::RunHooks,
    metrics::step_metrics::Span,
    plan::{
        journey::{Journey, Step},
        load::Load,
        stages::{Stage, Stages},
    },
};
use tests::Bottle;

use crate::common::{blobs, metrics, phase, plan, run, run_with_samples, uploads};

/// Requests in flight are throughput times latency.
#[tokio::test]
async fn littles_law_holds() {
    for workers in [1, 4, 16] {
        let bottle = Bottle::builder()
            .publisher(|config| {
                config.profile.store.latency = "40ms".parse().unwrap();
                config.limits.concurrent = 100;
            })
            .start();
        let mut main = phase(Load::closed(workers), blobs(u64::from(workers) * 20));
        main.journey = Journey { steps: vec![Step::Upload] };
        let outcome = run(plan(&bottle, vec![main]), RunHooks::default()).await;
        let upload = metrics(&outcome.recording, 0, Step::Upload);
        let (start, end) = upload.window.unwrap();
        let mean = upload.span(Span::Response).unwrap().mean().unwrap().as_secs_f64();
        let under_way = upload.done as f64 / (end - start).as_secs_f64() * mean;
        let expected = f64::from(workers);
        // It is lower by the start and the end of a short run and by the generator's own time between two requests.
        assert!((expected * 0.8..=expected * 1.001).contains(&under_way), "{under_way} of {workers}");
    }
}

/// When each of `count` uploads of 50 ms started and finished under these stages (workers, milliseconds), by start.
async fn staged(stages: &[(f64, u64)], count: u64) -> Vec<(Duration, Duration)> {
    let bottle = Bottle::builder()
        .publisher(|config| {
            config.profile.store.latency = "50ms".parse().expect("a latency");
            config.limits.concurrent = 100;
        })
        .start();
    let stage = |&(workers, millis): &(f64, u64)| Stage {
        from: workers,
        to: workers,
        duration: Some(Duration::from_millis(millis)),
    };
    let workers = Stages(stages.iter().map(stage).collect());
    let (_, samples) =
        run_with_samples(plan(&bottle, vec![uploads(Load::Closed { workers }, blobs(count))])).await;
    assert_eq!(bottle.publisher_stats().stores.newly_created, count);
    let mut times: Vec<_> = samples
        .iter()
        .map(|received| (received.sample.exchange.timing.started, received.sample.exchange.timing.finished))
        .collect();
    times.sort();
    times
}

/// The most of them under way at once.
fn most(times: &[(Duration, Duration)]) -> usize {
    let under_way = |at: Duration| times.iter().filter(|&&(start, end)| start <= at && at < end).count();
    times.iter().map(|&(start, _)| under_way(start)).max().unwrap_or(0)
}

/// The last stage is much longer than the blobs need, so that never the time ends the run.
#[tokio::test]
async fn stages_change_the_number_of_workers() {
    let up = staged(&[(1.0, 300), (8.0, 60_000)], 60).await;
    // No other worker starts before its stage, however late the phase begins.
    let before: Vec<_> =
        up.iter().copied().filter(|(start, _)| *start < Duration::from_millis(300)).collect();
    assert_eq!((most(&before), most(&up)), (1, 8), "{up:?}");
    // At 50 ms each, eight workers end at most 64 in 400 ms; the last of a hundred are far beyond that.
    let down = staged(&[(8.0, 400), (2.0, 60_000)], 100).await;
    assert_eq!(most(&down), 8, "{down:?}");
    assert!(most(&down[88..]) <= 2, "{down:?}");
}

#[tokio::test]
async fn workers_beyond_the_number_of_blobs_cost_nothing() {
    let bottle = Bottle::start();
    let outcome =
        run(plan(&bottle, vec![phase(Load::closed(u32::MAX), blobs(3))]), RunHooks::default()).await;
    assert_eq!(metrics(&outcome.recording, 0, Step::CACHED).done, 3);
}
