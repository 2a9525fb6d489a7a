//! A server that stalls for a while, measured by every request that was due meanwhile (coordinated omission).

use std::time::{Duration, Instant};

use stress::{
    engine::RunHooks,
    metrics::step_metrics::Span,
    plan::{journey::Step, load::Load},
};
use tests::{Bottle, PUT_BLOB};

use crate::common::{metrics, millis, plan, rate, run, run_with_samples, uploads};

const STALL: Duration = Duration::from_millis(1500);
const WEATHER: &str = "[[stall]]\nfrom = \"1s\"\nfor = \"1500ms\"";

fn stalling() -> Bottle {
    let bottle = Bottle::builder().publisher(|config| config.limits.concurrent = 1000).start();
    // Its times count from now, and no run starts earlier.
    bottle.set_publisher_weather(WEATHER);
    bottle
}

/// The wait at this quantile of `count` arrivals, of which `stalled` were due in the stall and have waited for its end,
/// uniformly from its whole length down to zero.
fn oracle(quantile: f64, count: f64, stalled: f64) -> f64 {
    STALL.as_secs_f64() * (1.0 - (1.0 - quantile) * count / stalled).max(0.0)
}

#[tokio::test]
async fn response_times_run_from_the_schedule_through_a_stall() {
    let bottle = stalling();
    let began = Instant::now();
    let (outcome, samples) =
        run_with_samples(plan(&bottle, vec![uploads(rate(100.0, 1000), millis(4000))])).await;
    // No arrival was due earlier than scheduled in a phase that began after `began`, and each had ended when its sample
    // was received: this is the longest possible wait, however busy the machine.
    let mut most: Vec<_> = samples
        .iter()
        .map(|received| (received.at - began).as_secs_f64() - received.sample.index as f64 * 0.01)
        .collect();
    for (received, most) in samples.iter().zip(&most) {
        let response = received.sample.exchange.timing.response().as_secs_f64();
        assert!(response <= *most, "{response} s, {most} s at most: {received:?}");
    }
    most.sort_by(f64::total_cmp);
    let upload = metrics(&outcome.recording, 0, Step::Upload);
    assert_eq!((upload.done, bottle.publisher_stats().route(PUT_BLOB).received), (400, 400));
    let response = |quantile| upload.span(Span::Response).unwrap().quantile(quantile).unwrap().as_secs_f64();
    for percent in [75_u8, 90, 95, 99] {
        let quantile = f64::from(percent) / 100.0;
        let (measured, least) = (response(quantile), oracle(quantile, 400.0, 150.0));
        // Within the 10 ms between arrivals at either end: a busy machine can only add to a wait.
        assert!(measured >= least - 0.02, "p{percent}: {measured} s, should be {least} s");
        // The histogram's resolution may round up.
        let most = most[usize::from(percent) * 4 - 1] * 1.002;
        assert!(measured <= most, "p{percent}: {measured} s, {most} s at most");
    }
    assert_eq!(upload.span(Span::Response).unwrap().count(), 400, "each wait is recorded once");
}

#[tokio::test]
async fn a_closed_loop_has_no_schedule_and_does_not_claim_one() {
    let bottle = stalling();
    let outcome = run(plan(&bottle, vec![uploads(Load::closed(2), millis(3000))]), RunHooks::default()).await;
    let upload = metrics(&outcome.recording, 0, Step::Upload);
    let (response, service) = (upload.span(Span::Response).unwrap(), upload.span(Span::Service).unwrap());
    // Only the two uploads under way met the stall: response and service times are the same.
    assert_eq!(bottle.publisher_stats().fault("stall"), 2);
    assert_eq!(response, service);
    assert!(response.max().unwrap() >= STALL.mul_f64(0.9), "{response:?}");
    assert!(outcome.recording.arrivals.is_empty());
}
