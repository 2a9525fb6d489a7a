//! Whole journeys over loopback: upload, first and cached download of one blob, against the servers in the bottle.

use std::{sync::Arc, time::Duration};

use criterion::{Criterion, Throughput};
use stress::{
    client::Network,
    engine::{self, RunHooks},
    plan::{
        Phase, Plan, Verify,
        journey::Journey,
        limits::Limits,
        load::{Load, Stop},
        retry::Retries,
        sizes::{ContentMix, Sizes},
        source::BlobSource,
        store::StoreOptions,
    },
};
use tests::Bottle;

/// Journeys in one measured run: enough to make the cost of its start and end small.
const JOURNEYS: u64 = 20;
const SIZE: u64 = 100 * 1024;

fn plan(bottle: &Bottle, seed: u64) -> Plan {
    Plan {
        seed,
        publishers: vec![bottle.publisher_url().parse().expect("an address")],
        aggregators: vec![bottle.aggregator_url().parse().expect("an address")],
        phases: vec![Phase {
            name: "main".to_owned(),
            journey: Journey::default(),
            source: BlobSource::default(),
            delays: None,
            sizes: Sizes { min: SIZE, max: SIZE },
            content: ContentMix::Mixed,
            duplicates: 0.0,
            order_control: 0.0,
            load: Load::closed(8),
            stop: Stop { blobs: Some(JOURNEYS), duration: None },
            grace: Duration::from_secs(30),
            warm_up: false,
        }],
        store: StoreOptions::default(),
        limits: Limits {
            upload_timeout: Duration::from_secs(60),
            download_timeout: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(10),
            expect_continue: false,
            insecure: false,
            ca_certificates: None,
            user_agent: "bench".to_owned(),
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

/// Short runs of whole journeys; the result is the time of one journey.
pub(crate) fn loopback(c: &mut Criterion) {
    let bottle = Bottle::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut seed = 0;
    let mut group = c.benchmark_group("journey");
    group.throughput(Throughput::Elements(JOURNEYS)).sample_size(20);
    group.bench_function("loopback", |b| {
        b.iter(|| {
            // A new seed each time, since repeated blobs take another path in the servers.
            seed += 1;
            let plan = Arc::new(plan(&bottle, seed));
            let network = Arc::new(Network::new(&plan).expect("a plain network"));
            let outcome = runtime.block_on(engine::run(plan, network, RunHooks::default())).expect("a run");
            assert_eq!(outcome.recording.pairs.seen(), JOURNEYS, "every journey ends well");
        });
    });
}
