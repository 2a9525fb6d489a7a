//! Servers whose every latency is known beforehand, and what is measured.

use std::{path::Path, time::Duration};

use stress::{
    engine::RunHooks,
    metrics::step_metrics::Span,
    plan::{journey::Step, load::Load},
};
use tests::{Bottle, PublisherConfig};

use crate::common::{blobs, metrics, plan, run, uploads};

/// The latencies of a publisher's first requests, sorted: each is a function of the seed and the request's number.
fn drawn(latency: &str, count: u64) -> Vec<Duration> {
    let mut profile = PublisherConfig::new(Path::new("unused")).profile;
    profile.store.latency = latency.parse().expect("a latency");
    let mut drawn: Vec<_> = (0..count).map(|n| profile.latency(&profile.store.latency, n)).collect();
    drawn.sort();
    drawn
}

#[tokio::test]
async fn known_latencies_are_measured() {
    const COUNT: usize = 160;
    // The most that a busy machine may add to an ordinary request: less than the distance of the two points.
    const SLACK: Duration = Duration::from_millis(130);
    for latency in ["fixed:10ms", "twopoint:10ms,150ms@10%", "lognormal:p50=15ms,p99=150ms"] {
        let bottle = Bottle::builder()
            .publisher(|config| {
                config.profile.store.latency = latency.parse().unwrap();
                config.limits.concurrent = 100;
            })
            .start();
        let main = uploads(Load::closed(6), blobs(COUNT as u64));
        let outcome = run(plan(&bottle, vec![main]), RunHooks::default()).await;
        let oracle = drawn(latency, COUNT as u64);
        let service = metrics(&outcome.recording, 0, Step::Upload).span(Span::Service).unwrap();
        for (quantile, rank) in [(0.1, 16), (0.5, 80), (0.8, 128), (0.95, 152)] {
            let (measured, known) = (service.quantile(quantile).unwrap(), oracle[rank - 1]);
            // No request is faster than its server; a histogram's value is within a thousandth.
            let least = known.mul_f64(0.999);
            assert!(measured >= least, "{latency} p{}: {measured:?} of {known:?}", quantile * 100.0);
            // The slowest ones depend on the machine.
            let ordinary = quantile > 0.5 || measured < known + SLACK;
            assert!(ordinary, "{latency} p{}: {measured:?} of {known:?}", quantile * 100.0);
        }
        assert!(
            service.min().unwrap() >= oracle[0] && service.max().unwrap() >= oracle[COUNT - 1],
            "{latency}"
        );
    }
}
