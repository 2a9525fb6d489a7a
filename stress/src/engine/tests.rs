//! Runs in which a thread panics, and what is not part of a measurement.

use std::net::TcpListener;

use ::tests::Bottle;
use tokio_util::sync::CancellationToken;

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
    sample::Clock,
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
            delays: None,
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
            cache_headers: Vec::new(),
        },
        verify: Verify::Full,
        retries: Retries::default(),
        thresholds: Vec::new(),
        unsupported_percentiles: Default::default(),
        shard: None,
        vantage: None,
    }
}

#[tokio::test]
async fn a_thread_that_panics_ends_the_run_on_all_threads() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let plan = Arc::new(plan(&format!("http://{}", silent.local_addr().unwrap())));
    for begins in [false, true] {
        let hooks = RunHooks::default();
        let (stop, abort) = (hooks.stop.clone(), hooks.abort.clone());
        let phases: Arc<Phases> = Arc::new([OnceLock::new()]);
        let run = Arc::new(Run::new(plan.clone(), Arc::new(Network::new(&plan).unwrap()), hooks, 2));
        // It never reaches the barrier before the phase, or it does and panics while an upload of the other thread waits.
        let silent = silent.try_clone().unwrap();
        let panicking = move |runtime: &Runtime, run: &Arc<Run>| {
            if begins {
                runtime.block_on(run.barrier.wait());
                silent.accept().unwrap();
            }
            panic!("on purpose")
        };
        let working = move |runtime: &Runtime, run: &Arc<Run>| {
            thread_main::run(runtime, run, &phases, ThreadIndex { index: 1, of: 2 })
        };
        let threads = vec![spawn(run.clone(), panicking).unwrap(), spawn(run.clone(), working).unwrap()];
        let outcome = join(&run, threads, ProcessUsage::start(run.clock, Vec::new()));
        let outcome = tokio::time::timeout(Duration::from_secs(60), outcome)
            .await
            .expect("no thread waits for another");
        let Err(Error::Broken { reason }) = outcome else { panic!("a thread has panicked") };
        assert_eq!(reason, "on purpose");
        // These are the caller's tokens, which the run must not cancel.
        assert!(!stop.is_cancelled() && !abort.is_cancelled());
    }
}

/// At least the cost of the first chunk lies before the exchange begins, and is not part of its time.
#[tokio::test]
async fn generating_the_first_chunk_is_not_measured() {
    const COST: Duration = Duration::from_millis(300);
    let bottle = Bottle::start();
    let clock = Clock::start();
    let mut client = Client::new(Arc::new(Network::new(&plan(bottle.publisher_url())).unwrap()), clock);
    for index in 0..2 {
        let spec = BlobSpec { seed: 7, index, size: 60_000, content: Content::Binary };
        let begun = clock.elapsed();
        let Exchange { record, outcome } =
            client.upload(0, spec.source().costing(COST), None, &CancellationToken::new()).await;
        let whole = clock.elapsed() - begun;
        assert!(outcome.is_success(), "{outcome:?}");
        let started = record.timing.started;
        assert!(started >= begun + COST, "{:?} after the beginning", started - begun);
        assert!(record.timing.finished - started <= whole - COST, "{whole:?}");
    }
}
