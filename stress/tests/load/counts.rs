//! Bytes, connections and time windows, as the servers counted them.

use std::time::Duration;

use stress::{
    engine::RunHooks,
    plan::{Verify, journey::Step, load::Load, sizes::Sizes},
};
use tests::{Bottle, GET_BLOB, PUT_BLOB};

use crate::common::{blobs, metrics, millis, phase, plan, run, summary, uploads};

#[tokio::test]
async fn bytes_are_those_that_the_servers_counted() {
    for verify in [Verify::Full, Verify::Off] {
        let bottle = Bottle::start();
        let mut main = phase(Load::closed(4), blobs(40));
        main.sizes = Sizes { min: 0, max: 200_000 };
        let mut plan = plan(&bottle, vec![main]);
        plan.verify = verify;
        let outcome = run(plan.clone(), RunHooks::default()).await;
        let (publisher, aggregator) = (bottle.publisher_stats(), bottle.aggregator_stats());
        let of = |step| metrics(&outcome.recording, 0, step);
        let (upload, first, cached) = (of(Step::Upload), of(Step::FIRST), of(Step::CACHED));
        assert_eq!(upload.bytes_sent, publisher.route(PUT_BLOB).bytes_in);
        assert_eq!(upload.bytes_done, publisher.stores.blob_bytes);
        assert_eq!(first.bytes_received + cached.bytes_received, aggregator.route(GET_BLOB).bytes_out);
        assert_eq!((first.bytes_received, cached.bytes_received), (upload.bytes_done, upload.bytes_done));
        let received = upload.bytes_received + first.bytes_received + cached.bytes_received;
        let summary = summary(plan, outcome);
        assert_eq!((summary.bytes_sent, summary.bytes_received), (publisher.bytes_in, received));
        assert_eq!(received, publisher.bytes_out + aggregator.bytes_out);
    }
}

#[tokio::test]
async fn throughput_is_over_the_measured_time_and_not_the_configured_one() {
    const LATENCY: Duration = Duration::from_millis(300);
    const SIZE: u64 = 64 * 1024;
    let bottle =
        Bottle::builder().publisher(|config| config.profile.store.latency = "300ms".parse().unwrap()).start();
    let mut main = uploads(Load::closed(1), millis(400));
    main.sizes = Sizes { min: SIZE, max: SIZE };
    let plan = plan(&bottle, vec![main]);
    let outcome = run(plan.clone(), RunHooks::default()).await;
    let upload = metrics(&outcome.recording, 0, Step::Upload);
    let ((start, end), done) = (upload.window.unwrap(), upload.done);
    // One after the other: the last starts within the configured time, and ends after it.
    assert!((1..=2).contains(&done) && end - start >= LATENCY * u32::try_from(done).unwrap(), "{done}");
    let mebibytes = (done * SIZE) as f64 / 1_048_576.0;
    let expected = mebibytes / (end - start).as_secs_f64();
    assert_eq!(summary(plan, outcome).steps[0].throughput_mib, Some(expected));
    assert!(expected <= SIZE as f64 / 1_048_576.0 / LATENCY.as_secs_f64(), "{expected} MiB/s");
}

#[tokio::test]
async fn connections_and_handshakes_are_those_that_the_servers_accepted() {
    for (name, builder) in [
        ("kept alive", Bottle::builder()),
        ("with resets", Bottle::builder().publisher_faults(&["reset=20%"]).aggregator_faults(&["reset=20%"])),
        ("with TLS", Bottle::builder().tls()),
        ("with TLS and resets", Bottle::builder().tls().aggregator_faults(&["reset=20%"])),
    ] {
        let bottle = builder.start();
        let mut plan = plan(&bottle, vec![phase(Load::closed(5), blobs(40))]);
        plan.limits.insecure = true;
        let outcome = run(plan, RunHooks::default()).await;
        let (publisher, aggregator) =
            (bottle.publisher_stats().connections, bottle.aggregator_stats().connections);
        let connections = &outcome.recording.connections;
        assert_eq!(connections.opened, publisher.accepted + aggregator.accepted, "{name}");
        assert_eq!(connections.tcp.count(), connections.opened, "{name}");
        assert_eq!(connections.tls.count(), publisher.tls_handshakes + aggregator.tls_handshakes, "{name}");
        if name.contains("TLS") {
            assert_eq!(connections.tls.count(), connections.opened, "{name}");
        }
        let attempts: u64 = outcome.recording.groups().map(|(_, metrics)| metrics.attempted()).sum();
        assert_eq!(connections.opened + connections.reused, attempts, "{name}");
        let fewest = if name.contains("reset") { 11 } else { 10 };
        assert!(
            connections.opened >= fewest && connections.opened <= attempts,
            "{name}: {}",
            connections.opened
        );
    }
}
