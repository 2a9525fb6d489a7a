//! The schedule of an open loop, as the server recorded it: what is offered, and when.

use std::time::Duration;

use stress::engine::RunHooks;
use tests::{Bottle, PUT_BLOB};

use crate::common::{metrics, millis, plan, rate, run, uploads};

/// A publisher with this latency and no practical limit.
fn unlimited(latency: &'static str) -> Bottle {
    Bottle::builder()
        .publisher(move |config| {
            config.profile.store.latency = latency.parse().expect("a latency");
            config.limits.concurrent = 1000;
        })
        .start()
}

/// When uploads arrived at the publisher.
fn arrivals(bottle: &Bottle) -> Vec<Duration> {
    let arrivals = bottle.publisher_arrivals().into_iter().filter(|arrival| arrival.route == PUT_BLOB);
    arrivals.map(|arrival| Duration::from_micros(arrival.at_us)).collect()
}

#[tokio::test]
async fn the_offered_load_does_not_depend_on_the_server() {
    // Where fewer than all may be in flight, the rest is counted as dropped.
    for (name, latency, most, sent) in [
        ("instant", "0s", 1000, 100),
        ("slow", "400ms", 1000, 100),
        ("hanging", "1h", 1000, 100),
        ("hanging, 40 in flight", "1h", 40, 40),
    ] {
        let bottle = unlimited(latency);
        let mut main = uploads(rate(100.0, most), millis(1000));
        let hangs = name.starts_with("hanging");
        if hangs {
            // Long enough for a busy machine to send what was due.
            main.grace = Duration::from_secs(3);
        }
        let outcome = run(plan(&bottle, vec![main]), RunHooks::default()).await;
        // 100 arrivals are due within the second, by the server's own record.
        assert_eq!(arrivals(&bottle).len(), sent, "{name}");
        let (upload, offered) = (
            metrics(&outcome.recording, 0, stress::plan::journey::Step::Upload),
            &outcome.recording.arrivals[&0],
        );
        let sent = u64::try_from(sent).unwrap();
        assert_eq!((offered.offered(), offered.dropped), (100, 100 - sent), "{name}");
        assert_eq!((upload.attempted(), upload.unfinished), (sent, if hangs { sent } else { 0 }), "{name}");
    }
}

/// The offset of the most punctual of these arrivals from a schedule that began at 0: a busy machine makes many of them
/// late, but not all.
fn offset(arrivals: &[Duration], first: usize, gap: Duration) -> f64 {
    let late =
        |(number, at): (usize, &Duration)| at.as_secs_f64() - gap.as_secs_f64() * (first + number) as f64;
    arrivals.iter().enumerate().map(late).fold(f64::INFINITY, f64::min)
}

#[tokio::test]
async fn arrivals_do_not_drift_from_their_schedule() {
    const GAP: Duration = Duration::from_millis(5);
    let bottle = unlimited("0s");
    let outcome =
        run(plan(&bottle, vec![uploads(rate(200.0, 1000), millis(3000))]), RunHooks::default()).await;
    let arrivals = arrivals(&bottle);
    assert_eq!((arrivals.len(), outcome.recording.arrivals[&0].offered()), (600, 600));
    // A generator that waits for the gap instead of the instant loses its timer's resolution at each of 600 arrivals.
    let drift = offset(&arrivals[400..], 400, GAP) - offset(&arrivals[..200], 0, GAP);
    assert!(drift.abs() < 0.1, "the schedule moved by {drift} s within 2 s");
    assert_eq!(
        outcome.recording.arrivals[&0].start_delay.count(),
        600,
        "late arrivals are started, and recorded as late"
    );
}
