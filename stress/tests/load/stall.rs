//! A server that stands still for a while, seen by everybody who would have come meanwhile.

use std::time::{Duration, Instant};

use stress::{
    engine::RunHooks,
    metrics::step_metrics::Span,
    plan::{journey::Step, load::Load},
};
use tests::{Bottle, PUT_BLOB};

use crate::common::{heard, metrics, millis, plan, rate, run, uploads};

const STALL: Duration = Duration::from_millis(1500);
const WEATHER: &str = "[[stall]]\nfrom = \"1s\"\nfor = \"1500ms\"";

fn still() -> Bottle {
    let bottle = Bottle::builder().publisher(|config| config.limits.concurrent = 1000).start();
    // Its time is counted from now, and no run starts earlier.
    bottle.set_publisher_weather(WEATHER);
    bottle
}

/// With `count` arrivals in all, those `stalled` that were due in the stall have waited for its end, evenly from all of
/// it down to nothing: so long is the wait at this quantile.
fn oracle(quantile: f64, count: f64, stalled: f64) -> f64 {
    STALL.as_secs_f64() * (1.0 - (1.0 - quantile) * count / stalled).max(0.0)
}

#[tokio::test]
async fn response_times_run_from_the_schedule_through_a_stall() {
    let bottle = still();
    let began = Instant::now();
    let (facts, heard) = heard(plan(&bottle, vec![uploads(rate(100.0, 1000), millis(4000))])).await;
    // No arrival was due before its place in the schedule of a phase that began behind `began`, and none had ended
    // when its sample was heard of: so long, by a clock of our own, was its wait at most, however busy the machine.
    let mut most: Vec<_> = heard
        .iter()
        .map(|heard| (heard.at - began).as_secs_f64() - heard.sample.index as f64 * 0.01)
        .collect();
    for (heard, most) in heard.iter().zip(&most) {
        let response = heard.sample.exchange.timing.response().as_secs_f64();
        assert!(response <= *most, "{response} s, {most} s at most: {heard:?}");
    }
    most.sort_by(f64::total_cmp);
    let upload = metrics(&facts.recording, 0, Step::Upload);
    assert_eq!((upload.done, bottle.publisher_stats().route(PUT_BLOB).received), (400, 400));
    let response = |quantile| upload.span(Span::Response).unwrap().quantile(quantile).unwrap().as_secs_f64();
    for percent in [75_u8, 90, 95, 99] {
        let quantile = f64::from(percent) / 100.0;
        let (measured, least) = (response(quantile), oracle(quantile, 400.0, 150.0));
        // But for one arrival's 10 ms at either end this holds whatever the machine does: it can only add to a wait.
        assert!(measured >= least - 0.02, "p{percent}: {measured} s, should be {least} s");
        // The histogram's three digits may round up.
        let most = most[usize::from(percent) * 4 - 1] * 1.002;
        assert!(measured <= most, "p{percent}: {measured} s, {most} s at most");
    }
    assert_eq!(upload.span(Span::Response).unwrap().count(), 400, "each wait is told once");
}

#[tokio::test]
async fn a_closed_loop_has_nobody_who_waits_and_does_not_claim_otherwise() {
    let bottle = still();
    let facts = run(plan(&bottle, vec![uploads(Load::closed(2), millis(3000))]), RunHooks::default()).await;
    let upload = metrics(&facts.recording, 0, Step::Upload);
    let (response, service) = (upload.span(Span::Response).unwrap(), upload.span(Span::Service).unwrap());
    // Two uploads met the stall, and only they: both views are the same, and no arrival was promised.
    assert_eq!(bottle.publisher_stats().fault("stall"), 2);
    assert_eq!(response, service);
    assert!(response.max().unwrap() >= STALL.mul_f64(0.9), "{response:?}");
    assert!(facts.recording.arrivals.is_empty());
}
