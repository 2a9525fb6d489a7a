//! Runs of which a part breaks, and what is no part of a measurement.

use std::net::TcpListener;

use ::tests::Bottle;

use super::*;
use crate::{
    blob::BlobSpec,
    client::{Client, Exchange},
    plan::{
        Phase, Verify,
        journey::{Journey, Step},
        limits::Limits,
        load::{Load, Stop},
        retry::Retries,
        sizes::{Content, ContentMix, Sizes},
        source::BlobSource,
        store::StoreOptions,
    },
};

const LONG: Duration = Duration::from_secs(3600);

/// Two workers for an hour on this publisher.
fn plan(publisher: &str) -> Plan {
    Plan {
        seed: 7,
        publishers: vec![publisher.parse().unwrap()],
        aggregators: Vec::new(),
        phases: vec![Phase {
            name: "main".to_owned(),
            journey: Journey { steps: vec![Step::Upload] },
            source: BlobSource::Made,
            sizes: Sizes { min: 100, max: 100 },
            content: ContentMix::Mixed,
            duplicates: 0.0,
            order_control: 0.0,
            load: Load::closed(2),
            stop: Stop { blobs: None, duration: Some(LONG) },
            grace: LONG,
            warm_up: false,
        }],
        store: StoreOptions::default(),
        limits: Limits {
            upload_timeout: LONG,
            download_timeout: LONG,
            connect_timeout: LONG,
            expect_continue: false,
            insecure: false,
            ca_certificates: None,
            user_agent: "test".to_owned(),
            publisher_headers: Vec::new(),
            aggregator_headers: Vec::new(),
        },
        verify: Verify::Full,
        retries: Retries::default(),
        thresholds: Vec::new(),
        shard: None,
    }
}

/// The first shard never comes to the gate.
fn broken_at_the_gate(runtime: &Runtime, run: &Run, share: ThreadIndex) -> Recordings {
    assert!(share.index > 0, "broken on purpose");
    worker_thread::run(runtime, run, share)
}

/// The first shard lets the others begin the phase.
fn broken_under_way(runtime: &Runtime, run: &Run, share: ThreadIndex) -> Recordings {
    if share.index == 0 {
        runtime.block_on(async {
            if run.barrier.wait().await == Some(true) {
                run.phases[0].begin(0);
            }
            run.barrier.wait().await;
        });
    }
    broken_at_the_gate(runtime, run, share)
}

#[tokio::test]
async fn a_shard_that_panics_ends_the_run_for_all_of_them() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let plan = Arc::new(plan(&format!("http://{}", silent.local_addr().unwrap())));
    for breaks in [broken_at_the_gate, broken_under_way] {
        let network = Arc::new(Network::new(&plan).unwrap());
        let hooks = RunHooks::default();
        let (stop, abort) = (hooks.stop.clone(), hooks.abort.clone());
        let run = tokio::time::timeout(Duration::from_secs(60), work(plan.clone(), network, hooks, breaks));
        let Err(Error::Broken { reason }) = run.await.expect("nobody waits for what will never come") else {
            panic!("a part is missing")
        };
        assert_eq!(reason, "broken on purpose");
        // Those are the caller's, who has not asked for an end.
        assert!(!stop.is_cancelled() && !abort.is_cancelled());
    }
}

/// Whatever it takes to make a blob's first chunk, no clock runs meanwhile: as a clock of our own has it, at least that
/// much of the whole lies before the exchange, and is no part of it.
#[tokio::test]
async fn making_a_blob_is_off_the_clock() {
    const COST: Duration = Duration::from_millis(300);
    let bottle = Bottle::start();
    let clock = Clock::start();
    let mut client = Client::new(Arc::new(Network::new(&plan(bottle.publisher_url())).unwrap()), clock);
    for index in 0..2 {
        let spec = BlobSpec { seed: 7, index, size: 60_000, content: Content::Binary };
        let begun = clock.elapsed();
        let Exchange { record, outcome } =
            client.upload(0, spec.source().costing(COST), &CancellationToken::new()).await;
        let whole = clock.elapsed() - begun;
        assert!(outcome.is_success(), "{outcome:?}");
        let started = record.timing.started;
        assert!(started >= begun + COST, "{:?} after the beginning", started - begun);
        assert!(record.timing.finished - started <= whole - COST, "{whole:?}");
    }
}
